"""One open Chroma directory, used through LlamaIndex's `ChromaVectorStore`."""

from __future__ import annotations

import os
import shutil
import struct
import warnings
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from rag.errors import EmbedderMismatch
from rag.types import Chunk, Span

MAX_BATCH_ROWS = 5000  # Chroma takes 5,461 in one call, SQLite 32,766 values in one filter
NEVER = 10**9  # changes
INDEX_CONFIGURATION = {
    "space": "cosine",
    "max_neighbors": 32,
    "ef_construction": 200,
}
# How many vectors a search keeps at hand. Of 100,000 chunks, 200 found 98.5 % [97.7, 99.2] of the
# ten nearest (once 97.0 %), 300 99.2 % in 0.4 ms more; of 1,000,000, 300 found 87.9 %, 2,000 98.5 %
# in 4.4 ms more. Set whenever a directory is opened, by what is in it, for the next opening.
LEAST_SEARCHED, CHUNKS_FOR_ONE_MORE = 300, 500


class ChromaDirectory:
    """One open Chroma directory, whose vectors the embedder `embedder_name` made.

    Chroma logs each change in SQLite, safely, and after `write_after` changes (from 2) it
    overwrites its index files, which a crash in that moment ruins. By default it never does:
    opening the directory then applies all logged changes again, in memory. Raises whatever Chroma
    does, `ValueError` for files that would crash it, and `EmbedderMismatch`.
    """

    def __init__(self, folder: Path, embedder_name: str, write_after: int = NEVER) -> None:
        import chromadb
        from chromadb.api.shared_system_client import SharedSystemClient
        from chromadb.config import Settings
        from llama_index.vector_stores.chroma import ChromaVectorStore

        _remove_unwritten(folder)
        _check_files(folder)
        settings = Settings(_env_file=None, anonymized_telemetry=False)
        self.folder = folder
        try:
            self._client: Any = chromadb.PersistentClient(folder, settings)
        except BaseException:
            SharedSystemClient._identifier_to_system.pop(
                str(folder), None
            )  # it caches a broken one
            raise
        try:
            collection = self._collection(embedder_name)
            with warnings.catch_warnings():  # about the embedding function, which is ours
                warnings.simplefilter("ignore", DeprecationWarning)
                # Before the first call that loads the index: it goes by what was set when it is
                # loaded, and writes then.
                collection.modify(configuration={"hnsw": {"sync_threshold": write_after}})
                searched = max(LEAST_SEARCHED, collection.count() // CHUNKS_FOR_ONE_MORE)
                collection.modify(configuration={"hnsw": {"ef_search": searched}})
            collection.get(limit=1, include=["embeddings"])  # fails when the vectors are missing
        except BaseException:
            self.close()
            raise
        self._store = ChromaVectorStore(chroma_collection=collection)

    def _collection(self, embedder_name: str) -> Any:
        from chromadb.errors import NotFoundError

        try:
            collection = self._client.get_collection("chunks", embedding_function=None)
        except NotFoundError:
            collection = self._client.create_collection(
                "chunks",
                metadata={"embedder": embedder_name},
                configuration={"hnsw": INDEX_CONFIGURATION},
                embedding_function=None,
            )
        made_with = (collection.metadata or {}).get("embedder")
        if made_with != embedder_name:
            raise embedder_mismatch(f"{made_with}, not {embedder_name}")
        return collection

    def close(self) -> None:
        self._client.close()

    def add(self, chunks: Sequence[Chunk], vectors: Sequence[Sequence[float]]) -> None:
        from llama_index.core.schema import BaseNode, NodeRelationship, RelatedNodeInfo, TextNode

        # The store reads the `document_id` that it filters by from the source relationship.
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
        for batch in _batches(nodes):
            self._store.add(batch)

    def delete(self, chunk_ids: list[str]) -> None:
        for batch in _batches(chunk_ids):
            self._store.delete_nodes(batch)

    def count(self) -> int:
        """The number of vectors."""
        return int(self._store.client.count())

    def ids(self) -> set[str]:
        return set(self._store.client.get(include=[])["ids"])

    def batches(self) -> Iterator[tuple[list[Chunk], list[list[float]]]]:
        """All vectors, each with its chunk, of which only the ids are known."""
        for ids in _batches(sorted(self.ids())):
            found = self._store.client.get(ids, include=["embeddings", "metadatas"])
            documents = [str(each["document_id"]) for each in found["metadatas"]]
            chunks = [
                Chunk(id, Span(document, 0, 1))
                for id, document in zip(found["ids"], documents, strict=True)
            ]
            yield chunks, [list(map(float, each)) for each in found["embeddings"]]

    def nearest(self, vector: Sequence[float], k: int) -> list[tuple[str, float]]:
        """The `k` nearest chunks as id and cosine similarity, best first."""
        return self._nearest(vector, k, None)

    def nearest_in(
        self, vector: Sequence[float], k: int, document_ids: Collection[str]
    ) -> list[tuple[str, float]]:
        """The `k` nearest chunks of each 5,000 of these documents, best first within each. Chroma
        looks through the documents of all chunks for it."""
        batches = _batches(sorted(set(document_ids)))
        filters = ({"document_id": {"$in": ids}} for ids in batches)
        return [near for where in filters for near in self._nearest(vector, k, where)]

    def compare(
        self, vector: Sequence[float], chunk_ids: Collection[str]
    ) -> list[tuple[str, float]]:
        """Each of these chunks that has a vector, with its cosine similarity, in no order."""
        import numpy as np

        found = list[tuple[str, float]]()
        for ids in _batches(list(chunk_ids)):
            stored = self._store.client.get(ids, include=["embeddings"])
            if not stored["ids"]:
                continue
            rows, given = np.array(stored["embeddings"]), np.array(vector)
            if rows.shape[1:] != given.shape:
                raise embedder_mismatch("with another number of dimensions")
            # Not a product of matrices, in which equal rows may differ in the last digit.
            lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(given)
            cosines = np.clip((rows * given).sum(axis=1) / lengths, -1.0, 1.0)
            found += zip(stored["ids"], cosines.tolist(), strict=True)
        return found

    def _nearest(
        self, vector: Sequence[float], k: int, where: dict[str, Any] | None
    ) -> list[tuple[str, float]]:
        # Not by the store's own query: it makes a node of each, of which all but the id is lost.
        found = self._store.client.query(
            [list(vector)], n_results=k, where=where, include=["distances"]
        )
        cosines = [max(-1.0, min(1.0, 1.0 - distance)) for distance in found["distances"][0]]
        return list(zip(found["ids"][0], cosines, strict=True))


def embedder_mismatch(how: str) -> EmbedderMismatch:
    """The error for vectors of another embedder; `how` says in what they differ."""
    return EmbedderMismatch(
        f"The vectors were made by another embedder ({how}).",
        "Make them again with `footnote index --rebuild`.",
    )


def _remove_unwritten(folder: Path) -> None:
    """Remove index files that were made and never written: Chroma writes an empty header when it
    opens them, which a kill may leave half. All that belongs in them is still in its log."""
    for header in folder.glob("*/header.bin"):
        if not header.with_name("index_metadata.pickle").exists():
            shutil.rmtree(header.parent)


def _check_files(folder: Path) -> None:
    """Raises `ValueError` when the index is shorter than its header says: Chroma's native code
    would read beyond the end."""
    for header in folder.glob("*/header.bin"):
        version, sizes = _stated_sizes(header)
        for name, size in sizes.items():
            file = header.with_name(name)
            if version != 1 or not file.exists() or file.stat().st_size < size:
                raise ValueError(f"{name} is not whole")


def clear_unused(folder: Path) -> None:
    """Overwrite what index files hold beyond their last vector: Chroma writes there whatever was in
    memory, which may be of a vector that was deleted. The directory must not be open."""
    for header in folder.glob("*/header.bin"):
        for name, size in _stated_sizes(header)[1].items():
            file = header.with_name(name)
            if size:
                whole = file.stat().st_size
                os.truncate(file, size)
                os.truncate(file, whole)  # reads as zeros


def _stated_sizes(header: Path) -> tuple[int, dict[str, int]]:
    """The version of an index, and the bytes that its files hold at least. A header holds: version,
    offset, capacity, number of elements, bytes of an element."""
    begin = header.read_bytes()[:36].ljust(36, b"\0")
    version, _, _, elements, element_bytes = struct.unpack("<i4Q", begin)
    sizes = {
        "data_level0.bin": elements * element_bytes,
        "length.bin": elements * 4,
        "link_lists.bin": 0,
    }
    return version, sizes


def _batches(items: list[Any]) -> list[list[Any]]:
    return [items[start : start + MAX_BATCH_ROWS] for start in range(0, len(items), MAX_BATCH_ROWS)]
