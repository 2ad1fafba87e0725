"""Finds where other sources contradict an answer; there is one implementation a kind of model."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Protocol

from rag.answering.draft import AnswerDraft
from rag.checking.answerability import Answerability
from rag.conflicts import comparison, other_answers
from rag.conflicts.comparison import Contradiction
from rag.conflicts.pair_scorer import PairScorer
from rag.events import ModelCalled, Selected
from rag.query.plan import QueryPlan
from rag.store.documents import Library
from rag.types import ChatModel


class ConflictFinder(Protocol):
    """The stage from a checked draft to the contradictions of what it cites."""

    def find(
        self, plan: QueryPlan, draft: AnswerDraft, selected: Selected, model: ChatModel
    ) -> Generator[ModelCalled, None, list[Contradiction]]:
        """Yield the calls of the model; return what contradicts the draft's citations, among all
        passages that were found. Raises what `ChatModel.stream` and the library do."""
        ...


@dataclass(frozen=True, slots=True)
class SentenceConflicts:
    """A `ConflictFinder` that compares sentences, without a model."""

    pair_scorer: PairScorer

    def find(
        self, plan: QueryPlan, draft: AnswerDraft, selected: Selected, model: ChatModel
    ) -> Generator[ModelCalled, None, list[Contradiction]]:
        """See `ConflictFinder`."""
        yield from ()
        passages = [*selected.passages, *selected.cut]
        return comparison.find_contradictions(draft.claims, passages, self.pair_scorer)


@dataclass(frozen=True, slots=True)
class AnswerConflicts:
    """A `ConflictFinder` that puts a single question to the other sources too, as a small model is
    asked of any; questions in parts are left to the comparison of sentences."""

    library: Library
    answerability: Answerability
    otherwise: SentenceConflicts

    def find(
        self, plan: QueryPlan, draft: AnswerDraft, selected: Selected, model: ChatModel
    ) -> Generator[ModelCalled, None, list[Contradiction]]:
        """See `ConflictFinder`."""
        cited = next((each for claim in draft.claims for each in claim.citations), None)
        if cited is None or len(plan.sub_questions) > 1:
            return (yield from self.otherwise.find(plan, draft, selected, model))
        passages = [*selected.passages, *selected.cut]
        (attempt,) = draft.attempts
        own = comparison.read_in_context(cited, passages, self.library)
        given = other_answers.GivenAnswer(own, attempt.short, attempt.p_answered or 0.0)
        others = comparison.sentences_of_others(cited, passages, self.library)
        found: list[Contradiction] = []
        for step in other_answers.find_contradictions(
            plan.standalone, given, others, model, self.answerability
        ):
            if isinstance(step, Contradiction):
                found.append(step)
            else:
                yield step
        return found


def add_conflicts(
    draft: AnswerDraft, found: list[Contradiction], selected: Selected
) -> AnswerDraft:
    """The draft with a claim for each contradiction, and with the passages that these cite."""
    claims, passages = comparison.add_to_answer(found, selected)
    return replace(draft, claims=(*draft.claims, *claims), passages=(*draft.passages, *passages))
