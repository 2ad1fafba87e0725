"""Shows how far a run is.

On standard error: a bar where that is a terminal, else a line for each case.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import count

from eval.case_result import CaseResult
from eval.cases import Case
from rag.errors import printable_line

OnCase = Callable[[Case, CaseResult], None]
"""To be called with each case as soon as it is known."""
SPEED_OVER_S = 600  # the time left is reckoned from what this long took; a case takes seconds


def progress(total: int, before: Sequence[CaseResult]) -> AbstractContextManager[OnCase]:
    """Tells of a run of `total` cases, of which those of `before` are known already."""
    return _bar(total, before) if sys.stderr.isatty() else _lines(total, len(before))


@contextmanager
def _lines(total: int, number: int) -> Iterator[OnCase]:
    counted = count(number + 1)

    def tell(case: Case, row: CaseResult) -> None:
        print(line(next(counted), total, case, row), file=sys.stderr, flush=True)

    yield tell


@contextmanager
def _bar(total: int, before: Sequence[CaseResult]) -> Iterator[OnCase]:
    """With the cases that did not come out as they should above it."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.text import Text

    columns = (
        TextColumn("case {task.completed} of {task.total}"),
        BarColumn(),
        TextColumn("{task.fields[good]} as they should be, about"),
        TimeRemainingColumn(compact=True),
        TextColumn("left"),
    )
    good = sum(row.is_expected for row in before)
    console = Console(file=sys.stderr)
    with Progress(*columns, console=console, speed_estimate_period=SPEED_OVER_S) as bar:
        task = bar.add_task("", total=total, completed=len(before), good=good)

        def tell(case: Case, row: CaseResult) -> None:
            nonlocal good
            good += row.is_expected
            bar.update(task, advance=1, good=good)
            if not row.is_expected:
                number = int(bar.tasks[0].completed)
                console.print(Text(line(number, total, case, row)))

        yield tell


def line(number: int, total: int, case: Case, row: CaseResult) -> str:
    """``  3/120 MISS wrong    what rate? -> It is 125%. [1]``, printable."""
    mark = "ok " if row.is_expected else "MISS"
    text = f"{case.question} -> {row.text or row.reason or ''}"
    printable = printable_line(text)
    return f"{number:3}/{total} {mark} {row.outcome:8} {printable}"
