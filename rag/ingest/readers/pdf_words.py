"""Words of PDF pages with their places, from PDFium.

Places are in points from the left and the bottom of the page as it is shown.
"""

from __future__ import annotations

import ctypes
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import hypot
from threading import Lock
from typing import Any
from unicodedata import normalize

from rag.ingest.readers.light_markdown import raised

PDFIUM = Lock()  # it must not be called by two threads at once

_RAISED_SIZE = 0.85  # of the size of the letters before it, up to which a digit is raised
_LINE_END_HYPHENS = "\x02\ufffe"  # what PDFium gives for a hyphen at the end of a line
_NO_CODE = "\ufffd"  # stands for a letter whose font does not tell what it is
_ACCENTS = {
    "`": "\u0300",
    "´": "\u0301",
    "ˆ": "\u0302",
    "˜": "\u0303",
    "¯": "\u0304",
    "˘": "\u0306",
    "˙": "\u0307",
    "¨": "\u0308",
    "˚": "\u030a",
    "˝": "\u030b",
    "ˇ": "\u030c",
    "¸": "\u0327",
    "˛": "\u0328",
}
_WITHOUT_DOT = {"ı": "i", "ȷ": "j"}  # as they stand under an accent
_WIDEST = 2.0  # heights of an accent, up to which a letter is wide
_ACCENT_RISE = 0.6  # heights of a letter, up to which its accent may stand higher
_MAX_DOTS = 300
_MAX_PATHS = 20_000  # lines and boxes looked at on a page: a map has a million


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle: `top` is above `bottom`."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def middle(self) -> float:
        return (self.bottom + self.top) / 2

    @property
    def height(self) -> float:
        return self.top - self.bottom


Letter = tuple[int, str, Box]
"""Its number on the page, a character, and its box."""


@dataclass(frozen=True, slots=True)
class Word:
    """Letters without a space between them, and their box. `size` is that of the font in points."""

    text: str
    box: Box
    size: float
    is_turned: bool = False
    """True where it does not run like most text of the page."""


@dataclass(frozen=True, slots=True)
class Page:
    """What stands on a page; `rules` are its drawn lines and the edges of its drawn boxes."""

    words: list[Word]
    rules: list[Box]
    has_objects: bool
    height: float


def read_page(page: Any) -> Page:
    """The words and lines of a page of pypdfium2; `PDFIUM` must be held."""
    text_page = page.get_textpage()
    try:
        turn = page.get_rotation()
        size = page.get_size()
        words = list(_words(text_page, turn, size))
    finally:
        text_page.close()
    objects = list(_objects(page))
    rules = [_turned(box, turn, size) for box in _rules(objects)]
    dots = [_turned(box, turn, size) for box in _dots(objects)]
    words += _bullets(words, dots[:_MAX_DOTS])
    return Page(words, rules, bool(objects), size[1])


def _words(text_page: Any, turn: int, size: tuple[float, float]) -> Iterator[Word]:
    text, first = "", 0
    boxes: list[Box] = []
    last: Word | None = None
    for number, letter, box in _with_accents(_letters(text_page, turn, size)):
        is_end = letter.isspace() or (bool(boxes) and not _goes_on(boxes[-1], box))
        if text and (is_end or _is_note_mark(text, boxes[0], box, last)):
            last = _word(text, boxes, text_page, first, turn, size)
            yield last
            text, boxes = "", []
        if letter.isspace():
            continue
        if not text:
            first = number
        elif letter.isdigit() and _is_raised(box, boxes[0]):
            letter = raised(letter)
        text += letter
        boxes.append(box)


def _letters(text_page: Any, turn: int, size: tuple[float, float]) -> Iterator[Letter]:
    """The letters of a page, the spaces between them and a last one."""
    import pypdfium2.raw as pdfium

    place = pdfium.FS_RECTF()
    count = text_page.count_chars()
    for number in range(count):
        letter = chr(pdfium.FPDFText_GetUnicode(text_page, number))
        letter = "-" if letter in _LINE_END_HYPHENS else letter
        letter = _NO_CODE if letter == "\0" else letter
        pdfium.FPDFText_GetLooseCharBox(text_page, number, place)
        box = _turned(Box(place.left, place.bottom, place.right, place.top), turn, size)
        yield number, letter, box
    yield count, " ", Box(0, 0, 0, 0)


def _with_accents(letters: Iterable[Letter]) -> list[Letter]:
    """`letters` with one for an accent and the letter that it is drawn over: the first fonts of TeX
    have no letters with accents. An accent may come far from its letter."""
    found = list(letters)
    accents = [at for at, (_, letter, _) in enumerate(found) if letter in _ACCENTS]
    if not accents:
        return found
    by_left = sorted(
        (box.left, at)
        for at, (_, letter, box) in enumerate(found)
        if letter.isalpha() and letter not in _ACCENTS
    )
    joined = set[int]()
    for at in accents:
        _, accent, box = found[at]
        middle = (box.left + box.right) / 2
        first = bisect_left(by_left, (middle - _WIDEST * box.height, 0))
        last = bisect_left(by_left, (middle, len(found)))
        under = [each for _, each in by_left[first:last] if _is_over(box, found[each][2])]
        if under:
            each = min(under, key=lambda each: _distance(box, found[each][2]))
            number, letter, place = found[each]
            whole = normalize("NFC", _WITHOUT_DOT.get(letter, letter) + _ACCENTS[accent])
            if len(whole) == 1:
                found[each] = (number, whole, place)
                joined.add(at)
    return [each for at, each in enumerate(found) if at not in joined]


def _is_over(accent: Box, letter: Box) -> bool:
    """True for an accent that is drawn over a letter, not beside it."""
    is_near = abs(accent.middle - letter.middle) < _ACCENT_RISE * letter.height
    return is_near and letter.left <= (accent.left + accent.right) / 2 <= letter.right


def _distance(box: Box, other: Box) -> float:
    across = (box.left + box.right - other.left - other.right) / 2
    return hypot(across, box.middle - other.middle)


def _is_note_mark(text: str, mark: Box, box: Box, last: Word | None) -> bool:
    """True for digits that are raised before the larger letter of `box` and begin a line, as those
    of a footnote do; those before a chemical element may be anywhere."""
    begins = last is None or mark.left < last.box.right or last.box.bottom > box.top
    return begins and text.isdecimal() and _is_raised(mark, box)


def _goes_on(before: Box, box: Box) -> bool:
    """False where a letter does not follow the one before: PDFium leaves out some line ends."""
    height = max(before.height, box.height)
    apart = abs(before.middle - box.middle) > height
    if before.left == box.left and before.right == box.right:  # letters of one ligature
        return not apart
    return not apart and -0.7 * height < box.left - before.right < height


def _is_raised(box: Box, beside: Box) -> bool:
    is_small = box.height < _RAISED_SIZE * beside.height
    return is_small and box.bottom > beside.bottom + 0.2 * beside.height


def _word(
    text: str,
    boxes: list[Box],
    text_page: Any,
    first: int,
    turn: int,
    size: tuple[float, float],
) -> Word:
    import pypdfium2.raw as pdfium

    box = Box(
        min(each.left for each in boxes),
        boxes[0].bottom,
        max(each.right for each in boxes),
        boxes[0].top,
    )
    angle = pdfium.FPDFText_GetCharAngle(text_page, first)  # in radians, against the clock
    quarters = round(angle / (ctypes.c_float(1.5707964).value)) % 4
    matrix = pdfium.FS_MATRIX()
    pdfium.FPDFText_GetMatrix(text_page, first, matrix)
    font = pdfium.FPDFText_GetFontSize(text_page, first) * hypot(matrix.c, matrix.d)
    return Word(text, box, font or box.height, (quarters + 4 - turn // 90) % 4 != 0)


def _bullets(words: list[Word], dots: list[Box]) -> Iterator[Word]:
    """Drawn dots that stand before a word, as browsers print lists."""
    for dot in dots:
        behind = [
            word
            for word in words
            if word.box.bottom <= dot.middle <= word.box.top
            and -3 * word.box.height < dot.right - word.box.left < 0
        ]
        if behind:
            word = min(behind, key=lambda each: each.box.left)
            box = Box(dot.left, word.box.bottom, dot.right, word.box.top)
            yield Word("•", box, word.size)


def _turned(box: Box, turn: int, size: tuple[float, float]) -> Box:
    """A box of the page's own system, on the page as it is shown: turned clockwise by `turn`
    degrees, then `size` wide and high."""
    width, height = size
    if turn == 90:
        return Box(box.bottom, height - box.right, box.top, height - box.left)
    if turn == 180:
        return Box(width - box.right, height - box.top, width - box.left, height - box.bottom)
    if turn == 270:
        return Box(width - box.top, box.left, width - box.bottom, box.right)
    return box


def _objects(page: Any) -> Iterator[Any]:
    for number, each in enumerate(page.get_objects(max_depth=2)):
        if number >= _MAX_PATHS:
            return
        yield each


def _rules(objects: list[Any]) -> Iterator[Box]:
    """Lines, thin boxes, and the four edges of other boxes."""
    import pypdfium2.raw as pdfium

    for each in objects:
        if each.type != pdfium.FPDF_PAGEOBJ_PATH:
            continue
        left, bottom, right, top = each.get_bounds()
        if right - left < 3 or top - bottom < 3:
            yield Box(left, bottom, right, top)
        elif pdfium.FPDFPath_CountSegments(each) <= 6:
            yield from (Box(x, bottom, x, top) for x in (left, right))
            yield from (Box(left, y, right, y) for y in (bottom, top))


def _dots(objects: list[Any]) -> Iterator[Box]:
    """Small drawn circles and squares."""
    import pypdfium2.raw as pdfium

    for each in objects:
        if each.type == pdfium.FPDF_PAGEOBJ_PATH:
            left, bottom, right, top = each.get_bounds()
            if 2 <= right - left <= 7 and abs(right - left - top + bottom) < 0.5:
                yield Box(left, bottom, right, top)
