"""The benchmark of readers: its figures, its files, and that our reader reaches its aims."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from eval.benchmarks import reading_latex
from eval.benchmarks.reading import (
    OURS,
    known_files,
    measure,
    order_kept,
    structure_kept,
    tables_of,
    words_f1,
)
from eval.benchmarks.reading_known import KnownFile, known_file, known_texts, parsed
from eval.benchmarks.reading_latex import LAYOUTS
from eval.benchmarks.reading_libreoffice import flat_document
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
    for table in tables_of("", list(known_files()), slice(None)):
        [ours] = [line for line in table.lines if line.name == OURS]
        words, order, structure = (ours.figures[column] for column in table.columns)
        assert words is not None
        assert order is not None
        assert structure is not None
        assert words.mean >= 0.98
        assert order.mean >= 0.97
        assert structure.mean >= 0.85


TEXT = parsed(
    "en_kites",
    "> Running\n# Kites & co\nThey fly won\\-derfully.[^1]\n- red\n| Size | Cost |\n| 2 | 5 % |\n"
    "# More\n1. blue\n[^1]: In wind.",
)


def test_what_is_seen_of_a_known_text_depends_on_how_notes_are_shown() -> None:
    word, pdf = (known_file(TEXT, name, b"") for name in ("a.docx", "a.pdf"))
    assert "They fly wonderfully. 1\nred\nSize Cost\n" in word.text
    assert "They fly wonderfully.¹\nred" in pdf.text
    assert word.text.endswith("1. blue\n1 In wind.")
    assert (word.headings, word.items) == (["Kites & co", "More"], ["red", "blue"])
    assert word.rows == [["2", "5 %"]]


def test_the_flat_document_holds_the_text_that_libreoffice_converts() -> None:
    root = fromstring(flat_document(TEXT, 2).encode())
    text = "".join(root.itertext())
    for seen in ("Running", "Kites & co", "won\u00adderfully", "In wind.", "5 %"):
        assert seen in text
    tags = [str(each.tag).rpartition("}")[2] for each in root.iter()]
    assert (tags.count("note"), tags.count("list"), tags.count("table-row")) == (1, 2, 2)


def test_the_source_of_latex_has_what_tex_would_misread_escaped() -> None:
    source = reading_latex.source(TEXT, LAYOUTS[0])
    assert r"Kites \& co" in source
    assert r"won\-derfully.\footnote{In wind.}" in source
    assert r"2 & 5 \% \\ \hline" in source


def test_the_known_texts_have_their_notes_in_their_last_section() -> None:
    for text in known_texts():
        marked = [at for at, block in enumerate(text.blocks) if "[^" in block.text]
        assert marked
        assert min(marked) > text.last_section
        assert {block.kind for block in text.blocks} == {"heading", "text", "item", "row"}


def test_writers_that_are_not_on_the_machine_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    tables = measure(Path(), Settings(), slice(1))
    notes = [note for table in tables if not table.lines for note in table.notes]
    assert notes == [
        "Left out: soffice is not on this machine.",
        "Left out: pdflatex or lualatex is not on this machine.",
    ]
