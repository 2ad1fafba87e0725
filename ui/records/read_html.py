"""Reads back what an export in HTML shows.

Not with `html.parser`, which takes quadratic time for a malformed page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape

from ui.records.sentences import block_text
from ui.records.shown_export import ShownExport, ShownFootnote

_RECORDS = ("data-footnote=", "data-answer=")
_TAG = re.compile(r"<(/?[a-zA-Z][a-zA-Z0-9]*)\b([^<>]*)>")
_ATTRIBUTE = re.compile(r"(?<![\w-])([a-zA-Z-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
_ANCHOR = "#fn-"
# Tags inside of a sentence that change nothing of what it says; all others of a block end it.
_PLAIN = frozenset("a b em i span strong sup".split())
_BLOCKS = frozenset(
    "article blockquote body div footer h1 h2 h3 h4 h5 h6 head header html li main ol p section"
    " style table td title tr ul".split()
)


def is_html(text: str) -> bool:
    """Whether `text` holds a record as exports in HTML have it."""
    return any(attribute in text for attribute in _RECORDS)


def read_html(text: str) -> ShownExport:
    """What the export shows."""
    reading = _Reading()
    at = 0
    text = _uncommented(text)
    for tag in _TAG.finditer(text):
        reading.text(unescape(text[at : tag.start()]))
        at = tag.end()
        reading.tag(tag[1].lower(), _attributes(tag[2]), _hides(tag[2]))
    reading.text(unescape(text[at:]))
    reading.end_block()
    return reading.shown


@dataclass
class _Reading:
    """The page so far. `part` is where the text of the last footnote goes; None outside of them."""

    shown: ShownExport = field(default_factory=ShownExport)
    part: list[str] | None = None
    block: list[str | int] = field(default_factory=list)
    link: int | None = None  # the footnote that a link under way leads to
    remarks: list[bool] = field(default_factory=list)  # of the open <span>s, which are remarks

    def text(self, text: str) -> None:
        if self.part is not None:
            self.part.append(text)
        elif self.link is not None and text.strip() == str(self.link):
            self.block.append(self.link)
        else:
            self.block.append(text)

    def tag(self, name: str, given: Mapping[str, str], hides: bool) -> None:
        if number := _number(given.get("href"), _ANCHOR):
            self.shown.marks.add(number)
        if "data-answer" in given:
            self.shown.record = given["data-answer"]
        if "data-footnote" in given:
            self.end_block()
            number = _number(given.get("value"), "") or 0
            self.shown.footnotes.append(ShownFootnote(number, given["data-footnote"]))
            self.part = self.shown.footnotes[-1].rest
        elif self.part is not None:
            self.part = self._next_part(self.part, name, given)
        elif name.removeprefix("/") in _BLOCKS:
            self.end_block()
        else:
            self._inline(name, given, hides)

    def end_block(self) -> None:
        if any(isinstance(piece, int) or piece.strip() for piece in self.block):
            self.shown.blocks.append(block_text(self.block))
        self.block, self.link, self.remarks = [], None, []

    def _inline(self, name: str, given: Mapping[str, str], hides: bool) -> None:
        """A tag within a block. Those that could hide or strike text are shown as text."""
        if hides or name.removeprefix("/") not in _PLAIN:
            self.block.append(f"<{name}>")
        elif name == "a":
            self.link = _number(given.get("href"), _ANCHOR)
        elif name == "/a":
            self.link = None
        elif name == "span":
            self.remarks.append("fn-remark" in given.get("class", "").split())
            self.block.append("(" if self.remarks[-1] else "")
        elif name == "/span" and self.remarks:
            self.block.append(")" if self.remarks.pop() else "")

    def _next_part(self, part: list[str], tag: str, given: Mapping[str, str]) -> list[str] | None:
        """Where the text after `tag` goes. There is no markup in a quote that was left alone."""
        shown = self.shown.footnotes[-1]
        if tag == "/li":
            return None
        if part is shown.quote:
            if tag != "/blockquote":
                part.append(f"<{tag}>")
                return part
            return shown.rest
        if part is shown.facts:
            return shown.rest if tag == "/p" else part
        if tag == "blockquote":
            return shown.quote
        is_fact = tag == "p" and given.get("class") in ("fn-facts", "fn-back")
        return shown.facts if is_fact else part


def _uncommented(text: str) -> str:
    """The page without its comments; one that does not end hides all that follows."""
    first, *others = text.split("<!--")
    return first + "".join(other.partition("-->")[2] for other in others)


def _attributes(text: str) -> dict[str, str]:
    found = _ATTRIBUTE.finditer(text)
    return {each[1].lower(): unescape(each[2] or each[3] or each[4] or "") for each in found}


def _hides(attributes: str) -> bool:
    """Whether a tag may show its text otherwise than an export does."""
    names = {each[1].lower() for each in _ATTRIBUTE.finditer(attributes)}
    names.update(_ATTRIBUTE.sub(" ", attributes).lower().split())
    return bool(names & {"style", "hidden"})


def _number(value: str | None, prefix: str) -> int | None:
    found = re.fullmatch(rf"{prefix}(\d{{1,9}})", value or "")
    return int(found[1]) if found else None
