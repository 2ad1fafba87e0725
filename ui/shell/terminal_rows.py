"""How answers, sources and documents look in a terminal.

Pure: values become rows, and `ui.shell.screen` prints them. Text from documents and models is
untrusted: it passes `strip_controls` or `one_line`, and is never read as markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from rag.types import Answer, Claim, Document, Passage, Span
from ui.labels import NEAREST_SHOWN, SUGGESTED, SUPPORTED, doubt, mark_of, remark, why_declined
from ui.safe_text import count, one_line, strip_controls

if TYPE_CHECKING:
    from rag import DocumentSummary

MARKED = "reverse"  # the style of a marked span
CONTEXT_LINES = 2
CONTEXT_CHARS = 400  # on either side of a span: some articles are one long line


@dataclass(frozen=True, slots=True)
class Row:
    """A paragraph. `lead` stands before its first line, the others are indented by as much."""

    body: Text = field(default_factory=Text)
    lead: Text = field(default_factory=Text)


def error_row(message: str) -> Row:
    """An error in one line."""
    return Row(Text(one_line(message)), Text("footnote: ", "red"))


# --- answers ---------------------------------------------------------------------------------


def claim_rows(claims: Sequence[Claim], first: int = 0) -> Iterator[Row]:
    """The claims from number `first` on: sentences, and points below the headings of their
    lists."""
    for before, claim in zip([None, *claims], claims, strict=False):
        if first > 0:
            first -= 1
            continue
        if before and claim.group != before.group:
            yield Row()
        if claim.group and (before is None or claim.group != before.group):
            yield Row(Text(one_line(claim.group), "bold"))
        yield _claim(claim)


def _claim(claim: Claim) -> Row:
    """A claim with its markers, and how far it is supported where that is not full."""
    body = Text(one_line(claim.text))
    numbers = dict.fromkeys(citation.number for citation in claim.citations)
    if numbers:
        body.append(" ").append("".join(f"[{number}]" for number in numbers), "cyan")
    if (mark := mark_of(claim)) != SUPPORTED:
        body.append(f" ({mark.words})", mark.style)
    return Row(body, Text("• " if claim.group is not None else ""))


def doubt_rows(answer: Answer) -> Iterator[Row]:
    """Whether the answer answers the question, where that is not plain."""
    if said := doubt(answer):
        yield Row()
        yield Row(Text(said, "yellow"))


def reply_rows(answer: Answer) -> Iterator[Row]:
    """A reply to a message that asks nothing of the documents."""
    yield from (Row(Text(one_line(line))) for line in answer.text.splitlines())
    yield from _suggested(answer)


def _suggested(answer: Answer) -> Iterator[Row]:
    if answer.suggestions:
        yield from _heading(SUGGESTED)
    for question in answer.suggestions:
        yield Row(Text(one_line(question)), Text("• "))


def source_rows(answer: Answer) -> Iterator[Row]:
    """What the answer cites, then how well each sentence is supported."""
    passages = {passage.number: passage for passage in answer.passages}
    spans: dict[int, dict[Span, str]] = {}
    for claim in answer.claims:
        for citation in claim.citations:
            spans.setdefault(citation.number, {})[citation.span] = citation.quote
    if spans:
        yield from _heading("Sources")
    for number in sorted(spans):
        yield from _source(number, passages.get(number), spans[number])
    if answer.claims:
        yield from _heading("Support")
        yield Row()
    for claim in answer.claims:
        yield from _verdict(claim)


def decline_rows(answer: Answer) -> Iterator[Row]:
    """Why there is no answer, what comes nearest, and what could be asked instead."""
    yield Row(Text(f"No answer: {why_declined(answer)}"))
    if answer.passages:
        yield from _heading("Nearest passages")
    for passage in answer.passages[:NEAREST_SHOWN]:
        yield from _source(passage.number, passage, {passage.span: one_line(passage.text, 200)})
    yield from _suggested(answer)


def timing_line(answer: Answer) -> str:
    """One line: the model, its tokens, and the seconds of each stage."""
    parts = [one_line(answer.model)] if answer.model else []
    if answer.usage.prompt_tokens or answer.usage.completion_tokens:
        read, written = answer.usage.prompt_tokens, answer.usage.completion_tokens
        parts.append(f"{read:,} tokens read, {written:,} written")
    stages = [(stage, s) for stage, s in answer.timings.items() if s >= 0.05]
    parts += [f"{stage} {seconds:.1f} s" for stage, seconds in stages]
    return " · ".join(parts)


def _heading(text: str) -> Iterator[Row]:
    yield Row()
    yield Row(Text(text, "bold"))


def _source(number: int, passage: Passage | None, quotes: dict[Span, str]) -> Iterator[Row]:
    lead = Text(f"[{number}] ", "cyan")
    indent = Text(" " * len(lead))
    yield Row()
    if passage:
        yield Row(Text(one_line(passage.title)), lead)
        yield Row(Text(one_line(passage.source), "dim"), indent)
    for span, quote in sorted(quotes.items()):
        yield Row(Text(f"{one_line(span.document_id)}:{span.start}-{span.end}", "dim"), indent)
        yield Row(Text(f"“{one_line(quote)}”"), indent)


def _verdict(claim: Claim) -> Iterator[Row]:
    mark = mark_of(claim)
    yield Row(Text(one_line(claim.text, 70)), Text(f"{mark.sign} ", mark.style))
    yield Row(Text(remark(claim), mark.style), Text("  "))


# --- documents -------------------------------------------------------------------------------


def document_rows(summaries: Sequence[DocumentSummary], width: int | None) -> Iterator[Row]:
    """One line for each document, or two where `width` is too small. Ids are never cut.

    The title comes last, and is cut to fit; with no `width` nothing is.
    """
    ids = [one_line(summary.id) for summary in summaries]
    widest = max(map(cell_len, ids), default=0)
    room = None if width is None else width - widest - len(_figures(None)) - 4
    if room is not None and room < 16:
        for id, summary in zip(ids, summaries, strict=True):
            yield Row(Text(id, "bold"))
            yield Row(Text(one_line(summary.title)), Text("  "))
            yield Row(Text(_facts(summary), "dim"), Text("  "))
        return
    yield Row(Text(f"{_padded('ID', widest)}  {_figures(None)}  TITLE", "dim"))
    for id, summary in zip(ids, summaries, strict=True):
        title = Text(one_line(summary.title))
        if room is not None:
            title.truncate(room, overflow="ellipsis")
        body = Text.assemble((_padded(id, widest), "bold"), f"  {_figures(summary)}  ", title)
        yield Row(body)


def _figures(summary: DocumentSummary | None) -> str:
    """Date, characters and chunks in columns; their headings for none."""
    if summary is None:
        return f"{'DATE':<10}  {'CHARACTERS':>10}  {'CHUNKS':>6}"
    date = one_line(summary.published or "-")
    return f"{date:<10}  {summary.characters:>10,}  {summary.chunks:>6,}"


def _facts(summary: DocumentSummary) -> str:
    facts = [one_line(summary.published)] if summary.published else []
    facts.append(f"{summary.characters:,} characters")
    return " · ".join([*facts, count(summary.chunks, "chunk")])


def _padded(text: str, cells: int) -> str:
    return text + " " * (cells - cell_len(text))


def document_heading(document: Document, span: Span | None) -> str:
    """One line: the title, id and date of a document, and the span in it."""
    where = f", characters {span.start:,} to {span.end:,}" if span else ""
    date = f", {one_line(document.published)}" if document.published else ""
    return f"{one_line(document.title)} ({one_line(document.id)}{date}{where})"


def document_text(text: str, span: Span | None, *, whole: bool, brackets: bool) -> Row:
    """A document's text with `span` marked: in reverse, or between ``[[`` and ``]]``.

    Only the lines around the span, unless `whole` or there is no span.
    """
    if span is None:
        return Row(Text(strip_controls(text).removesuffix("\n")))
    first, last = (0, len(text)) if whole else excerpt_around(text, span.start, span.end)
    opening, closing = ("[[", "]]") if brackets else ("", "")
    body = Text("" if first == 0 else "…\n" if text[first - 1] == "\n" else "…")
    body.append(strip_controls(text[first : span.start]) + opening)
    body.append(strip_controls(text[span.start : span.end]), MARKED)
    body.append(closing + strip_controls(text[span.end : last]))
    body.append("" if last == len(text) else "\n…" if text[last] == "\n" else "…")
    return Row(body)


def excerpt_around(text: str, start: int, end: int) -> tuple[int, int]:
    """The interval that shows ``[start, end)`` with a few lines or words on either side."""
    head = text[max(0, start - CONTEXT_CHARS) : start]
    tail = text[end : end + CONTEXT_CHARS]
    before, after = _near(head[::-1], start > len(head)), _near(tail, end + len(tail) < len(text))
    return start - before, end + after


def _near(context: str, is_cut: bool) -> int:
    """How many characters of `context` to show, which leads away from the span."""
    lines = context.split("\n")
    if len(lines) > CONTEXT_LINES + 1:
        return len("\n".join(lines[: CONTEXT_LINES + 1]))
    if not is_cut:
        return len(context)
    return max(context.rfind(" "), context.rfind("\n"), 0) or len(context)


# --- settings --------------------------------------------------------------------------------


def table_rows(pairs: Iterable[tuple[str, str]], width: int | None) -> Iterator[Row]:
    """Names and values in two columns; each value below its name where `width` is too small."""
    rows = [(one_line(name), one_line(value)) for name, value in pairs]
    widest = max((cell_len(name) for name, _ in rows), default=0) + 2
    for name, value in rows:
        if width is None or width >= widest + 30:
            yield Row(Text(value), Text(_padded(name, widest), "dim"))
        else:
            yield Row(Text(name, "dim"))
            yield Row(Text(value), Text("  "))


# --- progress --------------------------------------------------------------------------------


def progress_bar(done: int, total: int | None, cells: int = 20) -> Text:
    """``━━━━━━━━━━ 50%``, or the bare number where the total is not known."""
    if not total:
        return Text(f"{done:,}")
    filled = min(cells, cells * done // total)
    body = Text("━" * filled, "cyan").append("━" * (cells - filled), "dim")
    return body.append(f" {min(100, 100 * done // total)}%", "default")


def draft_tail(draft: str, width: int, lines: int = 3) -> Text:
    """The last lines of what the model is writing."""
    text = one_line(draft)
    most = max(1, (width - 2) * lines)
    return Text(text if len(text) <= most else f"…{text[1 - most :]}", "dim")
