"""How does a file become documents?

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

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_NEWLINE = re.compile(r"\r\n?")
_LETTER = re.compile(r"[^\W_]")
_HEADING = re.compile(r"^#[ \t]+(\S.*)$", re.MULTILINE)
_FRONT_MATTER = r"---\n(?:(?!---).*\n){0,50}?%s:(.*)\n"
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset=[\"']?([\w-]{1,40})", re.IGNORECASE)
_DOCX_TEXT = re.compile(r"word/(?:document|header|footer)|docProps/core\.xml")
_DOCX_TITLE = re.compile(r"<dc:title>([^<]{1,1000})</dc:title>")
_MACHINE_TITLE = re.compile(  # what programs write into the title of a file
    r"microsoft (?:word|powerpoint)\b|untitled(?: document)?$|(?:document|slide|page) ?\d*$"
    r"|.*\.(?:docx?|pdf|indd|rtf|tex)$",
    re.IGNORECASE,
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
        raise _fault(path, "is of an unknown kind", f"Give one of {', '.join(SUFFIXES)}.")
    return read(path, _bytes(path))


def find(paths: Sequence[Path]) -> Iterator[Path]:
    """The files to load: those given, and those of a known kind in the folders given, sorted.

    Hidden files, hidden folders and links to folders inside a folder are passed over. Raises
    `SourceError` for a path that does not exist and a folder that cannot be opened.
    """
    for path in paths:
        if not os.path.exists(path):  # False, too, where its folder may not be searched
            raise _fault(path, "cannot be found", "Check the path for a typing error.")
    found = (file for path in paths for file in (_walk(path) if path.is_dir() else [path]))
    yield from dict.fromkeys(found)


def _walk(folder: Path) -> Iterator[Path]:
    try:
        children = sorted(child for child in folder.iterdir() if child.name[0] != ".")
        folders = {child for child in children if child.is_dir()}
    except OSError as error:
        raise _fault(folder, "cannot be opened", "Change its permissions.") from error
    for child in children:
        if child in folders and not child.is_symlink():
            yield from _walk(child)
        elif child.suffix.lower() in SUFFIXES and child.is_file():
            yield child


def _bytes(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise _fault(path, "is not a file", "Give the path of a file that exists.")
        if path.stat().st_size > MAX_BYTES:
            raise _fault(path, f"is over {MAX_BYTES:,} bytes", "Split it into smaller files.")
        data = path.read_bytes()
    except PermissionError as error:
        raise _fault(path, "is not yours to read", "Change its permissions.") from error
    except OSError as error:
        raise _fault(path, f"cannot be opened ({error.strerror})", "Check the disk.") from error
    if not data.strip():
        raise _empty(path)
    return data


def _decode(path: Path, data: bytes, charset: str = "cp1252") -> str:
    """The characters of a text file, which may be in UTF-8, UTF-16 or `charset`."""
    text = "\0"
    marked = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-16",) if marked else ("utf-8-sig", charset, "cp1252"):
        with suppress(UnicodeError, LookupError):
            text = data.decode(encoding)
            break
    if "\0" in text or len(_CONTROL.findall(text, 0, 65_536)) * 20 > min(len(text), 65_536):
        raise _fault(path, "is not text, whatever its name says", "Save it as UTF-8 text.")
    return _NEWLINE.sub("\n", text)


def _document(
    path: Path, text: str, *titles: object, key: str = "", published: object = None
) -> Document:
    """`titles` and `published` are what the source states, where it does; best title first."""
    if not text.strip():
        raise _empty(path)
    mark = key and f"#{key}"
    title, source = _title(path, text, titles), f"{path.resolve()}{mark}"
    return Document.of(path.name + mark, title, source, text, _iso_date(published))


def _empty(path: Path) -> SourceError:
    return _fault(path, "is empty", "Leave it out, or save its text again.")


def _fault(path: Path, problem: str, remedy: str) -> SourceError:
    return SourceError(f"{_clean(path.name) or 'The file'} {problem}.", remedy)


def _read_text(path: Path, data: bytes) -> list[Document]:
    return [_document(path, _decode(path, data))]


def _read_markdown(path: Path, data: bytes) -> list[Document]:
    text = _decode(path, data)
    fields = [re.match(_FRONT_MATTER % field, text) for field in ("date", "title")]
    found = [*fields, _HEADING.search(text.partition("```")[0])]
    published, *titles = [match and match[1].removesuffix(" #").strip(" \t\"'") for match in found]
    return [_document(path, text, *titles, published=published)]


def _read_html(path: Path, data: bytes) -> list[Document]:
    if len(data) > MAX_HTML_BYTES:
        raise _fault(path, f"is over {MAX_HTML_BYTES:,} bytes", "Save its text as a .txt file.")
    charset = _CHARSET.search(data[:4096])
    page = _decode(path, data, charset[1].decode() if charset else "cp1252")
    page = re.sub(r"\A\s*<\?xml[^>]*>", "", page)
    if "<body" not in page.lower():
        page = f"<html><body><div>{page}</div></body></html>"
    text, title, published = _article(page)
    if not text.strip():
        raise _fault(path, "contains no text", "Save the page again once it is fully loaded.")
    return [_document(path, text, title, published=published)]


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


def _read_pdf(path: Path, data: bytes) -> list[Document]:
    from llama_index.readers.file import PDFReader
    from pypdf import PdfReader
    from pypdf.errors import FileNotDecryptedError

    _hush()
    try:
        file = PdfReader(BytesIO(data))
        title = len(file.pages) and file.metadata and file.metadata.title
        pages = [page.text for page in PDFReader().load_data(path.resolve())]
    except FileNotDecryptedError as error:
        raise _fault(path, "is locked with a password", "Save a copy without it.") from error
    except Exception as error:  # broken files fail in many ways
        raise _fault(path, "is damaged or not a PDF", "Save it again from a viewer.") from error
    text = _CONTROL.sub("", "\n\n".join(pages))
    if not text.strip():
        raise _fault(path, "has only pictures, no text", "Run OCR on it, such as ocrmypdf.")
    return [_document(path, text, title)]


def _read_docx(path: Path, data: bytes) -> list[Document]:
    from llama_index.readers.file import DocxReader

    try:
        with ZipFile(BytesIO(data)) as archive:
            parts = [part for part in archive.namelist() if _DOCX_TEXT.match(part)]
            if sum(archive.getinfo(part).file_size for part in parts) > MAX_XML_BYTES:
                raise _fault(path, "unpacks to far too much text", "Split it into smaller files.")
            core = b"".join(archive.read(part) for part in parts if part.startswith("docProps"))
        text = DocxReader().load_data(path)[0].text
    except SourceError:
        raise
    except Exception as error:  # zip, XML and missing parts each fail in their own way
        raise _fault(path, "is damaged, locked or not .docx", "Save it again as such.") from error
    title = _DOCX_TITLE.search(core.decode("utf-8", "replace"))
    text = re.sub(r"\n{3,}", "\n\n", _CONTROL.sub("", text))
    return [_document(path, text, title and unescape(title[1]))]


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
        texts = [record.get(field) for field in ("text", "body", "content")]
    except (ValueError, AttributeError, RecursionError) as error:
        raise _fault(path, f"has no JSON object in line {number}", "Write one a line.") from error
    text = next((_CONTROL.sub("", text) for text in texts if isinstance(text, str)), "")
    if not text.strip():
        raise _fault(path, f"has no text in line {number}", 'Give it a "text" field.')
    given = record.get("id")
    key = _clean(str(given)) if isinstance(given, str | int) else ""
    published = record.get("published") or record.get("date")
    text = _NEWLINE.sub("\n", text)
    return _document(path, text, record.get("title"), key=key or str(number), published=published)


def _hush() -> None:
    """Shut the loggers of other people's libraries: what they find is said by our errors."""
    for name in ("pypdf", "trafilatura", "htmldate", "courlan", "justext", "charset_normalizer"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _title(path: Path, text: str, stated: Sequence[object]) -> str:
    """A title that the source states, or its headline, or the name of its file; never empty."""
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
