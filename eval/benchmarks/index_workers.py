"""How much faster files are indexed with more processes of a Ray cluster.

Generated articles are indexed in this process, then by a cluster of one and of two processes, of
one thread each. From the cost of a chunk, once for a worker and once for the process that writes,
follows how far more workers would help.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from eval.benchmarks.index_speed import note_figures, write_folder
from eval.benchmarks.result_tables import Line, Table
from rag.events import Added
from rag.internals import (
    Preparer,
    RayPreparer,
    ThreadPreparer,
    build,
    build_embedder,
    pipeline,
    usable_cores,
)
from rag.settings import LOCAL_CLUSTER, Settings

NAME = "indexing-workers"
CHUNKS, TIMES = "chunks a second", "times one process"
OURS = "ms of this process a chunk"
BOUND, AMDAHL = "times one, if writing is beside", "times one, if it is after"
IN_PROCESS, ONE, TWO = "without Ray, all cores", "Ray, 1 process", "Ray, 2 processes"
_WORKERS = {IN_PROCESS: None, ONE: 1, TWO: 2}
_FILES, _WARM_FILES, _SIZE = 1_500, 40, 2_000
_MODELLED = (1, 2, 4, 8, 16, 32, 64)


@dataclass(frozen=True, slots=True)
class _Run:
    """What a chunk took: seconds by the clock, and of the processor in this process."""

    wall: float
    processor: float


def measure(data: Path, settings: Settings, part: slice) -> list[Table]:
    """The two tables; `data` is not needed. Indexes as many articles as `part` ends at, else
    `_FILES`. Raises `FootnoteError`."""
    files = part.stop or _FILES
    with TemporaryDirectory() as folder:
        write_folder(Path(folder) / "few", _WARM_FILES, _SIZE)
        write_folder(Path(folder) / "files", files, _SIZE)
        found = {name: _run(Path(folder), settings, workers) for name, workers in _WORKERS.items()}
    return [_measured(found, files), _modelled(found[IN_PROCESS].processor, found[ONE].processor)]


def _run(folder: Path, settings: Settings, workers: int | None) -> _Run:
    """Index the files in `folder`, after a few of them: then models are loaded, workers there."""
    embedder = build_embedder(settings)
    cluster = settings.model_copy(update={"ray_address": LOCAL_CLUSTER, "ray_workers": workers})
    preparer = RayPreparer.of(cluster, embedder.name) if workers else ThreadPreparer(embedder)
    with closing(preparer):
        _index(folder / "few", settings, preparer)
        begun = time.perf_counter(), time.process_time()
        chunks = _index(folder / "files", settings, preparer)
        ended = time.perf_counter(), time.process_time()
    return _Run((ended[0] - begun[0]) / chunks, (ended[1] - begun[1]) / chunks)


def _index(files: Path, settings: Settings, preparer: Preparer) -> int:
    """Into a folder that is deleted; returns how many chunks."""
    with TemporaryDirectory() as folder:
        home = settings.in_folder(Path(folder))
        with build(home) as assistant:
            events = pipeline.ingest(
                [files],
                library=assistant.library,
                vectors=assistant.vectors,
                embedder=assistant.embedder,
                lock=home.lock_path,
                preparer=preparer,
            )
            if not all(isinstance(event, Added) for event in events):
                raise OSError("A file was not indexed.")
            return assistant.library.count_chunks()


def _measured(found: Mapping[str, _Run], files: int) -> Table:
    lines = [
        note_figures(
            name,
            {
                CHUNKS: [1 / run.wall],
                TIMES: [found[ONE].wall / run.wall],
                OURS: [1_000 * run.processor],
            },
        )
        for name, run in found.items()
    ]
    columns = (CHUNKS, TIMES, OURS)
    title = f"Workers, {files:,} articles of {_SIZE:,} bytes, {usable_cores()} cores"
    notes = ("The start of the cluster is left out. Without Ray, this process embeds, too.",)
    return Table(title, columns, tuple(lines), notes=notes, counts=frozenset(columns))


def _modelled(all_work: float, writing: float) -> Table:
    """What more workers would give where each has a core, and so has the process that writes; from
    the processor's seconds for a chunk, which tell more where others use the machine."""
    share = writing / all_work
    lines: list[Line] = [
        note_figures(
            f"{workers} processes",
            {
                BOUND: [min(workers, (all_work - writing) / writing)],
                AMDAHL: [1 / (share + (1 - share) / workers)],
            },
        )
        for workers in _MODELLED
    ]
    title = f"Modelled: writing is {share:.1%} of the processor's work for a chunk"
    columns = (BOUND, AMDAHL)
    notes = ("The first counts only what is slower, workers or writing; the second is Amdahl's.",)
    return Table(title, columns, tuple(lines), notes=notes, counts=frozenset(columns))
