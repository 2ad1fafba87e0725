"""Shows how far drafting is, on standard error: a bar where that is a terminal, else a line now and
then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

OnDraft = Callable[[int], None]
"""To be called with the number of drafts whenever one was tried."""
EVERY_S = 15.0  # between two lines; without a model all is done before the first


def drafting_progress(total: int) -> AbstractContextManager[OnDraft]:
    """Tells of the drafting of `total` cases."""
    return _bar(total) if sys.stderr.isatty() else _lines(total)


@contextmanager
def _lines(total: int) -> Iterator[OnDraft]:
    last = time.monotonic()

    def tell(number: int) -> None:
        nonlocal last
        if time.monotonic() - last >= EVERY_S:
            last = time.monotonic()
            print(f"{number} of {total} drafted …", file=sys.stderr, flush=True)

    yield tell


@contextmanager
def _bar(total: int) -> Iterator[OnDraft]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.completed} of {task.total} drafted"),
        BarColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda number: bar.update(task, completed=number)
