"""On which page of a PDF does a character stand?

The text of a PDF is its pages, joined by form feeds, which are white space to all that reads it.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from rag.types import Document

PAGE_BREAK = "\n\f\n"


def page_of(document: Document, offset: int) -> int | None:
    """The page, from 1, on which the character at `offset` stands; none unless in a PDF."""
    source = document.source
    web = source.startswith(("http://", "https://"))
    path = urlsplit(source).path if web else source
    named = path.lower().endswith(".pdf") and ".jsonl#" not in path
    if named or (web and PAGE_BREAK in document.text):  # on the web a PDF may have any name
        return 1 + document.text.count("\f", 0, offset)
    return None
