"""What the library knows of the files that its documents came from.

Their state when they were read, so that unchanged ones need not be read again; the folders that
were named; and the ids of documents that were removed, so that old citations find them if they
come back.
"""

from __future__ import annotations

from dataclasses import dataclass

from rag.store.database import Database


@dataclass(frozen=True, slots=True)
class KnownDocument:
    """The id of a document, with the source (a path or URL) and digest that it has or last had."""

    id: str
    source: str
    digest: str


@dataclass(frozen=True, slots=True)
class FileState:
    """A file's size in bytes, the time of its last change in nanoseconds, and which version of the
    readers read it."""

    size: int
    mtime_ns: int
    reading: str


class FileRecords:
    """The records in one open library. Every method raises `LibraryError`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._query = database.rows

    def known(self) -> list[KnownDocument]:
        """Every document that is indexed."""
        rows = self._query("SELECT id, source, digest FROM documents")
        return [KnownDocument(*row) for row in rows]

    def former(self) -> list[KnownDocument]:
        """Documents that were removed, each as it last was."""
        if not self._database.has_table("former_documents"):
            return []
        rows = self._query("SELECT id, source, digest FROM former_documents ORDER BY rowid")
        return [KnownDocument(*row) for row in rows]

    def remember_former(self, former: KnownDocument) -> None:
        """A document that was removed elsewhere is known here, too."""
        self._query(
            "INSERT INTO former_documents (id, source, digest) VALUES (?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            *(former.id, former.source, former.digest),
        )

    def id_of_digest(self, digest: str) -> str | None:
        """The id of an indexed document with this digest, the first by id."""
        rows = self._query("SELECT min(id) FROM documents WHERE digest = ?", digest)
        return rows[0][0] if rows else None

    def move(self, document_id: str, source: str) -> None:
        """The document is unchanged, and now at `source`."""
        self._query("UPDATE documents SET source = ? WHERE id = ?", source, document_id)

    def states(self) -> dict[str, FileState]:
        """The state of each file when all of it was last indexed, by path."""
        rows = self._query("SELECT path, size, mtime_ns, reading FROM files")
        return {path: FileState(*state) for path, *state in rows}

    def state(self, path: str) -> FileState | None:
        """The state of the file at `path` when all of it was last indexed; None where that is not
        known."""
        rows = self._query("SELECT size, mtime_ns, reading FROM files WHERE path = ?", path)
        return FileState(*rows[0]) if rows else None

    def remember(self, path: str, state: FileState) -> None:
        """All of the file at `path` is indexed as it was in this state."""
        values = (path, state.size, state.mtime_ns, state.reading)
        self._query(
            "INSERT INTO files VALUES (?, ?, ?, ?) ON CONFLICT (path) DO UPDATE SET"
            " size = excluded.size, mtime_ns = excluded.mtime_ns, reading = excluded.reading",
            *values,
        )

    def roots(self) -> dict[str, int]:
        """The folders that were named for indexing, each with the device that it was on."""
        return dict(self._query("SELECT path, device FROM roots"))

    def add_root(self, path: str, device: int) -> None:
        """A folder was named; `device` is the `st_dev` of it."""
        self._query(
            "INSERT INTO roots VALUES (?, ?)"
            " ON CONFLICT (path) DO UPDATE SET device = excluded.device",
            *(path, device),
        )

    def remove_root(self, path: str) -> None:
        self._query("DELETE FROM roots WHERE path = ?", path)
