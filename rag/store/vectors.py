"""Which chunks lie nearest to this vector?

Chroma through LlamaIndex, embedded. Derived from the library and made again by `rebuild`.

A Chroma directory bears one process at a time: a second one, even if it only searches, reads
files that the first is writing and sees nothing that came after its first query. So every call
here holds a file lock, and opens the directory anew when another process has written to it.

    path/lock           held during every call
    path/current        "<folder> <mark>"; each change sets a new mark
    path/<folder>/      the Chroma directory

What would be dangerous in place, having Chroma write its index to files or making all vectors
anew, happens in another folder, which `current` names when it is whole.
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
from rag.store.chroma_directory import ChromaDirectory, embedder_mismatch
from rag.types import Chunk

LOCK_TIMEOUT_S = 60.0
LEAST_FREE_BYTES = 4_000_000
WRITE_AFTER = 1000  # changes; making them again when opening takes a second
SETTLED = " settled"
SPARE_ROWS = 16  # fetched beyond k, so that equal similarities are cut off by id

_Batch = tuple[Sequence[Chunk], Sequence[Sequence[float]]]


class VectorStore:
    """The vectors of all chunks. Safe to share among threads; open a directory once a process."""

    def __init__(self, path: Path, embedder_name: str) -> None:
        self._path = path
        self._embedder_name = embedder_name
        self._threads = threading.RLock()
        self._lock = FileLock(path / "lock", LOCK_TIMEOUT_S, thread_local=False, poll_interval=0.01)
        self._opened: ChromaDirectory | None = None
        self._seen = ""  # what `current` said when we last looked
        self._changes = 0  # since they were last settled

    @classmethod
    def open(cls, path: Path, embedder_name: str) -> VectorStore:
        """The vectors in the directory `path`, made where missing.

        Chroma itself is loaded by the first call. Every call raises `EmbedderMismatch` when the
        directory was made with another embedder, `LibraryBusy` when another process holds it
        for a minute, and `LibraryError` when it cannot be used.
        """
        return cls(path, embedder_name)

    def close(self) -> None:
        """Let go of the files; the next call opens them again."""
        with self._threads:
            self._forget()

    def add(self, chunks: Sequence[Chunk], vectors: Sequence[Sequence[float]]) -> None:
        """Store one vector for each chunk; a chunk that is there already keeps its vector."""
        with self._held(changing=True) as opened:
            opened.add(chunks, vectors)
        self._changes += len(chunks)
        if self._changes >= WRITE_AFTER:
            self.settle()

    def delete(self, chunk_ids: Iterable[str]) -> None:
        """Forget these chunks; unknown ids are passed over."""
        ids = list(chunk_ids)
        if ids:
            with self._held(changing=True) as opened:
                opened.delete(ids)

    def keep_only(self, chunk_ids: set[str]) -> None:
        """Forget all other chunks, and what a crashed rebuild left. Not during a rebuild."""
        self.delete(self.ids() - chunk_ids)
        with self._held() as opened:
            self._remove_folders_but(opened.folder)

    def settle(self) -> None:
        """Have all changes written to index files; until then whoever opens them makes the
        changes again. Happens by itself now and then; call it when the changes are done."""
        with self._held() as opened:
            if not self._seen.endswith(SETTLED):
                with self._draft() as folder, _translated(self._path):
                    self._forget()
                    shutil.copytree(opened.folder, folder, dirs_exist_ok=True)
                    self._replace(folder, self._embedder_name)
                shutil.rmtree(opened.folder, ignore_errors=True)
        self._changes = 0

    def ids(self) -> set[str]:
        """The ids of all chunks that have a vector."""
        with self._held() as opened:
            return opened.ids()

    def search(
        self, vector: Sequence[float], k: int, document_ids: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        """The `k` nearest chunks (fewer where fewer exist) as id and cosine similarity, -1..1,
        best first, ties by id; of the given documents only, where some are given."""
        with self._held() as opened:
            found = opened.search(vector, k + SPARE_ROWS, document_ids)
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[: max(k, 0)]

    def rebuild(self, embedder_name: str, batches: Iterable[_Batch]) -> None:
        """Replace everything by `batches`, made with the embedder of that name.

        Until the last batch is stored the old vectors stay in use, also after a crash. Does not
        read the old ones: they may be damaged. One process at a time may call this.
        """
        with self._draft() as folder:
            self._fill(folder, embedder_name, batches)
            with self._threads, _translated(self._path), self._lock:
                self._forget()
                self._replace(folder, embedder_name)
                self._embedder_name = embedder_name
        self._remove_folders_but(folder)

    def _fill(self, folder: Path, embedder_name: str, batches: Iterable[_Batch]) -> None:
        with _translated(self._path):
            opened = ChromaDirectory(folder, embedder_name, WRITE_AFTER)
        try:
            for chunks, vectors in batches:
                with _translated(self._path):
                    opened.add(chunks, vectors)
        finally:
            opened.close()

    def _replace(self, folder: Path, embedder_name: str) -> None:
        """Settle `folder`, see that it opens, and make it the current one."""
        ChromaDirectory(folder, embedder_name, write_after=2).close()
        self._opened = ChromaDirectory(folder, embedder_name)
        for file in filter(Path.is_file, folder.rglob("*")):
            with file.open("rb+") as written:
                os.fsync(written.fileno())
        self._mark(folder, SETTLED)

    @contextmanager
    def _draft(self) -> Iterator[Path]:
        """A new folder; removed again when it has not become the current one."""
        with _translated(self._path):
            folder = self._new_folder()
        try:
            yield folder
        except BaseException:
            if not self._says().startswith(folder.name):
                shutil.rmtree(folder, ignore_errors=True)
            raise

    @contextmanager
    def _held(self, changing: bool = False) -> Iterator[ChromaDirectory]:
        """The directory as it is now, and nobody else's until the end of the block."""
        with self._threads, _translated(self._path):
            self._path.mkdir(parents=True, exist_ok=True)
            with self._lock:
                try:
                    opened = self._refreshed()
                    if changing:  # marked before, so that a crash meanwhile shows as a change
                        self._mark(opened.folder)
                    yield opened
                except BaseException:
                    self._forget()  # what it has in memory may differ from the disk
                    raise

    def _refreshed(self) -> ChromaDirectory:
        says = self._says()
        if says and not re.fullmatch("[0-9a-f]{32} .+", says):
            raise ValueError("its file `current` is damaged")
        if self._opened is None or says != self._seen or not says:
            self._forget()
            folder = self._path / says.split(" ")[0] if says else self._new_folder()
            self._opened = ChromaDirectory(folder, self._embedder_name)
            self._seen = says
            if not says:
                self._mark(folder)
        return self._opened

    def _says(self) -> str:
        current = self._path / "current"
        return current.read_text("utf-8", "replace") if current.exists() else ""

    def _new_folder(self) -> Path:
        folder = self._path / uuid.uuid4().hex
        folder.mkdir(parents=True)
        return folder

    def _remove_folders_but(self, folder: Path) -> None:
        for other in set(self._path.glob("[0-9a-f]" * 32)) - {folder}:
            shutil.rmtree(other, ignore_errors=True)

    def _mark(self, folder: Path, state: str = "") -> None:
        says = f"{folder.name} {uuid.uuid4().hex}{state}"
        draft = self._path / "current.new"
        draft.write_text(says, "utf-8")
        os.replace(draft, self._path / "current")
        self._seen = says

    def _forget(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Turns whatever Chroma, SQLite and the file system raise into an error with a remedy."""
    try:
        yield
    except LibraryError:
        raise
    except Exception as error:
        raise _meaning(path, error) from error


def _meaning(path: Path, error: Exception) -> LibraryError:
    from chromadb.errors import InvalidArgumentError

    where = f"The vectors at {printable_line(path)}"
    if isinstance(error, Timeout):
        return LibraryBusy(f"{where} are held by another process.", "Try again when it is done.")
    if isinstance(error, InvalidArgumentError) and "dimension" in str(error):
        return embedder_mismatch("with another number of dimensions")
    disk = path if path.exists() else Path(path.absolute().anchor)
    if shutil.disk_usage(disk).free < LEAST_FREE_BYTES:  # Chroma itself does not always say so
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
