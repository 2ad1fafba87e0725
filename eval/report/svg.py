"""How do a few numbers look as a picture?

Pure: numbers become inline SVG without text, ids or scripts. Pictures stretch to the width that
they are given, so words stand beside them in HTML; a style sheet gives `fn-plot-*` their colours.
Those with axes are in `eval.report.axes`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

TALL = 60  # units of a line's height; it is 200 wide
WIDE = 200
STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Bins:
    """How many values lie in each stretch of `width`, from 0 on. The last bin of all holds
    whatever is larger if `is_open`."""

    width: float
    counts: tuple[int, ...]
    is_open: bool

    def edges(self, number: int) -> str:
        """``2 to 3``, ``over 12``."""
        low, high = number * self.width, (number + 1) * self.width
        if self.is_open and number == len(self.counts) - 1:
            return f"over {low:g}"
        return f"{low:g} to {high:g}"


def bins(values: Sequence[float], most: int = 16) -> Bins:
    """At most `most` bins of a round width and one for what is far beyond the others.

    `values` are finite and not negative.
    """
    if not values:
        return Bins(1.0, (), False)
    ranked = sorted(values)
    usual = ranked[min(int(len(ranked) * 0.95), len(ranked) - 1)]
    width = _round_up(max(usual, 1e-3) * 1.5 / most)
    number = min(int(ranked[-1] / width) + 1, most)
    counts = [0] * (number + 1)
    for value in ranked:
        counts[min(int(value / width), number)] += 1
    is_open = counts[-1] > 0
    return Bins(width, tuple(counts if is_open else counts[:-1]), is_open)


def _round_up(width: float) -> float:
    scale = 10.0 ** math.floor(math.log10(width))
    return next(step * scale for step in STEPS if step * scale >= width * (1 - 1e-9))


def histogram(found: Bins, told: str, lines: Sequence[float] = ()) -> str:
    """Bars side by side, with upright `lines` at some values. `told` says the same in words."""
    many, highest = max(len(found.counts), 1), max(found.counts, default=0) or 1
    end = many * found.width
    shapes = []
    for number, count in enumerate(found.counts):
        height = 100 * count / highest
        kind = " fn-plot-open" if found.is_open and number == many - 1 else ""
        shapes.append(
            f'<rect class="fn-plot-bar{kind}" x="{100 * number / many + 0.3:.2f}"'
            f' y="{100 - height:.2f}" width="{100 / many - 0.6:.2f}" height="{height:.2f}"/>'
        )
    for number, value in enumerate(lines):
        x = f"{min(100 * value / end, 100):.2f}"
        shapes.append(
            f'<line class="fn-plot-rule fn-plot-rule-{number}" x1="{x}" x2="{x}" y1="0" y2="100"/>'
        )
    return picture("fn-plot-histogram", "0 0 100 100", told, shapes)


def bar(share: float | None) -> str:
    """A share 0..1 of a line. It is for the eye alone: the number stands beside it."""
    width = 0.0 if share is None else 100 * min(max(share, 0.0), 1.0)
    return (
        '<svg class="fn-plot-share" viewBox="0 0 100 10" preserveAspectRatio="none"'
        ' aria-hidden="true" focusable="false"><rect class="fn-plot-rest" width="100" height="10"/>'
        f'<rect class="fn-plot-bar" width="{width:.2f}" height="10"/></svg>'
    )


def estimate(value: float, low: float, high: float) -> str:
    """A value 0..1 of a line as an upright stroke, and the interval around it as a band. It is for
    the eye alone: the numbers stand beside it."""
    at, start, end = (100 * min(max(each, 0.0), 1.0) for each in (value, low, high))
    return _line(
        "fn-plot-estimate",
        f'<rect class="fn-plot-bar" y="4.5" width="{at:.2f}" height="3"/>'
        f'<rect class="fn-plot-band" x="{start:.2f}" y="2" width="{end - start:.2f}" height="8"/>'
        f'<line class="fn-plot-rule" x1="{at:.2f}" x2="{at:.2f}" y1="0" y2="12"/>',
    )


def spread(middle: float, most: float) -> str:
    """Two shares 0..1 of a line: a bar up to `middle`, a thin one on to `most`. For the eye
    alone."""
    at, end = (100 * min(max(each, 0.0), 1.0) for each in (middle, most))
    return _line(
        "fn-plot-spread",
        f'<rect class="fn-plot-band" y="4" width="{end:.2f}" height="4"/>'
        f'<rect class="fn-plot-bar" y="1" width="{at:.2f}" height="10"/>'
        f'<line class="fn-plot-rule" x1="{end:.2f}" x2="{end:.2f}" y1="1" y2="11"/>',
    )


def _line(name: str, shapes: str) -> str:
    return (
        f'<svg class="{name}" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true"'
        f' focusable="false"><rect class="fn-plot-rest" y="4.5" width="100" height="3"/>{shapes}'
        "</svg>"
    )


def trend(values: Sequence[float | None], low: float, high: float, told: str) -> str:
    """One point for each value, oldest first, joined where neighbours have values."""
    span = (high - low) or 1.0
    places = [
        None if value is None else (_across(i, len(values)), TALL - TALL * (value - low) / span)
        for i, value in enumerate(values)
    ]
    shapes = [
        f'<line class="fn-plot-grid" x1="0" x2="{WIDE}" y1="{y}" y2="{y}"/>' for y in (0, TALL)
    ]
    path = _path(places)
    shapes += [f'<path class="fn-plot-line" d="{path}"/>'] if path else []
    known = [place for place in places if place]
    shapes += [
        f'<circle class="fn-plot-dot{" fn-plot-last" if place is known[-1] else ""}"'
        f' cx="{place[0]:.2f}" cy="{place[1]:.2f}" r="{4 if place is known[-1] else 2.4}"/>'
        for place in known
    ]
    return picture("fn-plot-trend", f"-6 -6 {WIDE + 12} {TALL + 12}", told, shapes, stretch=False)


def _across(number: int, count: int) -> float:
    return WIDE / 2 if count < 2 else WIDE * number / (count - 1)


def _path(places: Sequence[tuple[float, float] | None]) -> str:
    steps, down = [], False
    for place in places:
        if place:
            steps.append(f"{'L' if down else 'M'}{place[0]:.2f} {place[1]:.2f}")
        down = place is not None
    return " ".join(steps) if len(steps) > 1 else ""


def picture(name: str, box: str, told: str, shapes: Sequence[str], *, stretch: bool = True) -> str:
    """`shapes` in a box that is told in words to those who do not see it."""
    fit = ' preserveAspectRatio="none"' if stretch else ""
    return (
        f'<svg class="{name}" viewBox="{box}"{fit} role="img" focusable="false"'
        f' aria-label="{escape(told, quote=True)}">{"".join(shapes)}</svg>'
    )
