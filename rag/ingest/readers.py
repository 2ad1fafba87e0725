"""Reads files and web pages into documents.

LlamaIndex reads PDF and Word files, trafilatura web pages; their own document classes, ids and
metadata stay in here. Text and Markdown are stored as they are, so that a position in a document is
a position in the file.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from html import unescape
from io import BytesIO
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote, urlsplit
from zipfile import ZipFile

from rag.errors import SourceError
from rag.ingest.encodings import decode
from rag.ingest.json_lines import read_json_lines
from rag.ingest.pdf_pages import PAGE_BREAK
from rag.ingest.raw_source import (
    CONTROL,
    RawSource,
    Report,
    empty_error,
    ignore,
    make_document,
    source_error,
)
from rag.types import Document

FILE_SUFFIXES = (".docx", ".htm", ".html", ".jsonl", ".md", ".pdf", ".txt")
MAX_FILE_BYTES = 100_000_000
MAX_HTML_BYTES = 10_000_000  # finding the article in a larger page takes minutes
MAX_XML_BYTES = 50_000_000  # of the text of a Word file, unpacked

_HEADING = re.compile(r"^#[ \t]+(\S.*)$", re.MULTILINE)
_FRONT_MATTER = r"---\n(?:(?!---).*\n){0,50}?%s:(.*)\n"
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset=[\"']?([\w-]{1,40})", re.IGNORECASE)
_DOCX_TEXT = re.compile(r"word/(?:document|header|footer)|docProps/core\.xml")
_DOCX_TITLE = re.compile(r"<dc:title>([^<]{1,1000})</dc:title>")


def read_file(path: Path, report: Report = ignore) -> list[Document]:
    """The documents in the file at `path`: one, or one for each record of a `.jsonl`.

    Ids are file names (``articles.jsonl#key`` for records). `report` is called with what is read
    with a doubt or left out. Raises `SourceError` where nothing can be read.
    """
    suffix = path.suffix.lower()
    if suffix not in FILE_SUFFIXES:
        raise source_error(
            path.name, "is of an unknown kind", f"Give one of {', '.join(FILE_SUFFIXES)}."
        )
    name, data = path.name, _read_bytes(path)
    raw = RawSource(name, str(path.resolve()), name, path.stem, data, report=report)
    return _read_documents(suffix, raw)


def read_page(
    url: str, suffix: str, data: bytes, charset: str = "", report: Report = ignore
) -> Document:
    """The document at `url`, whose `data` is read like a file that ends with `suffix` (".html").

    `charset` is the one that its server declares. The URL is id and source. Raises `SourceError`.
    """
    parts = urlsplit(url)
    title = unquote(PurePosixPath(parts.path).stem) or parts.netloc
    raw = RawSource(url, url, "The page", title, data, charset, report)
    return _read_documents(suffix, raw)[0]


def _read_documents(suffix: str, raw: RawSource) -> list[Document]:
    readers = {
        ".docx": _read_docx,
        ".htm": _read_html,
        ".html": _read_html,
        ".jsonl": read_json_lines,
        ".md": _read_markdown,
        ".pdf": _read_pdf,
        ".txt": _read_text,
    }
    if not raw.data.strip():
        raise empty_error(raw)
    return readers[suffix](raw)


def find_files(paths: Sequence[Path]) -> Iterator[Path]:
    """The files at `paths`, and those with one of `FILE_SUFFIXES` in the folders at `paths`,
    sorted.

    Hidden files, hidden folders and links to folders inside a folder are skipped. Raises
    `SourceError` for a path that does not exist and a folder that cannot be opened.
    """
    for path in paths:
        if not os.path.exists(path):  # False, too, where its folder may not be searched
            raise source_error(path.name, "cannot be found", "Check the path for a typing error.")
    found = (file for path in paths for file in (_walk_folder(path) if path.is_dir() else [path]))
    yield from dict.fromkeys(found)


def _walk_folder(folder: Path) -> Iterator[Path]:
    try:
        children = sorted(child for child in folder.iterdir() if child.name[0] != ".")
        folders = {child for child in children if child.is_dir()}
    except OSError as error:
        raise source_error(folder.name, "cannot be opened", "Change its permissions.") from error
    for child in children:
        if child in folders and not child.is_symlink():
            yield from _walk_folder(child)
        elif child.suffix.lower() in FILE_SUFFIXES and child.is_file():
            yield child


def _read_bytes(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise source_error(path.name, "is not a file", "Give the path of a file that exists.")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise source_error(
                path.name, f"is over {MAX_FILE_BYTES:,} bytes", "Split it into smaller files."
            )
        return path.read_bytes()
    except PermissionError as error:
        raise source_error(path.name, "is not yours to read", "Change its permissions.") from error
    except OSError as error:
        raise source_error(
            path.name, f"cannot be opened ({error.strerror})", "Check the disk."
        ) from error


def _read_text(raw: RawSource) -> list[Document]:
    return [make_document(raw, decode(raw))]


def _read_markdown(raw: RawSource) -> list[Document]:
    text = decode(raw)
    fields = [re.match(_FRONT_MATTER % field, text) for field in ("date", "title")]
    found = [*fields, _HEADING.search(text.partition("```")[0])]
    published, *titles = [match and match[1].removesuffix(" #").strip(" \t\"'") for match in found]
    return [make_document(raw, text, *titles, published=published)]


def _read_html(raw: RawSource) -> list[Document]:
    if len(raw.data) > MAX_HTML_BYTES:
        raise source_error(
            raw.name, f"is over {MAX_HTML_BYTES:,} bytes", "Save its text as a .txt file."
        )
    charset = _META_CHARSET.search(raw.data[:4096])
    page = decode(raw, charset[1].decode() if charset else "")
    page = re.sub(r"\A\s*<\?xml[^>]*>", "", page)
    if "<body" not in page.lower():
        page = f"<html><body><div>{page}</div></body></html>"
    text, title, published = _extract_article(page)
    if not text.strip():
        raise source_error(
            raw.name, "contains no text", "Save it from a browser once it has loaded."
        )
    return [make_document(raw, text, title, published=published)]


def _extract_article(page: str) -> tuple[str, str | None, str | None]:
    """Text, title and date of the article of a page; of all its text where no article is found."""
    from trafilatura import bare_extraction, html2txt

    date_options = {"extensive_search": False, "original_date": True}  # none from running text
    _silence_loggers()
    with suppress(Exception):  # whatever a broken page does to the parser
        found = bare_extraction(
            page, include_comments=False, with_metadata=True, date_extraction_params=date_options
        )
        if found and not isinstance(found, dict) and found.text:
            return CONTROL.sub("", found.text), found.title, found.date
        return CONTROL.sub("", html2txt(page)), None, None
    return "", None, None


def _read_pdf(raw: RawSource) -> list[Document]:
    from llama_index.readers.file import PDFReader
    from pypdf import PdfReader
    from pypdf.errors import FileNotDecryptedError

    _silence_loggers()
    try:
        file = PdfReader(BytesIO(raw.data))
        title = len(file.pages) and file.metadata and file.metadata.title
        pages = PDFReader().load_data(Path(raw.name), fs=_memory_file_system(raw))
    except FileNotDecryptedError as error:
        raise source_error(
            raw.name, "is locked with a password", "Save a copy without it."
        ) from error
    except Exception as error:  # broken files fail in many ways
        raise source_error(
            raw.name, "is damaged or not a PDF", "Save it again from a viewer."
        ) from error
    text = PAGE_BREAK.join(CONTROL.sub("", page.text) for page in pages)
    if not text.strip():
        raise source_error(
            raw.name, "has only pictures, no text", "Run OCR on it, such as ocrmypdf."
        )
    return [make_document(raw, text, title)]


def _read_docx(raw: RawSource) -> list[Document]:
    from llama_index.readers.file import DocxReader

    try:
        with ZipFile(BytesIO(raw.data)) as archive:
            parts = [part for part in archive.namelist() if _DOCX_TEXT.match(part)]
            if sum(archive.getinfo(part).file_size for part in parts) > MAX_XML_BYTES:
                raise source_error(
                    raw.name, "unpacks to far too much text", "Split it into smaller files."
                )
            core = b"".join(archive.read(part) for part in parts if part.startswith("docProps"))
        text = DocxReader().load_data(Path(raw.name), fs=_memory_file_system(raw))[0].text
    except SourceError:
        raise
    except Exception as error:  # zip, XML and missing parts each fail in their own way
        raise source_error(
            raw.name, "is damaged, locked or not .docx", "Save it again as such."
        ) from error
    title = _DOCX_TITLE.search(core.decode("utf-8", "replace"))
    text = re.sub(r"\n{3,}", "\n\n", CONTROL.sub("", text))
    return [make_document(raw, text, title and unescape(title[1]))]


def _memory_file_system(raw: RawSource) -> Any:
    """A file system as far as LlamaIndex's readers use one, with the bytes already read."""
    return SimpleNamespace(open=lambda *_: BytesIO(raw.data))


def _silence_loggers() -> None:
    """Silence the loggers of the libraries: our errors say what is wrong with a file."""
    for name in ("pypdf", "trafilatura", "htmldate", "courlan", "justext", "charset_normalizer"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
