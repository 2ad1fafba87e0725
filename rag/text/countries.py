"""Countries by the words that stand for them: "Dutch" of their people, "Beijing" of their
government."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

from countryinfo import all_countries

# Other names for what the table of countries has, as newspapers use them.
_USUAL_NAMES = {"united kingdom": "britain", "united states": "us"}
_OTHER_WORDS = {"uk": "britain"}
MIN_POPULATION = 1_000_000
"""Of a country whose capital may stand for it: "Douglas" and "Victoria" are rather persons."""


def country_of_people(word: str) -> str:
    """The country of an adjective or of its people ("dutch": "netherlands"), or the word as it is;
    both in small letters."""
    return _OTHER_WORDS.get(word) or _countries_by("demonym").get(word, word)


def country_of_capital(name: str) -> str:
    """The country whose government a capital may stand for ("beijing": "china"), or ""; both in
    small letters."""
    return _countries_by("capital", MIN_POPULATION).get(name, "")


@cache
def _countries_by(
    field: Literal["demonym", "capital"], min_population: int = 0
) -> Mapping[str, str]:
    """Countries by the words of one field of the table; a word of several stands for the one with
    most people."""
    found: dict[str, str] = {}
    rows: list[dict[str, Any]] = [dict(country.info()) for country in all_countries()]
    for row in sorted(rows, key=_population):
        words, name = row.get(field), str(row["name"]).lower()
        if words and isinstance(words, str) and _population(row) >= min_population:
            found |= dict.fromkeys(words.lower().split(","), _USUAL_NAMES.get(name, name))
    return found


def _population(row: Mapping[str, Any]) -> int:
    return int(row.get("population") or 0)
