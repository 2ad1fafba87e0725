"""The benchmark of readers: its figures, its files, and that our reader reaches its aims."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.benchmarks.reading import (
    OURS,
    KnownFile,
    known_files,
    measure,
    order_kept,
    structure_kept,
    words_f1,
)
from rag.settings import Settings

FILE = KnownFile(
    "a.pdf", b"", "Kites\nred and blue\nSize 2", ["Kites"], ["red and blue"], [["Size", "2"]]
)


def test_words_count_whatever_their_order_and_markup() -> None:
    assert words_f1("# Kites\n\n- red", "red Kites") == 1
    assert words_f1("Kites Kites", "Kites red") == pytest.approx(0.5)
    assert words_f1("", "red") == 0


def test_order_is_the_longest_common_subsequence() -> None:
    assert order_kept("one two three four", "one two three four") == 1
    assert order_kept("three four one two", "one two three four") == 0.5
    assert order_kept("one x two y three four", "one two three four") == 1


def test_structure_counts_headings_items_and_rows_with_their_cells() -> None:
    whole = "# Kites\n\n- red and blue\n\n|  |  |\n| --- | --- |\n| Size | 2 |"
    assert structure_kept(whole, FILE) == 1
    assert structure_kept("Kites\n\nred and blue\n\nSize 2", FILE) == 0
    assert structure_kept("# Kites\n\nred and blue\n\nSize | 2", FILE) == pytest.approx(1 / 3)


def test_every_file_of_the_benchmark_is_small_and_has_its_text() -> None:
    files = list(known_files())
    assert sum(len(file.data) for file in files) < 1_000_000
    assert {Path(file.name).suffix for file in files} == {".pdf", ".docx", ".html"}
    assert all(file.text for file in files)


def test_our_reader_reaches_the_aims_on_each_format() -> None:
    for table in measure(Path(), Settings(), slice(None)):
        [ours] = [line for line in table.lines if line.name == OURS]
        words, order, structure = (ours.figures[column] for column in table.columns)
        assert words is not None
        assert order is not None
        assert structure is not None
        assert words.mean >= 0.98
        assert order.mean >= 0.97
        assert structure.mean >= 0.85
