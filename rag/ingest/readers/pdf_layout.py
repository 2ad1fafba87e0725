"""Puts the words of a page into the order in which people read them.

Words become lines, lines that stand side by side become columns or the cells of a table. The page
is cut recursively at white strips (the idea of the recursive XY-cut: Nagy, Seth 1984, "Hierarchical
representation of optically scanned documents"), here at the strip that parts most lines, from one
line that crosses it to the next, so that a title over two columns does not hide them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from rag.ingest.readers.pdf_lines import Line, bounds, lines_of
from rag.ingest.readers.pdf_tables import Grid, aligned_grid, is_table, ruled_grids, table_rows
from rag.ingest.readers.pdf_words import Box, Word

_STRIP = 0.6  # heights of a line, from which white can part two columns
_NOTE = 0.92  # of the size of most letters, up to which lines below two columns are notes
_MAX_CUTS = 12  # columns in columns
_MAX_CANDIDATES = 40


@dataclass(frozen=True, slots=True)
class Column:
    """Lines below each other."""

    lines: tuple[Line, ...]


Piece = Column | Grid


def lay_out(words: Sequence[Word], rules: Sequence[Box]) -> list[Piece]:
    """The columns and tables of a page in reading order."""
    upright = [word for word in words if not word.is_turned]
    turned = [word for word in words if word.is_turned]
    grids, rest = ruled_grids(upright, rules)
    pieces = _pieces(lines_of(rest), grids)
    if turned:  # such as a note along the margin
        text = " ".join(word.text for word in turned)
        pieces.append(Column((Line(text, bounds([word.box for word in turned]), turned[0].size),)))
    return pieces


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
        elif not drawn and is_table(inside, strip):
            above, rows, below = table_rows(inside)
            pieces += _pieces(above, [], depth + 1)
            pieces.append(aligned_grid(rows))
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
    """A run of lines that do not cross the strip: its part with both sides, what is above, and the
    notes below."""
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
    usual = median(each.size for each in run)
    last = len(run)  # of what is parted; notes that stand below both columns come after them
    while last > first and run[last - 1].box.top <= bottom and run[last - 1].size < _NOTE * usual:
        last -= 1
    parts: list[tuple[bool, list[Line | Grid]]] = [
        (False, run[:first]),
        (True, run[first:last]),
        (False, run[last:]),
    ]
    return [part for part in parts if part[1]]
