"""Which chunks may hold the answer?

Dense (MiniLM, Chroma) and lexical (FTS5) searches, fused by a convex combination of their scores,
which keeps how much better one chunk is than the next; ranks alone forget it (Bruch, Gai and
Ingber 2023, "An Analysis of Fusion Functions for Hybrid Retrieval"). Ties are broken by chunk id,
so a run repeats exactly. A chunk that repeats another word for word, and what one document has
beyond its share, make room for others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from rag.errors import LibraryError
from rag.events import Retrieved
from rag.query.time_range import time_range_of
from rag.store.documents import Library
from rag.store.vector_index import VectorIndex
from rag.text.dates import TimeRange, parse_day
from rag.text.fingerprint import fingerprint
from rag.thresholds import RETRIEVAL
from rag.types import Embedder, Hit


@dataclass(frozen=True, slots=True)
class Retriever:
    """Searches one library by its words and by its vectors."""

    library: Library
    vectors: VectorIndex
    embedder: Embedder

    def retrieve(
        self,
        query: str,
        k: int,
        document_ids: Collection[str] | None = None,
        asked_on: date | None = None,
    ) -> Retrieved:
        """At most `k` hits, best first, from the documents named (from all where none is), no two
        of them the same text; the first `k` of both rankings that they were fused from; and the
        copies of the hits.

        Articles of the time that the query speaks of come a little sooner, and newer ones where it
        speaks of none; "this week" is that of `asked_on`, or else of the newest article. Vectors
        that the library does not know are ignored. Raises `LibraryError`, `ModelError`.
        """
        depth = max(k, RETRIEVAL.depth)
        dense = self.dense(query, depth, document_ids)
        lexical = self.library.search(query, depth, document_ids)
        fused, days = self._dated(query, fuse_scores(dense, lexical), asked_on)
        different, copies = self._told_apart(fused, 2 * k)
        hits = limit_per_document(different, k)
        kept = {hit.chunk.id for hit in hits}
        duplicates = tuple(copy for copy, of in copies if of.chunk.id in kept)
        return Retrieved(hits, tuple(dense[:k]), tuple(lexical[:k]), duplicates, days)

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

    def _dated(
        self, query: str, fused: tuple[Hit, ...], asked_on: date | None
    ) -> tuple[tuple[Hit, ...], TimeRange | None]:
        """The hits, those of the days that the query speaks of moved up, and of a query that
        speaks of none the newer ones; and these days. Nothing is left out: articles also tell of
        other days than their own."""
        today = asked_on or parse_day(self.library.newest_published())
        if not today:
            return fused, None
        days = time_range_of(query, today)
        published = self.library.published({_document(hit) for hit in fused})
        scored = (
            replace(hit, score=hit.score + _worth(published.get(_document(hit)), days, today))
            for hit in fused
        )
        return sort_hits(scored), days

    def _told_apart(
        self, fused: Sequence[Hit], read: int
    ) -> tuple[list[Hit], list[tuple[Hit, Hit]]]:
        """Without those that repeat an earlier hit of another document; and these, each with what
        it repeats. Only the first `read` are read: copies rank alike."""
        reading = sorted(fused[:read], key=lambda hit: hit.chunk.span)  # a document at a time
        texts = self.library.texts([hit.chunk.span for hit in reading])
        said = {hit.chunk.id: fingerprint(text) for hit, text in zip(reading, texts, strict=True)}
        first: dict[str, Hit] = {}
        different, copies = list[Hit](), list[tuple[Hit, Hit]]()
        for hit in fused:
            words = said.get(hit.chunk.id)
            of = first.setdefault(words, hit) if words else hit
            if of.chunk.span.document_id == hit.chunk.span.document_id:
                different.append(hit)
            else:
                copies.append((hit, of))
        return different, copies


def fuse_scores(dense: Sequence[Hit], lexical: Sequence[Hit]) -> tuple[Hit, ...]:
    """One ranking from two, with scores of about 0..1: 0.7 of the cosine similarity and 0.3 of the
    BM25 score, in parts of the best one. What a search did not find scores as its last there, and
    nothing where it found less than the other, and so all that it could."""
    best = max((hit.score for hit in lexical), default=1.0)
    meant = {hit.chunk.id: hit.score for hit in dense}
    worded = {hit.chunk.id: hit.score / best for hit in lexical}
    least_meant = min(meant.values(), default=0.0)
    least_worded = min(worded.values(), default=0.0) if len(worded) >= len(meant) else 0.0
    chunks = {hit.chunk.id: hit.chunk for hit in (*dense, *lexical)}
    scores = {
        id: RETRIEVAL.dense_weight * meant.get(id, least_meant)
        + (1 - RETRIEVAL.dense_weight) * worded.get(id, least_worded)
        for id in chunks
    }
    return sort_hits(Hit(chunks[id], scores[id], "fused") for id in chunks)


def _worth(published: str | None, days: TimeRange | None, today: date) -> float:
    """What an article's date adds to the score of its text."""
    day = parse_day(published)
    if day is None:
        return 0.0
    if days is None:
        return -RETRIEVAL.age_malus * min(max((today - day).days, 0) / RETRIEVAL.year_days, 1.0)
    return RETRIEVAL.timely_bonus * (day in days) - RETRIEVAL.timely_bonus * days.outdated(
        published
    )


def _document(hit: Hit) -> str:
    return hit.chunk.span.document_id


def sort_hits(hits: Iterable[Hit]) -> tuple[Hit, ...]:
    """Best first, ties by the id of the chunk."""
    return tuple(sorted(hits, key=lambda hit: (-hit.score, hit.chunk.id)))


def limit_per_document(ranking: Sequence[Hit], k: int) -> tuple[Hit, ...]:
    """The `k` best, but of one document no more than five while others have hits. Their order
    stays."""
    taken: Counter[str] = Counter()
    within, beyond = list[int](), list[int]()
    for place, hit in enumerate(ranking):
        document = hit.chunk.span.document_id
        (within if taken[document] < RETRIEVAL.max_per_document else beyond).append(place)
        taken[document] += 1
    return tuple(ranking[place] for place in sorted([*within, *beyond][:k]))
