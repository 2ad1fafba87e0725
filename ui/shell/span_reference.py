"""Resolves a reference `ID[:START-END]` to a document and the characters in it."""

from __future__ import annotations

import re

from rag import Library
from rag.errors import LibraryError, NoSuchDocument
from rag.types import Document, Span

_SPAN = re.compile(r"(?P<id>.+):(?P<start>\d{1,12})-(?P<end>\d{1,12})", re.DOTALL)


def resolve_reference(reference: str, library: Library) -> tuple[Document, Span | None]:
    """The document and the span, if there is one; an id may look like a reference itself.

    Raises `NoSuchDocument`, or `LibraryError` when the document has no such characters.
    """
    parts = _SPAN.fullmatch(reference)
    try:
        return library.document(reference), None
    except NoSuchDocument:
        if not parts:
            raise
    document = library.document(parts["id"])
    start, end = int(parts["start"]), int(parts["end"])
    if not start <= end <= len(document.text):
        raise LibraryError(
            f"{document.id} has no characters {start} to {end}; it ends at {len(document.text)}.",
            "Ask again if the document has changed since.",
        )
    return document, Span(document.id, start, end)
