"""Reads files and web pages into documents: one module for each family of formats.

A reader returns what a person sees, in their order, with its structure as light Markdown; what it
leaves out it reports. Plain text and Markdown are stored as they are, so that a position in a
document is a position in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from rag.errors import SourceError
from rag.ingest.encodings import decode
from rag.ingest.json_lines import read_json_lines
from rag.ingest.raw_source import (
    RawSource,
    Report,
    empty_error,
    ignore,
    make_document,
    source_error,
)
from rag.ingest.readers.archive import read_archive
from rag.ingest.readers.ebook import read_ebook
from rag.ingest.readers.email_message import read_email
from rag.ingest.readers.html import MAX_HTML_BYTES, read_html
from rag.ingest.readers.markdown import read_markdown
from rag.ingest.readers.open_document import read_open_document
from rag.ingest.readers.packages import MAX_XML_BYTES
from rag.ingest.readers.pdf import read_pdf
from rag.ingest.readers.restructured_text import read_restructured_text
from rag.ingest.readers.rich_text import read_rich_text
from rag.ingest.readers.separated_values import read_csv, read_tsv
from rag.ingest.readers.slides import read_slides
from rag.ingest.readers.word import read_word
from rag.ingest.readers.workbook import read_workbook
from rag.types import Document

__all__ = [
    "FILE_SUFFIXES",
    "MAX_FILE_BYTES",
    "MAX_HTML_BYTES",
    "MAX_XML_BYTES",
    "file_bytes",
    "read_data",
    "read_file",
    "read_page",
]

MAX_FILE_BYTES = 100_000_000

Reader = Callable[[RawSource], list[Document]]


def _read_text(raw: RawSource) -> list[Document]:
    return [make_document(raw, decode(raw))]


def _guarded(reader: Reader) -> Reader:
    """`reader`, with an error of its own or of its library told as one of the file: the others of a
    folder are read all the same."""

    def read(raw: RawSource) -> list[Document]:
        try:
            return reader(raw)
        except SourceError:
            raise
        except Exception as error:
            raise source_error(
                raw.name, "cannot be read", "Save it again, or in another format."
            ) from error

    return read


_READERS: Mapping[str, Reader] = {
    suffix: _guarded(reader)
    for suffix, reader in {
        ".csv": read_csv,
        ".docx": read_word,
        ".eml": read_email,
        ".epub": read_ebook,
        ".htm": read_html,
        ".html": read_html,
        ".jsonl": read_json_lines,
        ".markdown": read_markdown,
        ".md": read_markdown,
        ".odt": read_open_document,
        ".pdf": read_pdf,
        ".pptx": read_slides,
        ".rst": read_restructured_text,
        ".rtf": read_rich_text,
        ".tsv": read_tsv,
        ".txt": _read_text,
        ".xlsx": read_workbook,
    }.items()
}
_ARCHIVE = ".zip"
FILE_SUFFIXES = tuple(sorted([*_READERS, _ARCHIVE]))


def read_file(path: Path, report: Report = ignore) -> list[Document]:
    """The documents in the file at `path`: one, or one for each record of a `.jsonl` and each file
    of a `.zip`.

    Ids are file names (``articles.jsonl#key`` for records, ``articles.zip#name`` for files).
    `report` is called with what is read with a doubt or left out. Raises `SourceError` where
    nothing can be read.
    """
    _check_suffix(path)
    return read_data(path, str(path.resolve()), file_bytes(path), report)


def read_data(path: Path, source: str, data: bytes, report: Report = ignore) -> list[Document]:
    """As `read_file`, of a file elsewhere: its `data`, and the `source` of its documents."""
    _check_suffix(path)
    raw = RawSource(path.name, source, path.name, path.stem, data, report=report)
    return _read_documents(path.suffix.lower(), raw)


def _check_suffix(path: Path) -> None:
    if path.suffix.lower() not in FILE_SUFFIXES:
        raise source_error(
            path.name, "is of an unknown kind", f"Give one of {', '.join(FILE_SUFFIXES)}."
        )


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
    if not raw.data.strip():
        raise empty_error(raw)
    return read_archive(raw, _READERS) if suffix == _ARCHIVE else _READERS[suffix](raw)


def file_bytes(path: Path) -> bytes:
    """The bytes of a file. Raises `SourceError` where it is none, too large or not to be read."""
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
