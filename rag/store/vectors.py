"""Store of the chunks' vectors: an embedded Chroma directory that several processes may use.

Derived from the library; `rebuild` makes all vectors again.

A Chroma directory is safe for one process at a time: a second one, even if it only searches, reads
files that the first is writing and sees nothing that came after its first query. So every call
here takes a file lock, and opens the directory anew when another process has written to it.

    path/lock           locked during every call
    path/current        "<folder> <version>"; each change sets a new version
    path/<folder>/      the Chroma directory

What a crash could ruin in place, having Chroma write its index to files and making all vectors
anew, happens in another folder, which `current` names when it is complete.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from rag.errors import LibraryBusy, LibraryError, printable_line
from rag.store.chroma_directory import ChromaDirectory, clear_unused, embedder_mismatch
from rag.store.vector_index import ChunkRecords, VectorBatch
from rag.types import Chunk

LOCK_TIMEOUT_S = 60.0  # wait for another process
MIN_FREE_BYTES = 4_000_000  # with less, a failure is put down to a full disk
# Changes that are not in the index files yet: opening applies them again, which takes a second for
# 1000. To write them copies the folder, so a large one is written after a hundredth of its vectors.
MIN_UNWRITTEN = 1000
UNWRITTEN_PART = 100
WRITTEN = " settled"  # ends `current` when all changes are in the index files
SPARE_ROWS = 16  # fetched beyond k, so that equal similarities are cut off by id
# Within some documents, by the processor at 100,000 chunks: to read a vector takes 22 us, to find
# one more of the nearest and its document 7 to 9 us, and Chroma's own filter from 60 ms, in which
# a twentieth of all is found (docs/evaluation.md, "Large indexes").
READ_COST = 3
FILTER_PART = 20


class VectorStore:
    """The vectors of all chunks. Safe to share among threads; open a directory once a process."""

    def __init__(self, path: Path, embedder_name: str, records: ChunkRecords | None = None) -> None:
        self._path = path
        self._embedder_name = embedder_name
        self._records = records
        self._thread_lock = threading.RLock()
        self._file_lock = FileLock(
            path / "lock", LOCK_TIMEOUT_S, thread_local=False, poll_interval=0.01
        )
        self._directory: ChromaDirectory | None = None
        self._current = ""  # the content of `path/current` when it was last read
        self._unwritten = 0  # changes outside the index files
        self._written = 0  # vectors when the index files were last written here

    @classmethod
    def open(
        cls, path: Path, embedder_name: str, records: ChunkRecords | None = None
    ) -> VectorStore:
        """The vectors in the directory `path`, made where missing. With the `records` of the
        chunks, searches in some documents are several times faster.

        Chroma itself is loaded by the first call. Every call raises `EmbedderMismatch` when the
        directory was made with another embedder, `LibraryBusy` when another process uses it for
        longer than a minute, and `LibraryError` when it cannot be used.
        """
        return cls(path, embedder_name, records)

    def close(self) -> None:
        """Close the files; the next call opens them again."""
        with self._thread_lock:
            self._close_directory()

    def add(self, chunks: Sequence[Chunk], vectors: Sequence[Sequence[float]]) -> None:
        """Store one vector for each chunk. A chunk that has one already keeps it."""
        with self._locked_directory(is_change=True) as directory:
            directory.add(chunks, vectors)
        self._unwritten += len(chunks)
        if self._unwritten >= max(MIN_UNWRITTEN, self._written // UNWRITTEN_PART):
            self.write_index()

    def delete(self, chunk_ids: Iterable[str]) -> None:
        """Delete the vectors of these chunks; unknown ids are ignored."""
        ids = list(chunk_ids)
        if ids:
            with self._locked_directory(is_change=True) as directory:
                directory.delete(ids)

    def delete_all_but(self, chunk_ids: set[str]) -> None:
        """Delete the vectors of all other chunks, and what a crashed rebuild left.

        Not while `rebuild` runs.
        """
        self.delete(self.ids() - chunk_ids)
        with self._locked_directory() as directory:
            self._remove_other_folders(directory.folder)

    def write_index(self) -> None:
        """Have Chroma write all changes to its index files.

        Until then, every process that opens the directory applies them again. `add` does it after
        1000 changes, or a hundredth of all vectors; call it when a run of changes is done.
        """
        with self._locked_directory() as directory:
            if not self._current.endswith(WRITTEN):
                with self._draft_folder() as folder, _translate_errors(self._path):
                    self._close_directory()
                    shutil.copytree(directory.folder, folder, dirs_exist_ok=True)
                    self._make_current(folder, self._embedder_name)
                shutil.rmtree(directory.folder, ignore_errors=True)
            self._written = self._current_directory().count()
        self._unwritten = 0

    def write_anew(self) -> None:
        """As `write_index`, into files that hold nothing of what was deleted: Chroma only marks it
        as such. Takes some seconds for 5,000 vectors."""
        with self._locked_directory() as directory:
            with self._draft_folder() as folder, _translate_errors(self._path):
                self._write_folder(folder, self._embedder_name, directory.batches())
                self._close_directory()
                self._make_current(folder, self._embedder_name)
            shutil.rmtree(directory.folder, ignore_errors=True)
        self._unwritten = 0

    def ids(self) -> set[str]:
        """The ids of all chunks that have a vector."""
        with self._locked_directory() as directory:
            return directory.ids()

    def batches(self) -> Iterator[VectorBatch]:
        """All vectors, each with its chunk, of which only the ids are known. The directory is
        locked until the iterator ends."""
        with self._locked_directory() as directory:
            yield from directory.batches()

    def search(
        self, vector: Sequence[float], k: int, document_ids: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        """The `k` nearest chunks (fewer where fewer exist) as id and cosine similarity, -1..1,
        best first, ties by id. `document_ids` restricts the search to those documents."""
        most = k + SPARE_ROWS
        with self._locked_directory() as directory:
            if document_ids is None:
                found = directory.nearest(vector, most)
            else:
                found = self._nearest_in(directory, vector, most, set(document_ids))
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[: max(k, 0)]

    def _nearest_in(
        self, directory: ChromaDirectory, vector: Sequence[float], k: int, documents: set[str]
    ) -> list[tuple[str, float]]:
        """The `k` nearest chunks of these documents, in no order; there may be more of them. Few
        chunks are all compared. A large part of all is taken from twice as many of the
        nearest as should have `k` of it."""
        if self._records is None or not documents:
            return directory.nearest_in(vector, k, documents)
        width = 2 * k * self._records.count_documents() // len(documents)
        most = self._records.count_chunks() // FILTER_PART
        few = min(most, width // READ_COST)
        if len(documents) <= few and len(ids := self._records.chunk_ids(documents)) <= few:
            return directory.compare(vector, ids)
        if k <= width <= most:
            near = directory.nearest(vector, width)
            chunks = self._records.chunks_by_id(id for id, _ in near)
            kept = [
                (id, cosine)
                for id, cosine in near
                if id in chunks and chunks[id].span.document_id in documents
            ]
            if len(kept) >= k:
                return kept
        return directory.nearest_in(vector, k, documents)

    def rebuild(self, embedder_name: str, batches: Iterable[VectorBatch]) -> None:
        """Replace all vectors by `batches`, made with the embedder of that name.

        Until the last batch is stored the old vectors stay in use, also after a crash. The old
        ones are not read: they may be damaged. One process at a time may call this.
        """
        with self._draft_folder() as folder:
            self._write_folder(folder, embedder_name, batches)
            with self._thread_lock, _translate_errors(self._path), self._file_lock:
                self._close_directory()
                self._make_current(folder, embedder_name)
                self._embedder_name = embedder_name
        self._remove_other_folders(folder)

    def _write_folder(
        self, folder: Path, embedder_name: str, batches: Iterable[VectorBatch]
    ) -> None:
        with _translate_errors(self._path):
            directory = ChromaDirectory(folder, embedder_name, MIN_UNWRITTEN)
        try:
            for chunks, vectors in batches:
                with _translate_errors(self._path):
                    directory.add(chunks, vectors)
        finally:
            directory.close()

    def _make_current(self, folder: Path, embedder_name: str) -> None:
        """Have `folder` write its index, check that it opens, and make it the current one."""
        ChromaDirectory(folder, embedder_name, write_after=2).close()
        clear_unused(folder)
        self._directory = ChromaDirectory(folder, embedder_name)
        for file in filter(Path.is_file, folder.rglob("*")):
            with file.open("rb+") as written:
                os.fsync(written.fileno())
        self._write_current(folder, WRITTEN)

    @contextmanager
    def _draft_folder(self) -> Iterator[Path]:
        """A new folder; where the block raises, it is removed unless it is the current one."""
        with _translate_errors(self._path):
            folder = self._new_folder()
        try:
            yield folder
        except BaseException:
            if not self._read_current().startswith(folder.name):
                shutil.rmtree(folder, ignore_errors=True)
            raise

    @contextmanager
    def _locked_directory(self, is_change: bool = False) -> Iterator[ChromaDirectory]:
        """The up-to-date directory, locked to this thread and process until the block ends."""
        with self._thread_lock, _translate_errors(self._path):
            self._path.mkdir(parents=True, exist_ok=True)
            with self._file_lock:
                try:
                    directory = self._current_directory()
                    if is_change:  # before it, so that a crash meanwhile counts as a change
                        self._write_current(directory.folder)
                    yield directory
                except BaseException:
                    self._close_directory()  # its memory may differ from the disk
                    raise

    def _current_directory(self) -> ChromaDirectory:
        current = self._read_current()
        if current and not re.fullmatch("[0-9a-f]{32} .+", current):
            raise ValueError("its file `current` is damaged")
        if self._directory is None or current != self._current or not current:
            self._close_directory()
            folder = self._path / current.split(" ")[0] if current else self._new_folder()
            self._directory = ChromaDirectory(folder, self._embedder_name)
            self._current = current
            if not current:
                self._write_current(folder)
        return self._directory

    def _read_current(self) -> str:
        current = self._path / "current"
        return current.read_text("utf-8", "replace") if current.exists() else ""

    def _new_folder(self) -> Path:
        folder = self._path / uuid.uuid4().hex
        folder.mkdir(parents=True)
        return folder

    def _remove_other_folders(self, folder: Path) -> None:
        for other in set(self._path.glob("[0-9a-f]" * 32)) - {folder}:
            shutil.rmtree(other, ignore_errors=True)

    def _write_current(self, folder: Path, state: str = "") -> None:
        current = f"{folder.name} {uuid.uuid4().hex}{state}"
        draft = self._path / "current.new"
        draft.write_text(current, "utf-8")
        os.replace(draft, self._path / "current")
        self._current = current

    def _close_directory(self) -> None:
        directory, self._directory = self._directory, None
        if directory is not None:
            directory.close()


@contextmanager
def _translate_errors(path: Path) -> Iterator[None]:
    """Within this block, what Chroma, SQLite and the file system raise becomes a `LibraryError`."""
    try:
        yield
    except LibraryError:
        raise
    except Exception as error:
        raise _to_library_error(path, error) from error


def _to_library_error(path: Path, error: Exception) -> LibraryError:
    from chromadb.errors import InvalidArgumentError

    where = f"The vectors at {printable_line(path)}"
    if isinstance(error, Timeout):
        return LibraryBusy(f"{where} are held by another process.", "Try again when it is done.")
    if isinstance(error, InvalidArgumentError) and "dimension" in str(error):
        return embedder_mismatch("with another number of dimensions")
    disk = path if path.exists() else Path(path.absolute().anchor)
    if shutil.disk_usage(disk).free < MIN_FREE_BYTES:  # Chroma does not always name it
        return LibraryError(
            f"{where} cannot grow because the disk is full.",
            "Free some space and try again; what was indexed before is still there.",
        )
    if isinstance(error, OSError):
        return LibraryError(
            f"{where} cannot be read or written ({error.strerror or printable_line(error)}).",
            "Get write access there, or set FOOTNOTE_DATA_DIR to another directory.",
        )
    return LibraryError(
        f"{where} cannot be used ({printable_line(error)}).",
        "Make them again with `footnote index --rebuild`.",
    )
