"""The statistics of a run as a table in a terminal.

Pure: text, a line for each figure that was counted, with its interval and `n` beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from eval.case_result import CaseResult
from eval.metrics import STAGES, Kind, stage_metric
from eval.statistics.aggregate import (
    GROUPS,
    KINDS,
    LABELS,
    Statistic,
    run_statistics,
    statistics_by_tag,
)
from eval.statistics.clusters import UNIT_NAMES, ClusterUnit
from eval.statistics.formatting import format_interval, format_value

_STAGES = frozenset(map(stage_metric, STAGES))  # no run goes through all of them


def terminal_table(rows: Sequence[CaseResult], unit: ClusterUnit) -> str:
    """What a person wants to know of a run; `unit` is what its intervals were drawn over."""
    return "\n".join(_lines(run_statistics(rows), statistics_by_tag(rows), unit))


def _lines(
    found: dict[str, Statistic], tags: dict[str, Statistic], unit: ClusterUnit
) -> Iterator[str]:
    if errors := found["errors"].good:
        many = f"{errors:,} of {found['errors'].n:,} cases"
        yield f"{many} ended in an error, which no other figure but those of tags counts.\n"
    for group, names in GROUPS.items():
        shown = [name for name in names if found[name].n or name not in _STAGES]
        yield from _group(group, (_line(LABELS[n], found[n], KINDS[n]) for n in shown))
    if tags:
        yield from _group("As it should be", (_line(tag, tags[tag]) for tag in tags))
    name = UNIT_NAMES[unit]
    yield f"In brackets: 95 % intervals, by bootstrap with each {name} as a unit; there is"
    yield "none where all cases came out alike. n: how many cases were scored."


def _group(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield title
    yield from lines
    yield ""


def _line(label: str, figure: Statistic, kind: Kind = "share") -> str:
    of = f"n {figure.n:,}" if figure.good is None else f"{figure.good:,} of {figure.n:,}"
    return f"  {label:38} {format_value(figure, kind):>8} {format_interval(figure, kind):18} {of}"
