"""Answers without a language model: the passages that answer, quoted."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace

from rag.answering.answerer import GetModel
from rag.answering.draft import AnswerDraft, Step, timed_call
from rag.answering.extractive import ExtractiveComposer
from rag.answering.points import cite_points
from rag.checking.answerability import Answerability
from rag.events import Checked, Retrieved, Selected
from rag.query.answer_type import expected_answer_type, has_answer_type
from rag.query.plan import QueryPlan
from rag.thresholds import ANSWERING


@dataclass(frozen=True, slots=True)
class QuotingAnswerer:
    """An `Answerer` that needs no model."""

    answerability: Answerability
    composer: ExtractiveComposer
    joins_passages: bool = False
    writes_summaries: bool = False

    def answer(
        self, plan: QueryPlan, retrieved: Retrieved, selected: Selected, get_model: GetModel
    ) -> Generator[Step, None, AnswerDraft]:
        """See `Answerer`. Whether the points answer is told by their likeness to the question, and
        by whether they hold a number, a time or a name where one is asked for."""
        draft = AnswerDraft(plan.question, passages=selected.passages)
        if not draft.passages:
            return draft.declined("nothing retrieved")
        points = yield from timed_call(
            "compose", lambda: self.composer.compose(plan, retrieved.hits)
        )
        passages, claims = cite_points(points)
        chance = yield from timed_call(
            "judge",
            lambda: self.answerability.likeness_of_any(plan.readings, passages),
        )
        least = ANSWERING.min_chance_by_form if points.by_form else ANSWERING.min_chance_quoting
        kind = expected_answer_type(plan.standalone)
        is_asked_for = any(has_answer_type(kind, each.text) for each in passages)
        if not claims or chance < least or not is_asked_for:
            return replace(draft, chances=(chance,)).declined("not stated")
        yield Selected(passages)
        yield from (Checked(claim, "kept") for claim in claims)
        return replace(draft, passages=passages, claims=claims, chances=(chance,))
