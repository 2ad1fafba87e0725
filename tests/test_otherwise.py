"""The question is put to other sources, and answers that exclude each other are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import log

import pytest

from rag.checking.answerability import Answerability
from rag.conflicts.comparison import SentenceInContext
from rag.conflicts.contradictions import Contradiction
from rag.conflicts.other_answers import (
    GivenAnswer,
    find_contradictions,
    opposite_verdicts,
    rival_answers,
)
from rag.events import ModelCalled
from rag.models.token_embeddings import TokenEncoder
from rag.thresholds import CONFLICTS
from rag.types import Citation, Span
from tests.asking import SMALL, asks_for_words, asks_yes_or_no, chat, shown
from tests.fakes import Reply, Request, Scripted, ScriptedServer

QUESTION = "How many cows does the farm in Vell keep?"
MINE = "The farm in Vell keeps 40 cows."
OTHER = "Some 65 cows are kept on the farm in Vell, its owner says."


def read(text: str, number: int, before: str = "", *article: str) -> SentenceInContext:
    cited = Citation(number, Span(f"{number}.txt", 0, len(text)), text)
    return SentenceInContext(cited, before, (text, *article))


@pytest.fixture(scope="module")
def answerability() -> Answerability:
    return Answerability(TokenEncoder())


def model(request: Request) -> Scripted:
    """Says yes to what speaks of cows, and of few words the number."""
    text = shown(request)
    if asks_for_words(request):
        return next((word for word in text.split() if word.isdigit()), "none")
    assert asks_yes_or_no(request)
    likely = {"yes": -0.05, "no": -3.0} if "cows" in text else {"no": -0.05, "yes": -3.0}
    return Reply([next(iter(likely))], alternatives=likely)


def told(
    others: Sequence[str | SentenceInContext],
    answerability: Answerability,
    said: GivenAnswer | None = None,
    asked: str = QUESTION,
) -> tuple[list[Contradiction], list[ModelCalled]]:
    cited = [read(e, n) if isinstance(e, str) else e for n, e in enumerate(others, start=2)]
    with ScriptedServer([model]) as server:
        own = said or GivenAnswer(read(MINE, 1), "40", 0.9)
        steps = list(find_contradictions(asked, own, cited, chat(server, SMALL), answerability))
    return (
        [each for each in steps if isinstance(each, Contradiction)],
        [each for each in steps if isinstance(each, ModelCalled)],
    )


def test_another_number_for_the_same_thing_is_told_with_both_sentences(
    answerability: Answerability,
) -> None:
    (found,), consulted = told(["It rained 3 times.", OTHER], answerability)
    assert (found.cited.quote, found.other.quote) == (MINE, OTHER)
    assert (found.difference.point, found.difference.ours) == ("number", "40")
    assert [each.purpose for each in consulted] == ["judge", "extract"]


@pytest.mark.parametrize("item", ["2) {}", "2)The {}", " 3. {}", "4  {}"])
def test_an_item_of_a_list_contradicts_nobody(item: str, answerability: Answerability) -> None:
    assert told([item.format(OTHER)], answerability) == ([], [])
    assert told([OTHER], answerability, GivenAnswer(read(item.format(MINE), 1), "40", 0.9)) == (
        [],
        [],
    )


@pytest.mark.parametrize("several", ["reasons", "differences", "types"])
def test_where_several_answers_are_right_none_contradicts_another(
    several: str, answerability: Answerability
) -> None:
    asked = f"For which {several} are there cows on the farm in Vell?"
    assert told([OTHER], answerability, None, asked) == ([], [])
    assert told([OTHER], answerability, None, asked.replace(f"which {several}", "whom"))[1]
    counted = f"How many {several} of cows does the farm in Vell keep?"
    assert told([OTHER], answerability, None, counted)[0]


def test_an_answer_without_its_few_words_is_compared_with_nothing(
    answerability: Answerability,
) -> None:
    assert told([OTHER], answerability, GivenAnswer(read(MINE, 1), None, 0.9)) == ([], [])


def test_who_says_the_same_is_not_asked(answerability: Answerability) -> None:
    assert told(["There are 40 cows on the farm in Vell."], answerability) == ([], [])


def test_who_speaks_of_something_else_is_not_asked(
    answerability: Answerability, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = GivenAnswer(read("In Vell the herd of the last farm numbers 40 animals.", 1), "40", 0.9)
    elsewhere = ["A farm must keep 65 cows to earn a living, a survey of the county found."]
    assert told(elsewhere, answerability, mine) == ([], [])
    monkeypatch.setattr(
        "rag.conflicts.other_answers.CONFLICTS", replace(CONFLICTS, min_word_overlap=0.0)
    )
    assert told(elsewhere, answerability, mine)[0]


@pytest.mark.parametrize(
    "update",
    [
        "The farm in Vell raised the number of cows that it keeps to 65.",
        "The farm in Vell keeps 65 cows, not 40 as it had originally said.",
        "The farm in Vell bought cows on Monday, bringing the number that it keeps to 65.",
        "So far 65 cows are kept on the farm in Vell.",
        "With half of the ballots counted, 65 cows are kept on the farm in Vell.",
    ],
)
def test_who_tells_of_a_change_contradicts_nobody(
    update: str, answerability: Answerability
) -> None:
    assert told([update], answerability) == ([], [])
    changed = GivenAnswer(read(update, 1), "65", 0.9)
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
    assert sum(each.purpose == "judge" for each in consulted) == CONFLICTS.max_asked


def test_a_sentence_is_read_with_the_one_before_it(answerability: Answerability) -> None:
    herd = "Its herd counts 65 cows."
    assert told([read(herd, 2)], answerability) == ([], [])
    named = read(herd, 2, before="The farm in Vell opened its doors on Sunday.")
    (found,), consulted = told([named], answerability)
    assert found.other.quote == herd
    assert all(named.text in each.messages[-1].content for each in consulted)


def test_an_article_that_says_the_same_too_contradicts_nobody(
    answerability: Answerability,
) -> None:
    same = "In the summer its cows number 40."
    assert told([read(OTHER, 2, "", same)], answerability) == ([], [])
    own = read(MINE, 1, "", "Its twin in Dorn keeps 65.")
    found, consulted = told([OTHER], answerability, GivenAnswer(own, "40", 0.9))
    assert found == []
    assert [each.purpose for each in consulted] == ["judge", "extract"]


ASKED_WHETHER = "Does the farm in Vell keep cows?"


def whether(
    ours: float, theirs: float, stated: float, answerability: Answerability
) -> tuple[list[Contradiction], list[str]]:
    """What is told where the model says yes with these probabilities, and what it is asked."""

    def model(request: Request) -> Scripted:
        likely = stated if asks_yes_or_no(request) else ours if MINE in shown(request) else theirs
        alternatives = {"yes": log(likely), "no": log(1 - likely)}
        return Reply(["yes"], alternatives=alternatives)

    with ScriptedServer([model]) as server:
        said = GivenAnswer(read(MINE, 1), None, 0.9)
        found = list(
            find_contradictions(
                ASKED_WHETHER, said, [read(OTHER, 2)], chat(server, SMALL), answerability
            )
        )
    return (
        [each for each in found if isinstance(each, Contradiction)],
        [each.purpose for each in found if isinstance(each, ModelCalled)],
    )


def test_a_yes_that_is_less_sure_than_the_other_is_a_no(answerability: Answerability) -> None:
    (found,), asked = whether(
        CONFLICTS.min_p_yes + 0.01,
        CONFLICTS.max_p_no - 0.01,
        CONFLICTS.min_p_answered + 0.01,
        answerability,
    )
    assert (found.difference.ours, found.difference.theirs) == ("yes", "no")
    assert asked == ["extract", "judge", "extract"]
    assert (
        whether(
            CONFLICTS.min_p_yes + 0.01,
            CONFLICTS.max_p_no - 0.01,
            CONFLICTS.min_p_answered - 0.01,
            answerability,
        )[0]
        == []
    )
    assert whether(CONFLICTS.min_p_yes + 0.01, 0.4, CONFLICTS.min_p_answered - 0.01, answerability)[
        0
    ]  # a plain "no"
    assert (
        whether(CONFLICTS.min_p_yes + 0.01, CONFLICTS.max_p_no + 0.01, 0.9, answerability)[0] == []
    )


def test_the_sentence_that_says_no_is_told_and_not_the_one_after_it(
    answerability: Answerability,
) -> None:
    after = "Its owner says that the farm in Vell keeps goats, not cows, all year."

    def model(request: Request) -> Scripted:
        likely = 0.99 if MINE in shown(request) else 0.8
        return Reply(["yes"], alternatives={"yes": log(likely), "no": log(1 - likely)})

    others = [replaced(read(after, 2, before=OTHER), start=len(OTHER) + 1), read(OTHER, 2)]
    with ScriptedServer([model]) as server:
        said = GivenAnswer(read(MINE, 1), None, 0.9)
        steps = list(
            find_contradictions(ASKED_WHETHER, said, others, chat(server, SMALL), answerability)
        )
    assert [each.other.quote for each in steps if isinstance(each, Contradiction)] == [OTHER]


def replaced(of: SentenceInContext, start: int) -> SentenceInContext:
    """The same, further on in its document."""
    span = Span(of.cited.span.document_id, start, start + len(of.cited.quote))
    return replace(of, cited=replace(of.cited, span=span))


def test_what_does_not_state_a_yes_or_no_contradicts_nothing(answerability: Answerability) -> None:
    unsure = CONFLICTS.min_p_answered_no - 0.1
    assert whether(0.99, 0.1, unsure, answerability) == ([], ["extract", "judge"])
    own = GivenAnswer(read(MINE, 1), None, unsure)
    assert told([OTHER], answerability, own, ASKED_WHETHER) == ([], [])


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        (0.99, 0.2, ("yes", "no")),
        (0.2, 0.99, ("no", "yes")),
        (1.0, 0.0, ("yes", "no")),  # a server without probabilities
        (0.95, 0.2, None),
        (0.1, 0.2, None),
        (0.99, None, None),  # "Perhaps"
        (None, 0.1, None),
    ],
)
def test_one_certain_yes_and_one_that_is_not_exclude_each_other(
    ours: float | None, theirs: float | None, said: tuple[str, str] | None
) -> None:
    found = opposite_verdicts(ours, theirs)
    assert ((found.ours, found.theirs) if found else None) == said


def test_what_was_so_in_another_year_contradicts_nobody(answerability: Answerability) -> None:
    assert told(["In 1962 the farm in Vell kept 65 cows."], answerability) == ([], [])
    asked = "How many cows does the farm in Vell keep in 2031?"
    same = GivenAnswer(read("The farm in Vell keeps 40 cows in 2031.", 1), "40", 0.9)
    assert told([OTHER], answerability, same, asked)[0]


def test_a_sentence_that_holds_a_name_does_not_contradict_it() -> None:
    ship = "The ship is to dock in Tenerife on Sunday."
    assert (
        rival_answers("Tenerife", "Granadilla", ship, "It makes for Granadilla (Tenerife).") is None
    )
    assert rival_answers("Tenerife", "Granadilla", ship, "It makes for Granadilla.") is not None


def test_a_number_is_as_rough_as_its_sentence_says() -> None:
    eleven = "Eleven wagons overturned, the operator said."
    assert rival_answers("Eleven wagons", "12", eleven, "About a dozen wagons tipped over.") is None
    assert (
        rival_answers("Eleven wagons", "12", eleven, "Exactly 12 wagons tipped over.") is not None
    )


@pytest.mark.parametrize(
    ("ours", "theirs", "point"),
    [
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
        ("Judge Ann Lee", "Judge Olaf Berg", "name"),
        ("Port Holm", "Ferrow.", "name"),
        ("Viktor Orbán", "Orban", None),
        ("a port", "Ferrow", None),
        ("May", "August", None),  # without a place in a date, it may be a name
        ("a cow", "a goat", None),
    ],
)
def test_short_answers_that_cannot_both_be_right(ours: str, theirs: str, point: str | None) -> None:
    found = rival_answers(ours, theirs, f"It is {ours}.", f"They say {theirs}.")
    assert (found.point if found else None) == point
