"""Answers made of units of the documents, without a language model.

A broad question (a list, a summary, what somebody said, a comparison, a reason) is answered by
several units, each cited as it stands; the kind of answer that is wanted decides which.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from rag.answering.points import PointGroup, Points
from rag.checking.question_match import unknown_names
from rag.models.token_embeddings import TokenEncoder
from rag.query.answer_type import expected_answer_type
from rag.query.plan import QueryPlan
from rag.query.question_kind import AnswerKind
from rag.retrieval.diversity import choose_diverse
from rag.retrieval.unit_ranking import (
    Candidate,
    Evidence,
    in_document_order,
    rank_units,
    units_of_hits,
)
from rag.store.documents import Library
from rag.text.names import find_names, name_keys
from rag.text.speakers import Speech, speeches
from rag.text.tokens import content_keys, content_stems
from rag.text.units import Unit, parse_units
from rag.thresholds import EVIDENCE, EXTRACTIVE
from rag.types import Document, Hit, Span

# The two sides of a comparison: "between A and B", "A compared with B", "is A or B …".
_SIDES = re.compile(
    r"\bbetween\s+(?P<a1>.+?)\s+and\s+(?P<b1>[^,?.]+)"
    r"|\bcompare[sd]?\s+(?P<a2>.+?)\s+(?:and|with|to|against)\s+(?P<b2>[^,?.]+)"
    r"|(?P<a3>[^,?.]+?)\s+(?:versus|vs\.?|compared (?:with|to)|differ(?:ent)? from|than)"
    r"\s+(?P<b3>[^,?.]+)"
    r"|[,:]?\s*(?P<a4>[^,?.:]+?)\s+or\s+(?P<b4>[^,?.]+)",
    re.IGNORECASE,
)


_FROM = frozenset(["of", "from", "in", "at"])  # before a name that tells where somebody is from

POINT_KINDS = frozenset(["list", "statement", "comparison", "explanation", "keyword"])
"""Kinds of answer that are made of points."""
LEAD_KINDS = frozenset(["explanation", "keyword"])
"""Those of them that begin with a direct answer."""


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
            ranked = _speech_on_topic(plan.standalone, list(documents.values()), self.encoder)
            if ranked:
                return _statement_points(ranked)
        ranked = rank_units(plan.standalone, candidates, self.encoder)
        return choose_points(plan.kind, plan.standalone, ranked)

    def supporting_points(
        self,
        plan: QueryPlan,
        hits: Sequence[Hit],
        cited: Collection[Span],
        told: Collection[Span],
    ) -> Points:
        """The units that complete an answer, of the documents that it cites: what is cited and not
        `told`, and what is about as relevant as the best; where a number, a time or a person is
        asked for only what a cited unit leans on or what leans on it, such as the rate that "was
        later raised". Raises `LibraryError` and `ModelFileError`."""
        candidates = units_of_hits(hits, self.library, EVIDENCE.max_units)
        ids = {span.document_id for span in cited}
        ranked = rank_units(plan.standalone, candidates, self.encoder)
        own = [each for each in ranked if any(s.overlaps(each.span) for s in cited)]
        leads = {each.candidate.unit.leans_on for each in own}
        texts = {each.candidate.text for each in own}
        is_open = expected_answer_type(plan.standalone) in ("other", "yes-no")
        close = [
            each
            for each in close_to_best(ranked, EXTRACTIVE.close_to_best_supporting)
            if each.relevance >= EXTRACTIVE.min_relevance_supporting
            and (is_open or each.candidate.text in leads or each.candidate.unit.leans_on in texts)
        ]
        near = [
            each
            for each in {each.span: each for each in [*own, *close]}.values()
            if each.span.document_id in ids and not any(s.overlaps(each.span) for s in told)
        ]
        return _one_group(in_document_order(near[: EXTRACTIVE.max_supporting]))

    def near_points(self, plan: QueryPlan, hits: Sequence[Hit], points: Points) -> Points:
        """Those of the points that are about as relevant as the best unit of the hits: beside a
        direct answer, the others are beside the point. Raises `LibraryError` and
        `ModelFileError`."""
        candidates = units_of_hits(hits, self.library, EVIDENCE.max_units)
        ranked = rank_units(plan.standalone, candidates, self.encoder)
        least = EXTRACTIVE.close_to_best_near * ranked[0].relevance if ranked else 0.0
        groups = (
            replace(group, evidence=tuple(e for e in group.evidence if e.relevance >= least))
            for group in points.groups
        )
        return replace(points, groups=tuple(groups))

    def closest_points(self, plan: QueryPlan, hits: Sequence[Hit]) -> Points:
        """The few most relevant units. Raises `LibraryError` and `ModelFileError`."""
        candidates = units_of_hits(hits, self.library, EVIDENCE.max_units)
        ranked = rank_units(plan.standalone, candidates, self.encoder)
        return _one_group(close_to_best(ranked)[: EXTRACTIVE.max_closest])


def choose_points(kind: AnswerKind, question: str, ranked: Sequence[Evidence]) -> Points:
    """The points that answer, of evidence ranked for the question, most relevant first."""
    return _CHOOSERS.get(kind, _best_points)(question, ranked) if ranked else Points()


def _whole_text(documents: Iterable[Document]) -> str:
    return " ".join(f"{document.title} {document.text}" for document in documents)


def close_to_best(
    ranked: Sequence[Evidence], share: float = EXTRACTIVE.close_to_best
) -> list[Evidence]:
    """The evidence with this share of the relevance of the first."""
    least = share * ranked[0].relevance if ranked else 0.0
    return [each for each in ranked if each.relevance >= least]


def _best_points(question: str, ranked: Sequence[Evidence]) -> Points:
    """A few relevant and different units, as they follow in their documents: what points back is
    read after what it points to."""
    chosen = choose_diverse(close_to_best(ranked), EXTRACTIVE.max_points)
    return _one_group(in_document_order(chosen))


def _one_group(evidence: Sequence[Evidence], heading: str = "", *, by_form: bool = False) -> Points:
    return Points((PointGroup(heading, tuple(evidence)),), by_form) if evidence else Points()


# --- lists ------------------------------------------------------------------------------------


def _list_points(question: str, ranked: Sequence[Evidence]) -> Points:
    """The list or table that answers, whole and in its order; where there is none, every unit that
    is about as relevant as the best, in the order of the documents."""
    lists = _lists(ranked)
    if lists and lists[0][0].relevance >= ranked[0].relevance - EXTRACTIVE.list_advantage:
        items = in_document_order(lists[0])
        unit = items[0].candidate.unit
        heading = unit.leans_on if unit.role == "item" else ""
        return _one_group(items, heading, by_form=True)
    chosen = choose_diverse(close_to_best(ranked), EXTRACTIVE.max_loose_items)
    return _one_group(in_document_order(chosen))


def _lists(ranked: Sequence[Evidence]) -> list[list[Evidence]]:
    """The lists and tables among the evidence, of two items or more: each with its items, best
    first, the list of the best item first."""
    lists: dict[tuple[str, int], list[Evidence]] = {}
    for each in ranked:
        number = each.candidate.unit.list_number
        if number is not None:
            lists.setdefault((each.candidate.document.id, number), []).append(each)
    return [items for items in lists.values() if len(items) > 1]


# --- reasons ----------------------------------------------------------------------------------


def _explanation_points(question: str, ranked: Sequence[Evidence]) -> Points:
    """Units of the document of the best one, in its order: those that are relevant by themselves
    and by what stands beside them, since a reason is often given in the sentence that follows."""
    own = {
        each.candidate.unit: each
        for each in ranked
        if each.span.document_id == ranked[0].span.document_id
    }
    units = parse_units(ranked[0].candidate.document.text)

    def relevance(place: int) -> float:
        unit = units[place]
        beside = [
            own[other].relevance * weight
            for other, weight in (
                (units[place - 1], EXTRACTIVE.before_weight),
                (units[(place + 1) % len(units)], EXTRACTIVE.after_weight),
            )
            if other in own and other.headings == unit.headings
        ]
        return own[unit].relevance + max(beside, default=0.0)

    scored = {unit: relevance(place) for place, unit in enumerate(units) if unit in own}
    best = sorted(scored, key=lambda unit: -scored[unit])[: EXTRACTIVE.max_points]
    return _one_group(in_document_order(own[unit] for unit in best))


# --- statements -------------------------------------------------------------------------------


def _speech_on_topic(
    question: str, documents: Sequence[Document], encoder: TokenEncoder
) -> list[Evidence]:
    """What the speaker who is asked about says in these documents, ranked for the rest of the
    question, their own words before what is told of them; nothing where nobody who speaks has a
    word of the question to his name."""
    spoken = {
        Candidate(document, unit): speech
        for document in documents
        for unit, speech in speeches(document.text).items()
        if unit.is_evidence
    }
    asked = _asked_speaker(question, list(dict.fromkeys(each.speaker for each in spoken.values())))
    known_as = {alias for each in documents for alias in _titles_of(set(asked), each.text)}
    least = EXTRACTIVE.min_speaker_share * _weight(asked, set(asked))
    theirs = [
        candidate
        for candidate, speech in spoken.items()
        for words in [words_of(speech.speaker)]
        if asked and (_weight(asked, words) >= least or known_as & words)
    ]
    topic = " ".join(word for word in question.split() if not words_of(word) & asked.keys())
    ranked = rank_units(topic, theirs[: EVIDENCE.max_units], encoder)
    told = EXTRACTIVE.told_malus
    weighed = [
        each
        if spoken[each.candidate].has_words
        else replace(each, relevance=each.relevance - told)
        for each in ranked
    ]
    return sorted(weighed, key=lambda each: (-each.relevance, each.span))


_Asked = Mapping[str, tuple[int, float]]
"""Of each word by which somebody is asked about: the place of its name, and its weight."""


def _asked_speaker(question: str, speakers: Sequence[str]) -> _Asked:
    """The words by which the question names one of the speakers: a question names the speaker
    before the subject, so that an early word counts for more, and a name for more than a word,
    unless it only tells where somebody is from."""
    weights: dict[str, tuple[int, float]] = {}
    first, was_name, before = 0, False, ""
    for place, word in enumerate(question.split(), start=1):
        is_name = place > 1 and word[0].isupper() and before not in _FROM
        if not (is_name and was_name):  # all words of one name are one
            first = place
        was_name, before = is_name, word
        weight = (EXTRACTIVE.name_weight if is_name else 1.0) / first
        for key in words_of(word):
            weights.setdefault(key, (first, weight))
    named = [words & weights.keys() for words in map(words_of, speakers)]
    best = max(named, key=lambda keys: _weight(weights, keys), default=set())
    # Where the likeliest name is none of them, nothing is known of the one who is asked about.
    highest = max((weight for _, weight in weights.values()), default=0.0)
    is_known = any(weights[key][1] == highest for key in best)
    names = {weights[key] for key in best}
    return {key: each for key, each in weights.items() if is_known and each in names}


def _weight(asked: _Asked, words: Collection[str]) -> float:
    """Of the names of which one of the words is a part."""
    return sum(dict(asked[word] for word in asked.keys() & set(words)).values())


def _titles_of(names: set[str], text: str) -> set[str]:
    """The words of rank or office before a name, "President" before "Ruiz": "the president" speaks
    for him too."""
    found = re.findall(r"\b([A-Z][a-z]+) (?:[A-Z][a-z]+ )?([A-Z][\w’'-]+)", text)
    return {
        key
        for title, name in found
        if names & words_of(name) and f"the {title.lower()}" in text.lower()
        for key in words_of(title.lower())
    }


def _statement_points(ranked: Sequence[Evidence]) -> Points:
    """The most relevant of what a speaker says, each with what he says beside it."""
    chosen: dict[Span, Evidence] = {}
    for each in close_to_best(ranked, EXTRACTIVE.close_to_best_statement):
        if len(chosen) >= EXTRACTIVE.max_statement_points:
            break
        chosen |= {one.span: one for one in _with_speech(each) if one.span not in chosen}
    return _one_group(in_document_order(list(chosen.values())[: EXTRACTIVE.max_quoted]), by_form=True)


def words_of(text: str) -> set[str]:
    """Stems of the words, the numbers and the keys of the names of a text."""
    names = (name.text for name in find_names(f". {text}"))
    return content_keys(text) | {key for name in names for key in name_keys(name)}


def _with_speech(evidence: Evidence) -> list[Evidence]:
    """A unit with those of its paragraph around it in which the same speaker goes on."""
    candidate = evidence.candidate
    units, spoken = parse_units(candidate.document.text), speeches(candidate.document.text)
    own = spoken.get(candidate.unit)
    if own is None:
        return [evidence]
    place = units.index(candidate.unit)
    first, last = place, place
    while first and _goes_on(units[first - 1], candidate.unit, own, spoken):
        first -= 1
    while last + 1 < len(units) and _goes_on(units[last + 1], candidate.unit, own, spoken):
        last += 1
    return [
        replace(evidence, candidate=Candidate(candidate.document, unit, candidate.hit_score))
        for unit in units[first : last + 1]
    ]


def _goes_on(unit: Unit, of: Unit, own: Speech, spoken: Mapping[Unit, Speech]) -> bool:
    speech = spoken.get(unit)
    same = speech is not None and speech.speaker == own.speaker
    return same and unit.is_evidence and unit.paragraph == of.paragraph


# --- comparisons ------------------------------------------------------------------------------


def _comparison_points(question: str, ranked: Sequence[Evidence]) -> Points:
    """A table that has both sides, whole; else a group for each side, of the most relevant units
    about it; as other questions where the sides are not plain or one has no evidence."""
    sides = comparison_sides(question)
    if len(sides) < 2:
        return _best_points(question, ranked)
    ours, theirs = map(words_of, sides)
    own = (ours - theirs or ours, theirs - ours or theirs)
    for items in _lists(ranked):
        read = words_of(" ".join([items[0].candidate.unit.leans_on, *_texts(items)]))
        if all(words & read for words in own):
            return _one_group(in_document_order(items), by_form=True)
    groups = []
    taken: set[Span] = set()
    for side, words in zip(sides, own, strict=True):
        about = [each for each in ranked if each.span not in taken and words & _said_of(each)]
        chosen = choose_diverse(close_to_best(about), EXTRACTIVE.max_points_a_side)
        taken |= {each.span for each in chosen}
        groups.append(PointGroup(side, tuple(in_document_order(chosen))))
    if not all(group.evidence for group in groups):
        return _best_points(question, ranked)
    return Points(tuple(groups), by_form=True)


def _texts(evidence: Iterable[Evidence]) -> list[str]:
    return [each.candidate.text for each in evidence]


def _said_of(evidence: Evidence) -> set[str]:
    """The words of a unit, its headings and what it leans on, the title aside."""
    unit = evidence.candidate.unit
    return words_of(" ".join([*unit.headings[1:], unit.leans_on, evidence.candidate.text]))


def comparison_sides(question: str) -> list[str]:
    """The two things that a question compares; none where that is not plain."""
    found = _SIDES.search(question)
    sides = [side.strip(" ?.,:;") for side in found.groups() if side] if found else []
    return sides if len(sides) == 2 and all(map(content_stems, sides)) else []


_CHOOSERS: Mapping[AnswerKind, Callable[[str, Sequence[Evidence]], Points]] = {
    "list": _list_points,
    "explanation": _explanation_points,
    "comparison": _comparison_points,
}
