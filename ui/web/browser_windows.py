"""Which question each browser window follows, one at a time, and what it lists.

A window that opens another conversation, or is closed, stops following its question: that is
answered and stored all the same.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ui.web.questions_under_way import UnderWay

MAX_REMEMBERED = 1000  # windows whose list is not as at first


@dataclass(frozen=True, slots=True)
class BrowserWindow:
    """The owner of conversations, and one of their browser windows."""

    owner: str
    tab: str


@dataclass(frozen=True, slots=True)
class Listing:
    """What a window lists: how many pages of the conversations that hold the words `matching`."""

    pages: int = 1
    matching: str = ""


@dataclass(frozen=True, eq=False, slots=True)
class _Following:
    """One stream to a window; a later one to the same window is another, of the same question."""

    question: UnderWay


class BrowserWindows:
    """The question that each window follows, and what it lists. Safe among threads."""

    def __init__(self) -> None:
        self._followed: dict[BrowserWindow, _Following] = {}
        self._listings: OrderedDict[BrowserWindow, Listing] = OrderedDict()
        self._lock = threading.Lock()

    def followed(self, window: BrowserWindow) -> UnderWay | None:
        """The question that this window follows; it may be over, and about to be shown so."""
        with self._lock:
            following = self._followed.get(window)
            return following.question if following else None

    @contextmanager
    def follow(
        self,
        window: BrowserWindow,
        start: Callable[[], UnderWay | None],
        *,
        instead: bool = False,
    ) -> Iterator[tuple[UnderWay, Callable[[], bool]] | None]:
        """Follow the question that `start` gives; with it comes a function that says whether the
        window still does. None where `start` gives none, and where the window follows a question
        that is not over: then `start` is not called, unless it is to be followed `instead`."""
        with self._lock:
            before = self._followed.get(window)
            waits = before is not None and not before.question.exchange.is_over and not instead
            question = None if waits else start()
            following = _Following(question) if question else None
            if following:
                self._followed[window] = following
        if following is None:
            yield None
            return
        try:
            yield following.question, lambda: self._is_current(window, following)
        finally:
            with self._lock:
                if self._followed.get(window) is following:
                    del self._followed[window]

    def _is_current(self, window: BrowserWindow, following: _Following) -> bool:
        with self._lock:
            return self._followed.get(window) is following

    def stop_following(self, window: BrowserWindow) -> None:
        """The window shows something else from now on."""
        with self._lock:
            self._followed.pop(window, None)

    def listing(self, window: BrowserWindow) -> Listing:
        """What the window lists of the conversations."""
        with self._lock:
            return self._listings.get(window, Listing())

    def list_otherwise(self, window: BrowserWindow, **changes: Any) -> Listing:
        """Change what the window lists, and return it."""
        with self._lock:
            changed = replace(self._listings.get(window, Listing()), **changes)
            self._listings[window] = changed
            self._listings.move_to_end(window)
            while len(self._listings) > MAX_REMEMBERED:
                self._listings.popitem(last=False)
            return changed
