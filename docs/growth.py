"""Draws docs/images/growth.svg from the table of "How cost grows" in docs/evaluation.md.

Run it after a change of that table: ``python docs/growth.py``. Needs the extra `eval`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import ceil, floor, log10
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, StrMethodFormatter

DOCS = Path(__file__).parent
HEADING = "### How cost grows"
PANELS = {
    "ms of the processor, a question": ("words", "vectors", "whole", "whole, a tenth"),
    "MB in memory": ("memory",),
    "MB on disk": ("disk: texts, words", "disk: vectors", "disk, Postgres"),
}
STYLE = {"svg.fonttype": "none", "svg.hashsalt": "growth", "font.size": 9}


def read_table() -> dict[str, dict[int, float]]:
    """The figures of each line by the number of chunks; empty cells are left out."""
    section = (DOCS / "evaluation.md").read_text("utf-8").split(f"{HEADING}\n")[1]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section.split("\n#")[0].splitlines()
        if line.startswith("|")
    ]
    sizes = [int(re.sub(r"\D", "", cell)) for cell in rows[0][1:]]
    return {
        name: {size: float(cell) for size, cell in zip(sizes, cells, strict=True) if cell}
        for name, *cells in rows[2:]
    }


def draw(axes: Axes, title: str, lines: Mapping[str, Mapping[int, float]]) -> None:
    for name, figures in lines.items():
        axes.plot(list(figures), list(figures.values()), "o-", label=name)
    axes.set_title(title, fontsize=9)
    axes.set_xlabel("chunks")
    axes.set_xscale("log")
    axes.set_yscale("log")
    every = [value for figures in lines.values() for value in figures.values()]
    axes.set_ylim(10 ** floor(log10(min(every))), 10 ** ceil(log10(max(every))))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(StrMethodFormatter("{x:,.9g}"))
        axis.set_minor_formatter(NullFormatter())
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, fontsize=8)


def main() -> None:
    table = read_table()
    with rc_context(STYLE):
        figure = Figure(figsize=(10, 3.4), layout="constrained", facecolor="white")
        for axes, (title, names) in zip(figure.subplots(1, 3), PANELS.items(), strict=True):
            draw(axes, title, {name: table[name] for name in names})
        figure.savefig(DOCS / "images" / "growth.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
