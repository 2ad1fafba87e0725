"""Prints how far the judge and the local scorer agree.

Text of claims, quotes and models is from anywhere: it is shown in one line, without what acts on a
terminal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from eval.judging.kappa import VERDICTS, Agreement, Verdict, measure_agreement
from eval.statistics.bootstrap import Interval
from eval.statistics.formatting import format_number
from eval.text_format import count_of, one_line

if TYPE_CHECKING:
    from rich.table import Table

    from eval.judging.judge_run import JudgedClaim

WIDTH = 80


def print_agreement(
    run: str, model: str, rows: Sequence[JudgedClaim], notes: Sequence[str]
) -> None:
    """Print how far the verdicts of `model` in `rows` agree with the local scorer's. `notes` come
    first: what must be known of the run."""
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = WIDTH
    console.print(f"{one_line(run)}, judged by {one_line(model)}", style="bold")
    for note in [*notes, *_errors(rows)]:
        console.print(f"! {one_line(note)}", style="yellow")
    both = list(_both(rows))
    found = measure_agreement(
        [(local, judge) for _, local, judge in both], [r.cluster for r, _, _ in both]
    )
    console.print(_counted(rows, found))
    if found.n:
        console.print(_table(found))
        console.print(_figures(found))
    for line in _disagreements(both):
        console.print(line)


def _both(rows: Sequence[JudgedClaim]) -> Iterator[tuple[JudgedClaim, Verdict, Verdict]]:
    """The claims that both readers have a verdict on: the local one, then the judge's."""
    for row in rows:
        if row.verdict and row.local != "unchecked":
            yield row, row.local, row.verdict


def _errors(rows: Sequence[JudgedClaim]) -> Iterator[str]:
    """Each message with how many claims it cost."""
    messages = Counter(row.error for row in rows if row.error)
    if messages:
        total = count_of(messages.total(), "claim")
        yield f"{total} of {len(rows):,} could not be judged. The same command asks again."
    for message, count in messages.most_common():
        yield f"{count_of(count, 'error')}: {message}"


def _counted(rows: Sequence[JudgedClaim], found: Agreement) -> str:
    judged = [row for row in rows if row.verdict]
    cached = sum(row.cached for row in judged)
    errors = sum(bool(row.error) for row in rows)
    line = (
        f"{count_of(len(rows), 'claim')}: {len(judged):,} judged ({cached:,} of them before),"
        f" {count_of(errors, 'error')}."
    )
    unchecked = len(judged) - found.n
    return f"{line} {unchecked:,} had no local verdict." if unchecked else line


def _table(found: Agreement) -> Table:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), title_justify="left")
    table.add_column("Local scorer \\ judge")
    for verdict in VERDICTS:
        table.add_column(verdict, justify="right")
    for verdict, counts in zip(VERDICTS, found.table, strict=True):
        table.add_row(verdict, *(f"{count:,}" for count in counts))
    return table


def _figures(found: Agreement) -> str:
    share = found.share
    kappa = "n/a (one verdict is all there is)" if found.kappa is None else f"{found.kappa:.2f}"
    lines = [
        f"Same verdict   {format_number(share.mean, 'share') if share else 'n/a'}{_shares(share)}",
        f"Cohen's kappa  {kappa}{_between(found.interval)}",
        f"n {found.n:,}, from {count_of(share.clusters if share else 0, 'cluster')};"
        " in brackets 95 % intervals, drawn over these.",
    ]
    return "\n".join(lines)


def _shares(found: Interval | None) -> str:
    if found is None or found.low == found.high:
        return ""
    return f" [{format_number(found.low, 'share')}, {format_number(found.high, 'share')}]"


def _between(found: Interval | None) -> str:
    if found is None or found.low == found.high:
        return ""
    return f" [{found.low:.2f}, {found.high:.2f}]"


def _disagreements(both: Sequence[tuple[JudgedClaim, Verdict, Verdict]]) -> Iterator[str]:
    other = [(row, local, judge) for row, local, judge in both if local != judge]
    if not other:
        return
    yield f"\nThey disagree on {count_of(len(other), 'claim')}:"
    for row, local, judge in other:
        yield f"{one_line(row.case)}, claim {row.number}: {one_line(row.claim)}"
        yield from (f"  “{one_line(quote)}”" for quote in row.quotes)
        reasons = one_line("; ".join(row.local_reasons)) or "nothing against it"
        yield f"  local  {local}: {reasons}"
        yield f"  judge  {judge}: {one_line(row.reason)}"
