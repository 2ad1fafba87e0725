"""Stores a question while it is answered: when it is asked, as passages and sentences come, and at
the end.

So an answer is there whether or not somebody watches, and a server that ends in the middle leaves
the question with what was checked so far.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ui.questions.exchange_json import BROKE_OFF
from ui.questions.trace import trace_to_json
from ui.records.history import HistoryError

if TYPE_CHECKING:
    from ui.questions.exchange import Exchange
    from ui.questions.runner import ActiveQuestion
    from ui.records.history import History


class Recording:
    """The record of one question. `conversation` is the id of its conversation, "" until one was
    begun; `replaced` are the exchanges that its answer replaces. Safe among threads."""

    def __init__(
        self, history: History, owner: str, conversation: str, replaced: Sequence[Exchange] = ()
    ) -> None:
        self.owner = owner
        self.conversation = conversation
        self.replaced = tuple(replaced)
        self.error: HistoryError | None = None
        self._history = history
        self._stored: Exchange | None = None
        self._lock = threading.Lock()

    def store(self, active: ActiveQuestion) -> None:
        """Store the question as it is now, if there is more than was stored last. Never raises: an
        error is kept in `error`, until something is stored."""
        if not _is_more(self._stored, active.exchange):
            return
        with self._lock:
            exchange = active.exchange
            if not _is_more(self._stored, exchange):
                return
            try:
                self._put(exchange, active)
                self._stored, self.error = exchange, None
            except HistoryError as error:
                self.error = error

    def _put(self, exchange: Exchange, active: ActiveQuestion) -> None:
        failed = exchange.is_over and not _has_content(exchange)
        keeps_old = failed and any(map(_has_content, self.replaced))
        if keeps_old and exchange.error != BROKE_OFF:  # else nobody is there to have it back
            self._history.drop(self.owner, exchange.id)
            return
        replaces = exchange.is_over and self.replaced and not keeps_old
        self.conversation = self._history.put(
            self.owner,
            self.conversation or None,
            exchange,
            trace_to_json(active.trace) if exchange.is_over else None,
            replacing=self.replaced[0].id if replaces else None,
        )


def _is_more(stored: Exchange | None, now: Exchange) -> bool:
    """Whether passages, a sentence or the end have come since; a draft is not worth storing."""
    return stored is None or _progress(stored) != _progress(now)


def _progress(exchange: Exchange) -> tuple[object, ...]:
    return bool(exchange.evidence), exchange.claims, exchange.is_over


def _has_content(exchange: Exchange) -> bool:
    """True for an answer, a decline, and an ended answer with a checked sentence."""
    return exchange.answer is not None or (exchange.state == "stopped" and bool(exchange.claims))
