"""The tables of the history's SQLite file, the statements that change them, and their errors."""

from __future__ import annotations

import sqlite3

from rag import DatabaseFormat
from rag.errors import FootnoteError

VERSION = 2

# `exchanges` is small, so that lists and searches are fast; what is large stands in `records`.
# `words` are folded words with a space before each, for instr(). `touched` counts up: the order
# of conversations does not hang on a clock.
_FIRST = """
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

# What is deleted, replaced or taken back is hidden at first, so that it can come back. Times are
# seconds since 1970. `version` counts changes, so that another window notices them. A step is what
# a person did to a conversation: the rows of exchanges that it showed and those that it hid, as
# JSON lists.
_SECOND = """
ALTER TABLE conversations ADD COLUMN deleted_at INTEGER;
ALTER TABLE conversations ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE exchanges ADD COLUMN hidden_at INTEGER;
CREATE VIEW visible AS
SELECT exchanges.* FROM exchanges JOIN conversations ON conversations.id = conversation_id
WHERE hidden_at IS NULL AND deleted_at IS NULL;
CREATE TABLE steps (
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    shown TEXT NOT NULL,
    hidden TEXT NOT NULL,
    is_undone INTEGER NOT NULL DEFAULT 0,
    touched_at INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, position)
);
CREATE TABLE versions (
    owner TEXT PRIMARY KEY,
    version INTEGER NOT NULL
)
"""
SCHEMA = f"{_FIRST};{_SECOND}"
UPGRADES = {1: _SECOND}

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
COUNT_CHANGE = """
INSERT INTO versions (owner, version) VALUES (?, 1)
ON CONFLICT (owner) DO UPDATE SET version = version + 1
"""
# `json_each` gives the words that a conversation must hold; `?3` is listed even without exchanges.
LIST_CONVERSATIONS = """
SELECT id, title, created_at, updated_at,
    (SELECT count(*) FROM visible WHERE conversation_id = conversations.id)
FROM conversations WHERE owner = ?1 AND deleted_at IS NULL
AND (id = ?3 OR EXISTS (SELECT 1 FROM visible WHERE conversation_id = conversations.id))
AND NOT EXISTS (
    SELECT 1 FROM json_each(?2) AS word WHERE NOT instr(words, word.value)
    AND NOT EXISTS (SELECT 1 FROM visible WHERE conversation_id = conversations.id
        AND instr(visible.words, word.value))
)
ORDER BY touched DESC LIMIT ?4
"""

_AGAIN = "Move that file away; a new, empty one is then made."
_LATER = "Try again in a moment."
_ACCESS = "Get write access to it, or set FOOTNOTE_DATA_DIR to another directory."
_SPACE = "Free some space and try again; what was kept before is still there."
_PROBLEMS = {
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


FORMAT = DatabaseFormat(
    name="history",
    version=VERSION,
    schema=SCHEMA,
    upgrades=UPGRADES,
    pragmas=("secure_delete = ON",),  # what is deleted is overwritten
    private=True,
    error=HistoryError,
    busy_error=HistoryError,
    problems=_PROBLEMS,
    other_remedy=_AGAIN,
)
