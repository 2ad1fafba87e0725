"""Tells when files in folders change.

By looking at sizes and times every few seconds: that works on network drives, too, which do not
report the changes that others make, and takes under a second for ten thousand files.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

from rag.errors import SourceError
from rag.ingest.folders import find_files
from rag.ingest.readers import FILE_SUFFIXES

EVERY_S = 5.0

_State = dict[str, tuple[int, int]]  # path to size and time of the last change


def wait_for_changes(
    paths: Sequence[Path],
    every_s: float = EVERY_S,
    endings: Collection[str] = FILE_SUFFIXES,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """Yields each time that a file at or under `paths` was added, changed or removed, once it has
    stayed the same for `every_s` seconds. A folder that is away has not changed."""
    known = _look(paths, endings)
    seen = known
    while True:
        sleep(every_s)
        before, seen = seen, _look(paths, endings, seen)
        if seen != known and seen == before:
            known = seen
            yield


def _look(paths: Sequence[Path], endings: Collection[str], before: _State | None = None) -> _State:
    """The state of each file; of a path that cannot be read, as it was `before`."""
    found: _State = {}
    for path in paths:
        try:
            found |= {str(file): _state(file) for file in find_files([path], endings, Counter())}
        except SourceError:
            inside = (str(path), os.path.join(path, ""))
            found |= {
                file: state
                for file, state in (before or {}).items()
                if file == inside[0] or file.startswith(inside[1])
            }
    return found


def _state(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except OSError:
        return (0, 0)
    return (found.st_size, found.st_mtime_ns)
