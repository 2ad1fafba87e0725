"""How much faster files are indexed with more processes of a Ray cluster.

Generated articles are indexed in this process, then by a cluster of one and of two processes, of
one thread each. From the cost of a chunk, once for a worker and once for the process that writes,
follows how far more workers would help.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from eval.benchmarks.index_speed import note_figures, write_folder
from eval.benchmarks.result_tables import Line, Table
from rag.errors import FootnoteError
from rag.events import Added, Failed, Warned
from rag.internals import build
from rag.settings import LOCAL_CLUSTER, Settings

NAME = "indexing-workers"
SECONDS, CHUNKS, TIMES = "seconds", "chunks a second", "times one process"
WRITING = "ms of this process a chunk"
BOUND, AMDAHL = "times one, if writing is beside", "times one, if it is after"
IN_PROCESS, ONE, TWO = "without Ray, all cores", "Ray, 1 process", "Ray, 2 processes"
_WORKERS = {IN_PROCESS: None, ONE: 1, TWO: 2}
_FILES, _SIZE = 1_500, 2_000
_MODELLED = (1, 2, 4, 8, 16, 32, 64)


def measure(data: Path, settings: Settings, part: slice) -> list[Table]:
    """The two tables; `data` is not needed. Indexes as many articles as `part` ends at, else
    `_FILES`. Raises `FootnoteError`."""
    with TemporaryDirectory() as folder:
        files = Path(folder) / "files"
        write_folder(files, part.stop or _FILES, _SIZE)
        found = {name: _run(files, settings, workers) for name, workers in _WORKERS.items()}
    return [_measured(found, part.stop or _FILES), _modelled(found[ONE])]


class _Run:
    """What one run took, from the first document that was stored to the last."""

    def __init__(self, chunks: int, seconds: float, processor: float, total: float) -> None:
        self.chunk_seconds = seconds / chunks
        self.chunk_processor = processor / chunks
        self.total_seconds = total


def _run(files: Path, settings: Settings, workers: int | None) -> _Run:
    chosen = {"ray_address": LOCAL_CLUSTER if workers else None, "ray_workers": workers}
    with TemporaryDirectory() as folder:
        home = settings.model_copy(update={"data_dir": Path(folder), **chosen})
        with build(home) as assistant:
            begun = time.perf_counter()
            first: tuple[float, float] | None = None
            chunks = 0
            for event in assistant.index([files]):
                if isinstance(event, Failed | Warned):
                    raise FootnoteError(f"{event}.", "Run it again on a machine with more memory.")
                if isinstance(event, Added):
                    chunks += event.chunks if first else 0
                    last = time.perf_counter(), time.process_time()
                    first = first or last
            total = time.perf_counter() - begun
    assert first
    return _Run(chunks, last[0] - first[0], last[1] - first[1], total)


def _measured(found: Mapping[str, _Run], files: int) -> Table:
    one = found[ONE].chunk_seconds
    lines = [
        note_figures(
            name,
            {
                SECONDS: [run.total_seconds],
                CHUNKS: [1 / run.chunk_seconds],
                TIMES: [one / run.chunk_seconds],
                WRITING: [1_000 * run.chunk_processor],
            },
        )
        for name, run in found.items()
    ]
    columns = (SECONDS, CHUNKS, TIMES, WRITING)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    title = f"Workers, {files:,} articles of {_SIZE:,} bytes, {cores} cores"
    notes = (
        "Seconds with the start of the cluster and the end of the run, chunks a second without.",
        "Without Ray, this process embeds, too.",
    )
    return Table(title, columns, tuple(lines), notes=notes, counts=frozenset(columns))


def _modelled(one: _Run) -> Table:
    """What more workers would give where each has a core, and so has the process that writes."""
    writes, works = one.chunk_processor, one.chunk_seconds
    share = writes / (writes + works)
    lines: list[Line] = [
        note_figures(
            f"{workers} processes",
            {
                BOUND: [min(workers, works / writes)],
                AMDAHL: [1 / (share + (1 - share) / workers)],
            },
        )
        for workers in _MODELLED
    ]
    title = f"Modelled from one process: writing is {share:.1%} of the work of a chunk"
    columns = (BOUND, AMDAHL)
    notes = ("The first counts only what is slower, workers or writing; the second is Amdahl's.",)
    return Table(title, columns, tuple(lines), notes=notes, counts=frozenset(columns))
