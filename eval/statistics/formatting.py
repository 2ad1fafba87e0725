"""Statistics as text: with units, and intervals in brackets."""

from __future__ import annotations

from eval.metrics import Kind
from eval.statistics.aggregate import Statistic


def format_value(figure: Statistic, kind: Kind = "share") -> str:
    """``85.0%``, ``4.2 s``, ``0.04 s``, ``812``, ``0.02``, or ``n/a`` where nothing counted."""
    return "n/a" if figure.value is None else format_number(figure.value, kind)


def format_interval(figure: Statistic, kind: Kind = "share") -> str:
    """``[80.1%, 89.2%]``; empty where nothing was drawn, and where all that was drawn came out
    alike: that an interval has no width does not make the figure sure."""
    if figure.low is None or figure.high is None or figure.low == figure.high:
        return ""
    return f"[{format_number(figure.low, kind)}, {format_number(figure.high, kind)}]"


def format_number(number: float, kind: Kind) -> str:
    """A number of that kind, with its unit."""
    match kind:
        case "share":
            return f"{number:.1%}"
        case "seconds":
            return f"{number:.{1 if number >= 1 else 2}f} s"
        case "tokens":
            return f"{number:,.0f}"
        case "count":
            return f"{number:.{1 if number >= 10 else 2}f}"
