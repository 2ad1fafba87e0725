"""Texts that readers take for the same are compared as the same; what is stored stays as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.checking.verdict import check_claim
from rag.text.dates import find_dates
from rag.text.fingerprint import fingerprint
from rag.text.folding import fold, fold_with_places, without_accents
from rag.text.names import find_names
from rag.text.quantities import find_quantities
from rag.text.tokens import content_keys

ODD = st.text(
    alphabet="ab1 25é\u0301\u00ad\u200b\ufeff\u00a0\u2009\u202fﬁß２京か\u3099.,'", max_size=40
)


@given(ODD)
def test_each_folded_character_comes_from_its_place(text: str) -> None:
    folded, places = fold_with_places(text)
    assert folded == fold(text)
    assert len(places) == len(folded) + 1
    assert list(places) == sorted(places)
    assert all(character in fold(text[at:]) for character, at in zip(folded, places, strict=False))


@given(ODD)
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert without_accents(without_accents(text)) == without_accents(text)


@given(ODD)
def test_what_is_found_stands_in_the_text_as_it_is_stored(text: str) -> None:
    for quantity in find_quantities(text):
        assert text[quantity.start : quantity.end] == quantity.text
    for name in find_names(text):
        assert fold(text[name.start : name.end]).startswith(name.text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The har\u00adbour was en\u00adlarged.", "The harbour was enlarged."),
        ("The\u200b light\u200bhouse is \ufeffnew.", "The lighthouse is new."),
        ("The ﬁne was paid in full.", "The fine was paid in full."),
        ("Zoë visited the café in Orléans.", "Zoe visited the cafe in Orleans."),
        ("Zoe\u0308 visited the cafe\u0301.", "Zoë visited the café."),
        ("The lake holds 1\u00a0250 boats.", "The lake holds 1,250 boats."),
        ("The lake holds 1 250 boats.", "The lake holds 1250 boats."),
        ("The roof cost 4’500’000 francs.", "The roof cost 4,500,000 francs."),
        ("The shaft is 2\u202f340 metres deep.", "The shaft is 2\u2009340 metres deep."),
        ("Ｔｈｅ ｓｈａｆｔ ｉｓ ２３ metres deep.", "The shaft is 23 metres deep."),
    ],
)
def test_what_looks_the_same_is_the_same(one: str, other: str) -> None:
    assert content_keys(one) == content_keys(other)
    assert fingerprint(one) == fingerprint(other)
    assert check_claim(one, [other]).support == "supported"
    assert check_claim(other, [one]).support == "supported"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("in 2019 250 people came", [2019, 250]),
        ("rooms 12 300 and 450", [12, 300, 450]),
        ("call 555 123 4567", [555, 123, 4567]),
        ("12 300 people came", [12_300]),
        ("The population is 12 300.", [12_300]),
        ("1 250 000 trees", [1_250_000]),
        ("rooms 12\u00a0300", [12_300]),
        ("pages 12, 300 and 450", [12, 300, 450]),
        ("between 100 200 and 300 400 trees", [100_200, 300_400]),
    ],
)
def test_a_space_joins_groups_of_three_digits_where_one_number_is_meant(
    text: str, values: list[float]
) -> None:
    assert [quantity.value for quantity in find_quantities(text)] == values


def test_another_number_stays_another_number() -> None:
    assert check_claim("It is 1 250 metres long.", ["It is 1,350 metres long."]).support == (
        "unsupported"
    )
    assert fingerprint("It is 1 250 metres long.") != fingerprint("It is 1 350 metres long.")


def test_a_date_with_other_spaces_and_invisible_characters_is_found() -> None:
    (date,) = find_dates("on 3\u00a0Ju\u00adne 2024 it rained")
    assert (date.day, date.month, date.year) == (3, "Jun", 2024)
    assert date.text == "3\u00a0Ju\u00adne 2024"
