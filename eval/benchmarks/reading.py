"""How well files are read: words, their order and the structure, against text that is known.

The files lie in `reading_files`, made by several programs from texts written for this;
`truth.json` has what a person sees in each. The words of a reader are compared without its
Markdown. Beside our reader stand the libraries that were tried, where they are installed.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from eval.benchmarks.reading_libraries import LIBRARIES, installed
from eval.benchmarks.result_tables import Line, Table, mean_line
from eval.benchmarks.rouge import common_subsequence
from rag.internals import parse_units, read_page
from rag.settings import Settings

NAME = "reading"
FOLDER = Path(__file__).parent / "reading_files"
OURS = "footnote"
WORDS, ORDER, STRUCTURE = "words F1", "in order", "structure"
_FORMATS = {"PDF": ".pdf", "Word": ".docx", "HTML": ".html"}
_WORD = re.compile(r"\w+(?:[-'’.,/]\w+)*")
_MARKUP = re.compile(r"^\s*(?:#{1,6}\s|[-*]\s|>\s?)|\[\^|\]:?|[|*_`\\]|^[\s|:-]+$", re.MULTILINE)
_REPEATS = 3  # of each reading; the fastest counts

Read = Callable[[bytes], str]


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file and what a person sees in it: its text, headings, list items, rows of tables."""

    name: str
    data: bytes
    text: str
    headings: Sequence[str]
    items: Sequence[str]
    rows: Sequence[Sequence[str]]


def measure(data: Path, settings: Settings, part: slice) -> list[Table]:
    """A table for each format, with a line for each reader; `data` and `settings` are not needed.
    `part` is of the files of a format."""
    known = list(known_files())
    tables = []
    for name, suffix in _FORMATS.items():
        files = [file for file in known if file.name.endswith(suffix)][part]
        readers: Mapping[str, Read] = {OURS: partial(_ours, suffix), **installed(LIBRARIES[suffix])}
        lines = tuple(_line(reader, read, files) for reader, read in readers.items() if files)
        notes = ("Aim: words 98, in order 97. A reader that fails on a file has 0 there.",)
        tables.append(
            Table(f"{name}, {len(files)} files", (WORDS, ORDER, STRUCTURE), lines, (), notes)
        )
    return tables


def known_files() -> Iterator[KnownFile]:
    """The files of the benchmark, in the order of `truth.json`."""
    for name, truth in json.loads((FOLDER / "truth.json").read_text("utf-8")).items():
        yield KnownFile(
            name,
            (FOLDER / name).read_bytes(),
            truth["text"],
            truth["headings"],
            truth["items"],
            truth["rows"],
        )


def words_f1(text: str, truth: str) -> float:
    """F1, 0..1, of the words of `text` and of `truth`, whatever their order."""
    read, seen = Counter(_words(text)), Counter(_words(truth))
    total = read.total() + seen.total()
    return 2 * (read & seen).total() / total if total else 0.0


def order_kept(text: str, truth: str) -> float:
    """The longest common subsequence of their words, as a share, 0..1, of those of `truth`."""
    seen = _words(truth)
    return common_subsequence(_words(text), seen) / len(seen) if seen else 0.0


def structure_kept(text: str, file: KnownFile) -> float | None:
    """The share, 0..1, of headings, list items and rows that are such units; None for a file
    without any. A row counts with its cells in their columns, empty ones too."""
    expected = [("heading", _plain(each)) for each in file.headings]
    expected += [("item", _plain(each)) for each in file.items]
    expected += [("row", " | ".join(map(_plain, row))) for row in file.rows]
    found = {
        (unit.role, _row(unit.text(text)) if unit.role == "row" else _plain(unit.text(text)))
        for unit in parse_units(text)
    }
    return sum(each in found for each in expected) / len(expected) if expected else None


def _ours(suffix: str, data: bytes) -> str:
    return read_page(f"https://example.org/file{suffix}", suffix, data).text


def _line(name: str, read: Read, files: Sequence[KnownFile]) -> Line:
    values: dict[str, list[float]] = {WORDS: [], ORDER: [], STRUCTURE: []}
    seconds = []
    for file in files:
        text, spent = _timed(read, file.data)
        seconds.append(spent)
        values[WORDS].append(words_f1(text, file.text))
        values[ORDER].append(order_kept(text, file.text))
        structure = structure_kept(text, file)
        if structure is not None:
            values[STRUCTURE].append(structure)
    lines = [
        mean_line(name, {column: each}, [str(at) for at in range(len(each))])
        for column, each in values.items()
    ]
    figures = {column: figure for line in lines for column, figure in line.figures.items()}
    return Line(name, figures, seconds)


def _timed(read: Read, data: bytes) -> tuple[str, float]:
    """The text, "" where the reader fails, and the seconds of the fastest reading."""
    text, fastest = "", float("inf")
    for _ in range(_REPEATS):
        start = time.perf_counter()
        try:
            text = read(data)
        except Exception:  # whatever a library raises
            text = ""
        fastest = min(fastest, time.perf_counter() - start)
    return text, fastest


def _words(text: str) -> list[str]:
    return _WORD.findall(_MARKUP.sub(" ", text))


def _plain(text: str) -> str:
    return " ".join(text.strip(" -#*").split())


def _row(line: str) -> str:
    return " | ".join(_plain(cell) for cell in line.strip().strip("|").split("|"))
