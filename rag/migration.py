"""Moves an index between a folder and a database, and compares the two.

A document is copied at a time, with its chunks, questions, topics and points; what is there already
is passed over, so that a copy that was broken off goes on when it is started again. Nothing is
embedded anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from typing import TypeVar

from rag.assistant import Assistant
from rag.errors import LibraryError
from rag.ingest.index_lock import exclusive_change, exclusive_run
from rag.ingest.pipeline import check_embedder
from rag.settings import Settings
from rag.store.copying import copy_tables, differing_tables
from rag.store.database import Database, DatabaseFormat
from rag.store.documents import Library
from rag.store.job_store import FORMAT as JOBS_FORMAT
from rag.store.opening import JOBS_FILE, open_database
from rag.types import Hit

_T = TypeVar("_T")

MAX_DIFFERENCE = 1e-5  # of a score or a component: what 32-bit numbers lose
ALL = 2**31

# Called with how many documents are copied or compared, of how many.
Progress = Callable[[int, int], None]
Records = Sequence[tuple[str, DatabaseFormat]]  # each with its file in the data folder


def copy_index(
    source: Assistant, target: Assistant, on_progress: Progress | None = None
) -> tuple[int, int]:
    """Copy the whole index of `source` into that of `target`, which is empty or has a part of it;
    how many documents and chunks there are.

    Nobody may index meanwhile. Raises `LibraryBusy`, `EmbedderMismatch`, and `LibraryError` where
    the target has other documents.
    """
    with ExitStack() as stack:
        for lock in (source.index_lock, target.index_lock):
            stack.enter_context(exclusive_run(lock))
        check_embedder(source.library, source.embedder)
        _check_target(source.library, target.library)
        if source.library.embedder:
            target.library.embedder = source.library.embedder
        _copy_documents(source.library, target, on_progress)
        _copy_vectors(source, target)
        _copy_files(source.library, target.library)
    return len(source.library.digests()), source.library.count_chunks()


def copy_records(source: Settings, target: Settings, records: Records) -> int:
    """Copy the list of jobs and `records`, such as conversations, from the place of one settings to
    that of the other; how many rows there are. Each kind is copied wholly or not at all."""
    return sum(
        _with_databases(source, target, file, format, copy_tables)
        for file, format in ((JOBS_FILE, JOBS_FORMAT), *records)
    )


def differences(
    source: Assistant,
    target: Assistant,
    questions: Sequence[str],
    on_progress: Progress | None = None,
) -> Iterator[str]:
    """What is not the same in both: a line for each document, vector and ranking.

    Every text is compared character by character, and every question is searched for in both: by
    words, by vectors, and both fused.
    """
    yield from _different_documents(source.library, target.library, on_progress)
    yield from _different_vectors(source, target)
    if source.library.count_chunks():
        for question in questions:
            one, other = source.search(question), target.search(question)
            for name in ("lexical", "dense", "hits"):
                if not _is_same_ranking(getattr(one, name), getattr(other, name)):
                    yield f"Other ranking ({name}): {question}"


def different_records(source: Settings, target: Settings, records: Records) -> Iterator[str]:
    """The tables of the jobs and of `records` that are not the same in both places."""
    for file, format in ((JOBS_FILE, JOBS_FORMAT), *records):
        for table in _with_databases(source, target, file, format, differing_tables):
            yield f"Other rows: {table}"


def _with_databases(
    source: Settings,
    target: Settings,
    file: str,
    format: DatabaseFormat,
    use: Callable[[Database, Database, DatabaseFormat], _T],
) -> _T:
    with (
        closing(open_database(source, file, format)) as one,
        closing(open_database(target, file, format)) as other,
    ):
        return use(one, other, format)


def _check_target(source: Library, target: Library) -> None:
    known = source.digests()
    if any(known.get(id) != digest for id, digest in target.digests().items()):
        raise LibraryError(
            "The place to copy to has other documents.",
            "Choose an empty database or folder, or remove them there first.",
        )


def _copy_documents(source: Library, target: Assistant, on_progress: Progress | None) -> None:
    """Oldest first, so that the newest stay the newest."""
    ids = source.recent_ids(ALL)[::-1]
    there = target.library.digests()
    without_topics = set(source.overviews.without_topics(ALL))
    for number, id in enumerate(ids, 1):
        with exclusive_change(target.index_lock):
            document = source.document(id)
            if id not in there:
                topics = None if id in without_topics else source.overviews.topics(id)
                questions = source.suggested_questions(id)
                target.library.put(document, source.chunks(id), questions, topics)
            points = source.overviews.points(id)
            if points is not None:
                target.library.overviews.put_points(id, document.digest, points)
        if on_progress:
            on_progress(number, len(ids))


def _copy_vectors(source: Assistant, target: Assistant) -> None:
    missing = source.library.chunk_ids() - target.vectors.ids()
    for chunks, vectors in source.vectors.batches():
        pairs = [pair for pair in zip(chunks, vectors, strict=True) if pair[0].id in missing]
        with exclusive_change(target.index_lock):
            target.vectors.add([chunk for chunk, _ in pairs], [vector for _, vector in pairs])
    with exclusive_change(target.index_lock):
        target.vectors.delete_all_but(source.library.chunk_ids())
        target.vectors.write_index()


def _copy_files(source: Library, target: Library) -> None:
    for path, state in source.files.states().items():
        target.files.remember(path, state)
    for path, device in source.files.roots().items():
        target.files.add_root(path, device)
    for former in source.files.former():
        target.files.remember_former(former)


def _different_documents(
    source: Library, target: Library, on_progress: Progress | None
) -> Iterator[str]:
    ids = sorted(source.digests())
    for id in sorted(set(ids) ^ target.digests().keys()):
        yield f"Only in one: {id}"
    for number, id in enumerate(ids, 1):
        if id in target.digests() and _contents(source, id) != _contents(target, id):
            yield f"Not the same: {id}"
        if on_progress:
            on_progress(number, len(ids))
    if source.recent_ids(ALL) != target.recent_ids(ALL):
        yield "Another order of documents"
    if _files(source) != _files(target):
        yield "Other files, folders or former documents"


def _contents(library: Library, id: str) -> tuple[object, ...]:
    """All that is kept of a document, and the text of each of its spans."""
    chunks = library.chunks(id)
    return (
        *(library.document(id), chunks, [library.text(chunk.span) for chunk in chunks]),
        *(library.suggested_questions(id), library.overviews.topics(id)),
        library.overviews.points(id),
    )


def _files(library: Library) -> tuple[object, ...]:
    return library.files.states(), library.files.roots(), library.files.former()


def _different_vectors(source: Assistant, target: Assistant) -> Iterator[str]:
    wanted = source.library.chunk_ids()
    there = dict(_vectors(target))
    found = 0
    for id, vector in _vectors(source):
        if id in wanted:
            found += 1
            other = there.get(id, ())
            if len(other) != len(vector) or any(
                abs(a - b) > MAX_DIFFERENCE for a, b in zip(vector, other, strict=True)
            ):
                yield f"Another vector: chunk {id}"
    if len(there) != found:
        yield f"{len(there):,} vectors, not {found:,}"


def _vectors(assistant: Assistant) -> Iterator[tuple[str, Sequence[float]]]:
    for chunks, vectors in assistant.vectors.batches():
        yield from ((chunk.id, vector) for chunk, vector in zip(chunks, vectors, strict=True))


def _is_same_ranking(one: Sequence[Hit], other: Sequence[Hit]) -> bool:
    """Whether two rankings have the same chunks with the same scores in the same order; those whose
    scores differ by no more than `MAX_DIFFERENCE` may have changed places."""
    if len(one) != len(other):
        return False
    scores = {hit.chunk: hit.score for hit in one}
    return all(
        _is_near(mine.score, theirs.score)
        and _is_near(mine.score, scores.get(theirs.chunk, one[-1].score))
        for mine, theirs in zip(one, other, strict=True)
    )


def _is_near(one: float, other: float) -> bool:
    return abs(one - other) <= MAX_DIFFERENCE
