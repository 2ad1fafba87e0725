"""How does a file or a web page become documents?

Readers of LlamaIndex stand behind PDF and Word files, trafilatura behind web pages; their own
document classes, ids and metadata stay in here. Text and Markdown are stored as they are, so that
a position in a document is a position in the file.
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
MAX_FILE_BYTES = 100_000_000  # of a file
MAX_HTML_BYTES = 10_000_000  # finding the article in a larger page takes minutes
MAX_XML_BYTES = 50_000_000  # of the text of a Word file, unpacked

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NEWLINE = re.compile(r"\r\n?")
_HEADING = re.compile(r"^#[ \t]+(\S.*)$", re.MULTILINE)
_FRONT_MATTER = r"---\n(?:(?!---).*\n){0,50}?%s:(.*)\n"
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset=[\"']?([\w-]{1,40})", re.IGNORECASE)
_DOCX_TEXT = re.compile(r"word/(?:document|header|footer)|docProps/core\.xml")
_DOCX_TITLE = re.compile(r"<dc:title>([^<]{1,1000})</dc:title>")
_NO_CHARSET = re.compile(r"idna|puny|unicode|raw|utf.?7", re.IGNORECASE)  # slow, or escapes


@dataclass(frozen=True, slots=True)
class _Raw:
    """The bytes of a file or a web page, and what is known of it before they are read."""

    id: str
    source: str
    name: str  # what errors call it
    stem: str  # its title where nothing better is found
    data: bytes
    charset: str = "cp1252"  # of its text, unless that is UTF-8 or says so itself


def read_file(path: Path) -> list[Document]:
    """The documents in the file at `path`: one, or one for each record of a `.jsonl`.

    Ids are file names (``articles.jsonl#key`` for records). Raises `SourceError`.
    """
    kind = path.suffix.lower()
    if kind not in FILE_SUFFIXES:
        raise _fault(path.name, "is of an unknown kind", f"Give one of {', '.join(FILE_SUFFIXES)}.")
    name, data = path.name, _bytes(path)
    return _read(kind, _Raw(name, str(path.resolve()), name, path.stem, data))


def read_page(url: str, kind: str, data: bytes, charset: str = "") -> Document:
    """The document at `url`, whose `data` is read like a file that ends with `kind` (".html").

    `charset` is what its server states. The URL is id and source. Raises `SourceError`.
    """
    parts = urlsplit(url)
    stem = unquote(PurePosixPath(parts.path).stem) or parts.netloc
    return _read(kind, _Raw(url, url, "The page", stem, data, charset or "cp1252"))[0]


def _read(kind: str, raw: _Raw) -> list[Document]:
    read = {
        ".docx": _read_docx,
        ".htm": _read_html,
        ".html": _read_html,
        ".jsonl": _read_jsonl,
        ".md": _read_markdown,
        ".pdf": _read_pdf,
        ".txt": _read_text,
    }
    if not raw.data.strip():
        raise _empty(raw)
    return read[kind](raw)


def find_files(paths: Sequence[Path]) -> Iterator[Path]:
    """The files to load: those given, and those of a known kind in the folders given, sorted.

    Hidden files, hidden folders and links to folders inside a folder are passed over. Raises
    `SourceError` for a path that does not exist and a folder that cannot be opened.
    """
    for path in paths:
        if not os.path.exists(path):  # False, too, where its folder may not be searched
            raise _fault(path.name, "cannot be found", "Check the path for a typing error.")
    found = (file for path in paths for file in (_walk(path) if path.is_dir() else [path]))
    yield from dict.fromkeys(found)


def _walk(folder: Path) -> Iterator[Path]:
    try:
        children = sorted(child for child in folder.iterdir() if child.name[0] != ".")
        folders = {child for child in children if child.is_dir()}
    except OSError as error:
        raise _fault(folder.name, "cannot be opened", "Change its permissions.") from error
    for child in children:
        if child in folders and not child.is_symlink():
            yield from _walk(child)
        elif child.suffix.lower() in FILE_SUFFIXES and child.is_file():
            yield child


def _bytes(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise _fault(path.name, "is not a file", "Give the path of a file that exists.")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise _fault(
                path.name, f"is over {MAX_FILE_BYTES:,} bytes", "Split it into smaller files."
            )
        return path.read_bytes()
    except PermissionError as error:
        raise _fault(path.name, "is not yours to read", "Change its permissions.") from error
    except OSError as error:
        raise _fault(
            path.name, f"cannot be opened ({error.strerror})", "Check the disk."
        ) from error


def _decode(raw: _Raw, charset: str = "") -> str:
    """The characters of a text, which may be in UTF-8, UTF-16 or the `charset` it claims."""
    text = "\0"
    marked = raw.data[:2] in (b"\xff\xfe", b"\xfe\xff")
    claimed = [name for name in (charset, raw.charset) if not _NO_CHARSET.search(name)]
    for encoding in ("utf-16",) if marked else ("utf-8-sig", *claimed, "cp1252"):
        with suppress(UnicodeError, LookupError):
            text = raw.data.decode(encoding)
            break
    if "\0" in text or len(_CONTROL.findall(text, 0, 65_536)) * 20 > min(len(text), 65_536):
        raise _fault(raw.name, "is not text, whatever its name says", "Save it as UTF-8 text.")
    return _NEWLINE.sub("\n", text)


def _document(
    raw: _Raw, text: str, *titles: object, key: str = "", published: object = None
) -> Document:
    """`titles` and `published` are what the source states, where it does; best title first."""
    if not text.strip():
        raise _empty(raw)
    mark = key and f"#{key}"
    name = document_title(titles, text, raw.stem)
    return Document.of(raw.id + mark, name, raw.source + mark, text, parse_iso_date(published))


def _empty(raw: _Raw) -> SourceError:
    return _fault(raw.name, "is empty", "Leave it out, or save its text again.")


def _fault(name: str, problem: str, remedy: str) -> SourceError:
    return SourceError(f"{clean_line(name) or 'The file'} {problem}.", remedy)


def _read_text(raw: _Raw) -> list[Document]:
    return [_document(raw, _decode(raw))]


def _read_markdown(raw: _Raw) -> list[Document]:
    text = _decode(raw)
    fields = [re.match(_FRONT_MATTER % field, text) for field in ("date", "title")]
    found = [*fields, _HEADING.search(text.partition("```")[0])]
    published, *titles = [match and match[1].removesuffix(" #").strip(" \t\"'") for match in found]
    return [_document(raw, text, *titles, published=published)]


def _read_html(raw: _Raw) -> list[Document]:
    if len(raw.data) > MAX_HTML_BYTES:
        raise _fault(raw.name, f"is over {MAX_HTML_BYTES:,} bytes", "Save its text as a .txt file.")
    charset = _CHARSET.search(raw.data[:4096])
    page = _decode(raw, charset[1].decode() if charset else "")
    page = re.sub(r"\A\s*<\?xml[^>]*>", "", page)
    if "<body" not in page.lower():
        page = f"<html><body><div>{page}</div></body></html>"
    text, stated, published = _article(page)
    if not text.strip():
        raise _fault(raw.name, "contains no text", "Save it from a browser once it has loaded.")
    return [_document(raw, text, stated, published=published)]


def _article(page: str) -> tuple[str, str | None, str | None]:
    """The article of a page, or all its text where none stands out; its title and its date."""
    from trafilatura import bare_extraction, html2txt

    stated = {"extensive_search": False, "original_date": True}  # no dates out of running text
    _hush()
    with suppress(Exception):  # whatever a broken page does to the parser
        found = bare_extraction(
            page, include_comments=False, with_metadata=True, date_extraction_params=stated
        )
        if found and not isinstance(found, dict) and found.text:
            return _CONTROL.sub("", found.text), found.title, found.date
        return _CONTROL.sub("", html2txt(page)), None, None
    return "", None, None


def _read_pdf(raw: _Raw) -> list[Document]:
    from llama_index.readers.file import PDFReader
    from pypdf import PdfReader
    from pypdf.errors import FileNotDecryptedError

    _hush()
    try:
        file = PdfReader(BytesIO(raw.data))
        stated = len(file.pages) and file.metadata and file.metadata.title
        pages = PDFReader().load_data(Path(raw.name), fs=_in_memory(raw))
    except FileNotDecryptedError as error:
        raise _fault(raw.name, "is locked with a password", "Save a copy without it.") from error
    except Exception as error:  # broken files fail in many ways
        raise _fault(raw.name, "is damaged or not a PDF", "Save it again from a viewer.") from error
    text = PAGE_BREAK.join(_CONTROL.sub("", page.text) for page in pages)
    if not text.strip():
        raise _fault(raw.name, "has only pictures, no text", "Run OCR on it, such as ocrmypdf.")
    return [_document(raw, text, stated)]


def _read_docx(raw: _Raw) -> list[Document]:
    from llama_index.readers.file import DocxReader

    try:
        with ZipFile(BytesIO(raw.data)) as archive:
            parts = [part for part in archive.namelist() if _DOCX_TEXT.match(part)]
            if sum(archive.getinfo(part).file_size for part in parts) > MAX_XML_BYTES:
                raise _fault(
                    raw.name, "unpacks to far too much text", "Split it into smaller files."
                )
            core = b"".join(archive.read(part) for part in parts if part.startswith("docProps"))
        text = DocxReader().load_data(Path(raw.name), fs=_in_memory(raw))[0].text
    except SourceError:
        raise
    except Exception as error:  # zip, XML and missing parts each fail in their own way
        raise _fault(
            raw.name, "is damaged, locked or not .docx", "Save it again as such."
        ) from error
    stated = _DOCX_TITLE.search(core.decode("utf-8", "replace"))
    text = re.sub(r"\n{3,}", "\n\n", _CONTROL.sub("", text))
    return [_document(raw, text, stated and unescape(stated[1]))]


def _in_memory(raw: _Raw) -> Any:
    """All of a file system that LlamaIndex's readers ask for; the bytes are read already."""
    return SimpleNamespace(open=lambda *_: BytesIO(raw.data))


def _read_jsonl(raw: _Raw) -> list[Document]:
    documents: dict[str, Document] = {}
    for number, line in enumerate(_decode(raw).split("\n"), 1):
        if line.strip():
            document = _read_record(raw, number, line)
            if document.id in documents:
                raise _fault(
                    raw.name, f"repeats an id in line {number}", "Give each record its own."
                )
            documents[document.id] = document
    if not documents:
        raise _empty(raw)
    return list(documents.values())


def _read_record(raw: _Raw, number: int, line: str) -> Document:
    try:
        record = json.loads(line)
        texts = [record.get(field) for field in ("text", "body", "content")]
    except (ValueError, AttributeError, RecursionError) as error:
        raise _fault(
            raw.name, f"has no JSON object in line {number}", "Write one a line."
        ) from error
    text = next((_CONTROL.sub("", text) for text in texts if isinstance(text, str)), "")
    if not text.strip():
        raise _fault(raw.name, f"has no text in line {number}", 'Give it a "text" field.')
    given = record.get("id")
    key = clean_line(str(given)) if isinstance(given, str | int) else ""
    published = record.get("published") or record.get("date")
    text = _NEWLINE.sub("\n", text)
    return _document(raw, text, record.get("title"), key=key or str(number), published=published)


def _hush() -> None:
    """Shut the loggers of other people's libraries: what they find is said by our errors."""
    for name in ("pypdf", "trafilatura", "htmldate", "courlan", "justext", "charset_normalizer"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
