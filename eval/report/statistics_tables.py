"""How do the figures of a run look in the report?

Pure. Beside each picture stand its numbers, which are all that a person needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from eval.metrics import STAGES, Kind, stage_metric
from eval.report import svg as plots
from eval.report.html_text import capitalise, count_of, escape_text
from eval.runs.results import CaseRecord
from eval.statistics.aggregate import GROUPS, KINDS, LABELS, Statistic, statistics_by_tag
from eval.statistics.clusters import UNIT_NAMES, ClusterUnit
from eval.statistics.formatting import format_interval, format_value

MAIN = {
    "answer_right": "answered right",
    "declined_rightly": "declined where there is no answer",
    "claims_supported": "sentences supported",
    "seconds_p50": "a question (median)",
}
_STAGES = frozenset(map(stage_metric, STAGES))  # no run goes through all of them
NOTES = {
    "Citations": "Quoting everything raises the scores of citations: read them with the words an"
    " answer.",
}


def statistics_section(told: Mapping[str, Statistic], unit: ClusterUnit | None) -> str:
    """The main figures large, then all by their groups. `unit` is what intervals were drawn
    over."""
    tiles = "".join(
        f'<div class="tile"><p class="value">{format_value(told[name], KINDS[name])}</p>'
        f"<p>{label}</p>"
        f"{_drawn(told[name], _scale(name, told)) if told[name].low is not None else ''}"
        f'<p class="quiet">{_of_tile(told[name], KINDS[name])}</p></div>'
        for name, label in MAIN.items()
    )
    bodies = "".join(_group(group, names, told) for group, names in GROUPS.items())
    return (
        '<section aria-labelledby="figures"><h2 id="figures">Figures</h2>'
        f'<div class="tiles">{tiles}</div><p class="quiet note">{_note(told, unit)}</p>'
        f"{_table('Figure', 'Value', bodies)}</section>"
    )


def _group(group: str, names: Iterable[str], told: Mapping[str, Statistic]) -> str:
    shown = [name for name in names if told[name].n or name not in _STAGES]
    rows = [
        _row(capitalise(LABELS[name]), told[name], KINDS[name], _scale(name, told))
        for name in shown
    ]
    note = f" <span>{NOTES[group]}</span>" if group in NOTES else ""
    return _body(rows, f"{group}{note}")


def _scale(name: str, told: Mapping[str, Statistic]) -> float:
    """What the end of a bar's line stands for: the largest of its kind, a count's own."""
    kind = KINDS[name]
    if kind == "share":
        return 1.0
    alike = [name] if kind == "count" else [each for each in told if KINDS.get(each) == kind]
    return max((max(told[each].value or 0.0, told[each].high or 0.0) for each in alike), default=0)


def _note(told: Mapping[str, Statistic], unit: ClusterUnit | None) -> str:
    """What the brackets, bands and lines are, in words."""
    drawn = (
        f"drawn by bootstrap with each {UNIT_NAMES[unit]} as a unit, because questions about the"
        f" same {UNIT_NAMES[unit]} stand or fall together"
        if unit
        else "drawn by bootstrap; what their units are was not kept"
    )
    drawn_at_all = any(each.low is not None for each in told.values())
    intervals = (
        f"Brackets and bands are 95 % intervals, {drawn}. There is none where all cases came out"
        " alike, nor for a median or a percentile. "
        if drawn_at_all
        else ""
    )
    return (
        f"{intervals}Beside each figure stands how many cases were scored; a case to"
        " which it does not apply is not among them. Lines end at 100 %, for times and tokens at"
        " the largest of them, for a count at its own end."
    )


def tag_section(entries: Sequence[CaseRecord], ids: Mapping[str, str]) -> str:
    """How each kind of question came out. `ids` gives the place to which a tag's name leads."""
    rows = [
        _row(f'<a href="#{ids[tag]}">{escape_text(tag)}</a>', figure, "share", 1.0)
        for tag, figure in statistics_by_tag([entry.row for entry in entries]).items()
    ]
    if not rows:
        return ""
    return (
        '<section aria-labelledby="kinds"><h2 id="kinds">By kind of question</h2>'
        f"{_table('Kind', 'As it should be', _body(rows))}</section>"
    )


def _row(name: str, figure: Statistic, kind: Kind, scale: float) -> str:
    """A figure with its bar and interval; `name` is HTML."""
    between = format_interval(figure, kind)
    units = f'<span class="units">in {figure.clusters:,} units</span>' if between else ""
    return (
        f'<tr><th scope="row">{name}</th><td class="bar">{_drawn(figure, scale)}</td>'
        f'<td class="number">{format_value(figure, kind)}</td><td class="interval">{between}</td>'
        f'<td class="quiet">{_of(figure)} {units}</td></tr>'
    )


def _drawn(figure: Statistic, scale: float) -> str:
    if figure.value is None:
        return ""
    ends = (figure.value, figure.value) if figure.low is None else (figure.low, figure.high or 0.0)
    return plots.estimate(*(each / (scale or 1.0) for each in (figure.value, *ends)))


def _body(rows: Iterable[str], title: str = "") -> str:
    head = f'<tr class="head"><th scope="rowgroup" colspan="5">{title}</th></tr>' if title else ""
    return f"<tbody>{head}{''.join(rows)}</tbody>"


def _table(what: str, measure: str, bodies: str) -> str:
    return (
        f'<table class="figures"><thead><tr><th scope="col">{what}</th><td class="bar"></td>'
        f'<th scope="col" class="number">{measure}</th>'
        '<th scope="col" class="interval">95 % interval</th><th scope="col" class="quiet">Of</th>'
        f"</tr></thead>{bodies}</table>"
    )


def _of_tile(figure: Statistic, kind: Kind) -> str:
    between = format_interval(figure, kind)
    of = _of(figure) if figure.good is not None else f"of {count_of(figure.n, 'question')}"
    return f'{of} <span class="interval">{between}</span>' if between else of


def _of(figure: Statistic) -> str:
    if not figure.n:
        return "not scored"
    return f"n {figure.n:,}" if figure.good is None else f"{figure.good:,} of {figure.n:,}"
