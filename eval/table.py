"""How do the figures of a run look in a terminal?

Pure: text, a line for each figure that was counted, with its interval and `n` beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from eval.clusters import UNITS, Unit
from eval.figures import GROUPS, KINDS, LABELS, Figure, Row, by_tag, figures, interval, value
from eval.metrics import STAGES, Kind, stage_name

_STAGES = frozenset(map(stage_name, STAGES))  # no run goes through all of them


def table(rows: Sequence[Row], unit: Unit) -> str:
    """What a person wants to know of a run; `unit` is what its intervals were drawn over."""
    return "\n".join(_lines(figures(rows), by_tag(rows), unit))


def _lines(found: dict[str, Figure], tags: dict[str, Figure], unit: Unit) -> Iterator[str]:
    if errors := found["errors"].good:
        many = f"{errors:,} of {found['errors'].n:,} cases"
        yield f"{many} ended in an error, which no other figure but those of tags counts.\n"
    for group, names in GROUPS.items():
        shown = [name for name in names if found[name].n or name not in _STAGES]
        yield from _group(group, (_line(LABELS[n], found[n], KINDS[n]) for n in shown))
    if tags:
        yield from _group("As it should be", (_line(tag, tags[tag]) for tag in tags))
    yield f"In brackets: 95 % intervals, by bootstrap with each {UNITS[unit]} as a unit; there is"
    yield "none where all cases came out alike. n: how many cases were scored."


def _group(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield title
    yield from lines
    yield ""


def _line(label: str, figure: Figure, kind: Kind = "share") -> str:
    of = f"n {figure.n:,}" if figure.good is None else f"{figure.good:,} of {figure.n:,}"
    return f"  {label:38} {value(figure, kind):>8} {interval(figure, kind):18} {of}"
