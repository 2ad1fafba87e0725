"""Writes the known texts with LibreOffice, where it is installed: .docx, .odt and .pdf.

A text becomes a flat OpenDocument file (OASIS ODF 1.2), which LibreOffice converts.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

from eval.benchmarks.reading_known import NOTE, Block, KnownFile, KnownText, known_file

NAME = "LibreOffice"
PROGRAMS = ("soffice",)
FORMATS = (".docx", ".odt", ".pdf")
_COLUMNS = (1, 2)
_SECONDS = 240.0  # for all files of one format
_DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"
 office:version="1.2" office:mimetype="application/vnd.oasis.opendocument.text">
<office:styles>
 <style:style style:name="Standard" style:family="paragraph">
  <style:paragraph-properties fo:margin-bottom="0.2cm" fo:text-align="justify"/>
  <style:text-properties fo:font-size="10pt" fo:language="{language}"/></style:style>
 {headings}
 <text:list-style style:name="Bullets"><text:list-level-style-bullet text:level="1"
  text:bullet-char="•"><style:list-level-properties text:space-before="0.3cm"
  text:min-label-width="0.5cm"/></text:list-level-style-bullet></text:list-style>
 <text:list-style style:name="Numbers"><text:list-level-style-number text:level="1"
  style:num-format="1" style:num-suffix="."><style:list-level-properties
  text:space-before="0.3cm" text:min-label-width="0.5cm"/></text:list-level-style-number>
 </text:list-style>
</office:styles>
<office:automatic-styles>
 <style:page-layout style:name="A5"><style:page-layout-properties fo:page-width="14.8cm"
  fo:page-height="21cm" fo:margin="1.5cm"/><style:header-style/><style:footer-style/>
 </style:page-layout>
 <style:style style:name="Columns" style:family="section"><style:section-properties>
  <style:columns fo:column-count="{columns}" fo:column-gap="0.6cm"/></style:section-properties>
 </style:style>
 <style:style style:name="Cell" style:family="table-cell"><style:table-cell-properties
  fo:padding="0.05cm" fo:border="{border}"/></style:style>
 <style:style style:name="Break" style:family="paragraph" style:parent-style-name="Heading_20_2">
  <style:paragraph-properties fo:break-before="{break_kind}"/></style:style>
</office:automatic-styles>
<office:master-styles><style:master-page style:name="Standard" style:page-layout-name="A5">
 <style:header><text:p>{header}</text:p></style:header>
 <style:footer><text:p><text:page-number/></text:p></style:footer>
</style:master-page></office:master-styles>
<office:body><office:text>{start}{body}{end}</office:text></office:body>
</office:document>
"""
_HEADING = """<style:style style:name="Heading_20_{level}" style:family="paragraph"
 style:parent-style-name="Standard" style:default-outline-level="{level}">
 <style:paragraph-properties fo:margin-top="0.3cm" fo:text-align="start"
 fo:keep-with-next="always"/><style:text-properties fo:font-size="{size}pt"
 fo:font-weight="bold"/></style:style>"""


def written(texts: Sequence[KnownText]) -> Iterator[KnownFile]:
    """Each text in one and in two columns, in each of `FORMATS`. Raises `OSError` where
    LibreOffice fails."""
    made = {f"{text.name}_{count}": (text, count) for text in texts for count in _COLUMNS}
    with TemporaryDirectory() as folder:
        for name, (text, columns) in made.items():
            source = Path(folder, f"{name}.fodt")
            source.write_text(flat_document(text, columns), "utf-8")
        for suffix in FORMATS:
            _convert(Path(folder), suffix)
            for name, (text, _) in made.items():
                file = Path(folder, name + suffix)
                yield known_file(text, file.name, file.read_bytes())


def _convert(folder: Path, suffix: str) -> None:
    program = which(PROGRAMS[0])
    if program is None:
        raise FileNotFoundError(PROGRAMS[0])
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    sources = map(str, folder.glob("*.fodt"))
    subprocess.run(  # noqa: S603 (texts of our own)
        [program, profile, "--headless", "--convert-to", suffix[1:], "--outdir", folder, *sources],
        check=False,
        capture_output=True,
        timeout=_SECONDS,
    )


def flat_document(text: KnownText, columns: int) -> str:
    """The text as a flat OpenDocument file with `columns` columns; of two, cells have no lines."""
    section = '<text:section text:style-name="Columns" text:name="Text">' if columns > 1 else ""
    return _DOCUMENT.format(
        language=text.language,
        headings="".join(_HEADING.format(level=n, size=20 - 3 * n) for n in (1, 2)),
        columns=columns,
        border="none" if columns > 1 else "0.5pt solid #000000",
        break_kind="column" if columns > 1 else "page",
        header=escape(text.header),
        start=section,
        body="".join(_blocks(text)),
        end="</text:section>" if section else "",
    )


def _blocks(text: KnownText) -> Iterator[str]:
    for kind, at, blocks in text.grouped():
        first = blocks[0]
        if kind == "heading":
            style = "Break" if at == text.last_section else f"Heading_20_{first.level}"
            yield (
                f'<text:h text:style-name="{style}" text:outline-level="{first.level}">'
                f"{_inline(text, first.text)}</text:h>"
            )
        elif kind == "item":
            style = "Bullets" if first.label == "-" else "Numbers"
            items = (
                f"<text:list-item><text:p>{_inline(text, block.text)}</text:p></text:list-item>"
                for block in blocks
            )
            yield f'<text:list text:style-name="{style}">{"".join(items)}</text:list>'
        elif kind == "row":
            yield _table(text, blocks)
        else:
            yield f'<text:p text:style-name="Standard">{_inline(text, first.text)}</text:p>'


def _table(text: KnownText, rows: Sequence[Block]) -> str:
    def row(block: Block) -> str:
        cells = (
            f'<table:table-cell table:style-name="Cell"><text:p>{_inline(text, cell)}</text:p>'
            "</table:table-cell>"
            for cell in block.cells
        )
        return f"<table:table-row>{''.join(cells)}</table:table-row>"

    head, *body = map(row, rows)
    return (
        f'<table:table table:name="Table"><table:table-column table:number-columns-repeated='
        f'"{len(rows[0].cells)}"/><table:table-header-rows>{head}</table:table-header-rows>'
        f"{''.join(body)}</table:table>"
    )


def _inline(text: KnownText, content: str) -> str:
    def note(found: re.Match[str]) -> str:
        number = found[1]
        return (
            f'<text:note text:id="n{number}" text:note-class="footnote"><text:note-citation>'
            f"{number}</text:note-citation><text:note-body><text:p>{escape(text.notes[number])}"
            "</text:p></text:note-body></text:note>"
        )

    return NOTE.sub(note, escape(content))
