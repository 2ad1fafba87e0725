"""How do files and web pages become part of the library, and how do they leave it?

For each document: load, chunk, embed, add the vectors, commit to the library, delete the vectors
of the old version. So the library never knows a chunk without a vector, and a crash anywhere
leaves the old version whole. Vectors that the library does not know are nobody's: readers pass
them over and the end of a run deletes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from filelock import FileLock, Timeout

from rag.errors import EmbedderMismatch, LibraryBusy, LibraryError
from rag.events import Added, Failed, IngestEvent, Removed, Skipped, Updated
from rag.ingest.chunking import chunk_document, embedding_text
from rag.ingest.discovery import SourceFinder
from rag.ingest.web import Page, fetch_page
from rag.store.documents import Library
from rag.store.vectors import VectorStore
from rag.types import Chunk, Document, Embedder

SLICE_CHUNKS = 64  # embedded at once, across documents: most articles have five

# Called with how many chunks are embedded, how many there will be (if known), and a title.
Progress = Callable[[int, int | None, str], None]


def ingest(
    paths: Iterable[Path],
    *,
    library: Library,
    vectors: VectorStore,
    embedder: Embedder,
    lock_path: Path,
    on_progress: Progress | None = None,
    urls: Iterable[str] = (),
    fetch: Callable[[str], Page] = fetch_page,
) -> Iterator[IngestEvent]:
    """Bring the library up to date with the files at and under `paths` and the pages at `urls`,
    one event a document.

    A document whose file is gone is removed; documents from elsewhere, web pages among them, are
    left alone. Closing the iterator ends the run; what it has yielded stays. Raises `LibraryBusy`
    when another run is under way, `EmbedderMismatch`, `SourceError` for a path that does not
    exist, and whatever the embedder and the disk raise; what was committed before stays.
    """
    with _only_run(lock_path):
        run = _Run(library, vectors, embedder, on_progress)
        run.prepare()
        sources = SourceFinder(paths, urls, library.ids_by_source(), run.announced(fetch))
        yield from run.index(sources)
        for id in sources.gone():
            yield _removed(id, library, vectors)
        vectors.keep_only(library.chunk_ids())
        vectors.settle()


def remove(document_id: str, *, library: Library, vectors: VectorStore, lock_path: Path) -> Removed:
    """Forget a document. Raises `NoSuchDocument`, `LibraryBusy`."""
    with _only_run(lock_path):
        return _removed(document_id, library, vectors)


def rebuild(
    *,
    library: Library,
    vectors: VectorStore,
    embedder: Embedder,
    lock_path: Path,
    on_progress: Progress | None = None,
) -> int:
    """Embed every chunk of the library anew, from the stored text; returns how many.

    The remedy for vectors that are lost, damaged or of another embedder. The old ones stay in
    use until the last new one is there.
    """
    with _only_run(lock_path):
        run = _Run(library, vectors, embedder, on_progress, total=library.count_chunks())
        vectors.rebuild(embedder.name, map(run.embedded, _slices(_pairs(library))))
        library.embedder = embedder.name
        return run.done


def check_embedder(library: Library, embedder: Embedder) -> None:
    """Raises `EmbedderMismatch` when the library was indexed with another embedder."""
    if library.embedder not in (None, embedder.name) and library.count_chunks():
        raise EmbedderMismatch(
            f"The index was made with {library.embedder}, not with {embedder.name}.",
            "Choose that embedder again, or embed everything anew: `footnote index --rebuild`.",
        )


_Pair = tuple[Document, Chunk]


@dataclass(slots=True)
class _Job:
    """A document on its way in; `left` of its chunks are still to be embedded."""

    document: Document
    chunks: list[Chunk]
    known: bool
    left: int


@dataclass(slots=True)
class _Run:
    """One run: what it writes to, and how far it is."""

    library: Library
    vectors: VectorStore
    embedder: Embedder
    on_progress: Progress | None
    total: int | None = None
    done: int = 0

    def prepare(self) -> None:
        """Make the vectors fit the library: all there, and of this embedder."""
        check_embedder(self.library, self.embedder)
        if self.library.embedder != self.embedder.name:  # then nothing is indexed
            self.vectors.rebuild(self.embedder.name, [])
            self.library.embedder = self.embedder.name
        missing = self.library.chunk_ids() - self.vectors.ids()
        for some in _slices(_pairs(self.library, missing)):
            self.vectors.add(*self.embedded(some))

    def announced(self, fetch: Callable[[str], Page]) -> Callable[[str], Page]:
        """`fetch`, which may take its time, with word of it beforehand."""

        def tell(url: str) -> Page:
            if self.on_progress:
                self.on_progress(self.done, self.total, url)
            return fetch(url)

        return tell

    def index(self, sources: SourceFinder) -> Iterator[IngestEvent]:
        """Take in what the sources hold, `SLICE_CHUNKS` chunks at a time."""
        digests = self.library.digests()
        waiting: list[tuple[_Job, Chunk]] = []
        for found in sources.documents():
            if isinstance(found, Failed):
                yield found
            elif digests.get(found.id) == found.digest:
                yield Skipped(found.id)
            else:
                chunks = chunk_document(found)
                job = _Job(found, chunks, found.id in digests, len(chunks))
                waiting += [(job, piece) for piece in chunks]
                if not chunks:
                    yield self.commit(job)
                while len(waiting) >= SLICE_CHUNKS:
                    some, waiting = waiting[:SLICE_CHUNKS], waiting[SLICE_CHUNKS:]
                    yield from self.store(some)
        yield from self.store(waiting)

    def store(self, some: list[tuple[_Job, Chunk]]) -> Iterator[IngestEvent]:
        """Add the vectors of these chunks, and commit the documents that are complete."""
        if some:
            self.vectors.add(*self.embedded([(job.document, piece) for job, piece in some]))
        for job, _ in some:
            job.left -= 1
            if not job.left:
                yield self.commit(job)

    def commit(self, job: _Job) -> IngestEvent:
        id = job.document.id
        old = {piece.id for piece in self.library.chunks(id)}
        self.library.put(job.document, job.chunks)
        self.vectors.delete(old - {piece.id for piece in job.chunks})
        return (Updated if job.known else Added)(id, len(job.chunks))

    def embedded(self, pairs: Sequence[_Pair]) -> tuple[list[Chunk], list[list[float]]]:
        vectors = self.embedder.embed([embedding_text(*pair) for pair in pairs])
        self.done += len(pairs)
        if self.on_progress:
            self.on_progress(self.done, self.total, pairs[-1][0].title)
        return [piece for _, piece in pairs], vectors


def _pairs(library: Library, only: set[str] | None = None) -> Iterator[_Pair]:
    """Every chunk of the library with its document, or `only` some."""
    for id in sorted(library.digests()) if only is None or only else ():
        chunks = [piece for piece in library.chunks(id) if only is None or piece.id in only]
        if chunks:
            document = library.document(id)
            yield from ((document, piece) for piece in chunks)


def _slices(pairs: Iterator[_Pair]) -> Iterator[list[_Pair]]:
    while some := list(islice(pairs, SLICE_CHUNKS)):
        yield some


def _removed(document_id: str, library: Library, vectors: VectorStore) -> Removed:
    chunks = library.chunks(document_id)
    library.remove(document_id)
    vectors.delete(piece.id for piece in chunks)
    return Removed(document_id)


@contextmanager
def _only_run(lock_path: Path) -> Iterator[None]:
    """One run at a time; a lock dies with its process. Gradio moves a generator among threads."""
    lock = FileLock(lock_path, timeout=0, thread_local=False)
    try:
        lock_path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise LibraryBusy(
            "Another process is changing this index.", "Try again when it is done."
        ) from error
    except OSError as error:
        raise LibraryError(
            f"The index cannot be written ({error.strerror}).",
            "Get write access to it, or set FOOTNOTE_DATA_DIR to another directory.",
        ) from error
    try:
        yield
    finally:
        lock.release()
