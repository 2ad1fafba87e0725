"""Page numbers of PDF documents.

The text of a PDF is stored as its pages, joined by form feeds, which count as white space.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from rag.ingest.web import is_url
from rag.types import Document

PAGE_BREAK = "\n\f\n"


def page_of(document: Document, offset: int) -> int | None:
    """The page, from 1, with the character at `offset`; None where the document is no PDF."""
    source = document.source
    path = urlsplit(source).path if is_url(source) else source
    is_named_so = path.lower().endswith(".pdf") and ".jsonl#" not in path
    # On the web a PDF may have any name.
    if is_named_so or (is_url(source) and PAGE_BREAK in document.text):
        return 1 + document.text.count("\f", 0, offset)
    return None
