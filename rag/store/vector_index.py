"""What the program needs of a store of vectors; `vectors` (Chroma) and `postgres_vectors` are the
two."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Protocol

from rag.types import Chunk

VectorBatch = tuple[Sequence[Chunk], Sequence[Sequence[float]]]


class ChunkRecords(Protocol):
    """What a store of vectors needs to know of the chunks; `Library` knows it."""

    def count_documents(self) -> int: ...

    def count_chunks(self) -> int: ...

    def chunk_ids(self, document_ids: Collection[str] | None = None) -> set[str]:
        """The ids of the chunks of these documents; of all where none are given."""

    def chunks_by_id(self, ids: Iterable[str]) -> dict[str, Chunk]:
        """Chunks by their id, for those of `ids` that exist."""


class VectorIndex(Protocol):
    """The vectors of all chunks. Safe to share among threads."""

    def close(self) -> None:
        """Close it; the next call opens it again."""

    def add(self, chunks: Sequence[Chunk], vectors: Sequence[Sequence[float]]) -> None:
        """Store one vector for each chunk. A chunk that has one already keeps it."""

    def delete(self, chunk_ids: Iterable[str]) -> None:
        """Delete the vectors of these chunks; unknown ids are ignored."""

    def delete_all_but(self, chunk_ids: set[str]) -> None:
        """Delete the vectors of all other chunks."""

    def write_index(self) -> None:
        """Call it when a run of changes is done."""

    def write_anew(self) -> None:
        """As `write_index`, so that nothing of what was deleted is left."""

    def ids(self) -> set[str]:
        """The ids of all chunks that have a vector."""

    def batches(self) -> Iterator[VectorBatch]:
        """All vectors, each with its chunk, of which only the ids are known."""

    def search(
        self, vector: Sequence[float], k: int, document_ids: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        """The `k` nearest chunks (fewer where fewer exist) as id and cosine similarity, -1..1,
        best first, ties by id. `document_ids` restricts the search to those documents."""

    def rebuild(self, embedder_name: str, batches: Iterable[VectorBatch]) -> None:
        """Replace all vectors by `batches`, made with the embedder of that name. Until the last
        batch is stored the old vectors stay in use, also after a crash."""
