"""How is the library's file laid out and opened, and what do its errors mean?"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rag.errors import LibraryBusy, LibraryError, printable_line

SCHEMA_VERSION = 1
BUSY_TIMEOUT_S = 10.0

# The text is stored once, in `documents`; `words` is an index over the view `passages`. `piece`
# is Python's slice, because SQLite's own substr() ends at a NUL.
SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE documents (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    source TEXT NOT NULL,
    published TEXT,
    digest TEXT NOT NULL,
    characters INTEGER NOT NULL,
    text TEXT NOT NULL
);
CREATE TABLE chunks (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    start INTEGER NOT NULL,
    end INTEGER NOT NULL
);
CREATE INDEX chunks_of_document ON chunks (document_id, start);
CREATE VIEW passages AS
    SELECT row, title, piece(text, start, end) AS body
    FROM chunks JOIN documents ON documents.id = document_id;
CREATE VIRTUAL TABLE words USING fts5 (
    title, body, content = 'passages', content_rowid = 'row',
    tokenize = 'porter unicode61 remove_diacritics 2'
)
"""

_AGAIN = "Move that file away and index the documents again."
_LATER = "Try again when it is done."
_ACCESS = "Get write access to it, or set FOOTNOTE_DATA_DIR to another directory."
_SPACE = "Free some space and try again; what was indexed before is still there."
_MEANINGS = {
    sqlite3.SQLITE_BUSY: ("is being written by another process", _LATER),
    sqlite3.SQLITE_LOCKED: ("is being written by another process", _LATER),
    sqlite3.SQLITE_FULL: ("cannot grow because the disk is full", _SPACE),
    sqlite3.SQLITE_NOTADB: ("is damaged, or is no index", _AGAIN),
    sqlite3.SQLITE_CORRUPT: ("is damaged, or is no index", _AGAIN),
    sqlite3.SQLITE_READONLY: ("may only be read", _ACCESS),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", _ACCESS),
}


@contextmanager
def explain_sqlite_errors(path: Path) -> Iterator[None]:
    """Turns every error of SQLite about the file at `path` into one that names the remedy."""
    try:
        yield
    except sqlite3.Error as error:
        code = _code(error)
        problem, remedy = _MEANINGS.get(code, (f"cannot be used ({printable_line(error)})", _AGAIN))
        busy = code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
        kind = LibraryBusy if busy else LibraryError
        raise kind(f"The index at {printable_line(path)} {problem}.", remedy) from error


def open_connection(path: Path) -> sqlite3.Connection:
    """A connection for several threads, to a file with the schema; the caller commits.

    Makes the file and its directories where missing. A file that may not be written is opened
    for reading. Raises `sqlite3.Error`, or `LibraryError` when a newer Footnote made the file.
    """
    with suppress(OSError):  # SQLite will say that it cannot open the file
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _prepared(path, "mode=rwc")
    except sqlite3.OperationalError as error:
        if _code(error) not in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            raise
        if not path.is_file():
            raise
    # Where SQLite may not even make its shared-memory file, nobody else is writing either.
    return _prepared(path, "mode=ro&immutable=1")


def _prepared(path: Path, how: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{how}",
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        connection.create_function("piece", 3, lambda text, start, end: text[start:end])
        connection.execute("PRAGMA foreign_keys = ON")
        if _version(connection, path) == 0:
            _make(connection, path)
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def _make(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    if _version(connection, path) == 0:  # another process may have been first
        for statement in SCHEMA.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")


def _version(connection: sqlite3.Connection, path: Path) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA_VERSION:
        raise LibraryError(
            f"A newer Footnote made the index at {printable_line(path)}.",
            "Upgrade Footnote, or set FOOTNOTE_DATA_DIR to another directory.",
        )
    return version


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
