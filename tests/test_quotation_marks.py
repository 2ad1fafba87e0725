"""Has each quotation mark its other half, whatever was cut out of a text?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.quotation_marks import quoted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("The kettle boils.", "“The kettle boils.”"),
        ("“The kettle boils.”", "“The kettle boils.”"),
        ("It boils,” she said.", "“It boils,” she said."),
        ("He said: “It boils.", "He said: “It boils.”"),
        ("so,” he said. “And now", "“so,” he said. “And now”"),
        ("„Das Wasser kocht", "„Das Wasser kocht“"),
        ("l’eau bout », dit-elle", "«l’eau bout », dit-elle"),
        ('It boils," she said.', '"It boils," she said.'),
        ('He said: "It boils.', 'He said: "It boils."'),
        ('a pipe of 3"', 'a pipe of 3"'),
        ("the cook's kettle", "“the cook's kettle”"),
        ("", "“”"),
    ],
)
def test_a_quote_gets_the_marks_that_it_lacks(text: str, shown: str) -> None:
    assert quoted(text) == shown


@given(st.text("ab “”", max_size=20))
def test_its_own_characters_stay(text: str) -> None:
    assert text in quoted(text)


@given(st.lists(st.sampled_from(["“a”", "b"]), max_size=4).map("".join), st.integers(0, 12))
def test_what_is_cut_out_of_a_speech_has_whole_pairs(speech: str, at: int) -> None:
    for part in (speech[:at], speech[at:]):
        depth = 0
        for letter in quoted(part):
            depth += (letter == "“") - (letter == "”")
            assert depth >= 0
        assert depth == 0
