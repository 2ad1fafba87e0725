"""Purges a history again and again for as long as it hides anything, in the background."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from ui.records.history_schema import HistoryError


class RepeatedPurge:
    """Calls `purge` after `every_s` seconds, and again while it returns True.

    One timer at a time, which does not keep the program alive: what is deleted waits for at most
    twice `every_s`.
    """

    def __init__(self, purge: Callable[[], bool], every_s: float) -> None:
        self._purge = purge
        self._every_s = every_s
        self._timer: threading.Timer | None = None
        self._is_closed = False
        self._lock = threading.Lock()

    def start_if(self, is_needed: bool) -> None:
        """Begin, where something is hidden; while the timer runs this does nothing."""
        with self._lock:
            if not is_needed or self._timer or self._is_closed:
                return
            self._timer = threading.Timer(self._every_s, self._run)
            self._timer.daemon = True
            self._timer.start()

    def close(self) -> None:
        """Purge no more."""
        with self._lock:
            self._is_closed = True
            if self._timer:
                self._timer.cancel()

    def _run(self) -> None:
        is_needed = True  # also after an error, such as a file that is busy
        with suppress(HistoryError):
            is_needed = self._purge()
        with self._lock:
            self._timer = None
        self.start_if(is_needed)
