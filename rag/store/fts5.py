"""The full-text index of a library file: SQLite's FTS5."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence

from rag.errors import LibraryError
from rag.store.database import Database
from rag.store.full_text import query_terms, searchable
from rag.types import Chunk, Hit, Span

MAX_TIES = 100
# Only the best rows are looked up in `chunks`. "+" has FTS5 look for the words and not, once for
# each row of the documents, for the words in that row.
_SEARCH = """
SELECT id, document_id, start, end, score FROM (
    SELECT rowid AS found, -bm25(words, ?1, 1.0) AS score FROM words
    WHERE words MATCH ?2 AND (?3 IS NULL OR +rowid IN (
        SELECT row FROM chunks WHERE document_id IN (SELECT value FROM json_each(?3))
    ))
    ORDER BY score DESC LIMIT ?5
) JOIN chunks ON row = found
ORDER BY score DESC, id LIMIT ?4
"""


class Fts5Index:
    """The words of all chunks of one open library file. Every method raises `LibraryError`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._query = database.rows

    def add(self, title: str, text: str, chunks: Sequence[tuple[int, Span]]) -> None:
        """Add the chunks of a document, each with its row."""
        self._database.many(
            "INSERT INTO words (rowid, title, body) VALUES (?, ?, ?)",
            [
                (row, searchable(title), searchable(text[span.start : span.end]))
                for row, span in chunks
            ],
        )

    def remove(self, title: str, text: str, chunks: Sequence[tuple[int, Span]]) -> None:
        """Remove the chunks of a document. FTS5 needs the words that it is to remove."""
        self._database.many(
            "INSERT INTO words (words, rowid, title, body) VALUES ('delete', ?, ?, ?)",
            [
                (row, searchable(title), searchable(text[span.start : span.end]))
                for row, span in chunks
            ],
        )
        self._query(
            "INSERT INTO meta VALUES ('has_deleted', '1') ON CONFLICT (name) DO UPDATE SET value ="
            " excluded.value"
        )

    def search(
        self, query: str, k: int, document_ids: Collection[str] | None, title_weight: float
    ) -> list[Hit]:
        """The `k` best chunks by BM25, ties by chunk id, but for those of more than `MAX_TIES`."""
        match = fts_expression(query)
        if not match or k < 1:
            return []
        only = None if document_ids is None else json.dumps(list(document_ids))
        rows = self._query(_SEARCH, title_weight, match, only, k, k + MAX_TIES)
        return [Hit(Chunk(id, Span(*span)), score, "lexical") for id, *span, score in rows]

    def has_word(self, word: str) -> bool:
        """True when a chunk holds `word` or another form of it."""
        match = fts_expression(word)
        found = match and self._query("SELECT 1 FROM words WHERE words MATCH ? LIMIT 1", match)
        return bool(found)

    def stems_with_prefix(
        self, prefix: str, min_chars: int, max_chars: int
    ) -> list[tuple[str, int]]:
        """Stems that begin with `prefix`, each with how often it occurs."""
        self._create_vocabulary_views()
        rows = self._query(
            "SELECT term, cnt FROM temp.stem_counts WHERE term >= ?1 AND term < ?2"
            " AND length(term) BETWEEN ?3 AND ?4",
            *(prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1), min_chars, max_chars),
        )
        return [(term, count) for term, count in rows]

    def spellings_of_stem(self, stem: str, max_places: int) -> list[str]:
        """The words as written at the first `max_places` places of a stem."""
        self._create_vocabulary_views()
        rows = self._query(
            "SELECT CASE col WHEN 'title' THEN title ELSE body END, offset FROM temp.stem_positions"
            " JOIN passages ON row = doc WHERE term = ? LIMIT ?",
            *(stem, max_places),
        )
        return words_at(rows)

    def erase_deleted(self) -> None:
        """Have the words of what was deleted leave the file."""
        self._query("INSERT INTO words (words) VALUES ('optimize')")
        self._query("DELETE FROM meta WHERE name = 'has_deleted'")
        self._query("PRAGMA wal_checkpoint(TRUNCATE)")

    def is_whole(self) -> bool:
        """True where it has the words of all chunks, and no others."""
        try:
            self._query("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")
        except LibraryError:
            return False
        return True

    def rebuild(self) -> None:
        """Make it anew, of the stored texts."""
        self._query("INSERT INTO words (words) VALUES ('rebuild')")

    def _create_vocabulary_views(self) -> None:
        """Views of the full-text index; they belong to this connection, not to the file."""
        for name, kind in (("stem_counts", "row"), ("stem_positions", "instance")):
            self._query(
                f"CREATE VIRTUAL TABLE IF NOT EXISTS temp.{name}"
                f" USING fts5vocab('main', 'words', '{kind}')"
            )


def fts_expression(query: str) -> str:
    """The FTS5 expression for "any of these"; empty where the query has no words."""
    terms = (f'"{term.text}"{"*" * term.is_prefix}' for term in query_terms(query))
    return " OR ".join(terms).encode(errors="replace").decode()


def words_at(places: Sequence[Sequence[object]]) -> list[str]:
    """The words of texts at a place in each, counted in words from 0."""
    found = [(re.findall(r"[^\W_]+", str(text)), int(str(place))) for text, place in places]
    return [words[place] for words, place in found if place < len(words)]
