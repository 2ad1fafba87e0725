"""Reads the pronouns of a quote as the names that a claim has in their places.

"Two clubs want to sign him" says of Tomas Birk what "Two clubs want to sign Tomas Birk" does, where
the sentence before names him; it does not say that Tomas Birk wants to sign somebody. Who a pronoun
stands for is not decided: any may stand for a name that has its place.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.checking.alignment import are_same_word
from rag.text.names import Name, find_capitalised, name_keys, name_keys_in, name_runs
from rag.text.sentences import POSSESSIVES, find_pronouns
from rag.text.words import Word, parse_words


def read_pronouns(claim: str, quote: str, before: Sequence[str]) -> list[str]:
    """The quote with one of its pronouns as a name of the claim, in each way in which the word
    after it, or the one before it, is the same in both; after a possessive only the former.

    The names are those that the quote lacks and that `before`, the sentences before it, have at
    least a part of.
    """
    return [
        f"{quote[: pronoun.start()]}{claim[start:end]}{quote[pronoun.end() :]}"
        for start, end in _names_from_before(claim, quote, before)
        for pronoun in find_pronouns(quote)
        if _are_alike(claim[end:], quote[pronoun.end() :], first=True)
        or (
            pronoun[0].lower() not in POSSESSIVES
            and _are_alike(claim[:start], quote[: pronoun.start()], first=False)
        )
    ]


def _names_from_before(claim: str, quote: str, before: Sequence[str]) -> list[tuple[int, int]]:
    """Where the names of the claim stand that the quote lacks and the sentences before it have."""
    own = name_keys_in(quote)
    others = {key for text in before for name in find_capitalised(text) for key in _keys(name)}
    runs = name_runs([each for each in find_capitalised(claim) if not _keys(each) & own])
    return [
        (run[0].start, run[-1].end) for run in runs if any(_keys(each) & others for each in run)
    ]


def _keys(name: Name) -> frozenset[str]:
    return name_keys(name.text)


def _are_alike(one: str, other: str, *, first: bool) -> bool:
    """True where two texts begin, or end, with the same word, or have none."""
    ours, theirs = (_outer_word(text, first=first) for text in (one, other))
    if ours is None or theirs is None:
        return ours is theirs
    return are_same_word(ours, theirs)


def _outer_word(text: str, *, first: bool) -> Word | None:
    words = parse_words(text)
    return words[0 if first else -1] if words else None
