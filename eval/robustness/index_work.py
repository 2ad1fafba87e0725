"""What changes an index, done to a small one, and a check of what a kill in the middle left.

Each work begins with a prepared index (`prepare`) and ends with known documents (`WANTED`). The
vectors come from a hash, so that no time is spent on a network.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from rag import Library
from rag.internals import VectorStore, chunk_document, embedding_text, pipeline
from rag.types import Chunk

BATCH_CHUNKS = 3  # embedded at once, so that a document takes several steps
FIRST, SECOND = "first", "second"


class HashEmbedder:
    """A vector of its own for every text."""

    name = "hash/32"
    dimensions = 32

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        return [self._vector(text) for text in texts]

    def _vector(self, text: str) -> list[float]:
        raw = [byte - 127.5 for byte in hashlib.sha256(text.encode()).digest()]
        length = sum(value * value for value in raw) ** 0.5
        return [value / length for value in raw]


class Index:
    """The index in `home` over the files beside it, which its copies share."""

    def __init__(self, home: Path) -> None:
        pipeline.BATCH_CHUNKS = BATCH_CHUNKS
        self.home = home
        self.files = home.parent / "files"
        self.embedder = HashEmbedder()
        self.library = Library.open(home / "library.sqlite3")
        self.vectors = VectorStore.open(home / "vectors", self.embedder.name)
        self.lock = home / "index.lock"

    def run(self) -> None:
        """Index the files."""
        for _ in pipeline.ingest(
            [self.files],
            library=self.library,
            vectors=self.vectors,
            embedder=self.embedder,
            lock=self.lock,
        ):
            pass

    def remove(self) -> None:
        pipeline.remove("a.txt", library=self.library, vectors=self.vectors, lock=self.lock)

    def rebuild(self) -> None:
        pipeline.rebuild(
            library=self.library,
            vectors=self.vectors,
            embedder=self.embedder,
            lock=self.lock,
        )

    def close(self) -> None:
        self.vectors.close()
        self.library.close()


# --- the files, in two versions ----------------------------------------------------------------


def _text(word: str, paragraphs: int) -> str:
    """A text of several chunks, no two alike, that begins with a word of its own."""
    parts = (f"Part {n} of {word} is number {n * 7919 % 10007}. " * 25 for n in range(paragraphs))
    return f"{word} comes first.\n\n" + "\n\n".join(parts)


VERSIONS: Mapping[str, Mapping[str, str]] = {
    FIRST: {
        "a.txt": _text("Alder", 3),
        "b.txt": _text("Birch", 1),
        "c.txt": _text("Cedar", 2),
    },
    SECOND: {
        "a.txt": _text("Aspen", 4),
        "c.txt": _text("Cedar", 2),
        "d.txt": _text("Dogwood", 1),
    },
}


def write_files(home: Path, version: str) -> None:
    """Make the files those of a version."""
    folder = home.parent / "files"
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.iterdir():
        file.unlink()
    for name, text in VERSIONS[version].items():
        (folder / name).write_text(text, "utf-8")


# --- the works ---------------------------------------------------------------------------------


def index(home: Path) -> None:
    """Index, or bring up to date."""
    made = Index(home)
    made.run()
    made.close()


def remove(home: Path) -> None:
    made = Index(home)
    made.remove()
    made.close()


def rebuild(home: Path) -> None:
    made = Index(home)
    made.rebuild()
    made.close()


def settle(home: Path) -> None:
    """Have Chroma write its index files."""
    made = Index(home)
    made.vectors.write_index()
    made.close()


WORKS: Mapping[str, Callable[[Path], None]] = {
    "first run": index,
    "update": index,
    "removal": remove,
    "rebuild": rebuild,
    "settling": settle,
    "migration": index,
}


def prepare(work: str, home: Path) -> None:
    """Make the index in `home`, and the files beside it, as they are before a work."""
    home.mkdir()
    write_files(home, FIRST)
    if work != "first run":
        made = Index(home)
        if work == "settling":
            made.vectors.write_index = lambda: None  # type: ignore[method-assign]
        made.run()
        made.close()
    if work == "migration":
        _make_older(home / "library.sqlite3")
    if work == "update":
        write_files(home, SECOND)
    if work == "removal":
        (home.parent / "files" / "a.txt").unlink()


def _make_older(path: Path) -> None:
    """Make the file of the library one of version 3."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(
            "DROP TABLE topics; DROP TABLE overviews; DROP INDEX questions_of_document;"
            "DROP INDEX documents_by_published;"
            "PRAGMA user_version = 3"
        )


# --- the check ---------------------------------------------------------------------------------


def digests(home: Path) -> dict[str, str]:
    """The documents of an index, read without Chroma."""
    path = home / "library.sqlite3"
    if not path.exists():
        return {}
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'documents'")
        if not found.fetchall():
            return {}
        return dict(connection.execute("SELECT id, digest FROM documents"))


def fault(home: Path, before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """What is wrong with an index after a kill and after another run: "refused", "lost",
    "doubled", or "" where nothing is."""
    try:
        opened = Index(home)
        found = opened.library.digests()
        known = before.keys() | after.keys()
        if any(found.get(id) not in (before.get(id), after.get(id)) for id in known):
            return "lost"
        if not _is_whole(opened):
            return "lost"
        opened.run()
        if opened.library.digests() != after or not _is_whole(opened):
            return "lost"
        wanted = opened.library.chunk_ids()
        rows = opened.library.count_chunks()
        folders = len(list((home / "vectors").glob("*/")))
        if opened.vectors.ids() != wanted or rows != len(wanted) or folders != 1:
            return "doubled"
        if not opened.library.check.text_index_is_whole():
            return "doubled"
        opened.close()
    except Exception as error:
        return f"refused: {type(error).__name__}: {error}"
    return ""


def _is_whole(opened: Index) -> bool:
    """Every document is found by its words, and each of its chunks by its vector."""
    if not opened.library.chunk_ids() <= opened.vectors.ids():
        return False
    for id in opened.library.digests():
        document = opened.library.document(id)
        chunks: list[Chunk] = opened.library.chunks(id)
        if [each.id for each in chunks] != [each.id for each in chunk_document(document)]:
            return False
        word = document.text.split()[0]
        if {hit.chunk.span.document_id for hit in opened.library.search(word, 99)} != {id}:
            return False
        for chunk in (chunks[0], chunks[-1]):
            [vector] = opened.embedder.embed([embedding_text(document, chunk)])
            if opened.vectors.search(vector, 1)[0][0] != chunk.id:
                return False
    return True
