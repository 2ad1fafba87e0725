"""What can be done ahead of the writing: files are read and analysed, texts are embedded.

An index run asks a `Preparer` for both and goes on writing meanwhile. `ThreadPreparer` does them in
this process, `rag.ingest.ray_workers.RayPreparer` in the processes of a Ray cluster. Both give the
same results, and the run takes them in the order in which it asked for them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from rag.errors import SourceError
from rag.events import Failed, Warned
from rag.ingest.chunking import chunk_document
from rag.ingest.raw_source import Report
from rag.ingest.reading_process import interrupt_reading, read_file
from rag.ingest.suggestions import suggest
from rag.ingest.topics import topic_candidates
from rag.store.documents import SuggestedQuestion
from rag.store.overviews import Topic
from rag.types import Chunk, Document, Embedder

Result = TypeVar("Result", covariant=True)
Vectors = list[list[float]]


@dataclass(frozen=True, slots=True)
class Analysis:
    """What is made of a document's text when it is indexed; `topics` are candidates."""

    chunks: list[Chunk]
    questions: list[SuggestedQuestion]
    topics: list[Topic]

    def under_id(self, document: Document) -> Analysis:
        """The analysis of the same text under the id of `document`."""
        return replace(
            self,
            chunks=[Chunk.of(document, each.span.start, each.span.end) for each in self.chunks],
            questions=[
                replace(each, span=replace(each.span, document_id=document.id))
                for each in self.questions
            ],
        )


def analyse(document: Document) -> Analysis:
    """Linear in the text; no model is asked."""
    return Analysis(chunk_document(document), suggest(document), topic_candidates(document))


@dataclass(frozen=True, slots=True)
class FoundDocument:
    """A document that was read, and its analysis where that was made, too."""

    document: Document
    analysis: Analysis | None = None

    def under_id(self, id: str) -> FoundDocument:
        """The same under another id."""
        if id == self.document.id:
            return self
        document = replace(self.document, id=id)
        return FoundDocument(document, self.analysis and self.analysis.under_id(document))

    def analysed(self) -> Analysis:
        return self.analysis or analyse(self.document)


@dataclass(frozen=True, slots=True)
class FileContents:
    """What was found in one file. `error` is why nothing could be read."""

    documents: list[FoundDocument] = field(default_factory=list)
    problems: list[Failed | Warned] = field(default_factory=list)
    error: SourceError | None = None


def file_contents(
    read: Callable[[Report], list[Document]], known: Collection[str] | None
) -> FileContents:
    """What `read` returns and reports. Documents whose digest is not `known` are analysed; where
    that is None, none is."""
    problems: list[Failed | Warned] = []
    try:
        documents = read(problems.append)
    except SourceError as error:
        return FileContents(problems=problems, error=error)
    is_new = [known is not None and each.digest not in known for each in documents]
    found = [
        FoundDocument(each, analyse(each) if new else None)
        for each, new in zip(documents, is_new, strict=True)
    ]
    return FileContents(found, problems)


class Pending(Protocol[Result]):
    """Something that is being done, as a `concurrent.futures.Future` is."""

    def result(self) -> Result:
        """What came of it, waiting until it is done. Raises what ended it."""
        ...


class FileReader(Protocol):
    """Reads files."""

    @property
    def files_ahead(self) -> int:
        """How many may be asked for beyond the one that is waited for."""
        ...

    @property
    def bytes_ahead(self) -> int:
        """How large they may be together, where they are several."""
        ...

    def read(self, file: Path, known: Collection[str]) -> Pending[FileContents]:
        """Read the file and analyse its documents, but for those whose digest is `known`."""
        ...


class Preparer(FileReader, Protocol):
    """Reads and embeds for one index run."""

    @property
    def batches_ahead(self) -> int:
        """How many batches of texts may be asked for beyond the one that is waited for."""
        ...

    def embed(self, texts: Sequence[str]) -> Pending[Vectors]:
        """One vector for each text, in order."""
        ...

    def close(self) -> None:
        """End what is under way; its results are not wanted any more."""
        ...


class ReadsAtOnce:
    """Reads a file when it is asked for, and analyses nothing."""

    files_ahead = 0
    bytes_ahead = 0

    def read(self, file: Path, known: Collection[str]) -> Future[FileContents]:
        done = Future[FileContents]()
        done.set_result(file_contents(partial(read_file, file), None))
        return done


class ThreadPreparer:
    """Prepares in two threads of this process: one reads the next file, one embeds, while the run
    writes what was embedded before."""

    files_ahead = 2
    bytes_ahead = 8_000_000
    batches_ahead = 1

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._reader = ThreadPoolExecutor(1, "reading")
        self._embedding = ThreadPoolExecutor(1, "embedding")
        self._reads: list[Future[FileContents]] = []

    def read(self, file: Path, known: Collection[str]) -> Future[FileContents]:
        found = self._reader.submit(file_contents, partial(read_file, file), known)
        self._reads = [each for each in self._reads if not each.done()] + [found]
        return found

    def embed(self, texts: Sequence[str]) -> Future[Vectors]:
        return self._embedding.submit(self._embedder.embed, texts)

    def close(self) -> None:
        self._reader.shutdown(wait=False, cancel_futures=True)
        if not all(each.done() for each in self._reads):
            interrupt_reading()
        self._embedding.shutdown(cancel_futures=True)
