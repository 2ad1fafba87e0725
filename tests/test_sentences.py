"""Sentences of news prose, of answers, and of anything else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.sentences import split_sentences

SEEDS = Path(__file__).parent.parent / "seeds"

# " | " marks where a sentence ends and the next begins, one space apart.
PROSE = [
    # plain
    "The talks began on Monday. | They will go on. | Nobody knows why! | Does it matter?",
    "It closed at 5,431.7 points. | That was 2.1% lower than on Friday.",
    "The fund raised $3.5 billion. | $2 billion of it was new.",
    "It was founded in 1999. | 14 states have joined since.",
    "He said yes. | iPhone sales rose.",
    "So it goes.. | Then it stopped?! | Yes.",
    # acronyms
    "The U.S. Senate met U.N. officials in Washington, D.C. on Friday.",
    "He moved to the U.S. | The move surprised his family.",
    "She flew back to the U.K. | It was raining.",
    "He works for the U.S. | It's a living.",
    "Talks between the U.S. and China stalled.",
    "Voters in Washington, D.C. | But not elsewhere.",
    "PALO ALTO, Calif. — In a quiet street it began.",
    "It happened at Islip (N.Y.) Speedway.",
    "She holds a Ph.D. in physics. | He has a Ph.D. | He earned it in Bonn.",
    # hours
    "It opens at 9 a.m. Monday and shuts at 5 p.m. ET.",
    "It begins at 11 a.m. E.T., two hours late.",
    "It opens at 9 a.m. | He was late.",
    "The police came at 5 p.m. | Police in Ohio work late.",
    # titles, initials, names
    "Mr. Smith met Mrs. Jones, Ms. Lee and Dr. Patel.",
    "Lt. Gov. Dan Hill, Sen. Ann Lee, Rep. Jo Fox and Gen. Tom Day agreed.",
    "Sgt. Poe and Col. Roe saluted Gov. Dale.",
    "J. K. Rowling and John F. Kennedy never met. | J.R.R. Tolkien did not write it.",
    "He takes vitamin C. | The doctor approves.",
    "She lives on Main St. in St. Louis, near Mt. Hope.",
    "Apple Inc. Chief Executive Tim Cook spoke. | He left Acme Corp. | The firm is small.",
    "Martin Luther King Jr. was there. | Cal Ripken Jr. | He was not.",
    "The case is Roe v. Wade. | The match was Texas vs. Ohio State.",
    "It cites Lee et al. and others, i.e. Smith, e.g. Jones, etc. in passing.",
    # numbers
    "They ranked No. 1 on Jan. 6, Feb. 3 and Dec. 31.",
    "His answer was No. | The rest said yes.",
    "See Fig. 2, p. 14 and vol. 3.",
    # ellipses
    "First we wait, and then … we will go on.",
    "First we wait, and then ... we will go on.",
    "We waited … Trump arrived in between.",
    "We waited... | Trump arrived.",
    "That is it … | The rest is history.",
    "It never ends. . . . and so on.",
    # quotes and brackets
    "“It works.” | He smiled.",
    '"It works." | He smiled.',
    "‘It works.’ | He smiled.",
    "“Will it work?” he asked. | “Yes!” she said.",
    '"Will it work?" he asked. | "Yes!" she said.',
    "“Will it work?” Sen. Ann Lee asked. | Nobody knew.",
    "“It will.” | Trump left the room.",
    "He called it “evaluating this.” | “We wait,” it added.",
    'The plan was "a fantasy". | Nobody liked it.',
    "(He was not there.) | She was.",
    "It was late (after 10 p.m.), he said.",
    "Il a dit « non. » | Puis il est parti.",
    # addresses and names with dots
    "See https://example.com/a.b?c=D.E for more. | It is long.",
    "Write to a.lee@example.com. | Follow @alee.",
    "Visit example.com. | It is built on Node.js and ASP.NET.",
    "Open notes.txt or Report.PDF. | Then close it.",
    "It calls obj.Method() twice.",
    # markers of an answer
    "A 20% rate applies. [1] | It began in May. [2][3] | It may end.",
    "A 20% rate applies.[1] | It began in May [2]. | It may end. [1, 2]",
    # lists in a line
    "Stay calm. | 2. Wait there. | 3. Leave.",
    # no word of its own
    "Well done! 🎉",
]


@pytest.mark.parametrize("case", PROSE)
def test_prose_is_split_where_a_reader_would(case: str) -> None:
    assert sentences(case.replace(" | ", " ")) == case.split(" | ")


# "|" marks where a sentence ends and the next begins, with nothing between them.
GLUED = [
    "prompting fears in the coming months.|Chinese Official seeks talks",
    "He left in 2024.|The house was sold.",
    "It was “a fantasy”.|The rest agreed.",
    'It was "a fantasy".|The rest agreed.',
    'He left at once.|"Why not?" he said.',
    "She moved to the UK.|Most of her friends stayed.",
    "今天下雨。|我们不去！|好吗？",
    "他说：「不去。」|然后走了。",
    "Mr.Smith and Inc.Magazine and St.Louis",
    "example.com, Node.js, 1.Step, a.B, x.Y",
]


@pytest.mark.parametrize("case", GLUED)
def test_a_missing_space_does_not_hide_the_end(case: str) -> None:
    assert sentences(case.replace("|", "")) == case.split("|")


def test_a_full_stop_that_stands_alone_ends_a_sentence_of_tokenised_text() -> None:
    text = "it fell by 5 % . she said so . then it rose ."
    assert sentences(text) == ["it fell by 5 % .", "she said so .", "then it rose ."]
    assert sentences("first . . . then") == ["first . . . then"]


def test_a_blank_line_always_ends_a_sentence() -> None:
    assert sentences("a headline\n\nand more\n \nand Mr.\n\nSmith") == [
        "a headline",
        "and more",
        "and Mr.",
        "Smith",
    ]


def test_where_a_line_is_a_paragraph_each_line_ends_a_sentence() -> None:
    text = "Talks resume\nThe U.S. said so in the U.S.\nSenate leaders agreed\r\n“Good”\n20 left"
    assert sentences(text) == text.replace("\r", "").split("\n")


def test_a_line_that_begins_in_lower_case_goes_on() -> None:
    assert sentences("Officials said the talks\nwill resume.\nNobody came.") == [
        "Officials said the talks\nwill resume.",
        "Nobody came.",
    ]
    assert sentences("they left.\nthen they slept.") == ["they left.", "then they slept."]


def test_in_wrapped_text_a_name_after_the_break_goes_on() -> None:
    text = (
        "The talks were called off after a long night, and President Donald\n"
        "Trump said that he would not take part in them unless he saw the\n"
        "paper, the whole paper and no summary of it, and unless the U.S.\n"
        "Senate agreed to it first, which it is not expected to do. Nobody in\n"
        "the room was surprised by what he said, nor by the tone in which he\n"
        "said it.\n"
        "Reaction\n"
        "The markets fell and\n"
        "rose."
    )
    assert [sentence.split()[-1] for sentence in sentences(text)] == [
        "do.",
        "it.",
        "Reaction",
        "rose.",
    ]


def test_list_items_and_headings_stand_alone() -> None:
    text = (
        "# title of it\nthree things:\n- first thing\n  goes on\n* second\n1. Third. Yes.\n2) last"
    )
    assert sentences(text) == [
        "# title of it",
        "three things:",
        "- first thing\n  goes on",
        "* second",
        "1. Third.",
        "Yes.",
        "2) last",
    ]


def test_the_first_seed_has_one_sentence_a_line_but_three_in_the_quotation() -> None:
    text = (SEEDS / "000_63f6faf5f870be30.txt").read_text(encoding="utf-8")
    lines = [line for line in text.split("\n") if line]
    quoted = next(line for line in lines if line.startswith("Treasury Secretary"))
    at = lines.index(quoted)
    found = sentences(text)
    assert found[:at] == lines[:at]
    assert found[at + 3 :] == lines[at + 1 :]
    assert [(s[:12], s[-12:]) for s in found[at : at + 3]] == [
        ("Treasury Sec", "each a deal."),
        ("And as I sai", "tep process."),
        ("First, we ne", "trade deal.”"),
    ]


def test_the_second_seed_has_headlines_and_sentences() -> None:
    text = (SEEDS / "004_dbb65014ece9d4c0.txt").read_text(encoding="utf-8")
    assert [(s[:22], s[-12:]) for s in sentences(text)] == [
        ("Chinese Official seeks", "War tensions"),
        ("As overdose deaths sur", "the balance."),
        ("A top Chinese official", "r chemicals."),
        ("This move may signal C", "ng tensions."),
        ("The U.S. has imposed h", "of fentanyl."),
        ("China, while resisting", "al backlash."),
        ("China signals openness", "ing tensions"),
        ("China's Minister of Pu", "l chemicals."),
        ("These discussions coul", "es returned."),
        ("Despite previous resis", ".S. on trade."[-12:]),
        ("Meanwhile, both nation", "istribution."),
        ("U.S. Pressures China o", "ommon ground"),
        ("The Trump administrati", "can cartels."),
        ("U.S. seizures of fenta", "eral action."),
        ("Amid rising tensions a", "lks revival."),
        ("Photo: Fox News", "to: Fox News"),
        ("China, however, insist", "ican demand."),
        ("Still, Beijing has sho", " compromise."),
    ]


PROSE_LIKE = st.text(
    st.sampled_from("aZ9É好 \t\n\r\f\u00a0\u2028.!?…。\"'“”‘’«»()[]1-–—*#•|:/@$") | st.characters()
)


@given(PROSE_LIKE | st.lists(st.sampled_from(PROSE + GLUED)).map("\n".join))
def test_sentences_are_in_order_trimmed_and_cover_every_character(text: str) -> None:
    spans = split_sentences(text)
    end = 0
    for start, stop in spans:
        assert text[end:start].strip() == ""
        assert start < stop
        assert text[start:stop] == text[start:stop].strip()
        end = stop
    assert text[end:].strip() == ""


@given(st.text())
def test_the_same_text_is_always_split_the_same_way(text: str) -> None:
    assert split_sentences(text) == split_sentences(text)


@pytest.mark.parametrize(
    "unit",
    ['"', ".", " ", "\n", "a", ". ", '."', 'ab."x', '?" Ab ', ".(", "[1]", "a.B", "1. ", "- a\n"],
)
def test_two_hundred_thousand_awkward_characters_are_no_trouble(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    assert sum(stop - start for start, stop in split_sentences(text)) <= len(text)
    assert (split_sentences(text) == []) == (text.strip() == "")


def sentences(text: str) -> list[str]:
    return [text[start:stop] for start, stop in split_sentences(text)]


def test_the_text_of_a_link_may_go_on_below() -> None:
    text = "We told of [our work with the\nCommission](https://a.example) in May. It is done.\n"
    assert [text[start:end] for start, end in split_sentences(text)] == [
        "We told of [our work with the\nCommission](https://a.example) in May.",
        "It is done.",
    ]
    open_end = "We told of [our work\nThe Commission met."
    assert len(split_sentences(open_end)) == 2
