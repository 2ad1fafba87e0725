"""Checks an index and all that it needs, and mends what can be made anew.

What is derived (the full-text index, vectors, what a crash left) is mended; the stored texts are
only checked.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from rag.errors import FootnoteError, ModelFileError
from rag.ingest.discovery import is_source_gone
from rag.ingest.index_lock import IndexLock
from rag.ingest.pipeline import check_embedder, complete, rebuild
from rag.models.embeddings import build_embedder
from rag.models.gguf_files import QWEN
from rag.settings import Settings
from rag.store.documents import Library
from rag.store.library_check import SQLITE_VERSION
from rag.store.library_schema import VERSION
from rag.store.opening import open_library, open_vectors
from rag.store.vector_index import VectorIndex
from rag.types import Embedder

LEFTOVER_AGE_S = 86_400.0  # an upload that is half written for so long is left over
MAX_NAMED = 5  # documents that a finding names


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one part of an index; `text` is a full sentence, with the remedy of a
    problem."""

    part: str
    state: Literal["fine", "mended", "problem"]
    text: str


def check_index(settings: Settings, *, mend: bool = True) -> Iterator[Finding]:
    """A finding for each part of the index in `settings.data_dir` and of what it needs.

    Without `mend` nothing is changed: what could be mended is a problem. Raises `LibraryBusy`
    where another run changes the index.
    """
    yield _versions()
    try:
        embedder = build_embedder(settings)
    except FootnoteError as error:
        yield Finding("embedding model", "problem", str(error))
        return
    yield _embedder(embedder)
    yield _language_model(settings)
    yield _leftovers(settings.data_dir, mend=mend)
    try:
        library = open_library(settings)
    except FootnoteError as error:
        yield Finding("library", "problem", str(error))
        return
    with library, closing(open_vectors(settings, library, embedder.name)) as stored:
        if server := library.check.server():
            yield Finding("database", "fine", f"{server}.")
        lock = library.server_lock("index") or settings.lock_path
        yield from _IndexCheck(library, stored, embedder, lock, mend).findings()


@dataclass(frozen=True, slots=True)
class _IndexCheck:
    library: Library
    vectors: VectorIndex
    embedder: Embedder
    lock: IndexLock
    mend: bool

    def findings(self) -> Iterator[Finding]:
        library = self._library()
        yield library
        if library.state == "problem":
            return
        yield self._texts()
        yield self._text_index()
        yield self._vectors()
        yield self._sources()

    def _library(self) -> Finding:
        damage = self.library.check.damage()
        if damage:
            remedy = "Move library.sqlite3 away and index the documents again."
            return Finding("library", "problem", f"The file is damaged ({damage}). {remedy}")
        documents, chunks = len(self.library.digests()), self.library.count_chunks()
        return Finding("library", "fine", f"It holds {documents:,} documents, {chunks:,} chunks.")

    def _texts(self) -> Finding:
        changed = list(self.library.check.changed_documents())
        if not changed:
            return Finding("texts", "fine", "Every text is as it was stored.")
        named = ", ".join(changed[:MAX_NAMED]) + (", …" if len(changed) > MAX_NAMED else "")
        remedy = "Remove them (`footnote remove ID`) and index their files again."
        return Finding("texts", "problem", f"Not as they were stored: {named}. {remedy}")

    def _text_index(self) -> Finding:
        if self.library.check.text_index_is_whole():
            return Finding("text index", "fine", "It has the words of every chunk.")
        if not self.mend:
            return _mendable("text index", "It differs from the stored texts.")
        self.library.check.rebuild_text_index()
        return Finding("text index", "mended", "It differed from the texts and was made anew.")

    def _vectors(self) -> Finding:
        try:
            check_embedder(self.library, self.embedder)
            missing, left = self._vector_faults()
        except FootnoteError as error:
            if not self.mend:
                return _mendable("vectors", error.problem)
            made = rebuild(
                library=self.library,
                vectors=self.vectors,
                embedder=self.embedder,
                lock=self.lock,
            )
            return Finding("vectors", "mended", f"{error.problem} {made:,} were made anew.")
        if not missing and not left and not self.library.has_deleted:
            return Finding("vectors", "fine", "Every chunk has its vector.")
        faults = f"{missing:,} were missing, {left:,} were left over."
        if self.library.has_deleted:
            faults = "The files still held what was deleted."
        if not self.mend:
            return _mendable("vectors", faults)
        complete(
            library=self.library,
            vectors=self.vectors,
            embedder=self.embedder,
            lock=self.lock,
        )
        return Finding("vectors", "mended", faults)

    def _vector_faults(self) -> tuple[int, int]:
        """How many chunks have no vector, and how many vectors have no chunk."""
        wanted, found = self.library.chunk_ids(), self.vectors.ids()
        return len(wanted - found), len(found - wanted)

    def _sources(self) -> Finding:
        gone = [each.id for each in self.library.files.known() if is_source_gone(each.source)]
        if not gone:
            return Finding("files", "fine", "Every document has its file, or is a web page.")
        text = f"The files of {len(gone):,} documents cannot be found; their texts are kept."
        return Finding("files", "fine", text)


def _mendable(part: str, text: str) -> Finding:
    return Finding(part, "problem", f"{text} `footnote doctor` without --dry-run mends it.")


def _versions() -> Finding:
    told = f"Footnote {version('footnote-qa')}, index format {VERSION}, SQLite {SQLITE_VERSION}."
    return Finding("version", "fine", told)


def _embedder(embedder: Embedder) -> Finding:
    try:
        embedder.embed(["A test."])
    except FootnoteError as error:
        return Finding("embedding model", "problem", str(error))
    return Finding("embedding model", "fine", f"{embedder.name} works.")


def _language_model(settings: Settings) -> Finding:
    part = "language model"
    if settings.provider != "local":
        return Finding(part, "fine", "No model file is needed.")
    try:
        if settings.model_path is None:
            QWEN.parts()
        elif settings.model_path.open("rb").read(4) != b"GGUF":
            raise ModelFileError("It is not a GGUF file.", "Set FOOTNOTE_MODEL_PATH to one.")
    except ModelFileError as error:
        return Finding(part, "problem", str(error))
    except OSError as error:
        return Finding(part, "problem", f"It cannot be read ({error.strerror}). Check its path.")
    return Finding(part, "fine", "Its files are there.")


def _leftovers(data_dir: Path, *, mend: bool) -> Finding:
    part, long_ago = "leftovers", time.time() - LEFTOVER_AGE_S
    left = [file for file in data_dir.glob("articles/.upload-*") if file.stat().st_mtime < long_ago]
    if not left:
        return Finding(part, "fine", "No upload was left half written.")
    if not mend:
        return _mendable(part, f"{len(left):,} uploads were left half written.")
    for file in left:
        file.unlink(missing_ok=True)
    return Finding(part, "mended", f"{len(left):,} uploads, left half written, were deleted.")
