"""Makes lines of the words of a page: what stands far apart on one base line is two."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from unicodedata import bidirectional

from rag.ingest.readers.pdf_words import Box, Word

_SPACE = 1.0  # heights of a line, up to which white between two words is a space
_WIDE = 2.0  # the same, from which it always parts two lines
_GUTTER = 0.6  # the same, from which it parts columns whose left edge many lines share
_SHARED_ROWS = 4  # in which white parts cells
_NEAR = 1.5  # points
_LABEL_SPACE = 5.0  # the same after the bullet or number of a list item
_LABEL = re.compile(r"[•●▪◦‣∙·■□➢✓\uf0b7\uf0a7\uf0d8–—*-]|\(?\d{1,3}[.)]|\(?[a-z][.)]")


@dataclass(frozen=True, slots=True)
class Line:
    """Words that are read in one go."""

    text: str
    box: Box
    size: float
    words: tuple[Word, ...] = ()


def bounds(boxes: Sequence[Box]) -> Box:
    """The smallest box around all of `boxes`."""
    return Box(
        min(box.left for box in boxes),
        min(box.bottom for box in boxes),
        max(box.right for box in boxes),
        max(box.top for box in boxes),
    )


def rows_of(words: Sequence[Word]) -> list[list[Word]]:
    """Words on a common base line, from top to bottom."""
    rows: list[list[Word]] = []
    largest: list[Word] = []  # of each row, which tells where its base line is
    for word in sorted(words, key=lambda each: (-each.box.middle, each.box.left)):
        for at in range(len(rows) - 1, max(-1, len(rows) - 4), -1):
            like = largest[at]
            apart = abs(like.box.middle - word.box.middle)
            if apart < 0.35 * max(like.box.height, word.box.height):
                rows[at].append(word)
                if word.size > like.size:
                    largest[at] = word
                break
        else:
            rows.append([word])
            largest.append(word)
    return rows


def lines_of(words: Sequence[Word]) -> list[Line]:
    """The lines of a page; what columns or cells part on one base line is two lines.

    `words` are in the order in which they are drawn: most programs draw one column after the other,
    and the words of a line one after the other.
    """
    drawn = {id(word): number for number, word in enumerate(words)}
    rows = [sorted(row, key=lambda word: word.box.left) for row in rows_of(words)]
    edges = _column_edges(rows)
    lines = []
    for number, row in enumerate(rows):
        parts = [[row[0]]]
        for before, word in pairwise(row):
            gap = (before.box.right, word.box.left)
            small, large = sorted([before.box.height, word.box.height])
            width = (gap[1] - gap[0]) / large
            if _is_label(parts[-1]):
                is_far = width > _LABEL_SPACE
            else:
                is_far = (
                    width > _WIDE
                    or (width > _SPACE and _is_shared(gap, rows, number))
                    or (
                        gap[1] - gap[0] > _GUTTER * small
                        and (drawn[id(word)] != drawn[id(before)] + 1 or _is_near(edges, gap[1]))
                    )
                )
            if is_far or _is_aside(before, word):
                parts.append([])
            parts[-1].append(word)
        lines += [line_of(part) for part in parts]
    return lines


def _column_edges(rows: Sequence[Sequence[Word]]) -> list[float]:
    """Where far more words begin behind wide white than would by chance: the left edges of columns.
    In justified text there is wide white, too, but at another place in each line."""
    begins = sorted(
        word.box.left
        for row in rows
        for before, word in pairwise(row)
        if word.box.left - before.box.right > _GUTTER * word.box.height
    )
    if not begins:
        return []
    width = max(row[-1].box.right for row in rows) - min(row[0].box.left for row in rows)
    by_chance = len(begins) * 2 * _NEAR / max(width, 1)
    least = 4 + 3 * by_chance
    return [
        x
        for x in begins
        if bisect_right(begins, x + _NEAR) - bisect_left(begins, x - _NEAR) >= least
    ]


def _is_near(edges: Sequence[float], x: float) -> bool:
    at = bisect_left(edges, x - _NEAR)
    return at < len(edges) and edges[at] <= x + _NEAR


def _is_shared(gap: tuple[float, float], rows: Sequence[Sequence[Word]], number: int) -> bool:
    """True for white in a row that goes on in the rows around, as between the cells of a table."""
    height = max(word.box.height for word in rows[number])
    count, common = 1, gap
    for step in (-1, 1):
        last, at = rows[number][0].box.middle, number + step
        while 0 <= at < len(rows) and abs(rows[at][0].box.middle - last) < 4 * height:
            if rows[at][0].box.left < common[0] and rows[at][-1].box.right > common[1]:
                white = _common_white(rows[at], common)
                if white[1] - white[0] < 0.5 * height:
                    break
                count, common, last = count + 1, white, rows[at][0].box.middle
            at += step
    return count >= _SHARED_ROWS


def _common_white(row: Sequence[Word], gap: tuple[float, float]) -> tuple[float, float]:
    """The widest part of `gap` that is white in `row`, too."""
    whites = [
        (max(gap[0], before.box.right), min(gap[1], word.box.left))
        for before, word in pairwise(row)
    ]
    return max(whites, key=lambda white: white[1] - white[0], default=(0.0, 0.0))


def _is_label(part: Sequence[Word]) -> bool:
    """True for the bullet or number of a list item."""
    return len(part) == 1 and bool(_LABEL.fullmatch(part[0].text))


def _is_aside(before: Word, word: Word) -> bool:
    """True where two words of one row are of different sizes and more than a space apart."""
    gap = word.box.left - before.box.right
    small, large = sorted([before.size, word.size])
    return gap > 0.6 * large and small < 0.7 * large


def line_of(words: Sequence[Word]) -> Line:
    texts = [word.text for word in words]
    strong = Counter(bidirectional(letter) for text in texts for letter in text)
    if strong["R"] + strong["AL"] > strong["L"]:  # read from right to left
        texts.reverse()
    return Line(" ".join(texts), bounds([word.box for word in words]), size_of(words), tuple(words))


def size_of(words: Sequence[Word]) -> float:
    sizes = Counter[float]()
    for word in words:
        sizes[round(word.size, 1)] += len(word.text)
    return sizes.most_common(1)[0][0]
