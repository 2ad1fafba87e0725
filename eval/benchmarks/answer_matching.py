"""Whether a text states a choice, in any form in which people write it.

Stricter readings count "four" as wrong where the choice is "4". Here a choice counts as stated as

- a number by its value and unit: "four" for "4", "4 dollars" for "$4", "25bn" for "25 billion"; a
  choice without a unit may be stated with the unit that the question names: "16 years" for "16";
- words without their articles, accents, plurals and case;
- a name without what stands in brackets or whose it is: "King Charles III" for "Britain's King
  Charles III", "Apollo 13" for "Apollo 13 (NASA)"; a place without what comes behind a comma;
- several names in any order: "A and B" is stated where A and B both are;
- what is left of it without the words that all the choices have: "the Pacific" for "Pacific Ocean".

Never as a part of a name, and never by meaning alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from eval.cases import normalise
from rag.internals import find_quantities

_ARTICLES = frozenset({"a", "an", "the"})
_BRACKETS = re.compile(r"\s*\([^)]*\)")
_WHOSE = re.compile(r"^[A-Z][\w. ]*['’]s\s+(?=[A-Z])")
_PLACE = re.compile(r"^([A-Z][\w .'’-]*), [A-Z][\w .'’-]*$")
_AND = re.compile(r",\s*(?:and\s+)?|\s+and\s+")


def states_choice(text: str, choice: str, choices: Sequence[str] = (), question: str = "") -> bool:
    """True where `text`, in answer to `question`, states `choice`, one of `choices`."""
    if _is_amount(choice):
        return _contains_amount(text, choice, question.lower())
    folded = _folded(text)
    return any(
        all(part in folded for part in form)
        for form in _forms(choice, _common(choices))
        if all(part.strip() for part in form)
    )


def _is_amount(choice: str) -> bool:
    found = find_quantities(choice)
    return len(found) == 1 and found[0].text == choice.strip()


def _contains_amount(text: str, choice: str, question: str) -> bool:
    wanted = find_quantities(choice)[0]
    allowed = {wanted.unit}
    if not wanted.unit:
        allowed |= {each.unit for each in find_quantities(text) if each.unit in question}
    amounts = (
        each
        for each in find_quantities(text)
        if each.unit in allowed and text[each.end : each.end + 1] != "s"  # "the 1960s"
    )
    return any(_same(each.value, wanted.value) for each in amounts) or (
        normalise(choice) in normalise(text)
    )


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-9 * max(1.0, abs(other))


def _forms(choice: str, common: frozenset[str]) -> Iterator[list[str]]:
    """Each is a list of phrases, folded, all of which must be there."""
    bare = _BRACKETS.sub("", choice)
    own = _WHOSE.sub("", bare)
    place = _PLACE.match(bare)
    yield from ([_folded(each)] for each in (choice, bare, own))
    if place and " and " not in choice:
        yield [_folded(place[1])]
    parts = _AND.split(bare)
    if len(parts) > 1 and not place and all(part[:1].isupper() for part in parts):
        yield [_folded(part) for part in parts]
    words = _folded(bare).split()
    rest = [word for word in words if word not in common]
    if len(rest) < len(words) and not any(map(str.isdigit, "".join(words))):
        yield [f" {' '.join(rest)} " if rest else ""]


def _common(choices: Sequence[str]) -> frozenset[str]:
    folded = [set(_folded(choice).split()) for choice in choices]
    return frozenset(set.intersection(*folded)) if len(folded) > 1 else frozenset()


def _folded(text: str) -> str:
    """Words and numbers in one form, one space around each."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    words = (_singular(word) for word in normalise(plain).split() if word not in _ARTICLES)
    return f" {' '.join(words)} "


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
