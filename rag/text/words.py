"""Words of a text, each with the negation, hedge or quantifier that it stands under."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import Literal

from rag.text.hedges import HEDGES
from rag.text.negation import NEGATIONS, with_plain_negation
from rag.text.quantities import find_quantities
from rag.text.tokens import content_stem, stem

WordKind = Literal["number", "name", "content", "qualifier", "preposition", "function"]
Qualifier = Literal["not", "perhaps", "all", "most", "many", "some", "few"]

MEANINGFUL_KINDS: frozenset[WordKind] = frozenset(["number", "name", "content"])
MAX_WORDS = 200  # of a text; what follows is left out

_QUALIFIER_WORDS: dict[Qualifier, str] = {
    "all": "all every each always entire entirely everyone everything",
    "most": "most mostly majority usually generally",
    "many": "many numerous often frequently",
    "some": "some several partly certain sometimes partially",
    "few": "few rarely seldom",
}
_QUALIFIERS: dict[str, Qualifier] = dict.fromkeys(NEGATIONS, "not")
_QUALIFIERS |= dict.fromkeys(HEDGES, "perhaps")
_QUALIFIERS |= {word: kind for kind, words in _QUALIFIER_WORDS.items() for word in words.split()}
_PREPOSITIONS = frozenset(
    "before after over under above below up down from until since against".split()
)
_RELATIVES = frozenset("which who where".split())  # what stands before them is not qualified
_PIECE = re.compile(r"(?:[^\W\d_]\.){2,}|[^\W_]+(?:['’][^\W_]+)*|[.;:!?]")
_COUNTRY = frozenset(["US", "U.S.", "USA", "U.S.A."])  # "us" is another word
_ADVERB = re.compile(r"(?i)soon|later|even|still|already|ever|yet|\w+ly")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text. `key` is equal for forms of one word; `qualifiers` are those that it
    stands under, as "raised" under "not" in "has not yet raised"."""

    text: str
    key: str
    kind: WordKind
    qualifiers: frozenset[Qualifier] = frozenset()


@lru_cache(maxsize=4_096)
def parse_words(text: str) -> tuple[Word, ...]:
    """The words of a text in order, numbers and names among them, at most `MAX_WORDS`.

    A qualifier applies to the next number, name or content word, adverbs passed over; at the end
    of a clause to the last one before it ("he did not").
    """
    found: list[Word] = []
    pending: frozenset[Qualifier] = frozenset()
    for word in islice(_bare_words(with_plain_negation(text)), MAX_WORDS):
        if word.key in ".;:!?":
            _qualify_last(found, pending)
            pending = frozenset()
        elif word.kind == "qualifier":
            pending |= {_QUALIFIERS[word.text.lower()]}
            found.append(word)
        elif word.kind not in MEANINGFUL_KINDS or is_adverb(word.text):
            found.append(word)
        else:
            found.append(replace(word, qualifiers=pending))
            pending = frozenset()
    _qualify_last(found, pending)
    return tuple(found)


def negated_stems(text: str) -> frozenset[str]:
    """The stems of the words of a text that are denied."""
    return frozenset(
        stem(word.text.lower()) for word in parse_words(text) if "not" in word.qualifiers
    )


def is_adverb(word: str) -> bool:
    """True for words that may stand between a qualifier and its word, or anywhere in a clause."""
    return bool(_ADVERB.fullmatch(word))


def _qualify_last(found: list[Word], qualifiers: frozenset[Qualifier]) -> None:
    first = next((i for i in reversed(range(len(found))) if found[i].text in _RELATIVES), 0)
    last = next(
        (i for i in reversed(range(first, len(found))) if found[i].kind in MEANINGFUL_KINDS), None
    )
    if qualifiers and last is not None:
        found[last] = replace(found[last], qualifiers=found[last].qualifiers | qualifiers)


def _bare_words(text: str) -> Iterator[Word]:
    end = 0
    for quantity in find_quantities(text):
        if quantity.start < end:
            continue
        yield from _pieces(text, end, quantity.start)
        yield Word(quantity.text, f"#{quantity.value:g} {quantity.unit}", "number")
        end = quantity.end + len(" old") * text.startswith(" old", quantity.end)
    yield from _pieces(text, end, len(text))


def _pieces(text: str, start: int, end: int) -> Iterator[Word]:
    for match in _PIECE.finditer(text, start, end):
        folded, key = match[0].lower(), content_stem(match[0])
        if match[0] in _COUNTRY:
            yield Word(match[0], "us", "name")
        elif folded in _QUALIFIERS:
            yield Word(match[0], _QUALIFIERS[folded], "qualifier")
        elif folded in _PREPOSITIONS:
            yield Word(match[0], folded, "preposition")
        elif not key:
            yield Word(match[0], folded, "function")
        else:
            named = match[0][0].isupper() and match.start() > 0
            yield Word(match[0], key, "name" if named else "content")
