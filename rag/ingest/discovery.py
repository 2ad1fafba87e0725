"""Finds the documents of files and web pages, and those whose file was removed.

Decides the id of each document.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from rag.errors import SourceError
from rag.events import Failed, Warned
from rag.ingest.readers import find_files, read_file, read_page
from rag.ingest.web import Page, is_url, normalise_url
from rag.types import Document


class SourceFinder:
    """The documents of the files at and under `paths`, and of the pages at `urls`.

    `ids_by_source` maps the source of each indexed document to its id. `fetch` returns the page at
    a URL or raises `SourceError`.
    """

    def __init__(
        self,
        paths: Iterable[Path],
        urls: Iterable[str],
        ids_by_source: Mapping[str, str],
        fetch: Callable[[str], Page],
    ) -> None:
        self.paths = [Path(os.path.abspath(path)) for path in paths]
        self.roots = [str(path.resolve()) for path in self.paths]
        self.urls = urls
        self.ids_by_source = ids_by_source
        self.fetch = fetch
        self.used_ids = set(ids_by_source.values())
        self.found_sources: set[str] = set()  # of the documents found in this run
        self.read_files: set[str] = set()  # to the end: records that were not found are gone

    def documents(self) -> Iterator[Document | Failed | Warned]:
        """Each document once. Raises `SourceError` for a path that does not exist."""
        yield from self._documents_in_files()
        for url in dict.fromkeys(self.urls):
            try:
                url = normalise_url(url)
                if url not in self.found_sources:
                    self.found_sources.add(url)
                    yield from self._page(url)
            except SourceError as error:
                yield Failed(_without_surrogates(url), str(error))

    def removed_ids(self) -> list[str]:
        """Ids of the indexed documents under `paths` whose file, or record in it, is gone.

        To be called after `documents`. A web page is never among them: only a person can say that
        it should be removed.
        """
        return sorted(
            id
            for source, id in self.ids_by_source.items()
            if source not in self.found_sources
            and self._is_under_paths(source)
            and self._is_removed(source)
        )

    def _page(self, url: str) -> Iterator[Document | Failed | Warned]:
        found = self.fetch(url)
        problems: list[Failed | Warned] = []
        document = read_page(url, found.suffix, found.data, found.charset, problems.append)
        yield from [*problems, document]

    def _documents_in_files(self) -> Iterator[Document | Failed | Warned]:
        # A missing file is a mistake, unless documents came from it: then they are to be removed.
        paths = [path for path in self.paths if path.exists() or not self._is_indexed_file(path)]
        for file in find_files(paths):
            problems: list[Failed | Warned] = []
            try:
                documents = read_file(file, problems.append)
            except SourceError as error:
                yield Failed(_without_surrogates(str(file)), str(error))
                continue
            yield from problems
            if not any(isinstance(problem, Failed) for problem in problems):
                self.read_files.add(str(file.resolve()))
            for document in documents:
                if document.source not in self.found_sources:
                    self.found_sources.add(document.source)
                    yield self._with_id(document, file)

    def _with_id(self, document: Document, file: Path) -> Document:
        """The document with the id that it has, or the shortest end of its path that is no id
        yet."""
        id = self.ids_by_source.get(document.source)
        if id is None:
            root = next((path for path in self.paths if path in file.parents), file.parent)
            record = document.id.removeprefix(file.name)
            shortest = len(file.relative_to(root).parts)
            parts = [_without_surrogates(part) for part in file.parts]
            ends = ("/".join(parts[-n:]) for n in range(shortest, len(parts)))
            id = next((end + record for end in ends if end + record not in self.used_ids), None)
        document = replace(document, id=id or document.source)
        self.used_ids.add(document.id)
        return document

    def _is_indexed_file(self, path: Path) -> bool:
        """True for a file that indexed documents came from."""
        file = str(path.resolve())
        return any(source == file or source.startswith(f"{file}#") for source in self.ids_by_source)

    def _is_under_paths(self, source: str) -> bool:
        return any(
            source == root or source.startswith((f"{root}#", os.path.join(root, "")))
            for root in self.roots
        )

    def _is_removed(self, source: str) -> bool:
        return any(file in self.read_files for file in _possible_files(source)) or is_source_gone(
            source
        )


def is_source_gone(source: str) -> bool:
    """True where the file of a document is gone; never for a web page.

    `source` is that of a document: a path, ``path#record``, or a URL.
    """
    return not is_url(source) and all(map(_is_file_missing, _possible_files(source)))


def _possible_files(source: str) -> list[str]:
    """The files that `source` may name: it is a file, or a file, "#" and the id of a record, and
    either may contain a "#" itself."""
    parts = source.split("#")
    return ["#".join(parts[:n]) for n in range(len(parts), 0, -1)]


def _is_file_missing(file: str) -> bool:
    try:
        os.stat(file)
    except OSError as error:  # any other error: it may exist
        return isinstance(error, (FileNotFoundError, NotADirectoryError))
    return False


def _without_surrogates(text: str) -> str:
    return text.encode(errors="replace").decode()
