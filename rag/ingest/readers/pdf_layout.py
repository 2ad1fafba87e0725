"""Puts the words of a page into the order in which people read them.

Words become lines, lines that stand side by side become columns or the cells of a table. The page
is cut recursively at white strips (the idea of the recursive XY-cut: Nagy, Seth 1984, "Hierarchical
representation of optically scanned documents"), here at the strip that parts most lines, from one
line that crosses it to the next, so that a title over two columns does not hide them.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from unicodedata import bidirectional

from rag.ingest.readers.pdf_words import Box, Word

_SPACE = 1.0  # heights of a line, up to which white between two words is a space
_WIDE = 2.0  # the same, from which it always parts two lines
_SHARED_ROWS = 4  # in which white parts cells
_NEAR = 1.5  # points
_LABEL_SPACE = 5.0  # the same after the bullet or number of a list item
_WORDS = 2.5  # in a line of running text, on average; a cell may have fewer
_STRIP = 0.8  # heights of a line, from which white can part two columns
_MAX_CUTS = 12  # columns in columns
_MAX_CANDIDATES = 40
_LABEL = re.compile(r"[•●▪◦‣∙·■□➢✓\uf0b7\uf0a7\uf0d8–—*-]|\(?\d{1,3}[.)]|\(?[a-z][.)]")


@dataclass(frozen=True, slots=True)
class Line:
    """Words that are read in one go."""

    text: str
    box: Box
    size: float
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: its cells by row."""

    rows: tuple[tuple[str, ...], ...]
    box: Box
    size: float


@dataclass(frozen=True, slots=True)
class Column:
    """Lines below each other."""

    lines: tuple[Line, ...]


Piece = Column | Grid


def lay_out(words: Sequence[Word], rules: Sequence[Box]) -> list[Piece]:
    """The columns and tables of a page in reading order."""
    upright = [word for word in words if not word.is_turned]
    turned = [word for word in words if word.is_turned]
    grids, rest = _ruled_grids(upright, rules)
    pieces = _pieces(_lines(rest), grids)
    if turned:  # such as a note along the margin
        text = " ".join(word.text for word in turned)
        pieces.append(Column((Line(text, bounds([word.box for word in turned]), turned[0].size),)))
    return pieces


def bounds(boxes: Sequence[Box]) -> Box:
    """The smallest box around all of `boxes`."""
    return Box(
        min(box.left for box in boxes),
        min(box.bottom for box in boxes),
        max(box.right for box in boxes),
        max(box.top for box in boxes),
    )


# --- lines -----------------------------------------------------------------------------------


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


def _lines(words: Sequence[Word]) -> list[Line]:
    """The lines of a page; what columns or cells part on one base line is two lines."""
    rows = [sorted(row, key=lambda word: word.box.left) for row in rows_of(words)]
    edges = _column_edges(rows)
    lines = []
    for number, row in enumerate(rows):
        parts = [[row[0]]]
        for before, word in pairwise(row):
            gap = (before.box.right, word.box.left)
            width = (gap[1] - gap[0]) / max(before.box.height, word.box.height)
            if _is_label(parts[-1]):
                is_far = width > _LABEL_SPACE
            else:
                is_far = width > _WIDE or (
                    width > _SPACE and (_is_near(edges, gap[1]) or _is_shared(gap, rows, number))
                )
            if is_far or _is_aside(before, word):
                parts.append([])
            parts[-1].append(word)
        lines += [_line(part) for part in parts]
    return lines


def _column_edges(rows: Sequence[Sequence[Word]]) -> list[float]:
    """Where far more words begin behind wide white than would by chance: the left edges of columns.
    In justified text there is wide white, too, but at another place in each line."""
    begins = sorted(
        word.box.left
        for row in rows
        for before, word in pairwise(row)
        if word.box.left - before.box.right > 0.8 * _SPACE * word.box.height
    )
    if not begins:
        return []
    by_chance = len(begins) * 2 * _NEAR / max(begins[-1] - begins[0], 1)
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


def _line(words: Sequence[Word]) -> Line:
    texts = [word.text for word in words]
    strong = Counter(bidirectional(letter) for text in texts for letter in text)
    if strong["R"] + strong["AL"] > strong["L"]:  # read from right to left
        texts.reverse()
    return Line(" ".join(texts), bounds([word.box for word in words]), _size(words), tuple(words))


def _size(words: Sequence[Word]) -> float:
    sizes = Counter[float]()
    for word in words:
        sizes[round(word.size, 1)] += len(word.text)
    return sizes.most_common(1)[0][0]


# --- tables with drawn lines -----------------------------------------------------------------


def _ruled_grids(words: Sequence[Word], rules: Sequence[Box]) -> tuple[list[Grid], list[Word]]:
    """The tables whose cells are drawn, and the words that are in none."""
    grids, rest = [], list(words)
    for group in _touching(rules):
        xs = _edges(box.left for box in group if box.height >= 3)
        ys = _edges(box.bottom for box in group if box.right - box.left >= 3)
        if len(xs) < 3 or len(ys) < 3:
            continue
        inside = [word for word in rest if _is_in(word.box, xs, ys)]
        cells = _cells(inside, xs, ys)
        filled = sum(1 for row in cells for cell in row if cell)
        if filled >= 4 and sum(any(row) for row in cells) >= 2:
            box = Box(xs[0], ys[0], xs[-1], ys[-1])
            grids.append(Grid(tuple(map(tuple, _without_empty(cells))), box, _size(inside)))
            taken = set(map(id, inside))
            rest = [word for word in rest if id(word) not in taken]
    return grids, rest


def _touching(rules: Sequence[Box]) -> list[list[Box]]:
    """Groups of lines that meet."""
    groups: list[tuple[Box, list[Box]]] = []
    for rule in sorted(rules, key=lambda box: (-box.top, box.left))[:2000]:
        near = Box(rule.left - 3, rule.bottom - 3, rule.right + 3, rule.top + 3)
        met = [group for group in groups if _overlap(group[0], near)]
        members = [rule, *(each for _, group in met for each in group)]
        groups = [group for group in groups if group not in met]
        groups.append((bounds(members), members))
    return [members for _, members in groups if len(members) >= 6]


def _overlap(one: Box, other: Box) -> bool:
    across = one.left <= other.right and other.left <= one.right
    return across and one.bottom <= other.top and other.bottom <= one.top


def _edges(values: Iterator[float] | Sequence[float]) -> list[float]:
    """The different ones of `values`, in order; those less than 3 points apart are one."""
    found: list[float] = []
    for value in sorted(values):
        if not found or value - found[-1] > 3:
            found.append(value)
    return found


def _is_in(box: Box, xs: Sequence[float], ys: Sequence[float]) -> bool:
    centre = (box.left + box.right) / 2
    return xs[0] <= centre <= xs[-1] and ys[0] <= box.middle <= ys[-1]


def _cells(words: Sequence[Word], xs: Sequence[float], ys: Sequence[float]) -> list[list[str]]:
    cells: list[list[list[Word]]] = [[[] for _ in xs[1:]] for _ in ys[1:]]
    for word in words:
        centre = (word.box.left + word.box.right) / 2
        column = next(at for at, x in enumerate(xs[1:]) if centre <= x)
        row = next(at for at, y in enumerate(ys[1:]) if word.box.middle <= y)
        cells[len(ys) - 2 - row][column].append(word)
    return [["\n".join(line.text for line in _lines(cell)) for cell in row] for row in cells]


def _without_empty(cells: list[list[str]]) -> list[list[str]]:
    """The table without its empty rows and columns."""
    rows = [row for row in cells if any(row)]
    kept = [at for at in range(len(rows[0])) if any(row[at] for row in rows)]
    return [[row[at] for at in kept] for row in rows]


# --- columns ---------------------------------------------------------------------------------


def _pieces(lines: Sequence[Line], grids: Sequence[Grid], depth: int = 0) -> list[Piece]:
    """Lines and tables in reading order."""
    if not lines and not grids:
        return []
    strip = _best_strip([*lines, *grids]) if depth < _MAX_CUTS else None
    if strip is None:
        return _downwards(lines, grids)
    pieces: list[Piece] = []
    for is_parted, band in _bands([*lines, *grids], strip):
        inside = [each for each in band if isinstance(each, Line)]
        drawn = [each for each in band if isinstance(each, Grid)]
        if not is_parted:
            pieces += _pieces(inside, drawn, depth + 1)
        elif not drawn and _is_table(inside, strip):
            above, rows, below = _table_rows(inside)
            pieces += _pieces(above, [], depth + 1)
            pieces.append(_aligned_grid(rows))
            pieces += _pieces(below, [], depth + 1)
        else:
            for left in (True, False):
                pieces += _pieces(
                    [each for each in inside if (each.box.left < strip[0]) == left],
                    [each for each in drawn if (each.box.left < strip[0]) == left],
                    depth + 1,
                )
    return _merged(pieces)


def _downwards(lines: Sequence[Line], grids: Sequence[Grid]) -> list[Piece]:
    pieces: list[Piece] = []
    waiting: list[Line] = []
    items: list[Line | Grid] = [*lines, *grids]
    ordered = sorted(items, key=lambda each: (-round(each.box.top), each.box.left))
    for each in _by_rows(ordered):
        if isinstance(each, Grid):
            pieces += [Column(tuple(waiting)), each]
            waiting = []
        else:
            waiting.append(each)
    pieces.append(Column(tuple(waiting)))
    return [piece for piece in pieces if isinstance(piece, Grid) or piece.lines]


def _by_rows(ordered: Sequence[Line | Grid]) -> Iterator[Line | Grid]:
    """From top to bottom, what is on one base line from left to right, joined by a space."""
    row: list[Line | Grid] = []
    for each in ordered:
        if row and abs(row[-1].box.middle - each.box.middle) > 0.35 * row[-1].box.height:
            yield from _joined_row(row)
            row = []
        row.append(each)
    yield from _joined_row(row)


def _joined_row(row: Sequence[Line | Grid]) -> Iterator[Line | Grid]:
    lines = sorted((each for each in row if isinstance(each, Line)), key=lambda e: e.box.left)
    if lines:
        text = " ".join(line.text for line in lines)
        words = tuple(word for line in lines for word in line.words)
        yield Line(text, bounds([line.box for line in lines]), max(e.size for e in lines), words)
    yield from (each for each in row if isinstance(each, Grid))


def _merged(pieces: Sequence[Piece]) -> list[Piece]:
    """Columns that follow each other at the same place are one."""
    merged: list[Piece] = []
    for piece in pieces:
        last = merged[-1] if merged else None
        if isinstance(piece, Column) and isinstance(last, Column) and _is_below(last, piece):
            merged[-1] = Column((*last.lines, *piece.lines))
        else:
            merged.append(piece)
    return merged


def _is_below(last: Column, piece: Column) -> bool:
    """True where a column goes on under another, as wide as it."""
    above, below = (bounds([line.box for line in each.lines]) for each in (last, piece))
    near = 2 * last.lines[-1].box.height
    same = abs(above.left - below.left) < near and abs(above.right - below.right) < near
    return same and piece.lines[0].box.top <= last.lines[-1].box.top


def _best_strip(items: Sequence[Line | Grid]) -> tuple[float, float] | None:
    """The left and right edge of the white strip that parts most lines, None where none does."""
    height = (
        median(line.box.height for line in items if isinstance(line, Line))
        if any(isinstance(line, Line) for line in items)
        else 10.0
    )
    best: tuple[int, float, tuple[float, float]] | None = None
    for strip in _candidates(items, _STRIP * height):
        gain = sum(len(band) for is_parted, band in _bands(items, strip) if is_parted)
        if gain and (best is None or (gain, strip[1] - strip[0]) > best[:2]):
            best = (gain, strip[1] - strip[0], strip)
    return None if best is None else best[2]


def _candidates(items: Sequence[Line | Grid], width: float) -> Iterator[tuple[float, float]]:
    """White strips left of where several lines begin, or right of where several end."""
    lefts = Counter(round(item.box.left / 2) * 2 for item in items)
    rights = Counter(round(item.box.right / 2) * 2 for item in items)
    least = min(item.box.left for item in items)
    most = max(item.box.right for item in items)
    for edge, count in lefts.most_common(_MAX_CANDIDATES):
        if count >= 2 and edge > least + width:
            yield (edge - 1.5 - width, edge - 1.5)
    for edge, count in rights.most_common(_MAX_CANDIDATES):
        if count >= 2 and edge < most - width:
            yield (edge + 1.5, edge + 1.5 + width)
    spans = sorted((item.box.left, item.box.right) for item in items)
    reach = spans[0][1]
    for left, right in spans[1:]:
        if left - reach >= width:
            yield (reach, left)
        reach = max(reach, right)


def _bands(
    items: Sequence[Line | Grid], strip: tuple[float, float]
) -> list[tuple[bool, list[Line | Grid]]]:
    """From top to bottom: bands that the strip parts (True), and what lies between them."""
    bands: list[tuple[bool, list[Line | Grid]]] = []
    run: list[Line | Grid] = []
    for item in [*sorted(items, key=lambda each: -each.box.top), None]:
        if item is not None and not (item.box.left < strip[1] and item.box.right > strip[0]):
            run.append(item)
            continue
        if run:
            bands += _parted(run, strip)
            run = []
        if item is not None:
            bands.append((False, [item]))
    joined: list[tuple[bool, list[Line | Grid]]] = []
    for is_parted, band in bands:
        if joined and not is_parted and not joined[-1][0]:
            joined[-1][1].extend(band)
        else:
            joined.append((is_parted, list(band)))
    return joined


def _parted(
    run: list[Line | Grid], strip: tuple[float, float]
) -> list[tuple[bool, list[Line | Grid]]]:
    """A run of lines that do not cross the strip: its part with both sides, and what is above."""
    sides = [
        [each.box for each in run if (each.box.right <= strip[0]) == left] for left in (True, False)
    ]
    if min(map(len, sides)) < 2:
        return [(False, run)]
    top = min(max(box.top for box in side) for side in sides)
    bottom = max(min(box.bottom for box in side) for side in sides)
    if top <= bottom:  # one below the other
        return [(False, run)]
    height = median(each.box.height for each in run)
    first = next(at for at, each in enumerate(run) if each.box.top <= top + 1.5 * height)
    parts: list[tuple[bool, list[Line | Grid]]] = [(False, run[:first]), (True, run[first:])]
    return [part for part in parts if part[1]]


# --- tables without drawn lines --------------------------------------------------------------


def _is_table(lines: Sequence[Line], strip: tuple[float, float]) -> bool:
    """True where the lines of both sides stand on common base lines and are no running text."""
    rows = _row_lines(lines)
    shared = sum(1 for row in rows if len({line.box.left < strip[0] for line in row}) == 2)
    sides = [[line for line in lines if (line.box.left < strip[0]) == left] for left in (1, 0)]
    if shared < 2 or shared < 0.6 * min(map(len, sides)):
        return False
    columns = [
        [line for line in lines if left <= line.box.left <= right]
        for left, right in _columns(lines)
    ]
    if any(_words_a_line(column) < _WORDS for column in columns):
        return True
    return not any(_is_running_text(column) for column in columns if len(column) > 1)


def _words_a_line(lines: Sequence[Line]) -> float:
    return sum(len(line.words) for line in lines) / len(lines)


def _is_running_text(lines: Sequence[Line]) -> bool:
    """True where most lines fill the column and some begin within a sentence."""
    width = max(line.box.right for line in lines) - min(line.box.left for line in lines)
    full = sum(1 for line in lines if line.box.right - line.box.left > 0.7 * width)
    goes_on = sum(1 for line in lines[1:] if line.text[:1].islower())
    return full >= 0.5 * len(lines) and goes_on >= 0.2 * (len(lines) - 1)


def _row_lines(lines: Sequence[Line]) -> list[list[Line]]:
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda each: -each.box.middle):
        if rows and abs(rows[-1][0].box.middle - line.box.middle) < 0.4 * line.box.height:
            rows[-1].append(line)
        else:
            rows.append([line])
    return rows


def _columns(lines: Sequence[Line]) -> list[tuple[float, float]]:
    """The left and right edges of the columns that the lines leave white between them."""
    columns: list[list[float]] = []
    for line in sorted(lines, key=lambda each: each.box.left):
        if columns and line.box.left <= columns[-1][1] + 1:
            columns[-1][1] = max(columns[-1][1], line.box.right)
        else:
            columns.append([line.box.left, line.box.right])
    return [(left, right) for left, right in columns]


def _cell_columns(lines: Sequence[Line]) -> list[tuple[float, float]]:
    """The columns of a table, by its rows with most cells: in a header two cells may stand so close
    that they are one line."""
    rows = _row_lines(lines)
    most = max(map(len, rows))
    return _columns([line for row in rows if len(row) == most for line in row])


def _table_rows(lines: Sequence[Line]) -> tuple[list[Line], list[Line], list[Line]]:
    """The lines of a table, and those above and below that stand alone and are no part of it."""
    rows = _row_lines(lines)
    columns = _cell_columns(lines)
    gaps = [above[0].box.bottom - below[0].box.top for above, below in pairwise(rows)]
    wide = 1.5 * median(gaps) + 0.5 * rows[0][0].box.height

    def is_apart(row: Sequence[Line], gap: float) -> bool:
        return len(row) == 1 and (gap > wide or _is_running_over(row[0], columns))

    first, last = 0, len(rows)
    while first < last - 2 and is_apart(rows[first], gaps[first]):
        first += 1
    while last > first + 2 and is_apart(rows[last - 1], gaps[last - 2]):
        last -= 1
    parts = rows[:first], rows[first:last], rows[last:]
    above, table, below = ([line for row in part for line in row] for part in parts)
    return above, table, below


def _is_running_over(line: Line, columns: Sequence[tuple[float, float]]) -> bool:
    """True for a line that begins left of the table or reaches over two columns."""
    reached = sum(1 for left, right in columns if line.box.left < right and left < line.box.right)
    return reached > 1 or line.box.left < columns[0][0] - line.box.height


def _aligned_grid(lines: Sequence[Line]) -> Grid:
    """The table of lines that stand on common base lines."""
    columns = _cell_columns(lines)
    table: list[list[str]] = []
    rows = _row_lines(lines)
    gaps = [above[0].box.bottom - below[0].box.top for above, below in pairwise(rows)]
    wide = median(gaps) if gaps else 0.0
    for number, row in enumerate(rows):
        cells = _row_cells(row, columns)
        if number and not cells[0] and table and _continues(cells, gaps[number - 1], wide):
            table[-1] = [f"{a} {b}".strip() for a, b in zip(table[-1], cells, strict=True)]
        else:
            table.append(cells)
    size = median(line.size for line in lines)
    return Grid(tuple(map(tuple, table)), bounds([line.box for line in lines]), size)


def _row_cells(row: Sequence[Line], columns: Sequence[tuple[float, float]]) -> list[str]:
    """The words of a row by the column that is nearest to them."""
    cells: list[list[Word]] = [[] for _ in columns]
    for line in row:
        for word in line.words:
            centre = (word.box.left + word.box.right) / 2
            away = [max(left - centre, centre - right, 0) for left, right in columns]
            cells[away.index(min(away))].append(word)
    return [_line(cell).text if cell else "" for cell in cells]


def _continues(cells: Sequence[str], gap: float, usual: float) -> bool:
    """True for a row that goes on with the cells above: closer than others, or within a
    sentence."""
    first = next(cell for cell in cells if cell)
    return first[:1].islower() or gap < usual - 1
