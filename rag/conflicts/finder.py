"""Finds where other sources contradict an answer: near copies always, free wording if asked for."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Protocol

from rag.answering.answerer import GetModel
from rag.answering.draft import AnswerDraft
from rag.checking.answerability import Answerability
from rag.conflicts import comparison, other_answers
from rag.conflicts.contradictions import Contradiction
from rag.conflicts.near_copies import find_near_copies
from rag.conflicts.other_values import find_other_values
from rag.conflicts.pair_scorer import PairScorer
from rag.events import ModelCalled, Selected
from rag.models.token_embeddings import TokenEncoder
from rag.query.plan import QueryPlan
from rag.store.documents import Library


class ConflictFinder(Protocol):
    """The stage from a checked draft to the contradictions of what it cites."""

    def find(
        self, plan: QueryPlan, draft: AnswerDraft, selected: Selected, get_model: GetModel
    ) -> Generator[ModelCalled, None, list[Contradiction]]:
        """Yield the calls of the model; return what contradicts the draft's citations. Raises what
        `get_model`, `ChatModel.stream` and the library do."""
        ...


@dataclass(frozen=True, slots=True)
class NearCopies:
    """A `ConflictFinder` for what other documents say in nearly the same words, or else with what
    other value they answer the question, without a model; then `free`, if given, is asked for what
    it finds beside that."""

    library: Library
    free: ConflictFinder | None = None

    def find(
        self, plan: QueryPlan, draft: AnswerDraft, selected: Selected, get_model: GetModel
    ) -> Generator[ModelCalled, None, list[Contradiction]]:
        """See `ConflictFinder`."""
        passages = [*selected.passages, *selected.cut]
        found = find_near_copies(draft.claims, passages, self.library, plan.document_ids)
        if not found and len(plan.sub_questions) == 1:
            found = find_other_values(plan.standalone, draft.claims, passages, self.library)
        if self.free is None:
            return found
        more = yield from self.free.find(plan, draft, selected, get_model)
        known = {each.other.span for each in found}
        return [*found, *(each for each in more if each.other.span not in known)]


@dataclass(frozen=True, slots=True)
class FreeWording:
    """A `ConflictFinder` that compares sentences in whatever words, without a model."""

    pair_scorer: PairScorer

    def find(
        self, plan: QueryPlan, draft: AnswerDraft, selected: Selected, get_model: GetModel
    ) -> Generator[ModelCalled, None, list[Contradiction]]:
        """See `ConflictFinder`."""
        yield from ()
        passages = [*selected.passages, *selected.cut]
        return comparison.find_contradictions(draft.claims, passages, self.pair_scorer)


@dataclass(frozen=True, slots=True)
class OtherAnswers:
    """A `ConflictFinder` that puts a single question to the other sources too, as a small model is
    asked of any; questions in parts are left to `otherwise`."""

    library: Library
    answerability: Answerability
    otherwise: FreeWording

    def find(
        self, plan: QueryPlan, draft: AnswerDraft, selected: Selected, get_model: GetModel
    ) -> Generator[ModelCalled, None, list[Contradiction]]:
        """See `ConflictFinder`."""
        cited = next((each for claim in draft.claims for each in claim.citations), None)
        if cited is None or len(draft.attempts) != 1:
            return (yield from self.otherwise.find(plan, draft, selected, get_model))
        passages = [*selected.passages, *selected.cut]
        (attempt,) = draft.attempts
        own = comparison.read_in_context(cited, passages, self.library)
        given = other_answers.GivenAnswer(own, attempt.short, attempt.p_answered or 0.0)
        others = comparison.sentences_of_others(cited, passages, self.library)
        found: list[Contradiction] = []
        for step in other_answers.find_contradictions(
            plan.standalone, given, others, get_model(), self.answerability
        ):
            if isinstance(step, Contradiction):
                found.append(step)
            else:
                yield step
        return found


def build_conflict_finder(
    library: Library,
    encoder: TokenEncoder,
    answerability: Answerability,
    *,
    small: bool,
    free: bool,
) -> ConflictFinder:
    """The finder for a `small` or large model; with `free`, also for free wording."""
    if not free:
        return NearCopies(library)
    by_sentence = FreeWording(PairScorer(encoder))
    return NearCopies(
        library, OtherAnswers(library, answerability, by_sentence) if small else by_sentence
    )
