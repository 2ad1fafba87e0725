"""How do the times of a run look in the report?

Pure. Stages are named by files: their names pass `escape_text`.
"""

from __future__ import annotations

from collections.abc import Sequence

from eval.report import svg as plots
from eval.report.html_text import count_of, escape_text
from eval.report.plot_data import stages
from eval.runs.results import CaseRecord
from eval.statistics.aggregate import quantile
from eval.statistics.formatting import format_number


def time_section(entries: Sequence[CaseRecord]) -> str:
    """How long a question took, and which stage took how much of it."""
    seconds = [entry.row.seconds for entry in entries]
    p50, p95 = quantile(seconds, 0.5), quantile(seconds, 0.95)
    if p50 is None or p95 is None:
        return ""
    found = plots.bins(seconds)
    words = "; ".join(
        f"{count_of(count, 'question')} {found.edges(number)} s"
        for number, count in enumerate(found.counts)
        if count
    )
    picture = plots.histogram(found, f"Seconds a question: {words}.", (p50, p95))
    last = (len(found.counts) - found.is_open) * found.width
    return (
        '<section aria-labelledby="time"><h2 id="time">Time</h2><figure>'
        f'<div class="plot">{picture}</div><div class="axis" aria-hidden="true"><span>0 s</span>'
        f"<span>{last:g} s{' and more' if found.is_open else ''}</span></div>"
        f"<figcaption>Questions by seconds; the highest bar is {max(found.counts):,}."
        f' <span class="key key-0">median {format_number(p50, "seconds")}</span>'
        f' <span class="key key-1">95th percentile {format_number(p95, "seconds")}</span>'
        f" Slowest {format_number(max(seconds), 'seconds')}.</figcaption></figure>"
        f"{_stages(entries)}</section>"
    )


def _stages(entries: Sequence[CaseRecord]) -> str:
    """The median and the 95th percentile of each stage, over the answers that went through it."""
    found = stages(entries)
    if not found:
        return ""
    longest = max(stage.p95 for stage in found.values()) or 1.0
    rows = "".join(
        f'<tr><th scope="row">{escape_text(name)}</th>'
        f'<td class="bar">{plots.spread(each.p50 / longest, each.p95 / longest)}</td>'
        f'<td class="number">{format_number(each.p50, "seconds")}</td>'
        f'<td class="number">{format_number(each.p95, "seconds")}</td>'
        f'<td class="quiet">n {each.n:,}</td></tr>'
        for name, each in found.items()
    )
    return (
        '<table class="stages"><thead><tr><th scope="col">Stage</th><td class="bar"></td>'
        '<th scope="col" class="number">Median</th><th scope="col" class="number">95 % within</th>'
        f'<th scope="col" class="quiet">Of</th></tr></thead><tbody>{rows}</tbody></table>'
    )
