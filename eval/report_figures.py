"""How do the figures of a run look in the report?

Pure. Beside each picture stand its numbers, which are all that a person needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite

from eval import plots
from eval.entries import Entry
from eval.figures import KINDS, LABELS, NAMES, Figure, by_tag, quantile, value
from eval.metrics import Kind
from eval.report_cases import said

_Told = tuple[str, float | None, Figure, Kind]
MAIN = {
    "answer_right": "answered right",
    "declined_rightly": "declined where there is no answer",
    "claims_supported": "sentences supported",
    "seconds_p50": "a question (median)",
}


def counted(number: int, noun: str) -> str:
    """``1 question``, ``2 questions``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def figures(told: Mapping[str, Figure]) -> str:
    """The main figures large, the others in a table."""
    tiles = "".join(
        f'<div class="tile"><p class="value">{value(told[name], KINDS[name])}</p><p>{label}</p>'
        f'<p class="quiet">{_of_tile(told[name])}</p></div>'
        for name, label in MAIN.items()
    )
    rest = (
        (f"{LABELS[name][:1].upper()}{LABELS[name][1:]}", None, told[name], KINDS[name])
        for name in NAMES
        if name not in MAIN
    )
    return (
        '<section aria-labelledby="figures"><h2 id="figures">Figures</h2>'
        f'<div class="tiles">{tiles}</div>{_table("Figure", "Value", rest)}</section>'
    )


def tags(entries: Sequence[Entry], ids: Mapping[str, str]) -> str:
    """How each kind of question came out. `ids` gives the place to which a tag's name leads."""
    rows: list[_Told] = [
        (f'<a href="#{ids[tag]}">{said(tag)}</a>', figure.value, figure, "share")
        for tag, figure in by_tag([entry.row for entry in entries], intervals=False).items()
    ]
    if not rows:
        return ""
    return (
        '<section aria-labelledby="kinds"><h2 id="kinds">By kind of question</h2>'
        f"{_table('Kind', 'As it should be', rows)}</section>"
    )


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
        f' <span class="key key-0">median {p50:.1f} s</span>'
        f' <span class="key key-1">95th percentile {p95:.1f} s</span>'
        f" Slowest {max(seconds):.1f} s.</figcaption></figure>{_stages(entries)}</section>"
    )


def _stages(entries: Sequence[Entry]) -> str:
    """The median of each stage, over the answers that went through it."""
    stages: dict[str, list[float]] = {}
    for entry in entries:
        for stage, passed in entry.answer.timings.items() if entry.answer else ():
            if isfinite(passed):
                stages.setdefault(stage, []).append(passed)
    middles = {
        stage: Figure(quantile(passed, 0.5), len(passed)) for stage, passed in stages.items()
    }
    longest = max((figure.value or 0.0 for figure in middles.values()), default=0.0) or 1.0
    rows: list[_Told] = [
        (said(stage), (figure.value or 0.0) / longest, figure, "seconds")
        for stage, figure in middles.items()
    ]
    return _table("Stage", "Median", rows) if rows else ""


def _table(what: str, measure: str, rows: Iterable[_Told]) -> str:
    """Rows of a name (HTML), the share that a bar shows, or none for no bar, and a figure with
    its kind."""
    told = "".join(
        f'<tr><th scope="row">{name}</th><td class="number">'
        f"{'' if share is None else plots.bar(share)}{value(figure, kind)}</td>"
        f'<td class="quiet">{_of(figure)}</td></tr>'
        for name, share, figure, kind in rows
    )
    return (
        f'<table><thead><tr><th scope="col">{what}</th>'
        f'<th scope="col" class="number">{measure}</th><th scope="col" class="quiet">Of</th></tr>'
        f"</thead><tbody>{told}</tbody></table>"
    )


def _of_tile(figure: Figure) -> str:
    return _of(figure) if figure.good is not None else f"of {counted(figure.n, 'question')}"


def _of(figure: Figure) -> str:
    if not figure.n:
        return "nothing"
    return f"{figure.n:,}" if figure.good is None else f"{figure.good:,} of {figure.n:,}"
