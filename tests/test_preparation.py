"""Reading and embedding ahead of the writing: in order, bounded, and ended with the run."""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from rag.errors import ModelUnreachable
from rag.events import Added, IngestEvent
from rag.ingest import preparation
from rag.ingest.pipeline import BATCH_CHUNKS, ingest
from rag.ingest.preparation import (
    FileContents,
    FoundDocument,
    Preparer,
    ThreadPreparer,
    Vectors,
    analyse,
    file_contents,
)
from rag.ingest.raw_source import Report
from rag.ingest.readers import read_file
from rag.types import Document
from tests.test_ingest import HashEmbedder, Index, long_text, write
from tests.test_ingest import index as index


class Watched:
    """Does at once what it is asked for, and notes how much was asked for and not yet taken."""

    def __init__(self, files_ahead: int, bytes_ahead: int, batches_ahead: int) -> None:
        self.files_ahead, self.bytes_ahead = files_ahead, bytes_ahead
        self.batches_ahead = batches_ahead
        self.files, self.texts = _Untaken(), _Untaken()

    def read(self, file: Path, known: Collection[str]) -> Future[FileContents]:
        contents = file_contents(lambda report: read_file(file, report), known)
        return self.files.result(contents, 1)

    def embed(self, texts: Sequence[str]) -> Future[Vectors]:
        return self.texts.result(HashEmbedder().embed(texts), len(texts))

    def close(self) -> None:
        pass


class _Untaken:
    def __init__(self) -> None:
        self.count = self.most = 0

    def result(self, value: object, count: int) -> Future:  # type: ignore[type-arg]
        self.count += count
        self.most = max(self.most, self.count)
        untaken = self

        class Taken(Future):  # type: ignore[type-arg]
            def result(self, timeout: float | None = None) -> object:
                untaken.count -= count
                return super().result(timeout)

        made = Taken()
        made.set_result(value)
        return made


def start(index: Index, preparer: Preparer, *paths: Path) -> Iterator[IngestEvent]:
    return ingest(
        paths,
        library=index.library,
        vectors=index.vectors,
        embedder=index.embedder,
        lock=index.lock,
        preparer=preparer,
    )


@pytest.fixture
def many(tmp_path: Path) -> Path:
    for number in range(12):
        write(tmp_path / "many" / f"{number:02}.txt", f"Number {number}.\n\n{long_text(40)}")
    return tmp_path / "many"


@pytest.mark.parametrize(("files", "batches"), [(0, 0), (1, 1), (3, 5), (99, 99)])
def test_no_more_is_prepared_than_may_be(
    index: Index, many: Path, files: int, batches: int
) -> None:
    preparer = Watched(files, 10**9, batches)
    found = [event for event in start(index, preparer, many) if isinstance(event, Added)]
    assert [event.document_id for event in found] == sorted(path.name for path in many.iterdir())
    assert preparer.files.most == min(files + 1, 12)
    chunks = index.library.count_chunks()
    topics = 16 * 12
    assert preparer.texts.most <= min((batches + 1) * BATCH_CHUNKS, chunks) + topics
    assert preparer.texts.most >= min((batches + 1) * BATCH_CHUNKS, chunks)
    index.check()


def test_no_more_bytes_are_read_ahead_than_may_be(index: Index, many: Path) -> None:
    size = max(path.stat().st_size for path in many.iterdir())
    preparer = Watched(99, 3 * size, 0)
    assert len(list(start(index, preparer, many))) == 12
    assert preparer.files.most == 4


def test_a_run_that_is_closed_ends_the_reading(
    index: Index, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that takes minutes to read does not keep who wants to leave."""
    reading, ended = threading.Event(), threading.Event()

    def slow(path: Path, report: Report) -> list[Document]:
        if path.name == "03.txt":
            reading.set()
            assert ended.wait(60)
        return read_file(path, report)

    monkeypatch.setattr(preparation, "read_file", slow)
    monkeypatch.setattr(preparation, "interrupt_reading", ended.set)
    run = index.start(many)
    next(run)
    assert reading.wait(60)
    run.close()  # type: ignore[attr-defined]
    assert ended.is_set()
    monkeypatch.undo()
    assert len(index.run(many)) == 12
    index.check()


def test_the_next_batch_is_embedded_while_one_is_written(
    index: Index, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither would end by itself: each waits for the other."""
    embedding = threading.Semaphore(0)
    embed, add = index.embedder.embed, index.vectors.add

    def noted(texts: Sequence[str]) -> list[list[float]]:
        embedding.release()
        return embed(texts)

    waited: list[list[bool]] = []

    def waiting(*given: object) -> None:
        if not waited:
            waited.append([embedding.acquire(timeout=60) for _ in range(3)])
        add(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(index.embedder, "embed", noted)
    monkeypatch.setattr(index.vectors, "add", waiting)
    index.run(many)
    assert waited == [[True, True, True]]  # the batch, its topics, and the next batch


def test_an_analysis_under_another_id_is_that_of_the_document() -> None:
    document = Document.of("a.txt", "Mills", "/a.txt", f"The mill of Vane burned. {long_text(9)}")
    found = FoundDocument(document, analyse(document)).under_id("more/a.txt")
    assert found.document.id == "more/a.txt"
    assert found.analysis == analyse(replace(document, id="more/a.txt"))
    assert FoundDocument(document).under_id("b").analysis is None


def test_what_is_known_is_not_analysed(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "The mill burned.")
    [document] = read_file(path)
    for known, is_analysed in (({document.digest}, False), ({"other"}, True), (None, False)):
        [found] = file_contents(lambda report: read_file(path, report), known).documents
        assert bool(found.analysis) == is_analysed


def test_a_preparer_that_is_closed_leaves_no_thread() -> None:
    before = threading.active_count()
    with closing(ThreadPreparer(HashEmbedder())) as preparer:
        assert len(preparer.embed(["a", "b"]).result()) == 2
    until = time.monotonic() + 10
    while threading.active_count() > before:
        assert time.monotonic() < until
        time.sleep(0.01)


def test_an_error_of_another_process_comes_whole() -> None:
    error = pickle.loads(pickle.dumps(ModelUnreachable("No server answers.", "Start it.")))
    assert (type(error), error.problem, error.remedy) == (
        ModelUnreachable,
        "No server answers.",
        "Start it.",
    )
