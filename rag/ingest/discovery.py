"""Finds the documents of files and web pages, and those whose file is gone.

Decides the id of each document: a file that was renamed or moved is known by its digest.
"""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from rag.errors import SourceError
from rag.events import Failed, PassedOver, Skipped, Warned
from rag.ingest.folders import find_files
from rag.ingest.missing_files import MissingFiles, is_missing, possible_files
from rag.ingest.preparation import FileContents, FileReader, FoundDocument, Pending
from rag.ingest.readers import FILE_SUFFIXES
from rag.ingest.reading_process import read_page
from rag.ingest.web import Page, is_url, normalise_url
from rag.store.file_records import FileRecords, FileState, KnownDocument
from rag.types import Document

READING = "3"  # changes where readers give another text of the same file
MIN_AGE_S = 2.0  # of the last change of a file whose state can be trusted to show the next one


@dataclass(frozen=True, slots=True)
class FileRead:
    """All documents of the file at `path` were given before this."""

    path: str
    state: FileState


Found = FoundDocument | FileRead | Skipped | Failed | Warned | PassedOver


@dataclass(frozen=True, slots=True)
class _FileToRead:
    """A file of `size` bytes whose documents were indexed as `known`; `contents` is None where it
    has not changed since."""

    path: Path
    source: str
    size: int
    state: FileState | None
    known: Sequence[KnownDocument]
    contents: Pending[FileContents] | None


class SourceFinder:
    """The documents of the files at and under `paths`, and of the pages at `urls`.

    `files` tells what is indexed. `fetch` returns the page at a URL or raises `SourceError`.
    `reader` reads the files.
    """

    def __init__(
        self,
        paths: Iterable[Path],
        urls: Iterable[str],
        files: FileRecords,
        fetch: Callable[[str], Page],
        reader: FileReader,
    ) -> None:
        self.paths = [Path(os.path.abspath(path)) for path in paths]
        self.urls = urls
        self.fetch = fetch
        self.reader = reader
        self.ids = _Ids(files.known(), files.former())
        self.file_states = files.states()
        self.roots = {**self.folders(), **files.roots()}
        self.bytes_total = 0  # of the files that are to be read
        self.bytes_read = 0
        self.found_sources: set[str] = set()  # of the documents found in this run
        self.read_files: set[str] = set()  # to the end: records that were not found are gone

    def documents(self) -> Iterator[Found]:
        """Each document once; `Skipped` for those of a file that has not changed since it was read.

        Raises `SourceError` for a path that does not exist.
        """
        yield from self._documents_in_files()
        for url in dict.fromkeys(self.urls):
            try:
                url = normalise_url(url)
                if url not in self.found_sources:
                    self.found_sources.add(url)
                    yield from self._page(url)
            except SourceError as error:
                yield Failed(_without_surrogates(url), str(error))

    def folders(self) -> dict[str, int]:
        """Those of the paths that are folders, their links followed, with the device of each."""
        folders = [path.resolve() for path in self.paths if path.is_dir()]
        return {str(folder): folder.stat().st_dev for folder in folders}

    def missing(self) -> MissingFiles:
        """The indexed documents under `paths` that were not found. To be called after
        `documents`."""
        lost = [
            each
            for each in self.ids.known.values()
            if each.source not in self.found_sources and not is_url(each.source)
        ]
        paths = [str(path.resolve()) for path in self.paths]
        return MissingFiles(lost, paths, self.roots, self.file_states, self.read_files)

    def _page(self, url: str) -> Iterator[Found]:
        found = self.fetch(url)
        problems: list[Failed | Warned] = []
        document = read_page(url, found.suffix, found.data, found.charset, problems.append)
        yield from [*problems, self._with_id(FoundDocument(document), [url])]

    def _documents_in_files(self) -> Iterator[Found]:
        # A missing file is a mistake, unless documents came from it: then they are to be removed.
        paths = [
            path
            for path in self.paths
            if path.exists() or not self.ids.in_file(str(path.resolve()))
        ]
        passed_over: Counter[str] = Counter()
        files = [(file, _size(file)) for file in find_files(paths, FILE_SUFFIXES, passed_over)]
        self.bytes_total = sum(size for _, size in files)
        begun: deque[_FileToRead] = deque()
        for file, size in files:
            begun.append(self._begin(file, size))
            while begun and (begun[0].contents is None or self._is_far_ahead(begun)):
                yield from self._documents_of(begun.popleft())
        for each in begun:
            yield from self._documents_of(each)
        if passed_over:
            yield PassedOver(tuple(passed_over.most_common()))

    def _begin(self, file: Path, size: int) -> _FileToRead:
        """Have the file read, unless it has not changed."""
        source = _without_surrogates(str(file.resolve()))
        state = _state_of(file)
        known = self.ids.in_file(source)
        contents = None
        if not (known and state and state == self.file_states.get(source)):
            contents = self.reader.read(file, {each.digest for each in known})
        return _FileToRead(file, source, size, state, known, contents)

    def _is_far_ahead(self, begun: Sequence[_FileToRead]) -> bool:
        """True where no other file should be read before the first of these is done with."""
        size = sum(each.size for each in begun)
        return len(begun) > self.reader.files_ahead or (
            len(begun) > 1 and size > self.reader.bytes_ahead
        )

    def _documents_of(self, file: _FileToRead) -> Iterator[Found]:
        if file.contents is None:
            self.bytes_total -= file.size
            self.found_sources.update(each.source for each in file.known)
            yield from (Skipped(each.id) for each in file.known)
            return
        self.bytes_read += file.size
        contents = file.contents.result()
        if contents.error:
            yield Failed(_without_surrogates(str(file.path)), str(contents.error))
            return
        yield from contents.problems
        for found in contents.documents:
            if found.document.source not in self.found_sources:
                self.found_sources.add(found.document.source)
                yield self._with_id(found, self._names(found.document, file.path))
        if not any(isinstance(problem, Failed) for problem in contents.problems):
            self.read_files.add(str(file.path.resolve()))
            if file.state:
                yield FileRead(file.source, file.state)

    def _with_id(self, found: FoundDocument, names: Iterable[str]) -> FoundDocument:
        return found.under_id(self.ids.take(found.document, names))

    def _names(self, document: Document, file: Path) -> Iterator[str]:
        """Ids for a document that has none: the ends of its path, from the folder that was named;
        the shortest first."""
        folders = set(file.parents)
        root = next((path for path in self.paths if path in folders), file.parent)
        record = document.id.removeprefix(file.name)
        parts = [_without_surrogates(part) for part in file.parts]
        for count in range(len(file.relative_to(root).parts), len(parts)):
            yield "/".join(parts[-count:]) + record


class _Ids:
    """The ids of documents: those in the index (`known`, by source), and of those once in it."""

    def __init__(self, known: Iterable[KnownDocument], former: Iterable[KnownDocument]) -> None:
        self.known = {each.source: each for each in known}
        self._used = {each.id for each in self.known.values()}
        self._by_file: dict[str, list[KnownDocument]] = {}
        self._by_digest: dict[str, list[KnownDocument]] = {}
        self._former_sources: dict[str, str] = {}
        for each in self.known.values():
            self._by_digest.setdefault(each.digest, []).append(each)
            for file in () if is_url(each.source) else possible_files(each.source):
                self._by_file.setdefault(file, []).append(each)
        for each in former:
            self._by_digest.setdefault(each.digest, []).append(each)
            self._former_sources[each.source] = each.id

    def in_file(self, path: str) -> Sequence[KnownDocument]:
        """The indexed documents that came from the file at `path`."""
        return self._by_file.get(path, ())

    def take(self, document: Document, names: Iterable[str]) -> str:
        """The id of a document: what it has; what it had before it was removed, or under the name
        that its file had; else the first of `names` that is free."""
        if document.source in self.known:
            return self.known[document.source].id
        had = [self._former_sources.get(document.source, ""), self._moved_from(document)]
        free = (name for name in chain(had, names) if name and name not in self._used)
        id = next(free, document.source)
        self._used.add(id)
        return id

    def _moved_from(self, document: Document) -> str:
        """The id of the same text whose file is gone; "" where there is none.

        The document is taken out of those that are `known`: it is at its new place.
        """
        for same in self._by_digest.get(document.digest, ()):
            if same.id not in self._used:  # removed before
                return same.id
            if self.known.get(same.source) is same and is_source_gone(same.source):
                del self.known[same.source]
                self._used.discard(same.id)
                return same.id
        return ""


def is_source_gone(source: str) -> bool:
    """True where the file of a document is gone; never for a web page.

    `source` is that of a document: a path, ``path#record``, or a URL.
    """
    return not is_url(source) and all(map(is_missing, possible_files(source)))


def _state_of(file: Path) -> FileState | None:
    """What changes when the file does; None where it changed a moment ago, and might again without
    a trace."""
    try:
        found = os.stat(file)
    except OSError:
        return None
    if time.time() - found.st_mtime < MIN_AGE_S:
        return None
    return FileState(found.st_size, found.st_mtime_ns, READING)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _without_surrogates(text: str) -> str:
    return text.encode(errors="replace").decode()
