"""Indexing: the library follows the files, and nothing is lost or done twice."""

from __future__ import annotations

import json
import math
import os
import random
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

import pytest

from rag.errors import (
    EmbedderMismatch,
    LibraryBusy,
    LibraryError,
    ModelError,
    NoSuchDocument,
    SourceError,
)
from rag.events import (
    Added,
    Failed,
    IngestEvent,
    PassedOver,
    Removed,
    Skipped,
    Updated,
    Warned,
)
from rag.ingest import pipeline
from rag.ingest.chunking import embedding_text
from rag.ingest.pipeline import check_embedder, ingest, rebuild, remove
from rag.ingest.raw_source import Report
from rag.ingest.readers import read_file
from rag.ingest.web import Page, fetch_page
from rag.store.documents import Library
from rag.store.vectors import VectorStore
from rag.types import Chunk, Document, Span

SEEDS = Path(__file__).parent.parent / "seeds"


@dataclass
class HashEmbedder:
    """A vector of its own for every text: equal texts are near, all others far."""

    name: str = "hash/32"
    dimensions: int = 32
    calls: list[int] = field(default_factory=list)
    fails_at: int | None = None  # number of the call that fails

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        self.calls.append(len(texts))
        if self.fails_at == len(self.calls):
            raise ModelError("The embedding server failed.", "Try again.")
        return [self._vector(text) for text in texts]

    def _vector(self, text: str) -> list[float]:
        dice = random.Random(text)
        raw = [dice.gauss(0, 1) for _ in range(self.dimensions)]
        return [value / math.hypot(*raw) for value in raw]


@dataclass
class Index:
    """An index in `home`, with its files in `files`."""

    home: Path
    embedder: HashEmbedder = field(default_factory=HashEmbedder)

    def __post_init__(self) -> None:
        self.library = Library.open(self.home / "library.db")
        self.vectors = VectorStore.open(self.home / "vectors", self.embedder.name)
        self.lock = self.home / "index.lock"
        self.progress: list[tuple[int, int | None, str]] = []

    def close(self) -> None:
        self.vectors.close()
        self.library.close()

    def start(
        self, *paths: Path, urls: Sequence[str] = (), fetch: Callable[[str], Page] = fetch_page
    ) -> Iterator[IngestEvent]:
        return ingest(
            paths,
            library=self.library,
            vectors=self.vectors,
            embedder=self.embedder,
            lock=self.lock,
            on_progress=lambda *report: self.progress.append(report),
            urls=urls,
            fetch=fetch,
        )

    def run(self, *paths: Path) -> list[IngestEvent]:
        return list(self.start(*paths))

    def rebuild(self) -> int:
        return rebuild(
            library=self.library,
            vectors=self.vectors,
            embedder=self.embedder,
            lock=self.lock,
        )

    def check(self) -> None:
        """Raises unless every chunk has its own vector, its own text, and is found by it."""
        assert self.vectors.ids() == self.library.chunk_ids()
        for id in self.library.digests():
            document = self.library.document(id)
            assert Document.of(id, document.title, "", document.text).digest == document.digest
            covered = self.library.chunks(id)
            for chunk in covered:
                span = chunk.span
                assert self.library.text(span) == document.text[span.start : span.end]
            for chunk in covered[:2]:
                [vector] = self.embedder.embed([embedding_text(document, chunk)])
                assert self.vectors.search(vector, 1, [id])[0][1] == pytest.approx(1, abs=1e-5)

    def ids(self) -> list[str]:
        return sorted(self.library.digests())


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    made = Index(tmp_path / "home")
    yield made
    made.close()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Three short articles, one of them in a folder."""
    folder = tmp_path / "files"
    write(folder / "a.txt", "Wheat\n\nThe price of wheat rose by 5% in May.")
    write(folder / "b.txt", "Copper\n\nThe price of copper fell in June.")
    write(folder / "more" / "c.txt", "Steel\n\nA tariff on steel was announced.")
    return folder


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def long_text(paragraphs: int) -> str:
    """Text of many chunks, no two of them alike."""
    return "\n\n".join(
        f"Paragraph {n} is about matter {n * 7919 % 10_007}. " + f"It goes on about item {n}. " * 30
        for n in range(paragraphs)
    )


def kinds(events: list[IngestEvent]) -> dict[str, list[str]]:
    named: dict[str, list[str]] = {}
    for event in events:
        if isinstance(event, PassedOver):
            continue
        where = event.source if isinstance(event, Failed | Warned) else event.document_id
        named.setdefault(type(event).__name__, []).append(where)
    return {kind: sorted(where) for kind, where in named.items()}


# --- following the files ---------------------------------------------------------------------


def test_a_folder_is_indexed(index: Index, files: Path) -> None:
    events = index.run(files)
    assert kinds(events) == {"Added": ["a.txt", "b.txt", "more/c.txt"]}
    assert sum(event.chunks for event in events if isinstance(event, Added)) == len(
        index.library.chunk_ids()
    )
    assert index.library.embedder == "hash/32"
    index.check()


def test_the_seed_articles_are_indexed(index: Index) -> None:
    assert len(kinds(index.run(SEEDS))["Added"]) >= 2
    assert index.library.search("fentanyl tariffs", 5)
    index.check()


def test_what_has_not_changed_is_not_embedded_again(index: Index, files: Path) -> None:
    index.run(files)
    index.embedder.calls.clear()
    assert kinds(index.run(files)) == {"Skipped": ["a.txt", "b.txt", "more/c.txt"]}
    assert index.embedder.calls == []


def test_a_changed_file_replaces_its_old_version(index: Index, files: Path) -> None:
    index.run(files)
    old = index.library.chunk_ids()
    write(files / "a.txt", "Barley\n\nThe price of barley did not move.")
    assert kinds(index.run(files)) == {"Updated": ["a.txt"], "Skipped": ["b.txt", "more/c.txt"]}
    assert index.library.search("wheat", 3) == []
    assert index.library.search("barley", 3)
    assert len(index.library.chunk_ids() & old) == 2
    index.check()
    write(files / "a.txt", "Wheat\n\nThe price of wheat rose by 5% in May.")
    index.run(files)
    assert index.library.chunk_ids() == old
    index.check()


def test_a_file_that_is_gone_is_removed_and_others_are_left_alone(
    index: Index, files: Path, tmp_path: Path
) -> None:
    elsewhere = write(tmp_path / "elsewhere" / "d.txt", "Of other things.")
    index.run(files, elsewhere)
    (files / "a.txt").unlink()
    elsewhere.unlink()
    shutil.rmtree(files / "more")
    assert kinds(index.run(files)) == {"Skipped": ["b.txt"], "Removed": ["a.txt", "more/c.txt"]}
    assert index.ids() == ["b.txt", "d.txt"]
    assert kinds(index.run(elsewhere)) == {"Removed": ["d.txt"]}
    index.check()


def test_a_folder_whose_name_begins_alike_is_elsewhere(index: Index, tmp_path: Path) -> None:
    for folder in ("news", "news2"):
        write(tmp_path / folder / f"{folder}.txt", f"In {folder}.")
    index.run(tmp_path / "news", tmp_path / "news2")
    (tmp_path / "news2" / "news2.txt").unlink()
    assert kinds(index.run(tmp_path / "news")) == {"Skipped": ["news.txt"]}
    assert index.ids() == ["news.txt", "news2.txt"]


def test_a_record_that_is_gone_is_removed(index: Index, tmp_path: Path) -> None:
    file = tmp_path / "all.jsonl"

    def records(*names: str) -> None:
        lines = [json.dumps({"id": name, "title": name, "text": f"On {name}."}) for name in names]
        write(file, "\n".join(lines))

    records("one", "two", "three#3")
    added = kinds(index.run(file))["Added"]
    assert added == ["all.jsonl#one", "all.jsonl#three#3", "all.jsonl#two"]
    records("one", "four")
    assert kinds(index.run(tmp_path)) == {
        "Skipped": ["all.jsonl#one"],
        "Added": ["all.jsonl#four"],
        "Removed": ["all.jsonl#three#3", "all.jsonl#two"],
    }
    write(file, "{ broken")
    assert list(kinds(index.run(file))) == ["Failed"]
    assert index.ids() == ["all.jsonl#four", "all.jsonl#one"]
    file.unlink()
    assert kinds(index.run(file)) == {"Removed": ["all.jsonl#four", "all.jsonl#one"]}
    index.check()


def test_a_bad_record_neither_stops_the_others_nor_removes_its_old_version(
    index: Index, tmp_path: Path
) -> None:
    good = '{"id": "a", "text": "The mill is red."}\n{"id": "b", "text": "The barn is old."}'
    file = write(tmp_path / "all.jsonl", good)
    index.run(file)
    write(file, '{"id": "a", "text": "The mill is blue."}\n{"id": "b", "text": ""}')
    found = kinds(index.run(file))
    assert (found["Updated"], len(found["Failed"])) == (["all.jsonl#a"], 1)
    assert index.ids() == ["all.jsonl#a", "all.jsonl#b"]


def test_one_bad_file_is_not_the_end(index: Index, files: Path) -> None:
    (files / "broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    events = index.run(files)
    assert kinds(events)["Added"] == ["a.txt", "b.txt", "more/c.txt"]
    [failed] = [event for event in events if isinstance(event, Failed)]
    assert failed.source == str(files / "broken.pdf")
    assert "broken.pdf" in failed.error
    index.check()


def test_a_file_that_cannot_be_read_any_more_keeps_its_old_version(
    index: Index, files: Path
) -> None:
    index.run(files)
    (files / "a.txt").write_bytes(b"\0\1\2" * 100)
    assert list(kinds(index.run(files))) == ["Failed", "Skipped"]
    assert index.library.search("wheat", 3)


def test_a_file_that_goes_while_the_run_is_on_is_no_traceback(
    index: Index, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load_too_late(path: Path, report: Report) -> list[Document]:
        if path.name == "b.txt":
            path.unlink()
        return read_file(path, report)

    monkeypatch.setattr("rag.ingest.preparation.read_file", load_too_late)
    assert kinds(index.run(files)) == {
        "Added": ["a.txt", "more/c.txt"],
        "Failed": [str(files / "b.txt")],
    }
    index.check()


def test_a_path_that_does_not_exist_is_an_error_and_changes_nothing(
    index: Index, files: Path, tmp_path: Path
) -> None:
    index.run(files)
    shutil.move(files, tmp_path / "moved")
    with pytest.raises(SourceError):
        index.run(files)  # an unmounted disk is no reason to forget what was on it
    assert index.ids() == ["a.txt", "b.txt", "more/c.txt"]
    index.run(tmp_path / "moved")


# --- ids -------------------------------------------------------------------------------------


def test_a_document_keeps_its_id_however_it_is_reached(
    index: Index, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.run(files / "more" / "c.txt")
    assert index.ids() == ["c.txt"]
    assert kinds(index.run(files))["Skipped"] == ["c.txt"]
    monkeypatch.chdir(files)
    assert kinds(index.run(Path("more/../more"), Path("a.txt")))["Skipped"] == ["a.txt", "c.txt"]
    (files / "link").symlink_to(files / "more")
    assert kinds(index.run(files / "link"))["Skipped"] == ["c.txt"]


def test_a_file_given_twice_is_indexed_once(index: Index, files: Path) -> None:
    events = index.run(files, files / "a.txt", files / "more")
    assert kinds(events) == {"Added": ["a.txt", "b.txt", "more/c.txt"]}


def test_equal_names_get_different_ids_by_their_folders(index: Index, tmp_path: Path) -> None:
    for folder in ("one/x", "two/x", "three"):
        write(tmp_path / folder / "a.txt", "The same words.")
    index.run(tmp_path / "one" / "x")
    index.run(tmp_path / "two" / "x", tmp_path / "three" / "a.txt")
    assert index.ids() == ["a.txt", "three/a.txt", "x/a.txt"]
    write(tmp_path / "four" / "x" / "a.txt", "The same words.")
    index.run(tmp_path / "four" / "x")
    assert "four/x/a.txt" in index.ids()
    index.check()


def test_two_files_with_the_same_content_are_two_documents(index: Index, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(tmp_path / "same" / f"{name}.txt", "Title\n\nThe same words.")
    index.run(tmp_path / "same")
    assert len({hit.chunk.span.document_id for hit in index.library.search("words", 9)}) == 2
    index.check()


def test_a_name_that_is_no_unicode_is_indexed(index: Index, tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.txt")).write_text("Odd words.")
    (folder / "line\nbreak\x1b[0m.txt").write_text("More words.")
    assert len(kinds(index.run(folder))["Added"]) == 2
    assert len(kinds(index.run(folder))["Skipped"]) == 2
    index.check()


# --- batches and progress --------------------------------------------------------------------


def test_short_documents_are_embedded_together(index: Index, tmp_path: Path) -> None:
    for number in range(30):
        write(tmp_path / "many" / f"{number}.txt", f"Number {number} is short.")
    index.run(tmp_path / "many")
    assert index.embedder.calls == [30]


def test_a_long_document_is_embedded_in_slices(index: Index, tmp_path: Path) -> None:
    write(tmp_path / "long" / "a.txt", long_text(220))
    write(tmp_path / "long" / "b.txt", "Short.")
    index.run(tmp_path / "long")
    total = index.library.count_chunks()
    *of_chunks, _ = index.embedder.calls  # the last is of the topics
    assert len(of_chunks) > 2
    assert max(of_chunks) <= 64
    assert [done for done, _, _ in index.progress] == list(accumulate(of_chunks))
    assert index.progress[-1][0] == total
    index.check()


# --- stopping and failing --------------------------------------------------------------------


def test_closing_the_run_early_keeps_what_was_committed(index: Index, tmp_path: Path) -> None:
    for number in range(4):
        write(tmp_path / "long" / f"{number}.txt", f"{number}\n\n{long_text(60)}")
    run = index.start(tmp_path / "long")
    first = next(run)
    assert isinstance(first, Added)
    run.close()  # type: ignore[attr-defined]
    assert index.ids() == [first.document_id]
    assert index.library.chunk_ids() <= index.vectors.ids()
    assert len(kinds(index.run(tmp_path / "long"))["Added"]) == 3
    index.check()


def test_a_failing_embedder_leaves_no_half_document(index: Index, tmp_path: Path) -> None:
    write(tmp_path / "long" / "a.txt", "First and short.")
    write(tmp_path / "long" / "b.txt", long_text(150))
    index.embedder.fails_at = 2
    with pytest.raises(ModelError):
        index.run(tmp_path / "long")
    assert index.ids() == ["a.txt"]
    assert index.library.chunk_ids() <= index.vectors.ids()
    assert kinds(index.run(tmp_path / "long")) == {"Skipped": ["a.txt"], "Added": ["b.txt"]}
    index.check()


def test_a_full_disk_leaves_no_half_document(index: Index, files: Path, tmp_path: Path) -> None:
    index.run(files)
    write(files / "b.txt", long_text(300))
    database = index.library.database
    ((pages,),) = database.rows("PRAGMA page_count")
    database.rows(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(LibraryError, match="full"):
        index.run(files)
    assert index.library.search("copper", 3)
    assert index.library.chunk_ids() <= index.vectors.ids()
    database.rows("PRAGMA max_page_count = 1000000")
    assert kinds(index.run(files))["Updated"] == ["b.txt"]
    index.check()


def test_only_one_run_at_a_time(index: Index, files: Path) -> None:
    run = index.start(files)
    next(run)
    with pytest.raises(LibraryBusy, match="Try again"):
        index.run(files)
    with pytest.raises(LibraryBusy):
        index.rebuild()
    assert len(list(run)) == 2
    assert kinds(index.run(files))["Skipped"]


def test_a_document_can_be_removed_while_a_run_reads(index: Index, files: Path) -> None:
    how = {"library": index.library, "vectors": index.vectors, "lock": index.lock}
    index.run(files)
    (files / "more" / "c.txt").unlink()
    write(files / "a.txt", "Wheat\n\nThe price of wheat fell.")
    run = index.start(files)
    next(run)
    remove("b.txt", **how)  # type: ignore[arg-type]
    remove("more/c.txt", **how)  # type: ignore[arg-type]
    list(run)
    assert index.ids() == ["a.txt"]
    index.check()
    assert kinds(index.run(files)) == {"Added": ["b.txt"], "Skipped": ["a.txt"]}


def test_what_is_removed_while_its_new_version_is_embedded_comes_whole(
    index: Index, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old and the new version share chunks, whose vectors the removal takes."""
    monkeypatch.setattr(pipeline, "BATCH_CHUNKS", 2)
    how = {"library": index.library, "vectors": index.vectors, "lock": index.lock}
    write(files / "a.txt", long_text(12))
    index.run(files)
    write(files / "a.txt", long_text(13))
    embed = index.embedder.embed

    def removing(texts: Sequence[str]) -> list[list[float]]:
        if len(index.embedder.calls) == before + 2:
            remove("a.txt", **how)  # type: ignore[arg-type]
        return embed(texts)

    before = len(index.embedder.calls)
    monkeypatch.setattr(index.embedder, "embed", removing)
    index.run(files / "a.txt")
    monkeypatch.undo()
    assert "a.txt" in index.ids()
    index.check()


def test_a_run_may_move_from_thread_to_thread(index: Index, files: Path) -> None:
    run = index.start(files)
    events: list[IngestEvent] = []
    for _ in range(3):
        thread = threading.Thread(target=lambda: events.append(next(run)))
        thread.start()
        thread.join()
    thread = threading.Thread(target=run.close)  # type: ignore[attr-defined]
    thread.start()
    thread.join()
    assert len(events) == 3
    index.run(files)
    index.check()


def test_a_directory_that_may_not_be_written_is_named(files: Path, tmp_path: Path) -> None:
    index = Index(tmp_path / "home")
    write(tmp_path / "inthe", "way")
    index.lock = tmp_path / "inthe" / "way.lock"
    with pytest.raises(LibraryError, match="cannot be written"):
        index.run(files)
    index.close()


# --- the vectors and their embedder ----------------------------------------------------------


def test_lost_vectors_are_made_again(index: Index, files: Path, tmp_path: Path) -> None:
    index.run(files)
    index.vectors.close()
    shutil.rmtree(tmp_path / "home" / "vectors")
    assert kinds(index.run(files)) == {"Skipped": ["a.txt", "b.txt", "more/c.txt"]}
    index.check()


def test_vectors_of_a_lost_library_are_swept(index: Index, files: Path, tmp_path: Path) -> None:
    index.run(files)
    index.close()
    for file in (tmp_path / "home").glob("library.db*"):
        file.unlink()
    again = Index(tmp_path / "home")
    again.run(files / "a.txt")
    again.check()
    again.close()


def test_vectors_without_a_chunk_are_deleted_at_the_end_of_a_run(index: Index, files: Path) -> None:
    index.run(files)
    stray = Document.of("stray", "T", "/s", "text")
    index.vectors.add([Chunk.of(stray, 0, 4)], index.embedder.embed(["stray"]))
    index.run(files)
    index.check()


def test_another_embedder_is_refused_until_a_rebuild(
    index: Index, files: Path, tmp_path: Path
) -> None:
    index.run(files)
    index.close()
    other = Index(tmp_path / "home", HashEmbedder("other/8", 8))
    with pytest.raises(EmbedderMismatch, match=r"hash/32, not with other/8.*index --rebuild"):
        other.run(files)
    with pytest.raises(EmbedderMismatch):
        check_embedder(other.library, other.embedder)
    assert other.rebuild() == other.library.count_chunks()
    check_embedder(other.library, other.embedder)
    assert list(kinds(other.run(files))) == ["Skipped"]
    other.check()
    other.close()


def test_a_rebuild_that_fails_changes_nothing(index: Index, files: Path, tmp_path: Path) -> None:
    index.run(files)
    index.close()
    failing = Index(tmp_path / "home", HashEmbedder("other/8", 8, fails_at=1))
    with pytest.raises(ModelError):
        failing.rebuild()
    failing.close()
    again = Index(tmp_path / "home")
    check_embedder(again.library, again.embedder)
    again.check()
    again.close()


def test_an_empty_library_takes_any_embedder(index: Index, files: Path, tmp_path: Path) -> None:
    index.run(files)
    for id in index.ids():
        remove(id, library=index.library, vectors=index.vectors, lock=index.lock)
    index.close()
    other = Index(tmp_path / "home", HashEmbedder("other/8", 8))
    check_embedder(other.library, other.embedder)
    other.run(files)
    other.check()
    other.close()


def test_a_document_is_removed_by_its_id(index: Index, files: Path) -> None:
    index.run(files)
    how = {"library": index.library, "vectors": index.vectors, "lock": index.lock}
    assert remove("a.txt", **how) == Removed("a.txt")  # type: ignore[arg-type]
    assert index.ids() == ["b.txt", "more/c.txt"]
    index.check()
    with pytest.raises(NoSuchDocument):
        remove("a.txt", **how)  # type: ignore[arg-type]
    assert isinstance(index.run(files / "a.txt")[0], Added)


def test_events_come_while_the_run_goes_on(index: Index, files: Path) -> None:
    index.run(files)
    write(files / "a.txt", "Barley.")
    for event in index.start(files):
        if isinstance(event, Updated):
            assert index.library.text(Span("a.txt", 0, 6)) == "Barley"
        else:
            assert isinstance(event, Skipped)
