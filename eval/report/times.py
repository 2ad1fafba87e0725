"""How do the times of a run look in the report?

Pure. Stages are named by files: their names pass `said`.
"""

from __future__ import annotations

from collections.abc import Sequence

from eval.figures import quantile, told
from eval.kept.entries import Entry
from eval.report import svg as plots
from eval.report.curves import stages
from eval.report.text import counted, said


def times(entries: Sequence[Entry]) -> str:
    """How long a question took, and which stage took how much of it."""
    seconds = [entry.row.seconds for entry in entries]
    p50, p95 = quantile(seconds, 0.5), quantile(seconds, 0.95)
    if p50 is None or p95 is None:
        return ""
    found = plots.bins(seconds)
    words = "; ".join(
        f"{counted(count, 'question')} {found.edges(number)} s"
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
        f' <span class="key key-0">median {told(p50, "seconds")}</span>'
        f' <span class="key key-1">95th percentile {told(p95, "seconds")}</span>'
        f" Slowest {told(max(seconds), 'seconds')}.</figcaption></figure>{_stages(entries)}"
        "</section>"
    )


def _stages(entries: Sequence[Entry]) -> str:
    """The median and the 95th percentile of each stage, over the answers that went through it."""
    found = stages(entries)
    if not found:
        return ""
    longest = max(stage.p95 for stage in found.values()) or 1.0
    rows = "".join(
        f'<tr><th scope="row">{said(name)}</th>'
        f'<td class="bar">{plots.spread(each.p50 / longest, each.p95 / longest)}</td>'
        f'<td class="number">{told(each.p50, "seconds")}</td>'
        f'<td class="number">{told(each.p95, "seconds")}</td>'
        f'<td class="quiet">n {each.n:,}</td></tr>'
        for name, each in found.items()
    )
    return (
        '<table class="stages"><thead><tr><th scope="col">Stage</th><td class="bar"></td>'
        '<th scope="col" class="number">Median</th><th scope="col" class="number">95 % within</th>'
        f'<th scope="col" class="quiet">Of</th></tr></thead><tbody>{rows}</tbody></table>'
    )
