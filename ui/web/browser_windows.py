"""Which question each browser window follows; one at a time.

A window that opens another conversation stops following its question: that is answered and stored
all the same, but the page no longer changes.
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
    """The owner of conversations, and one of their browser windows."""

    owner: str
    tab: str


class BrowserWindows:
    """The question that each window follows. Safe among threads."""

    def __init__(self) -> None:
        self._followed: dict[BrowserWindow, ActiveQuestion] = {}
        self._lock = threading.Lock()

    def followed(self, window: BrowserWindow) -> ActiveQuestion | None:
        """The question that this window follows."""
        with self._lock:
            return self._followed.get(window)

    @contextmanager
    def follow(
        self, window: BrowserWindow, start: Callable[[], ActiveQuestion]
    ) -> Iterator[tuple[ActiveQuestion, Callable[[], bool]] | None]:
        """Follow the question that `start` starts; with it comes a function that says whether the
        window still does. None, and nothing is started, where the window follows one already."""
        with self._lock:
            active = (
                None if window in self._followed else self._followed.setdefault(window, start())
            )
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
