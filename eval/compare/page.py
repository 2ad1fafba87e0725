"""A comparison of several settings as one HTML page that contains all it needs.

Pure. It runs no script and asks for nothing from anywhere: who wins where, by kind of question, the
paired differences with their intervals, and answers side by side.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from eval.compare.diff import Diff, Flip
from eval.compare.gate import Failure
from eval.compare.loading import ComparedRun
from eval.compare.metric_changes import MetricChange, format_difference, format_means
from eval.compare.several import ALL, OTHER_KINDS, Comparison, KindRow
from eval.drafting.draft import kind_of
from eval.metrics import METRICS
from eval.report.html_text import capitalise, escape_text
from eval.report.page import STYLE as REPORT_STYLE
from eval.report.page import html_page
from eval.statistics.bootstrap import Interval
from eval.text_format import count_of

STYLE = Path(__file__).with_suffix(".css")
MAX_ANSWER_CHARS = 1_500
MAX_EXAMPLES = 200  # cases shown side by side, of each pair of runs
_WORDS = {"better": "Better", "worse": "Worse", "no difference seen": "No difference seen"}


def render_comparison(found: Comparison) -> str:
    """The whole page."""
    names = [escape_text(run.name) for run in found.runs]
    body = (
        f"<header>{_head(found)}</header><main>{_kinds(found)}"
        f"{''.join(_pair(found, place) for place in range(len(found.diffs)))}{_settings(found)}"
        "</main>"
    )
    style = REPORT_STYLE.read_text("utf-8") + STYLE.read_text("utf-8")
    return html_page(f"{' and '.join(names)} compared", style, body)


# --- the top ----------------------------------------------------------------------------------


def _head(found: Comparison) -> str:
    names = " · ".join(escape_text(run.name) for run in found.runs)
    whole = next((row for row in found.kinds if row.kind == ALL), None)
    lead = "The runs have no case in common."
    if whole:
        shares = ", ".join(
            f"{escape_text(run.name)} {share:.0%}"
            for run, share in zip(found.runs, whole.shares, strict=True)
        )
        best = f"{escape_text(whole.best)} is the best, beyond noise." if whole.best else ""
        best = best or "No difference between them is beyond noise."
        lead = f"Of {count_of(whole.n)} came out as they should: {shares}. {best}"
    return (
        '<p class="kicker">Footnote · settings compared on the same cases</p>'
        f'<h1>{names}</h1><p class="lead">{lead}</p>{_contents(found)}'
    )


def _contents(found: Comparison) -> str:
    links = ['<a href="#kinds">By kind</a>']
    links += [
        f'<a href="#pair-{place}">{escape_text(diff.after)}</a>'
        for place, diff in enumerate(found.diffs)
    ]
    links.append('<a href="#settings">Settings</a>')
    return f'<nav class="contents" aria-label="Parts of this page">{" ".join(links)}</nav>'


# --- by kind ----------------------------------------------------------------------------------


def _kinds(found: Comparison) -> str:
    runs = "".join(f'<th scope="col" class="number">{escape_text(r.name)}</th>' for r in found.runs)
    more = "".join(
        f'<th scope="col">{escape_text(run.name)} to {escape_text(found.runs[0].name)}</th>'
        for run in found.runs[1:]
    )
    rows = "".join(_kind_row(row) for row in found.kinds)
    return (
        '<section><h2 id="kinds">Came out as they should, by kind of question</h2>'
        '<div class="wide" role="group" aria-labelledby="kinds" tabindex="0">'
        '<table class="compared"><thead><tr><th scope="col">Kind</th>'
        f'<th scope="col" class="number">n</th>{runs}{more}'
        f'<th scope="col">Best</th></tr></thead><tbody>{rows}</tbody></table></div>'
        '<p class="quiet">Differences are in points, paired by case, with 95 % intervals drawn over'
        " what stands or falls together. The middle line is no difference. The best is named where"
        " its interval leaves out 0 and at least six groups of cases were drawn.</p></section>"
    )


def _kind_row(row: KindRow) -> str:
    shares = "".join(f'<td class="number">{share:.0%}</td>' for share in row.shares)
    differences = "".join(f"<td>{_interval(each)}</td>" for each in row.differences)
    best = f"<b>{escape_text(row.best)}</b>" if row.best else '<span class="quiet">–</span>'
    name = capitalise(row.kind.replace("_", " or "))
    look = ' class="whole"' if row.kind == ALL else ""
    return (
        f'<tr{look}><th scope="row">{name}</th><td class="number">{row.n}</td>{shares}{differences}'
        f"<td>{best}</td></tr>"
    )


def _interval(found: Interval | None) -> str:
    """The difference in points, and a line from -100 to 100 with the interval on it."""
    if found is None:
        return '<span class="quiet">n/a</span>'
    low, mean, high = (
        50 + 50 * max(-1.0, min(1.0, x)) for x in (found.low, found.mean, found.high)
    )
    side = "more" if found.low > 0 else "less" if found.high < 0 else "even"
    words = f"{100 * found.mean:+.1f} [{100 * found.low:+.1f}, {100 * found.high:+.1f}]"
    return (
        f'<span class="number">{words}</span><span class="axis {side}" aria-hidden="true">'
        f'<i class="range" style="left:{low:.1f}%;width:{max(0.5, high - low):.1f}%"></i>'
        f'<i class="mean" style="left:{mean:.1f}%"></i></span>'
    )


# --- one run beside the first -----------------------------------------------------------------


def _pair(found: Comparison, place: int) -> str:
    diff, failures = found.diffs[place], found.regressions[place]
    title = f"{escape_text(diff.before)} → {escape_text(diff.after)}"
    warnings = "".join(f"<li>{escape_text(each)}</li>" for each in diff.warnings)
    notice = f'<ul class="notice">{warnings}</ul>' if warnings else ""
    return (
        f'<section><h2 id="pair-{place}">{title}</h2>{notice}{_regressions(failures)}'
        f"{_changes(diff.changes)}{_examples(diff, found.runs[0])}</section>"
    )


def _regressions(failures: Sequence[Failure]) -> str:
    if not failures:
        return '<p class="finding fine">Not worse than the first beyond noise.</p>'
    told = "".join(f"<li>{escape_text(failure.text)}</li>" for failure in failures)
    return f'<div class="finding worse"><p>Worse than the first:</p><ul>{told}</ul></div>'


def _changes(changes: Sequence[MetricChange]) -> str:
    """The metrics that differ beyond noise; the others below a fold."""
    seen = [each for each in changes if each.word in ("better", "worse")]
    rest = [each for each in changes if each.word not in ("better", "worse")]
    told = _metric_table(seen) if seen else "<p>No metric differs beyond noise.</p>"
    fold = ""
    if rest:
        many = count_of(len(rest), "other metric")
        fold = f"<details><summary>{many}</summary>{_metric_table(rest)}</details>"
    return f"<h3>Metrics</h3>{told}{fold}"


def _metric_table(changes: Sequence[MetricChange]) -> str:
    rows = "".join(_metric_row(each) for each in changes)
    return (
        '<div class="wide" role="group" aria-label="Metrics" tabindex="0"><table class="compared">'
        '<thead><tr><th scope="col">Metric</th><th scope="col" class="number">Before</th>'
        '<th scope="col" class="number">After</th><th scope="col">Difference [95 %]</th>'
        f'<th scope="col" class="number">n</th><th scope="col"></th></tr></thead><tbody>{rows}'
        "</tbody></table></div>"
    )


def _metric_row(change: MetricChange) -> str:
    before, after = format_means(change)
    word = _WORDS.get(change.word, capitalise(change.word))
    look = f' class="{change.word}"' if change.word in ("better", "worse") else ""
    return (
        f'<tr><th scope="row">{escape_text(capitalise(METRICS[change.metric].label))}</th>'
        f'<td class="number">{before}</td><td class="number">{after}</td>'
        f'<td class="number">{format_difference(change)}</td><td class="number">{change.n}</td>'
        f"<td><span{look}>{word}</span></td></tr>"
    )


def _examples(diff: Diff, first: ComparedRun) -> str:
    if not diff.flips:
        return "<h3>Examples</h3><p>No case came out otherwise.</p>"
    groups = {
        "Right before, and no longer": [each for each in diff.flips if each.bad],
        "Right now": [each for each in diff.flips if each.good],
        "Amiss before and now, in another way": [
            each for each in diff.flips if not each.good and not each.bad
        ],
    }
    return "".join(
        f"<h3>{title}: {len(flips)}</h3>{''.join(_shown(flips, diff, first))}"
        for title, flips in groups.items()
        if flips
    )


def _shown(flips: Sequence[Flip], diff: Diff, first: ComparedRun) -> Iterator[str]:
    for flip in flips[:MAX_EXAMPLES]:
        kind = kind_of(first.entries[flip.id].result.tags) or OTHER_KINDS
        yield (
            f'<article class="example"><h4>{escape_text(flip.question)}</h4>'
            f'<p class="quiet">{capitalise(kind.replace("_", " or "))} · {escape_text(flip.id)}</p>'
            f'<div class="sides">{_side(diff.before, flip.before, flip.text_before, good=flip.bad)}'
            f"{_side(diff.after, flip.after, flip.text_after, good=flip.good)}</div></article>"
        )
    if len(flips) > MAX_EXAMPLES:
        yield f"<p>and {count_of(len(flips) - MAX_EXAMPLES, 'more case')}.</p>"


def _side(name: str, outcome: str, text: str, *, good: bool) -> str:
    shown = text if len(text) <= MAX_ANSWER_CHARS else f"{text[:MAX_ANSWER_CHARS]}…"
    return (
        f'<div class="side {"good" if good else "bad"}"><h5>{escape_text(name)}: '
        f"{escape_text(outcome)}</h5><p>{escape_text(shown)}</p></div>"
    )


# --- settings ---------------------------------------------------------------------------------


def _settings(found: Comparison) -> str:
    """What the runs were measured with, a column for each."""
    facts = [_facts(run) for run in found.runs]
    names = list(dict.fromkeys(name for each in facts for name in each))
    heads = "".join(f'<th scope="col">{escape_text(run.name)}</th>' for run in found.runs)
    rows = "".join(
        f'<tr><th scope="row">{escape_text(name)}</th>'
        + "".join(f"<td>{escape_text(each.get(name, ''))}</td>" for each in facts)
        + "</tr>"
        for name in names
    )
    return (
        '<section><h2 id="settings">Settings</h2><div class="wide" role="group"'
        ' aria-labelledby="settings" tabindex="0"><table class="compared"><thead><tr><td></td>'
        f"{heads}</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _facts(run: ComparedRun) -> dict[str, str]:
    summary = run.summary
    if summary is None:
        return {"Cases": str(len(run.entries))}
    chosen = {
        name.replace("_", " "): "" if v is None else str(v) for name, v in summary.settings.items()
    }
    return {
        "Model": summary.model,
        "Cases": f"{len(run.entries)} of {summary.cases_file}",
        "Articles": str(summary.documents),
        **chosen,
        "Prompts": summary.prompts_digest,
        "Version": summary.commit,
    }
