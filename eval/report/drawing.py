"""Draws a plot with matplotlib as SVG that stands inside an HTML page.

The SVG holds text as text, asks for nothing from outside and runs no script. Its colours are the
variables of the page's style sheet, so that it follows light and dark. The same numbers give the
same SVG. Without matplotlib, which the extra `eval` brings, there is none.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING, Literal
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from rag.settings import load_settings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# What the style sheet's variables stand for in a plot; the values only have to differ.
INK, SOFT, LINE, ACCENT = "#1f1d1a", "#5d5850", "#e2ded4", "#0b5a63"
GOOD, FAIR, BAD, CARD = "#1d6b3a", "#7a5200", "#a3262a", "#fffffe"
_VARIABLES = {
    INK: "var(--ink)",
    SOFT: "var(--soft)",
    LINE: "var(--line)",
    ACCENT: "var(--accent)",
    GOOD: "var(--good)",
    FAIR: "var(--fair)",
    BAD: "var(--bad)",
    CARD: "var(--card)",
}
WIDTH = 4.5  # inches of 72 units: text of 9 units is readable on a telephone
_STYLE = {
    "axes.axisbelow": True,
    "axes.edgecolor": LINE,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "none",
    "font.size": 9,
    "grid.color": LINE,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.labelcolor": SOFT,
    "xtick.major.size": 0,
    "ytick.labelcolor": SOFT,
    "ytick.major.size": 0,
}
_LOCK = Lock()  # the settings of matplotlib are those of the whole process


def is_available() -> bool:
    return find_spec("matplotlib") is not None


def draw(name: str, label: str, paint: Callable[[Axes], None], *, height: float = 3.4) -> str:
    """The plot that `paint` draws, `WIDTH` by `height` inches; empty without matplotlib.

    `name` is of letters and is the plot's alone on its page; `label` says in words what the plot
    shows, for those who do not see it.
    """
    if not is_available():
        return ""
    # Read when matplotlib is imported, for its cache of fonts.
    os.environ.setdefault("MPLCONFIGDIR", str(load_settings().cache_dir / "matplotlib"))
    from matplotlib import style
    from matplotlib.figure import Figure

    drawn = BytesIO()
    with (
        _LOCK,
        style.context(["default", _STYLE | {"svg.hashsalt": name}]),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # a font that lacks a letter: the browser chooses its own
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        axes = figure.add_subplot()
        paint(axes)
        if axes.get_legend_handles_labels()[0]:
            figure.legend(loc="outside upper left", ncols=2)
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    svg = ElementTree.fromstring(drawn.getvalue())  # noqa: S314  (of our own making)
    return _inline(svg, name, label)


def percent_axis(axes: Axes, which: Literal["x", "y"]) -> None:
    """Make the axis across, or up, go from 0 to 100 %."""
    from matplotlib.ticker import PercentFormatter

    axis = axes.xaxis if which == "x" else axes.yaxis
    (axes.set_xlim if which == "x" else axes.set_ylim)(-0.02, 1.02)
    axis.set_ticks([0, 0.25, 0.5, 0.75, 1])
    axis.set_major_formatter(PercentFormatter(1.0, decimals=0))


def count_axis(axes: Axes) -> None:
    """Make the axis up go in whole steps from 0."""
    from matplotlib.ticker import MaxNLocator

    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(bottom=0)


def _inline(svg: Element, name: str, label: str) -> str:
    """The drawing without what it needs only as a file of its own."""
    for parent in svg.iter():
        for child in list(parent):
            if _local(child.tag) in ("metadata", "style"):
                parent.remove(child)
    for element in svg.iter():
        element.tag = _local(element.tag)
        given = {_local(key): _value(each, name) for key, each in element.attrib.items()}
        if element.tag == "g":  # names of parts, which nothing refers to
            given.pop("id", None)
        if "id" in given:
            given["id"] = f"{name}-{given['id']}"
        element.attrib = given
    svg.attrib = {
        "class": "drawing",
        "viewBox": svg.get("viewBox", ""),
        "role": "img",
        "aria-label": label,
        "focusable": "false",
    }
    return ElementTree.tostring(svg, encoding="unicode")


def _local(name: str) -> str:
    """Without its namespace, which HTML does not write."""
    return name.rpartition("}")[2]


def _value(value: str, name: str) -> str:
    """An attribute with colours as variables, the page's own font, and references that lead to
    ids of this plot."""
    value = re.sub(r"#[0-9a-f]{6}\b", lambda found: _VARIABLES.get(found[0], found[0]), value)
    value = re.sub(r"^#|(?<=url\(#)", lambda found: f"{found[0]}{name}-", value)
    return re.sub(r"\bfont: ([\d.]+px)[^;]*|\bfont-family:[^;]*;?", _font_size, value)


def _font_size(found: re.Match[str]) -> str:
    return f"font-size: {found[1]}" if found[1] else ""
