"""The locks of those who change an index: on files of its folder, or in its database."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from rag.ingest.file_lock import try_lock
from rag.store.database import ServerLock

IndexLock = Path | ServerLock


def try_run(lock: IndexLock) -> AbstractContextManager[bool]:
    """Whether this is the only run until the block ends. Raises `LibraryError`."""
    return try_lock(lock) if isinstance(lock, Path) else lock.hold()


def try_change(lock: IndexLock, timeout_s: float) -> AbstractContextManager[bool]:
    """Whether this is the only change until the block ends, after a wait of at most `timeout_s`
    seconds; in a database, it is one transaction. Raises `LibraryError`."""
    return try_lock(lock, timeout_s) if isinstance(lock, Path) else lock.change(timeout_s)
