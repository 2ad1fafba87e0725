"""How do numbers look as a picture with axes?

Pure: numbers become inline SVG with the words that its axes need, without ids or scripts. Words
and classes are the program's own; a style sheet gives `fn-plot-*` their colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from eval.report.svg import picture

WIDE, HIGH = 360, 238  # units of a whole picture: about as wide as a telephone
LEFT, TOP, RIGHT, BOTTOM = 44, 18, 350, 194  # edges of what is drawn in
GAP = 2
STEPS = (10, 15, 20, 25, 30, 40, 50, 60, 80)  # tenths of a round step
QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Axes:
    """What the axes are, in words: across and up."""

    across: str
    up: str


@dataclass(frozen=True, slots=True)
class Spot:
    """A point at shares 0..1, and how far it may lie up and down, if that is known."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None


def columns(
    counts: Sequence[Sequence[int]],
    classes: Sequence[str],
    ticks: Sequence[str],
    axes: Axes,
    told: str,
) -> str:
    """A column for each of `counts`, its parts one upon the other in the classes of their kind.

    With as many `ticks` as columns each stands under its own, with one more between them.
    """
    most = nice(max(map(sum, counts), default=0))
    wide = (RIGHT - LEFT) / max(len(counts), 1)
    shapes = _levels([(level / most, f"{level:,}") for level in _levels_of(most)])
    for number, parts in enumerate(counts):
        shapes += _column(LEFT + number * wide, wide, [part / most for part in parts], classes)
    shift = wide / 2 if len(ticks) == len(counts) else 0.0
    shapes += [_under(LEFT + shift + i * wide, tick) for i, tick in enumerate(ticks) if tick]
    return _axed("fn-plot-columns", axes, told, shapes)


def _column(x: float, wide: float, shares: Sequence[float], classes: Sequence[str]) -> list[str]:
    shapes, below = [], 0.0
    for part, name in zip(shares, classes, strict=True):
        if part:
            top, height = _y(below + part), (BOTTOM - TOP) * part
            shapes.append(
                f'<rect class="{name}" x="{x + GAP:.1f}" y="{top:.1f}"'
                f' width="{max(wide - 2 * GAP, 1):.1f}" height="{height:.1f}"/>'
            )
        below += part
    return shapes


def nice(most: int) -> int:
    """The end of an axis: four round, whole steps that together are not below `most`."""
    tenfold = 1
    while True:
        for step in STEPS:
            if (step * tenfold) % 10 == 0 and 4 * step * tenfold >= 10 * most:
                return 4 * step * tenfold // 10
        tenfold *= 10


def _levels_of(most: int) -> list[int]:
    return [most * quarter // 4 for quarter in range(5)]


def calibration(
    spots: Sequence[Spot], notes: Sequence[tuple[float, str]], axes: Axes, told: str
) -> str:
    """Points with their intervals, joined, beside the diagonal on which both shares agree; over
    them `notes`, each at its place across."""
    named = [(quarter, f"{quarter:g}") for quarter in QUARTERS]
    shapes = [*_levels(_shares()), *(_under(_x(place), name) for place, name in named)]
    across = RIGHT - LEFT
    shapes += [_word(LEFT + across * at, TOP - 7, note, "fn-plot-mid") for at, note in notes]
    shapes += [_segment("fn-plot-level", 0, 0, 1, 1)]
    shapes += [_segment("fn-plot-whisker", s.x, s.low, s.x, s.high) for s in spots if _known(s)]
    if len(spots) > 1:
        points = " ".join(f"{_x(spot.x):.1f},{_y(spot.y):.1f}" for spot in spots)
        shapes.append(f'<polyline class="fn-plot-line" points="{points}"/>')
    shapes += [_dot("fn-plot-dot", spot) for spot in spots]
    return _axed("fn-plot-calibration", axes, told, shapes)


def _known(spot: Spot) -> bool:
    return spot.low is not None and spot.high is not None


def tradeoff(steps: Sequence[Spot], level: float, ring: Spot | None, axes: Axes, told: str) -> str:
    """A line by steps, as precision goes with recall; a broken `level` line; a `ring` at a point
    of its own."""
    shapes = [*_levels(_shares()), *(_under(_x(share), name) for share, name in _shares())]
    shapes.append(_segment("fn-plot-level", 0, level, 1, level))
    shapes.append(f'<path class="fn-plot-line" d="{_staircase(steps)}"/>')
    shapes += [_dot("fn-plot-ring", ring, 5)] if ring else []
    return _axed("fn-plot-tradeoff", axes, told, shapes)


def _staircase(steps: Sequence[Spot]) -> str:
    """Up or down to the height of each step first, then across to it."""
    if not steps:
        return ""
    start = f"M{_x(0):.1f} {_y(steps[0].y):.1f}"
    return start + "".join(f"V{_y(step.y):.1f}H{_x(step.x):.1f}" for step in steps)


# --- what they are made of --------------------------------------------------------------------


def _x(share: float) -> float:
    return LEFT + (RIGHT - LEFT) * min(max(share, 0.0), 1.0)


def _y(share: float) -> float:
    return BOTTOM - (BOTTOM - TOP) * min(max(share, 0.0), 1.0)


def _shares() -> list[tuple[float, str]]:
    return [(quarter, f"{quarter:.0%}") for quarter in QUARTERS]


def _levels(named: Sequence[tuple[float, str]]) -> list[str]:
    shapes = []
    for share, name in named:
        y = _y(share)
        shapes.append(f'<path class="fn-plot-grid" d="M{LEFT} {y:.1f}H{RIGHT}"/>')
        shapes.append(_word(LEFT - 6, y + 4, name, "fn-plot-end"))
    return shapes


def _under(x: float, name: str) -> str:
    return _word(x, BOTTOM + 16, name, "fn-plot-mid")


def _word(x: float, y: float, word: str, place: str) -> str:
    return f'<text class="{place}" x="{x:.1f}" y="{y:.1f}">{escape(word)}</text>'


def _segment(name: str, x1: float, y1: float | None, x2: float, y2: float | None) -> str:
    start, end = (_x(x1), _y(y1 or 0.0)), (_x(x2), _y(y2 or 0.0))
    return f'<path class="{name}" d="M{start[0]:.1f} {start[1]:.1f}L{end[0]:.1f} {end[1]:.1f}"/>'


def _dot(name: str, spot: Spot, radius: float = 3.5) -> str:
    return f'<circle class="{name}" cx="{_x(spot.x):.1f}" cy="{_y(spot.y):.1f}" r="{radius}"/>'


def _axed(name: str, axes: Axes, told: str, shapes: Sequence[str]) -> str:
    middle = (TOP + BOTTOM) / 2
    words = [
        _word((LEFT + RIGHT) / 2, HIGH - 8, axes.across, "fn-plot-mid fn-plot-name"),
        f'<text class="fn-plot-mid fn-plot-name" transform="translate(11 {middle:g}) rotate(-90)">'
        f"{escape(axes.up)}</text>",
    ]
    box = f"0 0 {WIDE} {HIGH}"
    return picture(f"fn-plot-axed {name}", box, told, [*shapes, *words], stretch=False)
