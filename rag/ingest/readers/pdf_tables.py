"""Tables of a page: those with drawn lines, and those whose cells only stand below each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from rag.ingest.readers.pdf_lines import Line, bounds, line_of, lines_of, size_of
from rag.ingest.readers.pdf_words import Box, Word

_WORDS = 2.5  # in a line of running text, on average; a cell may have fewer


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: its cells by row."""

    rows: tuple[tuple[str, ...], ...]
    box: Box
    size: float


# --- tables with drawn lines -----------------------------------------------------------------


def ruled_grids(words: Sequence[Word], rules: Sequence[Box]) -> tuple[list[Grid], list[Word]]:
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
            grids.append(Grid(tuple(map(tuple, _without_empty(cells))), box, size_of(inside)))
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
    return [["\n".join(line.text for line in lines_of(cell)) for cell in row] for row in cells]


def _without_empty(cells: list[list[str]]) -> list[list[str]]:
    """The table without its empty rows and columns."""
    rows = [row for row in cells if any(row)]
    kept = [at for at in range(len(rows[0])) if any(row[at] for row in rows)]
    return [[row[at] for at in kept] for row in rows]


# --- tables without drawn lines --------------------------------------------------------------


def is_table(lines: Sequence[Line], strip: tuple[float, float]) -> bool:
    """True where the lines of both sides stand on common base lines and are no running text."""
    rows = _row_lines(lines)
    sides = [{line.box.left < strip[0] for line in row} for row in rows]
    shared = sum(len(found) == 2 for found in sides)
    if shared < 2 or shared < 0.6 * min(sum(left in found for found in sides) for left in (1, 0)):
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


def table_rows(lines: Sequence[Line]) -> tuple[list[Line], list[Line], list[Line]]:
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


def aligned_grid(lines: Sequence[Line]) -> Grid:
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
    return [line_of(cell).text if cell else "" for cell in cells]


def _continues(cells: Sequence[str], gap: float, usual: float) -> bool:
    """True for a row that goes on with the cells above: closer than others, or within a
    sentence."""
    first = next(cell for cell in cells if cell)
    return first[:1].islower() or gap < usual - 1
