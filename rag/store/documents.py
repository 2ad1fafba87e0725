"""SQLite store of documents, chunks and their full-text index.

The source of truth: the three are always changed together, in one transaction, and everything else
can be rebuilt from them.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.errors import LibraryError, NoSuchDocument, printable_line
from rag.store.file_records import FileRecords
from rag.store.full_text import fts_expression, searchable
from rag.store.library_check import LibraryCheck
from rag.store.library_schema import FORMAT
from rag.store.overviews import PUT_TOPICS, OverviewRecords, Topic, topic_values
from rag.store.sqlite import Database
from rag.types import Chunk, Document, Hit, Span

MAX_CACHED_TEXTS = 16  # whole documents

_TO_REMEMBER = (  # of a document that is removed
    "INSERT OR REPLACE INTO former_documents SELECT id, source, digest FROM documents WHERE id = ?",
    # Its file is to be read again, should it be named again.
    "DELETE FROM files WHERE path IN (SELECT path FROM files JOIN documents ON source = path"
    " OR substr(source, 1, length(path) + 1) = path || '#' WHERE id = ?)",
)


@dataclass(frozen=True, slots=True)
class DocumentSummary:
    """A document without its text; `characters` and `chunks` are counts."""

    id: str
    title: str
    source: str
    published: str | None
    characters: int
    chunks: int
    digest: str


@dataclass(frozen=True, slots=True)
class SuggestedQuestion:
    """A question that the unit at `span` answers."""

    text: str
    span: Span


class Library:
    """One open library file. Safe to share among threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = database.lock
        self._query = database.rows
        self._transaction = database.transaction
        self.files = FileRecords(database)
        self.check = LibraryCheck(database)
        self.overviews = OverviewRecords(database)
        self._texts: OrderedDict[tuple[str, str], str] = OrderedDict()

    @classmethod
    def open(cls, path: Path) -> Library:
        """Open the library file at `path`; it and its directories are made where missing.

        A file that may not be written is opened for reading. Raises `LibraryError` when that is
        not possible either, or when a newer Footnote made the file. Every method raises it when
        the file cannot be read or written, and after `close`.
        """
        return cls(Database.open(path, FORMAT))

    def close(self) -> None:
        """Close the file, for good. Calling it again does nothing."""
        self._database.close()

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def document(self, id: str) -> Document:
        """The document of this id. Raises `NoSuchDocument`."""
        rows = self._query(
            "SELECT title, source, published, text, digest FROM documents WHERE id = ?", id
        )
        if not rows:
            raise _no_such_document(id)
        return Document(id, *rows[0])

    def text(self, span: Span) -> str:
        """The exact characters of `span`.

        Raises `NoSuchDocument`, or `LibraryError` when the span reaches beyond the text.
        """
        text = self._cached_text(span.document_id)
        if span.end > len(text):
            raise LibraryError(
                f"{printable_line(span.document_id)} has {len(text)} characters, not {span.end}.",
                "It has changed since; ask again.",
            )
        return text[span.start : span.end]

    def summaries(self) -> list[DocumentSummary]:
        """Every document, sorted by id."""
        rows = self._query(
            "SELECT id, title, source, published, characters,"
            " (SELECT count(*) FROM chunks WHERE document_id = documents.id), digest"
            " FROM documents ORDER BY id"
        )
        return [DocumentSummary(*row) for row in rows]

    def recent_ids(self, limit: int) -> list[str]:
        """The ids of the documents that were last added or changed, the last first."""
        rows = self._query("SELECT id FROM documents ORDER BY rowid DESC LIMIT ?", limit)
        return [id for (id,) in rows]

    def published(self) -> dict[str, str]:
        """The ISO 8601 date of every document that has one, by id."""
        return dict(self._query("SELECT id, published FROM documents WHERE published NOT NULL"))

    def digests(self) -> dict[str, str]:
        """Document id to digest, of every document."""
        return dict(self._query("SELECT id, digest FROM documents"))

    def ids_by_source(self) -> dict[str, str]:
        """Source (a path or URL) to document id, of every document."""
        return dict(self._query("SELECT source, id FROM documents"))

    def chunks(self, document_id: str) -> list[Chunk]:
        """The chunks of a document in reading order; empty when there is no such document."""
        return self._select_chunks("document_id = ? ORDER BY start, end", document_id)

    def chunks_by_id(self, ids: Iterable[str]) -> dict[str, Chunk]:
        """Chunks by their id, for those of `ids` that exist."""
        found = self._select_chunks("id IN (SELECT value FROM json_each(?))", json.dumps(list(ids)))
        return {chunk.id: chunk for chunk in found}

    def chunk_ids(self) -> set[str]:
        return {id for (id,) in self._query("SELECT id FROM chunks")}

    def count_chunks(self) -> int:
        return int(self._query("SELECT count(*) FROM chunks")[0][0])

    @property
    def embedder(self) -> str | None:
        """Name of the embedder whose vectors belong to this library; None before any are made."""
        rows = self._query("SELECT value FROM meta WHERE name = 'embedder'")
        return rows[0][0] if rows else None

    @embedder.setter
    def embedder(self, name: str) -> None:
        with self._transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('embedder', ?)", (name,))

    def put(
        self,
        document: Document,
        chunks: Sequence[Chunk],
        questions: Sequence[SuggestedQuestion] = (),
        topics: Sequence[Topic] | None = None,
    ) -> None:
        """Store `document`, its chunks, questions that it answers and its topics, best first, in
        place of any earlier version, all or nothing. Topics that are None are found later."""
        with self._transaction() as connection:
            _delete(connection, document.id)
            _insert(connection, document, chunks)
            connection.execute("DELETE FROM former_documents WHERE id = ?", (document.id,))
            connection.executemany(
                "INSERT INTO questions VALUES (?, ?, ?, ?)",
                [(document.id, each.text, each.span.start, each.span.end) for each in questions],
            )
            if topics is not None:
                values = topic_values(document.id, document.digest, topics)
                for statement in PUT_TOPICS:
                    connection.execute(statement, values)

    @property
    def has_deleted(self) -> bool:
        """Whether a text was deleted or replaced since `erase_deleted`: the full-text index has
        its words until then, and the store of vectors its vectors."""
        return bool(self._query("SELECT 1 FROM meta WHERE name = 'has_deleted'"))

    def erase_deleted(self) -> None:
        """Have all of what was deleted leave the files. Takes a second for 30,000 chunks."""
        self._query("INSERT INTO words (words) VALUES ('optimize')")
        self._query("DELETE FROM meta WHERE name = 'has_deleted'")
        self._query("PRAGMA wal_checkpoint(TRUNCATE)")

    def suggested_questions(self, document_id: str) -> list[SuggestedQuestion]:
        """Questions that a document answers, best first; empty for one that an older version
        indexed."""
        if not self._query("SELECT 1 FROM sqlite_master WHERE name = 'questions'"):
            return []  # an older file that may only be read
        rows = self._query(
            "SELECT text, start, end FROM questions WHERE document_id = ? ORDER BY rowid",
            document_id,
        )
        return [SuggestedQuestion(text, Span(document_id, *span)) for text, *span in rows]

    def remove(self, document_id: str) -> None:
        """Forget a document and its chunks; its id stays reserved for it. Raises
        `NoSuchDocument`."""
        with self._transaction() as connection:
            for statement in _TO_REMEMBER:
                connection.execute(statement, (document_id,))
            if not _delete(connection, document_id):
                raise _no_such_document(document_id)

    def search(
        self,
        query: str,
        k: int,
        document_ids: Collection[str] | None = None,
        *,
        title_weight: float = 2.0,
    ) -> list[Hit]:
        """The `k` best chunks that hold a word of `query`, best first, ties by chunk id.

        `document_ids` restricts the search to those documents. The score is BM25, higher is
        better, above zero; a word in the title counts `title_weight` times. Any string is a valid
        query; one without words finds nothing.
        """
        match = fts_expression(query)
        if not match or k < 1:
            return []
        only = None if document_ids is None else json.dumps(list(document_ids))
        rows = self._query(
            "SELECT id, document_id, start, end, -bm25(words, ?1, 1.0) AS score"
            " FROM words JOIN chunks ON row = words.rowid WHERE words MATCH ?2"
            " AND (?3 IS NULL OR document_id IN (SELECT value FROM json_each(?3)))"
            " ORDER BY score DESC, id LIMIT ?4",
            *(title_weight, match, only, k),
        )
        return [Hit(Chunk(id, Span(*span)), score, "lexical") for id, *span, score in rows]

    def has_word(self, word: str) -> bool:
        """True when a chunk holds `word` or another form of it (of the same stem)."""
        match = fts_expression(word)
        found = match and self._query("SELECT 1 FROM words WHERE words MATCH ? LIMIT 1", match)
        return bool(found)

    def stems_with_prefix(
        self, prefix: str, min_chars: int, max_chars: int
    ) -> list[tuple[str, int]]:
        """The stems of the full-text index that begin with `prefix` (from 1 character) and have
        `min_chars` to `max_chars` characters, each with how often it occurs."""
        self._create_vocabulary_views()
        rows = self._query(
            "SELECT term, cnt FROM temp.stem_counts WHERE term >= ?1 AND term < ?2"
            " AND length(term) BETWEEN ?3 AND ?4",
            *(prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1), min_chars, max_chars),
        )
        return [(term, count) for term, count in rows]

    def spellings_of_stem(self, stem: str, max_places: int) -> list[str]:
        """The words as written at the first `max_places` places where `stem` occurs; `stem` is one
        of `stems_with_prefix`."""
        self._create_vocabulary_views()
        rows = self._query(
            "SELECT CASE col WHEN 'title' THEN title ELSE body END, offset FROM temp.stem_positions"
            " JOIN passages ON row = doc WHERE term = ? LIMIT ?",
            *(stem, max_places),
        )
        found = [(re.findall(r"[^\W_]+", text), place) for text, place in rows]
        return [words[place] for words, place in found if place < len(words)]

    def _create_vocabulary_views(self) -> None:
        """Views of the full-text index; they belong to this connection, not to the file."""
        for name, kind in (("stem_counts", "row"), ("stem_positions", "instance")):
            self._query(
                f"CREATE VIRTUAL TABLE IF NOT EXISTS temp.{name}"
                f" USING fts5vocab('main', 'words', '{kind}')"
            )

    def _select_chunks(self, where: str, value: str) -> list[Chunk]:
        sql = f"SELECT id, document_id, start, end FROM chunks WHERE {where}"  # noqa: S608
        return [Chunk(id, Span(*span)) for id, *span in self._query(sql, value)]

    def _cached_text(self, document_id: str) -> str:
        """The whole text; from the cache while the digest is still the file's, because another
        process may have changed the document."""
        with self._lock:
            rows = self._query("SELECT digest FROM documents WHERE id = ?", document_id)
            key = (document_id, rows[0][0] if rows else "")
            if key not in self._texts:
                document = self.document(document_id)
                key = (document_id, document.digest)
                self._texts[key] = document.text
            self._texts.move_to_end(key)
            while len(self._texts) > MAX_CACHED_TEXTS:
                self._texts.popitem(last=False)
            return self._texts[key]


def _insert(connection: sqlite3.Connection, document: Document, chunks: Sequence[Chunk]) -> None:
    text = document.text
    fields = (document.id, document.title, document.source, document.published, document.digest)
    connection.execute(
        "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?)", (*fields, len(text), text)
    )
    for chunk in chunks:
        span = chunk.span
        if span.document_id != document.id or span.end > len(text):
            raise ValueError(f"not a chunk of this document: {chunk}")
        row = connection.execute(
            "INSERT INTO chunks (id, document_id, start, end) VALUES (?, ?, ?, ?)",
            (chunk.id, document.id, span.start, span.end),
        ).lastrowid
        connection.execute(
            "INSERT INTO words (rowid, title, body) VALUES (?, ?, ?)",
            (row, searchable(document.title), searchable(text[span.start : span.end])),
        )


def _delete(connection: sqlite3.Connection, document_id: str) -> bool:
    """False when there is no such document. FTS5 needs the words that it is to remove."""
    document = "SELECT title, text FROM documents WHERE id = ?"
    chunks = "SELECT row, start, end FROM chunks WHERE document_id = ?"
    for title, text in connection.execute(document, (document_id,)).fetchall():
        rows = connection.execute(chunks, (document_id,)).fetchall()
        connection.executemany(
            "INSERT INTO words (words, rowid, title, body) VALUES ('delete', ?, ?, ?)",
            [(row, searchable(title), searchable(text[start:end])) for row, start, end in rows],
        )
    is_there = connection.execute("DELETE FROM documents WHERE id = ?", (document_id,)).rowcount > 0
    if is_there:
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('has_deleted', '1')")
    return is_there


def _no_such_document(id: str) -> NoSuchDocument:
    return NoSuchDocument(
        f"There is no document {printable_line(id)} in the index.",
        "List them with `footnote sources`.",
    )
