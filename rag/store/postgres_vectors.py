"""Store of the chunks' vectors in Postgres: a column of pgvector with an HNSW index.

The table is made with the first vector, because its type has the number of dimensions.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence

from rag.errors import EmbedderMismatch
from rag.store.chroma_directory import embedder_mismatch
from rag.store.postgres import PostgresDatabase
from rag.store.vector_index import VectorBatch
from rag.types import Chunk, Span

BATCH_ROWS = 1000
MAX_EXACT = 20_000  # vectors of a filter that are all compared: some 20 ms
MAX_INDEXED_DIMENSIONS = 2000  # of pgvector's HNSW; longer vectors are all compared
SPARE_ROWS = 16  # fetched beyond k, so that equal similarities are cut off by id
_TABLE = """
CREATE TABLE {name} (
    chunk_id TEXT COLLATE "C" PRIMARY KEY,
    document_id TEXT COLLATE "C" NOT NULL,
    embedding vector({dimensions}) NOT NULL
)
"""
_NEAREST = (
    "CREATE INDEX ON {name} USING hnsw (embedding vector_cosine_ops)"
    " WITH (m = 32, ef_construction = 200)"
)


class PostgresVectors:
    """The vectors of all chunks, in the database of the library: what is changed in a transaction
    of that is a part of it. Safe to share among threads.

    Every call raises `EmbedderMismatch` when the vectors were made with another embedder, and
    `LibraryError` when the database cannot be used.
    """

    def __init__(self, database: PostgresDatabase, embedder_name: str) -> None:
        self._database = database
        self._query = database.rows
        self._embedder_name = embedder_name
        self.max_exact = MAX_EXACT

    def close(self) -> None:
        """Nothing: the library closes the database."""

    def add(self, chunks: Sequence[Chunk], vectors: Sequence[Sequence[float]]) -> None:
        """Store one vector for each chunk. A chunk that has one already keeps it."""
        if not chunks:
            return
        with self._database.transaction():
            dimensions = self._dimensions()
            if dimensions is None:
                dimensions = self._make_table(len(vectors[0]))
            self._insert("vectors", chunks, vectors, dimensions)

    def delete(self, chunk_ids: Iterable[str]) -> None:
        """Delete the vectors of these chunks; unknown ids are ignored."""
        ids = list(chunk_ids)
        if ids and self._dimensions() is not None:
            only = self._database.values_of
            self._query(f"DELETE FROM vectors WHERE chunk_id IN ({only})", json.dumps(ids))  # noqa: S608

    def delete_all_but(self, chunk_ids: set[str]) -> None:
        """Delete the vectors of all other chunks."""
        self.delete(self.ids() - chunk_ids)

    def write_index(self) -> None:
        """Nothing: the index is always written."""

    def write_anew(self) -> None:
        """Nothing: Postgres clears what was deleted by itself (autovacuum)."""

    def ids(self) -> set[str]:
        """The ids of all chunks that have a vector."""
        if self._dimensions() is None:
            return set()
        return {id for (id,) in self._query("SELECT chunk_id FROM vectors")}

    def batches(self) -> Iterator[VectorBatch]:
        """All vectors, each with its chunk, of which only the ids are known."""
        last = ""
        while self._dimensions() is not None:
            rows = self._query(
                "SELECT chunk_id, document_id, CAST(embedding AS text) FROM vectors"
                " WHERE chunk_id > ? ORDER BY chunk_id LIMIT ?",
                *(last, BATCH_ROWS),
            )
            if not rows:
                return
            last = rows[-1][0]
            chunks = [Chunk(id, Span(document, 0, 1)) for id, document, _ in rows]
            yield chunks, [json.loads(vector) for *_, vector in rows]

    def search(
        self, vector: Sequence[float], k: int, document_ids: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        """The `k` nearest chunks (fewer where fewer exist) as id and cosine similarity, -1..1,
        best first, ties by id. `document_ids` restricts the search to those documents."""
        dimensions = self._dimensions()
        if dimensions is None or k < 1:
            return []
        _check_length(vector, dimensions)
        rows = self._nearest(json.dumps(list(vector)), k + SPARE_ROWS, document_ids)
        found = [(id, max(-1.0, min(1.0, 1.0 - distance))) for id, distance in rows]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:k]

    def rebuild(self, embedder_name: str, batches: Iterable[VectorBatch]) -> None:
        """Replace all vectors by `batches`, made with the embedder of that name.

        All of it is one transaction: until its end, the old vectors stay in use.
        """
        with self._database.transaction():
            self._database.without_timeout()
            dimensions: int | None = None
            for chunks, vectors in batches:
                if chunks and dimensions is None:
                    dimensions = len(vectors[0])
                    self._query(_TABLE.format(name="new_vectors", dimensions=dimensions))
                if dimensions is not None:
                    self._insert("new_vectors", chunks, vectors, dimensions)
            if dimensions is not None:
                self._make_indexes("new_vectors", dimensions)
            self._query("DROP TABLE IF EXISTS vectors")  # from here on, searches wait
            self._query("DELETE FROM vector_format")
            self._query("INSERT INTO vector_format VALUES (?, ?)", embedder_name, dimensions)
            if dimensions is not None:
                self._query("ALTER TABLE new_vectors RENAME TO vectors")
        self._embedder_name = embedder_name

    def _dimensions(self) -> int | None:
        """The number of dimensions; None where there are no vectors yet."""
        rows = self._query("SELECT embedder, dimensions FROM vector_format")
        if rows and rows[0][0] != self._embedder_name:
            raise embedder_mismatch(f"{rows[0][0]}, not {self._embedder_name}")
        return rows[0][1] if rows else None

    def _make_table(self, dimensions: int) -> int:
        """The table for vectors of so many dimensions; another process may be first."""
        self._query("SELECT pg_advisory_xact_lock(hashtext('footnote'), 1)")
        found = self._dimensions()
        if found is not None:
            return found
        self._query(_TABLE.format(name="vectors", dimensions=dimensions))
        self._make_indexes("vectors", dimensions)
        self._query("DELETE FROM vector_format")
        self._query("INSERT INTO vector_format VALUES (?, ?)", self._embedder_name, dimensions)
        return dimensions

    def _make_indexes(self, table: str, dimensions: int) -> None:
        self._query(f"CREATE INDEX ON {table} (document_id)")
        if dimensions <= MAX_INDEXED_DIMENSIONS:
            self._query(_NEAREST.format(name=table))

    def _insert(
        self,
        table: str,
        chunks: Sequence[Chunk],
        vectors: Sequence[Sequence[float]],
        dimensions: int,
    ) -> None:
        for vector in vectors:
            _check_length(vector, dimensions)
        self._database.many(
            f"INSERT INTO {table} VALUES (?, ?, CAST(? AS vector)) ON CONFLICT DO NOTHING",  # noqa: S608
            [
                (chunk.id, chunk.span.document_id, json.dumps(list(vector)))
                for chunk, vector in zip(chunks, vectors, strict=True)
            ],
        )

    def _nearest(
        self, vector: str, most: int, document_ids: Collection[str] | None
    ) -> list[tuple[str, float]]:
        distance = "embedding <=> CAST(?1 AS vector) AS distance"
        nearest = "ORDER BY distance LIMIT ?2"
        if document_ids is None:
            rows = self._query(f"SELECT chunk_id, {distance} FROM vectors {nearest}", vector, most)  # noqa: S608
            return [(id, found) for id, found in rows]
        given = json.dumps(list(document_ids))
        only = "document_id = ANY(ARRAY(SELECT json_array_elements_text(?3)))"
        # Few are all compared; of many, the index is searched until there are enough.
        kept = f"vectors WHERE {only}"
        if self._count(given) <= self.max_exact:
            kept = f"(SELECT * FROM {kept} OFFSET 0) AS few"  # noqa: S608
        sql = f"SELECT chunk_id, {distance} FROM {kept} {nearest}"  # noqa: S608
        return [(id, found) for id, found in self._query(sql, vector, most, given)]

    def _count(self, document_ids: str) -> int:
        """The vectors of these documents, counted until they are more than are all compared."""
        ((count,),) = self._query(
            "SELECT count(*) FROM (SELECT 1 FROM vectors WHERE document_id ="
            " ANY(ARRAY(SELECT json_array_elements_text(?))) LIMIT ?) AS few",
            *(document_ids, self.max_exact + 1),
        )
        return int(count)


def _check_length(vector: Sequence[float], dimensions: int) -> None:
    if len(vector) != dimensions:
        raise _other_dimensions()


def _other_dimensions() -> EmbedderMismatch:
    return embedder_mismatch("with another number of dimensions")
