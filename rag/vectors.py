"""Which chunks lie nearest to this vector?

Chroma through LlamaIndex, embedded. Derived from the library and made again by `rebuild`.

A Chroma directory bears one process at a time: a second one, even if it only searches, reads
files that the first is writing and sees nothing that came after its first query. So every call
here holds a file lock, and opens the directory anew when another process has written to it.

    path/lock           held during every call
    path/current        "<folder> <mark>"; each change sets a new mark
    path/<folder>/      the Chroma directory; a rebuild makes another one and changes `current`
"""

from __future__ import annotations

import math
import os
import shutil
import threading
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from errno import ENOSPC
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from filelock import FileLock, Timeout

from rag.errors import EmbedderMismatch, LibraryBusy, LibraryError
from rag.types import Chunk

if TYPE_CHECKING:
    from llama_index.vector_stores.chroma import ChromaVectorStore

BATCH_ROWS = 5000  # Chroma takes 5,461 at most in one call, SQLite 32,766 values in one filter
LOCK_TIMEOUT_S = 60.0
SPARE_ROWS = 16  # fetched beyond k, so that equal similarities are cut off by id
INDEX = {"space": "cosine", "max_neighbors": 32, "ef_construction": 200, "ef_search": 200}

T = TypeVar("T")
Batch = tuple[Sequence[Chunk], Sequence[Sequence[float]]]


class Vectors:
    """The vectors of all chunks. Safe to share among threads; open a directory once a process."""

    def __init__(self, path: Path, embedder_name: str) -> None:
        self._path = path
        self._embedder_name = embedder_name
        self._threads = threading.RLock()
        self._lock = FileLock(path / "lock", LOCK_TIMEOUT_S, thread_local=False, poll_interval=0.01)
        self._opened: _Opened | None = None
        self._seen = ""  # what `current` said when we last looked

    @classmethod
    def open(cls, path: Path, embedder_name: str) -> Vectors:
        """The vectors in the directory `path`, made where missing.

        Chroma itself is loaded by the first call. Every call raises `EmbedderMismatch` when the
        directory was made with another embedder, `LibraryBusy` when another process holds it
        for a minute, and `LibraryError` when it cannot be used.
        """
        return cls(path, embedder_name)

    def close(self) -> None:
        with self._threads:
            self._forget()

    def add(self, chunks: Sequence[Chunk], vectors: Sequence[Sequence[float]]) -> None:
        """Store one vector for each chunk; a chunk that is there already keeps its vector."""
        with self._held(changing=True) as opened:
            opened.add(chunks, vectors)

    def delete(self, chunk_ids: Iterable[str]) -> None:
        """Forget these chunks; unknown ids are passed over."""
        ids = list(chunk_ids)
        if ids:
            with self._held(changing=True) as opened:
                for some in _slices(ids):
                    opened.store.delete_nodes(some)

    def ids(self) -> set[str]:
        """The ids of all chunks that have a vector."""
        with self._held() as opened:
            return set(opened.store.client.get(include=[])["ids"])

    def count(self) -> int:
        with self._held() as opened:
            return int(opened.store.client.count())

    def search(
        self, vector: Sequence[float], k: int, document_ids: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        """The `k` nearest chunks (fewer where fewer exist) as id and cosine similarity, -1..1,
        best first, ties by id; of the given documents only, where some are given."""
        if k < 1:
            return []
        with self._held() as opened:
            some = [None] if document_ids is None else _slices(sorted(set(document_ids)))
            found = [near for ids in some for near in opened.search(vector, k + SPARE_ROWS, ids)]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:k]

    def rebuild(self, embedder_name: str, batches: Iterable[Batch]) -> None:
        """Replace everything by `batches`, made with the embedder of that name.

        Until the last batch is stored the old vectors stay in use, also after a crash. Does not
        read the old ones: they may be damaged. One process at a time may call this.
        """
        with _translated(self._path):
            folder = self._new_folder()
        try:
            self._fill(folder, embedder_name, batches)
            with self._threads, _translated(self._path), self._lock:
                self._forget()
                self._embedder_name = embedder_name
                self._mark(folder.name)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        for other in self._path.iterdir():
            if other.is_dir() and other != folder:
                shutil.rmtree(other, ignore_errors=True)

    def _fill(self, folder: Path, embedder_name: str, batches: Iterable[Batch]) -> None:
        with _translated(self._path):
            opened = _Opened(folder, embedder_name)
        try:
            for chunks, vectors in batches:
                with _translated(self._path):
                    opened.add(chunks, vectors)
        finally:
            opened.close()

    @contextmanager
    def _held(self, changing: bool = False) -> Iterator[_Opened]:
        """The directory as it is now, and nobody else's until the end of the block."""
        with self._threads, _translated(self._path):
            self._path.mkdir(parents=True, exist_ok=True)
            with self._lock:
                try:
                    opened = self._refreshed()
                    if changing:  # marked before, so that a crash meanwhile shows as a change
                        self._mark(opened.folder.name)
                    yield opened
                except BaseException:
                    self._forget()  # what it has in memory may differ from the disk
                    raise

    def _refreshed(self) -> _Opened:
        current = self._path / "current"
        says = current.read_text("utf-8") if current.exists() else ""
        if self._opened is None or says != self._seen or not says:
            self._forget()
            folder = self._path / says.split(" ")[0] if says else self._new_folder()
            self._opened = _Opened(folder, self._embedder_name)
            self._seen = says
            if not says:
                self._mark(folder.name)
        return self._opened

    def _new_folder(self) -> Path:
        folder = self._path / uuid.uuid4().hex
        folder.mkdir(parents=True)
        return folder

    def _mark(self, folder_name: str) -> None:
        says = f"{folder_name} {uuid.uuid4().hex}"
        draft = self._path / "current.new"
        draft.write_text(says, "utf-8")
        os.replace(draft, self._path / "current")
        self._seen = says

    def _forget(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()


class _Opened:
    """One Chroma directory, in use."""

    def __init__(self, folder: Path, embedder_name: str) -> None:
        import chromadb
        from chromadb.api.shared_system_client import SharedSystemClient
        from chromadb.config import Settings
        from llama_index.vector_stores.chroma import ChromaVectorStore

        settings = Settings(_env_file=None, anonymized_telemetry=False)
        self.folder = folder
        try:
            self._client: Any = chromadb.PersistentClient(folder, settings)
        except BaseException:
            SharedSystemClient._identifier_to_system.pop(str(folder), None)  # it keeps a broken one
            raise
        try:
            collection = self._collection(embedder_name)
            collection.get(limit=1, include=["embeddings"])  # fails when the vectors are gone
        except BaseException:
            self.close()
            raise
        self.store: ChromaVectorStore = ChromaVectorStore(chroma_collection=collection)

    def _collection(self, embedder_name: str) -> Any:
        from chromadb.errors import NotFoundError

        try:
            collection = self._client.get_collection("chunks", embedding_function=None)
        except NotFoundError:
            collection = self._client.create_collection(
                "chunks",
                metadata={"embedder": embedder_name},
                configuration={"hnsw": INDEX},
                embedding_function=None,
            )
        made_with = (collection.metadata or {}).get("embedder")
        if made_with != embedder_name:
            raise _other_embedder(f"{made_with}, not {embedder_name}")
        return collection

    def close(self) -> None:
        self._client.close()

    def add(self, chunks: Sequence[Chunk], vectors: Sequence[Sequence[float]]) -> None:
        from llama_index.core.schema import BaseNode, NodeRelationship, RelatedNodeInfo, TextNode

        # The store takes the `document_id` it can filter by from the source relationship.
        nodes: list[BaseNode] = [
            TextNode(
                id_=chunk.id,
                text="",
                embedding=list(vector),
                relationships={
                    NodeRelationship.SOURCE: RelatedNodeInfo(node_id=chunk.span.document_id)
                },
            )
            for chunk, vector in zip(chunks, vectors, strict=True)
        ]
        for some in _slices(nodes):
            self.store.add(some)

    def search(
        self, vector: Sequence[float], k: int, document_ids: list[str] | None
    ) -> list[tuple[str, float]]:
        from llama_index.core.vector_stores.types import VectorStoreQuery

        query = VectorStoreQuery(query_embedding=list(vector), similarity_top_k=k)
        where = None if document_ids is None else {"document_id": {"$in": document_ids}}
        found = self.store.query(query, where=where)
        # The store gives exp(-cosine distance).
        near = [max(-1.0, min(1.0, 1.0 + math.log(s))) for s in found.similarities or []]
        return list(zip(found.ids or [], near, strict=True))


def _slices(items: list[T]) -> list[list[T]]:
    return [items[start : start + BATCH_ROWS] for start in range(0, len(items), BATCH_ROWS)]


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Turns whatever Chroma, SQLite and the file system raise into an error with a remedy."""
    try:
        yield
    except LibraryError:
        raise
    except Exception as error:
        raise _meaning(path, error) from error


def _meaning(path: Path, error: Exception) -> LibraryError:
    from chromadb.errors import InvalidArgumentError

    where = f"The vectors at {_plain(path)}"
    if isinstance(error, Timeout):
        return LibraryBusy(f"{where} are held by another process.", "Try again when it is done.")
    if isinstance(error, InvalidArgumentError) and "dimension" in str(error):
        return _other_embedder("with another number of dimensions")
    if "disk is full" in str(error) or (isinstance(error, OSError) and error.errno == ENOSPC):
        return LibraryError(
            f"{where} cannot grow because the disk is full.",
            "Free some space and try again; what was indexed before is still there.",
        )
    if isinstance(error, OSError):
        return LibraryError(
            f"{where} cannot be read or written ({error.strerror}).",
            "Get write access there, or set FOOTNOTE_DATA_DIR to another directory.",
        )
    return LibraryError(
        f"{where} cannot be used ({_plain(error)}).",
        "Make them again with `footnote index --rebuild`.",
    )


def _other_embedder(how: str) -> EmbedderMismatch:
    return EmbedderMismatch(
        f"The vectors were made by another embedder ({_plain(how)}).",
        "Make them again with `footnote index --rebuild`.",
    )


def _plain(text: object) -> str:
    """Untrusted text without control characters, for a message."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(text))
