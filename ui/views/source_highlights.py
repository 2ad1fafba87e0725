"""HTML of a source with the cited characters highlighted.

The text that a browser shows is the stored text character for character (`textContent`), so that a
mark is exactly what was cited. There are two exceptions, which HTML cannot carry: NUL is shown as
U+FFFD, and so is a lone surrogate.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from urllib.parse import quote as urlquote

from rag.types import Document, Span
from ui.views.citation_marks import escape_line, short_source

MAX_SHOWN_CHARS = 200_000  # characters of a text that are shown at once
PROSE_LINE = 100  # characters: where lines are longer on average, each is a paragraph
CURRENT = "fn-current"  # the id of the mark that a link leads to
_LINES = re.compile(r"[^\n]*\n+|[^\n]+")
_LOST = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class _View:
    """The part ``[start, end)`` of a document that is shown, and the spans marked in it, sorted."""

    document: Document
    start: int
    end: int
    marks: tuple[Span, ...]
    current: Span | None

    @property
    def at(self) -> int:
        """The number of the current mark from 1; 0 where none is."""
        return self.marks.index(self.current) + 1 if self.current in self.marks else 0


def render_pane(
    document: Document,
    current: Span | None,
    others: Sequence[Span] = (),
    *,
    note: str = "",
    page: int | None = None,
) -> str:
    """The document for the pane of the page: `current` highlighted, `others` faintly.

    An empty `current` marks nothing and says which part of a long text to show. `note` stands
    above the text; `render_page` is that of the current span, where the source has pages.
    """
    view = _view(document, current, others)
    return (
        f'<section class="fn-reader" aria-labelledby="fn-reader-title" '
        f'data-document="{escape(document.id)}"><header class="fn-reader-head">'
        f'<h2 class="fn-reader-title" id="fn-reader-title">{escape_line(document.title)}</h2>'
        f"{_close()}{_facts(document, page)}{_note(note)}{_steps(view)}</header>"
        f"{_part(view)}{_text(view)}</section>"
    )


def render_page(
    document: Document,
    current: Span | None,
    others: Sequence[Span] = (),
    *,
    note: str = "",
    page: int | None = None,
) -> str:
    """The same as a whole HTML page that needs no script: the browser itself goes to the mark."""
    view = _view(document, current, others)
    body = (
        f'<main class="fn-reader"><header class="fn-reader-head">'
        f'<h1 class="fn-reader-title">{escape_line(document.title)}</h1>'
        f"{_facts(document, page)}{_note(note)}{_jumps(view)}</header>"
        f"{_part(view)}{_text(view, autofocus=True)}</main>"
    )
    return _page(document.title, body)


def render_missing(quote: str, *, note: str = "") -> str:
    """The pane where there is no text to show: the quote as it was recorded, if there is one."""
    words = (
        f'<blockquote class="fn-missing-quote">“{escape_line(quote)}”</blockquote>' if quote else ""
    )
    return _bare(f"{_note(note)}{words}")


def render_empty() -> str:
    """The pane before anything is opened."""
    return _bare(
        '<p class="fn-hint">Choose a footnote: its source opens here, '
        "with the cited words lit up.</p>"
    )


def _bare(inner: str) -> str:
    return (
        '<section class="fn-reader" aria-labelledby="fn-reader-title">'
        '<header class="fn-reader-head"><h2 class="fn-reader-title" id="fn-reader-title">Source'
        f"</h2>{_close()}</header>{inner}</section>"
    )


def _page(title: str, body: str) -> str:
    from ui.stylesheets import standalone_css

    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape_line(title)} · Footnote</title>"
        f"<style>{standalone_css('source')}</style>"
        f'</head><body class="fn-alone">{body}</body></html>\n'
    )


# --- above the text --------------------------------------------------------------------------


def _close() -> str:
    return (
        '<button type="button" class="fn-close" data-act="close" aria-label="Close the source">'
        '<span aria-hidden="true">✕</span></button>'
    )


def _facts(document: Document, page: int | None) -> str:
    is_url = "://" in document.source
    facts = [escape_line(document.source if is_url else short_source(document.source), 100)]
    facts += [escape_line(document.published)] if document.published else []
    facts += [f"page {page:,}"] if page is not None else []
    facts.append(f"{len(document.text):,} characters")
    return f'<p class="fn-reader-facts">{" · ".join(facts)}</p>'


def _note(note: str) -> str:
    return f'<p class="fn-reader-note" role="note">{escape_line(note)}</p>' if note else ""


def _steps(view: _View) -> str:
    """Which mark one looks at, and buttons to the previous and the next."""
    if len(view.marks) < 2:
        return ""
    previous, following = (
        f'<button type="button" class="fn-step" data-act="mark" data-step="{step}">'
        f'<span aria-hidden="true">{arrow}</span> {word}</button>'
        for step, arrow, word in ((-1, "↑", "Previous"), (1, "↓", "Next"))
    )
    return (
        f'<nav class="fn-steps" aria-label="Cited places">{previous}<span class="fn-position" '
        f"data-place>{view.at or '–'} of {len(view.marks)}</span>{following}</nav>"
    )


def _jumps(view: _View) -> str:
    """Links to every mark, for a page without a script."""
    if not view.marks:
        return ""
    here = ' aria-current="true"'
    links = "".join(
        f'<a class="fn-step" href="#{_id(view, span.start)}"{here if number == view.at else ""}>'
        f"{number}</a>"
        for number, span in enumerate(view.marks, 1)
    )
    return f'<nav class="fn-steps" aria-label="Cited places">Cited places {links}</nav>'


def _part(view: _View) -> str:
    """Which part of a long text this is, with links to what comes before and after."""
    length = len(view.document.text)
    if view.end - view.start == length:
        return ""
    ends = []
    if view.start > 0:
        ends.append(_elsewhere(view.document.id, view.start, "Earlier"))
    if view.end < length:
        ends.append(_elsewhere(view.document.id, view.end, "Later"))
    return (
        f'<p class="fn-part">This is a long text: characters {view.start + 1:,} to {view.end:,} of '
        f"{length:,} are shown. {' '.join(ends)}</p>"
    )


def _elsewhere(id: str, start: int, word: str) -> str:
    href = f"source?document={urlquote(id, safe='')}&start={start}"
    return (
        f'<a data-act="source" data-document="{escape(id)}" data-start="{start}" '
        f'href="{escape(href)}">{word}</a>'
    )


# --- the text --------------------------------------------------------------------------------


def _view(document: Document, current: Span | None, others: Sequence[Span]) -> _View:
    """The whole text, or `MAX_SHOWN_CHARS` characters of a longer one around `current`."""
    length = len(document.text)
    if current is None or current.document_id != document.id:
        current = Span(document.id, 0, 0)
    start = current.start - max(0, MAX_SHOWN_CHARS - len(current)) // 2
    start = max(0, min(start, length - MAX_SHOWN_CHARS))
    end = min(length, start + MAX_SHOWN_CHARS)
    lit = _clipped(current, start, end)
    faint = [_clipped(span, start, end) for span in others if span.document_id == document.id]
    marks = tuple(sorted({span for span in (lit, *faint) if len(span)}))
    return _View(document, start, end, marks, lit if lit in marks else None)


def _clipped(span: Span, start: int, end: int) -> Span:
    """What of `span` lies in ``[start, end)``; empty where nothing does."""
    first = min(max(span.start, start), end)
    return Span(span.document_id, first, max(first, min(span.end, end)))


def _text(view: _View, *, autofocus: bool = False) -> str:
    body = "".join(f"<p>{line}</p>" for line in _paragraphs(view, autofocus))
    lines = view.document.text.count("\n", view.start, view.end) + 1
    prose = " fn-long-lines" if (view.end - view.start) / lines >= PROSE_LINE else ""
    return (  # it can be focused, so that the arrow keys scroll it
        f'<div class="fn-text{prose}" role="group" aria-label="Text of the source" tabindex="0">'
        f"{body}</div>"
    )


def _paragraphs(view: _View, autofocus: bool) -> Iterator[str]:
    """Each line with its newlines, so that no character is between two paragraphs."""
    text = view.document.text
    edges = sorted({edge for span in view.marks for edge in (span.start, span.end)})
    over = [_over(view.marks, edge) for edge in edges]
    for found in _LINES.finditer(text, view.start, view.end):
        inner = edges[bisect_right(edges, found.start()) : bisect_right(edges, found.end() - 1)]
        pieces = []
        for start, end in pairwise([found.start(), *inner, found.end()]):
            at = bisect_right(edges, start) - 1
            piece = _exact(text[start:end])
            pieces.append(_marked(view, start, over[at], piece, autofocus) if at >= 0 else piece)
        yield "".join(pieces)


def _over(marks: Sequence[Span], at: int) -> list[int]:
    """The numbers, from 1, of the marks that hold the character `at`."""
    return [n for n, span in enumerate(marks, 1) if span.start <= at < span.end]


def _marked(view: _View, start: int, over: Sequence[int], piece: str, autofocus: bool) -> str:
    """A piece of text in its mark. `data-span` holds the numbers of all the marks that it is in."""
    if not over:
        return piece
    numbers = " ".join(map(str, over))
    name = "fn-mark fn-current" if view.at in over else "fn-mark"
    id = ""
    if any(view.marks[number - 1].start == start for number in over):
        id = f' id="{_id(view, start)}" tabindex="-1"'
    if id and autofocus and view.current and view.current.start == start:
        id += " autofocus"
    return f'<mark class="{name}" data-span="{numbers}"{id}>{piece}</mark>'


def _id(view: _View, start: int) -> str:
    """The id of the piece that begins a mark at `start`."""
    return CURRENT if view.current and view.current.start == start else f"fn-at-{start}"


def _exact(text: str) -> str:
    """The text as HTML that is read back as the same characters."""
    return escape(_LOST.sub("\ufffd", text), quote=False).replace("\r", "&#13;")
