"""Tables of what was measured, with intervals, above what others measured.

A table has a line for each way of doing the thing; every figure has its interval and its `n`.
Anchors are other people's figures, or older ones of ours, and stand under them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eval.statistics.bootstrap import Interval, mean_interval

GAP = "  "


@dataclass(frozen=True, slots=True)
class Line:
    """Figures by column, 0..1 where they are shares; `seconds` are those that each query took."""

    name: str
    figures: Mapping[str, Interval | None]
    seconds: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Anchor:
    """Figures without an interval, 0..1, by column."""

    name: str
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    anchors: tuple[Anchor, ...] = ()
    notes: tuple[str, ...] = ()
    errors: int = field(default=0)  # questions that failed
    counts: frozenset[str] = frozenset()  # columns of plain numbers, not of shares


def mean_line(
    name: str,
    values: Mapping[str, Sequence[float]],
    clusters: Sequence[str],
    seconds: Sequence[float] = (),
) -> Line:
    """The means of `values`, by column; each value is from the cluster beside it."""
    return Line(name, {key: mean_interval(v, clusters) for key, v in values.items()}, seconds)


def format_table(table: Table) -> str:
    """The table as a person reads it: percent with intervals, and milliseconds a query."""
    timed = any(line.seconds for line in table.lines)
    head = ["", *table.columns, *(["ms p50, p95"] if timed else [])]
    rows = [[line.name, *_cells(line, table), format_ms(line.seconds)] for line in table.lines]
    rows += [
        [anchor.name, *(_percent(anchor.figures.get(name)) for name in table.columns)]
        for anchor in table.anchors
    ]
    widths = [max(len(row[i]) for row in [head, *rows] if i < len(row)) for i in range(len(head))]
    shown = [_joined(row, widths) for row in [head, *rows]]
    if table.anchors:
        shown.insert(1 + len(table.lines), "Anchors:")
    return "\n".join([table.title, "", *shown, "", *table.notes])


def table_to_json(table: Table) -> dict[str, Any]:
    """The same as plain values; seconds as their median and 95th percentile, in milliseconds."""
    return {
        "title": table.title,
        "lines": [
            {
                "name": line.name,
                "figures": {name: _plain(figure) for name, figure in line.figures.items()},
                "ms_p50": _quantile(line.seconds, 0.5),
                "ms_p95": _quantile(line.seconds, 0.95),
            }
            for line in table.lines
        ],
        "anchors": [{"name": each.name, "figures": dict(each.figures)} for each in table.anchors],
        "notes": list(table.notes),
        "errors": table.errors,
    }


def _plain(figure: Interval | None) -> dict[str, float | int] | None:
    if figure is None:
        return None
    names = ("mean", "low", "high", "n", "clusters")
    return {name: getattr(figure, name) for name in names}


def _joined(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
    return GAP.join(cells).rstrip()


def _cells(line: Line, table: Table) -> list[str]:
    scales = (1 if name in table.counts else 100 for name in table.columns)
    figures = (line.figures.get(name) for name in table.columns)
    return [_cell(figure, scale) for figure, scale in zip(figures, scales, strict=True)]


def _cell(figure: Interval | None, scale: int) -> str:
    if figure is None:
        return "n/a"
    mean, low, high = (scale * each for each in (figure.mean, figure.low, figure.high))
    return f"{mean:.1f} [{low:.1f}, {high:.1f}] n={figure.n}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f}"


def format_ms(seconds: Sequence[float]) -> str:
    """Median and 95th percentile in milliseconds; "" without a value."""
    p50, p95 = _quantile(seconds, 0.5), _quantile(seconds, 0.95)
    return "" if p50 is None or p95 is None else f"{p50:.1f}, {p95:.1f}"


def _quantile(seconds: Sequence[float], share: float) -> float | None:
    """Milliseconds."""
    ranked = sorted(seconds)
    return 1000 * ranked[min(len(ranked) - 1, int(len(ranked) * share))] if ranked else None
