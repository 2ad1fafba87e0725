"""Reads PDF files: columns, tables and paragraphs in reading order, as light Markdown.

PDFium gives the words and their places (`pdf_words`); `pdf_layout` puts them in order, `pdf_text`
makes paragraphs of lines. Pages are parted by form feeds, see `rag.ingest.pdf_pages`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from rag.ingest.metadata import headline
from rag.ingest.raw_source import RawSource, make_document, source_error
from rag.ingest.readers.light_markdown import fold_ligatures
from rag.ingest.readers.pdf_layout import Piece, lay_out
from rag.ingest.readers.pdf_margins import without_running_lines
from rag.ingest.readers.pdf_text import PdfText, main_heading
from rag.ingest.readers.pdf_words import PDFIUM, Page, read_page
from rag.types import Document

_PAGES_AT_ONCE = 64  # whose words are kept in memory, and compared to find running headers
_NO_CODE = "\ufffd"


def read_pdf(raw: RawSource) -> list[Document]:
    try:
        with PDFIUM:
            title, pages, without_text = _read(raw)
    except Exception as error:  # broken files fail in many ways
        raise _error(raw, error) from error
    text = PdfText(pages).joined()
    if not text.strip():
        raise source_error(
            raw.name, "has only pictures, no text", "Run OCR on it, such as ocrmypdf."
        )
    _warn(raw, text, without_text)
    first = " ".join(headline(text).split())
    titles = [main_heading(pages), title, first]
    if _is_on_page(title, text):
        titles.insert(0, title)
    return [make_document(raw, text, *titles)]


def _read(raw: RawSource) -> tuple[str, list[list[Piece]], list[int]]:
    """The title that the file states, its pages, and the numbers of those without text."""
    import pypdfium2

    pages: list[list[Piece]] = []
    without_text = []
    with pypdfium2.PdfDocument(raw.data) as file:
        has_form = bool(file.get_formtype())
        if has_form:
            file.init_forms()
        title = fold_ligatures(file.get_metadata_value("Title") or "") if len(file) else ""
        for first in range(0, len(file), _PAGES_AT_ONCE):
            numbers = range(first, min(first + _PAGES_AT_ONCE, len(file)))
            read = [_page(file, number, has_form=has_form) for number in numbers]
            for page in without_running_lines(read):
                pages.append(lay_out(page.words, page.rules))
                if not pages[-1] and page.has_objects:
                    without_text.append(len(pages))
    return title, pages, without_text


def _page(file: Any, number: int, *, has_form: bool) -> Page:
    page = file[number]
    if has_form:  # what was filled in becomes text of the page
        page.flatten()
        page.close()
        page = file[number]
    try:
        return read_page(page)
    finally:
        page.close()


def _error(raw: RawSource, error: Exception) -> Exception:
    import pypdfium2.raw as pdfium

    if getattr(error, "err_code", None) == pdfium.FPDF_ERR_PASSWORD:
        return source_error(raw.name, "is locked with a password", "Save a copy without it.")
    return source_error(raw.name, "is damaged or not a PDF", "Save it again from a viewer.")


def _is_on_page(title: str, text: str) -> bool:
    """True where most words of the stated title stand at the beginning of the text: templates leave
    their own title in the files made with them."""
    beginning = set(text[:3000].lower().split())
    words = title.lower().split()
    return bool(words) and sum(word in beginning for word in words) >= 0.6 * len(words)


def _warn(raw: RawSource, text: str, without_text: Sequence[int]) -> None:
    if without_text:
        pages = ", ".join(_ranges(without_text))
        noun, verb = ("Page", "holds") if len(without_text) == 1 else ("Pages", "hold")
        raw.warn(
            f"{noun} {pages} of {raw.name} {verb} only pictures, no text.",
            "Run OCR on it, such as ocrmypdf.",
        )
    count = text.count(_NO_CODE)
    if count:
        letters = "A letter" if count == 1 else f"{count:,} letters"
        raw.warn(
            f"{letters} of {raw.name} cannot be read, shown as {_NO_CODE}.",
            "Save it again with its fonts, or run OCR on it.",
        )


def _ranges(numbers: Sequence[int]) -> Iterator[str]:
    """Numbers in order as "3 to 5", "9"; two in a row are told one by one."""
    for _, group in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        run = [number for _, number in group]
        yield from map(str, run) if len(run) < 3 else [f"{run[0]} to {run[-1]}"]
