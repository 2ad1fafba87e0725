"""Styles and list numbers of Word files: headings, list labels, hidden text."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rag.ingest.readers.packages import attribute, child, children

_HEADING_NAME = re.compile(r"heading (\d)", re.IGNORECASE)
_PLACE = re.compile(r"%(\d)")
_MAX_DEPTH = 20  # of styles based on each other: real ones have five


@dataclass(frozen=True, slots=True)
class ParagraphStyle:
    """What a style says of its paragraphs; numbers as the file writes them, "" for none."""

    outline_level: str = ""
    number_id: str = ""
    number_level: str = ""
    is_hidden: bool = False


class Styles:
    """The styles of `root`, which is None where the file has none."""

    def __init__(self, root: Any) -> None:
        self.by_id = {attribute(each, "styleId"): each for each in children(root, "style")}
        self.paragraphs: dict[str, ParagraphStyle] = {}

    def paragraph(self, id: str) -> ParagraphStyle:
        if id not in self.paragraphs:
            self.paragraphs[id] = self._paragraph(id)
        return self.paragraphs[id]

    def run_is_hidden(self, id: str) -> bool:
        found = self._first(id, lambda style: child(style, "rPr", "vanish"))
        return found is not None and is_on(found)

    def _paragraph(self, id: str) -> ParagraphStyle:
        level = attribute(self._first(id, lambda s: child(s, "pPr", "outlineLvl")), "val")
        name = attribute(child(self.by_id.get(id), "name"), "val")
        named = _HEADING_NAME.fullmatch(name or id)
        if not level and (named or (name or id).lower() == "title"):
            level = str(int(named[1]) - 1) if named else "0"
        number = self._first(id, lambda style: child(style, "pPr", "numPr"))
        number_id = attribute(child(number, "numId"), "val")
        number_level = attribute(child(number, "ilvl"), "val")
        return ParagraphStyle(level, number_id, number_level, self.run_is_hidden(id))

    def _first(self, id: str, find: Callable[[Any], Any]) -> Any:
        """What `find` finds in the style, or in the nearest of those that it is based on."""
        for _ in range(_MAX_DEPTH):
            style = self.by_id.get(id)
            if style is None:
                return None
            found = find(style)
            if found is not None:
                return found
            id = attribute(child(style, "basedOn"), "val")
        return None


class Numbering:
    """Counts the items of numbered lists, as Word does. `root` is None where there are none."""

    def __init__(self, root: Any) -> None:
        abstract = {attribute(e, "abstractNumId"): e for e in children(root, "abstractNum")}
        self.lists: dict[str, tuple[str, dict[int, Any], dict[int, int]]] = {}
        self.counts: dict[str, dict[int, int]] = defaultdict(dict)
        for number in children(root, "num"):
            id = attribute(child(number, "abstractNumId"), "val")
            levels = {int(attribute(e, "ilvl") or 0): e for e in children(abstract.get(id), "lvl")}
            starts: dict[int, int] = {}
            for override in children(number, "lvlOverride"):
                depth = int(attribute(override, "ilvl") or 0)
                start = attribute(child(override, "startOverride"), "val")
                if start:
                    starts[depth] = int(start)
                if child(override, "lvl") is not None:
                    levels[depth] = child(override, "lvl")
            self.lists[attribute(number, "numId")] = (id, levels, starts)

    def next_label(self, number_id: str, depth: int) -> str:
        """The label of the next item at `depth` (from 0) of a list; "-" for a bullet, "" for no
        list."""
        if number_id not in self.lists:
            return "-" if number_id and number_id != "0" else ""
        id, levels, starts = self.lists[number_id]
        level = levels.get(depth)
        counts = self.counts[number_id if starts else id]
        counts[depth] = counts.get(depth, starts.get(depth, _start(level)) - 1) + 1
        for deeper in [each for each in counts if each > depth]:
            del counts[deeper]
        form = attribute(child(level, "numFmt"), "val", "decimal")
        if form == "none":
            return ""
        if form == "bullet" or level is None:
            return "-"

        def number_at(place: re.Match[str]) -> str:
            at = int(place[1]) - 1
            shown = levels.get(at)
            return _written(
                counts.get(at, starts.get(at, _start(shown))),
                attribute(child(shown, "numFmt"), "val", "decimal"),
            )

        return _PLACE.sub(number_at, attribute(child(level, "lvlText"), "val")) or "-"


def is_on(switch: Any) -> bool:
    """True for a property that is set: it may be there to unset one of a style."""
    return attribute(switch, "val", "true") not in ("0", "false", "off")


def _start(level: Any) -> int:
    return int(attribute(child(level, "start"), "val") or 1)


def _written(number: int, form: str) -> str:
    if form in ("lowerLetter", "upperLetter") and number > 0:
        letter = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
        return letter if form == "lowerLetter" else letter.upper()
    if form in ("lowerRoman", "upperRoman") and 0 < number < 4000:
        roman = _roman(number)
        return roman if form == "lowerRoman" else roman.upper()
    return f"{number:02}" if form == "decimalZero" else str(number)


def _roman(number: int) -> str:
    written = ""
    values = (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1)
    for value, letters in zip(values, "m cm d cd c xc l xl x ix v iv i".split(), strict=True):
        count, number = divmod(number, value)
        written += letters * count
    return written
