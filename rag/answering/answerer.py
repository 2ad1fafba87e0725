"""What answers a question from the documents; there is one implementation a kind of model."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Protocol

from rag.answering.draft import AnswerDraft, Step
from rag.events import Retrieved, Selected
from rag.query.plan import QueryPlan
from rag.types import ChatModel

GetModel = Callable[[], ChatModel]
"""Gives the model, loaded. Raises `ModelError`."""


class Answerer(Protocol):
    """The stage from what was found to a draft with checked claims."""

    @property
    def joins_passages(self) -> bool:
        """Whether neighbouring sentences are one passage to it."""
        ...

    @property
    def writes_summaries(self) -> bool:
        """Whether it sums up central passages in words of its own."""
        ...

    def answer(
        self, plan: QueryPlan, retrieved: Retrieved, selected: Selected, get_model: GetModel
    ) -> Generator[Step, None, AnswerDraft]:
        """Yield what happens; return the draft, with claims or with reasons to decline.

        Raises what `get_model`, `ChatModel.stream` and the library do.
        """
        ...
