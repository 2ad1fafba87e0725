"""Tells documents whose file was deleted from those whose folder is away for a while.

A network drive that is not mounted, or a folder that was moved, is no reason to forget what was in
it. A file counts as deleted where its folder is there: the one that was named for indexing, else
the one that it was in.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rag.events import Failed
from rag.store.file_records import KnownDocument


@dataclass(frozen=True, slots=True)
class MissingFiles:
    """Indexed documents that were not found: `lost`, those under `paths` among them.

    `roots` are folders that were named for indexing, each with the device that it was on; `files`
    were read at some time; `read_files` were read in this run, so that a record that was not found
    in them is gone.
    """

    lost: Sequence[KnownDocument]
    paths: Collection[str]
    roots: Mapping[str, int]
    files: Collection[str]
    read_files: Collection[str]

    def removed_ids(self) -> list[str]:
        """Ids of the documents whose file, or record in it, was deleted, sorted."""
        return sorted(each.id for each in self._gone() if not self._away_folder(each.source))

    def away(self) -> list[Failed]:
        """An event for each folder that is away: its documents are kept."""
        kept: dict[str, int] = {}
        for each in self._gone():
            if folder := self._away_folder(each.source):
                kept[folder] = kept.get(folder, 0) + 1
        return [
            Failed(
                folder,
                f"The folder {os.path.basename(folder)} cannot be found; what was in it is kept"
                f" ({count:,} {'document' if count == 1 else 'documents'}). Bring it back, or"
                f" remove them: `footnote remove {folder}`.",
            )
            for folder, count in sorted(kept.items())
        ]

    def _gone(self) -> Iterator[KnownDocument]:
        given = frozenset(self.paths)
        for each in self.lost:
            files = possible_files(each.source)
            is_given = any(file in given for name in files for file in (name, *_parents(name)))
            if is_given and (
                any(file in self.read_files for file in files) or all(map(is_missing, files))
            ):
                yield each

    def _away_folder(self, source: str) -> str:
        """The folder of a document's file that is away; "" where it is there."""
        files = possible_files(source)
        if any(file in self.read_files for file in files):
            return ""
        parents = list(_parents(next((file for file in files if file in self.files), files[-1])))
        folder = next((parent for parent in parents if parent in self.roots), parents[0])
        return folder if is_away(folder, self.roots.get(folder)) else ""


def is_away(folder: str, device: int | None) -> bool:
    """True where a folder is not there, or is the empty place where the file system `device` was
    mounted."""
    try:
        if not os.path.isdir(folder):
            return True
        is_elsewhere = device is not None and os.stat(folder).st_dev != device
        return is_elsewhere and not os.listdir(folder)
    except OSError:
        return True


def possible_files(source: str) -> list[str]:
    """The files that `source` may name: it is a file, or a file, "#" and the id of a record, and
    either may contain a "#" itself."""
    parts = source.split("#")
    return ["#".join(parts[:n]) for n in range(len(parts), 0, -1)]


def is_missing(file: str) -> bool:
    """True where there is no file of this name; False where that cannot be told."""
    try:
        os.stat(file)
    except OSError as error:  # any other error: it may exist
        return isinstance(error, (FileNotFoundError, NotADirectoryError))
    return False


def _parents(file: str) -> Iterator[str]:
    """The folders that a file is in, the nearest first."""
    while (folder := os.path.dirname(file)) != file:
        yield folder
        file = folder
