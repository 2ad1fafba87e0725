"""How fast files are indexed, and in how much memory.

Tables. Speed: our files of every kind, and more articles of one kind, each indexed beside reading
them alone and embedding their chunks alone; the slower of the two bounds what indexing could reach.
The time of a child process that reads is in that by the clock only. Memory: a folder of 200 MB and
a file of 50 MB, each indexed by a process of its own, with vectors of a stand-in (embedding alone
would take hours, and needs the same memory for any size). Folder: many small files with the real
embedder, indexed once and again unchanged.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from zlib import crc32

import numpy as np

from eval.benchmarks.result_tables import Line, Table
from eval.statistics.bootstrap import mean_interval
from rag import Overviews
from rag.events import Failed
from rag.internals import build, build_embedder, chunk_document, embedding_text, read_page
from rag.settings import Settings
from rag.types import Document, Embedder

NAME = "indexing"
SECONDS, SHARE, MEGABYTES = "seconds", "share of the slower", "MB at the peak"
PROCESSOR, ITS_SHARE = "processor seconds", "their share"  # tell more where others use the machine
FIRST, AGAIN = "seconds at first", "seconds again, unchanged"
_EVAL = Path(__file__).parents[1]
_FOLDERS = ("benchmarks/reading_files", "cases/broad/articles", "cases/formats/files")
_SEVERAL = (".jsonl", ".zip", ".json")  # of several documents, and the texts of `reading_files`
_BATCH = 64  # chunks embedded at once, as when indexing
_RUNS = 3
_FILES = 10_000
_ARTICLES, _ARTICLE_SIZE = 300, 3_000
_MEGABYTE = 1_000_000
_SIZES = (("a folder of 200 MB", 400, 500_000), ("a file of 50 MB", 1, 50_000_000))
_OLD = 1_600_000_000  # the time of a change so long ago that the next one is told from it


def measure(data: Path, settings: Settings, part: slice) -> list[Table]:
    """The tables; `data` is not needed. The folder has as many files as `part` ends at, else
    `_FILES`; of fewer the large sizes are that much smaller, too. Raises `FootnoteError`."""
    files = part.stop or _FILES
    scale = min(files / _FILES, 1)
    with TemporaryDirectory() as folder:
        articles = Path(folder) / "articles"
        write_folder(articles, min(files, _ARTICLES), _ARTICLE_SIZE)
        speeds = [_speed(settings, paths) for paths in (_our_files(), sorted(articles.iterdir()))]
    return [*speeds, _memory(settings, scale), _folder(settings, files)]


# --- speed ------------------------------------------------------------------------------------


def _our_files() -> list[Path]:
    """Those of every kind."""
    return [
        path
        for folder in _FOLDERS
        for path in sorted((_EVAL / folder).iterdir())
        if path.suffix not in _SEVERAL
    ]


def _speed(settings: Settings, paths: Sequence[Path]) -> Table:
    embedder = build_embedder(settings)
    documents = _read(paths)
    texts = [embedding_text(each, chunk) for each in documents for chunk in chunk_document(each)]

    def embed() -> None:
        for start in range(0, len(texts), _BATCH):
            embedder.embed(texts[start : start + _BATCH])

    embed()  # the model is loaded, and files are in memory, before the clock runs
    steps = {
        "reading alone": lambda: _read(paths),
        "embedding alone": embed,
        "indexing": lambda: _index(settings, paths, embedder),
    }
    runs = [{name: _timed(step) for name, step in steps.items()} for _ in range(_RUNS)]
    lines = [
        note_figures(
            name,
            {
                SECONDS: [run[name].wall for run in runs],
                PROCESSOR: [run[name].processor for run in runs],
                SHARE: [max(_alone(run, "wall")) / run[name].wall for run in runs],
                ITS_SHARE: [max(_alone(run, "processor")) / run[name].processor for run in runs],
            },
        )
        for name in steps
    ]
    title = f"Speed, {len(paths)} files of {len(texts)} chunks, {_RUNS} runs"
    columns, counts = (SECONDS, SHARE, PROCESSOR, ITS_SHARE), frozenset({SECONDS, PROCESSOR})
    return Table(title, columns, tuple(lines), notes=("Aim: 90 when indexing.",), counts=counts)


def _alone(run: Mapping[str, Spent], kind: str) -> list[float]:
    """What reading and embedding spent, each alone."""
    return [getattr(run[name], kind) for name in ("reading alone", "embedding alone")]


def _read(paths: Sequence[Path]) -> list[Document]:
    return [
        read_page(f"https://example.org/{path.name}", path.suffix, path.read_bytes())
        for path in paths
    ]


def _index(settings: Settings, paths: Sequence[Path], embedder: Embedder) -> None:
    """Into a folder that is deleted, with an embedder that is loaded."""
    with TemporaryDirectory() as folder:
        _index_into(Path(folder), settings, paths, embedder)


def _index_into(
    folder: Path, settings: Settings, paths: Sequence[Path], embedder: Embedder | None = None
) -> None:
    with build(settings.in_folder(folder)) as assistant:
        if embedder:
            assistant.embedder = embedder
            assistant.overviews = Overviews(assistant.library, embedder)
        for event in assistant.index(paths):
            if isinstance(event, Failed):
                raise OSError(event.error)


# --- memory -----------------------------------------------------------------------------------


class StandIn:
    """Vectors that cost nothing, for what does not depend on them."""

    def __init__(self, name: str, dimensions: int) -> None:
        self.name = name
        self.dimensions = dimensions

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Vectors of length 1 in all directions, a text always in the same: many equal ones, or
        such as share no axis, take the vector index several times as long as those of a model."""
        return [self._direction(text) for text in texts]

    def _direction(self, text: str) -> list[float]:
        drawn = np.random.default_rng(crc32(text.encode())).standard_normal(self.dimensions)
        vector: list[float] = (drawn / np.linalg.norm(drawn)).tolist()
        return vector


def _memory(settings: Settings, scale: float) -> Table:
    lines = []
    for name, files, size in _SIZES:
        with TemporaryDirectory() as folder:
            root = Path(folder)
            fewer = max(1, round(files * scale))
            write_folder(root / "files", fewer, round(size * scale * files / fewer))
            written = sum(path.stat().st_size for path in (root / "files").iterdir())
            peak, seconds = root / "peak", list[float]()
            seconds.append(_timed(partial(_in_process, root, settings, peak)).wall)
            megabytes = int(peak.read_text()) / _MEGABYTE
            shown = f"{name}: {written / _MEGABYTE:.0f} MB"
            lines.append(note_figures(shown, {MEGABYTES: [megabytes], SECONDS: seconds}))
    counts = frozenset({MEGABYTES, SECONDS})
    notes = ("Vectors of a stand-in; the program before it indexes is in the peak.",)
    return Table("Memory", (MEGABYTES, SECONDS), tuple(lines), notes=notes, counts=counts)


def _in_process(root: Path, settings: Settings, peak: Path) -> None:
    process = get_context("spawn").Process(target=_index_and_note, args=(root, settings, peak))
    process.start()
    process.join()


def _index_and_note(root: Path, settings: Settings, peak: Path) -> None:
    import resource

    with build(settings.in_folder(root / "data")) as assistant:
        real = assistant.embedder
        assistant.embedder = StandIn(real.name, real.dimensions)
        for _ in assistant.index([root / "files"]):
            pass
    unit = 1 if sys.platform == "darwin" else 1024
    peak.write_text(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit))


# --- a folder of many files -------------------------------------------------------------------


def _folder(settings: Settings, files: int) -> Table:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        write_folder(root / "files", files, 300)
        print(f"Indexing {files:,} files, twice", file=sys.stderr, flush=True)
        first, again = (
            _timed(lambda: _index_into(root / "data", settings, [root / "files"])) for _ in range(2)
        )
    line = note_figures(f"{files:,} files", {FIRST: [first.wall], AGAIN: [again.wall]})
    notes = ("Aim: unchanged in less than 10 s.",)
    return Table("Folder", (FIRST, AGAIN), (line,), notes=notes, counts=frozenset({FIRST, AGAIN}))


def write_folder(folder: Path, files: int, size: int) -> None:
    """So many text files of about `size` bytes, of different words."""
    dice = random.Random(files)  # noqa: S311 (words of files)
    folder.mkdir(parents=True)
    for number in range(files):
        path = folder / f"{number}.txt"
        with path.open("w", encoding="utf-8") as file:
            written = 0
            for paragraph in _paragraphs(dice, number):
                written += file.write(paragraph)
                if written >= size:
                    break
        os.utime(path, (_OLD, _OLD))


def _paragraphs(dice: random.Random, number: int) -> Iterator[str]:
    while True:
        sentences = (
            f"Parcel {dice.randrange(10**6)} of lane {number % 97} was sold in {1800 + n % 200}."
            for n in range(4)
        )
        yield " ".join(sentences) + "\n\n"


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds by the clock, and of all processors."""

    wall: float
    processor: float


def _timed(action: Callable[[], object]) -> Spent:
    started = time.perf_counter(), time.process_time()
    action()
    return Spent(time.perf_counter() - started[0], time.process_time() - started[1])


def note_figures(name: str, values: dict[str, list[float]]) -> Line:
    """A line of a table, from the figures of each run by column; also printed at once."""
    print(f"{name}: {values}", file=sys.stderr, flush=True)
    clusters = {key: [str(at) for at in range(len(each))] for key, each in values.items()}
    return Line(name, {key: mean_interval(each, clusters[key]) for key, each in values.items()})
