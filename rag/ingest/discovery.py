"""Which documents do the given files and web pages hold, under which ids, and which no more?"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from rag.errors import SourceError
from rag.events import Failed
from rag.ingest.readers import find_files, read_file, read_page
from rag.ingest.web import Page, is_url, normalise_url
from rag.types import Document


class SourceFinder:
    """`known` maps the source of each document that the library holds to its id."""

    def __init__(
        self,
        paths: Iterable[Path],
        urls: Iterable[str],
        known: Mapping[str, str],
        fetch: Callable[[str], Page],
    ) -> None:
        self.given = [Path(os.path.abspath(path)) for path in paths]
        self.roots = [str(path.resolve()) for path in self.given]
        self.urls = urls
        self.known = known
        self.fetch = fetch
        self.taken = set(known.values())
        self.seen: set[str] = set()  # sources of documents
        self.read: set[str] = set()  # files

    def documents(self) -> Iterator[Document | Failed]:
        """Each document once. Raises `SourceError` for a path that does not exist."""
        yield from self._in_files()
        for url in dict.fromkeys(self.urls):
            try:
                url = normalise_url(url)
                if url not in self.seen:
                    self.seen.add(url)
                    found = self.fetch(url)
                    yield read_page(url, found.kind, found.data, found.charset)
            except SourceError as error:
                yield Failed(_printable(url), str(error))

    def gone(self) -> list[str]:
        """Ids of the documents whose file, or record in it, is there no more.

        A web page never is: only a person can say that it should be forgotten.
        """
        return sorted(
            id
            for source, id in self.known.items()
            if source not in self.seen and self._given(source) and self._vanished(source)
        )

    def _in_files(self) -> Iterator[Document | Failed]:
        here = [path for path in self.given if path.exists() or not self._holds(path)]
        for file in find_files(here):
            try:
                documents = read_file(file)
            except SourceError as error:
                yield Failed(_printable(str(file)), str(error))
                continue
            self.read.add(str(file.resolve()))
            for document in documents:
                if document.source not in self.seen:
                    self.seen.add(document.source)
                    yield self._named(document, file)

    def _named(self, document: Document, file: Path) -> Document:
        """The document under the id it has, or under the shortest end of its path that is free."""
        id = self.known.get(document.source)
        if id is None:
            root = next((path for path in self.given if path in file.parents), file.parent)
            record = document.id.removeprefix(file.name)
            shortest = len(file.relative_to(root).parts)
            parts = [_printable(part) for part in file.parts]
            ends = ("/".join(parts[-n:]) for n in range(shortest, len(parts)))
            id = next((end + record for end in ends if end + record not in self.taken), None)
        document = replace(document, id=id or document.source)
        self.taken.add(document.id)
        return document

    def _holds(self, path: Path) -> bool:
        """True for a file that documents came from."""
        file = str(path.resolve())
        return any(source == file or source.startswith(f"{file}#") for source in self.known)

    def _given(self, source: str) -> bool:
        return any(
            source == root or source.startswith((f"{root}#", os.path.join(root, "")))
            for root in self.roots
        )

    def _vanished(self, source: str) -> bool:
        return any(file in self.read for file in _files(source)) or is_source_gone(source)


def is_source_gone(source: str) -> bool:
    """True where the file of a document is there no more; a web page is never gone."""
    return not is_url(source) and all(map(_missing, _files(source)))


def _files(source: str) -> list[str]:
    """A source is a file, or a file, "#" and the name of a record; both may hold more of them."""
    parts = source.split("#")
    return ["#".join(parts[:n]) for n in range(len(parts), 0, -1)]


def _missing(file: str) -> bool:
    try:
        os.stat(file)
    except OSError as error:  # any other one: it may be there
        return isinstance(error, (FileNotFoundError, NotADirectoryError))
    return False


def _printable(text: str) -> str:
    return text.encode(errors="replace").decode()
