"""Passages in the report, with cited text and gold evidence marked.

Pure. Passages that hold neither gold evidence nor a citation are folded away.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from eval.report.html_text import escape_text, format_span
from eval.report.plot_data import first_rank
from eval.runs.results import CaseRecord
from eval.text_format import count_of
from rag.types import Passage, Span


def passage_section(entry: CaseRecord) -> str:
    """What the model was shown, cited and gold text marked, and how the evidence got there."""
    answer = entry.answer
    shown = answer.passages if answer and answer.passages else entry.recording.passages
    claims = answer.claims if answer else ()
    cited = [citation.span for claim in claims for citation in claim.citations]
    path = _path(entry, shown)
    if not shown and not path:
        return ""
    marked_spans = [*cited, *entry.spans]
    relevant = [each for each in shown if _overlaps_any(each, marked_spans)]
    marks = _legend(cited, entry.spans) if relevant else ""
    open_ = _list(_passage(each, cited, entry.spans) for each in relevant)
    rest = [_passage(each, cited, entry.spans) for each in shown if each not in relevant]
    return (
        '<section class="wide passages"><h4>Passages</h4>'
        f"{path}{marks}{open_}{_folded(rest, open_)}</section>"
    )


def _list(items: Iterable[str]) -> str:
    html = "".join(items)
    return f'<ol class="plain">{html}</ol>' if html else ""


def _folded(rest: Sequence[str], before: str) -> str:
    if not rest:
        return ""
    more = "more " if before else ""
    return (
        f"<details><summary>{count_of(len(rest), f'{more}passage')} shown to the model</summary>"
        f"{_list(rest)}</details>"
    )


def _legend(cited: Sequence[Span], gold: Sequence[Span]) -> str:
    keys = ["<mark>cited by the answer</mark>"] if cited else []
    keys += ['<u class="gold">gold evidence</u>'] if gold else []
    return f'<p class="legend">{" ".join(keys)}</p>'


def _overlaps_any(passage: Passage, spans: Iterable[Span]) -> bool:
    return any(passage.span.overlaps(span) for span in spans)


def _passage(passage: Passage, cited: Sequence[Span], gold: Sequence[Span]) -> str:
    return (
        f'<li><p class="text"><b>[{passage.number}]</b> {marked(passage, cited, gold)}</p>'
        f'<p class="quiet">{escape_text(passage.title)} · {format_span(passage.span)}'
        f" · score {passage.score:.2f}</p></li>"
    )


def marked(passage: Passage, cited: Sequence[Span], gold: Sequence[Span]) -> str:
    """The passage's text as HTML: `<mark>` around what was cited, `<u class="gold">` around gold
    evidence, one in the other where it is both."""
    start, length = passage.span.start, len(passage.text)
    near = [span for span in (*cited, *gold) if span.overlaps(passage.span)]
    edges = {min(max(edge - start, 0), length) for span in near for edge in (span.start, span.end)}
    parts = []
    for low, high in pairwise(sorted({0, length, *edges})):
        piece = Span(passage.span.document_id, start + low, start + high)
        html = escape_text(passage.text[low:high])
        if any(span.overlaps(piece) for span in gold):
            html = f'<u class="gold">{html}</u>'
        if any(span.overlaps(piece) for span in cited):
            html = f"<mark>{html}</mark>"
        parts.append(html)
    return "".join(parts)


def _path(entry: CaseRecord, shown: Sequence[Passage]) -> str:
    """How far the evidence came: found, cut off, shown."""
    gold, hits = entry.spans, entry.recording.hits
    if not gold or not (hits or shown):
        return ""
    rank = first_rank(entry)
    found = f"at rank {rank} of {count_of(len(hits), 'hit')}" if rank else "among none of the hits"
    parts = [f"found {found}"] if hits else []
    numbers = [f"[{each.number}]" for each in shown if _overlaps_any(each, gold)]
    if numbers:
        parts.append(f"shown to the model in {', '.join(numbers)}")
    elif any(_overlaps_any(each, gold) for each in entry.recording.cut):
        parts.append("cut off by the budget")
    else:
        parts.append("not shown to the model")
    state = "quiet" if numbers else "remark"
    return f'<p class="{state}">The gold evidence was {"; ".join(parts)}.</p>'
