"""HTML of the past runs of the evals.

Figures are set side by side only where the same questions were asked of the same articles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from math import ceil, floor
from typing import Literal
from urllib.parse import quote

from eval.runs.listing import Run
from eval.runs.summary import Summary
from eval.statistics.aggregate import KINDS, Statistic
from eval.statistics.formatting import format_value
from ui.safe_text import one_line
from ui.translation import format_day, format_number, to_translate, translate, translate_count
from ui.views.trend_line import draw_trend

_COMMAND = "<code>footnote eval</code>"
_RUN, _MODEL, _QUESTIONS = to_translate("Run"), to_translate("Model"), to_translate("Questions")
_CHANGES = {  # by whether the figure is a share, and whether it got better
    (True, True): to_translate("{size} points better"),
    (True, False): to_translate("{size} points worse"),
    (False, True): to_translate("{size} s faster"),
    (False, False): to_translate("{size} s slower"),
}
MAX_ROWS = 100
MAX_POINTS = 30
MAX_TRENDS = 3


@dataclass(frozen=True, slots=True)
class MainFigure:
    """A figure that stands in the trend and in the list of runs."""

    name: str
    title: str
    better: Literal["up", "down"] = "up"
    is_share: bool = True


MAIN_FIGURES = (
    MainFigure("answer_right", to_translate("Answerable: right")),
    MainFigure("declined_rightly", to_translate("Unanswerable: declined")),
    MainFigure("claims_supported", to_translate("Sentences supported")),
    MainFigure("seconds_p50", to_translate("Median time a question"), "down", is_share=False),
)


def render_tab(runs: Sequence[Run]) -> str:
    """The whole tab. `runs` come newest first, as `eval.runs.listing.list_runs` gives them."""
    if not runs:
        none = translate(
            "No run yet. {command} asks questions whose answers are known, of the embedded "
            "articles, and keeps what came of each; the run then stands here, with its report.",
            command=_COMMAND,
        )
        return (
            f'<section class="fn-evals"><h2>{translate("Evals")}</h2>'
            f'<p class="fn-evals-empty">{none}</p></section>'
        )
    lead = translate(
        "A run asks questions whose answers are known. {command} makes a new one.",
        command=_COMMAND,
    )
    trends = "".join(map(_trends, _groups(runs)[:MAX_TRENDS]))
    return (
        f'<section class="fn-evals"><h2>{translate("Evals")}</h2><p class="fn-evals-lead">{lead}'
        f"</p>{trends}<h3>{translate('All runs')}</h3>{_table(runs[:MAX_ROWS])}"
        f"{_older(len(runs) - MAX_ROWS)}</section>"
    )


def _older(number: int) -> str:
    if number <= 0:
        return ""
    says = translate_count(
        number,
        "{n} older run is kept and not shown.",
        "{n} older runs are kept and not shown.",
    )
    return f'<p class="fn-evals-lead">{says}</p>'


# --- the trend --------------------------------------------------------------------------------


def _groups(runs: Sequence[Run]) -> list[list[Summary]]:
    """Finished runs that compare, oldest first; the group of the newest run first, and those with
    a single run only if there is no other."""
    found: dict[tuple[str, str], list[Summary]] = {}
    for run in runs:
        if run.summary and run.summary.cases:
            key = (run.summary.cases_digest, run.summary.corpus_digest)
            found.setdefault(key, []).insert(0, run.summary)
    groups = [group[-MAX_POINTS:] for group in found.values()]
    return [group for group in groups if len(group) > 1] or groups[:1]


def _trends(group: Sequence[Summary]) -> str:
    last = group[-1]
    title = translate_count(
        last.cases,
        "{n} question of {file}",
        "{n} questions of {file}",
        file=one_line(last.cases_file, 60),
    )
    over = translate_count(len(group), "{n} run", "{n} runs")
    if len(group) == 1:
        over = translate("one run; the trend needs a second")
    multiples = "".join(_multiple(main, group) for main in MAIN_FIGURES)
    return (
        f'<section class="fn-evals-trend"><h3>{escape(title)} <small>{over}, '
        f"{_span(group)}</small></h3>"
        f'<div class="fn-evals-multiples">{multiples}</div></section>'
    )


def _span(group: Sequence[Summary]) -> str:
    first, last = _day(group[0].started), _day(group[-1].started)
    return first if first == last else translate("{first} to {last}", first=first, last=last)


def _multiple(main: MainFigure, group: Sequence[Summary]) -> str:
    figures = [summary.figures[main.name] for summary in group]
    values = [figure.value for figure in figures]
    low, high = _axis(main, [each for each in values if each is not None])
    shown = [format_value(figure, KINDS[main.name]) for figure in figures]
    title = translate(main.title)
    label = translate("{title}, run by run: {figures}.", title=title, figures=", ".join(shown))
    return (
        f'<figure class="fn-evals-multiple"><figcaption>{title}</figcaption>'
        f'<p class="fn-evals-value">{shown[-1]}</p>{_change(main, values)}'
        f'<div class="fn-evals-plot">{draw_trend(values, low, high, label)}'
        f'<span class="fn-evals-high">{_edge(main, high)}</span>'
        f'<span class="fn-evals-low">{_edge(main, low)}</span></div></figure>'
    )


def _axis(main: MainFigure, values: Sequence[float]) -> tuple[float, float]:
    """Round ends that hold every value: tenths of a share, two at least; seconds from 0."""
    if not main.is_share:
        return 0.0, float(ceil(max(values, default=0.0))) or 1.0
    high = max(2, ceil(max(values, default=1.0) * 10 - 1e-9))
    low = min(floor(min(values, default=0.0) * 10 + 1e-9), high - 2)
    return low / 10, high / 10


def _edge(main: MainFigure, end: float) -> str:
    return f"{end:.0%}" if main.is_share else f"{end:g} s"


def _change(main: MainFigure, values: Sequence[float | None]) -> str:
    """What is different from the run before: by shape, in words, and by colour."""
    if len(values) < 2 or values[-1] is None or values[-2] is None:
        return f'<p class="fn-evals-change">{translate("nothing to compare with")}</p>'
    change = values[-1] - values[-2]
    size = f"{abs(100 * change if main.is_share else change):.1f}"
    if size == "0.0":
        return f'<p class="fn-evals-change">{translate("as in the run before")}</p>'
    is_better = (change > 0) == (main.better == "up")
    kind, mark = "good" if is_better else "bad", "▲" if change > 0 else "▼"
    words = translate(_CHANGES[main.is_share, is_better], size=size)
    return (
        f'<p class="fn-evals-change fn-evals-{kind}"><span aria-hidden="true">{mark}</span> '
        f"{words}</p>"
    )


# --- the list ---------------------------------------------------------------------------------


def _table(runs: Sequence[Run]) -> str:
    """Roles are written out, since on a phone the rows are laid out as cards."""
    titles = [translate(each) for each in (_RUN, _MODEL, _QUESTIONS)]
    titles += [translate(main.title) for main in MAIN_FIGURES]
    heads = "".join(f'<th role="columnheader" scope="col">{title}</th>' for title in titles)
    label = translate("Runs, newest first")
    return (
        f'<table class="fn-evals-runs" role="table" aria-label="{label}">'
        f'<thead role="rowgroup"><tr role="row">{heads}</tr></thead>'
        f'<tbody role="rowgroup">{"".join(map(_row, runs))}</tbody></table>'
    )


def _row(run: Run) -> str:
    figures, state = _known(run)
    facts = {
        _MODEL: one_line(run.summary.model, 60) if run.summary else "–",
        _QUESTIONS: format_number(figures["errors"].n),
        **{main.title: format_value(figures[main.name], KINDS[main.name]) for main in MAIN_FIGURES},
    }
    cells = "".join(
        f'<td role="cell" data-label="{translate(title)}">{escape(fact)}</td>'
        for title, fact in facts.items()
    )
    return (
        f'<tr role="row"><td role="cell" class="fn-evals-name">{_link(run)}{state}</td>{cells}</tr>'
    )


def _known(run: Run) -> tuple[Mapping[str, Statistic], str]:
    """The figures, and a note on a run that has no usable summary."""
    if run.summary:
        return run.summary.figures, ""
    results = run.results()
    unfinished = translate("Unfinished.")
    if results.entries:
        unfinished = translate("Unfinished: the questions so far.")
    faults = [run.fault or unfinished, *results.faults[:1]]
    note = " ".join(one_line(fault, 200) for fault in faults)
    return results.figures(intervals=False), f'<span class="fn-evals-fault">{escape(note)}</span>'


def _link(run: Run) -> str:
    """The run's date, which opens its report; and its name where that is not the date."""
    when = f"{_day(run.started)}, {run.started.astimezone(UTC):%H:%M}"
    try:
        address = quote(run.name, safe="")
    except UnicodeEncodeError:  # not text, so no address leads to it
        return f"<span>{when}</span>"
    name = "" if run.is_named_by_time else f" <span>{escape(one_line(run.name, 60))}</span>"
    return (
        f'<a class="fn-evals-open" data-act="run" data-run="{escape(run.name, quote=True)}"'
        f' href="evals/{address}" target="_blank" rel="noopener">{when}</a>{name}'
    )


def _day(when: datetime) -> str:
    """``22 Nov 2026``, UTC."""
    return format_day(when.astimezone(UTC).date(), to_translate("d MMM y"))
