"""Answers with a large model: it reads all passages at once and declines in its reply.

Where nothing of what it wrote stands, the answer is quoted as without a model, if there is one."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from functools import partial

from rag.answering.answerer import GetModel
from rag.answering.attempts import Attempt
from rag.answering.draft import AnswerDraft, Step, timed_call
from rag.answering.prompting import LONG_KINDS, large_model_messages
from rag.answering.quoting import QuotingAnswerer
from rag.answering.reply import ReplyWriter
from rag.checking.checker import Checker
from rag.events import Retrieved, Selected
from rag.prompts import prompts_of
from rag.query.plan import QueryPlan
from rag.types import Claim

LONG_FACTOR = 3  # a list or summary may be so many times as long as an answer of a few sentences


@dataclass(frozen=True, slots=True)
class LargeModelAnswerer:
    """An `Answerer`. `max_tokens` bounds a reply of a few sentences."""

    checker: Checker
    quoting: QuotingAnswerer
    max_tokens: int
    joins_passages: bool = True
    writes_summaries: bool = True

    def answer(
        self, plan: QueryPlan, retrieved: Retrieved, selected: Selected, get_model: GetModel
    ) -> Generator[Step, None, AnswerDraft]:
        """See `Answerer`. It reads the dates of the passages by itself."""
        passages = selected.passages
        draft = AnswerDraft(plan.question, passages=passages)
        if not passages:
            return draft.declined("nothing retrieved")
        model = yield from timed_call("load model", get_model)
        writer = ReplyWriter(
            plan.standalone,
            passages,
            model,
            self.checker,
            self.max_tokens * (LONG_FACTOR if plan.kind in LONG_KINDS else 1),
            partial(
                large_model_messages,
                kind=plan.kind,
                prompts=prompts_of(model),
                length=plan.length,
            ),
            _may_stand,
            is_long=plan.kind in LONG_KINDS,
        )
        attempt = Attempt(passages)
        outcome = yield from writer.answer(attempt, earlier=())
        draft = replace(draft, dropped_markers=outcome.dropped_markers)
        if outcome.answers:
            return replace(draft, claims=outcome.claims, attempts=(attempt,))
        if not outcome.wrote:
            return draft.declined("not stated")
        quoted = yield from self.quoting.answer(plan, retrieved, selected, get_model)
        if not quoted.claims:
            return draft.declined("nothing survived checking")
        claims = tuple(replace(claim, origin="closest") for claim in quoted.claims)
        return replace(quoted, claims=claims, dropped_markers=outcome.dropped_markers)


def _may_stand(question: str, claim: Claim, attempt: Attempt) -> bool:
    """What the checks let pass may stand, with its reserves."""
    return True
