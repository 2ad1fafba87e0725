"""Which words, quantities and names does a text state?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.dates import find_dates
from rag.text.hedges import is_hedged
from rag.text.names import find_names, name_keys, name_runs
from rag.text.quantities import find_quantities, same_amount
from rag.text.reporting import speaker_spans
from rag.text.synonyms import are_related_words, may_be_same_event
from rag.text.tokens import content_stems
from rag.text.words import negated_stems


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a 10% tariff", [(10, "%")]),
        ("ten percent of them", [(10, "%")]),
        ("1,250,000 people", [(1_250_000, "")]),
        ("2.5 million dollars", [(2_500_000, "$")]),
        ("$3bn", [(3e9, "$")]),
        ("€40", [(40, "€")]),
        ("twenty-five years", [(25, "year")]),
        ("two hundred miles", [(200, "mile")]),
        ("16 km", [(16, "kilometre")]),
        ("around a third of the country", [(1 / 3, "fraction")]),
        ("one of them", []),
        ("one million", [(1e6, "")]),
        ("the 5th floor", [(5, "")]),
        ("no numbers here", []),
    ],
)
def test_quantities(text: str, expected: list[tuple[float, str]]) -> None:
    found = find_quantities(text)
    assert [q.unit for q in found] == [unit for _, unit in expected]
    assert [q.value for q in found] == pytest.approx([value for value, _ in expected])
    assert all(text[q.start : q.end] == q.text for q in found)


@given(st.text(alphabet="0123456789.,%$ -twohundred million", max_size=80))
def test_every_quantity_is_the_text_at_its_place(text: str) -> None:
    assert all(text[q.start : q.end] == q.text for q in find_quantities(text))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("20%", "20 percent", True),
        ("2 million", "2,000,000", True),
        ("5 miles", "5", True),
        ("20%", "20", False),
        ("$20", "€20", False),
        ("20", "21", False),
        ("1,099,000", "1,099,001", False),
        ("5 days", "5 weeks", False),
    ],
)
def test_agree(one: str, other: str, expected: bool) -> None:
    (left,), (right,) = find_quantities(one), find_quantities(other)
    assert same_amount(left, right) is expected
    assert same_amount(right, left) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The mayor met Ann Lee on Monday.", ["Ann", "Lee", "Monday"]),
        ("Storms hit the coast.", []),
        ("Lee spoke. Nobody heard Lee.", ["Lee", "Lee"]),
        ("NASA spoke to the U.S. press.", ["NASA", "U.S."]),
        ("They may go in May.", ["May"]),
        ("Nobody said that I’ve met O'Brien, or that I'll see A'isha.", ["O'Brien", "A'isha"]),
    ],
)
def test_names(text: str, expected: list[str]) -> None:
    found = [name.text for name in find_names(text) if name.text != "Nobody"]
    assert found == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("China", "Chinese", True),
        ("U.S.", "American", True),
        ("Sweden's", "Sweden", True),
        ("Iran", "Iraq", False),
        ("Austria", "Australia", False),
        ("British", "UK", True),
    ],
)
def test_name_keys(one: str, other: str, expected: bool) -> None:
    assert bool(name_keys(one) & name_keys(other)) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("rising", "rose", True),
        ("negotiations", "negotiate", True),
        ("producing", "products", True),
        ("tariffs", "duties", True),
        ("driven", "drives", True),
        ("import", "export", False),
        ("won", "lost", False),
        ("killed", "died", False),
        ("built", "constructed", True),
        ("stolen", "stole", True),
    ],
)
def test_alike(one: str, other: str, expected: bool) -> None:
    assert are_related_words(one, other) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("kill", "die", True),  # by their group
        ("climb", "increas", True),  # by what both are opposites of
        ("climb", "fall", False),
        ("ferri", "train", False),
    ],
)
def test_stems_for_one_event(one: str, other: str, expected: bool) -> None:
    assert may_be_same_event(one, other) is expected


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("They cannot swim.", {"swim"}),
        ("She didn’t sign it.", {"sign"}),
        ("It failed to sell.", {"sell"}),
        ("They came without a boat.", {"boat"}),
        ("It is not only old.", set()),
        ("She was found not guilty.", set()),
    ],
)
def test_words_that_are_denied(text: str, denied: set[str]) -> None:
    assert negated_stems(text) == denied


@pytest.mark.parametrize(
    ("text", "speakers"),
    [
        ("The mine is old, officials said Tuesday.", [", officials said Tuesday"]),
        ("According to Ann Lee, the mine is old.", ["According to Ann Lee,"]),
        ("Ann Lee said on Monday that the mine is old.", ["Ann Lee said on Monday that"]),
        ("“The mine is old,” Ann Lee wrote.", [",” Ann Lee wrote"]),
        ("A study found that the mine is old.", ["A study found that"]),
        ("Police found the mine.", []),
        ("Ann Lee told Bo Dahl a joke.", []),
    ],
)
def test_who_is_said_to_have_said_it(text: str, speakers: list[str]) -> None:
    assert [text[start:end] for start, end in speaker_spans(text)] == speakers


@pytest.mark.parametrize(
    ("text", "hedged"),
    [
        ("The bank may cut rates.", True),
        ("Rates were cut in May.", False),
        ("The union claims that rates fell.", True),
        ("She filed a claim.", False),
        ("They plan to sail.", False),
        ("He plans to sail.", True),
        ("The planning board met.", False),
    ],
)
def test_hedged_sentences(text: str, hedged: bool) -> None:
    assert is_hedged(text) is hedged


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("It opened on 3 May 2024.", ["3 May 2024"]),
        ("It opened Jan. 9, 2025, a Monday.", ["Jan. 9, 2025", "Monday"]),
        ("They may march in March.", ["March"]),
        ("In 1931 it cost $1931.", ["1931"]),
        ("2000 people came.", []),
    ],
)
def test_dates_in_a_text(text: str, dates: list[str]) -> None:
    found = find_dates(text)
    assert [each.text for each in found] == dates
    assert all(text[slice(*each.place)] == each.text for each in found)


def test_names_in_a_row() -> None:
    runs = name_runs(find_names("Treasury Secretary Ann Lee met Bo Dahl in Oslo."))
    assert [[name.text for name in run] for run in runs] == [
        ["Secretary", "Ann", "Lee"],
        ["Bo", "Dahl"],
        ["Oslo"],
    ]


def test_content_leaves_out_frames_stop_words_and_numbers() -> None:
    text = "According to the article, they’re saying 20 ferries haven't sailed."
    assert content_stems(text) == ["ferri", "sail"]


@pytest.mark.parametrize(
    "text", ["A" + "_" * 50_000, "1," * 30_000, "two " * 15_000, "x’" * 30_000]
)
def test_hostile_text_is_read(text: str) -> None:
    content_stems(text)
    find_names(text)
    assert all(q.text in text for q in find_quantities(text))
