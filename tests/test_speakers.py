"""Who speaks in each unit of a text."""

from __future__ import annotations

import re

import pytest

from rag.retrieval.unit_ranking import units_of_document
from rag.text.speakers import reporters, speeches
from rag.types import Document


def speakers(text: str) -> dict[str, str]:
    return {unit.text(text): speech.speaker for unit, speech in speeches(text).items()}


@pytest.mark.parametrize(
    ("sentence", "speaker"),
    [
        ("Rosa Lind said that the mill would close.", "Rosa Lind"),
        ("“The mill will close,” said Rosa Lind, who owns it.", "Rosa Lind"),
        ("The mill will close, according to Rosa Lind.", "Rosa Lind"),
        ("Rosa Lind, the owner of the mill, warned of a hard winter.", "Rosa Lind"),
        ("Ms Lind gathered that the mill would close.", "Ms Lind"),
        ("The mill's owner, Rosa Lind, opposed the plan.", "Rosa Lind"),
        ("After the vote the miller of Orrin, Rosa Lind, resigned.", "Rosa Lind"),
    ],
)
def test_the_words_around_the_verb_name_the_speaker(sentence: str, speaker: str) -> None:
    assert speaker in speakers(sentence)[sentence]


@pytest.mark.parametrize(
    ("sentence", "others"),
    [
        ("The mill will close this winter, the Orrin Gazette reported Friday.", "mill"),
        ("On Monday, Rosa Lind said that the mill would close.", "Monday"),
        (
            "The Lind family wants the town to act, in a possible sign that the mill is lost.",
            "sign",
        ),
    ],
)
def test_what_only_stands_before_the_verb_names_nobody(sentence: str, others: str) -> None:
    assert others not in speakers(sentence).get(sentence, "")


def test_what_belongs_to_a_name_is_part_of_it() -> None:
    text = "Orrin’s town council in May had called the mill “a ruin.” “It leaks,” it said in Orrin."
    assert set(speakers(text).values()) == {"Orrin’s town council"}


def test_a_sentence_leans_on_who_is_named_first_in_the_one_before() -> None:
    text = "The millers of Orrin have a union. Its leader, Per Lund, said that it was over."
    assert {"Orrin", "Lund"} <= set(re.findall(r"\w+", list(speakers(text).values())[-1]))
    text = "A miller of Orrin is seeking in vain to find out what Rosa Lind wants. This may end it."
    assert "Rosa" not in speakers(text)["This may end it."]


def test_what_stands_between_two_sentences_of_one_speaker_is_hers() -> None:
    text = "Rosa Lind warned that it leaks. A mill of that age is lost. She also said it was cold."
    assert "Rosa Lind" in speakers(text)["A mill of that age is lost."]
    apart = text.replace(" A mill", "\n\nA mill").replace(" She", "\n\nShe")
    assert "A mill of that age is lost." not in speakers(apart)


@pytest.mark.parametrize(
    ("sentence", "named"),
    [
        ("Per Lund told the Gazette that it leaks.", ["Per Lund"]),
        ("Holm told Dahl that it leaks, Lund said.", ["Holm", "Lund"]),
        ("He said that it leaks.", [""]),
        ("Lund was told that it leaks.", [""]),
        ("It leaks, according to Per Lund.", ["Per Lund"]),
        ("The mill leaks.", []),
    ],
)
def test_the_speakers_of_the_clauses_of_a_sentence(sentence: str, named: list[str]) -> None:
    assert [words.strip() for words in reporters(sentence)] == named


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


def test_what_is_told_of_a_person_is_told_from_what_she_says() -> None:
    text = "Rosa Lind owns it. She mends the wheel. She fears that it will go. “It will,” she said."
    found = {unit.text(text): speech.has_words for unit, speech in speeches(text).items()}
    assert not found["She mends the wheel."]
    assert found["She fears that it will go."]
    assert found["“It will,” she said."]


def test_within_a_quotation_nobody_else_becomes_the_speaker() -> None:
    text = "Rosa Lind said: “We tried. Orrin has no other mill. Tom Ask knows that.” It is over."
    found = speakers(text)
    assert all(
        "Lind" in found[each] for each in ("Orrin has no other mill.", "Tom Ask knows that.”")
    )


TALK = """# A talk

**Ana Roe:** How old is the mill?

**Rosa Lind:** Older than the road. My mother bought it.

It cost her a horse.

**Roe:** And now?

**Lind:** Now it costs me my sleep.
"""


def test_a_labelled_turn_lasts_until_the_next_label() -> None:
    found = speakers(TALK)
    assert found["My mother bought it."] == found["It cost her a horse."] == "Rosa Lind"
    assert found["**Lind:** Now it costs me my sleep."] == "Lind"


def test_labels_of_one_kind_alone_are_no_dialogue() -> None:
    text = "Note: The mill is old.\n\nNote: The road is new.\n\nIt is wet."
    assert not any(speech.has_words for speech in speeches(text).values())


def test_in_an_interview_the_one_in_the_title_answers() -> None:
    text = (
        "# Rosa Lind, miller\n\n**How old is it?**\n\nOlder than the road.\n\n**Who built it?**\n\n"
        "Nobody knows.\n\n**You like it, though.**\n\nYes.\n\n**Why?**\n\nIt hums."
    )
    found = speakers(text)
    assert all("Rosa Lind" in found[each] for each in ("Older than the road.", "It hums.", "Yes."))
    assert "**You like it, though.**" not in found


def test_whoever_speaks_once_in_a_talk_has_a_turn_and_a_section_of_their_own() -> None:
    talk = (
        "Transcript of the evening on the weir\n\n"
        "HOLT: What does the weir need?\n\nARDEN: The gates need new hinges.\n\n"
        "HOLT: And who pays for it?\n\nCORBY: The county pays half.\n\nARDEN: So it should.\n"
    )
    document = Document.of("weir.txt", "The weir", "weir.txt", talk)
    sections = {each.text: each.section for each in units_of_document(document, 20)}
    assert sections["CORBY: The county pays half."][-1] == "CORBY"
    assert sections["ARDEN: So it should."] == sections["ARDEN: The gates need new hinges."]
