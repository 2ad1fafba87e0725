"""A written sentence keeps the bounds of its source's numbers, and gives the extreme asked for."""

from __future__ import annotations

import pytest

from rag.answering.bounds import with_bounds
from rag.answering.extremes import is_surpassed
from rag.types import Citation, Claim, Passage, Span


@pytest.mark.parametrize(
    ("text", "quote", "expected"),
    [
        ("Sales fell 30%.", "Sales fell by roughly 30% in May.", "Sales fell roughly 30%."),
        ("40 came.", "About 40 came.", "About 40 came."),
        ("It cost $40.", "It cost more than $40.", "It cost more than $40."),
        ("It cost $40 and took 5 days.", "It cost over $40. It took 5 days.",
         "It cost over $40 and took 5 days."),
        ("The $4 million fee.", "An estimated $4 million fee.", "The estimated $4 million fee."),
        ("Nearly 40 came.", "About 40 came.", "Nearly 40 came."),
        ("40 came.", "40 came, and about 40 stayed.", "40 came."),
        ("40 came.", "Between 30 and 40 came.", "40 came."),
        ("41 came.", "About 40 came.", "41 came."),
        ("Nobody came.", "About 40 came.", "Nobody came."),
        ("", "About 40 came.", ""),
    ],
)  # fmt: skip
def test_a_bound_that_was_left_out_is_put_back(text: str, quote: str, expected: str) -> None:
    assert with_bounds(text, [quote]) == expected


LAKES = ("The lake of Orm is 214 metres deep.", "The lake of Tarn is 71 metres deep and 3 km long.")


@pytest.mark.parametrize(
    ("question", "claim", "surpassed"),
    [
        ("How deep is the deepest lake?", "The lake is 71 metres deep.", True),
        ("How deep is the deepest lake?", "The lake is 214 metres deep.", False),
        ("What is the least depth of a lake, the lowest?", "The lake is 214 metres deep.", True),
        ("What is the smallest depth of a lake?", "The lake is 71 metres deep.", False),
        ("How deep is the lake of Tarn?", "The lake is 71 metres deep.", False),
        ("How deep is the deepest lake?", "It is the lake of Orm.", False),
        ("How deep is the deepest mine?", "The mine is 50 metres deep.", True),
        ("How high is the highest tower?", "The tower is 50 metres high.", False),
    ],
)
def test_the_most_and_the_least_are_compared_with_what_others_say(
    question: str, claim: str, surpassed: bool
) -> None:
    assert is_surpassed(question, cited(claim, claim), shown()) is surpassed


def test_a_source_that_calls_it_the_most_is_believed() -> None:
    quote = "At 71 metres it is the deepest lake of the valley."
    assert not is_surpassed(
        "How deep is the deepest lake?", cited("It is 71 metres.", quote), shown()
    )


def cited(text: str, quote: str) -> Claim:
    return Claim(text, (Citation(1, Span("d", 0, len(quote)), quote),), "supported")


def shown() -> list[Passage]:
    return [
        Passage(number, Span("d", 0, len(text)), text, "Lakes", "lakes.txt", 1.0)
        for number, text in enumerate(LAKES, start=1)
    ]
