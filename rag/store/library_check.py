"""Checks whether a library file is whole, and makes its full-text index anew."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator

from rag.errors import LibraryError
from rag.store.sqlite import Database

SQLITE_VERSION = sqlite3.sqlite_version


class LibraryCheck:
    """Checks of one open library file. Every method raises `LibraryError` where it cannot be read
    at all."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def damage(self) -> str:
        """What SQLite finds wrong with the file, in its words; "" where it is whole."""
        found = [str(row[0]) for row in self._database.rows("PRAGMA quick_check(3)")]
        return "" if found == ["ok"] else "; ".join(found)

    def changed_documents(self) -> Iterator[str]:
        """The ids of documents whose text is not the one that was stored, or with a chunk beyond
        its end."""
        ids = self._database.rows("SELECT id FROM documents ORDER BY id")
        for (id,) in ids:
            rows = self._database.rows(
                "SELECT title, text, digest, characters,"
                " (SELECT max(end) FROM chunks WHERE document_id = documents.id)"
                " FROM documents WHERE id = ?",
                id,
            )
            for title, text, digest, characters, last in rows:
                found = hashlib.sha256(f"{title}\0{text}".encode()).hexdigest()
                if found != digest or len(text) != characters or (last or 0) > characters:
                    yield id

    def text_index_is_whole(self) -> bool:
        """True where the full-text index has the words of all chunks, and no others."""
        try:
            self._database.rows("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")
        except LibraryError:
            return False
        return True

    def rebuild_text_index(self) -> None:
        """Make the full-text index anew, of the stored texts."""
        self._database.rows("INSERT INTO words (words) VALUES ('rebuild')")
