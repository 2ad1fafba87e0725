"""The cases of a run in its report.

Pure: entries become HTML, a line for each case that opens to all that is known of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from eval.report.answers import answer_section
from eval.report.filters import VERDICTS, Filters, case_verdict
from eval.report.html_text import escape_text
from eval.report.model_calls import model_call_list, score_list
from eval.report.passages import passage_section
from eval.runs.results import CaseRecord


def case_list(entries: Sequence[CaseRecord], filters: Filters) -> str:
    """Every case, misses first, under links that filter them."""
    if not entries:
        return ""
    misses = [entry for entry in entries if not entry.result.is_expected]
    hits = [entry for entry in entries if entry.result.is_expected]
    return (
        f'<section aria-labelledby="cases">{filters.targets()}<h2 id="cases">Questions</h2>'
        f"{filters.links([entry.result for entry in entries])}"
        f"{_group('misses', 'Not as they should be', misses, filters)}"
        f"{_group('hits', 'As they should be', hits, filters)}</section>"
    )


def _group(name: str, title: str, entries: Sequence[CaseRecord], filters: Filters) -> str:
    if not entries:
        return ""
    ranked = sorted(entries, key=lambda entry: VERDICTS.index(case_verdict(entry.result)))
    items = "".join(_case(entry, filters.ids_of(entry.result)) for entry in ranked)
    return f'<section class="group {name}"><h3>{title}</h3>{items}</section>'


def _case(entry: CaseRecord, classes: Iterable[str]) -> str:
    """A line that opens to the whole case. `classes` are those that it is filtered by."""
    row, verdict = entry.result, case_verdict(entry.result)
    state, mark = ("good", "✓") if row.is_expected else ("bad", "✗")
    parts = [
        _question_and_gold(entry),
        answer_section(entry),
        passage_section(entry),
        score_list(row),
        model_call_list(entry.recording),
    ]
    return (
        f'<details class="case {" ".join(classes)}"><summary>'
        f'<span class="verdict {state}"><span aria-hidden="true">{mark}</span> {verdict}</span>'
        f'<span class="question">{escape_text(entry.question)}</span>'
        f'<span class="seconds">{row.seconds:.1f} s</span></summary>'
        f'<div class="body">{"".join(parts)}{_margin(entry)}</div></details>'
    )


def _question_and_gold(entry: CaseRecord) -> str:
    """The question as it was understood, and what was expected of it."""
    after = "".join(f"<li>{escape_text(question)}</li>" for question in entry.history)
    parts = [f'<h4>Asked after</h4><ul class="plain">{after}</ul>'] if after else []
    if entry.recording.rewritten is not None:
        parts.append(f"<h4>Understood as</h4><p>{escape_text(entry.recording.rewritten)}</p>")
    parts.append("<h4>Expected</h4>")
    if not entry.result.answerable:
        parts.append("<p>No answer: the articles do not state it.</p>")
    elif entry.gold:
        groups = (_either(group) for group in entry.gold)
        parts.append(f"<p>{' <em>and</em> '.join(groups)}</p>")
    else:
        parts.append("<p>An answer; which one was not kept.</p>")
    parts += [f"<blockquote>{escape_text(quote)}</blockquote>" for quote in entry.evidence]
    return f'<section class="half">{"".join(parts)}</section>'


def _either(group: tuple[str, ...]) -> str:
    return " or ".join(f"“{escape_text(gold)}”" for gold in group)


def _margin(entry: CaseRecord) -> str:
    row, answer = entry.result, entry.answer
    parts = [escape_text(row.id), *(escape_text(tag) for tag in row.tags)]
    if answer:
        usage = answer.usage
        if usage.prompt_tokens or usage.completion_tokens:
            parts.append(f"{usage.prompt_tokens:,} tokens read")
            parts.append(f"{usage.completion_tokens:,} written")
        parts += [
            f"{escape_text(stage)} {s:.1f} s" for stage, s in answer.timings.items() if s >= 0.05
        ]
    return f'<p class="quiet margin">{" · ".join(parts)}</p>'
