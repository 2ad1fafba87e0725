"""Indexes files and web pages into the library, and removes documents from it.

For each document: read, chunk, embed, add the vectors, commit to the library, delete the vectors
of the old version. So the library never holds a chunk without a vector, and a crash anywhere
leaves the old version whole. Vectors of chunks that the library does not hold are left over from a
crash: searches ignore them and the end of a run deletes them.

Two locks keep others away: one run at a time, and one change at a time. A run holds the second only
while it writes, so that documents can be removed while it reads and embeds.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from rag.errors import EmbedderMismatch, NoSuchDocument
from rag.events import Added, IngestEvent, Moved, Removed, Skipped, Updated
from rag.ingest.chunking import chunk_document, embedding_text
from rag.ingest.discovery import FileRead, SourceFinder
from rag.ingest.index_lock import IndexLock, exclusive_change, exclusive_run
from rag.ingest.missing_files import is_away
from rag.ingest.preparation import (
    Analysis,
    FoundDocument,
    Pending,
    Preparer,
    ReadsAtOnce,
    ThreadPreparer,
    Vectors,
)
from rag.ingest.topics import choose_topics, topic_candidates
from rag.ingest.web import Page, fetch_page
from rag.store.documents import Library
from rag.store.file_records import KnownDocument
from rag.store.overviews import Topic
from rag.store.vector_index import VectorIndex
from rag.types import Chunk, Document, Embedder

BATCH_CHUNKS = 64  # embedded at once, across documents: most articles have five chunks
MAX_ERASED_CHUNKS = 5_000  # of an index whose files are written anew when something is deleted
MAX_TOPIC_VECTORS = (
    20_000  # kept in a run, 1.5 kB each: what one document is about, others are, too
)
MAX_COMPLETED = 200  # documents of an older version that a run looks for topics of

# Called with how many chunks are embedded, about how many there will be (None: not known), and the
# title of a document or the URL that is about to be fetched.
Progress = Callable[[int, int | None, str], None]


def ingest(  # noqa: PLR0913 (an index is four things)
    paths: Iterable[Path],
    *,
    library: Library,
    vectors: VectorIndex,
    embedder: Embedder,
    lock: IndexLock,
    on_progress: Progress | None = None,
    urls: Iterable[str] = (),
    fetch: Callable[[str], Page] = fetch_page,
    preparer: Preparer | None = None,
) -> Iterator[IngestEvent]:
    """Bring the library up to date with the files at and under `paths` and the pages at `urls`,
    one event a document.

    A document at or under `paths` whose file was deleted is removed; one whose folder is away is
    kept, with a failure that says so. A file that was renamed or moved keeps its id. Other
    documents, web pages among them, are left alone. `lock` is a file that whoever changes the
    index locks, and beside it is one for the run; of an index in a database, it is a lock of that.
    `preparer` reads and embeds ahead of the writing and is left open; without one, threads of this
    process do. Closing the iterator ends the run; what it has yielded stays. Raises `LibraryBusy`
    when another run is under way, `EmbedderMismatch`, `SourceError` for a path that does not exist,
    and whatever the embedder, `preparer` and the disk raise; what was committed before stays.
    """
    with exclusive_run(lock), ExitStack() as own:
        if preparer is None:
            preparer = own.enter_context(closing(ThreadPreparer(embedder)))
        run = _IndexRun(library, vectors, embedder, lock, on_progress)
        with exclusive_change(lock):
            run.complete_vectors()
        sources = SourceFinder(paths, urls, library.files, run.report_fetches(fetch), preparer)
        run.remember_roots(sources)
        yield from run.index(sources, preparer)
        missing = sources.missing()
        for id in missing.removed_ids():
            with suppress(NoSuchDocument):  # somebody removed it meanwhile
                yield _removed(id, library, vectors, lock)
        yield from missing.away()
        run.complete_topics()
        with exclusive_change(lock):
            run.complete_vectors()  # a removal may have taken some of a document being indexed
            vectors.delete_all_but(library.chunk_ids())
            _write(library, vectors)


def preview(
    paths: Iterable[Path],
    *,
    library: Library,
    urls: Iterable[str] = (),
    fetch: Callable[[str], Page] = fetch_page,
) -> Iterator[IngestEvent]:
    """What `ingest` would do, without doing it: the same events, nothing embedded or written.

    Pages at `urls` are fetched. Raises `SourceError` for a path that does not exist.
    """
    known = {each.id: each for each in library.files.known()}
    sources = SourceFinder(paths, urls, library.files, fetch, ReadsAtOnce())
    for found in sources.documents():
        if isinstance(found, FoundDocument):
            document = found.document
            yield _change(document, known.get(document.id), len(chunk_document(document)))
        elif not isinstance(found, FileRead):
            yield found
    missing = sources.missing()
    yield from map(Removed, missing.removed_ids())
    yield from missing.away()


def _change(found: Document, known: KnownDocument | None, chunks: int) -> IngestEvent:
    """The event for a document that was read; `known` is what is indexed under its id."""
    if known is None:
        return Added(found.id, chunks)
    if known.digest != found.digest:
        return Updated(found.id, chunks)
    is_moved = known.source != found.source
    return Moved(found.id, found.source) if is_moved else Skipped(found.id)


def remove(document_id: str, *, library: Library, vectors: VectorIndex, lock: IndexLock) -> Removed:
    """As `remove_all`, of one document."""
    (removed,) = remove_all([document_id], library=library, vectors=vectors, lock=lock)
    return removed


def remove_all(
    document_ids: Iterable[str], *, library: Library, vectors: VectorIndex, lock: IndexLock
) -> Iterator[Removed]:
    """Delete documents, their chunks and their vectors, also while a run is under way; at the end,
    so that nothing of them is left in the files. Raises `NoSuchDocument`, and `LibraryBusy` while
    all vectors are made anew."""
    try:
        for id in document_ids:
            yield _removed(id, library, vectors, lock)
    finally:
        with exclusive_change(lock):
            _write(library, vectors)


def complete(
    *, library: Library, vectors: VectorIndex, embedder: Embedder, lock: IndexLock
) -> None:
    """Give every chunk a vector, and delete those of no chunk. Raises `LibraryBusy`,
    `EmbedderMismatch`, and whatever the embedder and the disk raise."""
    with exclusive_run(lock), exclusive_change(lock):
        _IndexRun(library, vectors, embedder, lock).complete_vectors()
        vectors.delete_all_but(library.chunk_ids())
        _write(library, vectors, also_if_large=True)


def rebuild(
    *,
    library: Library,
    vectors: VectorIndex,
    embedder: Embedder,
    lock: IndexLock,
    on_progress: Progress | None = None,
) -> int:
    """Embed every chunk of the library anew, from the stored text; returns how many.

    The remedy for vectors that are lost, damaged or of another embedder. The old ones stay in
    use until the last new one is stored. Raises `LibraryBusy`, and whatever the embedder and the
    disk raise.
    """
    with exclusive_run(lock), exclusive_change(lock):
        total = library.count_chunks()
        run = _IndexRun(library, vectors, embedder, lock, on_progress, total)
        vectors.rebuild(embedder.name, map(run.embed, _batches(_chunks_with_documents(library))))
        library.embedder = embedder.name
        return run.done


def check_embedder(library: Library, embedder: Embedder) -> None:
    """Raises `EmbedderMismatch` when the library was indexed with another embedder."""
    if library.embedder not in (None, embedder.name) and library.count_chunks():
        raise EmbedderMismatch(
            f"The index was made with {library.embedder}, not with {embedder.name}.",
            "Choose that embedder again, or embed everything anew: `footnote index --rebuild`.",
        )


Vector = Sequence[float]
_DocumentChunk = tuple[Document, Chunk]


@dataclass(slots=True)
class _PendingDocument:
    """A document that is not committed yet; `unembedded` of its chunks have no vector.

    With it, `files` are committed to the end. `vector` is the sum of those of its chunks.
    """

    document: Document
    analysis: Analysis
    is_update: bool
    unembedded: int
    files: list[FileRead] = field(default_factory=list)
    vector: list[float] = field(default_factory=list)

    def add_vector(self, vector: Sequence[float]) -> None:
        self.vector = [
            a + b for a, b in zip(self.vector or [0.0] * len(vector), vector, strict=True)
        ]


@dataclass(slots=True)
class _Batch:
    """Chunks that are being embedded, and the candidates for topics of the documents that are
    `complete` with them. Vectors of some of the candidates are `known`; the texts of the others are
    embedded, too."""

    parts: list[tuple[_PendingDocument, Chunk]]
    complete: list[_PendingDocument]
    vectors: Pending[Vectors]
    known: dict[str, Vector]
    texts: list[str]
    text_vectors: Pending[Vectors] | None

    @classmethod
    def of(
        cls,
        parts: list[tuple[_PendingDocument, Chunk]],
        preparer: Preparer,
        known: Mapping[str, Vector],
    ) -> _Batch:
        complete = []
        for pending, _ in parts:
            pending.unembedded -= 1
            if not pending.unembedded:
                complete.append(pending)
        vectors = preparer.embed([embedding_text(each.document, chunk) for each, chunk in parts])
        topics = {topic.text for each in complete for topic in each.analysis.topics}
        texts = sorted(topics - known.keys())
        return cls(
            parts,
            complete,
            vectors,
            {text: known[text] for text in topics & known.keys()},
            texts,
            preparer.embed(texts) if texts else None,
        )

    def topic_vectors(self) -> dict[str, Vector]:
        """Those of all candidates, by their text."""
        vectors = self.text_vectors.result() if self.text_vectors else []
        return self.known | dict(zip(self.texts, vectors, strict=True))


@dataclass(slots=True)
class _IndexRun:
    """One run: what it writes to, and how many of about `total` chunks are read and embedded
    (`done`)."""

    library: Library
    vectors: VectorIndex
    embedder: Embedder
    lock: IndexLock
    on_progress: Progress | None = None
    total: int | None = None
    done: int = 0
    read: int = 0
    last_pending: _PendingDocument | None = None  # the last document, until it is committed
    topic_vectors: dict[str, Vector] = field(default_factory=dict)  # of the last candidates

    def complete_vectors(self) -> None:
        """Give every chunk of the library a vector of this embedder.

        Raises `EmbedderMismatch`.
        """
        check_embedder(self.library, self.embedder)
        if self.library.embedder != self.embedder.name:  # then nothing is indexed
            self.vectors.rebuild(self.embedder.name, [])
            self.library.embedder = self.embedder.name
        missing = self.library.chunk_ids() - self.vectors.ids()
        for batch in _batches(_chunks_with_documents(self.library, missing)):
            self.vectors.add(*self.embed(batch))

    def report_fetches(self, fetch: Callable[[str], Page]) -> Callable[[str], Page]:
        """`fetch`, with a call of `on_progress` before each page: fetching may take long."""

        def fetch_with_report(url: str) -> Page:
            if self.on_progress:
                self.on_progress(self.done, self.total, url)
            return fetch(url)

        return fetch_with_report

    def index(self, sources: SourceFinder, preparer: Preparer) -> Iterator[IngestEvent]:
        """Embed the documents of `sources`, `BATCH_CHUNKS` chunks at a time, and commit what was
        embedded while the next are."""
        known = {each.id: each for each in self.library.files.known()}
        queue: deque[tuple[_PendingDocument, Chunk]] = deque()
        batches: deque[_Batch] = deque()
        for found in sources.documents():
            if isinstance(found, FileRead):
                self.remember(found)
            elif not isinstance(found, FoundDocument):
                yield found
            elif event := self.unchanged(found.document, known):
                yield event
            else:
                pending = self.begin(found, found.document.id in known, sources)
                queue.extend((pending, chunk) for chunk in pending.analysis.chunks)
                if not pending.unembedded:
                    with exclusive_change(self.lock):
                        event = self.commit(pending, [])
                    yield event
            while len(queue) >= BATCH_CHUNKS:
                parts = [queue.popleft() for _ in range(BATCH_CHUNKS)]
                batches.append(_Batch.of(parts, preparer, self.topic_vectors))
                if len(batches) > preparer.batches_ahead:
                    yield from self.store(batches.popleft())
        if queue:
            batches.append(_Batch.of(list(queue), preparer, self.topic_vectors))
        for batch in batches:
            yield from self.store(batch)

    def unchanged(
        self, document: Document, known: Mapping[str, KnownDocument]
    ) -> IngestEvent | None:
        """The event for a document that is indexed as it is; None for another. Where it is now is
        kept."""
        before = known.get(document.id)
        if before is None or before.digest != document.digest:
            return None
        if document.source != before.source:
            with exclusive_change(self.lock):
                self.library.files.move(document.id, document.source)
        return _change(document, before, 0)

    def begin(
        self, found: FoundDocument, is_update: bool, sources: SourceFinder
    ) -> _PendingDocument:
        """A document that is to be embedded and committed."""
        analysis = found.analysed()
        self.expect(len(analysis.chunks), sources)
        pending = _PendingDocument(found.document, analysis, is_update, len(analysis.chunks))
        if analysis.chunks:
            self.last_pending = pending
        return pending

    def expect(self, chunks: int, sources: SourceFinder) -> None:
        """Count the chunks of a document that was read, and estimate how many there will be in
        all: in the files that are still to be read there are as many to the byte."""
        self.read += chunks
        if sources.bytes_read and not sources.urls:
            self.total = round(self.read * sources.bytes_total / sources.bytes_read)

    def remember_roots(self, sources: SourceFinder) -> None:
        """Keep the folders that were named, so that one that is away later is missed."""
        for path, device in sources.folders().items():
            if not is_away(path, sources.roots[path]):
                self.library.files.add_root(path, device)

    def remember(self, file: FileRead) -> None:
        """Keep the state of a file, once the last document before it is committed."""
        if self.last_pending:
            self.last_pending.files.append(file)
        else:
            self.library.files.remember(file.path, file.state)

    def store(self, batch: _Batch) -> Iterator[IngestEvent]:
        """Add the vectors of these chunks, and commit the documents that are complete."""
        vectors = batch.vectors.result()
        for (pending, _), vector in zip(batch.parts, vectors, strict=True):
            pending.add_vector(vector)
        self.report([(pending.document, chunk) for pending, chunk in batch.parts])
        topics = self.choose_topics(batch)
        with exclusive_change(self.lock):
            self.vectors.add([chunk for _, chunk in batch.parts], vectors)
            events = [self.commit(*each) for each in zip(batch.complete, topics, strict=True)]
        yield from events

    def choose_topics(self, batch: _Batch) -> list[list[Topic]]:
        """The topics of the complete documents, whose vectors have been added."""
        vectors = batch.topic_vectors()
        if len(self.topic_vectors) + len(vectors) > MAX_TOPIC_VECTORS:
            self.topic_vectors.clear()
        self.topic_vectors |= {text: array("f", vector) for text, vector in vectors.items()}
        return [
            choose_topics(topics, [vectors[topic.text] for topic in topics], each.vector)
            for each in batch.complete
            for topics in [each.analysis.topics]
        ]

    def commit(self, pending: _PendingDocument, topics: Sequence[Topic]) -> IngestEvent:
        id, analysis = pending.document.id, pending.analysis
        old = {chunk.id for chunk in self.library.chunks(id)}
        self.library.put(pending.document, analysis.chunks, analysis.questions, topics)
        self.vectors.delete(old - {chunk.id for chunk in analysis.chunks})
        for file in pending.files:
            self.library.files.remember(file.path, file.state)
        if self.last_pending is pending:
            self.last_pending = None
        return (Updated if pending.is_update else Added)(id, len(analysis.chunks))

    def complete_topics(self) -> None:
        """Look for the topics of documents that an older version indexed, a bounded number of
        them, by what stands at their beginning."""
        for id in self.library.overviews.without_topics(MAX_COMPLETED):
            with suppress(NoSuchDocument), exclusive_change(self.lock):
                self.complete_topics_of(self.library.document(id))

    def complete_topics_of(self, document: Document) -> None:
        found: list[Topic] = []
        if first := self.library.chunks(document.id)[:1]:
            candidates = topic_candidates(document)
            texts = [embedding_text(document, first[0]), *(each.text for each in candidates)]
            vector, *others = self.embedder.embed(texts)
            found = choose_topics(candidates, others, vector)
        self.library.overviews.put_topics(document.id, document.digest, found)
        if self.on_progress:
            self.on_progress(self.done, self.total, document.title)

    def embed(self, pairs: Sequence[_DocumentChunk]) -> tuple[list[Chunk], list[list[float]]]:
        vectors = self.embedder.embed([embedding_text(*pair) for pair in pairs])
        self.report(pairs)
        return [chunk for _, chunk in pairs], vectors

    def report(self, embedded: Sequence[_DocumentChunk]) -> None:
        self.done += len(embedded)
        if self.on_progress:
            self.on_progress(self.done, self.total, embedded[-1][0].title)


def _chunks_with_documents(
    library: Library, only: set[str] | None = None
) -> Iterator[_DocumentChunk]:
    """Every chunk of the library, or those of the ids `only`, each with its document."""
    for id in sorted(library.digests()) if only is None or only else ():
        chunks = [chunk for chunk in library.chunks(id) if only is None or chunk.id in only]
        if chunks:
            document = library.document(id)
            yield from ((document, chunk) for chunk in chunks)


def _batches(pairs: Iterator[_DocumentChunk]) -> Iterator[list[_DocumentChunk]]:
    while batch := list(islice(pairs, BATCH_CHUNKS)):
        yield batch


def _removed(id: str, library: Library, vectors: VectorIndex, lock: IndexLock) -> Removed:
    with exclusive_change(lock):
        chunks = library.chunks(id)
        library.remove(id)
        vectors.delete(chunk.id for chunk in chunks)
    return Removed(id)


def _write(library: Library, vectors: VectorIndex, *, also_if_large: bool = False) -> None:
    """Write the vectors' index; where something was deleted, so that it leaves all files. In an
    index of more than `MAX_ERASED_CHUNKS` that takes long, and is left to `complete`."""
    is_small = also_if_large or library.count_chunks() <= MAX_ERASED_CHUNKS
    if library.has_deleted and is_small:
        vectors.write_anew()
        library.erase_deleted()
    else:
        vectors.write_index()
