"""Which chunks may hold the answer?

Dense (MiniLM, Chroma) and lexical (FTS5) searches, fused by reciprocal rank (Cormack, Clarke and
Büttcher 2009). Ties are broken by chunk id, so a run repeats exactly.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from rag.errors import LibraryError
from rag.events import Retrieved
from rag.library import Library
from rag.types import Embedder, Hit
from rag.vectors import Vectors

RANK_CONSTANT = 60  # of the formula: how gently the weight of a rank falls


@dataclass(frozen=True, slots=True)
class Retriever:
    """Searches one library by its words and by its vectors."""

    library: Library
    vectors: Vectors
    embedder: Embedder

    def retrieve(
        self, query: str, k: int, document_ids: Collection[str] | None = None
    ) -> Retrieved:
        """At most `k` hits, best first, from the documents named (from all where none is), and
        the two rankings that they were fused from, of `k` each.

        Vectors that the library does not know are ignored. Raises `LibraryError`, `ModelError`.
        """
        dense = self.dense(query, k, document_ids)
        lexical = self.library.search(query, k, document_ids)
        return Retrieved(fuse(dense, lexical)[:k], tuple(dense), tuple(lexical))

    def dense(self, query: str, k: int, document_ids: Collection[str] | None = None) -> list[Hit]:
        """The `k` nearest chunks by cosine similarity."""
        near = self.vectors.search(self.embedder.embed([query])[0], k, document_ids)
        if not near and self.library.count_chunks() and document_ids is None:
            raise LibraryError(
                "The vectors of the index are missing.",
                "Make them again from the stored texts: `footnote index --rebuild`.",
            )
        chunks = self.library.chunks_by_id(id for id, _ in near)
        return [Hit(chunks[id], score, "dense") for id, score in near if id in chunks]


def fuse(*rankings: list[Hit]) -> tuple[Hit, ...]:
    """One ranking from several: a chunk scores the sum of 1 / (60 + its rank) in each."""
    scores: dict[str, float] = {}
    chunks = {hit.chunk.id: hit.chunk for ranking in rankings for hit in ranking}
    for ranking in rankings:
        for rank, hit in enumerate(ranking, start=1):
            scores[hit.chunk.id] = scores.get(hit.chunk.id, 0.0) + 1 / (RANK_CONSTANT + rank)
    order = sorted(scores, key=lambda id: (-scores[id], id))
    return tuple(Hit(chunks[id], scores[id], "fused") for id in order)
