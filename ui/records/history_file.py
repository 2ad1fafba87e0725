"""How is the file of the history laid out and opened, and what do its errors mean?"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rag.errors import FootnoteError
from ui.terminal import line

SCHEMA_VERSION = 1
BUSY_TIMEOUT_S = 10.0

# `exchanges` is small, so that lists and searches are fast; what is large stands in `records`.
# `words` are folded words with a space before each, for instr(). `touched` counts up: the order
# of conversations does not hang on a clock.
SCHEMA = """
CREATE TABLE conversations (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    title TEXT NOT NULL,
    named INTEGER NOT NULL DEFAULT 0,
    words TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    touched INTEGER NOT NULL
);
CREATE INDEX conversations_of_owner ON conversations (owner, touched);
CREATE INDEX conversations_by_touch ON conversations (touched);
CREATE TABLE exchanges (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    owner TEXT NOT NULL,
    id TEXT NOT NULL,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    thumb TEXT,
    note TEXT NOT NULL,
    words TEXT NOT NULL,
    UNIQUE (owner, id)
);
CREATE INDEX exchanges_of_conversation ON exchanges (conversation_id);
CREATE TABLE records (
    row INTEGER PRIMARY KEY REFERENCES exchanges (row) ON DELETE CASCADE,
    document TEXT NOT NULL,
    trace TEXT
)
"""

# An exchange that is there already keeps its row, and with it its place.
PUT_EXCHANGE = """
INSERT INTO exchanges (owner, id, conversation_id, thumb, note, words) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (owner, id) DO UPDATE SET
    note = iif(excluded.thumb IS NULL, note, excluded.note),
    thumb = coalesce(excluded.thumb, thumb),
    words = excluded.words
RETURNING row
"""
PUT_RECORD = """
INSERT INTO records (row, document, trace) VALUES (?, ?, ?)
ON CONFLICT (row) DO UPDATE SET
    document = excluded.document,
    trace = coalesce(excluded.trace, trace)
"""
BEGIN_CONVERSATION = """
INSERT INTO conversations (id, owner, title, words, created_at, updated_at, touched)
VALUES (?, ?, ?, '', ?, ?, (SELECT coalesce(max(touched), 0) + 1 FROM conversations))
"""
TOUCH_CONVERSATION = """
UPDATE conversations
SET updated_at = ?, touched = (SELECT max(touched) + 1 FROM conversations)
WHERE id = ?
"""

_AGAIN = "Move that file away; a new, empty one is then made."
_LATER = "Try again in a moment."
_ACCESS = "Get write access to it, or set FOOTNOTE_DATA_DIR to another directory."
_SPACE = "Free some space and try again; what was kept before is still there."
_MEANINGS = {
    sqlite3.SQLITE_BUSY: ("is being written by another process", _LATER),
    sqlite3.SQLITE_LOCKED: ("is being written by another process", _LATER),
    sqlite3.SQLITE_FULL: ("cannot grow because the disk is full", _SPACE),
    sqlite3.SQLITE_IOERR: ("cannot be read or written", "Check the disk, then try again."),
    sqlite3.SQLITE_NOTADB: ("is damaged, or holds no conversations", _AGAIN),
    sqlite3.SQLITE_CORRUPT: ("is damaged, or holds no conversations", _AGAIN),
    sqlite3.SQLITE_READONLY: ("may only be read", _ACCESS),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", _ACCESS),
    sqlite3.SQLITE_PERM: ("cannot be opened", _ACCESS),
}


class HistoryError(FootnoteError):
    """The conversations cannot be opened, read or written."""


class NoSuchConversation(HistoryError):
    """It was deleted, or never was this person's."""

    def __init__(self) -> None:
        super().__init__("This conversation is gone.", "It was deleted in another window.")


class NoSuchExchange(HistoryError):
    """It was deleted, or never was this person's."""

    def __init__(self) -> None:
        super().__init__("This answer is gone.", "It was deleted in another window.")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turns every error of SQLite about the file at `path` into one that names the remedy."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        problem, remedy = _MEANINGS.get(code, (f"cannot be used ({line(str(error))})", _AGAIN))
        raise HistoryError(f"The history at {line(str(path))} {problem}.", remedy) from error
    except UnicodeEncodeError as error:  # half a character, where a name or id is expected
        raise HistoryError("That name cannot be kept.", "Write it in whole characters.") from error


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of it happens, or nothing; then the connection is free again."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk ends it by itself
            connection.execute("ROLLBACK")
        raise


def connect(path: Path) -> sqlite3.Connection:
    """A connection for several threads, to a file with the schema; the caller commits.

    Makes the file and its directories where missing; nobody but the user may read a new file.
    Raises `sqlite3.Error`, or `HistoryError` when a newer Footnote made the file.
    """
    with suppress(OSError):  # SQLite will say that it cannot open the file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
        if _version(connection, path) == 0:
            _make(connection, path)
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
        raise HistoryError(
            f"A newer Footnote made the history at {line(str(path))}.",
            "Upgrade Footnote, or set FOOTNOTE_DATA_DIR to another directory.",
        )
    return version
