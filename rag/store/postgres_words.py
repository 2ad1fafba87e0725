"""The full-text index of a library in Postgres: the words of each chunk, with their places.

Postgres ranks by what is near (ts_rank_cd), which put other chunks first than BM25 does
(docs/evaluation.md, "Postgres"). So BM25 is computed here as FTS5 does it, from the same words, and
the rankings of both stores are the same.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property

from rag.store.database import Database
from rag.store.fts5 import words_at
from rag.store.fts5_tokens import Fts5Tokenizer, Places
from rag.store.full_text import query_terms, searchable
from rag.types import Chunk, Hit, Span

TITLE = -1_000_000_000  # a place in a title is stored from here on, so that no phrase crosses over
LAST = chr(0x10FFFF)
# The formula and its constants (k1 = 1.2, b = 0.75) are those of FTS5's bm25(). Scores are added in
# units of 1e-12: integers have the same sum in any order, and equal chunks equal scores.
_SEARCH = """
WITH hits (term, chunk, title, body, length) AS MATERIALIZED ({hits}),
total AS (
    SELECT chunks, CAST(0.9 AS DOUBLE PRECISION) * chunks / nullif(words, 0) AS slope
    FROM text_totals
),
weights AS (
    SELECT term, greatest(ln(
        CAST(chunks - count(*) + 0.5 AS DOUBLE PRECISION)
        / CAST(count(*) + 0.5 AS DOUBLE PRECISION)
    ), 1e-6) AS weight
    FROM hits CROSS JOIN total GROUP BY term, chunks
),
frequencies AS (
    SELECT term, chunk, CAST(?1 AS DOUBLE PRECISION) * title + body AS often,
        CAST(0.3 AS DOUBLE PRECISION) + slope * length AS long
    FROM hits CROSS JOIN total
    {only}
),
best AS (
    SELECT chunk,
        CAST(sum(CAST(2.2e12 * weight * often / (often + long) AS BIGINT)) AS BIGINT) AS score
    FROM frequencies JOIN weights USING (term) GROUP BY chunk
    ORDER BY score DESC FETCH FIRST ?2 ROWS WITH TIES
)
SELECT id, document_id, start, "end", CAST(score / 1e12 AS DOUBLE PRECISION)
FROM best JOIN chunks ON row = chunk
ORDER BY score DESC, id LIMIT ?2
"""
# As a condition of its own, so that the chunks of the documents are looked up once and hashed. As
# a join, Postgres expects few hits and goes through all the documents for each: 13 s in place of
# 0.1 s for 14,000 hits and 2,000 documents.
_ONLY = "WHERE (chunk IN (SELECT row FROM chunks WHERE document_id IN ({values_of}))) IS TRUE"


class PostgresWordIndex:
    """The words of all chunks of one library. Every method raises `LibraryError`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._query = database.rows

    @cached_property
    def _tokenizer(self) -> Fts5Tokenizer:
        return Fts5Tokenizer()

    def add(self, title: str, text: str, chunks: Sequence[tuple[int, Span]]) -> None:
        """Add the chunks of a document, each with its row."""
        rows = self._rows(title, text, chunks)
        columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * 6
        self._query(
            "INSERT INTO words SELECT term, chunk, title, body, length, CAST(places AS integer[])"
            " FROM unnest(CAST(? AS text[]), CAST(? AS bigint[]), CAST(? AS integer[]),"
            " CAST(? AS integer[]), CAST(? AS integer[]), CAST(? AS text[]))"
            " AS given (term, chunk, title, body, length, places)",
            *columns,
        )
        self._count(len(chunks), sum(title + body for _, _, title, body, *_ in rows))

    def remove(self, title: str, text: str, chunks: Sequence[tuple[int, Span]]) -> None:
        """Remove the chunks of a document."""
        removed = self._query(
            "DELETE FROM words WHERE chunk = ANY(?) RETURNING title + body",
            [row for row, _ in chunks],
        )
        self._count(-len(chunks), -sum(words for (words,) in removed))

    def search(
        self, query: str, k: int, document_ids: Collection[str] | None, title_weight: float
    ) -> list[Hit]:
        """The `k` best chunks by BM25, ties by chunk id."""
        values: list[object] = [title_weight, k]
        hits = self._hits(query, values)
        if not hits or k < 1:
            return []
        only = ""
        if document_ids is not None:
            values.append(json.dumps(list(document_ids)))
            only = _ONLY.format(values_of=self._database.values_of.replace("?", f"?{len(values)}"))
        rows = self._query(_SEARCH.format(hits=hits, only=only), *values)
        return [Hit(Chunk(id, Span(*span)), score, "lexical") for id, *span, score in rows]

    def has_word(self, word: str) -> bool:
        """True when a chunk holds `word` or another form of it."""
        values: list[object] = []
        hits = self._hits(word, values)
        return bool(hits) and bool(self._query(f"SELECT 1 FROM ({hits}) AS hits LIMIT 1", *values))  # noqa: S608

    def stems_with_prefix(
        self, prefix: str, min_chars: int, max_chars: int
    ) -> list[tuple[str, int]]:
        """Stems that begin with `prefix`, each with how often it occurs."""
        rows = self._query(
            "SELECT term, sum(title + body) FROM words WHERE term >= ? AND term < ?"
            " AND length(term) BETWEEN ? AND ? GROUP BY term ORDER BY term",
            *(prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1), min_chars, max_chars),
        )
        return [(term, int(count)) for term, count in rows]

    def spellings_of_stem(self, stem: str, max_places: int) -> list[str]:
        """The words as written at the first `max_places` places of a stem."""
        rows = self._query(
            'SELECT documents.title, documents.text, start, "end", words.places'
            " FROM words JOIN chunks ON row = chunk JOIN documents ON documents.id = document_id"
            " WHERE term = ? ORDER BY chunk LIMIT ?",
            *(stem, max_places),
        )
        found = []
        for title, text, start, end, places in rows:
            body = searchable(text[start:end])
            found += [
                (searchable(title), at - TITLE) if at < 0 else (body, at) for at in sorted(places)
            ]
        return words_at(found[:max_places])

    def erase_deleted(self) -> None:
        """Nothing: Postgres clears what was deleted by itself (autovacuum)."""

    def is_whole(self) -> bool:
        """True where it has the words of all chunks, and no others."""
        chunks, words = 0, 0
        for title, text, rows in self._documents():
            made = sorted(self._rows(title, text, rows))
            stored = self._query(
                "SELECT term, chunk, title, body, length, CAST(places AS text) FROM words"
                " WHERE chunk = ANY(?)",
                [row for row, _ in rows],
            )
            if sorted(stored) != made:
                return False
            chunks += len(rows)
            words += sum(title + body for _, _, title, body, *_ in made)
        counted = self._query(
            "SELECT chunks, words FROM text_totals"
            " WHERE NOT EXISTS (SELECT 1 FROM words WHERE chunk NOT IN (SELECT row FROM chunks))"
        )
        return counted == [(chunks, words)]

    def rebuild(self) -> None:
        """Make it anew, of the stored texts."""
        with self._database.transaction():
            self._query("DELETE FROM words")
            self._query("UPDATE text_totals SET chunks = 0, words = 0")
            for title, text, rows in self._documents():
                self.add(title, text, rows)

    def _documents(self) -> list[tuple[str, str, list[tuple[int, Span]]]]:
        found = []
        for (id,) in self._query("SELECT id FROM documents ORDER BY id"):
            rows = self._query('SELECT row, start, "end" FROM chunks WHERE document_id = ?', id)
            ((title, text),) = self._query("SELECT title, text FROM documents WHERE id = ?", id)
            found.append((title, text, [(row, Span(id, *span)) for row, *span in rows]))
        return found

    def _rows(
        self, title: str, text: str, chunks: Sequence[tuple[int, Span]]
    ) -> list[tuple[str, int, int, int, int, str]]:
        """The rows of `words` for the chunks of a document."""
        heading = searchable(title)
        texts = [(heading, searchable(text[span.start : span.end])) for _, span in chunks]
        return [
            row
            for (number, _), words in zip(chunks, self._tokenizer.index(texts), strict=True)
            for row in _rows_of_chunk(number, words)
        ]

    def _count(self, chunks: int, words: int) -> None:
        self._query("UPDATE text_totals SET chunks = chunks + ?, words = words + ?", chunks, words)

    def _hits(self, query: str, values: list[object]) -> str:
        """SQL of each term of a query with the chunks that have it; its values are added to
        `values`. Empty where the query has no words."""
        terms = query_terms(query.encode(errors="replace").decode())
        words = self._tokenizer.words([term.text for term in terms])
        return " UNION ALL ".join(
            _hits_of_term(number, found, term.is_prefix, values)
            for number, (term, found) in enumerate(zip(terms, words, strict=True))
            if found
        )


def _rows_of_chunk(
    number: int, words: Mapping[str, Places]
) -> list[tuple[str, int, int, int, int, str]]:
    length = sum(len(each.title) + len(each.body) for each in words.values())
    rows = []
    for word, each in words.items():
        places = [*(TITLE + at for at in each.title), *each.body]
        written = f"{{{','.join(map(str, places))}}}"
        rows.append((word, number, len(each.title), len(each.body), length, written))
    return rows


def _hits_of_term(number: int, words: Sequence[str], is_prefix: bool, values: list[object]) -> str:
    """The chunks that have `words` side by side; the last of a prefix may go on."""
    conditions = []
    for at, word in enumerate(words):
        values.append(word)
        if is_prefix and at == len(words) - 1:
            values.append(word + LAST)
            conditions.append(f"w{at}.term >= ?{len(values) - 1} AND w{at}.term < ?{len(values)}")
        else:
            conditions.append(f"w{at}.term = ?{len(values)}")
    if len(words) == 1:
        return (
            f"SELECT {number}, chunk, sum(title), sum(body), length"  # noqa: S608
            f" FROM words AS w0 WHERE {conditions[0]} GROUP BY chunk, length"
            if is_prefix
            else f"SELECT {number}, chunk, title, body, length FROM words AS w0"  # noqa: S608
            f" WHERE {conditions[0]}"
        )
    joined = "".join(
        f" JOIN words AS w{at} ON w{at}.chunk = w0.chunk AND place + {at} = ANY(w{at}.places)"
        for at in range(1, len(words))
    )
    return (
        f"SELECT {number}, w0.chunk, count(*) FILTER (WHERE place < 0),"  # noqa: S608
        " count(*) FILTER (WHERE place >= 0), w0.length"
        f" FROM words AS w0 CROSS JOIN unnest(w0.places) AS place{joined}"
        f" WHERE {' AND '.join(conditions)} GROUP BY w0.chunk, w0.length"
    )
