"""Words of a text, each with the negation, hedge or quantifier that it stands under."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import Literal

from rag.text.folding import fold, without_accents
from rag.text.hedges import HEDGES
from rag.text.language import language_of
from rag.text.negation import NEGATIONS, with_plain_negation
from rag.text.quantities import find_quantities
from rag.text.spaceless import CHARACTERS
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
# An acronym, a character of a script without spaces, a word, a sign that ends a clause.
_PIECE = re.compile(
    rf"(?:[^\W\d_]\.){{2,}}|[{CHARACTERS}]"
    rf"|[^\W_{CHARACTERS}]+(?:['’][^\W_{CHARACTERS}]+)*|[.;:!?。；！？]"
)
_CHARACTER = re.compile(f"[{CHARACTERS}]")
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
    for word in islice(_bare_words(with_plain_negation(fold(text))), MAX_WORDS):
        if word.key in ".;:!?。；！？":
            _qualify_last(found, pending)
            pending = frozenset()
        elif word.kind == "qualifier":
            pending |= {_QUALIFIERS[without_accents(word.text.lower())]}
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
    language = language_of(text)
    for quantity in find_quantities(text):
        if quantity.start < end:
            continue
        yield from _pieces(text, end, quantity.start, language)
        yield Word(quantity.text, f"#{quantity.value:g} {quantity.unit}", "number")
        end = quantity.end + len(" old") * text.startswith(" old", quantity.end)
    yield from _pieces(text, end, len(text), language)


def _pieces(text: str, start: int, end: int, language: str) -> Iterator[Word]:
    for match in _PIECE.finditer(text, start, end):
        yield _word(match, language)


def _word(match: re.Match[str], language: str) -> Word:
    text, folded = match[0], without_accents(match[0].lower())
    if _CHARACTER.match(text):
        return Word(text, text, "content")
    if text in _COUNTRY:
        return Word(text, "us", "name")
    if language == "en" and folded in _QUALIFIERS:
        return Word(text, _QUALIFIERS[folded], "qualifier")
    if language == "en" and folded in _PREPOSITIONS:
        return Word(text, folded, "preposition")
    if not (key := content_stem(text, language)):
        return Word(text, folded, "function")
    return Word(text, key, "name" if text[0].isupper() and match.start() > 0 else "content")
