"""Checks whether a library file is whole, and makes its full-text index anew."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator

from rag.store.database import Database
from rag.store.word_index import WordIndex

SQLITE_VERSION = sqlite3.sqlite_version


class LibraryCheck:
    """Checks of one open library. Every method raises `LibraryError` where it cannot be read at
    all."""

    def __init__(self, database: Database, words: WordIndex) -> None:
        self._database = database
        self._words = words

    def damage(self) -> str:
        """What the database finds wrong with itself, in its words; "" where it is whole."""
        return self._database.damage()

    def server(self) -> str:
        """Which server and extension the database is, in its words; "" for a file."""
        return self._database.server()

    def changed_documents(self) -> Iterator[str]:
        """The ids of documents whose text is not the one that was stored, or with a chunk beyond
        its end."""
        ids = self._database.rows("SELECT id FROM documents ORDER BY id")
        for (id,) in ids:
            rows = self._database.rows(
                "SELECT title, text, digest, characters,"
                ' (SELECT max("end") FROM chunks WHERE document_id = documents.id)'
                " FROM documents WHERE id = ?",
                id,
            )
            for title, text, digest, characters, last in rows:
                found = hashlib.sha256(f"{title}\0{text}".encode()).hexdigest()
                if found != digest or len(text) != characters or (last or 0) > characters:
                    yield id

    def text_index_is_whole(self) -> bool:
        """True where the full-text index has the words of all chunks, and no others."""
        return self._words.is_whole()

    def rebuild_text_index(self) -> None:
        """Make the full-text index anew, of the stored texts."""
        self._words.rebuild()
