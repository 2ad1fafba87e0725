"""The source pane and the page of a source: what stands around the text, or around a page of it.

Above: title, where it is from, a note, and the tools (text or page, find, outline). Below: the ways
to the footnotes before and after. They stand behind the text, so that the Tab key leads from the
lit words to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from rag.types import Document, Span
from ui.page_settings import current_settings
from ui.translation import format_number, translate, translate_count
from ui.views import pdf_page
from ui.views.citation_marks import escape_line, quote_line, short_source, shown_title
from ui.views.pdf_page import PdfPage
from ui.views.source_reference import NO_STEPS, SourceReference, Steps
from ui.views.source_structure import dialect_of
from ui.views.source_text import SourceText

MAX_SHOWN_CHARS = 200_000  # characters of a plain text that are shown at once
MAX_RENDERED_CHARS = 100_000  # of one with headings, lists and tables, which takes longer


@dataclass(frozen=True, slots=True)
class ShownSource:
    """A document, and how it is shown."""

    document: Document
    current: Span | None = None  # highlighted; an empty one marks nothing
    others: Sequence[Span] = ()  # highlighted faintly
    note: str = ""  # above the text
    page: int | None = None  # of the current span, from 1; None for a source without pages
    at: int | None = None  # the offset that a long text is shown around; None: that of `current`
    reference: SourceReference | None = None  # what was opened
    steps: Steps = NO_STEPS  # to the other footnotes of its answer
    sheet: PdfPage | None = None  # a page to show in place of the text


@dataclass(frozen=True, slots=True)
class _View:
    """The part ``[start, end)`` of a document that is shown, and the spans marked in it, sorted."""

    source: ShownSource
    start: int
    end: int
    marks: tuple[Span, ...]
    current: Span | None
    reference: SourceReference
    text: SourceText | None  # None where a page is shown

    @property
    def document(self) -> Document:
        return self.source.document


def render_pane(source: ShownSource) -> str:
    """The document for the pane of the page."""
    view = _view(source)
    return (
        f'<section class="fn-reader" aria-labelledby="fn-reader-title" {_about(view)}>'
        f'<header class="fn-reader-head">'
        f'<h2 class="fn-reader-title" id="fn-reader-title">{_title(source.document)}</h2>'
        f"{_close()}{_facts(source)}{_note(source.note)}"
        f'<div class="fn-tools">{_switch(view)}{_outline(view)}{_find()}</div></header>'
        f"{_part(view)}{_body(view)}{_bar(source.steps)}</section>"
    )


def render_page(source: ShownSource) -> str:
    """The same as a whole HTML page that needs no script: the browser itself goes to the mark."""
    view = _view(source)
    tools = _switch(view, links=True) + _outline(view)
    tools = f'<div class="fn-tools">{tools}</div>' if tools else ""
    return _page(
        source.document.title,
        f'<main class="fn-reader"><header class="fn-reader-head">'
        f'<h1 class="fn-reader-title">{_title(source.document)}</h1>'
        f"{_facts(source)}{_note(source.note)}{_jumps(view)}{tools}</header>"
        f"{_part(view)}{_body(view, autofocus=True)}{_bar(source.steps, links=True)}</main>",
    )


def render_missing(quote: str, *, note: str = "", steps: Steps = NO_STEPS) -> str:
    """The pane where there is no text to show: the quote as it was recorded, if there is one."""
    words = (
        f'<blockquote class="fn-missing-quote">{quote_line(quote)}</blockquote>' if quote else ""
    )
    return _bare(f"{_note(note)}{words}{_bar(steps)}")


def render_empty() -> str:
    """The pane before anything is opened."""
    hint = translate("Choose a footnote: its source opens here, with the cited words lit up.")
    return _bare(f'<p class="fn-hint">{hint}</p>')


def _bare(inner: str) -> str:
    return (
        '<section class="fn-reader" aria-labelledby="fn-reader-title">'
        '<header class="fn-reader-head"><h2 class="fn-reader-title" id="fn-reader-title">'
        f"{translate('Source')}</h2>{_close()}</header>{inner}</section>"
    )


def _page(title: str, body: str) -> str:
    from ui.stylesheets import standalone_css

    language = current_settings().language
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape_line(title)} · Footnote</title>"
        f"<style>{standalone_css('source', 'source_text')}</style>"
        f'</head><body class="fn-alone">{body}</body></html>\n'
    )


# --- what is shown ---------------------------------------------------------------------------


def _view(source: ShownSource) -> _View:
    """The whole text, or a part of a longer one."""
    document, current, length = source.document, source.current, len(source.document.text)
    most = MAX_SHOWN_CHARS if dialect_of(document.source) == "plain" else MAX_RENDERED_CHARS
    if current is None or current.document_id != document.id:
        current = Span(document.id, 0, 0)
    at = min(source.at or 0, length)
    middle = current if source.at is None else Span(document.id, at, at)
    start = middle.start - max(0, most - len(middle)) // 2
    start = max(0, min(start, length - most))
    end = min(length, start + most)
    lit = _clipped(current, start, end)
    faint = [
        _clipped(span, start, end) for span in source.others if span.document_id == document.id
    ]
    marks = tuple(sorted({span for span in (lit, *faint) if len(span)}))
    shown = lit if lit in marks else None
    first_page = None if source.page is None else 1 + document.text.count("\f", 0, start)
    text = (
        None
        if source.sheet
        else SourceText(document, start, end, marks, shown, first_page, source.at)
    )
    reference = source.reference or SourceReference.of(document=document.id)
    return _View(source, start, end, marks, shown, reference, text)


def _clipped(span: Span, start: int, end: int) -> Span:
    """What of `span` lies in ``[start, end)``; empty where nothing does."""
    first = min(max(span.start, start), end)
    return Span(span.document_id, first, max(first, min(span.end, end)))


def _body(view: _View, *, autofocus: bool = False) -> str:
    if view.source.sheet:
        return pdf_page.render(view.source.sheet, view.reference)
    assert view.text is not None
    label = translate("Text of the source")
    return (  # it can be focused, so that the arrow keys scroll it
        f'<div class="{view.text.classes}" role="group" aria-label="{label}" '
        f'tabindex="0">{view.text.html(autofocus=autofocus)}</div>'
    )


# --- above the text --------------------------------------------------------------------------


def _about(view: _View) -> str:
    """What the script needs to go on in another part: what is open, and where this part ends."""
    data = f'data-document="{escape(view.document.id)}" '
    values = {name: value for name, value in view.reference.values.items() if name != "document"}
    data += "".join(f'data-{name}="{escape(value)}" ' for name, value in values.items())
    data += f'data-open="{view.reference.act}"'
    is_whole = view.end - view.start == len(view.document.text)
    return data if is_whole else f'{data} data-from="{view.end}"'


def _title(document: Document) -> str:
    return escape_line(shown_title(document.title, document.source))


def _close() -> str:
    return (
        '<button type="button" class="fn-close" data-act="close" '
        f'aria-label="{translate("Close the source")}">'
        '<span aria-hidden="true">✕</span></button>'
    )


def _facts(source: ShownSource) -> str:
    document = source.document
    is_url = "://" in document.source
    facts = [escape_line(document.source if is_url else short_source(document.source), 100)]
    facts += [escape_line(document.published)] if document.published else []
    if source.page is not None:
        facts.append(translate("page {n}", n=format_number(source.page)))
    facts.append(translate_count(len(document.text), "{n} character", "{n} characters"))
    return f'<p class="fn-reader-facts">{" · ".join(facts)}</p>'


def _note(note: str) -> str:
    return f'<p class="fn-reader-note" role="note">{escape_line(note)}</p>' if note else ""


def _switch(view: _View, *, links: bool = False) -> str:
    """Between the text and the page of a PDF."""
    sheet, page = view.source.sheet, view.source.page
    if page is None:
        return ""
    number = sheet.number if sheet else page
    ways = (
        (translate("Text"), {"view": "text"}, sheet is None),
        (translate("Page {n}", n=format_number(number)), {"view": "page"}, sheet is not None),
    )
    inner = "".join(
        f'<a class="fn-way" {view.reference.attributes(**more)}{_here(is_here)}>{word}</a>'
        if links
        else f'<button type="button" class="fn-way" {view.reference.data(**more)}'
        f' aria-pressed="{str(is_here).lower()}">{word}</button>'
        for word, more, is_here in ways
    )
    label = translate("Show the source as")
    return f'<div class="fn-switch" role="group" aria-label="{label}">{inner}</div>'


def _here(is_here: bool) -> str:
    return ' aria-current="true"' if is_here else ""


def _find() -> str:
    return (
        '<div class="fn-find" role="search"><input type="search" class="fn-find-words" '
        f'aria-label="{translate("Find in this source")}" placeholder="{translate("Find")}" '
        'autocomplete="off" spellcheck="false">'
        '<span class="fn-hits" role="status" data-hits></span>'
        '<button type="button" class="fn-step" data-act="find" data-step="-1" '
        f'aria-label="{translate("Previous hit")}"><span aria-hidden="true">↑</span></button>'
        '<button type="button" class="fn-step" data-act="find" data-step="1" '
        f'aria-label="{translate("Next hit")}"><span aria-hidden="true">↓</span></button></div>'
    )


def _outline(view: _View) -> str:
    """Headings and pages of the part that is shown, as links."""
    text = view.text
    if text is None:
        return ""
    entries = [
        f'<li class="fn-level-{each.level}"><a data-act="go" href="#{each.id}">'
        f"{escape_line(each.text, 100)}</a></li>"
        for each in text.outline()
    ]
    pages = "".join(
        f'<li><a data-act="go" href="#{each.id}">{format_number(each.number)}</a></li>'
        for each in text.pages()
    )
    if len(entries) < 2 and not pages:
        return ""
    headings = f'<ol class="fn-headings">{"".join(entries)}</ol>' if entries else ""
    leaves = f'<p>{translate("Pages")}</p><ol class="fn-pages">{pages}</ol>' if pages else ""
    return (
        f'<details class="fn-outline"><summary>{translate("Outline")}</summary>'
        f'<nav aria-label="{translate("Outline of the source")}">{headings}{leaves}</nav></details>'
    )


def _jumps(view: _View) -> str:
    """Links to every mark, for a page without a script."""
    text = view.text
    if not view.marks or text is None:
        return ""
    here = ' aria-current="true"'
    links = "".join(
        f'<a class="fn-step" href="#{text.mark_id(span.start)}"'
        f"{here if span == view.current else ''}>{number}</a>"
        for number, span in enumerate(view.marks, 1)
    )
    label = translate("Cited places")
    return f'<nav class="fn-steps" aria-label="{label}">{label} {links}</nav>'


def _part(view: _View) -> str:
    """Which part of a long text this is, with links to what comes before and after."""
    length = len(view.document.text)
    if view.end - view.start == length or view.source.sheet:
        return ""
    ends = [(translate("Earlier"), view.start)] if view.start > 0 else []
    ends += [(translate("Later"), view.end)] if view.end < length else []
    links = " ".join(f"<a {view.reference.attributes(at=at)}>{word}</a>" for word, at in ends)
    shown = translate(
        "This is a long text: characters {start} to {end} of {length} are shown.",
        start=format_number(view.start + 1),
        end=format_number(view.end),
        length=format_number(length),
    )
    return f'<p class="fn-part">{shown} {links}</p>'


# --- below the text --------------------------------------------------------------------------


def _bar(steps: Steps, *, links: bool = False) -> str:
    """The ways to the footnotes before and after, and which of how many this is."""
    if len(steps.footnotes) < 2:
        return ""
    previous, following = (
        _step(steps.next_to(by), f"{before}<span>{word}</span>{after}", links)
        for by, before, word, after in (
            (-1, '<span aria-hidden="true">←</span> ', translate("Previous"), ""),
            (1, "", translate("Next"), ' <span aria-hidden="true">→</span>'),
        )
    )
    at = "–" if steps.at is None else f"{steps.at + 1}"
    place = translate("{at} of {n}", at=at, n=len(steps.footnotes))
    return (
        f'<nav class="fn-bar" aria-label="{translate("Footnotes of the answer")}">{previous}'
        f'<span class="fn-position"><span class="fn-position-word">{translate("Footnote")} </span>'
        f"<span data-place>{place}</span></span>{following}</nav>"
    )


def _step(way: SourceReference, words: str, links: bool) -> str:
    if links:
        return f'<a class="fn-step" {way.attributes()}>{words}</a>'
    data = way.data().replace('data-act="cite"', 'data-act="footnote"')
    return f'<button type="button" class="fn-step" {data}>{words}</button>'
