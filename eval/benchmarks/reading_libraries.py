"""Readers of files that were tried beside ours; they are no dependencies of this program.

Each is called as its documentation shows it first, with Markdown as its output where it has one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO
from typing import Any

Read = Callable[[bytes], str]


def installed(libraries: Mapping[str, Read]) -> dict[str, Read]:
    """Those of `libraries` that can be imported; a name begins with that of its module."""
    return {name: read for name, read in libraries.items() if find_spec(name.split()[0])}


def _pypdf(data: bytes) -> str:
    reader = _module("pypdf").PdfReader(BytesIO(data))
    return "\n".join(page.extract_text() for page in reader.pages)


def _pypdfium2(data: bytes) -> str:
    with _module("pypdfium2").PdfDocument(data) as file:
        texts = [page.get_textpage().get_text_range() for page in file]
    return "\n".join(texts).replace("\r\n", "\n").replace("\ufffe", "")


def _pdfplumber(data: bytes) -> str:
    with _module("pdfplumber").open(BytesIO(data)) as file:
        return "\n".join(page.extract_text() for page in file.pages)


def _pdfminer(data: bytes) -> str:
    return str(_module("pdfminer.high_level").extract_text(BytesIO(data)))


def _docx2txt(data: bytes) -> str:
    return str(_module("docx2txt").process(BytesIO(data)))


def _python_docx(data: bytes) -> str:
    file = _module("docx").Document(BytesIO(data))
    rows = [[cell.text for cell in row.cells] for table in file.tables for row in table.rows]
    lines = [each.text for each in file.paragraphs]
    return "\n\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _mammoth(data: bytes) -> str:
    return str(_module("mammoth").convert_to_markdown(BytesIO(data)).value)


def _markitdown(suffix: str) -> Read:
    def read(data: bytes) -> str:
        converter = _module("markitdown").MarkItDown()
        return str(converter.convert_stream(BytesIO(data), file_extension=suffix).markdown)

    return read


def _odfpy(data: bytes) -> str:
    file = _module("odf.opendocument").load(BytesIO(data))
    extract = _module("odf.teletype").extractText
    return "\n".join(extract(each) for each in file.text.childNodes)


def _trafilatura(**options: Any) -> Read:
    def read(data: bytes) -> str:
        found = _module("trafilatura").extract(data.decode(), include_comments=False, **options)
        return found or ""

    return read


def _html2text(data: bytes) -> str:
    return str(_module("html2text").html2text(data.decode()))


def _readability(data: bytes) -> str:
    summary = _module("readability").Document(data.decode()).summary()
    return str(_module("lxml.html").document_fromstring(summary).text_content())


def _module(name: str) -> Any:
    return import_module(name)


LIBRARIES: Mapping[str, Mapping[str, Read]] = {
    ".pdf": {
        "pypdf": _pypdf,
        "pypdfium2": _pypdfium2,
        "pdfplumber": _pdfplumber,
        "pdfminer": _pdfminer,
        "markitdown": _markitdown(".pdf"),
    },
    ".docx": {
        "docx2txt": _docx2txt,
        "docx (python-docx)": _python_docx,
        "mammoth": _mammoth,
        "markitdown": _markitdown(".docx"),
    },
    ".odt": {"odf (odfpy)": _odfpy},
    ".html": {
        "trafilatura": _trafilatura(),
        "trafilatura Markdown": _trafilatura(output_format="markdown", include_tables=True),
        "trafilatura recall": _trafilatura(favor_recall=True, output_format="markdown"),
        "html2text": _html2text,
        "readability": _readability,
    },
}
