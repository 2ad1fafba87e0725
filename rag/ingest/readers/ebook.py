"""Reads books (.epub): their chapters in reading order, title and date from the package."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from rag.ingest.raw_source import RawSource, make_document
from rag.ingest.readers import light_markdown as markdown
from rag.ingest.readers.html_blocks import page_blocks
from rag.ingest.readers.html_visibility import remove_invisible
from rag.ingest.readers.light_markdown import Block
from rag.ingest.readers.packages import Package, attribute, child, children, open_package
from rag.types import Document

_CONTAINER = "META-INF/container.xml"


def read_ebook(raw: RawSource) -> list[Document]:
    with open_package(raw, ".epub") as package:
        place = attribute(
            child(package.xml(_CONTAINER), "rootfiles", "rootfile"), "full-path", "content.opf"
        )
        book = package.xml(place)
        if book is None:
            raise ValueError("no book in it")
        text = markdown.join_blocks(_blocks(package, place, book))
        described = child(book, "metadata")
        title, published = (
            "".join(found.itertext()) if (found := child(described, name)) is not None else ""
            for name in ("title", "date")
        )
    return [make_document(raw, text, title, published=published)]


def _blocks(package: Package, place: str, book: Any) -> Iterator[Block]:
    """The blocks of the chapters, without the table of contents that the reader program shows."""
    items = {attribute(each, "id"): each for each in children(child(book, "manifest"), "item")}
    for reference in children(child(book, "spine"), "itemref"):
        item = items.get(attribute(reference, "idref"))
        if item is None or "nav" in attribute(item, "properties").split():
            continue
        href = unquote(attribute(item, "href"))
        data = package.bytes_of(posixpath.normpath(posixpath.join(posixpath.dirname(place), href)))
        if data.strip():
            yield from _chapter(data)


def _chapter(data: bytes) -> Iterator[Block]:
    from lxml import html

    tree = html.document_fromstring(data, parser=html.HTMLParser(encoding="utf-8"))
    remove_invisible(tree)
    body = tree.find("body")
    for each in () if body is None else page_blocks(body):
        yield each.block
