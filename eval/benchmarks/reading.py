"""How well files are read: words, their order and the structure, against text that is known.

The files lie in `reading_files`, made by several programs from texts written for this;
`truth.json` has what a person sees in each. LibreOffice and LaTeX write others from
`reading_texts`, where they are installed. The words of a reader are compared without its Markdown.
Beside our reader stand the libraries that were tried, where they are installed.
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
from shutil import which
from subprocess import TimeoutExpired

from eval.benchmarks import reading_latex, reading_libreoffice
from eval.benchmarks.reading_known import KnownFile, KnownText, known_texts
from eval.benchmarks.reading_libraries import LIBRARIES, installed
from eval.benchmarks.result_tables import Line, Table, mean_line
from eval.benchmarks.rouge import common_subsequence
from rag.internals import parse_units, read_page
from rag.settings import Settings

NAME = "reading"
FOLDER = Path(__file__).parent / "reading_files"
OURS = "footnote"
WORDS, ORDER, STRUCTURE = "words F1", "in order", "structure"
_FORMATS = {"PDF": ".pdf", "Word": ".docx", "OpenDocument": ".odt", "HTML": ".html"}
_WORDS_AIM, _ORDER_AIM = 0.98, 0.97
_AIM = "Aim: words 98, in order 97. A reader that fails on a file has 0 there."
_WORD = re.compile(r"\w+(?:[-'’.,/]\w+)*")
_MARKUP = re.compile(r"^\s*(?:#{1,6}\s|[-*]\s|>\s?)|\[\^|\]:?|[|*_`\\]|^[\s|:-]+$", re.MULTILINE)
_REPEATS = 3  # of each reading; the fastest counts

Read = Callable[[bytes], str]
Write = Callable[[Sequence[KnownText]], Iterator[KnownFile]]


@dataclass(frozen=True, slots=True)
class Writer:
    """A program that makes files of known texts; it needs one of `programs`."""

    name: str
    programs: Sequence[str]
    written: Write


WRITERS = (
    Writer(reading_libreoffice.NAME, reading_libreoffice.PROGRAMS, reading_libreoffice.written),
    Writer(reading_latex.NAME, reading_latex.PROGRAMS, reading_latex.written),
)


def measure(data: Path, settings: Settings, part: slice) -> list[Table]:
    """A table for each format of each writer, with a line for each reader; `data` and `settings`
    are not needed. `part` is of the files of a table."""
    tables = tables_of("", list(known_files()), part)
    texts = known_texts()
    for writer in WRITERS:
        tables += _tables_by(writer, texts, part)
    return tables


def tables_of(writer: str, known: Sequence[KnownFile], part: slice) -> list[Table]:
    """A table for each format that there are `known` files of."""
    tables = []
    for name, suffix in _FORMATS.items():
        files = [file for file in known if file.name.endswith(suffix)][part]
        readers: Mapping[str, Read] = {OURS: partial(_ours, suffix), **installed(LIBRARIES[suffix])}
        if files:
            title = f"{name}{f' by {writer}' if writer else ''}, {len(files)} files"
            lines = tuple(_line(reader, read, files) for reader, read in readers.items())
            notes = (_AIM, *_missed(files, readers[OURS]))
            tables.append(Table(title, (WORDS, ORDER, STRUCTURE), lines, (), notes))
    return tables


def _tables_by(writer: Writer, texts: Sequence[KnownText], part: slice) -> list[Table]:
    """The tables of the files that `writer` makes; an empty one that says why there are none."""
    if not any(map(which, writer.programs)):
        note = f"Left out: {' or '.join(writer.programs)} is not on this machine."
        return [_empty(writer, note)]
    try:
        files = list(writer.written(texts))
    except (OSError, TimeoutExpired) as error:
        return [_empty(writer, f"Left out: {writer.name} failed ({type(error).__name__}).")]
    return tables_of(writer.name, files, part)


def _empty(writer: Writer, note: str) -> Table:
    return Table(f"Files by {writer.name}", (WORDS, ORDER, STRUCTURE), (), (), (note,))


def _missed(files: Sequence[KnownFile], read: Read) -> Iterator[str]:
    """A note for each file that misses the aim."""
    for file in files:
        text, _ = _timed(read, file.data, 1)
        words, order = words_f1(text, file.text), order_kept(text, file.text)
        if words < _WORDS_AIM or order < _ORDER_AIM:
            yield f"Missed: {file.name}, words {100 * words:.1f}, in order {100 * order:.1f}."


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


def _timed(read: Read, data: bytes, repeats: int = _REPEATS) -> tuple[str, float]:
    """The text, "" where the reader fails, and the seconds of the fastest reading."""
    text, fastest = "", float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        try:
            text = read(data)
        except Exception:  # whatever a library raises
            text = ""
        fastest = min(fastest, time.perf_counter() - start)
    return text, fastest


def _words(text: str) -> list[str]:
    return _WORD.findall(_MARKUP.sub(" ", text.replace("\u2011", "-")))


def _plain(text: str) -> str:
    return " ".join(text.strip(" -#*").split())


def _row(line: str) -> str:
    return " | ".join(_plain(cell) for cell in line.strip().strip("|").split("|"))
