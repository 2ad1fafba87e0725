"""Words that stand for a country."""

from __future__ import annotations

import pytest

from rag.text.countries import country_of_capital, country_of_people
from rag.text.names import name_keys


@pytest.mark.parametrize(
    ("word", "country"),
    [("dutch", "netherlands"), ("finnish", "finland"), ("british", "britain"), ("uk", "britain"),
     ("indian", "india"), ("french", "france"), ("mill", "mill"), ("", "")],
)  # fmt: skip
def test_a_people_stands_for_its_country(word: str, country: str) -> None:
    assert country_of_people(word) == country


@pytest.mark.parametrize(
    ("name", "country"),
    [("oslo", "norway"), ("kyiv", "ukraine"), ("london", "britain"), ("bergen", ""),
     ("douglas", ""), ("", "")],
)  # fmt: skip
def test_a_capital_stands_for_its_country_where_it_is_no_small_one(name: str, country: str) -> None:
    assert country_of_capital(name) == country


@pytest.mark.parametrize(
    ("one", "other"), [("Swedish", "Sweden"), ("Swiss", "Switzerland"), ("American", "US")]
)
def test_a_people_and_its_country_are_one_name(one: str, other: str) -> None:
    assert name_keys(one) & name_keys(other)


def test_a_capital_and_its_country_are_two_names() -> None:
    assert not name_keys("Oslo") & name_keys("Norway")
