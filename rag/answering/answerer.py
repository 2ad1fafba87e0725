"""What answers a question from its passages; there is one implementation a kind of model."""

from __future__ import annotations

from collections.abc import Generator
from typing import Protocol

from rag.answering.draft import AnswerDraft, Step
from rag.query.plan import QueryPlan
from rag.text.dates import TimeRange
from rag.types import ChatModel, Passage


class Answerer(Protocol):
    """The stage from passages to a draft with checked claims."""

    @property
    def joins_passages(self) -> bool:
        """Whether neighbouring sentences are one passage to it."""
        ...

    def answer(
        self,
        plan: QueryPlan,
        passages: tuple[Passage, ...],
        model: ChatModel,
        time_range: TimeRange | None,
    ) -> Generator[Step, None, AnswerDraft]:
        """Yield what happens; return the draft, with claims or with reasons to decline.

        Raises what `ChatModel.stream` and the library do.
        """
        ...
