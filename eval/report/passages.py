"""Where in the passages does the evidence stand, and what was cited?

Pure. Passages that hold neither gold evidence nor a citation are folded away.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from eval.report.html_text import count_of, escape_text, format_span
from eval.report.plot_data import first_rank
from eval.runs.results import CaseRecord
from rag.types import Passage, Span


def passage_section(entry: CaseRecord) -> str:
    """What the model was shown, cited and gold text marked, and how the evidence got there."""
    answer = entry.answer
    shown = answer.passages if answer and answer.passages else entry.seen.passages
    claims = answer.claims if answer else ()
    cited = [citation.span for claim in claims for citation in claim.citations]
    told = [(_holds(passage, [*cited, *entry.spans]), passage) for passage in shown]
    path = _path(entry, shown)
    if not told and not path:
        return ""
    marks = _legend(cited, entry.spans) if any(held for held, _ in told) else ""
    open_ = _list(_passage(each, cited, entry.spans) for held, each in told if held)
    rest = [_passage(each, cited, entry.spans) for held, each in told if not held]
    return (
        '<section class="wide passages"><h4>Passages</h4>'
        f"{path}{marks}{open_}{_folded(rest, open_)}</section>"
    )


def _list(items: Iterable[str]) -> str:
    told = "".join(items)
    return f'<ol class="plain">{told}</ol>' if told else ""


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


def _holds(passage: Passage, spans: Iterable[Span]) -> bool:
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
        told = escape_text(passage.text[low:high])
        if any(span.overlaps(piece) for span in gold):
            told = f'<u class="gold">{told}</u>'
        if any(span.overlaps(piece) for span in cited):
            told = f"<mark>{told}</mark>"
        parts.append(told)
    return "".join(parts)


def _path(entry: CaseRecord, shown: Sequence[Passage]) -> str:
    """How far the evidence came: found, cut off, shown."""
    gold, hits = entry.spans, entry.seen.hits
    if not gold or not (hits or shown):
        return ""
    rank = first_rank(entry)
    found = f"at rank {rank} of {count_of(len(hits), 'hit')}" if rank else "among none of the hits"
    parts = [f"found {found}"] if hits else []
    numbers = [f"[{each.number}]" for each in shown if _holds(each, gold)]
    if numbers:
        parts.append(f"shown to the model in {', '.join(numbers)}")
    elif any(_holds(each, gold) for each in entry.seen.cut):
        parts.append("cut off by the budget")
    else:
        parts.append("not shown to the model")
    state = "quiet" if numbers else "remark"
    return f'<p class="{state}">The gold evidence was {"; ".join(parts)}.</p>'
