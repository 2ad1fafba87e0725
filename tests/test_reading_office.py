"""Tables, presentations, mails, books and archives are read as people see them."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from rag.errors import SourceError
from rag.events import Failed, Warned
from rag.ingest.pdf_pages import page_of
from rag.ingest.readers import read_file, read_page
from rag.ingest.readers.archive import MAX_FILES
from rag.text.units import parse_units
from rag.types import Document
from tests.pdf_files import at, pdf_file


def read(suffix: str, data: bytes | str) -> tuple[Document, list[str]]:
    """The document, and the warnings on the way."""
    told: list[Failed | Warned] = []
    raw = data.encode() if isinstance(data, str) else data
    document = read_page("https://example.org/weir", suffix, raw, report=told.append)
    return document, [each.warning for each in told if isinstance(each, Warned)]


def zipped(parts: dict[str, str | bytes]) -> bytes:
    data = BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as written:
        for name, content in parts.items():
            written.writestr(name, content)
    return data.getvalue()


# --- separated values ------------------------------------------------------------------------


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_row_is_a_unit_that_leans_on_its_header(separator: str) -> None:
    rows = [["Weir", "Built", "Fall"], ["Upper", "1802", "1.5 m"], ["Lower", "", "2 m"]]
    text = read(".csv", "\n".join(separator.join(row) for row in rows))[0].text
    units = {unit.text(text): unit for unit in parse_units(text) if unit.role == "row"}
    assert list(units) == ["| Upper | 1802 | 1.5 m |", "| Lower |  | 2 m |"]
    assert {unit.leans_on for unit in units.values()} == {"| Weir | Built | Fall |"}


def test_quoted_cells_keep_separators_and_lines() -> None:
    text = read(".csv", 'Weir,Note\n"Upper, old","first\nsecond"\nA|B,"say ""no"""')[0].text
    assert text.split("\n")[2:] == ["| Upper, old | first; second |", '| A\\|B | say "no" |']


def test_a_comma_in_numbers_does_not_part_them() -> None:
    text = read(".csv", "Weir;Fall;Cost\nUpper;1,5;10,25\nLower;2,0;9,75")[0].text
    assert "| Upper | 1,5 | 10,25 |" in text


def test_a_long_cell_is_read_after_a_short_file() -> None:
    read(".csv", "a,b")
    assert "x" * 200_000 in read(".csv", f"Weir,Note\nUpper,{'x' * 200_000}")[0].text


def test_tabs_part_a_tsv_whatever_else_is_in_it() -> None:
    assert "| a,b | c |" in read(".tsv", "x,y\tz\na,b\tc")[0].text


def test_a_table_is_named_after_its_file(tmp_path: Path) -> None:
    (tmp_path / "weirs of 1802.csv").write_text("Weir,Fall\nUpper,2\n")
    assert read_file(tmp_path / "weirs of 1802.csv")[0].title == "weirs of 1802"


# --- workbooks -------------------------------------------------------------------------------

RELATIONS = '<Relationships xmlns="urn:x">{}</Relationships>'
MAIN = 'xmlns="urn:main" xmlns:r="urn:r"'


def workbook(*rows: str, styles: str = "", extra: str = "") -> bytes:
    sheets = '<sheet name="Weirs" sheetId="1" r:id="a"/>'
    sheets += '<sheet name="Drafts" state="hidden" sheetId="2" r:id="b"/>'
    relations = "".join(
        f'<Relationship Id="{id}" Type="x/worksheet" Target="worksheets/{id}.xml"/>' for id in "ab"
    )
    inner = "".join(f"<row>{row}</row>" for row in rows)
    return zipped(
        {
            "xl/workbook.xml": f"<workbook {MAIN}><sheets>{sheets}</sheets></workbook>",
            "xl/_rels/workbook.xml.rels": RELATIONS.format(relations),
            "xl/sharedStrings.xml": f"<sst {MAIN}><si><t>Upper</t></si><si><r><t>Low</t></r><r>"
            "<t>er</t></r><rPh><t>unseen</t></rPh></si></sst>",
            "xl/styles.xml": f"<styleSheet {MAIN}>{styles}</styleSheet>",
            "xl/worksheets/a.xml": f"<worksheet {MAIN}>{extra}<sheetData>{inner}</sheetData>"
            "</worksheet>",
            "xl/worksheets/b.xml": f'<worksheet {MAIN}><sheetData><row><c t="str"><v>secret</v></c>'
            "</row></sheetData></worksheet>",
        }
    )


HEAD = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in ("Weir", "Day", "Share"))


def test_cells_are_read_as_they_are_shown() -> None:
    styles = (
        '<numFmts><numFmt numFmtId="170" formatCode="dd/mm/yyyy hh:mm"/>'
        '<numFmt numFmtId="171" formatCode="0.0%"/>'
        '<numFmt numFmtId="172" formatCode="0 &quot;days&quot;"/>'
        '</numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="9"/>'
        '<xf numFmtId="170"/><xf numFmtId="171"/><xf numFmtId="172"/></cellXfs>'
    )
    first = '<c t="s"><v>0</v></c><c s="1"><v>45356</v></c><c s="2"><v>0.25</v></c>'
    second = '<c t="s"><v>1</v></c><c s="3"><v>45356.75</v></c><c s="4"><v>0.125</v></c>'
    third = '<c r="A4" t="b"><v>1</v></c><c r="C4" s="5"><f>A1*3</f><v>0.30000000000000004</v></c>'
    document, warned = read(".xlsx", workbook(HEAD, first, second, third, styles=styles))
    assert document.text.split("\n") == [
        "## Weirs",
        "",
        "| Weir | Day | Share |",
        "| --- | --- | --- |",
        "| Upper | 2024-03-05 | 25% |",
        "| Lower | 2024-03-05 18:00 | 12.5% |",
        "| TRUE |  | 0.3 |",
    ]
    assert warned == ["Hidden sheets of The page were not read: Drafts."]


def test_hidden_columns_and_rows_are_not_read() -> None:
    row = '<c r="A2"><v>1</v></c><c r="B2"><v>2</v></c><c r="C2"><v>3</v></c>'
    hidden = '</row><row hidden="1"><c><v>99</v></c>'
    columns = '<cols><col min="2" max="2" hidden="1"/></cols>'
    text = read(".xlsx", workbook(HEAD, row + hidden, extra=columns))[0].text
    assert text.split("\n")[2:] == ["| Weir | Share |", "| --- | --- |", "| 1 | 3 |"]


def test_a_cell_far_out_does_not_fill_the_table() -> None:
    text = read(".xlsx", workbook(HEAD, '<c r="A2"><v>1</v></c><c r="XFD2"><v>2</v></c>'))[0].text
    assert text.endswith("| 1 |  |  | 2 |")


# --- presentations ---------------------------------------------------------------------------

DRAWN = 'xmlns:p="urn:p" xmlns:a="urn:a" xmlns:r="urn:r" xmlns:mc="urn:mc"'


def shape(kind: str, *paragraphs: str, place: str = "<p:sp>{}</p:sp>") -> str:
    mark = f'<p:nvSpPr><p:nvPr><p:ph type="{kind}"/></p:nvPr></p:nvSpPr>' if kind else ""
    inner = "".join(
        text if text.startswith("<") else f"<a:p><a:r><a:t>{text}</a:t></a:r></a:p>"
        for text in paragraphs
    )
    return place.format(f"{mark}<p:txBody>{inner}</p:txBody>")


def slide(*shapes: str, show: str = "1") -> str:
    tree = "".join(shapes)
    return f'<p:sld {DRAWN} show="{show}"><p:cSld><p:spTree>{tree}</p:spTree></p:cSld></p:sld>'


def test_slides_are_read_in_their_order_with_lists_tables_and_notes() -> None:
    level = '<a:p><a:pPr lvl="1"/><a:r><a:t>of oak</a:t></a:r></a:p>'
    table = (
        "<p:graphicFrame><a:tbl><a:tr><a:tc><a:txBody><a:p><a:r><a:t>Weir</a:t></a:r></a:p></a:txBody>"
        "</a:tc><a:tc/></a:tr><a:tr><a:tc/><a:tc><a:txBody><a:p><a:r><a:t>2 m</a:t></a:r></a:p>"
        "</a:txBody></a:tc></a:tr></a:tbl></p:graphicFrame>"
    )
    same = shape("", "Since 1802.")
    boxed = (
        f"<mc:AlternateContent><mc:Choice>{same}</mc:Choice><mc:Fallback>{same}</mc:Fallback>"
        "</mc:AlternateContent>"
    )
    relations = "".join(
        f'<Relationship Id="{id}" Type="x/slide" Target="slides/{id}.xml"/>' for id in "ab"
    )
    notes = slide(shape("sldImg"), shape("body", "Mention the flood."), shape("sldNum", "2"))
    data = zipped(
        {
            "ppt/presentation.xml": f"<p:presentation {DRAWN}><p:sldIdLst>"
            '<p:sldId id="9" r:id="b"/><p:sldId id="8" r:id="a"/></p:sldIdLst></p:presentation>',
            "ppt/_rels/presentation.xml.rels": RELATIONS.format(relations),
            "ppt/slides/b.xml": slide(shape("subTitle", "A talk"), shape("ctrTitle", "The weirs")),
            "ppt/slides/a.xml": slide(
                shape("title", "Parts"), shape("body", "Gates", level), table, boxed, show="0"
            ),
            "ppt/slides/_rels/a.xml.rels": '<Relationships xmlns="urn:x"><Relationship Id="n"'
            ' Type="x/notesSlide" Target="../notesSlides/n.xml"/></Relationships>',
            "ppt/notesSlides/n.xml": notes,
        }
    )
    document, warned = read(".pptx", data)
    assert document.text.split("\n\n") == [
        "## The weirs",
        "A talk",
        "## Parts",
        "- Gates\n  - of oak",
        "| Weir |  |\n| --- | --- |\n|  | 2 m |",
        "Since 1802.",
        "> Mention the flood.",
    ]
    assert document.title == "The weirs"
    assert len(warned) == 1


# --- OpenDocument, rich text -----------------------------------------------------------------


def test_an_open_document_is_read_with_its_structure() -> None:
    body = """<text:tracked-changes>gone</text:tracked-changes>
    <text:h text:outline-level="2">Weirs</text:h>
    <text:p>Built<text:s/>in 1802<text:note><text:note-citation>1</text:note-citation>
    <text:note-body><text:p>Or 1803.</text:p></text:note-body></text:note>
    by<text:tab/>hand.<office:annotation><text:p>check</text:p></office:annotation></text:p>
    <text:list><text:list-item><text:p>gates</text:p>
    <text:list><text:list-item><text:p>of oak</text:p></text:list-item></text:list>
    </text:list-item></text:list>
    <table:table><table:table-header-rows><table:table-row>
    <table:table-cell><text:p>Weir</text:p></table:table-cell>
    <table:table-cell><text:p>Fall</text:p></table:table-cell></table:table-row>
    </table:table-header-rows><table:table-row>
    <table:table-cell><text:p>Upper</text:p></table:table-cell><table:table-cell/></table:table-row>
    </table:table><text:p><draw:frame><draw:text-box><text:p>Mind the step.</text:p></draw:text-box>
    </draw:frame></text:p>"""
    names = " ".join(f'xmlns:{name}="urn:{name}"' for name in ("office", "text", "table", "draw"))
    content = f"<office:document-content {names}><office:body><office:text>{body}"
    content += "</office:text></office:body></office:document-content>"
    document = read(".odt", zipped({"content.xml": content}))[0]
    assert document.text.split("\n\n") == [
        "## Weirs",
        "Built in 1802[^1] by hand.",
        "- gates\n  - of oak",
        "| Weir | Fall |\n| --- | --- |\n| Upper |  |",
        "Mind the step.",
        "[^1]: Or 1803.",
    ]
    assert document.title == "Weirs"


def test_lists_of_an_open_document_have_the_numbers_that_are_seen_and_pages_their_margins() -> None:
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "text", "style")
    )
    number = '<text:list-level-style-number text:level="{}" style:num-format="{}"'
    number += ' style:num-suffix="{}"/>'
    content = (
        f"<office:document-content {names}><office:automatic-styles><text:list-style"
        f' style:name="L1">{number.format(1, 1, ".")}'
        f"{number.format(2, 'a', ')')}</text:list-style>"
        "</office:automatic-styles><office:body><office:text>"
        '<text:list text:style-name="L1"><text:list-item><text:p>open</text:p></text:list-item>'
        "<text:list-item><text:p>close</text:p><text:list><text:list-item><text:p>slowly</text:p>"
        '</text:list-item></text:list></text:list-item><text:list-item text:start-value="7">'
        "<text:p>wait</text:p></text:list-item></text:list></office:text></office:body>"
        "</office:document-content>"
    )
    styles = (
        f"<office:document-styles {names}><office:master-styles><style:master-page>"
        "<style:header><text:p>On weirs</text:p></style:header><style:footer><text:p>"
        "<text:page-number>3</text:page-number></text:p></style:footer></style:master-page>"
        "</office:master-styles></office:document-styles>"
    )
    document = read(".odt", zipped({"content.xml": content, "styles.xml": styles}))[0]
    assert document.text == "On weirs\n\n1. open\n2. close\n  a) slowly\n7. wait"


def test_rich_text_is_read_without_what_is_hidden() -> None:
    source = (
        r"{\rtf1\ansi{\info{\title Weirs}}{\fonttbl{\f0 Arial;}}Old\par It fell 2\'b0 {\v secret}in"
        r" \u8211? May.\v secret\v0  Wet.{\footnote A note.}\par"
        r"\trowd\cellx9\cellx99 Weir\cell Fall\cell\row\trowd Upper\cell 2 m\cell\row}"
    )
    document, warned = read(".rtf", source)
    assert "It fell 2° in – May. Wet." in document.text
    assert "| Upper | 2 m |" in document.text
    assert "secret" not in document.text
    assert document.title == "Weirs"
    assert warned == ["Footnotes of The page were not read. Save it as .docx or .odt."]


def test_headings_and_list_items_of_rich_text_are_such() -> None:
    source = (
        r"{\rtf1\ansi{\stylesheet{\s1\outlinelevel0 heading 1;}{\s2\outlinelevel1 heading 2;}}"
        r"\pard\s1\outlinelevel0\b Two weirs\par \pard\plain Both of stone.\par"
        r"\pard\s2\outlinelevel1 Upper \b0 weir\par\pard\outlinelevel9 Repaired twice.\par"
        r"\pard{\listtext\pard\plain\f3 \'b7\tab}gates\par{\pntext\f1\'b7\tab}sluice\par"
        "\\pard{\\listtext\t(2)\t}boards\\par}"
    )
    document, _ = read(".rtf", source)
    assert document.text.split("\n\n") == [
        "# Two weirs",
        "Both of stone.",
        "## Upper weir",
        "Repaired twice.",
        "- gates\n- sluice\n(2) boards",
    ]


# --- mails, books ----------------------------------------------------------------------------


def test_a_mail_is_its_head_and_text_and_names_what_is_attached() -> None:
    source = """From: Ada <ada@example.org>
To: bo@example.org
Subject: =?utf-8?q?The_w=C3=A9ir?=
Date: Tue, 5 Mar 2024 10:00:00 +0100
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=q

--q
Content-Type: text/html; charset=utf-8

<p>The gate is <b>shut</b>.</p><ul><li>until May</li></ul>
--q
Content-Type: application/pdf
Content-Disposition: attachment; filename=plan.pdf

x
--q--
"""
    document, warned = read(".eml", source)
    assert document.text.startswith("From: Ada <ada@example.org>\nTo: bo@example.org\n")
    assert document.text.endswith("The gate is shut.\n\n- until May")
    assert (document.title, document.published) == ("The wéir", "2024-03-05")
    assert "plan.pdf" in warned[0]


def test_the_plain_text_of_a_mail_is_taken_first() -> None:
    source = (
        "Subject: Weir\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=q\n\n--q\n"
        "Content-Type: text/plain\n\nPlain words.\n--q\n"
        "Content-Type: text/html\n\n<p>Rich.</p>\n--q--\n"
    )
    assert read(".eml", source)[0].text == "Subject: Weir\n\nPlain words."


def test_a_book_is_read_in_the_order_of_its_spine() -> None:
    package = """<package xmlns="urn:opf" xmlns:dc="urn:dc"><metadata><dc:title>Weir days</dc:title>
    <dc:date>2020-01-02</dc:date></metadata><manifest><item id="n" href="n.xhtml" properties="nav"/>
    <item id="b" href="b%20b.xhtml"/><item id="a" href="a.xhtml"/></manifest>
    <spine><itemref idref="n"/><itemref idref="b"/><itemref idref="a"/></spine></package>"""
    rootfile = '<rootfiles><rootfile full-path="in/p.opf"/></rootfiles>'
    container = f'<container xmlns="urn:c">{rootfile}</container>'
    page = '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html><html><body>{}</body></html>'
    document = read(
        ".epub",
        zipped(
            {
                "META-INF/container.xml": container,
                "in/p.opf": package,
                "in/n.xhtml": page.format("contents"),
                "in/a.xhtml": page.format("<p>Last.</p><p hidden='hidden'>unseen</p>"),
                "in/b b.xhtml": page.format("<h1>Öne</h1><ul><li>first</li></ul>"),
            }
        ),
    )[0]
    assert document.text == "# Öne\n\n- first\n\nLast."
    assert (document.title, document.published) == ("Weir days", "2020-01-02")


# --- archives --------------------------------------------------------------------------------


def test_each_file_of_an_archive_is_read_as_in_a_folder(tmp_path: Path) -> None:
    lines = "\n".join(json.dumps({"text": text}) for text in ("One.", "Two."))
    path = tmp_path / "all.zip"
    path.write_bytes(
        zipped(
            {
                "in/weir.md": "# The weir\n\nIt fell.",
                "in/plan.pdf": pdf_file([[at(50, 700, "Page one.")], [at(50, 700, "Page two.")]]),
                "records.jsonl": lines,
                ".hidden.txt": "unseen",
                "__MACOSX/in/weir.md": "unseen",
                "tool.exe": "unseen",
                "inner.zip": zipped({"a.txt": "unseen"}),
                "broken.docx": "no zip",
                "empty.txt": "",
            }
        )
    )
    told: list[Failed | Warned] = []
    documents = read_file(path, told.append)
    assert [document.id for document in documents] == [
        "all.zip#in/plan.pdf",
        "all.zip#in/weir.md",
        "all.zip#records.jsonl#1",
        "all.zip#records.jsonl#2",
    ]
    assert documents[1].source == f"{path.resolve()}#in/weir.md"
    assert page_of(documents[0], documents[0].text.index("two")) == 2
    failed, warned = told
    assert isinstance(failed, Failed)
    assert "broken.docx in all.zip is damaged" in failed.error
    assert isinstance(warned, Warned)
    assert "1 .exe" in warned.warning
    assert "1 .zip" in warned.warning


def test_an_archive_with_nothing_to_read_is_refused() -> None:
    with pytest.raises(SourceError, match="no file that can be read"):
        read(".zip", zipped({"a.exe": "x"}))


def test_an_archive_that_unpacks_to_a_flood_is_refused() -> None:
    with pytest.raises(SourceError, match="far too much"):
        read(".zip", zipped({f"{n}.txt": "x" for n in range(MAX_FILES + 1)}))
    flood = {f"{n}.txt": " " * 70_000_000 for n in range(3)}
    with pytest.raises(SourceError, match="far too much"):
        read(".zip", zipped({**flood}))


@pytest.mark.parametrize(
    "suffix", [".csv", ".eml", ".epub", ".odt", ".pptx", ".rtf", ".xlsx", ".zip"]
)
@pytest.mark.parametrize(
    "data", [b"PK\x03\x04 cut short", bytes(range(256)) * 8, zipped({"a.xml": "<a/>"})]
)
def test_what_is_no_such_file_is_refused_with_a_remedy(suffix: str, data: bytes) -> None:
    with pytest.raises(SourceError) as caught:
        read(suffix, data)
    assert caught.value.remedy
