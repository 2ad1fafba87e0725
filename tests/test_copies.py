"""Texts that are word for word the same, and texts that only look so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.fingerprint import fingerprint

SAID = "“Prices rose 3.5% in May,” the bank said."


@pytest.mark.parametrize(
    "copy",
    [
        '"Prices rose 3.5% in May", the bank said',
        "PRICES ROSE 3.5% IN MAY — THE BANK SAID!",
        "  “Prices rose\n3.5% in May,”\tthe bank said. ",
    ],
)
def test_quotation_marks_case_and_lines_do_not_matter(copy: str) -> None:
    assert fingerprint(copy) == fingerprint(SAID)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("3.5%", "35%"),
        ("3.5%", "5.3%"),
        ("3.5%", "3.5"),
        ("3.5%", "-3.5%"),
        ("3.5%", "$3.5"),
        ("May", "June"),
        ("the bank", "a bank"),
        ("rose", "rose not"),
    ],
)
def test_another_amount_or_word_is_another_text(old: str, new: str) -> None:
    assert fingerprint(SAID.replace(old, new)) != fingerprint(SAID)


@pytest.mark.parametrize("text", ["", " \n", "…", "***"])
def test_a_text_without_words_says_nothing(text: str) -> None:
    assert fingerprint(text) == ""


@given(words=st.lists(st.sampled_from(["one", "Two", "ÉTÉ", "straße"]), min_size=1))
def test_only_the_words_in_their_order_count(words: list[str]) -> None:
    assert fingerprint(" ".join(words)) == fingerprint(",  ".join(words).upper() + ".")
