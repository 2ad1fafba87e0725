"""The benchmark of scale: its documents have the statistics of real ones, its tables every way."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from eval.benchmarks import scale
from eval.benchmarks.generated_chunks import CHUNKS_A_DOCUMENT, ChunkGenerator
from eval.benchmarks.result_tables import Table
from rag.assistant import SEEDS
from rag.settings import Settings
from rag.types import Document
from tests.conftest import load_settings
from tests.test_ingest import HashEmbedder

FILTERS = ("", ", a tenth of the documents", ", 20 documents")


@pytest.fixture(scope="module")
def real() -> list[Document]:
    paths = sorted(SEEDS.glob("*.txt"))
    return [Document.of(path.name, path.stem, path.name, path.read_text("utf-8")) for path in paths]


@pytest.fixture(scope="module")
def generator(real: list[Document]) -> ChunkGenerator:
    return ChunkGenerator(real, HashEmbedder())


def test_chunks_are_spans_of_their_documents(generator: ChunkGenerator) -> None:
    found = generator.documents(10, 3)
    assert [each.document.id for each in found] == ["10.txt", "11.txt", "12.txt"]
    for each in found:
        assert len(each.chunks) == CHUNKS_A_DOCUMENT
        pieces = [each.document.text[chunk.span.start : chunk.span.end] for chunk in each.chunks]
        assert "\n\n".join(pieces) == each.document.text
        assert pieces[0].startswith(each.document.title)
    assert generator.documents(10, 3) == found
    assert generator.documents(13, 1)[0].document.text not in {e.document.text for e in found}


def test_words_are_as_frequent_as_in_the_real_texts_and_rare_ones_are_many(
    real: list[Document], generator: ChunkGenerator
) -> None:
    given = Counter(word for each in real for word in each.text.split())
    drawn = Counter(
        word for each in generator.documents(0, 100) for word in each.document.text.split()
    )
    for word, count in given.most_common(5):
        assert drawn[word] / drawn.total() == pytest.approx(count / given.total(), rel=0.3)
    assert len(drawn) > 2 * len(given)


def test_words_follow_each_other_as_in_the_real_texts(
    real: list[Document], generator: ChunkGenerator
) -> None:
    known = {pair for each in real for pair in pairwise(each.text.split())}
    drawn = [
        pair
        for each in generator.documents(0, 20)
        for pair in pairwise(each.document.text.split())
        if pair[0] == "the"
    ]
    assert sum(pair in known for pair in drawn) / len(drawn) > 0.4  # others are of new rare words


def test_vectors_have_length_one_and_those_of_a_document_are_alike(
    generator: ChunkGenerator,
) -> None:
    vectors = generator.vectors(40, 0)
    assert vectors.shape == (40 * CHUNKS_A_DOCUMENT, HashEmbedder().dimensions)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.array_equal(vectors, generator.vectors(40, 0))
    likeness = vectors @ vectors.T
    within = np.mean([likeness[at, at + 1] for at in range(0, len(vectors), CHUNKS_A_DOCUMENT)])
    assert within > likeness.mean()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, real: list[Document]) -> None:
    monkeypatch.setattr(scale, "_real_documents", lambda: real)
    monkeypatch.setattr(scale, "_questions", lambda: ["What about China?", "Who sells tariffs?"])
    monkeypatch.setattr(scale, "_ADDED", 100)


def recalls(table: Table) -> dict[str, float]:
    return {
        f"{line.name}, {column}": figure.mean
        for line in table.lines
        for column, figure in line.figures.items()
        if figure and column != scale.PROCESSOR
    }


@pytest.mark.usefixtures("small")
def test_every_way_is_timed_and_vectors_are_found(database_url: str, tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path / "data", database_url=database_url, model="none")
    searches, costs = scale.measure(Path(), settings, slice(0, 300))
    assert "300 chunks of 60 documents, 2 questions" in searches.title
    names = [line.name for line in searches.lines]
    for store in (scale.IN_FILES, scale.IN_POSTGRES):
        for kind in ("words", "vectors", "whole"):
            assert {f"{store}: {kind}{only}" for only in FILTERS} <= set(names)
    assert "FTS5 alone" in names
    assert all(line.seconds for line in searches.lines)
    found = recalls(searches)
    assert len(found) == 3 * 2 * len(FILTERS)
    assert min(found.values()) >= 0.98
    assert [line.name for line in costs.lines] == ["300 chunks, files", "300 chunks, Postgres"]
    for line in costs.lines:
        figures = [figure for figure in line.figures.values() if figure]
        assert len(figures) == len(costs.columns)
        assert all(figure.mean > 0 for figure in figures)
    again, _ = scale.measure(Path(), settings, slice(0, 100))  # the database was emptied
    assert "100 chunks" in again.title


@pytest.mark.usefixtures("small")
def test_without_a_database_the_files_are_measured_alone() -> None:
    searches, _ = scale.measure(Path(), Settings(model="none"), slice(0, 100))
    assert not any(line.name.startswith(scale.IN_POSTGRES) for line in searches.lines)
