"""Draws a few values as a line, as inline SVG for the list of eval runs.

The report of a run draws its plots with matplotlib; this page does without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT, MARGIN = 200, 60, 6

Place = tuple[float, float]


def draw_trend(values: Sequence[float | None], low: float, high: float, label: str) -> str:
    """A point for each value, oldest first, between `low` and `high`; neighbours that have values
    are joined. `label` says the same in words."""
    span = (high - low) or 1.0
    places = [
        None if value is None else (_across(i, len(values)), HEIGHT - HEIGHT * (value - low) / span)
        for i, value in enumerate(values)
    ]
    grid = "".join(
        f'<line class="fn-plot-grid" x1="0" x2="{WIDTH}" y1="{y}" y2="{y}"/>' for y in (0, HEIGHT)
    )
    known = [place for place in places if place]
    path = _path(places) if len(known) > 1 else ""
    line = f'<path class="fn-plot-line" d="{path}"/>' if path else ""
    dots = "".join(_dot(place, is_last=place is known[-1]) for place in known)
    box = f"{-MARGIN} {-MARGIN} {WIDTH + 2 * MARGIN} {HEIGHT + 2 * MARGIN}"
    return (
        f'<svg class="fn-plot-trend" viewBox="{box}" role="img" focusable="false"'
        f' aria-label="{escape(label, quote=True)}">{grid}{line}{dots}</svg>'
    )


def _across(number: int, count: int) -> float:
    return WIDTH / 2 if count < 2 else WIDTH * number / (count - 1)


def _path(places: Sequence[Place | None]) -> str:
    steps, is_drawing = [], False
    for place in places:
        if place:
            steps.append(f"{'L' if is_drawing else 'M'}{place[0]:.2f} {place[1]:.2f}")
        is_drawing = place is not None
    return " ".join(steps)


def _dot(place: Place, *, is_last: bool) -> str:
    name, radius = ("fn-plot-dot fn-plot-last", 4) if is_last else ("fn-plot-dot", 2.4)
    return f'<circle class="{name}" cx="{place[0]:.2f}" cy="{place[1]:.2f}" r="{radius}"/>'
