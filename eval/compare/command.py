"""Runs several settings on the same cases and prints who wins where (`footnote eval compare`)."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eval.compare.diff import Flip
from eval.compare.junit import comparison_to_junit
from eval.compare.metric_changes import MetricChange, format_difference, format_means
from eval.compare.page import render_comparison
from eval.compare.settings_files import Interrupted, check_cases, read_settings, run_settings
from eval.compare.several import Comparison, KindRow, compare_settings, comparison_to_json
from eval.metrics import METRICS
from eval.run import EXIT_INTERRUPTED
from eval.runs.listing import RunError
from eval.statistics.bootstrap import Interval
from eval.text_format import count_of, one_line
from rag.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WIDTH = 100
MAX_EXAMPLES = 10  # cases shown side by side, of each pair of runs
EXIT_REGRESSION = 1


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where a comparison is written besides the terminal; None where it is not."""

    json: Path | None = None
    junit: Path | None = None
    page: Path | None = None


def compare_files(
    files: list[Path],
    cases: Path,
    settings: Settings,
    out: Path | None = None,
    outputs: Outputs = Outputs(),
    *,
    fail_on_regression: bool = False,
) -> int:
    """Ask the cases with the settings of each file and print the comparison. The runs are kept in
    `out`, by default a folder of the data directory named after the cases; a second start goes on.

    Returns the exit code: with `fail_on_regression` 1 where one is worse than the first beyond
    noise. Raises `SettingsError`, `CaseError`, `RunError`.
    """
    given = read_settings(files, settings.data_dir)
    check_cases(given, cases)
    folder = out or settings.data_dir / "comparisons" / cases.stem
    try:
        runs = [run_settings(each, cases, folder) for each in given]
    except Interrupted:
        print("To go on, give the same command.", file=sys.stderr)
        return EXIT_INTERRUPTED
    found = compare_settings(runs)
    _write(outputs.json, json.dumps(comparison_to_json(found), ensure_ascii=False, indent=2))
    _write(outputs.junit, comparison_to_junit(found))
    _write(outputs.page, render_comparison(found))
    show_comparison(found)
    return EXIT_REGRESSION if fail_on_regression and found.is_worse else 0


def _write(file: Path | None, text: str) -> None:
    if file is None:
        return
    try:
        file.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise RunError(
            f"The comparison cannot be written to {one_line(str(file))}"
            f" ({error.strerror or error}).",
            "Choose a file in a folder that can be written to.",
        ) from error


def show_comparison(found: Comparison) -> None:
    """Print the shares by kind, the metrics that differ, and examples side by side."""
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = WIDTH
    console.print("Came out as they should, by kind of question", style="bold")
    console.print(_kind_table(found))
    console.print(
        "In brackets: 95 % intervals of the difference to the first, in points.", style="dim"
    )
    for place, diff in enumerate(found.diffs):
        names = f"{one_line(diff.before)} → {one_line(diff.after)}"
        console.print(f"\n{names}", style="bold")
        for line in diff.warnings:
            console.print(f"! {one_line(line)}", style="yellow")
        _show_changes(console, [each for each in diff.changes if each.word in ("better", "worse")])
        _show_examples(console, diff.flips)
        for failure in found.regressions[place]:
            console.print(f"WORSE {one_line(failure.text)}", style="red")
        if not found.regressions[place]:
            console.print("Not worse than the first beyond noise.")


def _kind_table(found: Comparison) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("Kind")
    table.add_column("n", justify="right")
    for run in found.runs:
        table.add_column(one_line(run.name, 24), justify="right", no_wrap=True)
    for run in found.runs[1:]:
        table.add_column(f"{one_line(run.name, 20)} more", justify="right", no_wrap=True)
    table.add_column("Best")
    for row in found.kinds:
        table.add_row(*_cells(row))
    return table


def _cells(row: KindRow) -> Iterator[str]:
    yield row.kind.replace("_", "/")
    yield str(row.n)
    yield from (f"{share:.0%}" for share in row.shares)
    yield from map(_difference, row.differences)
    yield one_line(row.best, 24) or "-"


def _difference(found: Interval | None) -> str:
    if found is None:
        return "n/a"
    return f"{100 * found.mean:+.1f} [{100 * found.low:+.1f}, {100 * found.high:+.1f}]"


def _show_changes(console: Console, changes: list[MetricChange]) -> None:
    for change in changes:
        before, after = format_means(change)
        label = METRICS[change.metric].label
        style = "red" if change.word == "worse" else "green"
        told = f"{change.word}: {label} {before} → {after}, {format_difference(change)}"
        console.print(f"  {told}, n {change.n}", style=style)


def _show_examples(console: Console, flips: tuple[Flip, ...]) -> None:
    if flips:
        console.print(f"  {count_of(len(flips))} came out otherwise:")
    for flip in flips[:MAX_EXAMPLES]:
        console.print(f"  {one_line(flip.id)}: {one_line(flip.question)}")
        console.print(f"    - {flip.before}: {one_line(flip.text_before)}")
        console.print(f"    + {flip.after}: {one_line(flip.text_after)}")
    if len(flips) > MAX_EXAMPLES:
        more = count_of(len(flips) - MAX_EXAMPLES, "more case")
        console.print(f"  … and {more}: --json FILE has all.")
