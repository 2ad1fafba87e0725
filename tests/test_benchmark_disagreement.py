"""The planted contradictions: what the set holds, and what is measured on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from eval.benchmarks import dataset_files as reading
from eval.benchmarks.disagreement import BLIND, CASES, FREER, Case, compare_case, measure
from eval.benchmarks.result_tables import Table
from eval.statistics.bootstrap import Interval
from rag.conflicts.pair_scorer import PairScorer
from rag.models.token_embeddings import TokenEncoder
from rag.settings import load_settings
from rag.store.documents import Library
from rag.text.sentences import split_sentences


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    library = Library.open(tmp_path / "library.sqlite3")
    yield library
    library.close()


def figure(table: Table, name: str, column: str) -> Interval:
    found = next(line for line in table.lines if line.name == name).figures[column]
    assert found is not None
    return found


@pytest.mark.parametrize(("file", "quiet"), [(CASES, 120), (FREER, 90), (BLIND, 90)])
def test_each_set_is_large_enough_and_quotes_its_articles(file: Path, quiet: int) -> None:
    cases = [case for _, case in reading.read_jsonl(file, Case)]
    assert len({case.id for case in cases}) == len(cases)
    assert sum(case.differs is not None for case in cases) >= 60
    assert sum(case.differs is None for case in cases) >= quiet
    for case in cases:
        for text, quote in ((case.first, case.cited), (case.second, case.other)):
            assert quote in [text[start:end] for start, end in split_sentences(text)]


def test_most_contradictions_are_told_and_hardly_anything_else() -> None:
    planted, quiet = measure(Path(), load_settings(), slice(None))
    assert figure(planted, "first, all", "in its point").mean >= 0.7
    assert figure(planted, "freer, all", "in its point").mean >= 0.5
    assert all(figure(quiet, name, "told").mean < 0.05 for name in ("first", "freer", "blind"))


def test_another_sentence_or_point_than_the_planted_one_does_not_count(library: Library) -> None:
    case = Case(
        id="x",
        differs="name",
        first="The fire at the Halden paper mill killed 14 workers.",
        second="Nine workers died in the fire at the Halden paper mill. It was cold.",
        cited="The fire at the Halden paper mill killed 14 workers.",
        other="It was cold.",
    )
    found = compare_case(case, library, PairScorer(TokenEncoder()))
    assert found.contradiction is not None
    assert found.contradiction.difference.point == "number"
    assert (
        library.text(found.contradiction.other.span)
        == found.contradiction.other.quote
        != case.other
    )
