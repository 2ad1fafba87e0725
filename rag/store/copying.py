"""Copies records from one database to another, as they are."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from rag.errors import LibraryError
from rag.store.database import Database, DatabaseFormat

BATCH_ROWS = 1000


def copy_tables(source: Database, target: Database, format: DatabaseFormat) -> int:
    """Copy the tables of `format` into empty ones, all or nothing; how many rows there are.

    Where they are already there, nothing happens. Raises `LibraryError` where other rows are, and
    the error of `format`.
    """
    total = 0
    with source.reading(), target.transaction():
        if any(_count(target, table) for table in format.tables):
            if differing_tables(source, target, format):
                raise LibraryError(
                    f"There is another {format.name} in the place to copy to.",
                    "Choose an empty database or folder.",
                )
            return sum(_count(source, table) for table in format.tables)
        for table, numbered in format.tables.items():
            for batch in _batches(source, table):
                marks = ", ".join("?" * len(batch[0]))
                target.many(f"INSERT INTO {table} VALUES ({marks})", batch)  # noqa: S608
                total += len(batch)
            if numbered:
                target.number_on(table, numbered)
    return total


def differing_tables(source: Database, target: Database, format: DatabaseFormat) -> list[str]:
    """The tables of `format` that do not have the same rows."""
    return [
        table
        for table in format.tables
        if any(
            one != other
            for one, other in zip_longest(_batches(source, table), _batches(target, table))
        )
    ]


def _count(database: Database, table: str) -> int:
    return int(database.rows(f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608


def _batches(database: Database, table: str) -> Iterator[list[tuple[object, ...]]]:
    for start in range(0, _count(database, table), BATCH_ROWS):
        yield database.rows(
            f"SELECT * FROM {table} ORDER BY 1, 2 LIMIT ? OFFSET ?",  # noqa: S608
            *(BATCH_ROWS, start),
        )
