"""Crashes and company: a process killed at any step, two writers, a reader beside a writer.

Children are forked from a server that has already loaded Chroma, so that each takes a moment and
not seconds. What a child finds is checked in another child: nothing lives on in memory.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import closing
from multiprocessing.context import ForkServerContext, ForkServerProcess
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path
from typing import Any

import pytest

import rag.ingest.pipeline
import rag.store.vectors
from rag.errors import LibraryBusy
from rag.ingest.chunking import chunk_document as cut
from rag.ingest.chunking import embedding_text
from rag.store.library_schema import FORMAT
from tests.test_ingest import HashEmbedder, Index, long_text, write

TIMEOUT_S = 120
KILLED = -signal.SIGKILL
AT_ONCE = 4
MANY = 1_000_000
COUNTDOWN = [MANY]  # steps that this process may still take


@pytest.fixture(scope="module")
def forks() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    heavy = ["chromadb", "llama_index.vector_stores.chroma", "llama_index.core.node_parser"]
    context.set_forkserver_preload([*heavy, __name__])
    return context


def start(forks: ForkServerContext, work: Callable[..., None], *given: Any) -> ForkServerProcess:
    process = forks.Process(target=_reporting, args=(work, *given))
    process.start()
    return process


def end(process: ForkServerProcess, timeout_s: float = TIMEOUT_S) -> int | None:
    process.join(timeout_s)
    if process.exitcode is None:
        process.kill()
    return process.exitcode


def run(forks: ForkServerContext, work: Callable[..., None], *given: Any) -> int | None:
    return end(start(forks, work, *given))


def _reporting(work: Callable[..., None], *given: Any) -> None:
    try:
        work(*given)
    except LibraryBusy:
        os._exit(LibraryBusy.exit_code)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)  # as abrupt an end as there is


# --- killed at any step ----------------------------------------------------------------------


class Deadly:
    """Stands in front of an object and kills the process before or after one of its calls:
    when `COUNTDOWN` is at its end."""

    WATCHED = (
        *("add", "put", "delete", "remove", "delete_all_but", "write_index", "embed"),
        *("ChromaDirectory", "replace", "copytree", "rmtree"),
    )

    def __init__(self, inner: Any) -> None:
        object.__setattr__(self, "inner", inner)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.inner, name)
        return self._watched(value) if name in self.WATCHED else value

    def __setattr__(self, name: str, value: Any) -> None:
        self._watched(lambda: setattr(self.inner, name, value))()

    def _watched(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*given: Any, **named: Any) -> Any:
            self._step()
            result = call(*given, **named)
            self._step()
            return result

        return watched

    def _step(self) -> None:
        if COUNTDOWN[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        COUNTDOWN[0] -= 1


def deadly(home: Path, steps: int, *parts: str) -> Index:
    rag.ingest.pipeline.BATCH_CHUNKS = 3  # so that one document takes several
    index: Any = Index(home)
    COUNTDOWN[0] = steps
    for part in set(parts) - {"files"}:
        setattr(index, part, Deadly(getattr(index, part)))
    if "files" in parts:  # the steps inside of settling and rebuilding, too
        for module in ("shutil", "os"):
            setattr(rag.store.vectors, module, Deadly(getattr(rag.store.vectors, module)))
        opening = Deadly(rag.store.vectors).ChromaDirectory
        rag.store.vectors.ChromaDirectory = opening  # type: ignore[attr-defined]
    made: Index = index
    return made


def count(work: Callable[..., None], home: Path, files: Path, noted: Path) -> None:
    """Note how many steps the work takes."""
    work(home, files, MANY)
    noted.write_text(str(MANY - COUNTDOWN[0]))


def index_until(home: Path, files: Path, steps: int) -> None:
    deadly(home, steps, "library", "vectors").run(files)


def rebuild_until(home: Path, files: Path, steps: int) -> None:
    deadly(home, steps, "library", "embedder", "files").rebuild()


def write_index_until(home: Path, files: Path, steps: int) -> None:
    deadly(home, steps, "files").vectors.write_index()


def remove_until(home: Path, files: Path, steps: int) -> None:
    index = deadly(home, steps, "library", "vectors")
    rag.ingest.pipeline.remove(
        "a.txt", library=index.library, vectors=index.vectors, lock=index.lock
    )


def check(home: Path, files: Path, before: dict[str, str], after: dict[str, str]) -> None:
    """After the crash each document is as it was or as it is to be, whole, and can be searched.
    After another run everything is as it is to be, and nothing else is there."""
    index = Index(home)
    digests = index.library.digests()
    for id in before.keys() | after.keys():
        assert digests.get(id) in (before.get(id), after.get(id)), id
    assert digests.keys() <= before.keys() | after.keys()
    assert index.library.chunk_ids() <= index.vectors.ids()
    check_found(index)
    index.run(files)
    assert index.library.digests() == after
    index.check()
    check_found(index)
    assert len(list((home / "vectors").glob("*/"))) == 1
    index.close()


def check_each(
    homes: list[Path], files: Path, before: dict[str, str], after: dict[str, str]
) -> None:
    for home in homes:
        print(home.name, file=sys.stderr)  # shown when it fails
        check(home, files, before, after)


def check_found(index: Index) -> None:
    for id in index.library.digests():
        document = index.library.document(id)
        chunks = index.library.chunks(id)
        assert [piece.id for piece in chunks] == [piece.id for piece in cut(document)]
        word = document.text.split()[0]  # each version begins with a word of its own
        assert {hit.chunk.span.document_id for hit in index.library.search(word, 99)} == {id}
        for piece in (chunks[0], chunks[-1]):
            [vector] = index.embedder.embed([embedding_text(document, piece)])
            assert index.vectors.search(vector, 1)[0][0] == piece.id
    path = index.home / "library.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for name, function in FORMAT.functions.items():
            connection.create_function(name, -1, function)
        connection.execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def index_once(home: Path, files: Path) -> None:
    index = Index(home)
    index.run(files)
    index.close()


def index_unwritten(home: Path, files: Path) -> None:
    index = Index(home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index.vectors, "write_index", lambda: None)
        index.run(files)


def digests(home: Path) -> dict[str, str]:
    """Read by this process, which must not load Chroma: it would slow the forks down."""
    with closing(sqlite3.connect(home / "library.db")) as connection:
        return dict(connection.execute("SELECT id, digest FROM documents"))


def kill_at_every_step(
    forks: ForkServerContext,
    tmp_path: Path,
    base: Path | None,
    files: Path,
    work: Callable[..., None],
    after: dict[str, str],
    least_steps: int,
) -> None:
    def home(steps: int) -> Path:
        path = tmp_path / f"killed-at-{steps}"
        if base:
            shutil.copytree(base, path)
        return path

    noted = tmp_path / "noted"
    assert run(forks, count, work, home(MANY), files, noted) == 0
    total = int(noted.read_text())
    assert total >= least_steps
    homes = [home(steps) for steps in range(total)]
    for first in range(0, total, AT_ONCE):
        some = range(first, min(first + AT_ONCE, total))
        killed = [start(forks, work, homes[steps], files, steps) for steps in some]
        assert [end(process) for process in killed] == [KILLED] * len(some)
    before = digests(base) if base else {}
    assert run(forks, check_each, homes, files, before, after) == 0


def first_version(files: Path) -> None:
    write(files / "a.txt", "Alabaster is first.\n\n" + long_text(2))
    write(files / "b.txt", "Basalt is short.")
    write(files / "c.txt", "Chalk stays as it is.")


def second_version(files: Path) -> None:
    write(files / "a.txt", "Amber is second.\n\n" + long_text(3))
    (files / "b.txt").unlink()
    write(files / "d.txt", "Diorite is new.")


@pytest.fixture
def indexed(forks: ForkServerContext, tmp_path: Path) -> tuple[Path, Path]:
    """An index of the first version, and the files."""
    base, files = tmp_path / "base", tmp_path / "files"
    first_version(files)
    assert run(forks, index_once, base, files) == 0
    return base, files


def wanted(forks: ForkServerContext, tmp_path: Path, files: Path) -> dict[str, str]:
    assert run(forks, index_once, tmp_path / "wanted", files) == 0
    return digests(tmp_path / "wanted")


def test_a_first_run_killed_at_any_step(forks: ForkServerContext, tmp_path: Path) -> None:
    files = tmp_path / "files"
    first_version(files)
    after = wanted(forks, tmp_path, files)
    kill_at_every_step(forks, tmp_path, None, files, index_until, after, 10)


def test_an_update_killed_at_any_step(
    forks: ForkServerContext, tmp_path: Path, indexed: tuple[Path, Path]
) -> None:
    base, files = indexed
    second_version(files)
    after = wanted(forks, tmp_path, files)
    kill_at_every_step(forks, tmp_path, base, files, index_until, after, 14)


def test_a_removal_killed_at_any_step(
    forks: ForkServerContext, tmp_path: Path, indexed: tuple[Path, Path]
) -> None:
    base, files = indexed
    (files / "a.txt").unlink()
    after = wanted(forks, tmp_path, files)
    kill_at_every_step(forks, tmp_path, base, files, remove_until, after, 4)


def test_a_rebuild_killed_at_any_step(
    forks: ForkServerContext, tmp_path: Path, indexed: tuple[Path, Path]
) -> None:
    base, files = indexed
    kill_at_every_step(forks, tmp_path, base, files, rebuild_until, digests(base), 12)


def test_settling_killed_at_any_step(forks: ForkServerContext, tmp_path: Path) -> None:
    base, files = tmp_path / "base", tmp_path / "files"
    first_version(files)
    assert run(forks, index_unwritten, base, files) == 0
    kill_at_every_step(forks, tmp_path, base, files, write_index_until, digests(base), 10)


# --- two at once -----------------------------------------------------------------------------


class Held(HashEmbedder):
    """Says that it has begun, and waits until it may go on."""

    def __init__(self, begun: Event, go_on: Event) -> None:
        super().__init__()
        self.begun, self.go_on = begun, go_on

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        self.begun.set()
        assert self.go_on.wait(TIMEOUT_S)
        return super().embed(texts)


def index_held(home: Path, files: Path, begun: Event, go_on: Event) -> None:
    Index(home, Held(begun, go_on)).run(files)


def index_at_once(home: Path, files: Path, ready: Barrier) -> None:
    ready.wait(TIMEOUT_S)
    index_once(home, files)


def check_all(home: Path, files: Path) -> None:
    index = Index(home)
    assert len(index.ids()) == len([file for file in files.rglob("*") if file.is_file()])
    index.check()
    check_found(index)


def test_a_second_writer_is_told_to_wait(forks: ForkServerContext, tmp_path: Path) -> None:
    home, files = tmp_path / "home", tmp_path / "files"
    first_version(files)
    begun, go_on = forks.Event(), forks.Event()
    first = start(forks, index_held, home, files, begun, go_on)
    assert begun.wait(TIMEOUT_S)
    assert run(forks, index_once, home, files) == LibraryBusy.exit_code
    go_on.set()
    assert end(first) == 0
    assert run(forks, check_all, home, files) == 0


def test_writers_that_start_at_the_same_moment_lose_nothing(
    forks: ForkServerContext, tmp_path: Path
) -> None:
    home, files = tmp_path / "home", tmp_path / "files"
    first_version(files)
    ready = forks.Barrier(3)
    racers = [start(forks, index_at_once, home, files, ready) for _ in range(3)]
    ended = [end(racer) for racer in racers]
    assert 0 in ended
    assert set(ended) <= {0, LibraryBusy.exit_code}
    assert run(forks, check_all, home, files) == 0


# --- readers beside a writer -----------------------------------------------------------------


def library_of(files: Path, version: int, count: int) -> None:
    for number in range(count):
        write(files / f"{number}.txt", f"Word{number}v{version} is first.\n\n" + long_text(25))


def index_twice(home: Path, files: Path, ready: Barrier) -> None:
    """About 1,200 chunks: more than Chroma keeps before it writes its index to files."""
    library_of(files, 1, 32)
    index = Index(home)
    ready.wait(TIMEOUT_S)
    index.run(files)
    library_of(files, 2, 6)
    index.run(files)


def read(home: Path, ready: Barrier, done: Event, patient: bool) -> None:
    """Search without a pause; `patient` keeps the index open, the other opens it each time."""
    index = Index(home)
    ready.wait(TIMEOUT_S)
    sizes: set[int] = set()
    while not done.wait(0.05):
        read_once(index, f"question {len(sizes)}")
        sizes.add(len(index.vectors.ids()))
        if not patient:
            index.close()
            index = Index(home)
    assert len(sizes) > 2, "the reader saw nothing of what the writer did"
    assert index.vectors.ids() == index.library.chunk_ids()
    check_found(index)


def read_once(index: Index, question: str) -> None:
    [vector] = index.embedder.embed([question])
    some = sorted(index.library.digests())[:7]
    for only in (None, some):
        near = index.vectors.search(vector, 20, only)
        known = index.library.chunks_by_id(id for id, _ in near)
        for piece in known.values():
            assert index.library.text(piece.span)
            assert only is None or piece.span.document_id in only
    index.library.search("paragraph", 20)


def check_every_vector(home: Path) -> None:
    index = Index(home)
    assert len(index.vectors.ids()) == index.library.count_chunks() > 1000
    for id in index.library.digests():
        document = index.library.document(id)
        pieces = index.library.chunks(id)
        vectors = index.embedder.embed([embedding_text(document, piece) for piece in pieces])
        for piece, vector in list(zip(pieces, vectors, strict=True))[::5]:
            assert index.vectors.search(vector, 1)[0][0] == piece.id


def test_readers_beside_a_writer_see_its_work_and_do_no_harm(
    forks: ForkServerContext, tmp_path: Path
) -> None:
    home, files = tmp_path / "home", tmp_path / "files"
    ready, done = forks.Barrier(3), forks.Event()
    readers = [start(forks, read, home, ready, done, patient) for patient in (True, False)]
    writer = start(forks, index_twice, home, files, ready)
    assert end(writer) == 0
    done.set()
    assert [end(reader) for reader in readers] == [0, 0]
    assert run(forks, check_all, home, files) == 0
    assert run(forks, check_every_vector, home) == 0
