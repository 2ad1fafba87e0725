"""Lists whose items a model names: it points to the units that have them, and says nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest

from rag.answering.listed_items import points_with_items, units_to_read
from tests.asking import SMALL, Index, asks_for_words, asks_yes_or_no, script
from tests.fakes import Request, Script, Scripted, ScriptedServer
from tests.test_choose_points import ranked

pytest_plugins = ["tests.seeds"]

TALKS = """# Talks

The talks began on Monday in Orrin.

Ann Lee, who leads the guild, came from Orrin by boat.

Her deputy Tom Bray spoke first.

Nobody else was let in.
"""


def named(reply: str) -> list[str]:
    """The texts of the units that a reply points to."""
    points = points_with_items(reply, units_to_read(ranked({"The talks": 1.0}, TALKS)))
    return [each.candidate.text for group in points.groups for each in group.evidence]


ANN = "Ann Lee, who leads the guild, came from Orrin by boat."
TOM = "Her deputy Tom Bray spoke first."


@pytest.mark.parametrize(
    "reply",
    [
        "Ann Lee\nTom Bray",
        "- Tom Bray\n- ANN LEE",
        "1. Ann Lee, Tom Bray, Una Holt",
        "The people are Ann Lee and Tom Bray.",
    ],
)
def test_the_units_with_the_items_are_the_points_in_their_order(reply: str) -> None:
    assert named(reply) == [ANN, TOM]


def test_one_unit_stands_for_all_that_it_has() -> None:
    assert named("Orrin\nAnn Lee") == [ANN]


@pytest.mark.parametrize(
    "reply", ["", "none", "Una Holt\nIda Marsh", "Ann Lee", "Tom Brayton\nnn Lee"]
)
def test_what_does_not_stand_there_points_to_nothing(reply: str) -> None:
    assert named(reply) == []


def listing(items: str) -> list[Script]:
    """A small model that is unsure of every text, and lists these items where it is asked to."""
    unsure = cast("Callable[[Request], Scripted]", script("Nothing.", knows="", p_yes=0.75)[0])

    def reply(request: Request) -> Scripted:
        own = asks_yes_or_no(request) or asks_for_words(request)
        is_list = not own and "each item on a line" in request["messages"][-1]["content"]
        return items if is_list else unsure(request)

    return [reply]


def test_of_officials_that_no_list_has_the_sentences_that_name_them_answer(seeds: Index) -> None:
    question = "List the officials who are named"
    with ScriptedServer(listing("Wang Xiaohong\nScott Bessent")) as server:
        answer = seeds.assistant(server, SMALL).ask(question)
    quotes = [citation.quote for claim in answer.claims for citation in claim.citations]
    assert any("Wang Xiaohong" in quote for quote in quotes)
    assert any("Scott Bessent" in quote for quote in quotes)
    assert len(quotes) == 2
    assert all(claim.support == "supported" for claim in answer.claims)
    assert answer.answers == "unsure"
