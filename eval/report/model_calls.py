"""The scores of a case and the requests to the model, in the report.

Pure. Prompts and replies stand as they were, folded away.
"""

from __future__ import annotations

from collections.abc import Mapping

from eval.case_result import CaseResult
from eval.metrics import METRICS
from eval.recording import Recording
from eval.report.html_text import capitalise, escape_text
from eval.statistics.aggregate import GROUPS, KINDS, LABELS
from eval.statistics.formatting import format_number
from eval.text_format import count_of
from rag.events import ModelCalled, Purpose

PURPOSES: Mapping[Purpose, str] = {
    "rewrite": "Make the question stand alone",
    "judge": "Is the answer stated here?",
    "extract": "In which words?",
    "answer": "Answer",
    "repair": "Answer again",
}


def score_list(row: CaseResult) -> str:
    """Each score of the case by the groups of the figures; the others are named as not scored."""
    known = {name: score for name, score in row.scores.items() if score is not None}
    groups = "".join(
        f"<div><h5>{group}</h5><dl>{found}</dl></div>"
        for group, names in GROUPS.items()
        if (found := "".join(_score(name, known[name]) for name in names if name in known))
    )
    if not groups:
        return ""
    rest = [LABELS[name] for name in METRICS if name not in known]
    without = f'<p class="quiet">Not scored: {"; ".join(rest)}.</p>' if rest else ""
    count = count_of(sum(name in METRICS for name in known), "score")
    return (
        f'<details class="wide"><summary>{count} of this question</summary>'
        f'<div class="scores">{groups}</div>{without}</details>'
    )


def _score(name: str, score: float) -> str:
    whole = score.is_integer() and KINDS[name] == "count"
    value = f"{score:,.0f}" if whole else format_number(score, KINDS[name])
    return f"<div><dt>{capitalise(LABELS[name])}</dt><dd>{value}</dd></div>"


def model_call_list(recording: Recording) -> str:
    """Every request to the model, in order, with its whole prompt and its raw reply."""
    if not recording.model_calls:
        return ""
    items = "".join(map(_model_call, recording.model_calls))
    count = count_of(len(recording.model_calls), "request")
    return (
        f'<details class="wide"><summary>{count} to the model</summary>'
        f'<ol class="plain requests">{items}</ol></details>'
    )


def _model_call(found: ModelCalled) -> str:
    facts = [] if found.probability is None else [f"probability of yes {found.probability:.2f}"]
    if found.usage.prompt_tokens or found.usage.completion_tokens:
        facts.append(f"{found.usage.prompt_tokens:,} tokens read")
        facts.append(f"{found.usage.completion_tokens:,} written")
    more = f' <span class="quiet">{" · ".join(facts)}</span>' if facts else ""
    prompt = "".join(
        f"<h5>{message.role}</h5><pre>{escape_text(message.content)}</pre>"
        for message in found.messages
    )
    return (
        f"<li><details><summary>{PURPOSES[found.purpose]}{more}</summary>"
        f'{prompt}<h5>reply, as it came</h5><pre class="reply">{escape_text(found.reply)}</pre>'
        "</details></li>"
    )
