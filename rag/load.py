"""How does a file become documents?

Readers of LlamaIndex stand behind PDF and Word files, trafilatura behind web pages; their own
document classes, ids and metadata stay in here. Text and Markdown are stored as they are, so that
a position in a document is a position in the file.
"""

from __future__ import annotations

import codecs
import json
import logging
import os
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from html import unescape
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

from rag import sentences
from rag.errors import SourceError
from rag.types import Document

SUFFIXES = (".docx", ".htm", ".html", ".jsonl", ".md", ".pdf", ".txt")
MAX_BYTES = 100_000_000  # of a file
MAX_HTML_BYTES = 10_000_000  # finding the article in a larger page takes minutes
MAX_XML_BYTES = 50_000_000  # of the text of a Word file, unpacked

_LOUD = ("pypdf", "trafilatura", "htmldate", "courlan", "justext", "charset_normalizer")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_LETTER = re.compile(r"[^\W_]")
_HEADING = re.compile(r"^#[ \t]+(\S.*?)[ \t#]*$", re.MULTILINE)
_FRONT_MATTER = r"---\n(?:(?!---).*\n){0,50}?%s:[ \t]*[\"']?(.+?)[\"']?[ \t]*\n"
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset=[\"']?([\w-]{1,40})", re.IGNORECASE)
_DOCX_TEXT = re.compile(r"word/(?:document|header|footer)|docProps/core\.xml")
_DOCX_TITLE = re.compile(r"<dc:title>([^<]{1,1000})</dc:title>")
_MACHINE_TITLE = re.compile(
    r"untitled|microsoft |(?:document|slide|page) ?\d*$|.*\.(?:docx?|pdf|indd|rtf|tex)$", re.I
)


def load(path: Path) -> list[Document]:
    """The documents in the file at `path`: one, or one for each record of a `.jsonl`.

    Ids are file names (``articles.jsonl#key`` for records). Raises `SourceError`.
    """
    read = {
        ".docx": _read_docx,
        ".htm": _read_html,
        ".html": _read_html,
        ".jsonl": _read_jsonl,
        ".md": _read_markdown,
        ".pdf": _read_pdf,
        ".txt": _read_text,
    }.get(path.suffix.lower())
    if read is None:
        known = f"{', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
        raise _fault(path, "is of an unknown kind", f"Give a file that ends in {known}.")
    return read(path, _bytes(path))


def find(paths: Sequence[Path]) -> Iterator[Path]:
    """The files to load: those given, and those of a known kind in the folders given, sorted.

    Hidden files, hidden folders and links to folders inside a folder are passed over. Raises
    `SourceError`, for a path that does not exist before the first file is found.
    """
    for path in paths:
        if not path.exists():
            name = _clean(str(path))
            raise SourceError(f"There is nothing at {name}.", "Check the path for a typing error.")
    seen: set[Path] = set()
    for path in paths:
        for file in _walk(path) if path.is_dir() else [path]:
            if file not in seen:
                seen.add(file)
                yield file


def _walk(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        name = Path(error.filename or folder)
        raise _fault(
            name, "cannot be opened", "Change its permissions, or leave it out."
        ) from error

    for parent, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(parent, name)
            known = file.suffix.lower() in SUFFIXES and not name.startswith(".")
            if known and file.is_file():
                yield file


# --- bytes and characters --------------------------------------------------------------------


def _bytes(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise _fault(path, "is not a file", "Give the path of a file that exists.")
        if path.stat().st_size > MAX_BYTES:
            size = f"is larger than {MAX_BYTES // 1_000_000} MB"
            raise _fault(path, size, "Split it into smaller files.")
        data = path.read_bytes()
    except PermissionError as error:
        remedy = "Change its permissions, or leave it out."
        raise _fault(path, "may not be read by you", remedy) from error
    except OSError as error:
        problem = f"cannot be opened ({_clean(error.strerror or 'unknown error')})"
        raise _fault(path, problem, "Check the disk and the path.") from error
    if not data.strip():
        raise _empty(path)
    return data


def _decode(path: Path, data: bytes, charset: str = "cp1252") -> str:
    """The characters of a text file, which may be in UTF-8, UTF-16 or `charset`."""
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = "\0"
    for encoding in ("utf-8-sig", "utf-16" if utf16 else charset):
        with suppress(UnicodeDecodeError, LookupError):
            text = data.decode(encoding)
            break
    head = text[:65_536]
    if "\0" in text or len(_CONTROL.findall(head)) * 20 > len(head):
        remedy = "Save it as UTF-8 text, or give it the ending of its real kind."
        raise _fault(path, "is not a text file, whatever its name says", remedy)
    return _newlines(text)


def _newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _document(
    path: Path, text: str, title: str, key: str = "", published: str | None = None
) -> Document:
    if not text.strip():
        raise _empty(path)
    mark = key and f"#{key}"
    return Document.of(path.name + mark, title, f"{path.resolve()}{mark}", text, published)


def _empty(path: Path) -> SourceError:
    return _fault(path, "is empty", "Leave it out, or save its text again.")


def _fault(path: Path, problem: str, remedy: str) -> SourceError:
    return SourceError(f"{_clean(path.name) or 'The file'} {problem}.", remedy)


# --- kinds of file ---------------------------------------------------------------------------


def _read_text(path: Path, data: bytes) -> list[Document]:
    text = _decode(path, data)
    return [_document(path, text, _title(path, text))]


def _read_markdown(path: Path, data: bytes) -> list[Document]:
    text = _decode(path, data)
    stated, dated = (re.match(_FRONT_MATTER % field, text) for field in ("title", "date"))
    heading = _HEADING.search(text.partition("```")[0])
    title = _title(path, text, stated and stated[1], heading and heading[1])
    return [_document(path, text, title, published=_iso_date(dated and dated[1]))]


def _read_html(path: Path, data: bytes) -> list[Document]:
    if len(data) > MAX_HTML_BYTES:
        problem = f"is larger than {MAX_HTML_BYTES // 1_000_000} MB, too large for a page"
        raise _fault(path, problem, "Save its text as a .txt file.")
    charset = _CHARSET.search(data[:4096])
    page = _decode(path, data, charset[1].decode("ascii", "ignore") if charset else "cp1252")
    page = re.sub(r"\A\s*<\?xml[^>]*>", "", page)
    if "<body" not in page.lower():
        page = f"<html><body><div>{page}</div></body></html>"
    text, title, published = _article(page)
    if not text.strip():
        raise _fault(path, "contains no text", "Save the page again once it is fully loaded.")
    return [_document(path, text, _title(path, text, title), published=published)]


def _article(page: str) -> tuple[str, str | None, str | None]:
    """The article of a page, or all its text where none stands out; its title and its date."""
    from trafilatura import bare_extraction, html2txt

    stated = {"extensive_search": False, "original_date": True}  # no dates out of running text
    found = None
    with _quiet(), suppress(Exception):  # whatever a broken page does to the parser
        found = bare_extraction(
            page, include_comments=False, with_metadata=True, date_extraction_params=stated
        )
    if found is None or isinstance(found, dict) or not found.text:
        with _quiet(), suppress(Exception):
            return _CONTROL.sub("", html2txt(page)), None, None
        return "", None, None
    return _CONTROL.sub("", found.text), found.title, _iso_date(found.date)


def _read_pdf(path: Path, data: bytes) -> list[Document]:
    from llama_index.readers.file import PDFReader
    from pypdf import PdfReader
    from pypdf.errors import FileNotDecryptedError

    try:
        with _quiet():
            file = PdfReader(BytesIO(data))
            title = len(file.pages) and file.metadata and file.metadata.title
            pages = [page.text for page in PDFReader().load_data(path.resolve())]
    except FileNotDecryptedError as error:
        remedy = "Save a copy without the password."
        raise _fault(path, "is locked with a password", remedy) from error
    except Exception as error:  # broken files fail in many ways
        problem = "cannot be read as a PDF; it may be damaged or cut short"
        raise _fault(path, problem, "Open it in a PDF viewer and save it again.") from error
    text = _CONTROL.sub("", "\n\n".join(pages))
    if not text.strip():
        remedy = "Run text recognition (OCR) on it, for example with ocrmypdf."
        raise _fault(path, "contains no text, only pictures", remedy)
    return [_document(path, text, _title(path, text, title))]


def _read_docx(path: Path, data: bytes) -> list[Document]:
    from llama_index.readers.file import DocxReader

    try:
        with ZipFile(BytesIO(data)) as archive:
            parts = [part for part in archive.namelist() if _DOCX_TEXT.match(part)]
            if sum(archive.getinfo(part).file_size for part in parts) > MAX_XML_BYTES:
                size = f"unpacks to more than {MAX_XML_BYTES // 1_000_000} MB"
                raise _fault(path, size, "Split it into smaller files.")
            core = b"".join(archive.read(part) for part in parts if part.startswith("docProps"))
        text = DocxReader().load_data(path)[0].text
    except SourceError:
        raise
    except Exception as error:  # zip, XML and missing parts each fail in their own way
        problem = "cannot be read as a Word file; it may be damaged or locked with a password"
        raise _fault(path, problem, "Open it in a word processor and save it again.") from error
    text = re.sub(r"\n{3,}", "\n\n", _CONTROL.sub("", text))
    title = _DOCX_TITLE.search(core.decode("utf-8", "replace"))
    return [_document(path, text, _title(path, text, title and unescape(title[1])))]


def _read_jsonl(path: Path, data: bytes) -> list[Document]:
    documents: dict[str, Document] = {}
    for number, line in enumerate(_decode(path, data).split("\n"), 1):
        if line.strip():
            document = _read_record(path, number, line)
            if document.id in documents:
                raise _fault(path, f"repeats an id in line {number}", "Give each record its own.")
            documents[document.id] = document
    if not documents:
        raise _empty(path)
    return list(documents.values())


def _read_record(path: Path, number: int, line: str) -> Document:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        problem = f"is not JSON in line {number}"
        raise _fault(path, problem, "Write one JSON object a line.") from error
    if not isinstance(record, dict):
        problem = f"has no JSON object in line {number}"
        raise _fault(path, problem, "Write one JSON object a line.")
    texts = (record.get(field) for field in ("text", "body", "content"))
    text = next((_CONTROL.sub("", _newlines(text)) for text in texts if isinstance(text, str)), "")
    if not text.strip():
        remedy = 'Put the text of each record into a field named "text".'
        raise _fault(path, f"has no text in line {number}", remedy)
    given = record.get("id")
    key = _clean(str(given)) if isinstance(given, str | int) else ""
    published = _iso_date(record.get("published")) or _iso_date(record.get("date"))
    title = _title(path, text, record.get("title"))
    return _document(path, text, title, key or str(number), published)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the chatter of other people's libraries off the terminal."""
    levels = {name: logging.getLogger(name).level for name in _LOUD}
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


# --- titles and dates ------------------------------------------------------------------------


def _title(path: Path, text: str, *stated: object) -> str:
    """A title that a source states, or its headline, or the name of its file; never empty."""
    for candidate in stated:
        title = _clean(candidate) if isinstance(candidate, str) else ""
        if _LETTER.search(title) and not _MACHINE_TITLE.match(title):
            return title
    return _headline(text) or _clean(path.stem) or "Untitled"


def _headline(text: str) -> str:
    """The first line, where it reads like a headline, or the beginning of the first sentence."""
    first = _LETTER.search(text)
    start = max(text.rfind("\n", 0, first.start()) + 1, first.start() - 80) if first else 0
    head = text[start : start + 2000]
    for begin, end in sentences.split(head):
        line = _clean(head[begin:end]).strip("#*_=>~`- ")
        if _LETTER.search(line):
            is_headline = len(line) <= 120 and not line.rstrip("\"'”’)").endswith((".", "。"))
            return line if is_headline else _shorten(line, 80)
    return ""


def _shorten(text: str, size: int) -> str:
    if len(text) <= size:
        return text
    words, _, _ = text[:size].rpartition(" ")
    return (words or text[: size - 1]).rstrip(" ,;:–—-") + "…"


def _iso_date(value: object) -> str | None:
    if isinstance(value, str):
        with suppress(ValueError):
            return date.fromisoformat(value.strip()[:10]).isoformat()
    return None


def _clean(text: str) -> str:
    """One line that is safe to print: no control characters, at most 200 characters."""
    visible = _UNPRINTABLE.sub(" ", text).encode("utf-8", "replace").decode()
    return _shorten(" ".join(visible.split()), 200)
