"""Schema of the library's SQLite file, and the errors about it."""

from __future__ import annotations

import sqlite3

from rag.errors import LibraryBusy, LibraryError
from rag.store.full_text import searchable
from rag.store.sqlite import DatabaseFormat

VERSION = 4
# `words` is an index over the view `passages`. `piece` is Python's slice, because SQLite's own
# substr() ends at a NUL.
_FULL_TEXT = """
CREATE VIEW passages AS
    SELECT row, searchable(title) AS title, searchable(piece(text, start, end)) AS body
    FROM chunks JOIN documents ON documents.id = document_id;
CREATE VIRTUAL TABLE words USING fts5 (
    title, body, content = 'passages', content_rowid = 'row',
    tokenize = 'porter unicode61 remove_diacritics 2'
)
"""
_QUESTIONS = """
CREATE TABLE questions (
    document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    text TEXT NOT NULL,
    start INTEGER NOT NULL,
    end INTEGER NOT NULL
)
"""
_FILES = """
CREATE TABLE files (
    path TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    reading TEXT NOT NULL
);
CREATE TABLE roots (path TEXT PRIMARY KEY, device INTEGER NOT NULL);
CREATE TABLE former_documents (id TEXT PRIMARY KEY, source TEXT NOT NULL, digest TEXT NOT NULL);
CREATE INDEX documents_of_digest ON documents (digest)
"""
_OVERVIEWS = """
CREATE TABLE overviews (
    document_id TEXT PRIMARY KEY REFERENCES documents (id) ON DELETE CASCADE,
    points TEXT
);
CREATE TABLE topics (
    document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    text TEXT NOT NULL,
    weight REAL NOT NULL
);
CREATE INDEX topics_of_document ON topics (document_id);
CREATE INDEX topics_by_key ON topics (key);
CREATE INDEX topics_by_text ON topics (text);
CREATE INDEX questions_of_document ON questions (document_id)
"""
# The text is stored once, in `documents`.
SCHEMA = f"""
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
{_FULL_TEXT};
{_QUESTIONS};
{_FILES};
{_OVERVIEWS}"""
# The full-text index of version 1 held texts as they are, and it had no questions.
_FROM_VERSION_1 = ";".join(
    [
        _QUESTIONS,
        "DROP TABLE words",
        "DROP VIEW passages",
        _FULL_TEXT,
        "INSERT INTO words (words) VALUES ('rebuild')",
    ]
)
# That of version 2 had the thousands of most languages in pieces, and it kept nothing of files.
_FROM_VERSION_2 = ";".join([_FILES, "INSERT INTO words (words) VALUES ('rebuild')"])

_REINDEX_REMEDY = "Move that file away and index the documents again."
_WAIT_REMEDY = "Try again when it is done."
_ACCESS_REMEDY = "Get write access to it, or set FOOTNOTE_DATA_DIR to another directory."
_SPACE_REMEDY = "Free some space and try again; what was indexed before is still there."
_PROBLEMS = {
    sqlite3.SQLITE_BUSY: ("is being written by another process", _WAIT_REMEDY),
    sqlite3.SQLITE_LOCKED: ("is being written by another process", _WAIT_REMEDY),
    sqlite3.SQLITE_FULL: ("cannot grow because the disk is full", _SPACE_REMEDY),
    sqlite3.SQLITE_NOTADB: ("is damaged, or is no index", _REINDEX_REMEDY),
    sqlite3.SQLITE_CORRUPT: ("is damaged, or is no index", _REINDEX_REMEDY),
    sqlite3.SQLITE_READONLY: ("may only be read", _ACCESS_REMEDY),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", _ACCESS_REMEDY),
}

FORMAT = DatabaseFormat(
    name="index",
    version=VERSION,
    schema=SCHEMA,
    pragmas=("synchronous = NORMAL", "secure_delete = ON"),
    private=True,
    upgrades={1: _FROM_VERSION_1, 2: _FROM_VERSION_2, 3: _OVERVIEWS},
    functions={"piece": lambda text, start, end: text[start:end], "searchable": searchable},
    opens_for_reading=True,
    error=LibraryError,
    busy_error=LibraryBusy,
    problems=_PROBLEMS,
    other_remedy=_REINDEX_REMEDY,
    closed_remedy="Open it again with rag.open().",
)
