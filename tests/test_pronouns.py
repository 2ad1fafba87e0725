"""Pronouns of a quote read as the names that a claim has in their places."""

import pytest

from rag.checking import citations, verdict
from rag.checking.pronouns import read_pronouns
from rag.checking.scorer import Scorer
from rag.types import Claim, Passage, Span

LOAN = "The museum thanked Ada Holm. Director Per Lind lent her two kilns."


@pytest.mark.parametrize(
    ("claim", "quote", "before", "read"),
    [
        (
            "Two studios want to hire Ada Holm.",
            "Two studios in the town want to hire her.",
            "Holm, a potter, won the prize.",
            ["Two studios in the town want to hire Ada Holm."],
        ),
        (
            "Ada Holm hired two studios.",
            "Two studios in the town want to hire her.",
            "Holm, a potter, won the prize.",
            [],
        ),
        (
            "Visitors praised Ada Holm's bowls.",
            "Many visitors praised her bowls.",
            "Ada Holm is a potter.",
            ["Many visitors praised Ada Holm's bowls."],
        ),
        (  # of the teacher nothing is said
            "Visitors praised Ada Holm.",
            "Many visitors praised her teacher.",
            "Ada Holm is a potter.",
            [],
        ),
        (  # nobody of this name stands before
            "Two studios want to hire Ada Holm.",
            "Two studios in the town want to hire her.",
            "The prize was given on Monday.",
            [],
        ),
    ],
)
def test_a_name_is_read_where_it_has_the_place_of_a_pronoun(
    claim: str, quote: str, before: str, read: list[str]
) -> None:
    assert read_pronouns(claim, quote, [before]) == read


def _judge(claim: str, text: str = LOAN) -> Claim:
    passage = Passage(1, Span("a", 0, len(text)), text, "Title", "source", 1.0)
    return verdict.cite_and_check(
        citations.DraftSentence(claim, frozenset()),
        citations.candidate_sentences([passage]),
        lambda span: text,
        Scorer(),
    )


def test_the_sentence_that_names_whom_a_pronoun_stands_for_is_cited_too() -> None:
    claim = _judge("Per Lind lent Ada Holm two kilns.")
    assert claim.support == "supported"
    assert [each.quote for each in claim.citations] == [
        "Director Per Lind lent her two kilns.",
        "The museum thanked Ada Holm.",
    ]


@pytest.mark.parametrize(
    "claim",
    [
        "Ada Holm lent Per Lind two kilns.",
        "Ada Holm lent two kilns.",
        "Per Lind lent the museum two kilns.",
        "Per Lind lent Eva Berg two kilns.",
    ],
)
def test_what_a_pronoun_does_not_stand_for_is_no_support(claim: str) -> None:
    assert _judge(claim).support != "supported"


def test_a_name_that_opens_a_sentence_is_found_as_one() -> None:
    text = "Holm, who works alone, won the prize. Two studios in the town want to hire her."
    claim = _judge("Two studios want to hire Ada Holm.", text)
    assert [each.quote for each in claim.citations][1:] == ["Holm, who works alone, won the prize."]


def test_a_pronoun_is_read_only_as_a_name_that_stands_before_it() -> None:
    claim, quotes = "Two studios want Ada Holm.", ["Two studios want to hire her.", "Holm won it."]
    assert verdict.check_claim(claim, quotes, "Ada Holm").support == "partial"
    read = verdict.check_claim(claim, quotes, "Ada Holm", reads_pronouns=True)
    assert read.support == "supported"
