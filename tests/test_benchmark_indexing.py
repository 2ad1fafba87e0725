"""The benchmark of indexing: its files have the sizes it says, its memory that of a run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from eval.benchmarks import index_speed, index_workers
from eval.benchmarks.index_speed import StandIn, measure, write_folder
from rag.settings import Settings


def test_the_folder_has_files_of_about_one_size_and_different_words(tmp_path: Path) -> None:
    write_folder(tmp_path / "files", 3, 2_000)
    texts = [path.read_text("utf-8") for path in sorted((tmp_path / "files").iterdir())]
    assert [2_000 <= len(text) < 2_400 for text in texts] == [True] * 3
    assert len(set(texts)) == 3


def test_vectors_of_the_stand_in_have_length_one_and_point_in_all_directions() -> None:
    embedder = StandIn("none", 384)
    vectors = np.array(embedder.embed([f"text {number}" for number in range(50)]))
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1)
    likeness = vectors @ vectors.T - np.eye(50)
    assert 0 < abs(likeness).max() < 0.3
    assert embedder.embed(["text 7"]) == [vectors[7].tolist()]


@pytest.mark.slow
def test_small_sizes_give_the_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_speed, "_RUNS", 1)
    monkeypatch.setattr(index_speed, "_FOLDERS", ("cases/formats/files",))
    speed, more, memory, folder = measure(Path(), Settings(model="none"), slice(0, 3))
    assert "3 files" in more.title
    assert [line.name for line in speed.lines] == ["reading alone", "embedding alone", "indexing"]
    share = speed.lines[2].figures["share of the slower"]
    assert share is not None
    assert 0 < share.mean <= 1.5
    peaks = [line.figures["MB at the peak"] for line in memory.lines]
    assert all(peak is not None and 50 < peak.mean < 3_000 for peak in peaks)
    assert folder.lines[0].name == "3 files"


@pytest.mark.slow
def test_workers_are_measured_and_more_are_modelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_workers, "_WARM_FILES", 2)
    settings = Settings(model="none")
    measured, modelled = index_workers.measure(Path(), settings, slice(0, 8))
    names = ["without Ray, all cores", "Ray, 1 process", "Ray, 2 processes"]
    assert [line.name for line in measured.lines] == names
    one = measured.lines[1].figures["times one process"]
    assert one is not None
    assert one.mean == 1
    for column in modelled.columns:
        found = [figure.mean for line in modelled.lines if (figure := line.figures[column])]
        assert len(found) == 7
        assert found == sorted(found)
        assert all(1 <= times <= 64 for times in found)
