"""Which units of the evidence are the points of an answer, by the kind that is wanted."""

from __future__ import annotations

import numpy as np
import pytest

from rag.answering.comparison_points import comparison_sides
from rag.answering.extractive import choose_points
from rag.answering.list_points import lists_of
from rag.query.question_kind import AnswerKind
from rag.retrieval.unit_ranking import Candidate, Evidence
from rag.text.units import parse_units
from rag.types import Document

MILL = """# The mill

The mill has two wheels.

The old wheel turns slowly.
The new wheel grinds more than the old wheel.
The new wheel was cast in Orrin.

## Faults

It has faults.
The gate leaks.
The stones are worn.

| Wheel | Speed |
|---|---|
| old | 4 |
| new | 9 |
| spare | 2 |

- Grease the axle.
- Clear the sluice.
"""


def ranked(relevance: dict[str, float], text: str = MILL, others: float = 0.1) -> list[Evidence]:
    """The units of a text, those that begin so with this relevance, most relevant first."""
    document = Document.of("mill.md", "The mill", "mill.md", text)
    units = [unit for unit in parse_units(text) if unit.is_evidence]
    vectors = np.eye(len(units), dtype=np.float32)

    def value(said: str) -> float:
        return next((v for begin, v in relevance.items() if said.startswith(begin)), others)

    found = [
        Evidence(Candidate(document, unit), value(unit.text(text)), vector)
        for unit, vector in zip(units, vectors, strict=True)
    ]
    return sorted(found, key=lambda each: -each.relevance)


def chosen(kind: AnswerKind, question: str, evidence: list[Evidence]) -> dict[str, list[str]]:
    """The texts of the points by the heading of their group."""
    groups = choose_points(kind, question, evidence).groups
    return {group.heading: [e.candidate.text for e in group.evidence] for group in groups}


def test_what_a_short_sentence_announces_is_the_list() -> None:
    evidence = ranked({"It has": 1.0, "The gate": 0.5, "The stones": 0.4})
    points = chosen("list", "What are the faults?", evidence)
    assert points == {"": ["It has faults.", "The gate leaks.", "The stones are worn."]}


def test_a_list_of_which_one_item_is_relevant_does_not_answer() -> None:
    evidence = ranked({"The new wheel grinds": 1.0, "Grease": 0.95})
    assert "Clear the sluice." not in chosen("list", "Which wheels are there?", evidence)[""]


TOLLS = """# Tolls

In May the mill had a toll of 10%. That was later raised to 20%. The gate is red.
"""


def test_a_later_amount_follows_the_one_that_it_leans_on() -> None:
    evidence = ranked({"In May": 1.0}, TOLLS)
    points = chosen("keyword", "mill toll", evidence)
    assert points == {"": ["In May the mill had a toll of 10%.", "That was later raised to 20%."]}


@pytest.mark.parametrize(
    ("text", "is_aside"),
    [
        ("Photo: Orrin Gazette", True),
        ("Rosa Lind", True),
        ("Photo: the Orrin Gazette", False),
        ("Telephone 55512", False),
        ("THE MILL IS CLOSED.", False),
        ("水车停了。", False),
    ],
)
def test_a_line_of_names_alone_says_nothing(text: str, is_aside: bool) -> None:
    document = Document.of("mill.md", "Mill", "mill.md", f"The mill stands.\n\n{text}\n")
    (unit,) = (each for each in parse_units(document.text) if each.text(document.text) == text)
    assert Candidate(document, unit).is_aside is is_aside


RULES = """# Allotment rules

Plots are let for a year.

## Water

The tank behind the gate is filled on Mondays.
Hoses may run for ten minutes.

## Sheds

Water runs off a flat roof.
"""


@pytest.mark.parametrize("kind", ["statement", "keyword", "explanation"])
def test_a_section_that_the_question_names_answers_with_all_its_sentences(kind: AnswerKind) -> None:
    question = "What do the rules tell gardeners about water?"
    evidence = ranked({"The tank": 1.0, "Water runs": 0.9}, RULES)
    whole = ["The tank behind the gate is filled on Mondays.", "Hoses may run for ten minutes."]
    assert chosen(kind, question, evidence) == {"": whole}
    # Where the best is elsewhere, or no heading is named, units are chosen by relevance.
    elsewhere = ranked({"Plots": 1.0, "The tank": 0.9, "Water runs": 0.9}, RULES)
    for other in (
        chosen(kind, question, elsewhere),
        chosen(kind, "What do the rules tell gardeners?", evidence),
    ):
        assert other[""] != whole


def test_units_with_one_label_are_a_list_and_the_turns_of_a_speaker_are_none() -> None:
    minutes = """# Board

**Roof.** It leaks.

*Resolved (5 to 1):* Slate is ordered.

Mr Orme spoke of the fence.

*Resolved:* The fence is painted.
"""
    points = chosen("list", "Which resolutions?", ranked({"*Res": 0.9, "Mr Orme": 1.0}, minutes))
    assert points[""] == [
        "*Resolved (5 to 1):* Slate is ordered.",
        "*Resolved:* The fence is painted.",
    ]
    talk = "Orme: The roof leaks.\n\nPell: Since May.\n\nOrme: Order slate.\n\nPell: I did."
    assert lists_of(ranked({"Orme": 1.0}, talk)) == []


LOCK = """# Opening the lock

The lock is old.

- Fill the basin.
- Lift the pawl.
- Wind the rack.
- Push the beam.
- Take the windlass with you.
"""
MOST = {"Fill": 1.0, "Lift": 0.95, "Wind": 0.9, "The lock": 0.2}


@pytest.mark.parametrize("kind", ["fact", "list", "keyword", "statement"])
def test_a_list_of_which_most_items_are_relevant_is_given_whole(kind: AnswerKind) -> None:
    points = chosen(kind, "What is needed to open the lock?", ranked(MOST, LOCK))
    assert list(points.values()) == [
        ["Fill the basin.", "Lift the pawl.", "Wind the rack.", "Push the beam.",
         "Take the windlass with you."]
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("question", "relevance"),
    [
        ("How many windings open the lock?", MOST),  # one item says it
        ("What is needed to open the lock?", MOST | {"The lock": 0.95}),
        ("What is needed to open the lock?", {"Fill": 1.0, "Lift": 0.9}),
    ],
)
def test_a_list_of_which_few_items_are_relevant_is_not_given_whole(
    question: str, relevance: dict[str, float]
) -> None:
    points = chosen("fact", question, ranked(relevance, LOCK))
    assert "Take the windlass with you." not in points[""]


def test_what_nobody_said_may_be_a_list_of_decisions() -> None:
    minutes = "# Board\n\nIt rained.\n\n*Ruled:* Slate is ordered.\n\n*Ruled:* The gate is painted."
    evidence = ranked({"*Ruled:* Slate": 1.0, "*Ruled:* The": 0.8}, minutes)
    assert chosen("statement", "What did the board rule?", evidence)[""] == [
        "*Ruled:* Slate is ordered.",
        "*Ruled:* The gate is painted.",
    ]


def test_a_line_of_names_and_dates_is_no_item_of_a_loose_list() -> None:
    text = "By Ana Roe, 3 May 2021. The gate of the mill leaks badly. Its stones are worn."
    evidence = ranked({"By": 1.0, "The gate": 0.95, "Its": 0.9}, text)
    points = chosen("list", "Which faults does it have?", evidence)
    assert points == {"": ["The gate of the mill leaks badly.", "Its stones are worn."]}


def test_what_names_both_sides_comes_before_what_names_one() -> None:
    wheels = {"The old": 0.9, "The new wheel grinds": 0.95, "The new wheel was": 0.85}
    points = chosen("comparison", "How do the old wheel and the new one differ?", ranked(wheels))
    assert list(points) == ["", "old wheel", "new"]
    assert points[""] == ["The new wheel grinds more than the old wheel."]
    assert points["old wheel"] == ["The old wheel turns slowly."]
    assert points["new"] == ["The new wheel was cast in Orrin."]


def test_sides_that_only_less_relevant_units_name_are_not_told_apart() -> None:
    """ "Does it take longer to fill up or to run dry?" where the source says "refilling" and
    "drains"."""
    said = {
        "The gate leaks": 0.9,
        "The stones": 0.88,
        "The old wheel": 0.6,
        "The new wheel was": 0.5,
    }
    points = chosen("comparison", "How do the old wheel and the new one differ?", ranked(said))
    assert list(points) == [""]
    assert points[""][:2] == ["The gate leaks.", "The stones are worn."]


def test_of_a_table_the_rows_of_the_two_sides_are_taken() -> None:
    rows = {"| old": 1.0, "| new": 0.95, "| spare": 0.9, "old": 1.0, "new": 0.95, "spare": 0.9}
    points = chosen("comparison", "Is the old one or the new one faster?", ranked(rows))
    assert [text.strip("| ").split(" ")[0] for text in points[""]] == ["old", "new"]


@pytest.mark.parametrize(
    ("question", "sides"),
    [
        ("Old wheel or new wheel?", ["Old wheel", "new wheel"]),
        ("How does the old wheel differ from the new wheel, in short?", ["old wheel", "new wheel"]),
        ("the gate vs. the stones: which lasts", ["gate", "stones"]),
        ("How does a new wheel compare with the old wheel?", ["new wheel", "old wheel"]),
        ("Do the gate and the stones differ?", ["gate", "stones"]),
        ("How does it work?", []),
        ("and or with", []),
        ("", []),
    ],
)
def test_the_sides_of_a_comparison_are_named_as_the_source_names_them(
    question: str, sides: list[str]
) -> None:
    assert comparison_sides(question, MILL) == sides
