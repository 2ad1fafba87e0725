"""How an opened source is shown: as text or as a page of its PDF, and which part of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag import PageNotShown, boxes_of, page_of
from ui.safe_text import one_line
from ui.translation import to_translate, translate
from ui.views.pdf_page import Box, PdfPage
from ui.views.source_highlights import ShownSource

if TYPE_CHECKING:
    from rag import PageImages
    from rag.types import Document, Span
    from ui.web.source_link import LinkedSource

MAX_QUOTE_CHARS = 500  # of the lit words, as a screen reader tells them
NOT_ON_PAGE = to_translate(
    "The cited words were not found on the picture of this page; they are lit in the text."
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of an opened source is asked for. `at` is an offset that a long text is shown around;
    `page` a page of its PDF, from 1, 0 for that of the cited words, None for the text; `find` are
    words to go to, from the offset `begin` on."""

    at: int | None = None
    page: int | None = None
    find: str = ""
    begin: int = 0

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Wanted:
        """From the data of a button or the query of an address; what is malformed is left out."""
        at, page, begin = (_number(values.get(name, "")) for name in ("at", "page", "from"))
        is_page = values.get("view") == "page"
        words = one_line(values.get("find", ""), 200)
        return cls(at, (page or 0) if is_page else None, words, begin or 0)


def shown_source(
    document: Document, opened: LinkedSource, wanted: Wanted, pages: PageImages
) -> ShownSource:
    """How `opened`, which is in `document`, is shown."""
    sheet, note = _sheet(document, opened, wanted, pages)
    at = find_from(document.text, wanted.find, wanted.begin) if wanted.find else wanted.at
    page = opened.page
    if page is None:
        page = page_of(document, at or 0)
    return ShownSource(
        document,
        opened.current,
        opened.others,
        note=f"{opened.note} {note}".strip(),
        page=page,
        at=at,
        reference=opened.reference,
        steps=opened.steps,
        sheet=sheet,
    )


def find_from(text: str, words: str, begin: int) -> int | None:
    """Where `words` stand in `text` next from `begin` on, or else from its start; None for
    nowhere. Case and the kind of white space do not count."""
    pattern = re.compile(r"\s+".join(map(re.escape, words.split())), re.IGNORECASE)
    found = pattern.search(text, min(begin, len(text))) or pattern.search(text)
    return found.start() if found else None


def _sheet(
    document: Document, opened: LinkedSource, wanted: Wanted, pages: PageImages
) -> tuple[PdfPage | None, str]:
    """The page that is asked for, or a sentence that says why it cannot be shown."""
    if wanted.page is None or page_of(document, 0) is None:
        return None, ""
    try:
        image = pages.draw(document, wanted.page or opened.page or 1)
    except PageNotShown as error:
        return None, error.problem

    def boxes(span: Span) -> list[Box]:
        # A sentence that goes on on the next page is stored with the first of the two.
        first, last = (page_of(document, at) or 0 for at in (span.start, max(0, span.end - 1)))
        return boxes_of(image, document, span) if first <= image.number <= last + 1 else []

    current = boxes(opened.current) if opened.current else []
    others = [box for span in opened.others for box in boxes(span)]
    is_lost = opened.current and not current and image.number == opened.page
    quote = one_line(opened.quote, MAX_QUOTE_CHARS)
    return PdfPage(image, current, others, quote), translate(NOT_ON_PAGE) if is_lost else ""


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else None
