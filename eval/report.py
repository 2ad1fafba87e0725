"""How does a run look as a page that a person can read?

Pure: a run becomes one HTML document that holds all it needs. It asks for nothing from anywhere,
runs no script, and is filtered by links alone: a link's target decides which cases show.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from eval import report_cases, report_figures
from eval.report_cases import Filters, said
from eval.report_figures import counted
from eval.runs import Results, Run
from eval.summary import Summary

STYLE = Path(__file__).with_suffix(".css")
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def report(run: Run) -> str:
    """The whole page. What could not be read of the run is said on it."""
    results = run.results()
    entries = results.entries
    filters = Filters.of(entries)
    body = "".join(
        [
            _head(run, results),
            "<main>",
            report_figures.figures(run.summary.figures if run.summary else results.figures()),
            report_figures.times(entries),
            report_figures.tags(entries, filters.tags),
            report_cases.cases(entries, filters),
            "</main>",
        ]
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>Eval run, {_date(run.started)}</title>"
        f"<style>{STYLE.read_text(encoding='utf-8')}{filters.rules(entries)}</style></head>"
        f"<body>{body}</body></html>\n"
    )


# --- the top ----------------------------------------------------------------------------------


def _head(run: Run, results: Results) -> str:
    good = sum(entry.row.expected for entry in results.entries)
    lead = f"{good:,} of {counted(len(results.entries), 'question')} came out as they should."
    return (
        '<header><p class="kicker">Footnote · eval run</p>'
        f"<h1>{_date(run.started)}</h1>"
        f'<p class="lead">{lead if results.entries else "No case was kept of this run."}</p>'
        f"{_notice(run, results)}{_facts(run.summary) if run.summary else ''}</header>"
    )


def _notice(run: Run, results: Results) -> str:
    faults = [run.fault, *results.faults] if run.fault else list(results.faults)
    if run.summary is None and not run.fault:
        faults.insert(0, "This run is unfinished: the figures cover the cases so far.")
    if run.summary and run.summary.cases != len(results.entries):
        faults.append(
            f"The run had {run.summary.cases:,} cases; {len(results.entries):,} can be read."
        )
    told = "".join(f"<li>{said(fault)}</li>" for fault in faults)
    return f'<ul class="notice">{told}</ul>' if told else ""


def _facts(summary: Summary) -> str:
    chosen = [f"{name} {setting}" for name, setting in summary.settings.items() if setting]
    pairs = {
        "Model": summary.model,
        "Questions": f"{summary.cases:,} of {summary.cases_file}",
        "Articles": f"{summary.documents:,}",
        "Took": _length(summary.took) + (", with a break" if summary.resumed else ""),
        "Version": summary.commit,
        "Settings": ", ".join(chosen),
        "Digests": f"questions {summary.cases_digest}, articles {summary.corpus_digest},"
        f" prompts {summary.prompts_digest}",
    }
    told = "".join(
        f"<div><dt>{name}</dt><dd>{said(fact)}</dd></div>" for name, fact in pairs.items()
    )
    return f'<dl class="facts">{told}</dl>'


def _date(when: datetime) -> str:
    """``22 November 2026, 06:15 UTC``."""
    when = when.astimezone(UTC)
    return f"{when.day} {when:%B %Y, %H:%M} UTC"


def _length(took: timedelta) -> str:
    """``25 min 3 s``."""
    minutes, seconds = divmod(max(0, round(took.total_seconds())), 60)
    return f"{minutes:,} min {seconds} s" if minutes else f"{seconds} s"
