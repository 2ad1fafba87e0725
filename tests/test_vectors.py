"""Vector store: the nearest are found, nothing is lost, and what is damaged is an error."""

from __future__ import annotations

import math
import os
import random
import resource
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from rag.errors import EmbedderMismatch, LibraryBusy, LibraryError
from rag.store import chroma_directory
from rag.store.documents import Library
from rag.store.opening import open_library, open_vectors
from rag.store.vector_index import VectorIndex
from rag.store.vectors import VectorStore
from rag.types import Chunk, Document
from tests.conftest import load_settings

NAME = "random/16"


@pytest.fixture
def chroma(tmp_path: Path) -> Iterator[VectorStore]:
    opened = VectorStore.open(tmp_path / "vectors", NAME)
    yield opened
    opened.close()


@pytest.fixture(params=["chroma", "postgres"])
def again(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], VectorIndex]]:
    """Opens one store of vectors, again and again, for an embedder."""
    url = request.getfixturevalue("database_url") if request.param == "postgres" else None
    found = load_settings(data_dir=tmp_path, database_url=url)
    opened: list[VectorIndex] = []
    with open_library(found) as library:

        def another(name: str) -> VectorIndex:
            opened.append(open_vectors(found, library, name))
            return opened[-1]

        yield another
        for each in opened:
            each.close()


@pytest.fixture
def vectors(again: Callable[[str], VectorIndex]) -> VectorIndex:
    return again(NAME)


def vector(seed: object, dimensions: int = 16) -> list[float]:
    dice = random.Random(str(seed))
    raw = [dice.gauss(0, 1) for _ in range(dimensions)]
    length = math.hypot(*raw)
    return [value / length for value in raw]


def chunks(document_id: str, count: int) -> list[Chunk]:
    document = Document.of(document_id, "A title", "/a", "x" * 6000)
    return [Chunk.of(document, start, start + 1) for start in range(count)]


def add(vectors: VectorIndex, document_id: str, count: int) -> list[Chunk]:
    made = chunks(document_id, count)
    vectors.add(made, [vector(chunk.id) for chunk in made])
    return made


def cosine(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def test_an_empty_index_finds_nothing(vectors: VectorIndex) -> None:
    assert vectors.search(vector("q"), 5) == []
    assert vectors.search(vector("q"), 5, ["a"]) == []
    assert vectors.ids() == set()


def test_search_agrees_with_comparing_every_vector(vectors: VectorIndex) -> None:
    made = add(vectors, "a", 300)
    for question in map(vector, range(20)):
        near = vectors.search(question, 10)
        exact = sorted(((cosine(question, vector(c.id)), c.id) for c in made), reverse=True)
        assert [id for id, _ in near] == [id for _, id in exact[:10]]
        assert [score for _, score in near] == pytest.approx([s for s, _ in exact[:10]], abs=1e-5)


def test_search_stays_within_the_given_documents(vectors: VectorIndex) -> None:
    made = {id: add(vectors, id, 20) for id in ("a", "b/ü '\"#1.txt", "c")}
    near = vectors.search(vector("q"), 1000, ["a", "b/ü '\"#1.txt", "nobody"])
    assert {id for id, _ in near} == {c.id for c in [*made["a"], *made["b/ü '\"#1.txt"]]}
    assert vectors.search(vector("q"), 3, []) == []
    assert vectors.search(vector("q"), 3, ["nobody"]) == []


def test_a_filter_of_very_many_documents_works(vectors: VectorIndex) -> None:
    made = add(vectors, "d31234", 5)
    near = vectors.search(vector(made[2].id), 3, [f"d{number}" for number in range(40_000)])
    assert near[0][0] == made[2].id
    assert len(near) == 3


@pytest.mark.parametrize("k", [0, 1, 7, 8, 1000])
def test_search_returns_as_many_as_there_are(vectors: VectorIndex, k: int) -> None:
    add(vectors, "a", 7)
    assert len(vectors.search(vector("q"), k)) == min(k, 7)


def test_equal_similarities_are_ordered_by_id(vectors: VectorIndex) -> None:
    made = chunks("a", 12)
    vectors.add(made, [vector("the same")] * 12)
    near = vectors.search(vector("the same"), 5)
    assert [id for id, _ in near] == sorted(chunk.id for chunk in made)[:5]
    assert {score for _, score in near} == {near[0][1]}
    assert near[0][1] == pytest.approx(1.0)
    assert near[0][1] <= 1.0


def test_similarity_runs_from_one_to_minus_one(vectors: VectorIndex) -> None:
    one, two, three = chunks("a", 3)
    right, up, left = [1.0, *[0.0] * 15], [0.0, 1.0, *[0.0] * 14], [-1.0, *[0.0] * 15]
    vectors.add([one, two, three], [right, up, left])
    assert [score for _, score in vectors.search(right, 3)] == pytest.approx([1, 0, -1], abs=1e-6)


def test_what_is_stored_survives_closing(vectors: VectorIndex) -> None:
    made = add(vectors, "a", 40)
    vectors.close()
    assert len(vectors.ids()) == 40
    assert vectors.ids() == {chunk.id for chunk in made}
    assert vectors.search(vector(made[7].id), 1)[0][0] == made[7].id


def test_a_deleted_chunk_is_not_found_and_may_come_back(vectors: VectorIndex) -> None:
    made = add(vectors, "a", 30)
    vectors.delete([chunk.id for chunk in made[:10]])
    vectors.delete(["nobody's"])
    vectors.delete([])
    assert vectors.ids() == {chunk.id for chunk in made[10:]}
    assert {id for id, _ in vectors.search(vector("q"), 50)} == vectors.ids()
    add(vectors, "a", 10)
    assert vectors.search(vector(made[3].id), 1)[0][0] == made[3].id
    assert len(vectors.ids()) == 30


def test_adding_a_chunk_twice_keeps_one(vectors: VectorIndex) -> None:
    made = add(vectors, "a", 5)
    add(vectors, "a", 8)
    assert len(vectors.ids()) == 8
    near = vectors.search(vector(made[0].id), 50)
    assert len(near) == len({id for id, _ in near}) == 8


def test_all_vectors_come_back_as_they_were(vectors: VectorIndex) -> None:
    made = {chunk.id: chunk for name in "abc" for chunk in add(vectors, name, 40)}
    found = {
        chunk.id: (chunk.span.document_id, stored)
        for chunks, stored_vectors in vectors.batches()
        for chunk, stored in zip(chunks, stored_vectors, strict=True)
    }
    assert found.keys() == made.keys()
    for id, (document_id, stored) in found.items():
        assert document_id == made[id].span.document_id
        assert list(stored) == pytest.approx(vector(id), abs=1e-6)


def test_more_rows_than_chroma_takes_at_once(vectors: VectorIndex) -> None:
    made = chunks("a", 5600)
    points = [vector(number, 3) for number in range(5600)]
    vectors.add(made, points)
    assert len(vectors.ids()) == 5600
    assert vectors.search(points[5599], 1)[0][0] == made[5599].id
    vectors.delete([chunk.id for chunk in made[:5550]])
    assert vectors.ids() == {chunk.id for chunk in made[5550:]}


def test_the_store_holds_no_text_of_documents(chroma: VectorStore, tmp_path: Path) -> None:
    document = Document.of("a", "Very private title", "/secret/source", "very private text")
    chroma.add([Chunk.of(document, 0, 17)], [vector("v")])
    chroma.close()
    stored = b"".join(f.read_bytes() for f in (tmp_path / "vectors").rglob("*") if f.is_file())
    assert b"private" not in stored
    assert b"/secret" not in stored


def test_threads_may_share_it(vectors: VectorIndex) -> None:
    def work(name: str) -> None:
        for number in range(6):
            made = add(vectors, f"{name}{number}", 10)
            assert vectors.search(vector(made[4].id), 1)[0][0] == made[4].id
            vectors.delete([chunk.id for chunk in made[:5]])

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(work, ["one", "two", "three"]))
    assert len(vectors.ids()) == 3 * 6 * 5


def test_settings_of_the_working_directory_do_not_reach_chroma(
    chroma: VectorStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("chroma_api_impl=chromadb.api.fastapi.FastAPI\n")
    monkeypatch.chdir(tmp_path)
    add(chroma, "a", 3)
    assert len(chroma.ids()) == 3


def test_settling_leaves_nothing_to_make_again(chroma: VectorStore, tmp_path: Path) -> None:
    def waiting() -> int:
        [database] = (tmp_path / "vectors").glob("*/chroma.sqlite3")
        with closing(sqlite3.connect(database)) as connection:
            return int(connection.execute("SELECT count(*) FROM embeddings_queue").fetchone()[0])

    made = add(chroma, "a", 300)
    assert waiting() == 300
    chroma.write_index()
    assert waiting() <= 1
    chroma.write_index()
    chroma.close()
    more = add(chroma, "b", 100)
    assert waiting() >= 100, "files are written while adding"
    for chunk in [*made[::20], *more[::20]]:
        assert chroma.search(vector(chunk.id), 1)[0][0] == chunk.id


def test_many_changes_are_written_on_the_way(
    chroma: VectorStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.store.vectors.MIN_UNWRITTEN", 100)
    made = [chunk for name in "abcdef" for chunk in add(chroma, name, 40)]
    chroma.delete([chunk.id for chunk in made[:5]])
    assert len(list((tmp_path / "vectors").glob("*/"))) == 1
    assert list((tmp_path / "vectors").glob("*/*/index_metadata.pickle"))
    assert chroma.ids() == {chunk.id for chunk in made[5:]}
    for chunk in made[5::10]:
        assert chroma.search(vector(chunk.id), 1)[0][0] == chunk.id


def test_a_large_index_is_written_less_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time copies the folder: after a fixed number of changes the cost would be quadratic."""
    monkeypatch.setattr("rag.store.vectors.MIN_UNWRITTEN", 10)
    monkeypatch.setattr("rag.store.vectors.UNWRITTEN_PART", 2)
    vectors = VectorStore.open(tmp_path / "vectors", NAME)
    states = list[str]()
    make_current = VectorStore._make_current

    def counted(store: VectorStore, folder: Path, name: str) -> None:
        make_current(store, folder, name)
        states.append(folder.name)

    monkeypatch.setattr(VectorStore, "_make_current", counted)
    made = [chunk for name in range(40) for chunk in add(vectors, str(name), 10)]
    assert 2 < len(states) < 12
    assert vectors.ids() == {chunk.id for chunk in made}
    vectors.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_larger_index_is_searched_harder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """300 of a million would find 88 of 100 of the nearest."""
    monkeypatch.setattr(chroma_directory, "LEAST_SEARCHED", 20)
    monkeypatch.setattr(chroma_directory, "CHUNKS_FOR_ONE_MORE", 2)

    def searched() -> int:
        opened = chroma_directory.ChromaDirectory(tmp_path, NAME)
        configuration = opened._client.get_collection("chunks").configuration
        if not opened.count():
            found = chunks("d", 100)
            opened.add(found, [vector(each.id) for each in found])
        opened.close()
        return int(configuration["hnsw"]["ef_search"])

    assert [searched(), searched()] == [20, 50]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("write", [VectorStore.write_index, VectorStore.write_anew])
def test_index_files_are_not_written_after_they_were_cleared(
    chroma: VectorStore, monkeypatch: pytest.MonkeyPatch, write: Callable[[VectorStore], None]
) -> None:
    """Chroma would write what was in its memory into the part that was overwritten."""
    cleared = dict[Path, tuple[int, bytes]]()

    def files(folder: Path) -> dict[Path, tuple[int, bytes]]:
        found = folder.glob("*/*.bin")
        return {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in found}

    def clear(folder: Path) -> None:
        chroma_directory.clear_unused(folder)
        cleared.update(files(folder))

    monkeypatch.setattr("rag.store.vectors.clear_unused", clear)
    made = add(chroma, "a", 50)
    write(chroma)
    folder = next(iter(cleared)).parent.parent
    assert chroma.search(vector(made[7].id), 1)[0][0] == made[7].id
    assert any(file.name == "data_level0.bin" and data for file, (_, data) in cleared.items())
    assert files(folder) == cleared
    chroma.close()
    chroma.ids()
    assert files(folder) == cleared


def test_settling_that_fails_leaves_everything_in_use(
    chroma: VectorStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = add(chroma, "a", 50)

    def full(*_: object, **__: object) -> None:
        raise shutil.Error([("a", "b", "[Errno 28] No space left on device")])

    with monkeypatch.context() as patch:
        patch.setattr("rag.store.vectors.shutil.copytree", full)
        with pytest.raises(LibraryError, match="No space left"):
            chroma.write_index()
    assert len(list((tmp_path / "vectors").glob("*/"))) == 1
    assert chroma.ids() == {chunk.id for chunk in made}
    chroma.write_index()
    assert chroma.search(vector(made[7].id), 1)[0][0] == made[7].id


# --- some of the documents of a library ------------------------------------------------------


class Shelf:
    """A library of 40 documents of none to nine chunks, and their vectors."""

    def __init__(self, library: Library, vectors: VectorIndex) -> None:
        self.library, self.vectors = library, vectors
        dice = random.Random(7)
        self.made = {id: self._put(id, dice.randrange(10)) for id in map(self._id, range(40))}

    @staticmethod
    def _id(number: int) -> str:
        """Short and long ones, of every kind of letter."""
        return f"{number}.txt" if number % 4 else f"{number} ü'\"#" * (1 + 40 * number)

    def _put(self, id: str, count: int) -> list[Chunk]:
        document = Document.of(id, "A title", id, "x" * 6000)
        made = [Chunk.of(document, start, start + 1) for start in range(count)]
        self.library.put(document, made)
        self.vectors.add(made, [vector(chunk.id) for chunk in made])
        return made

    def nearest(self, question: list[float], k: int, ids: Sequence[str]) -> list[str]:
        """By comparing every vector."""
        chunks = [chunk.id for id in set(ids) for chunk in self.made.get(id, [])]
        return sorted(chunks, key=lambda id: (-cosine(question, vector(id)), id))[:k]


@pytest.fixture(params=["chroma", "postgres"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shelf]:
    url = request.getfixturevalue("database_url") if request.param == "postgres" else None
    settings = load_settings(data_dir=tmp_path, database_url=url)
    with open_library(settings) as library:
        opened = open_vectors(settings, library, NAME)
        yield Shelf(library, opened)
        opened.close()


# Chroma's ways of searching in some documents, forced by these limits.
LIMITS: dict[str, dict[str, float]] = {
    "as it chooses": {},
    "all compared": {"READ_COST": 0.001, "FILTER_PART": 0.001},
    "found among all": {"READ_COST": 10**9, "FILTER_PART": 0.001},
    "filtered by Chroma": {"FILTER_PART": 10**9},
}


@pytest.mark.parametrize("limits", LIMITS)
def test_a_search_in_some_documents_agrees_with_comparing_every_vector(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, limits: str
) -> None:
    for name, value in LIMITS[limits].items():
        monkeypatch.setattr(f"rag.store.vectors.{name}", value)
    every, dice = list(shelf.made), random.Random(3)
    for size in (1, 2, 5, 20, 38, 40):
        some = [*dice.sample(every, size), "nobody"]
        for k in (1, 10, 500):
            question = vector(f"{size} {k}")
            near = shelf.vectors.search(question, k, some)
            exact = shelf.nearest(question, k, some)
            assert [id for id, _ in near] == exact
            assert [score for _, score in near] == pytest.approx(
                [cosine(question, vector(id)) for id in exact], abs=1e-5
            )


def test_chunks_of_removed_documents_and_chunks_without_a_vector_are_not_found(
    shelf: Shelf,
) -> None:
    *some, removed, emptied = sorted(shelf.made, key=lambda id: len(shelf.made[id]))[-5:]
    shelf.library.remove(removed)
    shelf.vectors.delete([chunk.id for chunk in shelf.made[removed]])
    shelf.vectors.delete([chunk.id for chunk in shelf.made[emptied]])
    near = shelf.vectors.search(vector("q"), 100, [*some, removed, emptied])
    assert [id for id, _ in near] == shelf.nearest(vector("q"), 100, some)
    assert shelf.vectors.search(vector("q"), 5, [removed]) == []
    assert shelf.vectors.search(vector("q"), 5, [emptied]) == []
    assert shelf.vectors.search(vector("q"), 5, []) == []


def test_equal_similarities_of_some_documents_are_ordered_by_id(shelf: Shelf) -> None:
    document = Document.of("same", "A title", "same", "x" * 6000)
    made = [Chunk.of(document, start, start + 1) for start in range(30)]
    shelf.library.put(document, made)
    shelf.vectors.add(made, [vector("the same")] * 30)
    near = shelf.vectors.search(vector("q"), 20, ["same"])
    assert [id for id, _ in near] == sorted(chunk.id for chunk in made)[:20]
    assert len({score for _, score in near}) == 1


def test_a_vector_of_another_length_is_refused_in_some_documents(shelf: Shelf) -> None:
    some = sorted(shelf.made, key=lambda id: len(shelf.made[id]))[-3:]
    with pytest.raises(EmbedderMismatch, match="--rebuild"):
        shelf.vectors.search([1.0, 0.0], 3, some)


# --- another embedder, rebuilding ------------------------------------------------------------


def test_vectors_of_another_embedder_are_refused(again: Callable[[str], VectorIndex]) -> None:
    vectors = again(NAME)
    add(vectors, "a", 3)
    vectors.close()
    other = again("other/16")
    for call in (other.ids, lambda: other.search(vector("q"), 3)):
        with pytest.raises(EmbedderMismatch, match=r"random/16, not other/16.*--rebuild"):
            call()


def test_a_vector_of_another_length_is_refused(vectors: VectorIndex) -> None:
    made = add(vectors, "a", 3)
    with pytest.raises(EmbedderMismatch, match="--rebuild"):
        vectors.search([1.0, 0.0], 3)
    with pytest.raises(EmbedderMismatch, match="--rebuild"):
        vectors.add(chunks("b", 1), [[1.0, 0.0]])
    assert vectors.ids() == {chunk.id for chunk in made}


def test_a_rebuild_replaces_everything(again: Callable[[str], VectorIndex], tmp_path: Path) -> None:
    vectors = again(NAME)
    add(vectors, "old", 30)
    made = chunks("new", 6)
    points = [vector(number, 8) for number in range(6)]
    vectors.rebuild("other/8", [(made[:4], points[:4]), (made[4:], points[4:])])
    assert vectors.ids() == {chunk.id for chunk in made}
    assert vectors.search(points[5], 1)[0][0] == made[5].id
    assert len(list((tmp_path / "vectors").glob("*/"))) == isinstance(vectors, VectorStore)
    vectors.close()
    assert len(again("other/8").ids()) == 6


def test_a_rebuild_that_fails_leaves_the_old_vectors_in_use(
    vectors: VectorIndex, tmp_path: Path
) -> None:
    made = add(vectors, "old", 30)

    def batches() -> Iterator[tuple[list[Chunk], list[list[float]]]]:
        yield chunks("new", 2), [vector(1), vector(2)]
        assert vectors.search(vector(made[3].id), 1)[0][0] == made[3].id
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        vectors.rebuild("other/16", batches())
    assert vectors.ids() == {chunk.id for chunk in made}
    assert len(list((tmp_path / "vectors").glob("*/"))) == isinstance(vectors, VectorStore)


def test_a_rebuild_leaves_what_is_not_its_own(chroma: VectorStore, tmp_path: Path) -> None:
    (tmp_path / "vectors" / "mine").mkdir(parents=True)
    chroma.rebuild(NAME, [])
    assert (tmp_path / "vectors" / "mine").is_dir()


# --- what can break --------------------------------------------------------------------------


def shorten(file: str, size: int) -> Callable[[Path], None]:
    return lambda folder: os.truncate(next(folder.glob(f"**/{file}")), size)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "the pointer is junk": lambda folder: _overwrite(folder / "current", b"\xff\xfe\0"),
    "the pointer is other words": lambda folder: _overwrite(folder / "current", b"words "),
    "the database is junk": lambda folder: _overwrite(next(folder.glob("*/*.sqlite3")), b"junk"),
    "the database is cut short": shorten("chroma.sqlite3", 9000),
    "the id map is cut short": shorten("index_metadata.pickle", 100),
    "the id map is gone": lambda folder: next(folder.glob("**/*.pickle")).unlink(),
    "the header is cut short": shorten("header.bin", 10),
    "the vectors are cut short": shorten("data_level0.bin", 500),
    "the lengths are cut short": shorten("length.bin", 100),
    "the links are gone": lambda folder: next(folder.glob("**/link_lists.bin")).unlink(),
    "the index is gone": lambda f: shutil.rmtree(next(f.glob("**/header.bin")).parent),
}


def _overwrite(file: Path, content: bytes) -> None:
    file.write_bytes(content * 100)


@pytest.fixture(scope="module")
def written_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("written") / "vectors"
    vectors = VectorStore.open(path, NAME)
    add(vectors, "a", 300)
    vectors.write_index()
    vectors.close()
    return path


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_named_with_the_remedy_and_a_rebuild_heals_it(
    written_index: Path, tmp_path: Path, damage: str
) -> None:
    path = tmp_path / "vectors"
    shutil.copytree(written_index, path)
    DAMAGES[damage](path)
    vectors = VectorStore.open(path, NAME)
    for _ in range(2):
        with pytest.raises(LibraryError, match=r"cannot be used .*footnote index --rebuild"):
            vectors.search(vector("q"), 3)
    vectors.rebuild(NAME, [(chunks("new", 2), [vector(1), vector(2)])])
    assert len(vectors.search(vector("q"), 3)) == 2
    vectors.close()


def test_a_lost_directory_is_an_empty_one(chroma: VectorStore, tmp_path: Path) -> None:
    add(chroma, "a", 5)
    shutil.rmtree(tmp_path / "vectors")
    assert chroma.ids() == set()
    add(chroma, "b", 5)
    assert len(chroma.ids()) == 5


def test_a_path_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LibraryError, match=r"file.vectors cannot be read or written"):
        VectorStore.open(tmp_path / "file" / "vectors", NAME).ids()


def test_a_directory_that_another_process_uses_is_busy(
    chroma: VectorStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.store.vectors.LOCK_TIMEOUT_S", 0.05)
    impatient = VectorStore.open(tmp_path / "vectors", NAME)
    with chroma._locked_directory(), pytest.raises(LibraryBusy, match="Try again"):
        impatient.ids()
    assert not impatient.ids()
    impatient.close()


def test_a_write_that_fails_loses_nothing_that_was_there(chroma: VectorStore) -> None:
    made = add(chroma, "a", 50)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(LibraryError):
            add(chroma, "b", 3000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    again = add(chroma, "b", 3000)
    assert chroma.ids() == {chunk.id for chunk in [*made, *again]}
    for chunk in [*made, *again[::100]]:
        assert chroma.search(vector(chunk.id), 1)[0][0] == chunk.id


def test_a_nearly_full_disk_is_named(
    chroma: VectorStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(chroma, "a", 5)
    monkeypatch.setattr("rag.store.vectors.MIN_FREE_BYTES", 1 << 80)
    with pytest.raises(LibraryError, match=r"disk is full.*Free some space"):
        chroma.add(chunks("b", 2), [vector(1)])
