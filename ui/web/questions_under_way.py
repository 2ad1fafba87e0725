"""The questions that are being answered for the page: begun, stored as they go, found again.

They belong to a conversation and not to a window: closing or reloading the page does not stop them.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ui.records.recording import Recording

if TYPE_CHECKING:
    from rag.types import Turn
    from ui.questions.exchange import Exchange
    from ui.questions.runner import ActiveQuestion, QuestionRunner
    from ui.records.history import History


@dataclass(frozen=True, eq=False, slots=True)
class UnderWay:
    """A question that is being answered, and its record."""

    active: ActiveQuestion
    recording: Recording

    @property
    def conversation(self) -> str:
        return self.recording.conversation

    @property
    def exchange(self) -> Exchange:
        return self.active.exchange

    def stored(self) -> Exchange:
        """Its last state, once that is stored. Raises `HistoryError` when it could not be."""
        self.recording.store(self.active)
        if self.recording.error:
            raise self.recording.error
        return self.exchange


class QuestionsUnderWay:
    """Begins questions, and finds those that are not over. Safe among threads."""

    def __init__(self, runner: QuestionRunner, history: History) -> None:
        self._runner = runner
        self._history = history
        self._open: list[UnderWay] = []
        self._lock = threading.Lock()

    def begin(
        self,
        owner: str,
        conversation: str,
        question: str,
        turns: Sequence[Turn],
        document_ids: Collection[str],
        replaced: Sequence[Exchange] = (),
    ) -> UnderWay | None:
        """Begin a question; None where the conversation waits for an answer already."""
        recording = Recording(self._history, owner, conversation, replaced)
        with self._lock:
            if conversation and self._find(owner, conversation):
                return None
            active = self._runner.ask(question, turns, document_ids, recording.store)
            begun = UnderWay(active, recording)
            self._open = [each for each in self._open if not each.exchange.is_over]
            self._open.append(begun)
            return begun

    def of_conversation(self, owner: str, conversation: str) -> UnderWay | None:
        """The question of this conversation that is being answered."""
        with self._lock:
            return self._find(owner, conversation)

    def of_exchange(self, owner: str, exchange: str) -> UnderWay | None:
        """The question with this id, if it is being answered."""
        with self._lock:
            return next((each for each in self._of(owner) if each.exchange.id == exchange), None)

    def conversations(self, owner: str) -> set[str]:
        """The conversations of the owner that wait for an answer."""
        with self._lock:
            return {each.conversation for each in self._of(owner)}

    def _find(self, owner: str, conversation: str) -> UnderWay | None:
        mine = self._of(owner)
        return next((each for each in mine if each.conversation == conversation), None)

    def _of(self, owner: str) -> list[UnderWay]:
        return [
            each
            for each in self._open
            if each.recording.owner == owner and not each.exchange.is_over
        ]
