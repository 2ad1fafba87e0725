"""Page numbers of PDF documents.

The text of a PDF is stored as its pages, joined by form feeds, which count as white space.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from rag.types import Document

PAGE_BREAK = "\n\f\n"


def page_of(document: Document, offset: int) -> int | None:
    """The page, from 1, with the character at `offset`; None where the document is no PDF."""
    source = document.source
    web = source.startswith(("http://", "https://"))
    path = urlsplit(source).path if web else source
    named = path.lower().endswith(".pdf") and ".jsonl#" not in path
    if named or (web and PAGE_BREAK in document.text):  # on the web a PDF may have any name
        return 1 + document.text.count("\f", 0, offset)
    return None
