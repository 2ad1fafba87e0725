"""Answers with a small model: it answers from one passage, and is asked first whether that states
the answer."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from rag.answering.acceptance import is_acceptable
from rag.answering.attempts import Attempt, ChanceEstimated, attempts, order_to_try
from rag.answering.draft import AnswerDraft, Step, timed
from rag.answering.prompting import small_model_messages
from rag.answering.reply import ReplyWriter
from rag.checking.answerability import Answerability
from rag.checking.checker import Checker
from rag.checking.question_match import unknown_names
from rag.query.plan import QueryPlan
from rag.text.dates import TimeRange
from rag.types import ChatModel, Claim, Passage


@dataclass(frozen=True, slots=True)
class SmallModelAnswerer:
    """An `Answerer`. `max_tokens` bounds one reply."""

    checker: Checker
    answerability: Answerability
    max_tokens: int
    joins_passages: bool = False

    def answer(
        self,
        plan: QueryPlan,
        passages: tuple[Passage, ...],
        model: ChatModel,
        time_range: TimeRange | None,
    ) -> Generator[Step, None, AnswerDraft]:
        """See `Answerer`. Each part of a question is answered by itself. A question that names
        someone whom no source knows is declined before anything is asked."""
        draft = AnswerDraft(plan.question, model.name, passages)
        if not passages:
            return draft.declined("nothing retrieved")
        source = " ".join(self.checker.context(passage.span) for passage in passages)
        if unknown_names(plan.standalone, source):
            return draft.declined("not stated")
        several = len(plan.sub_questions) > 1
        for part in plan.sub_questions:
            ordered = order_to_try(part, passages, time_range, is_sub_question=several)
            draft = yield from self._answer_part(part, ordered, draft, model)
        return draft

    def _answer_part(
        self, question: str, passages: Sequence[Passage], draft: AnswerDraft, model: ChatModel
    ) -> Generator[Step, None, AnswerDraft]:
        """The draft with the claims that answer one part of the question, or with a reason why
        there are none."""
        writer = ReplyWriter(
            question,
            draft.passages,
            model,
            self.checker,
            self.max_tokens,
            small_model_messages,
            self._may_stand,
        )
        chance_of = self.answerability.estimator(question, passages)
        judging = timed("judge", attempts(question, passages, model, chance_of))
        best_chance: float | None = None
        wrote = False
        for step in judging:
            if isinstance(step, ChanceEstimated):
                best_chance = max(step.chance, best_chance or 0.0)
            elif isinstance(step, Attempt):
                outcome = yield from writer.answer(step, draft.claims)
                dropped = draft.dropped_markers + outcome.dropped_markers
                draft = replace(draft, dropped_markers=dropped)
                wrote = wrote or outcome.wrote
                if outcome.answers:
                    return _with_chance(
                        replace(
                            draft,
                            claims=(*draft.claims, *outcome.claims),
                            attempts=(*draft.attempts, step),
                        ),
                        best_chance,
                    )
            else:
                yield step
        declined = draft.declined("nothing survived checking" if wrote else "not stated")
        return _with_chance(declined, best_chance)

    def _may_stand(self, question: str, claim: Claim, attempt: Attempt) -> bool:
        context = self.checker.context(claim.citations[0].span)
        return is_acceptable(question, claim, context, attempt)


def _with_chance(draft: AnswerDraft, chance: float | None) -> AnswerDraft:
    return draft if chance is None else replace(draft, chances=(*draft.chances, chance))
