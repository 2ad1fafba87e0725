"""Who speaks in each unit of a text."""

from __future__ import annotations

import pytest

from rag.text.speakers import speeches


def speakers(text: str) -> dict[str, str]:
    return {unit.text(text): speech.speaker for unit, speech in speeches(text).items()}


@pytest.mark.parametrize(
    ("sentence", "speaker"),
    [
        ("Rosa Lind said that the mill would close.", "Rosa Lind"),
        ("“The mill will close,” said Rosa Lind, who owns it.", "Rosa Lind"),
        ("The mill will close, according to Rosa Lind.", "Rosa Lind"),
        ("Rosa Lind, the owner of the mill, warned of a hard winter.", "Rosa Lind"),
    ],
)
def test_the_words_around_the_verb_name_the_speaker(sentence: str, speaker: str) -> None:
    assert speaker in speakers(sentence)[sentence]


def test_a_quotation_that_goes_on_has_the_speaker_of_its_beginning() -> None:
    text = "Rosa Lind said: “We tried. Nobody came. It is over.” The mill stands empty."
    found = speakers(text)
    assert all("Rosa Lind" in found[each] for each in ("Nobody came.", "It is over.”"))
    assert "The mill stands empty." not in found


def test_a_pronoun_speaks_for_whoever_was_named_before() -> None:
    text = "The owner is Rosa Lind. “We tried,” she said."
    assert "Rosa Lind" in speakers(text)["“We tried,” she said."]


def test_straight_quotation_marks_open_and_close() -> None:
    text = 'Rosa Lind said: "We tried. Nobody came." The mill stands empty.'
    found = speakers(text)
    assert "Rosa Lind" in found['Nobody came."']
    assert "The mill stands empty." not in found


@pytest.mark.parametrize(
    "text",
    ["", "The so-called mill stands empty.", "\n\n", "The mill stands empty.", "“", '"' * 500],
)
def test_a_text_in_which_nobody_speaks_has_no_speeches(text: str) -> None:
    assert speeches(text) == {}
