"""Writes an export as a Word file (Office Open XML, ECMA-376) with real footnotes.

By hand: python-docx knows no footnotes, and lxml, which writes the XML, is needed anyway. A span
that is cited again is a cross-reference to its footnote, so that it keeps one number. The records
of the footnotes and of the sentences lie in a part of their own, which Word keeps.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from importlib.resources import files
from io import BytesIO
from typing import Any

from lxml import etree
from lxml.builder import ElementMaker

from ui.records.export_content import CHECK, LEGEND, Content, NamedList, Part, shown_source
from ui.records.footnotes import Footnote, footnote_record
from ui.records.read_docx import BOOKMARK, RECORDS, W
from ui.records.sentences import Sentence, WrittenBlock, write_record
from ui.safe_text import one_line, strip_controls

_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_FIRST_ID = 1  # of a footnote; -1 and 0 are the separators
_SPACE = {"{http://www.w3.org/XML/1998/namespace}space": "preserve"}
_DAY = (1980, 1, 1, 0, 0, 0)  # of the parts: the same content always gives the same file

_w = ElementMaker(namespace=W, nsmap={"w": W})


def write_docx(content: Content) -> bytes:
    """The file."""
    parts = {
        "[Content_Types].xml": _content_types(),
        "_rels/.rels": _relations({"rId1": ("officeDocument", "word/document.xml")}),
        "word/document.xml": _document(content),
        "word/footnotes.xml": _footnotes(content),
        "word/styles.xml": (files("ui") / "assets" / "export_styles.xml").read_bytes(),
        "word/numbering.xml": _numbering(),
        "word/settings.xml": _settings(),
        "word/_rels/document.xml.rels": _relations(
            {
                "rId1": ("styles", "styles.xml"),
                "rId2": ("footnotes", "footnotes.xml"),
                "rId3": ("numbering", "numbering.xml"),
                "rId4": ("settings", "settings.xml"),
                "rId5": ("customXml", "../customXml/item1.xml"),
            }
        ),
        "customXml/item1.xml": _records(content),
    }
    written = BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as package:
        for path, data in parts.items():
            package.writestr(zipfile.ZipInfo(path, _DAY), data, zipfile.ZIP_DEFLATED)
    return written.getvalue()


# --- the document ----------------------------------------------------------------------------


class _Marks:
    """Writes the marks of footnotes: the first of a number is its reference, the others point at
    it."""

    def __init__(self) -> None:
        self._written: set[int] = set()

    def of(self, sentence: Sentence) -> Iterator[Any]:
        for place, number in enumerate(sentence.footnotes):
            if place:
                yield _run(", ", superscript=True)
            yield from self._mark(number)

    def _mark(self, number: int) -> Iterator[Any]:
        name = f"{BOOKMARK}{number}"
        if number in self._written:
            code = _attributes(_w.fldSimple(_run(str(number), "FootnoteReference")), instr="")
            code.set(f"{{{W}}}instr", f" NOTEREF {name} \\f \\h ")
            yield code
            return
        self._written.add(number)
        yield _attributes(_w.bookmarkStart(), id=str(number), name=name)
        reference = _attributes(_w.footnoteReference(), id=str(number + _FIRST_ID - 1))
        yield _w.r(_run_properties("FootnoteReference"), reference)
        yield _attributes(_w.bookmarkEnd(), id=str(number))


def _document(content: Content) -> bytes:
    marks = _Marks()
    rows: list[Any] = [_paragraph("Title", content.title), _paragraph("Facts", content.facts)]
    for part in content.parts:
        rows += _part(part, marks)
    rows.append(_paragraph("Facts", f"{LEGEND} To check them: {CHECK}"))
    return _xml(_w.document(_w.body(*rows, _section())))


def _part(part: Part, marks: _Marks) -> Iterator[Any]:
    if part.question:
        yield _paragraph("Heading1", part.question)
    for block in part.blocks:
        yield from _block(block, marks)
    yield from (_paragraph("Normal", line) for line in part.reply)
    yield from (_paragraph("Outcome", outcome) for outcome in part.outcomes)
    for named in part.lists:
        yield from _list(named)
    if part.facts:
        yield _paragraph("Facts", part.facts)


def _block(block: WrittenBlock, marks: _Marks) -> Iterator[Any]:
    if block.heading:
        yield _paragraph("Heading2", block.heading)
    groups = [[each] for each in block.sentences] if block.is_list else [block.sentences]
    for sentences in groups:
        runs: list[Any] = []
        for sentence in sentences:
            runs += [_run(" "), *_sentence(sentence, marks)] if runs else _sentence(sentence, marks)
        yield _w.p(_paragraph_properties("ListBullet" if block.is_list else "Normal"), *runs)


def _sentence(sentence: Sentence, marks: _Marks) -> list[Any]:
    remark = [_run(f" ({sentence.remark})", "Remark")] if sentence.remark else []
    return [_run(sentence.text), *marks.of(sentence), *remark]


def _list(named: NamedList) -> Iterator[Any]:
    yield _paragraph("Heading2", named.heading)
    for name, text in named.rows:
        runs = [_run(f"{name} ", bold=True)] if name else []
        yield _w.p(_paragraph_properties("ListBullet"), *runs, _run(text))


def _section() -> Any:
    """A4 with wide margins, in twentieths of a point."""
    size = _attributes(_w.pgSz(), w="11906", h="16838")
    sides = dict.fromkeys(("top", "right", "bottom", "left"), "1417")
    return _w.sectPr(size, _attributes(_w.pgMar(), **sides, header="708", footer="708", gutter="0"))


# --- the footnotes ---------------------------------------------------------------------------


def _footnotes(content: Content) -> bytes:
    separators = [
        _attributes(_w.footnote(_w.p(_w.r(line))), type=kind, id=id)
        for id, kind, line in (
            ("-1", "separator", _w.separator()),
            ("0", "continuationSeparator", _w.continuationSeparator()),
        )
    ]
    notes = [_footnote(note.footnote) for note in content.notes]
    return _xml(_w.footnotes(*separators, *notes))


def _footnote(footnote: Footnote) -> Any:
    """The quote, as many lines as it has, and where it stands."""
    rows = strip_controls(footnote.quote).strip().split("\n")
    quote = [_w.r(_run_properties("FootnoteReference"), _w.footnoteRef()), _run(" ")]
    for place, row in enumerate(rows):
        quote += [_w.r(_w.br())] if place else []
        quote.append(_run(row))
    title = one_line(footnote.title)
    facts = [
        one_line(shown_source(footnote)),
        one_line(footnote.reference),
        f"sha256 {one_line(footnote.digest)}" if footnote.digest else "",
    ]
    named = [_run(f"{title} · ", bold=True)] if title else []
    return _attributes(
        _w.footnote(
            _w.p(_paragraph_properties("FootnoteText"), *quote),
            _w.p(
                _paragraph_properties("FootnoteFacts"),
                *named,
                _run(" · ".join(filter(None, facts))),
            ),
        ),
        id=str(footnote.number + _FIRST_ID - 1),
    )


def _records(content: Content) -> bytes:
    make = ElementMaker(namespace=RECORDS, nsmap={None: RECORDS})
    notes = [
        make.footnote(footnote_record(note.footnote), number=str(note.footnote.number))
        for note in content.notes
    ]
    return _xml(make.records(make.answer(write_record(content.blocks)), *notes))


# --- small pieces ----------------------------------------------------------------------------


def _paragraph(style: str, text: str) -> Any:
    return _w.p(_paragraph_properties(style), _run(text))


def _paragraph_properties(style: str) -> Any:
    properties = _w.pPr(_attributes(_w.pStyle(), val=style))
    if style == "ListBullet":
        level, list_id = _attributes(_w.ilvl(), val="0"), _attributes(_w.numId(), val="1")
        properties.append(_w.numPr(level, list_id))
    return properties


def _run(text: str, style: str = "", *, bold: bool = False, superscript: bool = False) -> Any:
    run = _w.r(_run_properties(style, bold=bold, superscript=superscript))
    written = _w.t(_storable(text))
    written.attrib.update(_SPACE)
    run.append(written)
    return run


def _run_properties(style: str = "", *, bold: bool = False, superscript: bool = False) -> Any:
    properties = _w.rPr()
    if style:
        properties.append(_attributes(_w.rStyle(), val=style))
    if bold:
        properties.append(_w.b())
    if superscript:
        properties.append(_attributes(_w.vertAlign(), val="superscript"))
    return properties


def _storable(text: str) -> str:
    """Without the two characters that XML cannot hold and `strip_controls` leaves in."""
    return text.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")


def _attributes(element: Any, **values: str) -> Any:
    for name, value in values.items():
        element.set(f"{{{W}}}{name}", value)
    return element


def _xml(root: Any) -> bytes:
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    return written


def _numbering() -> bytes:
    level = _attributes(
        _w.lvl(
            _attributes(_w.start(), val="1"),
            _attributes(_w.numFmt(), val="bullet"),
            _attributes(_w.lvlText(), val="•"),
            _w.pPr(_attributes(_w.ind(), left="426", hanging="284")),
        ),
        ilvl="0",
    )
    abstract = _attributes(_w.abstractNum(level), abstractNumId="0")
    used = _attributes(_w.num(_attributes(_w.abstractNumId(), val="0")), numId="1")
    return _xml(_w.numbering(abstract, used))


def _settings() -> bytes:
    separators = [_attributes(_w.footnote(), id=id) for id in ("-1", "0")]
    return _xml(_w.settings(_w.footnotePr(*separators)))


def _content_types() -> bytes:
    make = ElementMaker(
        namespace=f"{_PACKAGE}/content-types", nsmap={None: f"{_PACKAGE}/content-types"}
    )
    kinds = {"document": "document.main", "footnotes": "footnotes", "styles": "styles"}
    kinds |= {"numbering": "numbering", "settings": "settings"}
    overrides = [
        make.Override(PartName=f"/word/{name}.xml", ContentType=f"{_TYPES}.{kind}+xml")
        for name, kind in kinds.items()
    ]
    defaults = {"rels": "application/vnd.openxmlformats-package.relationships+xml"}
    defaults["xml"] = "application/xml"
    named = [make.Default(Extension=end, ContentType=kind) for end, kind in defaults.items()]
    return _xml(make.Types(*named, *overrides))


def _relations(targets: dict[str, tuple[str, str]]) -> bytes:
    make = ElementMaker(
        namespace=f"{_PACKAGE}/relationships", nsmap={None: f"{_PACKAGE}/relationships"}
    )
    each: Iterable[Any] = (
        make.Relationship(Id=id, Type=f"{_OFFICE}/{kind}", Target=target)
        for id, (kind, target) in targets.items()
    )
    return _xml(make.Relationships(*each))
