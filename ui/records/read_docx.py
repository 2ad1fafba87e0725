"""Reads back what an export as a Word file shows, also after Word has saved it again.

Word cuts text into runs as it likes, numbers footnotes anew and writes fields in several ways; what
it keeps are bookmarks, which name the footnotes here, and parts of other programs, which hold the
records.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from lxml import etree

from ui.records.sentences import block_text
from ui.records.shown_export import FootnotesUnreadable, ShownExport, ShownFootnote, malformed

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
RECORDS = "urn:footnote:records"  # the namespace of the part that holds the records
BOOKMARK = "footnote_"  # begins the names of the bookmarks around the marks of footnotes
MAX_PART_BYTES = 64_000_000  # of one part, unpacked
_SKIPPED = frozenset("del moveFrom pPr rPr delText instrText footnoteRef".split())
_CHARACTERS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_STRUCK = ("strike", "dstrike")
_FIELD = re.compile(rf"\s*(?:NOTE)?REF\s+{BOOKMARK}(\d{{1,9}})\b")
_NAME = re.compile(rf"{BOOKMARK}(\d{{1,9}})")


def read_docx(data: bytes) -> ShownExport:
    """What the file shows. Raises `FootnotesUnreadable`."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as package:
            document = _part(package, "word/document.xml")
            notes = _part(package, "word/footnotes.xml")
            records = _records(package)
    except (zipfile.BadZipFile, etree.XMLSyntaxError, RuntimeError, OSError) as error:
        raise FootnotesUnreadable(
            "This is no Word file, or it is damaged.", "Export the conversation again."
        ) from error
    if records is None or document is None:
        return ShownExport()
    reading = _Paragraphs()
    pieces = [list(reading.pieces(each)) for each in document.iter(_w("p"))]
    answer = records.find(f"{{{RECORDS}}}answer")
    return ShownExport(
        list(_footnotes(notes, reading.numbers, records)),
        [text for text in map(block_text, pieces) if text],
        {piece for each in pieces for piece in each if isinstance(piece, int)},
        None if answer is None else answer.text or "",
    )


def _part(package: zipfile.ZipFile, name: str) -> Any:
    """The root of a part; None where there is none."""
    try:
        info = package.getinfo(name)
    except KeyError:
        return None
    if info.file_size > MAX_PART_BYTES:
        raise FootnotesUnreadable("This Word file is too large.", "Export fewer answers at once.")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    return etree.fromstring(package.read(info), parser)


def _records(package: zipfile.ZipFile) -> Any:
    """The root of the part that holds the records, whatever number Word gave it."""
    for name in package.namelist():
        if re.fullmatch(r"customXml/item\d+\.xml", name):
            root = _part(package, name)
            if root.tag == f"{{{RECORDS}}}records":
                return root
    return None


def _footnotes(notes: Any, numbers: dict[str, int], records: Any) -> Iterator[ShownFootnote]:
    """The footnotes that the document refers to, by their place in it."""
    recorded = {
        each.get("number"): each.text or "" for each in records.iter(f"{{{RECORDS}}}footnote")
    }
    by_id = {} if notes is None else {each.get(_w("id")): each for each in notes}
    for id, number in numbers.items():
        if id not in by_id:
            raise malformed(number, "is referred to, and missing")
        if str(number) not in recorded:
            raise malformed(number, "has no record")
        yield _footnote(number, recorded[str(number)], by_id[id])


def _footnote(number: int, record: str, note: Any) -> ShownFootnote:
    shown = ShownFootnote(number, record)
    for paragraph in note.iter(_w("p")):
        style = paragraph.find(f"{_w('pPr')}/{_w('pStyle')}")
        is_fact = style is not None and style.get(_w("val")) == "FootnoteFacts"
        text = "".join(str(each) for each in _Paragraphs().pieces(paragraph))
        (shown.facts if is_fact else shown.quote).append(f"{text}\n")
    return shown


class _Paragraphs:
    """Walks over paragraphs in their order; `numbers` are those of the footnotes by Word's ids."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self._bookmark: int | None = None  # the footnote whose mark is next
        self._fields: list[str] = []  # the codes of the fields under way

    def pieces(self, element: Any) -> Iterator[str | int]:
        """The texts of a paragraph and the numbers of its footnotes."""
        for child in element:
            name = etree.QName(child).localname if isinstance(child.tag, str) else ""
            if name == "r":
                yield from self._run(child)
            elif name == "bookmarkStart":
                found = _NAME.fullmatch(child.get(_w("name"), ""))
                self._bookmark = int(found[1]) if found else self._bookmark
            elif name == "fldSimple" and (number := _number(child.get(_w("instr"), ""))):
                yield number
            elif name and name not in _SKIPPED and name != "p":
                yield from self.pieces(child)

    def _run(self, run: Any) -> Iterator[str | int]:
        if _is_on(run, "vanish") or _is_comma(run):
            return
        if any(_is_on(run, each) for each in _STRUCK):
            yield "<struck>"
        for child in run:
            name = etree.QName(child).localname if isinstance(child.tag, str) else ""
            if name == "fldChar":
                yield from self._field(child.get(_w("fldCharType"), ""))
            elif name == "instrText" and self._fields:
                self._fields[-1] += child.text or ""
            elif name == "footnoteReference":
                yield self._reference(child.get(_w("id"), ""))
            elif name == "t" and not any(map(_number, self._fields)):
                yield child.text or ""
            else:
                yield _CHARACTERS.get(name, "")

    def _field(self, kind: str) -> Iterator[int]:
        """A field of several runs: its code, then what it shows."""
        if kind == "begin":
            self._fields.append("")
        elif kind == "end" and self._fields and (number := _number(self._fields.pop())):
            yield number

    def _reference(self, id: str) -> str | int:
        number, self._bookmark = self._bookmark, None
        if number is None:
            return "<footnote>"  # one that a person added
        self.numbers[id] = number
        return number


def _number(code: str) -> int | None:
    """The footnote that the code of a field points at."""
    found = _FIELD.match(code)
    return int(found[1]) if found else None


def _is_on(run: Any, name: str) -> bool:
    switch = run.find(f"{_w('rPr')}/{_w(name)}")
    return switch is not None and switch.get(_w("val"), "true") not in ("0", "false", "off")


def _is_comma(run: Any) -> bool:
    """Whether a run only stands between the marks of two footnotes."""
    raised = run.find(f"{_w('rPr')}/{_w('vertAlign')}")
    text = "".join(each.text or "" for each in run.iter(_w("t")))
    return raised is not None and text.strip() == ","


def _w(name: str) -> str:
    return f"{{{W}}}{name}"
