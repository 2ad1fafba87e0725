"""The locks of those who change an index: on files of its folder, or in its database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from rag.errors import LibraryBusy
from rag.ingest.file_lock import try_lock
from rag.store.database import ServerLock

CHANGE_TIMEOUT_S = 30.0  # wait for another's change: a run writes for a second at a time

IndexLock = Path | ServerLock


@contextmanager
def exclusive_run(lock: IndexLock) -> Iterator[None]:
    """No other run until the block ends; `lock` is that of the index, and the run has one of its
    own. Raises `LibraryBusy`, and `LibraryError` when it cannot be locked."""
    with try_run(lock.with_name(f"{lock.name}.run")) as is_ours:
        if not is_ours:
            raise _busy()
        yield


@contextmanager
def exclusive_change(lock: IndexLock) -> Iterator[None]:
    """No other change until the block ends; in a database it is one transaction. Raises as
    `exclusive_run`."""
    changing = (
        try_lock(lock, CHANGE_TIMEOUT_S)
        if isinstance(lock, Path)
        else lock.change(CHANGE_TIMEOUT_S)
    )
    with changing as is_ours:
        if not is_ours:
            raise _busy()
        yield


def try_run(lock: IndexLock) -> AbstractContextManager[bool]:
    """True where nobody else holds this lock; it is then held until the block ends."""
    return try_lock(lock) if isinstance(lock, Path) else lock.hold()


def _busy() -> LibraryBusy:
    return LibraryBusy("Another process is changing this index.", "Try again when it is done.")
