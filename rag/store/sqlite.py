"""A SQLite file with a schema, shared among threads; its errors become sentences with a remedy."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rag.errors import FootnoteError, printable_line

BUSY_TIMEOUT_S = 10.0  # how long a write waits for one of another process
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


@dataclass(frozen=True, slots=True)
class DatabaseFormat:
    """What a file holds and how it is opened, and what is said when that fails.

    `schema` is the SQL that makes a file of version `version`, 1 or more; the version is kept in
    the file. `pragmas` (such as "synchronous = NORMAL") and `functions`, by their name in SQL,
    belong to each connection. A `private` file is made for the user alone.
    `problems` says for a result code of SQLite what is wrong, after "The NAME at PATH", and what
    to do; `other_remedy` is what to do about any other code.
    """

    name: str
    version: int
    schema: str
    error: type[FootnoteError]
    busy_error: type[FootnoteError]
    problems: Mapping[int, tuple[str, str]]
    other_remedy: str
    pragmas: tuple[str, ...] = ()
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    private: bool = False
    opens_for_reading: bool = False  # where the file may not be written


class Database:
    """One open file. Safe to share among threads; several processes may open the same file.

    Errors of SQLite become those of the format. After one, what was in the file before is still
    there, and the database can be used further.
    """

    def __init__(self, path: Path, format: DatabaseFormat, connection: sqlite3.Connection) -> None:
        self.lock = threading.RLock()  # hold it for several reads that belong together
        self.connection = connection
        self._path = path
        self._format = format

    @classmethod
    def open(cls, path: Path, format: DatabaseFormat) -> Database:
        """Open the file at `path`, making it and its directories where missing.

        Raises the error of `format` when that is not possible, or when a newer version of
        Footnote made the file.
        """
        with _explained(path, format):
            return cls(path, format, _connection(path, format))

    def close(self) -> None:
        with self.lock:
            self.connection.close()

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Run one statement; the rows that it gives."""
        with self.lock, _explained(self._path, self._format):
            return self.connection.execute(sql, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All that is done within the block happens, or nothing."""
        with self.lock, _explained(self._path, self._format):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:  # a full disk ends it by itself
                    self.connection.execute("ROLLBACK")
                raise


@contextmanager
def _explained(path: Path, format: DatabaseFormat) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        code = _code(error)
        unknown = (f"cannot be used ({printable_line(error)})", format.other_remedy)
        problem, remedy = format.problems.get(code, unknown)
        kind = format.busy_error if code in _BUSY else format.error
        raise kind(f"The {format.name} at {printable_line(path)} {problem}.", remedy) from error


def _connection(path: Path, format: DatabaseFormat) -> sqlite3.Connection:
    """A connection for several threads, to a file with the schema; the caller commits."""
    with suppress(OSError):  # SQLite will say that it cannot open the file
        path.parent.mkdir(parents=True, exist_ok=True)
        if format.private:
            path.touch(mode=0o600)
    try:
        return _prepared(path, format, "mode=rwc")
    except sqlite3.OperationalError as error:
        is_locked_away = _code(error) in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
        if not (format.opens_for_reading and is_locked_away and path.is_file()):
            raise
    # Where SQLite may not even make its shared-memory file, nobody else is writing either.
    return _prepared(path, format, "mode=ro&immutable=1")


def _prepared(path: Path, format: DatabaseFormat, how: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{how}",
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        for name, function in format.functions.items():
            connection.create_function(name, -1, function)
        for pragma in ("foreign_keys = ON", *format.pragmas):
            connection.execute(f"PRAGMA {pragma}")
        if _version(connection, path, format) == 0:
            _make(connection, path, format)
    except BaseException:
        connection.close()
        raise
    return connection


def _make(connection: sqlite3.Connection, path: Path, format: DatabaseFormat) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    if _version(connection, path, format) == 0:  # another process may have been first
        for statement in format.schema.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {format.version}")
    connection.execute("COMMIT")


def _version(connection: sqlite3.Connection, path: Path, format: DatabaseFormat) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > format.version:
        raise format.error(
            f"A newer Footnote made the {format.name} at {printable_line(path)}.",
            "Upgrade Footnote, or set FOOTNOTE_DATA_DIR to another directory.",
        )
    return version


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
