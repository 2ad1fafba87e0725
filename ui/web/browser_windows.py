"""Which question does each window follow?

One at a time. A window that opens another conversation leaves its question to itself: that is
answered and kept all the same, but the page does not change any more under the reader's hands.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ui.questions.runner import ActiveQuestion


@dataclass(frozen=True, slots=True)
class BrowserWindow:
    """Whose conversations, and which of their windows."""

    owner: str
    tab: str


class BrowserWindows:
    """The questions that are followed. Safe among threads."""

    def __init__(self) -> None:
        self._followed: dict[BrowserWindow, ActiveQuestion] = {}
        self._lock = threading.Lock()

    def followed(self, window: BrowserWindow) -> ActiveQuestion | None:
        """What this window waits for."""
        with self._lock:
            return self._followed.get(window)

    @contextmanager
    def follow(
        self, window: BrowserWindow, put: Callable[[], ActiveQuestion]
    ) -> Iterator[tuple[ActiveQuestion, Callable[[], bool]] | None]:
        """Follow the question that `put` puts; with it comes what tells whether the window still
        does. None, and nothing is put, where the window follows one already."""
        with self._lock:
            active = None if window in self._followed else self._followed.setdefault(window, put())
        if active is None:
            yield None
            return
        try:
            yield active, lambda: self.followed(window) is active
        finally:
            with self._lock:
                if self._followed.get(window) is active:
                    del self._followed[window]

    def stop_following(self, window: BrowserWindow) -> None:
        """The window shows something else from now on."""
        with self._lock:
            self._followed.pop(window, None)
