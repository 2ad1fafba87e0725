"""A lock that one process at a time holds, by a file; it ends with its process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from rag.errors import LibraryError


@contextmanager
def try_lock(path: Path, timeout_s: float = 0.0) -> Iterator[bool]:
    """True where nobody else holds the lock at `path`, or lets go of it within `timeout_s` seconds:
    it is held until the block ends. False where somebody does, be it another thread. Raises
    `LibraryError` when the file cannot be written."""
    # A lock of its own, because one object lets every thread of this process in; and of no thread,
    # because Gradio moves a generator among threads.
    lock = FileLock(path, timeout=timeout_s, thread_local=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        yield False
        return
    except OSError as error:
        raise LibraryError(
            f"The index cannot be written ({error.strerror}).",
            "Get write access to it, or set FOOTNOTE_DATA_DIR to another directory.",
        ) from error
    try:
        yield True
    finally:
        lock.release()
