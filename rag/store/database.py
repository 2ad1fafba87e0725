"""What the records need of a database, and the format of what one holds.

`rag.store.sqlite` and `rag.store.postgres` are the two; the SQL of the records is what both
understand, with `?` (or `?1`, `?2`, …) for values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from rag.errors import FootnoteError


@dataclass(frozen=True, slots=True)
class DatabaseFormat:
    """What a database holds of one kind of record, how it is opened, and the errors about it.

    `schema` is the SQL that makes an SQLite file of version `version`, 1 or more, and `postgres`
    the same tables for Postgres; the version is stored with them. `upgrades` has for each older
    version the SQL that makes a file of the next one of it, `postgres_upgrades` the same for
    Postgres; what may only be read stays as it is. `tables` are those that can be copied from one
    to the other as they are, a table after those that it refers to, each with the column that
    numbers its rows ("": none). `pragmas` (such as "synchronous = NORMAL") and
    `functions`, by their name in SQL, belong to each connection to a file. A `private` file is
    made for the user alone.
    `problems` gives for a result code of SQLite what is wrong, after "The NAME at PATH", and what
    to do; `other_remedy` is for any other code, `closed_remedy` for a database that was closed.
    """

    name: str
    version: int
    schema: str
    error: type[FootnoteError]
    busy_error: type[FootnoteError]
    problems: Mapping[int, tuple[str, str]]
    other_remedy: str
    postgres: str
    upgrades: Mapping[int, str] = field(default_factory=dict)
    postgres_upgrades: Mapping[int, str] = field(default_factory=dict)
    tables: Mapping[str, str] = field(default_factory=dict)
    pragmas: tuple[str, ...] = ()
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    private: bool = False
    opens_for_reading: bool = False  # where the file may not be written
    closed_remedy: str = "Open it again."


class ServerLock(Protocol):
    """A lock by its name, which one process of a database holds at a time; it ends with that."""

    @property
    def name(self) -> str: ...

    def with_name(self, name: str) -> ServerLock:
        """Another lock of the same database."""

    def hold(self, timeout_s: float = 0.0) -> AbstractContextManager[bool]:
        """True where nobody else holds it, or lets go of it within `timeout_s` seconds: it is held
        until the block ends. False where somebody does."""

    def change(self, timeout_s: float) -> AbstractContextManager[bool]:
        """As `hold`; the block is one transaction."""


class Database(Protocol):
    """One open database. Safe to share among threads and processes.

    What goes wrong becomes an error of its format. After one, what was there before is still there,
    and the database can be used further.
    """

    values_of: str
    """SQL of the strings of a JSON list, whose `?` is that list: `id IN ({values_of})`."""

    def close(self) -> None:
        """Close it, for good. Calling it again does nothing."""

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Run one statement, and return its rows. Within `transaction` it is a part of that."""

    def many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run one statement for each of `rows`, which are its values."""

    def transaction(self, subject: str = "") -> AbstractContextManager[None]:
        """All changes that this thread makes in the block are made, or none. Those with the same
        `subject`, where one is given, wait for each other."""

    def reading(self) -> AbstractContextManager[None]:
        """All that this thread reads in the block is of one state of the database."""

    def has_table(self, name: str) -> bool:
        """False in an older file that may only be read, and had no such table."""

    def damage(self) -> str:
        """What is wrong with the stored bytes, in the database's words; "" where nothing is, or it
        cannot tell."""

    def server(self) -> str:
        """The versions of the server and its extension, and where it is; "" for a file."""

    def server_lock(self, name: str) -> ServerLock | None:
        """A lock that every process of a server shares; None for a file."""

    def number_on(self, table: str, column: str) -> None:
        """Rows were copied with their numbers in `column`; new ones get higher numbers."""
