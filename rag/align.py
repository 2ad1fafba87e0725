"""Where does a claim depart from the sentence that it was taken from?

Texts are compared word by word. What stands between the same neighbours in both should be the same,
and a word that one of them denies or limits should be denied or limited in the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import islice
from typing import Literal

from rag import terms

Sort = Literal["number", "name", "content", "limit", "plain"]
Limit = Literal["not", "perhaps", "all", "most", "many", "some", "few"]

LONGEST_WORDS = 200  # of a sentence that is compared; what follows is left out
_COPIED_LEAST = 0.6  # of the claim's words in line with the quote, for gaps to tell something

_LIMITING: dict[Limit, str] = {
    "not": "not no never none neither nor nobody nothing cannot without hardly barely",
    "perhaps": "may might could possible possibly potential potentially perhaps probably would"
    " reportedly allegedly alleged likely unlikely seeks seeking purported",
    "all": "all every each always entire entirely everyone everything",
    "most": "most mostly majority usually generally",
    "many": "many numerous often frequently",
    "some": "some several partly certain sometimes partially",
    "few": "few rarely seldom",
}
_LIMITS = {word: limit for limit, words in _LIMITING.items() for word in words.split()}
_PIECE = re.compile(r"(?:[^\W\d_]\.){2,}|[^\W_]+(?:['’][^\W_]+)*|[.;:!?]")
_COUNTRY = frozenset(["US", "U.S.", "USA", "U.S.A."])  # "us" is another word
_NOT = re.compile(r"(?:(?<=ca)n)?n['’]t\b")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text. `key` is equal for forms of one word; `limits` are those it stands under,
    as "not" limits "raised" in "has not yet raised"."""

    text: str
    key: str
    sort: Sort
    limits: frozenset[Limit] = frozenset()


@lru_cache(maxsize=4_096)
def words(text: str) -> tuple[Word, ...]:
    """The words of a text in order, numbers and names among them, at most `LONGEST_WORDS`."""
    found: list[Word] = []
    pending: frozenset[Limit] = frozenset()
    for word in islice(_bare_words(_NOT.sub(" not", text)), LONGEST_WORDS):
        if word.key in ".;:!?":
            if pending and found:  # "he did not": what is denied stands before
                found[-1] = replace(found[-1], limits=found[-1].limits | pending)
            pending = frozenset()
        elif word.sort == "limit":
            pending |= {_LIMITS[word.key]}
            found.append(word)
        elif word.sort == "plain":
            found.append(word)
        else:
            found.append(replace(word, limits=pending))
            pending = frozenset()
    return tuple(found)


def _bare_words(text: str) -> Iterator[Word]:
    end = 0
    for quantity in terms.quantities(text):
        if quantity.start < end:
            continue
        yield from _pieces(text, end, quantity.start)
        yield Word(quantity.text, f"#{quantity.value:g} {quantity.unit}", "number")
        end = quantity.end
    yield from _pieces(text, end, len(text))


def _pieces(text: str, start: int, end: int) -> Iterator[Word]:
    for match in _PIECE.finditer(text, start, end):
        folded, stem = match[0].lower(), terms.content_stem(match[0])
        if match[0] in _COUNTRY:
            yield Word(match[0], "us", "name")
        elif folded in _LIMITS:
            yield Word(match[0], folded, "limit")
        elif not stem:
            yield Word(match[0], folded, "plain")
        else:
            named = match[0][0].isupper() and match.start() > 0
            yield Word(match[0], stem, "name" if named else "content")


def replaced(claim: Sequence[Word], quote: Sequence[Word]) -> list[tuple[Word, Word]]:
    """Words of the claim that stand where the quote has others, each with the first of those.

    Empty for a claim that follows the quote too loosely to say what stands where.
    """
    ours, theirs = [w.key for w in claim], [w.key for w in quote]
    blocks = SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes()
    copied = sum(i2 - i1 for tag, i1, i2, _, _ in blocks if tag == "equal")
    if not claim or copied / len(claim) < _COPIED_LEAST:
        return []
    found = []
    for tag, i1, i2, j1, j2 in blocks:
        if tag == "replace":
            new = _beyond(claim[i1:i2], quote[j1:j2])
            old = _beyond(quote[j1:j2], claim[i1:i2])
            found += [(word, old[0]) for word in new if old]
    return found


def _beyond(these: Sequence[Word], those: Sequence[Word]) -> list[Word]:
    return [
        word
        for word in these
        if word.sort != "plain" and not any(same(word, other) for other in those)
    ]


def same(one: Word, other: Word) -> bool:
    """True when two words say the same: forms of one word, of one name, or synonyms."""
    if "number" in (one.sort, other.sort):
        return one.key == other.key
    return terms.alike(one.text, other.text)
