"""A SQLite file with a schema that threads share, whose errors name a remedy."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rag.errors import printable_line
from rag.store.database import DatabaseFormat

_FOR_WRITING = "mode=rwc"
BUSY_TIMEOUT_S = 10.0  # wait of a write for that of another process
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class SqliteDatabase:
    """One open file. Safe to share among threads; several processes may open the same file.

    Errors of SQLite become those of the format. After one, what was in the file before is still
    there, and the database can be used further.
    """

    values_of = "SELECT value FROM json_each(?)"

    def __init__(self, path: Path, format: DatabaseFormat, connection: sqlite3.Connection) -> None:
        self._lock = threading.RLock()
        self.connection = connection
        self._path = path
        self._format = format
        self._is_closed = False

    @classmethod
    def open(cls, path: Path, format: DatabaseFormat) -> SqliteDatabase:
        """Open the file at `path`, making it and its directories where missing.

        Raises the error of `format` when that is not possible, or when a newer version of
        Footnote made the file.
        """
        with _translate_errors(path, format):
            return cls(path, format, _open_connection(path, format))

    def close(self) -> None:
        """Close the file, for good. Calling it again does nothing."""
        with self._lock:
            self._is_closed = True
            self.connection.close()

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Run one statement, and return its rows."""
        with self._opened() as connection:
            return connection.execute(sql, values).fetchall()

    def many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run one statement for each of `rows`, which are its values."""
        with self._opened() as connection:
            connection.executemany(sql, rows)

    @contextmanager
    def transaction(self, subject: str = "") -> Iterator[None]:
        """All changes of the block are made, or none; there is one at a time, whatever its
        `subject`. Within another one it is a part of that."""
        with self._opened() as connection:
            if connection.in_transaction:
                yield
                return
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # a full disk ends it by itself
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[None]:
        """No other thread changes anything until the block ends."""
        with self._lock:
            yield

    def has_table(self, name: str) -> bool:
        """False in an older file that may only be read, and had no such table."""
        return bool(self.rows("SELECT 1 FROM sqlite_master WHERE name = ?", name))

    def damage(self) -> str:
        """What SQLite finds wrong with the file, in its words; "" where it is whole."""
        found = [str(row[0]) for row in self.rows("PRAGMA quick_check(3)")]
        return "" if found == ["ok"] else "; ".join(found)

    def server(self) -> str:
        """ "": there is none."""
        return ""

    def server_lock(self, name: str) -> None:
        """None: processes lock a file."""

    def number_on(self, table: str, column: str) -> None:
        """Nothing: SQLite does it by itself."""

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """The connection, for this thread alone. Raises the error of the format."""
        with self._lock, _translate_errors(self._path, self._format):
            if self._is_closed:
                remedy = self._format.closed_remedy
                raise self._format.error(f"The {self._format.name} is closed.", remedy)
            yield self.connection


@contextmanager
def _translate_errors(path: Path, format: DatabaseFormat) -> Iterator[None]:
    """Within this block, an SQLite error about the file at `path` becomes one of `format`."""
    try:
        yield
    except sqlite3.Error as error:
        code = _primary_code(error)
        unknown = (f"cannot be used ({printable_line(error)})", format.other_remedy)
        problem, remedy = format.problems.get(code, unknown)
        kind = format.busy_error if code in _BUSY else format.error
        raise kind(f"The {format.name} at {printable_line(path)} {problem}.", remedy) from error


def _open_connection(path: Path, format: DatabaseFormat) -> sqlite3.Connection:
    """A connection for several threads, to a file with the schema; the caller commits."""
    with suppress(OSError):  # then SQLite cannot open the file either
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if format.private:
            path.touch(mode=0o600)
    try:
        return _connect(path, format, _FOR_WRITING)
    except sqlite3.OperationalError as error:
        is_unwritable = _primary_code(error) in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
        if not (format.opens_for_reading and is_unwritable and path.is_file()):
            raise
    # Where SQLite may not even make its shared-memory file, no other process writes either.
    return _connect(path, format, "mode=ro&immutable=1")


def _connect(path: Path, format: DatabaseFormat, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{mode}",
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
        version = _schema_version(connection, path, format)
        if version == 0:
            connection.execute("PRAGMA journal_mode = WAL")
        if version < format.version and mode == _FOR_WRITING:
            _bring_up_to_date(connection, path, format)
    except BaseException:
        connection.close()
        raise
    return connection


def _bring_up_to_date(connection: sqlite3.Connection, path: Path, format: DatabaseFormat) -> None:
    connection.execute("BEGIN IMMEDIATE")  # another process may be first
    while (version := _schema_version(connection, path, format)) < format.version:
        made = version + 1 if version else format.version
        for statement in (format.upgrades[version] if version else format.schema).split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {made}")
    connection.execute("COMMIT")


def _schema_version(connection: sqlite3.Connection, path: Path, format: DatabaseFormat) -> int:
    """0 for a new file. Raises the error of `format` for a file that a newer Footnote made."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > format.version:
        raise format.error(
            f"A newer Footnote made the {format.name} at {printable_line(path)}.",
            "Upgrade Footnote, or set FOOTNOTE_DATA_DIR to another directory.",
        )
    return version


def _primary_code(error: sqlite3.Error) -> int:
    """The result code without the bits of the extended one."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
