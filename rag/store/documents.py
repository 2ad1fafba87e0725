"""The documents, their chunks and their full-text index, in SQLite or Postgres.

The source of truth: the three are always changed together, in one transaction, and everything else
can be rebuilt from them.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.errors import LibraryError, NoSuchDocument, printable_line
from rag.store.database import Database
from rag.store.file_records import FileRecords
from rag.store.fts5 import Fts5Index
from rag.store.library_check import LibraryCheck
from rag.store.library_schema import FORMAT
from rag.store.overviews import OverviewRecords, Topic
from rag.store.sqlite import SqliteDatabase
from rag.store.word_index import WordIndex
from rag.types import Chunk, Document, Hit, Span

MAX_CACHED_TEXTS = 16  # whole documents
MAX_READ_TOGETHER = 100_000  # characters of a document that is read with others

_TO_REMEMBER = (  # of a document that is removed
    "DELETE FROM former_documents WHERE id = ?",
    "INSERT INTO former_documents SELECT id, source, digest FROM documents WHERE id = ?",
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
    """One open library. Safe to share among threads."""

    def __init__(self, database: Database, words: WordIndex) -> None:
        self.database = database
        self._words = words
        self._query = database.rows
        self.transaction = database.transaction
        self.server_lock = database.server_lock
        self.files = FileRecords(database)
        self.check = LibraryCheck(database, words)
        self.overviews = OverviewRecords(database)
        self._texts: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._texts_lock = threading.Lock()

    @classmethod
    def open(cls, path: Path) -> Library:
        """Open the library file at `path`; it and its directories are made where missing.

        A file that may not be written is opened for reading. Raises `LibraryError` when that is
        not possible either, or when a newer Footnote made the file. Every method raises it when
        the file cannot be read or written, and after `close`.
        """
        database = SqliteDatabase.open(path, FORMAT)
        return cls(database, Fts5Index(database))

    def close(self) -> None:
        """Close it, for good. Calling it again does nothing."""
        self.database.close()

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
        return _piece(self._cached_text(span.document_id), span)

    def texts(self, spans: Sequence[Span]) -> list[str]:
        """As `text`, of each of `spans`: two queries for all documents that are not long."""
        only = f"id IN ({self.database.values_of})"
        ids = json.dumps(sorted({span.document_id for span in spans}))
        rows = self._query(f"SELECT id, digest, characters FROM documents WHERE {only}", ids)  # noqa: S608
        with self._texts_lock:
            found = {id: self._texts[id, key] for id, key, _ in rows if (id, key) in self._texts}
        short = [id for id, _, size in rows if id not in found and size <= MAX_READ_TOGETHER]
        sql = f"SELECT id, digest, text FROM documents WHERE {only}"  # noqa: S608
        for id, digest, text in self._query(sql, json.dumps(short)) if short else ():
            found[id] = text
            self._cache_text(id, digest, text)
        return [
            _piece(found[span.document_id], span) if span.document_id in found else self.text(span)
            for span in spans
        ]

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

    def published(self, document_ids: Collection[str] | None = None) -> dict[str, str]:
        """The ISO 8601 date of every document that has one, by id; of `document_ids` where they
        are given."""
        sql = "SELECT id, published FROM documents WHERE published IS NOT NULL"
        if document_ids is None:
            return dict(self._query(sql))
        only = self.database.values_of
        return dict(self._query(f"{sql} AND id IN ({only})", json.dumps(list(document_ids))))

    def newest_published(self) -> str | None:
        """The last ISO 8601 date of a document; None where none has one."""
        newest: str | None = self._query("SELECT max(published) FROM documents")[0][0]
        return newest

    def digests(self) -> dict[str, str]:
        """Document id to digest, of every document."""
        return dict(self._query("SELECT id, digest FROM documents"))

    def ids_by_source(self) -> dict[str, str]:
        """Source (a path or URL) to document id, of every document."""
        return dict(self._query("SELECT source, id FROM documents"))

    def chunks(self, document_id: str) -> list[Chunk]:
        """The chunks of a document in reading order; empty when there is no such document."""
        return self._select_chunks('document_id = ? ORDER BY start, "end"', document_id)

    def chunks_by_id(self, ids: Iterable[str]) -> dict[str, Chunk]:
        """Chunks by their id, for those of `ids` that exist."""
        found = self._select_chunks(f"id IN ({self.database.values_of})", json.dumps(list(ids)))
        return {chunk.id: chunk for chunk in found}

    def chunk_ids(self, document_ids: Collection[str] | None = None) -> set[str]:
        """The ids of the chunks of these documents; of all where none are given."""
        if document_ids is None:
            return {id for (id,) in self._query("SELECT id FROM chunks")}
        sql = f"SELECT id FROM chunks WHERE document_id IN ({self.database.values_of})"  # noqa: S608
        return {id for (id,) in self._query(sql, json.dumps(list(document_ids)))}

    def count_documents(self) -> int:
        return int(self._query("SELECT count(*) FROM documents")[0][0])

    def count_chunks(self) -> int:
        return int(self._query("SELECT count(*) FROM chunks")[0][0])

    @property
    def embedder(self) -> str | None:
        """Name of the embedder whose vectors belong to this library; None before any are made."""
        rows = self._query("SELECT value FROM meta WHERE name = 'embedder'")
        return rows[0][0] if rows else None

    @embedder.setter
    def embedder(self, name: str) -> None:
        self._query(
            "INSERT INTO meta VALUES ('embedder', ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            name,
        )

    def put(
        self,
        document: Document,
        chunks: Sequence[Chunk],
        questions: Sequence[SuggestedQuestion] = (),
        topics: Sequence[Topic] | None = None,
    ) -> None:
        """Store `document`, its chunks, questions that it answers and its topics, best first, in
        place of any earlier version, all or nothing. Topics that are None are found later."""
        with self.transaction():
            self._delete(document.id)
            self._insert(document, chunks)
            self._query("DELETE FROM former_documents WHERE id = ?", document.id)
            self.database.many(
                "INSERT INTO questions VALUES (?, ?, ?, ?)",
                [(document.id, each.text, each.span.start, each.span.end) for each in questions],
            )
            if topics is not None:
                self.overviews.put_topics(document.id, document.digest, topics)

    @property
    def has_deleted(self) -> bool:
        """Whether a text was deleted or replaced since `erase_deleted`: the full-text index has
        its words until then, and the store of vectors its vectors."""
        return bool(self._query("SELECT 1 FROM meta WHERE name = 'has_deleted'"))

    def erase_deleted(self) -> None:
        """Have all of what was deleted leave the files. Takes a second for 30,000 chunks."""
        self._words.erase_deleted()

    def suggested_questions(self, document_id: str) -> list[SuggestedQuestion]:
        """Questions that a document answers, best first; empty for one that an older version
        indexed."""
        if not self.database.has_table("questions"):
            return []
        rows = self._query(
            'SELECT text, start, "end" FROM questions WHERE document_id = ? ORDER BY rowid',
            document_id,
        )
        return [SuggestedQuestion(text, Span(document_id, *span)) for text, *span in rows]

    def remove(self, document_id: str) -> None:
        """Forget a document and its chunks; its id stays reserved for it. Raises
        `NoSuchDocument`."""
        with self.transaction():
            for statement in _TO_REMEMBER:
                self._query(statement, document_id)
            if not self._delete(document_id):
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
        return self._words.search(query, k, document_ids, title_weight)

    def has_word(self, word: str) -> bool:
        """True when a chunk holds `word` or another form of it (of the same stem)."""
        return self._words.has_word(word)

    def stems_with_prefix(
        self, prefix: str, min_chars: int, max_chars: int
    ) -> list[tuple[str, int]]:
        """The stems of the full-text index that begin with `prefix` (from 1 character) and have
        `min_chars` to `max_chars` characters, each with how often it occurs."""
        return self._words.stems_with_prefix(prefix, min_chars, max_chars)

    def spellings_of_stem(self, stem: str, max_places: int) -> list[str]:
        """The words as written at the first `max_places` places where `stem` occurs; `stem` is one
        of `stems_with_prefix`."""
        return self._words.spellings_of_stem(stem, max_places)

    def _select_chunks(self, where: str, value: str) -> list[Chunk]:
        sql = f'SELECT id, document_id, start, "end" FROM chunks WHERE {where}'  # noqa: S608
        return [Chunk(id, Span(*span)) for id, *span in self._query(sql, value)]

    def _cached_text(self, document_id: str) -> str:
        """The whole text; from the cache while the digest is still the stored one, because another
        process may have changed the document."""
        rows = self._query("SELECT digest FROM documents WHERE id = ?", document_id)
        key = (document_id, rows[0][0] if rows else "")
        with self._texts_lock:
            if key in self._texts:
                self._texts.move_to_end(key)
                return self._texts[key]
        document = self.document(document_id)
        self._cache_text(document_id, document.digest, document.text)
        return document.text

    def _cache_text(self, document_id: str, digest: str, text: str) -> None:
        with self._texts_lock:
            self._texts[document_id, digest] = text
            while len(self._texts) > MAX_CACHED_TEXTS:
                self._texts.popitem(last=False)

    def _insert(self, document: Document, chunks: Sequence[Chunk]) -> None:
        text = document.text
        fields = (document.id, document.title, document.source, document.published, document.digest)
        self._query("INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?)", *fields, len(text), text)
        added = []
        for chunk in chunks:
            span = chunk.span
            if span.document_id != document.id or span.end > len(text):
                raise ValueError(f"not a chunk of this document: {chunk}")
            ((row,),) = self._query(
                'INSERT INTO chunks (id, document_id, start, "end") VALUES (?, ?, ?, ?)'
                " RETURNING row",
                *(chunk.id, document.id, span.start, span.end),
            )
            added.append((row, span))
        self._words.add(document.title, text, added)

    def _delete(self, document_id: str) -> bool:
        """False when there is no such document."""
        stored = self._query("SELECT title, text FROM documents WHERE id = ?", document_id)
        for title, text in stored:
            rows = self._query(
                'SELECT row, start, "end" FROM chunks WHERE document_id = ?', document_id
            )
            removed = [(row, Span(document_id, start, end)) for row, start, end in rows]
            self._words.remove(title, text, removed)
            self._query("DELETE FROM documents WHERE id = ?", document_id)
        return bool(stored)


def _piece(text: str, span: Span) -> str:
    if span.end > len(text):
        raise LibraryError(
            f"{printable_line(span.document_id)} has {len(text)} characters, not {span.end}.",
            "It has changed since; ask again.",
        )
    return text[span.start : span.end]


def _no_such_document(id: str) -> NoSuchDocument:
    return NoSuchDocument(
        f"There is no document {printable_line(id)} in the index.",
        "List them with `footnote sources`.",
    )
