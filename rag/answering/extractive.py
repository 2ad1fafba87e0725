"""Answers made of units of the documents, without a language model.

A broad question (a list, a summary, what somebody said, a comparison, a reason) is answered by
several units, each cited as it stands; the kind of answer that is wanted decides which.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from rag.answering.amounts import with_later_amounts
from rag.answering.comparison_points import comparison_points
from rag.answering.list_points import list_of_points, list_points, steps_points
from rag.answering.points import Points, best_first, best_points, close_to_best, one_group
from rag.answering.section_points import section_points
from rag.answering.statement_points import speech_on_topic, statement_points
from rag.checking.question_match import unknown_names
from rag.models.token_embeddings import TokenEncoder
from rag.query.answer_type import expected_answer_type, wants_description
from rag.query.plan import QueryPlan
from rag.query.premise import premise_question
from rag.query.question_kind import AnswerKind
from rag.retrieval.unit_ranking import (
    Candidate,
    Evidence,
    in_document_order,
    rank_units,
    units_of_hits,
)
from rag.store.documents import Library
from rag.text.units import Unit, parse_units
from rag.thresholds import EVIDENCE, EXTRACTIVE
from rag.types import Document, Hit, Span

POINT_KINDS = frozenset(["list", "statement", "comparison", "explanation", "keyword"])
"""Kinds of answer that are made of points."""
LEAD_KINDS = frozenset(["explanation", "keyword"])
"""Those of them that begin with a direct answer."""
SECTION_KINDS = frozenset(["statement", "keyword", "explanation"])
"""Those of them that a section of a document may answer."""


@dataclass(frozen=True, slots=True)
class ExtractiveComposer:
    """Composes answers of units from one library."""

    library: Library
    encoder: TokenEncoder

    def compose(self, plan: QueryPlan, hits: Sequence[Hit]) -> Points:
        """The points that answer, of the units of the best hits; none where they have none of the
        kind that is wanted, and where the question names someone whom no document found knows.

        Raises `LibraryError` and `ModelFileError`.
        """
        candidates = units_of_hits(hits, self.library, EVIDENCE.max_units)
        documents = {each.document.id: each.document for each in candidates}
        if unknown_names(plan.standalone, _whole_text(documents.values())):
            return Points()
        if plan.kind == "statement":
            ranked = speech_on_topic(plan.standalone, list(documents.values()), self.encoder)
            if ranked:
                return statement_points(ranked)
        return choose_points(plan.kind, plan.standalone, self._ranked(plan, candidates))

    def ranked(self, plan: QueryPlan, hits: Sequence[Hit]) -> list[Evidence]:
        """The units of the hits that may answer, the most relevant first. Raises `LibraryError`
        and `ModelFileError`."""
        return self._ranked(plan, units_of_hits(hits, self.library, EVIDENCE.max_units))

    def _ranked(self, plan: QueryPlan, candidates: Sequence[Candidate]) -> list[Evidence]:
        ranked = rank_units(plan.standalone, candidates, self.encoder, plan.context)
        if plan.kind in ("list", "keyword"):  # a line of names may be the answer
            return [each for each in ranked if not each.candidate.is_front] or ranked
        if plan.kind in POINT_KINDS:
            return [each for each in ranked if not each.candidate.is_aside] or ranked
        return ranked

    def supporting_points(
        self,
        plan: QueryPlan,
        hits: Sequence[Hit],
        cited: Collection[Span],
        complete: Collection[Span],
    ) -> Points:
        """The units that complete an answer, of the documents that it cites: what is cited and not
        `complete`, and what is about as relevant as the best; where a number, a time or a person is
        asked for only what a cited unit leans on or what leans on it, such as the rate that "was
        later raised". Raises `LibraryError` and `ModelFileError`."""
        candidates = units_of_hits(hits, self.library, EVIDENCE.max_units)
        ids = {span.document_id for span in cited}
        ranked = rank_units(plan.standalone, candidates, self.encoder, plan.context)
        own = [each for each in ranked if any(s.overlaps(each.span) for s in cited)]
        leads = {each.candidate.unit.leans_on for each in own}
        texts = {each.candidate.text for each in own}
        is_yes_no = expected_answer_type(plan.standalone) == "yes-no"
        is_open = is_yes_no or wants_description(plan.standalone)
        close = [
            each
            for each in close_to_best(ranked, EXTRACTIVE.close_to_best_supporting)
            if each.relevance >= EXTRACTIVE.min_relevance_supporting
            and not each.candidate.is_aside
            and (is_open or each.candidate.text in leads or each.candidate.unit.leans_on in texts)
        ]
        near = [
            each
            for each in {each.span: each for each in [*own, *close]}.values()
            if each.span.document_id in ids and not any(s.overlaps(each.span) for s in complete)
        ]
        return one_group(in_document_order(near[: EXTRACTIVE.max_supporting]))

    def closest_points(
        self, plan: QueryPlan, hits: Sequence[Hit], likeliest: Span | None = None
    ) -> Points:
        """The unit that `likeliest` holds, where one of the hits does, else the few most relevant.
        Raises `LibraryError` and `ModelFileError`."""
        candidates = units_of_hits(hits, self.library, EVIDENCE.max_units)
        ranked = rank_units(plan.standalone, candidates, self.encoder, plan.context)
        if own := [each for each in ranked if likeliest and each.span.overlaps(likeliest)]:
            return one_group(in_document_order(own[: EXTRACTIVE.max_closest]))
        ranked = [each for each in ranked if not each.candidate.is_aside] or ranked
        return one_group(close_to_best(ranked)[: EXTRACTIVE.max_closest])


def choose_points(kind: AnswerKind, question: str, ranked: Sequence[Evidence]) -> Points:
    """The points that answer, of evidence ranked for the question, most relevant first."""
    if not ranked:
        return Points()
    if kind == "comparison":
        return comparison_points(question, ranked)
    choosers = {
        "list": list_points,
        "statement": list_points,  # of nobody who speaks, but perhaps of what was decided
        "explanation": explanation_points,
        "fact": best_first,
        "yes_no": best_first,
    }
    points = choosers.get(kind, best_points)(ranked)
    whole = Points()
    if kind == "explanation":
        if premise_question(question) is None:  # not why it is so, but how
            whole = steps_points(ranked)
    elif expected_answer_type(question) == "other":
        whole = list_of_points(points, ranked)
    if kind in SECTION_KINDS and not whole.groups:
        whole = section_points(question, ranked)
    if whole.groups:
        return whole
    return with_later_amounts(points, ranked) if kind == "keyword" else points


def _whole_text(documents: Iterable[Document]) -> str:
    return " ".join(f"{document.title} {document.text}" for document in documents)


def explanation_points(ranked: Sequence[Evidence]) -> Points:
    """The best unit and others of its document, in its order: those that are relevant by themselves
    and by what stands beside them in the paragraph, since a reason is often given in the
    sentence that follows. A short one that leans on another ("That was wrong.") says nothing."""
    own = {
        each.candidate.unit: each
        for each in ranked
        if each.span.document_id == ranked[0].span.document_id
    }
    document = ranked[0].candidate.document
    units = [unit for unit in parse_units(document.text) if not Candidate(document, unit).is_aside]

    def relevance(place: int) -> float:
        unit = units[place]
        beside = [
            own[other].relevance * weight
            for other, weight in (
                (units[place - 1], EXTRACTIVE.before_weight),
                (units[(place + 1) % len(units)], EXTRACTIVE.after_weight),
            )
            if other in own and other.paragraph == unit.paragraph
        ]
        return own[unit].relevance + max(beside, default=0.0)

    scored = {unit: relevance(place) for place, unit in enumerate(units) if unit in own}
    first = ranked[0].candidate.unit  # what is explained, or the reason itself
    least = EXTRACTIVE.close_to_best_reason * max(scored.values())
    good = [
        unit
        for unit in scored
        if scored[unit] >= least or _stand_together(units, unit, first)
        if unit == first or own[unit].candidate.is_long or not unit.leans_on
    ]
    best = sorted(good, key=lambda unit: (unit != first, -scored[unit]))[: EXTRACTIVE.max_points]
    return one_group(in_document_order(own[unit] for unit in best))


def _stand_together(units: Sequence[Unit], one: Unit, other: Unit) -> bool:
    """True of two sentences side by side in a paragraph."""
    return one.paragraph == other.paragraph and abs(units.index(one) - units.index(other)) == 1
