"""Which model answers, and how is it stopped in the middle of a question?"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Protocol

from rag.stop import Stop
from rag.types import ChatModel, Delta, Message


class Model(Protocol):
    """Gives the chat model when it is first needed; `warm` starts it without waiting. Its budget
    is known before it is there."""

    @property
    def name(self) -> str: ...
    @property
    def budget_tokens(self) -> int: ...
    def warm(self) -> None: ...
    def get(self) -> ChatModel: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Stoppable:
    """A chat model for one question, which `stop` ends."""

    model: ChatModel
    stop: Stop

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def budget_tokens(self) -> int:
        return self.model.budget_tokens

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int, stop: Stop | None = None
    ) -> Generator[Delta, None, None]:
        return self.model.stream(messages, max_tokens=max_tokens, stop=stop or self.stop)
