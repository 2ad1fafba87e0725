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
    from ui.asking.desk import Asking


@dataclass(frozen=True, slots=True)
class Who:
    """Whose conversations, and which of their windows."""

    owner: str
    tab: str


class Windows:
    """The questions that are followed. Safe among threads."""

    def __init__(self) -> None:
        self._followed: dict[Who, Asking] = {}
        self._lock = threading.Lock()

    def followed(self, who: Who) -> Asking | None:
        """What this window waits for."""
        with self._lock:
            return self._followed.get(who)

    @contextmanager
    def following(
        self, who: Who, put: Callable[[], Asking]
    ) -> Iterator[tuple[Asking, Callable[[], bool]] | None]:
        """Follow the question that `put` puts; with it comes what tells whether the window still
        does. None, and nothing is put, where the window follows one already."""
        with self._lock:
            asking = None if who in self._followed else self._followed.setdefault(who, put())
        if asking is None:
            yield None
            return
        try:
            yield asking, lambda: self.followed(who) is asking
        finally:
            with self._lock:
                if self._followed.get(who) is asking:
                    del self._followed[who]

    def leave(self, who: Who) -> None:
        """The window shows something else from now on."""
        with self._lock:
            self._followed.pop(who, None)
