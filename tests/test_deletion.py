"""What is deleted is gone: no file of the data folder holds a byte of its text or its vectors."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rag.ingest import index_check, pipeline
from rag.ingest.chunking import embedding_text
from rag.ingest.pipeline import complete, remove
from rag.store.documents import Library
from rag.store.overviews import Topic
from tests.test_ingest import Index, long_text, write

SECRET = "Quillwort grows behind the lock house."
WORDS = (b"quillwort", b"lock house")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    files = tmp_path / "files"
    made = Index(tmp_path / "home")
    write(files / "kept.txt", long_text(20))
    write(files / "secret.txt", f"{SECRET}\n\n" + SECRET * 40)
    made.run(files)
    yield made
    made.close()


def files_with_secret(index: Index, vectors: list[list[float]]) -> set[str]:
    """The files that hold the text, in any case, or one of the vectors to four digits."""
    found = set()
    for file in filter(Path.is_file, index.home.rglob("*")):
        data = file.read_bytes()
        if any(word in data.lower() for word in WORDS) or _has_vector(data, vectors):
            found.add(str(file.relative_to(index.home)))
    return found


def _has_vector(data: bytes, vectors: list[list[float]]) -> bool:
    for shift in range(4):
        numbers = np.frombuffer(data[shift : len(data) - (len(data) - shift) % 4], "<f4")
        if len(numbers) < 4:
            continue
        near = np.lib.stride_tricks.sliding_window_view(numbers, 4)
        for vector in vectors:
            if (np.abs(near - np.array(vector[:4])) < 1e-4).all(axis=1).any():
                return True
    return False


def secret_vectors(index: Index) -> list[list[float]]:
    document = index.library.document("secret.txt")
    chunks = index.library.chunks("secret.txt")
    return index.embedder.embed([embedding_text(document, chunk) for chunk in chunks])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("how", ["removed", "its file is gone", "replaced", "in use elsewhere"])
def test_nothing_of_what_was_deleted_is_left_in_a_file(
    index: Index, tmp_path: Path, how: str
) -> None:
    vectors = secret_vectors(index)
    index.library.overviews.put_topics("secret.txt", "", [Topic("quillwort", "Quillwort", 1.0)])
    before = files_with_secret(index, vectors)
    assert any(name.endswith((".db", ".db-wal")) for name in before)
    assert any(name.startswith("vectors/") for name in before)
    file = tmp_path / "files" / "secret.txt"
    parts = {"library": index.library, "vectors": index.vectors, "lock": index.lock}
    if how in ("removed", "in use elsewhere"):
        other = Library.open(index.home / "library.db") if how == "in use elsewhere" else None
        remove("secret.txt", **parts)  # type: ignore[arg-type]
        if other:
            other.close()
    elif how == "replaced":
        write(file, "The lock keeper left in spring.")
        index.run(tmp_path / "files")
    else:
        file.unlink()
        index.run(tmp_path / "files")
    assert files_with_secret(index, vectors) == set()
    index.check()
    assert not index.library.has_deleted


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_large_index_is_cleaned_when_it_is_completed(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "MAX_ERASED_CHUNKS", 1)
    vectors = secret_vectors(index)
    parts = {"library": index.library, "vectors": index.vectors, "lock": index.lock}
    remove("secret.txt", **parts)  # type: ignore[arg-type]
    assert files_with_secret(index, vectors)
    check = index_check._IndexCheck(
        index.library, index.vectors, index.embedder, index.lock, mend=True
    )
    assert check._vectors().state == "mended"
    assert files_with_secret(index, vectors) == set()
    assert check._vectors().state == "fine"
    complete(embedder=index.embedder, **parts)  # type: ignore[arg-type]
    index.check()


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_the_index_is_for_its_user_alone(tmp_path: Path) -> None:
    with Library.open(tmp_path / "data" / "library.db"):
        assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
        for file in (tmp_path / "data").iterdir():
            assert file.stat().st_mode & 0o777 == 0o600
