"""`footnote doctor`: what is wrong with an index is found, and mended where it can be made anew."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.ingest import index_check
from rag.ingest.index_check import Finding, check_index
from rag.settings import Settings, load_settings
from tests.test_ingest import HashEmbedder, Index, long_text, write


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An index of two documents with everything in its usual place."""
    embedder = HashEmbedder()
    monkeypatch.setattr(index_check, "build_embedder", lambda settings: embedder)
    found = load_settings(data_dir=tmp_path / "data", model="none")
    write(tmp_path / "files" / "a.txt", "The weir is long. It was built in 1871.")
    write(tmp_path / "files" / "b.txt", long_text(5))
    with_index = opened(found)
    with_index.run(tmp_path / "files")
    with_index.close()
    return found


def opened(settings: Settings) -> Index:
    from rag.store.documents import Library
    from rag.store.vectors import VectorStore

    index = Index(settings.data_dir)
    index.close()
    index.library = Library.open(settings.library_path)
    index.vectors = VectorStore.open(settings.data_dir / "vectors", index.embedder.name)
    return index


@pytest.fixture
def index(settings: Settings) -> Iterator[Index]:
    made = opened(settings)
    yield made
    made.close()


def states(settings: Settings, *, mend: bool = True) -> dict[str, str]:
    return {each.part: each.state for each in check_index(settings, mend=mend)}


def not_fine(settings: Settings, *, mend: bool = True) -> dict[str, str]:
    found = states(settings, mend=mend)
    return {part: state for part, state in found.items() if state != "fine"}


def test_a_whole_index_is_fine(settings: Settings) -> None:
    assert set(states(settings).values()) == {"fine"}
    assert {"library", "texts", "text index", "vectors", "files", "version"} <= set(
        states(settings)
    )


def test_a_text_index_that_differs_is_made_anew(settings: Settings, index: Index) -> None:
    index.library._query("INSERT INTO words (words) VALUES ('delete-all')")
    assert not index.library.search("weir", 3)
    assert not_fine(settings, mend=False) == {"text index": "problem"}
    assert not_fine(settings) == {"text index": "mended"}
    assert index.library.search("weir", 3)
    assert not_fine(settings) == {}


def test_missing_and_left_over_vectors_are_mended(settings: Settings, index: Index) -> None:
    ids = sorted(index.library.chunk_ids())
    index.vectors.delete(ids[:2])
    index.library.remove("a.txt")
    assert not_fine(settings, mend=False) == {"vectors": "problem"}
    assert not_fine(settings) == {"vectors": "mended"}
    index.check()


def test_damaged_vectors_are_made_anew(settings: Settings, index: Index) -> None:
    index.close()
    for file in (settings.data_dir / "vectors").rglob("chroma.sqlite3"):
        file.write_bytes(b"no database at all" * 500)
    assert not_fine(settings) == {"vectors": "mended"}
    assert not_fine(settings) == {}


def test_lost_vectors_are_made_anew(settings: Settings) -> None:
    shutil.rmtree(settings.data_dir / "vectors")
    assert not_fine(settings) == {"vectors": "mended"}


def test_a_changed_text_is_named_and_not_touched(settings: Settings, index: Index) -> None:
    index.library._query("UPDATE documents SET text = replace(text, '1871', '1872')")
    [finding] = [each for each in check_index(settings) if each.part == "texts"]
    assert finding.state == "problem"
    assert "a.txt" in finding.text
    assert "1872" in index.library.document("a.txt").text


def test_a_damaged_library_is_a_problem_with_a_remedy(settings: Settings) -> None:
    settings.library_path.write_bytes(b"This is no database." * 1000)
    [finding] = [each for each in check_index(settings) if each.state == "problem"]
    assert finding.part == "library"
    assert "index the documents again" in finding.text


def test_uploads_left_half_written_are_deleted(settings: Settings) -> None:
    folder = settings.data_dir / "articles"
    write(folder / ".upload-old", "half")
    write(folder / ".upload-new", "half")
    os.utime(folder / ".upload-old", (1, 1))
    assert not_fine(settings) == {"leftovers": "mended"}
    assert [file.name for file in folder.iterdir()] == [".upload-new"]


def test_files_that_are_gone_are_told(settings: Settings, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "files")
    found: list[Finding] = list(check_index(settings))
    [files] = [each for each in found if each.part == "files"]
    assert "2 documents" in files.text
