"""The report of a run: one HTML page that contains all it needs.

Pure: a run becomes one HTML document that holds all it needs. It asks for nothing from anywhere,
runs no script, and is filtered by links alone: a link's target decides which cases show.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from eval.report import cases as report_cases
from eval.report import plots as report_plots
from eval.report import statistics_tables as report_figures
from eval.report import times as report_times
from eval.report.filters import Filters
from eval.report.html_text import escape_text
from eval.runs.listing import Results, Run
from eval.runs.results import CaseRecord
from eval.runs.summary import Summary
from eval.statistics.clusters import ClusterUnit
from eval.text_format import count_of

STYLE = Path(__file__).with_suffix(".css")
PARTS = {  # by the id of their headings
    "figures": "Figures",
    "kinds": "Kinds of question",
    "plots": "Plots",
    "time": "Time",
    "cases": "Questions",
}
SHOWN = 5  # messages of errors at the top
MOST_TEXT = 300  # characters of each
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def render_report(run: Run) -> str:
    """The whole page. What could not be read of the run is said on it."""
    results = run.results()
    entries = results.entries
    filters = Filters.of(entries)
    told = run.summary.figures if run.summary else results.figures()
    parts = {
        "figures": report_figures.statistics_section(told, _unit(run, entries)),
        "kinds": report_figures.tag_section(entries, filters.tags),
        "plots": report_plots.plot_section(told, entries),
        "time": report_times.time_section(entries),
        "cases": report_cases.case_list(entries, filters),
    }
    body = f"{_head(run, results)}{_contents(parts)}<main>{''.join(parts.values())}</main>"
    style = STYLE.read_text(encoding="utf-8") + filters.rules(entries)
    return html_page(f"Eval run, {_date(run.started)}", style, body)


def html_page(title: str, style: str, body: str) -> str:
    """A whole page that asks no other host for anything; `title` and `body` are HTML."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{title}</title><style>{style}</style></head>"
        f"<body>{body}</body></html>\n"
    )


def _unit(run: Run, entries: Sequence[CaseRecord]) -> ClusterUnit | None:
    """What the intervals were drawn over; of a run without an end, as its clusters are named."""
    if run.summary:
        return run.summary.cluster_unit
    kinds = {entry.result.cluster.partition(" ")[0] for entry in entries}
    units: tuple[ClusterUnit, ...] = ("document", "evidence")
    return next((unit for unit in units if unit in kinds), None)


# --- the top ----------------------------------------------------------------------------------


def _head(run: Run, results: Results) -> str:
    good = sum(entry.result.is_expected for entry in results.entries)
    lead = f"{good:,} of {count_of(len(results.entries), 'question')} came out as they should."
    return (
        '<header><p class="kicker">Footnote · eval run</p>'
        f"<h1>{_date(run.started)}</h1>"
        f"{_errors(results.entries)}"
        f'<p class="lead">{lead if results.entries else "No case was kept of this run."}</p>'
        f"{_notice(run, results)}{_facts(run.summary) if run.summary else ''}</header>"
    )


def _errors(entries: Sequence[CaseRecord]) -> str:
    """Said before all else: of a case that ended in an error nothing else is scored."""
    messages = Counter(entry.result.text for entry in entries if entry.result.outcome == "error")
    if not messages:
        return ""
    many = f"{messages.total():,} of {count_of(len(entries), 'question')}"
    kinds = "".join(
        f"<li>{escape_text(text[:MOST_TEXT])} <b>{count:,}×</b></li>"
        for text, count in messages.most_common(SHOWN)
    )
    more = len(messages) - SHOWN
    rest = f"<li>and {count_of(more, 'other message')}</li>" if more > 0 else ""
    return (
        f'<div class="errors"><p><a href="#only-error">{many} ended in an error</a>. No'
        " other figure counts them but the median time, its 95th percentile and those by kind of"
        f" question.</p><ul>{kinds}{rest}</ul></div>"
    )


def _contents(parts: Mapping[str, str]) -> str:
    """Links to the parts that are there."""
    links = " ".join(f'<a href="#{id}">{PARTS[id]}</a>' for id, part in parts.items() if part)
    return f'<nav class="contents" aria-label="Parts of this page">{links}</nav>'


def _notice(run: Run, results: Results) -> str:
    faults = [run.fault, *results.faults] if run.fault else list(results.faults)
    if run.summary is None and not run.fault:
        faults.insert(0, "This run is unfinished: the figures cover the cases so far.")
    if run.summary and run.summary.cases != len(results.entries):
        faults.append(
            f"The run had {run.summary.cases:,} cases; {len(results.entries):,} can be read."
        )
    told = "".join(f"<li>{escape_text(fault)}</li>" for fault in faults)
    return f'<ul class="notice">{told}</ul>' if told else ""


def _facts(summary: Summary) -> str:
    chosen = [f"{name} {setting}" for name, setting in summary.settings.items() if setting]
    pairs = {
        "Model": summary.model,
        "Questions": f"{summary.cases:,} of {summary.cases_file}",
        "Articles": f"{summary.documents:,}",
        "Took": _length(summary.duration) + (", with a break" if summary.resumed else ""),
        "Version": summary.commit,
        "Settings": ", ".join(chosen),
        "Digests": f"questions {summary.cases_digest}, articles {summary.corpus_digest},"
        f" prompts {summary.prompts_digest}",
    }
    told = "".join(
        f"<div><dt>{name}</dt><dd>{escape_text(fact)}</dd></div>" for name, fact in pairs.items()
    )
    return f'<dl class="facts">{told}</dl>'


def _date(when: datetime) -> str:
    """``22 November 2026, 06:15 UTC``."""
    when = when.astimezone(UTC)
    return f"{when.day} {when:%B %Y, %H:%M} UTC"


def _length(duration: timedelta) -> str:
    """``25 min 3 s``."""
    minutes, seconds = divmod(max(0, round(duration.total_seconds())), 60)
    return f"{minutes:,} min {seconds} s" if minutes else f"{seconds} s"
