"""The times of a run in its report: of whole questions, and of each stage.

Stages are named by files: their names pass `escape_text`, and only known ones are drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from eval.metrics import STAGES
from eval.report.drawing import ACCENT, INK, count_axis, draw
from eval.report.html_text import escape_text
from eval.report.plot_data import stages
from eval.runs.results import CaseRecord
from eval.statistics.aggregate import quantile
from eval.statistics.formatting import format_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = 16
FAR = 1.5  # times the 95th percentile: whatever took longer stands in the last column


def time_section(entries: Sequence[CaseRecord]) -> str:
    """How long a question took, and which stage took how much of it."""
    seconds = [entry.result.seconds for entry in entries]
    p50, p95 = quantile(seconds, 0.5), quantile(seconds, 0.95)
    if p50 is None or p95 is None:
        return ""
    end = min(max(seconds), FAR * p95) or 1.0

    def paint(axes: Axes) -> None:
        axes.hist(
            [min(each, end) for each in seconds],
            bins=COLUMNS,
            range=(0, end),
            color=ACCENT,
            alpha=0.6,
        )
        axes.axvline(p50, color=INK, label="median")
        axes.axvline(p95, color=INK, linestyle=":", label="95th percentile")
        axes.set(xlabel="seconds a question", ylabel="questions")
        count_axis(axes)

    words = (
        f"median {format_number(p50, 'seconds')}, 95th percentile {format_number(p95, 'seconds')},"
        f" slowest {format_number(max(seconds), 'seconds')}"
    )
    beyond = " The last column holds whatever took longer." if max(seconds) > end else ""
    plot = draw("seconds", f"Questions by seconds: {words}.", paint, height=2.6)
    return (
        '<section aria-labelledby="time"><h2 id="time">Time</h2><div class="plates">'
        f'<figure class="plate">{plot}<figcaption>A question: {words}.{beyond}</figcaption>'
        f"</figure>{_stages(entries)}</div></section>"
    )


def _stages(entries: Sequence[CaseRecord]) -> str:
    """The median and the 95th percentile of each stage, over the answers that went through it."""
    found = stages(entries)
    if not found:
        return ""
    known = [stage for stage in STAGES if stage in found]

    def paint(axes: Axes) -> None:
        axes.barh(known, [found[stage].p95 for stage in known], 0.3, color=ACCENT, alpha=0.4)
        axes.barh(known, [found[stage].p50 for stage in known], 0.7, color=ACCENT)
        axes.invert_yaxis()
        axes.grid(visible=False)
        axes.set(xlabel="seconds: median, and as a thin bar the 95th percentile")

    words = "; ".join(f"{stage} {format_number(found[stage].p50, 'seconds')}" for stage in known)
    plot = draw("stages", f"Median seconds of each stage. {words}.", paint) if known else ""
    rows = "".join(
        f'<tr><th scope="row">{escape_text(name)}</th>'
        f'<td class="number">{format_number(each.p50, "seconds")}</td>'
        f'<td class="number">{format_number(each.p95, "seconds")}</td>'
        f'<td class="quiet">n {each.n:,}</td></tr>'
        for name, each in found.items()
    )
    return (
        f'<figure class="plate">{plot}<table class="stages"><thead><tr><th scope="col">Stage</th>'
        '<th scope="col" class="number">Median</th><th scope="col" class="number">95 % within</th>'
        f'<th scope="col" class="quiet">Of</th></tr></thead><tbody>{rows}</tbody></table></figure>'
    )
