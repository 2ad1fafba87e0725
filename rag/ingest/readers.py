"""Reads files and web pages into documents.

LlamaIndex reads PDF and Word files, trafilatura web pages; their own document classes, ids and
metadata stay in here. Text and Markdown are stored as they are, so that a position in a document is
a position in the file.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from html import unescape
from io import BytesIO
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote, urlsplit
from zipfile import ZipFile

from rag.errors import SourceError
from rag.ingest.metadata import clean_line, document_title, parse_iso_date
from rag.ingest.pdf_pages import PAGE_BREAK
from rag.types import Document

FILE_SUFFIXES = (".docx", ".htm", ".html", ".jsonl", ".md", ".pdf", ".txt")
MAX_FILE_BYTES = 100_000_000
MAX_HTML_BYTES = 10_000_000  # finding the article in a larger page takes minutes
MAX_XML_BYTES = 50_000_000  # of the text of a Word file, unpacked

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NEWLINE = re.compile(r"\r\n?")
_HEADING = re.compile(r"^#[ \t]+(\S.*)$", re.MULTILINE)
_FRONT_MATTER = r"---\n(?:(?!---).*\n){0,50}?%s:(.*)\n"
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset=[\"']?([\w-]{1,40})", re.IGNORECASE)
_DOCX_TEXT = re.compile(r"word/(?:document|header|footer)|docProps/core\.xml")
_DOCX_TITLE = re.compile(r"<dc:title>([^<]{1,1000})</dc:title>")
_REFUSED_CHARSET = re.compile(r"idna|puny|unicode|raw|utf.?7", re.IGNORECASE)  # slow, or escapes


@dataclass(frozen=True, slots=True)
class _RawSource:
    """The bytes of a file or a web page, before they are read into documents."""

    id: str
    source: str
    name: str  # in error messages
    fallback_title: str
    data: bytes
    charset: str = "cp1252"  # of its text, unless that is UTF-8 or declares its own


def read_file(path: Path) -> list[Document]:
    """The documents in the file at `path`: one, or one for each record of a `.jsonl`.

    Ids are file names (``articles.jsonl#key`` for records). Raises `SourceError`.
    """
    suffix = path.suffix.lower()
    if suffix not in FILE_SUFFIXES:
        raise _source_error(
            path.name, "is of an unknown kind", f"Give one of {', '.join(FILE_SUFFIXES)}."
        )
    name, data = path.name, _read_bytes(path)
    return _read_documents(suffix, _RawSource(name, str(path.resolve()), name, path.stem, data))


def read_page(url: str, suffix: str, data: bytes, charset: str = "") -> Document:
    """The document at `url`, whose `data` is read like a file that ends with `suffix` (".html").

    `charset` is the one that its server declares. The URL is id and source. Raises `SourceError`.
    """
    parts = urlsplit(url)
    title = unquote(PurePosixPath(parts.path).stem) or parts.netloc
    raw = _RawSource(url, url, "The page", title, data, charset or "cp1252")
    return _read_documents(suffix, raw)[0]


def _read_documents(suffix: str, raw: _RawSource) -> list[Document]:
    readers = {
        ".docx": _read_docx,
        ".htm": _read_html,
        ".html": _read_html,
        ".jsonl": _read_jsonl,
        ".md": _read_markdown,
        ".pdf": _read_pdf,
        ".txt": _read_text,
    }
    if not raw.data.strip():
        raise _empty_error(raw)
    return readers[suffix](raw)


def find_files(paths: Sequence[Path]) -> Iterator[Path]:
    """The files at `paths`, and those with one of `FILE_SUFFIXES` in the folders at `paths`,
    sorted.

    Hidden files, hidden folders and links to folders inside a folder are skipped. Raises
    `SourceError` for a path that does not exist and a folder that cannot be opened.
    """
    for path in paths:
        if not os.path.exists(path):  # False, too, where its folder may not be searched
            raise _source_error(path.name, "cannot be found", "Check the path for a typing error.")
    found = (file for path in paths for file in (_walk_folder(path) if path.is_dir() else [path]))
    yield from dict.fromkeys(found)


def _walk_folder(folder: Path) -> Iterator[Path]:
    try:
        children = sorted(child for child in folder.iterdir() if child.name[0] != ".")
        folders = {child for child in children if child.is_dir()}
    except OSError as error:
        raise _source_error(folder.name, "cannot be opened", "Change its permissions.") from error
    for child in children:
        if child in folders and not child.is_symlink():
            yield from _walk_folder(child)
        elif child.suffix.lower() in FILE_SUFFIXES and child.is_file():
            yield child


def _read_bytes(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise _source_error(path.name, "is not a file", "Give the path of a file that exists.")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise _source_error(
                path.name, f"is over {MAX_FILE_BYTES:,} bytes", "Split it into smaller files."
            )
        return path.read_bytes()
    except PermissionError as error:
        raise _source_error(path.name, "is not yours to read", "Change its permissions.") from error
    except OSError as error:
        raise _source_error(
            path.name, f"cannot be opened ({error.strerror})", "Check the disk."
        ) from error


def _decode(raw: _RawSource, charset: str = "") -> str:
    """The text of UTF-8, of UTF-16 with a byte-order mark, or of the `charset` that it declares."""
    text = "\0"
    has_utf16_mark = raw.data[:2] in (b"\xff\xfe", b"\xfe\xff")
    declared = [name for name in (charset, raw.charset) if not _REFUSED_CHARSET.search(name)]
    for encoding in ("utf-16",) if has_utf16_mark else ("utf-8-sig", *declared, "cp1252"):
        with suppress(UnicodeError, LookupError):
            text = raw.data.decode(encoding)
            break
    if "\0" in text or len(_CONTROL.findall(text, 0, 65_536)) * 20 > min(len(text), 65_536):
        raise _source_error(
            raw.name, "is not text, whatever its name says", "Save it as UTF-8 text."
        )
    return _NEWLINE.sub("\n", text)


def _make_document(
    raw: _RawSource, text: str, *titles: object, key: str = "", published: object = None
) -> Document:
    """A document with the best of `titles`, those of its metadata, in order of preference.

    `published` is a date in ISO 8601, or anything else where there is none. Raises `SourceError`
    for a text of white space.
    """
    if not text.strip():
        raise _empty_error(raw)
    record = key and f"#{key}"
    title = document_title(titles, text, raw.fallback_title)
    day = parse_iso_date(published)
    return Document.of(raw.id + record, title, raw.source + record, text, day)


def _empty_error(raw: _RawSource) -> SourceError:
    return _source_error(raw.name, "is empty", "Leave it out, or save its text again.")


def _source_error(name: str, problem: str, remedy: str) -> SourceError:
    return SourceError(f"{clean_line(name) or 'The file'} {problem}.", remedy)


def _read_text(raw: _RawSource) -> list[Document]:
    return [_make_document(raw, _decode(raw))]


def _read_markdown(raw: _RawSource) -> list[Document]:
    text = _decode(raw)
    fields = [re.match(_FRONT_MATTER % field, text) for field in ("date", "title")]
    found = [*fields, _HEADING.search(text.partition("```")[0])]
    published, *titles = [match and match[1].removesuffix(" #").strip(" \t\"'") for match in found]
    return [_make_document(raw, text, *titles, published=published)]


def _read_html(raw: _RawSource) -> list[Document]:
    if len(raw.data) > MAX_HTML_BYTES:
        raise _source_error(
            raw.name, f"is over {MAX_HTML_BYTES:,} bytes", "Save its text as a .txt file."
        )
    charset = _META_CHARSET.search(raw.data[:4096])
    page = _decode(raw, charset[1].decode() if charset else "")
    page = re.sub(r"\A\s*<\?xml[^>]*>", "", page)
    if "<body" not in page.lower():
        page = f"<html><body><div>{page}</div></body></html>"
    text, title, published = _extract_article(page)
    if not text.strip():
        raise _source_error(
            raw.name, "contains no text", "Save it from a browser once it has loaded."
        )
    return [_make_document(raw, text, title, published=published)]


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
            return _CONTROL.sub("", found.text), found.title, found.date
        return _CONTROL.sub("", html2txt(page)), None, None
    return "", None, None


def _read_pdf(raw: _RawSource) -> list[Document]:
    from llama_index.readers.file import PDFReader
    from pypdf import PdfReader
    from pypdf.errors import FileNotDecryptedError

    _silence_loggers()
    try:
        file = PdfReader(BytesIO(raw.data))
        title = len(file.pages) and file.metadata and file.metadata.title
        pages = PDFReader().load_data(Path(raw.name), fs=_memory_file_system(raw))
    except FileNotDecryptedError as error:
        raise _source_error(
            raw.name, "is locked with a password", "Save a copy without it."
        ) from error
    except Exception as error:  # broken files fail in many ways
        raise _source_error(
            raw.name, "is damaged or not a PDF", "Save it again from a viewer."
        ) from error
    text = PAGE_BREAK.join(_CONTROL.sub("", page.text) for page in pages)
    if not text.strip():
        raise _source_error(
            raw.name, "has only pictures, no text", "Run OCR on it, such as ocrmypdf."
        )
    return [_make_document(raw, text, title)]


def _read_docx(raw: _RawSource) -> list[Document]:
    from llama_index.readers.file import DocxReader

    try:
        with ZipFile(BytesIO(raw.data)) as archive:
            parts = [part for part in archive.namelist() if _DOCX_TEXT.match(part)]
            if sum(archive.getinfo(part).file_size for part in parts) > MAX_XML_BYTES:
                raise _source_error(
                    raw.name, "unpacks to far too much text", "Split it into smaller files."
                )
            core = b"".join(archive.read(part) for part in parts if part.startswith("docProps"))
        text = DocxReader().load_data(Path(raw.name), fs=_memory_file_system(raw))[0].text
    except SourceError:
        raise
    except Exception as error:  # zip, XML and missing parts each fail in their own way
        raise _source_error(
            raw.name, "is damaged, locked or not .docx", "Save it again as such."
        ) from error
    title = _DOCX_TITLE.search(core.decode("utf-8", "replace"))
    text = re.sub(r"\n{3,}", "\n\n", _CONTROL.sub("", text))
    return [_make_document(raw, text, title and unescape(title[1]))]


def _memory_file_system(raw: _RawSource) -> Any:
    """A file system as far as LlamaIndex's readers use one, with the bytes already read."""
    return SimpleNamespace(open=lambda *_: BytesIO(raw.data))


def _read_jsonl(raw: _RawSource) -> list[Document]:
    documents: dict[str, Document] = {}
    for number, line in enumerate(_decode(raw).split("\n"), 1):
        if line.strip():
            document = _read_record(raw, number, line)
            if document.id in documents:
                raise _source_error(
                    raw.name, f"repeats an id in line {number}", "Give each record its own."
                )
            documents[document.id] = document
    if not documents:
        raise _empty_error(raw)
    return list(documents.values())


def _read_record(raw: _RawSource, number: int, line: str) -> Document:
    try:
        record = json.loads(line)
        texts = [record.get(field) for field in ("text", "body", "content")]
    except (ValueError, AttributeError, RecursionError) as error:
        raise _source_error(
            raw.name, f"has no JSON object in line {number}", "Write one a line."
        ) from error
    text = next((_CONTROL.sub("", text) for text in texts if isinstance(text, str)), "")
    if not text.strip():
        raise _source_error(raw.name, f"has no text in line {number}", 'Give it a "text" field.')
    id = record.get("id")
    key = clean_line(str(id)) if isinstance(id, str | int) else ""
    published = record.get("published") or record.get("date")
    text = _NEWLINE.sub("\n", text)
    return _make_document(
        raw, text, record.get("title"), key=key or str(number), published=published
    )


def _silence_loggers() -> None:
    """Silence the loggers of the libraries: our errors say what is wrong with a file."""
    for name in ("pypdf", "trafilatura", "htmldate", "courlan", "justext", "charset_normalizer"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
