"""A Postgres database that threads and machines share, whose errors name a remedy.

Everything stands in the schema `footnote`. Strings may hold NUL, which Postgres does not store: it
is written as two characters, and read back as one.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.types.string import StrDumperUnknown, TextLoader
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from rag.errors import FootnoteError, SettingsError, printable_line
from rag.store.database import DatabaseFormat

SCHEMA = "footnote"
MIN_SERVER = (140000, "14")
MIN_PGVECTOR = (0, 8)  # the first that goes on searching an index until a filter has enough
MAX_CONNECTIONS = 10  # of one process
CONNECT_TIMEOUT_S = 10
STATEMENT_TIMEOUT_S = 60
POLL_S = 0.05  # between looks at a lock
_KEYS = "hashtext('footnote'), hashtext(?)"  # of an advisory lock
_ESCAPE, _NUL = "\x10", "\x100"  # DLE, the control character for this purpose
_CONNECTION: dict[str, str | int] = {  # what a lost network is noticed by
    "connect_timeout": CONNECT_TIMEOUT_S,
    "application_name": "footnote",
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
_SETTINGS = (
    f"SET statement_timeout = '{STATEMENT_TIMEOUT_S}s'",
    # Of 100,000 chunks it finds 99.0 % [98.1, 99.6] of the ten nearest; with 300 98.0 %.
    "SET hnsw.ef_search = 400",
    "SET hnsw.iterative_scan = strict_order",
    "SET hnsw.max_scan_tuples = 2147483647",
)
# `version` of each kind of record; `instr` is SQLite's.
_FIRST = """
CREATE TABLE formats (name TEXT PRIMARY KEY, version INTEGER NOT NULL);
CREATE FUNCTION instr(whole TEXT, part TEXT) RETURNS INTEGER
    LANGUAGE SQL IMMUTABLE PARALLEL SAFE RETURN strpos(whole, part)
"""

# It warns of each attempt to connect, besides the error that a caller gets.
logging.getLogger("psycopg.pool").addHandler(logging.NullHandler())


class PostgresDatabase:
    """One open database, of one kind of record. Safe to share among threads and processes.

    Errors of Postgres become those of the format. After one, what was there before is still there,
    and the database can be used further, over a new connection where one was lost.
    """

    values_of = "SELECT json_array_elements_text(?)"

    def __init__(self, url: str, format: DatabaseFormat, pool: _Pool) -> None:
        self._url = url
        self._format = format
        self._pool = pool
        self._local = threading.local()
        self._is_closed = False

    @classmethod
    def open(cls, url: str, format: DatabaseFormat) -> PostgresDatabase:
        """Open the database at `url` (postgresql://…), making the tables of `format` where missing.

        Raises the error of `format` when that is not possible, or when a newer version of Footnote
        made them, and `SettingsError` when `url` is no address of a database.
        """
        conninfo = _conninfo(url)
        with _translate_errors(url, format):
            with psycopg.connect(conninfo, autocommit=True) as connection:
                where = _prepare(connection, format)
            return cls(url, format, _Pool.shared(conninfo, where))

    def close(self) -> None:
        """Close it, for good. Calling it again does nothing."""
        if not self._is_closed:
            self._is_closed = True
            self._pool.release()

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Run one statement, and return its rows. Within `transaction` it is a part of that."""
        with self._connection() as connection:
            cursor = connection.execute(_translated(sql), _named(values))
            return cursor.fetchall() if cursor.description else []

    def many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run one statement for each of `rows`, which are its values; all or nothing."""
        with self.transaction(), self._connection() as connection, connection.cursor() as cursor:
            cursor.executemany(_translated(sql), list(map(_named, rows)))

    @contextmanager
    def transaction(self, subject: str = "") -> Iterator[None]:
        """All changes that this thread makes in the block are made, or none. Within another one
        they can be undone by themselves. Those with the same `subject`, where one is given, wait
        for each other."""
        with self._connection() as connection, connection.transaction():
            outer = getattr(self._local, "connection", None)
            self._local.connection = connection
            try:
                if subject:
                    self.rows(f"SELECT pg_advisory_xact_lock({_KEYS})", subject)
                yield
            finally:
                self._local.connection = outer

    @contextmanager
    def reading(self) -> Iterator[None]:
        """All that this thread reads in the block is of one state of the database."""
        if getattr(self._local, "connection", None) is not None:
            yield
            return
        with self.transaction():
            self.rows("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield

    def has_table(self, name: str) -> bool:
        """True: the tables are brought up to date when the database is opened."""
        return True

    def damage(self) -> str:
        """ "": Postgres has its own means (checksums, amcheck)."""
        return ""

    def server(self) -> str:
        """The versions of the server and its extension, and where it is."""
        ((version, extension),) = self.rows(
            "SELECT current_setting('server_version'), extversion FROM pg_extension"
            " WHERE extname = 'vector'"
        )
        return f"PostgreSQL {version}, pgvector {extension}, {place(self._url)}"

    def server_lock(self, name: str) -> AdvisoryLock:
        """A lock that every process of this database shares."""
        return AdvisoryLock(self, name)

    def number_on(self, table: str, column: str) -> None:
        """Rows were copied with their numbers in `column`; new ones get higher numbers."""
        self.rows(
            f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'),"  # noqa: S608
            f" coalesce(max({column}), 0) + 1, false) FROM {table}"
        )

    def without_timeout(self) -> None:
        """Let statements of this transaction take as long as they take."""
        self.rows("SET LOCAL statement_timeout = 0")

    @contextmanager
    def own_connection(self) -> Iterator[psycopg.Connection]:
        """A connection for one block, which no transaction of this thread uses."""
        with (
            _translate_errors(self._url, self._format),
            self._pool.connections.connection() as connection,
        ):
            yield connection

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection]:
        """The connection of this thread's transaction, or else one of the pool."""
        with _translate_errors(self._url, self._format):
            if self._is_closed:
                remedy = self._format.closed_remedy
                raise self._format.error(f"The {self._format.name} is closed.", remedy)
            own = getattr(self._local, "connection", None)
            if own is not None:
                yield own
                return
            with self._pool.connections.connection() as connection:
                yield connection


@dataclass(frozen=True, slots=True)
class AdvisoryLock:
    """A lock by its name, which one process at a time holds; it ends with the connection."""

    database: PostgresDatabase
    name: str

    def with_name(self, name: str) -> AdvisoryLock:
        return replace(self, name=name)

    @contextmanager
    def hold(self, timeout_s: float = 0.0) -> Iterator[bool]:
        """True where nobody else holds it, or lets go of it within `timeout_s` seconds: it is held
        until the block ends, on a connection of its own. False where somebody does."""
        until = time.monotonic() + timeout_s
        with self.database.own_connection() as connection:
            while not (is_ours := _call(connection, "pg_try_advisory_lock", self.name)):
                if time.monotonic() >= until:
                    break
                time.sleep(POLL_S)
            try:
                yield is_ours
            finally:
                if is_ours:
                    with suppress(psycopg.Error):  # it went with its connection
                        _call(connection, "pg_advisory_unlock", self.name)

    @contextmanager
    def change(self, timeout_s: float) -> Iterator[bool]:
        """As `hold`, for one transaction, which the block is."""
        until = time.monotonic() + timeout_s
        with self.database.transaction():
            sql = f"SELECT pg_try_advisory_xact_lock({_KEYS})"
            while not (is_ours := bool(self.database.rows(sql, self.name)[0][0])):
                if time.monotonic() >= until:
                    break
                time.sleep(POLL_S)
            yield is_ours


def _call(connection: psycopg.Connection, function: str, name: str) -> bool:
    """Call a function of the lock of this name."""
    found = connection.execute(_translated(f"SELECT {function}({_KEYS})"), _named([name]))
    return bool(found.fetchall()[0][0])


class _Pool:
    """The connections of this process to one database, shared by all that opened it."""

    _open: dict[str, _Pool] = {}  # noqa: RUF012
    _lock = threading.Lock()

    def __init__(self, conninfo: str, search_path: str) -> None:
        self.conninfo = conninfo
        self._users = 0
        self._search_path = search_path
        self.connections = ConnectionPool(
            conninfo,
            min_size=0,
            max_size=MAX_CONNECTIONS,
            timeout=CONNECT_TIMEOUT_S,
            num_workers=1,
            kwargs={"autocommit": True},
            configure=self._configure,
            check=ConnectionPool.check_connection,
            open=True,
        )

    @classmethod
    def shared(cls, conninfo: str, search_path: str) -> _Pool:
        with cls._lock:
            pool = cls._open.get(conninfo) or cls._open.setdefault(
                conninfo, cls(conninfo, search_path)
            )
            pool._users += 1
            return pool

    def release(self) -> None:
        """One that opened it needs it no more."""
        with self._lock:
            self._users -= 1
            if self._users:
                return
            del self._open[self.conninfo]
        self.connections.close()

    def _configure(self, connection: psycopg.Connection) -> None:
        connection.adapters.register_dumper(str, _EscapingDumper)
        for type in ("text", "varchar"):
            connection.adapters.register_loader(type, _UnescapingLoader)
        for statement in (f"SET search_path TO {self._search_path}", *_SETTINGS):
            connection.execute(statement.encode())


class _EscapingDumper(StrDumperUnknown):
    def dump(self, obj: str) -> Any:
        if "\0" in obj or _ESCAPE in obj:
            obj = obj.replace(_ESCAPE, _ESCAPE * 2).replace("\0", _NUL)
        return super().dump(obj)


class _UnescapingLoader(TextLoader):
    def load(self, data: Any) -> str:
        found = str(super().load(data))
        if _ESCAPE not in found:
            return found
        return re.sub(f"{_ESCAPE}(.)", lambda pair: "\0" if pair[1] == "0" else _ESCAPE, found)


def place(url: str) -> str:
    """Host, port and name of a database, without a user's name or password."""
    given = conninfo_to_dict(url)
    host = given.get("host") or given.get("hostaddr") or "this machine"
    port = f":{given['port']}" if given.get("port") else ""
    return printable_line(f"{host}{port}/{given.get('dbname') or ''}")


def _conninfo(url: str) -> str:
    try:
        given = conninfo_to_dict(url)
    except psycopg.Error:  # its message may hold the password
        raise SettingsError(
            "FOOTNOTE_DATABASE_URL is no address of a Postgres database.",
            "Write it as postgresql://user:password@host:5432/database.",
        ) from None
    return make_conninfo(url, **{key: _CONNECTION[key] for key in _CONNECTION if key not in given})


# A library for migrations keeps one list of them for a database. Here every kind of record has its
# own version, also in SQLite, where each is a file, and the layers of the program own their tables:
# a format brings its upgrades, and they need no more than a transaction and a lock.
def _prepare(connection: psycopg.Connection, format: DatabaseFormat) -> str:
    """Make or upgrade the tables of `format`; the search path for its connections."""
    if connection.info.server_version < MIN_SERVER[0]:
        raise format.error(
            f"The database runs a Postgres older than {MIN_SERVER[1]}.", "Upgrade the server."
        )
    path = _search_path(connection)
    if path is None or _version(connection, format) < format.version:
        with connection.transaction():
            # Another process may be first.
            connection.execute("SELECT pg_advisory_xact_lock(hashtext('footnote'), 0)")
            path = _search_path(connection) or _add_extension(connection, format)
            connection.execute(f"SET LOCAL search_path TO {path}".encode())
            _bring_up_to_date(connection, format)
    return path


def _search_path(connection: psycopg.Connection) -> str | None:
    """Where our tables and pgvector's types are; None without pgvector."""
    found = connection.execute(
        "SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace"
        " ON pg_namespace.oid = extnamespace WHERE extname = 'vector'"
    ).fetchone()
    return f"{SCHEMA}, {found[0]}" if found else None


def _add_extension(connection: psycopg.Connection, format: DatabaseFormat) -> str:
    try:
        with connection.transaction():
            connection.execute("CREATE EXTENSION vector")
    except errors.ReadOnlySqlTransaction:
        raise
    except psycopg.Error as error:
        raise format.error(
            f"The database has no extension pgvector ({_reason(error)}).",
            "Install pgvector 0.8 or newer on the server, and have its administrator run"
            " CREATE EXTENSION vector.",
        ) from error
    return _search_path(connection) or SCHEMA


def _bring_up_to_date(connection: psycopg.Connection, format: DatabaseFormat) -> None:
    ((found,),) = connection.execute(
        "SELECT extversion FROM pg_extension WHERE extname = 'vector'"
    ).fetchall()
    if tuple(map(int, re.findall(r"\d+", found)[:2])) < MIN_PGVECTOR:
        raise format.error(
            f"The database has pgvector {found}, which is too old.",
            "Install 0.8 or newer on the server, then run ALTER EXTENSION vector UPDATE.",
        )
    if not _has_formats(connection):
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}".encode())
        connection.execute(_FIRST.encode())
    version = _version(connection, format)
    if version == 0:
        connection.execute(format.postgres.encode())
    for older in range(version, format.version) if version else ():
        connection.execute(format.postgres_upgrades[older].encode())
    connection.execute(
        "INSERT INTO formats VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET"
        " version = excluded.version",
        (format.name, format.version),
    )


def _has_formats(connection: psycopg.Connection) -> bool:
    ((found,),) = connection.execute(f"SELECT to_regclass('{SCHEMA}.formats')").fetchall()
    return found is not None


def _version(connection: psycopg.Connection, format: DatabaseFormat) -> int:
    """0 where its tables are missing. Raises the error of `format` where a newer Footnote made
    them."""
    if not _has_formats(connection):
        return 0
    query = sql.SQL("SELECT version FROM {}.formats WHERE name = %s").format(sql.Identifier(SCHEMA))
    found = connection.execute(query, (format.name,)).fetchone()
    version = int(found[0]) if found else 0
    if version > format.version:
        raise format.error(
            f"A newer Footnote made the {format.name} in the database.",
            "Upgrade Footnote, or set FOOTNOTE_DATABASE_URL to another database.",
        )
    return version


@lru_cache(maxsize=1024)
def _translated(sql: str) -> bytes:
    """`?` and `?2` as psycopg names them."""
    count = 0

    def name(mark: re.Match[str]) -> str:
        nonlocal count
        count += 1
        return f"%({mark[1] or count})s"

    return re.sub(r"\?(\d*)", name, sql.replace("%", "%%")).encode()


def _named(values: Sequence[object]) -> Mapping[str, object]:
    return {str(number): value for number, value in enumerate(values, 1)}


_BUSY = (
    errors.LockNotAvailable,
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.UniqueViolation,
)
_ADDRESS = "Check that it runs, and FOOTNOTE_DATABASE_URL."
_PROBLEMS: tuple[tuple[tuple[type[Exception], ...], str, str], ...] = (
    (
        (errors.ReadOnlySqlTransaction,),
        "may only be read",
        "Name the primary server in FOOTNOTE_DATABASE_URL, or get write access to it.",
    ),
    (
        (errors.InsufficientPrivilege,),
        "does not let this user do that",
        "Have its administrator grant the user the schema footnote.",
    ),
    (
        (errors.DiskFull, errors.OutOfMemory),
        "cannot grow because its server is full",
        "Free some space there and try again; what was stored before is still there.",
    ),
    (
        (errors.QueryCanceled,),
        f"took longer than {STATEMENT_TIMEOUT_S} seconds",
        "Try again; if it stays slow, look at the server's load.",
    ),
    (
        _BUSY,
        "is being written by another process",
        "Try again when it is done.",
    ),
    (
        (PoolTimeout, errors.TooManyConnections),
        "cannot be reached, or all connections to it are in use",
        _ADDRESS,
    ),
)


@contextmanager
def _translate_errors(url: str, format: DatabaseFormat) -> Iterator[None]:
    """Within this block, an error of Postgres becomes one of `format`."""
    try:
        yield
    except (psycopg.Error, PoolTimeout, PoolClosed) as error:
        kind = format.busy_error if isinstance(error, _BUSY) else format.error
        raise _to_error(url, format.name, kind, error) from error


def _to_error(url: str, name: str, kind: type[FootnoteError], error: Exception) -> FootnoteError:
    where = f"The {name} in the database at {place(url)}"
    for classes, problem, remedy in _PROBLEMS:
        if isinstance(error, classes):
            return kind(f"{where} {problem}.", remedy)
    if isinstance(error, psycopg.OperationalError):
        if error.pgconn or isinstance(error, errors.ConnectionTimeout):  # it was never made
            return kind(f"{where} cannot be reached ({_reason(error)}).", _ADDRESS)
        return kind(
            f"The connection to the database at {place(url)} was lost.",
            "Try again; what was under way has changed nothing.",
        )
    return kind(
        f"{where} cannot be used ({_reason(error)}).", "Please report it, with this message."
    )


def _reason(error: Exception) -> str:
    """What the server or the library says, without the name of a host before it."""
    lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return printable_line(re.split(r"failed: (?:FATAL: *)?", lines[0])[-1].strip())
