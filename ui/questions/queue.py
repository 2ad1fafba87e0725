"""The queue for the model: serves a few questions at a time, first come, first served.

A ticket is a place in it. Leaving gives the place back, whether it was waiting or being served, and
never holds up anybody else.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import TracebackType

from rag.errors import FootnoteError

MAX_WAITING = 64


class QueueFull(FootnoteError):
    """Too many are waiting already."""


class ModelQueue:
    """Serves at most `slots` tickets at a time, in the order in which they joined, while at most
    `max_waiting` others wait. Safe among threads."""

    def __init__(self, slots: int, max_waiting: int = MAX_WAITING) -> None:
        if slots < 1:
            raise ValueError(f"a queue needs at least one slot, not {slots}")
        self._slots = slots
        self._max_waiting = max_waiting
        self._tickets: list[Ticket] = []  # the first `slots` of them are served
        self._changed = threading.Condition()

    def join(self) -> Ticket:
        """A ticket at the end of the queue; it may be served at once. Raises `QueueFull`."""
        with self._changed:
            if len(self._tickets) >= self._slots + self._max_waiting:
                raise QueueFull(
                    f"{self.waiting} questions are waiting already.", "Ask again in a minute."
                )
            ticket = Ticket(self)
            self._tickets.append(ticket)
            return ticket

    @property
    def in_progress(self) -> int:
        """How many slots are taken."""
        with self._changed:
            return min(len(self._tickets), self._slots)

    @property
    def waiting(self) -> int:
        """How many tickets wait for a slot."""
        with self._changed:
            return max(0, len(self._tickets) - self._slots)

    def _ahead(self, ticket: Ticket) -> int | None:
        """How many wait before `ticket`; -1 when it is served, None when it has left."""
        if ticket not in self._tickets:
            return None
        return max(-1, self._tickets.index(ticket) - self._slots)

    def _leave(self, ticket: Ticket) -> None:
        with self._changed:
            if ticket in self._tickets:
                self._tickets.remove(ticket)
                self._changed.notify_all()


class Ticket:
    """One place in a queue. Use it in a ``with`` block: leaving the block gives it back."""

    def __init__(self, queue: ModelQueue) -> None:
        self._queue = queue

    def __enter__(self) -> Ticket:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.leave()

    def leave(self) -> None:
        """Give the place back, from any thread; `positions` ends. Again, it does nothing."""
        self._queue._leave(self)

    @property
    def has_slot(self) -> bool:
        with self._queue._changed:
            return self._queue._ahead(self) == -1

    def positions(self) -> Iterator[int]:
        """Wait. Yields how many wait before this ticket (0: it is the next), at once and whenever
        that changes; ends when it is served, or has left."""
        changed, last = self._queue._changed, None
        while True:
            with changed:
                while (ahead := self._queue._ahead(self)) == last:
                    changed.wait()
            if ahead is None or ahead < 0:
                return
            yield ahead
            last = ahead
