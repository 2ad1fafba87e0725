"""Which document a link to a source opens, what is highlighted in it, and the note above it.

Used by the pane of the page and by the pages that stand alone. A link always opens something: where
the source has changed or is gone, the quote as it was recorded, with a note.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rag import page_of
from rag.errors import NoSuchDocument
from rag.types import Citation, Document, Span
from ui.safe_text import one_line
from ui.translation import translate
from ui.views.source_reference import NO_STEPS, SourceReference, Steps

if TYPE_CHECKING:
    from rag import Library, Relocation
    from ui.questions.exchange import Exchange

TITLE_CHARS = 120  # of a title within a note


@dataclass(frozen=True, slots=True)
class LinkedSource:
    """What a link opens. `quote` is the text as it was recorded with the answer, "" where a whole
    document was asked for; `note` is one or two sentences, "" where nothing has changed."""

    document: Document | None  # None: it is not in the library any more
    current: Span | None  # to be highlighted, and scrolled to
    others: tuple[Span, ...] = ()  # what the same answer cites besides, in reading order
    note: str = ""
    quote: str = ""
    reference: SourceReference | None = None  # what was asked for
    steps: Steps = NO_STEPS  # to the other footnotes of the answer

    @property
    def page(self) -> int | None:
        """The page of a PDF on which the current span begins, from 1; None for other documents."""
        if self.document is None or not self.current:
            return None
        return page_of(self.document, self.current.start)


def open_citation(exchange: Exchange, claim: int, citation: int, library: Library) -> LinkedSource:
    """Open the citation number `citation` of the sentence number `claim`; both from 0."""
    if claim < 0 or citation < 0:
        return _no_such_citation()
    try:
        cited = exchange.claims[claim].citations[citation]
    except IndexError:
        return _no_such_citation()
    opened = _opened(exchange, cited, library)
    reference = SourceReference.of(exchange=exchange.id, claim=claim, citation=citation)
    return replace(opened, reference=reference, steps=_steps(exchange, cited.span))


def open_passage(exchange: Exchange, number: int, library: Library) -> LinkedSource:
    """Open passage ``[number]`` of the exchange."""
    for passage in exchange.evidence:
        if passage.number == number:
            opened = _opened(exchange, Citation(number, passage.span, passage.text), library)
            reference = SourceReference.of(exchange=exchange.id, passage=number)
            return replace(opened, reference=reference, steps=_steps(exchange, passage.span))
    return _no_such_citation()


def open_document(
    id: str, library: Library, start: int | None = None, end: int | None = None
) -> LinkedSource:
    """Open a document with the characters ``[start, end)`` highlighted; with a start alone, at that
    place of a long text."""
    try:
        found = library.document(id)
    except (NoSuchDocument, UnicodeEncodeError):  # no document has a lone surrogate in its id
        name = one_line(id, TITLE_CHARS)
        note = translate("There is no source {name} in the index.", name=name)
        return LinkedSource(None, None, note=note)
    reference = SourceReference.of(document=id)
    if start is None:
        return LinkedSource(found, None, reference=reference)
    end = start if end is None else end
    if not 0 <= start <= end <= len(found.text):
        note = translate("The source has no characters {start} to {end}.", start=start, end=end)
        return LinkedSource(found, None, note=note, reference=reference)
    reference = SourceReference.of(document=id, start=start, end=end)
    quote = found.text[start:end]
    return LinkedSource(found, Span(id, start, end), quote=quote, reference=reference)


def _opened(exchange: Exchange, cited: Citation, library: Library) -> LinkedSource:
    from rag import relocate_all

    id = cited.span.document_id
    besides = [c for claim in exchange.claims for c in claim.citations if c.span.document_id == id]
    passages = [Citation(each.number, each.span, each.text) for each in exchange.evidence]
    found, *places = relocate_all([cited, *besides], library, passages, exchange.digests)
    try:
        source = library.document(found.span.document_id if found.span else id)
    except NoSuchDocument:
        return LinkedSource(None, None, note=_gone(exchange, cited), quote=cited.quote)
    others = {place.span for place in places if place.span} - {found.span}
    return LinkedSource(source, found.span, tuple(sorted(others)), _note(found), cited.quote)


def _steps(exchange: Exchange, span: Span) -> Steps:
    """The footnotes of an answer, those to the same words once, and which of them is `span`."""
    found: dict[Span, SourceReference] = {}
    for claim, each in enumerate(exchange.claims):
        for citation, cited in enumerate(each.citations):
            reference = SourceReference.of(exchange=exchange.id, claim=claim, citation=citation)
            found.setdefault(cited.span, reference)
    at = list(found).index(span) if span in found else None
    return Steps(tuple(found.values()), at)


def _note(found: Relocation) -> str:
    match found.state:
        case "same":
            return ""
        case "moved":
            return translate("The source has changed since this answer; the quote now stands here.")
        case _:
            return translate(
                "The source has changed since this answer, and the quote is no longer in it."
            )


def _gone(exchange: Exchange, cited: Citation) -> str:
    passages = {passage.span.document_id: passage.title for passage in exchange.evidence}
    title = one_line(passages.get(cited.span.document_id, cited.span.document_id), TITLE_CHARS)
    return translate(
        "The source “{title}” was removed; this is the quote as it was recorded.", title=title
    )


def _no_such_citation() -> LinkedSource:
    return LinkedSource(None, None, note=translate("The answer has no such citation any more."))
