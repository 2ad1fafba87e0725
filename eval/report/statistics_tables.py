"""The statistics of a run in its report: the main ones large, then all as tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from eval.metrics import STAGES, Kind, stage_metric
from eval.report.html_text import capitalise, escape_text
from eval.runs.results import CaseRecord
from eval.statistics.aggregate import GROUPS, KINDS, LABELS, Statistic, statistics_by_tag
from eval.statistics.clusters import UNIT_NAMES, ClusterUnit
from eval.statistics.formatting import format_interval, format_value
from eval.text_format import count_of

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


def statistics_section(statistics: Mapping[str, Statistic], unit: ClusterUnit | None) -> str:
    """The main statistics large, then all by their groups. `unit` is what intervals were drawn
    over."""
    tiles = "".join(_tile(statistics[name], KINDS[name], label) for name, label in MAIN.items())
    bodies = "".join(_group(group, names, statistics) for group, names in GROUPS.items())
    return (
        '<section aria-labelledby="figures"><h2 id="figures">Figures</h2>'
        f'<div class="tiles">{tiles}</div><p class="quiet note">{_note(statistics, unit)}</p>'
        f"{_table('Figure', 'Value', bodies)}</section>"
    )


def tag_section(records: Sequence[CaseRecord], ids: Mapping[str, str]) -> str:
    """How each kind of question came out. `ids` gives the place to which a tag's name leads."""
    rows = [
        _row(f'<a href="#{ids[tag]}">{escape_text(tag)}</a>', statistic, "share")
        for tag, statistic in statistics_by_tag([record.result for record in records]).items()
    ]
    if not rows:
        return ""
    return (
        '<section aria-labelledby="kinds"><h2 id="kinds">By kind of question</h2>'
        f"{_table('Kind', 'As it should be', _body(rows))}</section>"
    )


def _tile(statistic: Statistic, kind: Kind, label: str) -> str:
    between = format_interval(statistic, kind)
    of = f"of {count_of(statistic.n, 'question')}" if statistic.good is None else _of(statistic)
    interval = f' <span class="interval">{between}</span>' if between else ""
    return (
        f'<div class="tile"><p class="value">{format_value(statistic, kind)}</p><p>{label}</p>'
        f'<p class="quiet">{of}{interval}</p></div>'
    )


def _group(group: str, names: Iterable[str], statistics: Mapping[str, Statistic]) -> str:
    shown = [name for name in names if statistics[name].n or name not in _STAGES]
    rows = [_row(capitalise(LABELS[name]), statistics[name], KINDS[name]) for name in shown]
    note = f" <span>{NOTES[group]}</span>" if group in NOTES else ""
    return _body(rows, f"{group}{note}")


def _note(statistics: Mapping[str, Statistic], unit: ClusterUnit | None) -> str:
    """What the brackets and the last column are, in words."""
    drawn = (
        f"drawn by bootstrap with each {UNIT_NAMES[unit]} as a unit, because questions about the"
        f" same {UNIT_NAMES[unit]} stand or fall together"
        if unit
        else "drawn by bootstrap; what their units are was not kept"
    )
    has_intervals = any(each.low is not None for each in statistics.values())
    intervals = (
        f"Brackets are 95 % intervals, {drawn}. There is none where all cases came out"
        " alike, nor for a median or a percentile. "
        if has_intervals
        else ""
    )
    return (
        f"{intervals}Beside each figure stands how many cases were scored; a case to"
        " which it does not apply is not among them."
    )


def _row(name: str, statistic: Statistic, kind: Kind) -> str:
    """A statistic with its interval; `name` is HTML."""
    between = format_interval(statistic, kind)
    units = f'<span class="units">in {statistic.clusters:,} units</span>' if between else ""
    return (
        f'<tr><th scope="row">{name}</th><td class="number">{format_value(statistic, kind)}</td>'
        f'<td class="interval">{between}</td><td class="quiet">{_of(statistic)} {units}</td></tr>'
    )


def _body(rows: Iterable[str], title: str = "") -> str:
    head = f'<tr class="head"><th scope="rowgroup" colspan="4">{title}</th></tr>' if title else ""
    return f"<tbody>{head}{''.join(rows)}</tbody>"


def _table(what: str, measure: str, bodies: str) -> str:
    return (
        f'<table class="figures"><thead><tr><th scope="col">{what}</th>'
        f'<th scope="col" class="number">{measure}</th>'
        '<th scope="col" class="interval">95 % interval</th><th scope="col" class="quiet">Of</th>'
        f"</tr></thead>{bodies}</table>"
    )


def _of(statistic: Statistic) -> str:
    if not statistic.n:
        return "not scored"
    if statistic.good is None:
        return f"n {statistic.n:,}"
    return f"{statistic.good:,} of {statistic.n:,}"
