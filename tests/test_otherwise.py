"""The question is put to other sources, and answers that exclude each other are told."""

from __future__ import annotations

import pytest

from rag.answerable import Answerability
from rag.disagree import Contradiction
from rag.events import Consulted
from rag.otherwise import ASKED, Said, contradictions, rival
from rag.states import Reader
from rag.types import Citation, Span
from tests.asking import SMALL, asks_for_words, asks_yes_or_no, chat, shown
from tests.fakes import Reply, Request, Scripted, ScriptedServer

QUESTION = "How many cows does the farm in Vell keep?"
MINE = "The farm in Vell keeps 40 cows."
OTHER = "Some 65 cows are kept on the farm in Vell, its owner says."


def cite(text: str, number: int) -> Citation:
    return Citation(number, Span(f"{number}.txt", 0, len(text)), text)


@pytest.fixture(scope="module")
def answerability() -> Answerability:
    return Answerability(Reader())


def model(request: Request) -> Scripted:
    """Says yes to what speaks of cows, and of few words the number."""
    text = shown(request)
    if asks_for_words(request):
        return next((word for word in text.split() if word.isdigit()), "none")
    assert asks_yes_or_no(request)
    likely = {"yes": -0.05, "no": -3.0} if "cows" in text else {"no": -0.05, "yes": -3.0}
    return Reply([next(iter(likely))], alternatives=likely)


def told(
    others: list[str], answerability: Answerability, said: Said | None = None, asked: str = QUESTION
) -> tuple[list[Contradiction], list[Consulted]]:
    cited = [cite(text, number) for number, text in enumerate(others, start=2)]
    with ScriptedServer([model]) as server:
        own = said or Said(cite(MINE, 1), "40", 0.9)
        steps = list(contradictions(asked, own, cited, chat(server, SMALL), answerability))
    return (
        [each for each in steps if isinstance(each, Contradiction)],
        [each for each in steps if isinstance(each, Consulted)],
    )


def test_another_number_for_the_same_thing_is_told_with_both_sentences(
    answerability: Answerability,
) -> None:
    (found,), consulted = told(["It rained 3 times.", OTHER], answerability)
    assert (found.cited.quote, found.other.quote) == (MINE, OTHER)
    assert (found.difference.point, found.difference.ours) == ("number", "40")
    assert [each.purpose for each in consulted] == ["judge", "extract"]


def test_who_says_the_same_is_not_asked(answerability: Answerability) -> None:
    assert told(["There are 40 cows on the farm in Vell."], answerability) == ([], [])


def test_who_speaks_of_something_else_is_not_asked(
    answerability: Answerability, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = Said(cite("In Vell the herd of the last farm numbers 40 animals.", 1), "40", 0.9)
    elsewhere = ["A farm must keep 65 cows to earn a living, a survey of the county found."]
    assert told(elsewhere, answerability, mine) == ([], [])
    monkeypatch.setattr("rag.otherwise.SHARED", 0.0)
    assert told(elsewhere, answerability, mine)[0]


@pytest.mark.parametrize(
    "update",
    [
        "The farm in Vell raised the number of cows that it keeps to 65.",
        "The farm in Vell keeps 65 cows, not 40 as it had originally said.",
        "The farm in Vell bought cows on Monday, bringing the number that it keeps to 65.",
    ],
)
def test_who_tells_of_a_change_contradicts_nobody(
    update: str, answerability: Answerability
) -> None:
    assert told([update], answerability) == ([], [])
    changed = Said(cite(update, 1), "65", 0.9)
    assert told([MINE], answerability, changed) == ([], [])


def test_what_does_not_answer_the_question_is_no_contradiction(
    answerability: Answerability,
) -> None:
    found, consulted = told(["The farm in Vell keeps 65 hens and geese."], answerability)
    assert found == []
    assert [each.purpose for each in consulted] == ["judge"]


def test_no_more_is_asked_than_a_person_would_wait_for(answerability: Answerability) -> None:
    others = [OTHER.replace("65", str(number)) for number in range(60, 70)]
    _, consulted = told(others, answerability)
    assert sum(each.purpose == "judge" for each in consulted) == ASKED


def test_a_no_needs_less_certainty_than_a_yes(answerability: Answerability) -> None:
    asked = "Does the farm in Vell keep cows?"
    for reply, other, differs in (("No", "Yes", True), ("Yes", "Yes", False), ("Yes", "No", True)):

        def model(request: Request, reply: str = reply, other: str = other) -> Scripted:
            if asks_for_words(request):
                return reply if MINE in shown(request) else other
            return Reply(["yes"], alternatives={"yes": -0.6, "no": -0.8})  # 0.55

        with ScriptedServer([model]) as server:
            said = Said(cite(MINE, 1), None, 0.5 if reply == "No" else 0.9)
            steps = contradictions(
                asked, said, [cite(OTHER, 2)], chat(server, SMALL), answerability
            )
            found = [each for each in steps if isinstance(each, Contradiction)]
        assert bool(found) is (differs and other == "No")


def test_a_yes_that_the_model_is_not_sure_of_contradicts_nothing(
    answerability: Answerability,
) -> None:
    unsure = Said(cite(MINE, 1), None, 0.5)
    asked = "Does the farm in Vell keep cows?"
    found, consulted = told([OTHER], answerability, unsure, asked)
    assert (found, [each.purpose for each in consulted]) == ([], ["extract"])


@pytest.mark.parametrize(
    ("ours", "theirs", "point"),
    [
        ("Yes.", "No", "verdict"),
        ("Yes", "Yes, it does.", None),
        ("Yes", "40", None),
        ("40", "65", "number"),
        ("40 cows", "about 41", None),  # rounded
        ("more than 40", "65", None),
        ("4 hours", "3 hours and 50 minutes", None),
        ("12 miles", "20 kilometres", None),  # another unit
        ("7-2", "5-4", "number"),
        ("Monday", "Tuesday", "date"),
        ("1887", "1902", "date"),
        ("autumn", "17 October", None),
        ("Ann Lee", "Olaf Berg", "name"),
        ("Ann Lee", "Ms Lee", None),
        ("a cow", "a goat", None),
    ],
)
def test_short_answers_that_cannot_both_be_right(ours: str, theirs: str, point: str | None) -> None:
    found = rival(ours, theirs, f"It is {ours}.", f"They say {theirs}.")
    assert (found.point if found else None) == point
