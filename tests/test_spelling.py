"""Typos are read as the words of the index; what is known, and names, are left alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.query.spelling import SpellingCorrector
from rag.store.documents import Library
from rag.types import Chunk, Document
from tests.asking import Index

pytest_plugins = ["tests.seeds"]

GOLDEN = Path(__file__).parents[1] / "eval" / "cases" / "seeds.jsonl"
ARTICLE = (
    "The ministers said the enforcement of the policy was a mistake. Ola Hansen met Marit Kvale."
    " The ferries sail twice a day. The Trondvik ferry is old. Trondvik has a harbour, and"
    " Trondvik wants another ferry. The xylographer of Trondvik is 61."
)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "library.sqlite3") as opened:
        document = Document.of("a", "Ferries of the north", "a.txt", ARTICLE)
        opened.put(document, [Chunk.of(document, 0, len(ARTICLE))])
        yield opened


@pytest.fixture
def speller(library: Library) -> SpellingCorrector:
    return SpellingCorrector(library)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("waht is the polciy?", "what is the policy?"),
        ("who is to blame for the enforcemnt?", "who is to blame for the enforcement?"),
        ("Minsiters said waht?", "Ministers said what?"),
        ("do the ferrries sail?", "do the ferries sail?"),
        ("a mistkae (enforcemnt)", "a mistake (enforcement)"),
        ("is there a habrour?", "is there a harbour?"),
        ("the ferries of Trondvki", "the ferries of Trondvik"),  # a name seen often
        ("the ferries of trndvik", "the ferries of Trondvik"),
    ],
)
def test_a_slip_of_the_fingers_is_read_as_the_word_that_the_articles_have(
    speller: SpellingCorrector, typed: str, meant: str
) -> None:
    assert speller.correct(typed) == meant


@pytest.mark.parametrize(
    "question",
    [
        "what did Ola Hansel say?",  # perhaps another person: the index names Hansen once
        "did Trondberg win?",
        "what does the xylographer do?",  # known to the articles only
        "is the transistor a router?",  # known to nobody, and like nothing here
        "what happened in 20225 at A320neo?",
        "see https://www.mistkae.example/polciy and mistkae@polciy.example",
        "wo fährt die Fähre ab?",
        "芬太尼的关税税率是多少？",
        "teh sea",
        "🤔🤔🤔🤔",
        "",
    ],
)
def test_what_may_be_right_is_left_as_it_is(speller: SpellingCorrector, question: str) -> None:
    assert speller.correct(question) == question


def test_an_empty_index_corrects_nothing_but_words_of_every_question(tmp_path: Path) -> None:
    with Library.open(tmp_path / "library.sqlite3") as library:
        assert SpellingCorrector(library).correct("waht is the polciy?") == "what is the polciy?"


def test_the_file_of_the_index_is_not_changed_by_reading(library: Library, tmp_path: Path) -> None:
    before = (tmp_path / "library.sqlite3").read_bytes()
    SpellingCorrector(library).correct("waht is the polciy?")
    assert (tmp_path / "library.sqlite3").read_bytes() == before


def test_new_articles_are_known_at_once(speller: SpellingCorrector, library: Library) -> None:
    assert speller.correct("who is the bryologst?") == "who is the bryologst?"
    document = Document.of("b", "Mosses", "b.txt", "The bryologist counts mosses.")
    library.put(document, [Chunk.of(document, 0, len(document.text))])
    assert speller.correct("who is the bryologst?") == "who is the bryologist?"


def test_no_question_of_the_golden_set_is_changed(seeds: Index) -> None:
    speller = SpellingCorrector(seeds.library)
    lines = GOLDEN.read_text("utf-8").splitlines()
    asked = [json.loads(line)["question"] for line in lines]
    assert len(asked) > 100
    assert [question for question in asked if speller.correct(question) != question] == []
