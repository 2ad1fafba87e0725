"""What is stored of a Word file is what a person sees in it, once and in order."""

from __future__ import annotations

import pytest

from rag.errors import SourceError
from rag.events import Failed, Warned
from rag.ingest.readers import MAX_XML_BYTES, read_page
from rag.text.units import parse_units
from rag.types import Document
from tests.word_files import field, p, r, relations, root, table, word_file


def read(body: str, **parts: str) -> Document:
    return read_page("https://example.org/kites", ".docx", word_file(body, parts))


def text(body: str, **parts: str) -> str:
    return read(body, **parts).text


# --- characters ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inner", "shown"),
    [
        ("<w:t>12</w:t><w:noBreakHyphen/><w:t>15 knots</w:t>", "12-15 knots"),
        ("<w:noBreakHyphen/><w:t>7 degrees</w:t>", "-7 degrees"),
        ("<w:t>\u22127 degrees</w:t>", "\u22127 degrees"),
        ("<w:t>an\u00adchor</w:t>", "anchor"),
        ("<w:t>an</w:t><w:softHyphen/><w:t>chor</w:t>", "anchor"),
        ("<w:t>knots</w:t><w:tab/><w:t>14</w:t>", "knots 14"),
        ("<w:t>one</w:t><w:br/><w:t>two</w:t>", "one\ntwo"),
        ('<w:t>5 </w:t><w:sym w:font="Symbol" w:char="F0B0"/><w:t>C</w:t>', "5 °C"),
        ('<w:t>5 </w:t><w:sym w:font="Symbol" w:char="F0B1"/><w:t> 2</w:t>', "5 ± 2"),
        ('<w:sym w:font="Wingdings" w:char="F0FC"/><w:t> safe</w:t>', "✓ safe"),
        ('<w:sym w:font="Unknown" w:char="F0FC"/><w:t> safe</w:t>', "\ufffd safe"),
        ("<w:t>of\ufb01ce</w:t>", "office"),
    ],
)
def test_every_character_is_the_one_that_is_seen(inner: str, shown: str) -> None:
    assert text(p(f"<w:r>{inner}</w:r>")) == shown


def test_raised_numbers_stay_apart_from_the_number_before() -> None:
    raised, lowered = (f'<w:vertAlign w:val="{where}script"/>' for where in ("super", "sub"))
    assert text(p("about 10", r("6", raised), " m", r("2", raised))) == "about 10⁶ m²"
    assert text(p("CO", r("2", lowered), ", the 3", r("rd", raised))) == "CO₂, the 3rd"


def test_a_formula_is_read() -> None:
    assert text(p("so ", "<m:oMath><m:r><m:t>a=3b</m:t></m:r></m:oMath>")) == "so a=3b"


# --- what is not seen ------------------------------------------------------------------------


def test_tracked_changes_are_read_as_accepted() -> None:
    deleted = "<w:del><w:r><w:delText>nine</w:delText></w:r></w:del>"
    body = p("The line is ", deleted, f"<w:ins>{r('twelve')}</w:ins>", " metres long.")
    assert text(body) == "The line is twelve metres long."


def test_a_deleted_paragraph_mark_joins_what_it_parted() -> None:
    body = p("The line is ", properties="<w:rPr><w:del/></w:rPr>") + p("twelve metres long.")
    assert text(body) == "The line is twelve metres long."


def test_moved_text_stands_once_where_it_was_moved_to() -> None:
    moved = "Reel in before the storm."
    body = p(f"<w:moveFrom>{r(moved)}</w:moveFrom>") + p("Wear gloves.")
    assert text(body + p(f"<w:moveTo>{r(moved)}</w:moveTo>")) == f"Wear gloves.\n\n{moved}"


def test_hidden_text_is_not_read_whether_by_itself_or_by_its_style() -> None:
    style = (
        '<w:style w:styleId="Note" w:type="character"><w:rPr><w:vanish/></w:rPr></w:style>'
        '<w:style w:styleId="Draft"><w:rPr><w:vanish/></w:rPr></w:style>'
        '<w:style w:styleId="Old"><w:basedOn w:val="Draft"/></w:style>'
    )
    body = p("Open", r(" secret", "<w:vanish/>"), r(" secret", '<w:rStyle w:val="Note"/>'))
    body += p("secret", properties='<w:pStyle w:val="Old"/>')
    body += p(r("Shown", '<w:vanish w:val="0"/>'), properties='<w:pStyle w:val="Old"/>')
    assert text(body, styles=root("styles", style)) == "Open\n\nShown"


def test_of_a_field_only_its_result_is_read() -> None:
    assert text(p("See ", field('HYPERLINK "https://example.org"', "the map"), ".")) == (
        "See the map."
    )
    inner = field("PAGEREF x", "12")
    begin, separate, end = (
        f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>' for kind in ("begin", "separate", "end")
    )
    nested = f"{begin}<w:r><w:instrText>IF </w:instrText></w:r>{inner}{separate}{r('far')}{end}"
    assert text(p("It is ", nested, " away.")) == "It is far away."


# --- boxes, notes, margins -------------------------------------------------------------------

BOX = f"<w:txbxContent>{p('Keep off power lines.')}</w:txbxContent>"


@pytest.mark.parametrize(
    "drawn",
    [
        f"<w:pict><v:textbox>{BOX}</v:textbox></w:pict>",
        "<mc:AlternateContent><mc:Choice Requires='wps'><w:drawing><wps:txbx>"
        f"{BOX}</wps:txbx></w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox>{BOX}</v:textbox>"
        "</w:pict></mc:Fallback></mc:AlternateContent>",
    ],
)
def test_a_text_box_is_read_once_behind_its_paragraph(drawn: str) -> None:
    assert text(p("Look up.", f"<w:r>{drawn}</w:r>") + p("Then run.")) == (
        "Look up.\n\nKeep off power lines.\n\nThen run."
    )


def test_notes_stand_at_the_end_of_their_section() -> None:
    notes = (
        f'<w:footnote w:id="0" w:type="separator">{p("———")}</w:footnote>'
        '<w:footnote w:id="7">'
        f"{p('<w:r><w:footnoteRef/></w:r>', 'Not above 10 knots.')}</w:footnote>"
    )
    end = f'<w:endnote w:id="7">{p("By A. Brandvold.")}</w:endnote>'
    heading = '<w:outlineLvl w:val="0"/>'
    body = (
        p("Silk", properties=heading)
        + p("Silk tears", '<w:r><w:footnoteReference w:id="7"/></w:r>', ".")
        + p("It is dear.")
        + p("Paper", properties=heading)
        + p("Paper burns.", '<w:r><w:endnoteReference w:id="7"/></w:r>')
    )
    found = text(body, footnotes=root("footnotes", notes), endnotes=root("endnotes", end))
    assert found == (
        "# Silk\n\nSilk tears[^1].\n\nIt is dear.\n\n[^1]: Not above 10 knots.\n\n"
        "# Paper\n\nPaper burns.[^2]\n\n[^2]: By A. Brandvold."
    )
    note = next(unit for unit in parse_units(found) if "10 knots" in unit.text(found))
    assert (note.role, note.headings) == ("sentence", ("Silk",))


def test_headers_and_footers_are_read_once_without_page_numbers() -> None:
    references = "".join(
        f'<w:{kind}Reference r:id="{id}"/>'
        for kind, id in (("header", "a"), ("header", "b"), ("footer", "c"))
    )
    head = p("Kite club", "<w:r><w:tab/></w:r>", "Page ", field("PAGE", "3"))
    found = read(
        p("Fly safely.") + f"<w:sectPr>{references}</w:sectPr>",
        rels=relations(a="header1.xml", b="header2.xml", c="footer1.xml"),
        header1=root("hdr", head),
        header2=root("hdr", p("Kite club")),
        footer1=root("ftr", p("For members")),
    )
    assert found.text == "Kite club\n\nFly safely.\n\nFor members"
    assert found.title == "Fly safely."


def test_a_diagram_is_read_in_its_place_and_a_chart_is_named() -> None:
    points = "".join(
        f"<d:pt><d:t><a:p><a:r><a:t>{text}</a:t></a:r></a:p></d:t></d:pt>"
        for text in ("Run", "Pull", "")
    )
    data = f'<d:dataModel xmlns:d="urn:d" xmlns:a="urn:a">{points}</d:dataModel>'
    kinds = {"dm": ("diagramData", "diagrams/data1.xml"), "c": ("chart", "charts/chart1.xml")}
    rels = "".join(
        f'<Relationship Id="{id}" Type="x/{kind}" Target="{part}"/>'
        for id, (kind, part) in kinds.items()
    )
    drawn = '<w:r><w:drawing><d:relIds xmlns:d="urn:d" r:dm="dm"/></w:drawing></w:r>'
    parts = {"diagrams/data1": data, "rels": f'<Relationships xmlns="urn:x">{rels}</Relationships>'}
    told: list[Failed | Warned] = []
    raw = word_file(p("How to start.", drawn) + p("Then walk."), parts)
    found = read_page("https://example.org/a", ".docx", raw, report=told.append)
    assert found.text == "How to start.\n\nRun\n\nPull\n\nThen walk."
    assert [isinstance(each, Warned) and each.warning for each in told] == [
        "A chart of The page was not read."
    ]


# --- headings, lists, tables -----------------------------------------------------------------


def test_headings_are_known_by_level_name_and_the_style_they_are_based_on() -> None:
    styles = (
        '<w:style w:styleId="T"><w:name w:val="Title"/></w:style>'
        '<w:style w:styleId="U2"><w:name w:val="heading 2"/></w:style>'
        '<w:style w:styleId="Mine"><w:basedOn w:val="Base"/></w:style>'
        '<w:style w:styleId="Base"><w:pPr><w:outlineLvl w:val="2"/></w:pPr></w:style>'
    )
    names = ("T", "U2", "Mine")
    body = "".join(p(f"Kind {id}", properties=f'<w:pStyle w:val="{id}"/>') for id in names)
    found = read(body + p("Text."), styles=root("styles", styles))
    assert found.text == "# Kind T\n\n## Kind U2\n\n### Kind Mine\n\nText."
    assert found.title == "Kind T"


def level(depth: int, form: str, shown: str) -> str:
    return (
        f'<w:lvl w:ilvl="{depth}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>'
        f'<w:lvlText w:val="{shown}"/></w:lvl>'
    )


def numbered(number: int, depth: int = 0) -> str:
    return f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{number}"/></w:numPr>'


NUMBERING = root(
    "numbering",
    f'<w:abstractNum w:abstractNumId="0">{level(0, "decimal", "%1.")}'
    f"{level(1, 'lowerLetter', '%2)')}{level(2, 'upperRoman', '%1.%3')}</w:abstractNum>"
    f'<w:abstractNum w:abstractNumId="1">{level(0, "bullet", "x")}</w:abstractNum>'
    '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    '<w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>'
    '<w:num w:numId="3"><w:abstractNumId w:val="0"/><w:lvlOverride w:ilvl="0">'
    '<w:startOverride w:val="5"/></w:lvlOverride></w:num>',
)


def test_list_items_have_the_labels_that_are_seen() -> None:
    steps = [(1, 0), (1, 1), (1, 1), (1, 0), (1, 1), (1, 2), (2, 0), (3, 0), (0, 0)]
    body = "".join(p(f"Step {at}.", properties=numbered(*step)) for at, step in enumerate(steps))
    assert text(body, numbering=NUMBERING).split("\n") == [
        "1. Step 0.",
        "  a) Step 1.",
        "  b) Step 2.",
        "2. Step 3.",
        "  a) Step 4.",
        "    - 2.I Step 5.",
        "- Step 6.",
        "5. Step 7.",
        "",
        "Step 8.",
    ]


def test_a_numbered_heading_keeps_its_number() -> None:
    properties = f'<w:outlineLvl w:val="0"/>{numbered(1)}'
    body = p("Rope", properties=properties) + p("Knots", properties=properties)
    assert text(body, numbering=NUMBERING) == "# 1. Rope\n\n# 2. Knots"


def test_a_table_keeps_its_empty_cells_and_each_row_its_header() -> None:
    body = table(["Kite", "Wind", "Price"], ["Delta", "", "40"], ["Box", "strong", "65"])
    found = text(body)
    assert found.split("\n") == [
        "| Kite | Wind | Price |",
        "| --- | --- | --- |",
        "| Delta |  | 40 |",
        "| Box | strong | 65 |",
    ]
    rows = [unit for unit in parse_units(found) if unit.role == "row"]
    assert {row.leans_on for row in rows} == {"| Kite | Wind | Price |"}
    assert len(rows) == 2


def test_a_list_in_a_cell_is_one_line_and_merged_cells_count_for_each_row() -> None:
    start, more = (f"<w:tcPr><w:vMerge{v}/></w:tcPr>" for v in (' w:val="restart"', ""))
    wide = '<w:tcPr><w:gridSpan w:val="2"/></w:tcPr>'
    uses = p("racing", properties=numbered(2)) + p("fishing", properties=numbered(2))
    body = table(
        ["Kite", "Use", "Wind"],
        [f"<w:tc>{start}{p('Delta')}</w:tc>", f"<w:tc>{uses}</w:tc>", "light"],
        [f"<w:tc>{more}{p()}</w:tc>", f"<w:tc>{wide}{p('not tried')}</w:tc>"],
    )
    assert text(body, numbering=NUMBERING).split("\n")[2:] == [
        "| Delta | racing; fishing | light |",
        "| Delta | not tried |  |",
    ]


def test_a_table_of_names_and_values_loses_no_row_to_a_header() -> None:
    found = text(table(["Span", "2.4 m"], ["Tail", "9 m"]))
    assert [u.text(found) for u in parse_units(found) if u.role == "row"] == [
        "| Span | 2.4 m |",
        "| Tail | 9 m |",
    ]


def test_a_frame_of_one_cell_is_running_text() -> None:
    assert text(table(["Mind the birds."])) == "Mind the birds."


def test_deleted_rows_and_content_controls() -> None:
    dead = f"<w:tr><w:trPr><w:del/></w:trPr><w:tc>{p('gone')}</w:tc></w:tr>"
    body = table(["Kite", "Wind"], ["Box", "strong"]).replace("</w:tbl>", f"{dead}</w:tbl>")
    wrapped = f"<w:sdt><w:sdtPr><w:alias/></w:sdtPr><w:sdtContent>{body}</w:sdtContent></w:sdt>"
    assert text(wrapped).count("\n") == 2
    assert "gone" not in text(wrapped)


# --- files that mean harm --------------------------------------------------------------------


def test_elements_inside_each_other_without_end_are_refused() -> None:
    deep = "<w:sdt>" * 5000 + "</w:sdt>" * 5000
    with pytest.raises(SourceError, match="damaged"):
        read(deep)


def test_all_parts_together_have_a_limit() -> None:
    with pytest.raises(SourceError, match="unpacks"):
        read(p("x"), footnotes=root("footnotes", " " * MAX_XML_BYTES))


def test_a_style_based_on_itself_ends() -> None:
    styles = root("styles", '<w:style w:styleId="A"><w:basedOn w:val="A"/></w:style>')
    assert text(p("Fine.", properties='<w:pStyle w:val="A"/>'), styles=styles) == "Fine."
