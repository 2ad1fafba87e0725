"""Finds the files in folders that can be read, and counts those of other kinds."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from rag.ingest.raw_source import source_error

NO_ENDING = "no ending"


def find_files(
    paths: Sequence[Path], endings: Collection[str], passed_over: Counter[str]
) -> Iterator[Path]:
    """The files at `paths`, and those in the folders at `paths` whose name ends as one of
    `endings`, in small letters with their dot; each once, a folder's sorted.

    Files of other kinds in the folders are counted in `passed_over` by their ending. Hidden files,
    hidden folders and links to folders inside a folder are skipped. Raises `SourceError` for a path
    that does not exist and a folder that cannot be opened.
    """
    for path in paths:
        if not os.path.exists(path):  # False, too, where its folder may not be searched
            raise source_error(path.name, "cannot be found", "Check the path for a typing error.")
    seen: set[Path] = set()
    for path in paths:
        for file in _walk(path) if path.is_dir() else [path]:
            if file in seen:
                continue
            seen.add(file)
            if file == path or file.suffix.lower() in endings:
                yield file
            else:
                passed_over[file.suffix.lower() or NO_ENDING] += 1


def _walk(folder: Path) -> Iterator[Path]:
    """Every file in `folder` and the folders in it, links to folders left out."""
    try:
        with os.scandir(folder) as found:
            children = sorted((each for each in found if each.name[0] != "."), key=_name)
        folders = {each.name for each in children if each.is_dir(follow_symlinks=False)}
        files = {each.name for each in children if each.name not in folders and _is_file(each)}
    except OSError as error:
        raise source_error(folder.name, "cannot be opened", "Change its permissions.") from error
    for child in children:
        if child.name in folders:
            yield from _walk(folder / child.name)
        elif child.name in files:
            yield folder / child.name


def _is_file(entry: os.DirEntry[str]) -> bool:
    """False, too, for a link that leads to itself."""
    try:
        return entry.is_file()
    except OSError:
        return False


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name
