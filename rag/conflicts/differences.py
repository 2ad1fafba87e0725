"""Where could two sentences contradict each other?

In a number, a name, a date, or whether a thing is so: wherever each has something of its own that
cannot both be true of one thing. Whether they speak of one thing is for `pairs`. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from rag.text.antonyms import PolarWord, opposed_words, polar_words
from rag.text.dates import NamedDate
from rag.text.names import name_keys
from rag.text.sentence_parser import Figure, Interval, NamePhrase, ParsedSentence, parse_sentence
from rag.text.synonyms import may_be_same_event
from rag.text.tokens import content_stem
from rag.thresholds import CONFLICTS

Point = Literal["number", "name", "date", "verdict"]


# Units without which a number says something else.
_TELLING = frozenset(["%", "$", "€", "£", "¥", "fraction", "point", "age"])
# Names of nobody: scales, days, nationalities and other words that stand before a noun.
_NO_RIVAL = re.compile(
    r"(?i:celsius|fahrenheit|c|f|i|(?:mon|tues|wednes|thurs|fri|satur|sun)days?)"
    r"|[A-Z][\w-]*(?:ish|ese|[ie]an|can|ic|ed)"
)
_WHERE = {"in": "in", "at": "at", "near": "near", "outside": "near", "to": "to", "off": "off"}
_WHERE |= {"from": "from", "on": "on"}


@dataclass(frozen=True, slots=True)
class Difference:
    """In which point two sentences differ, and how each has it: a number, name or date as written,
    or the stem of a word; with its place in each sentence."""

    point: Point
    ours: str
    theirs: str
    our_place: Interval
    their_place: Interval


def find_differences(one: str, other: str) -> list[Difference]:
    """Every point in which two sentences could contradict each other."""
    ours, theirs = parse_sentence(one), parse_sentence(other)
    turned = list(_turned(one, other))
    dates = [] if turned else list(_dates(ours, theirs))  # "began on Monday", "ended on Friday"
    return [*_numbers(ours, theirs), *dates, *_names(ours, theirs), *turned]


def count_agreements(ours: ParsedSentence, theirs: ParsedSentence) -> int:
    """How many figures and dates of the one the other has too."""
    figures = sum(
        any(_agree(a, b) and _comparable(a, b) for b in theirs.figures) for a in ours.figures
    )
    return figures + sum(date in theirs.dates for date in ours.dates)


def is_named_in(name: NamePhrase, read: ParsedSentence) -> bool:
    """True when a sentence has a name too, or a word like it, be it that of who said it."""
    keys = {key for word in [*read.words, *read.speaker] for key in name_keys(word)}
    return any(name.keys & other.keys for other in read.names) or bool(name.keys & keys)


# --- numbers and dates ------------------------------------------------------------------------


def _numbers(ours: ParsedSentence, theirs: ParsedSentence) -> Iterator[Difference]:
    mine = [a for a in ours.figures if not any(_agree(a, b) for b in theirs.figures)]
    others = [b for b in theirs.figures if not any(_agree(a, b) for a in ours.figures)]
    for a in mine:
        for b in others:
            if a.unit == b.unit and _scale(a, ours) == _scale(b, theirs):
                yield Difference("number", a.text, b.text, a.place, b.place)


def are_comparable(found: Difference, ours: ParsedSentence, theirs: ParsedSentence) -> bool:
    """True when two numbers have the same unit, or count the same by a word."""
    one = next(a for a in ours.figures if a.place == found.our_place)
    other = next(b for b in theirs.figures if b.place == found.their_place)
    return _comparable(one, other)


def _comparable(a: Figure, b: Figure) -> bool:
    if a.unit != b.unit:
        return False
    return bool(a.unit) or any(may_be_same_event(x, y) for x in a.counted for y in b.counted)


def _scale(figure: Figure, read: ParsedSentence) -> str:
    """The "F" of "40 degrees Fahrenheit"."""
    found = re.match(r"s?\s*([CF])(?:elsius|ahrenheit)?\b", read.text[figure.place[1] :])
    return found[1] if found and figure.unit == "degree" else ""


def _agree(a: Figure, b: Figure) -> bool:
    if "score" in (a.unit, b.unit):
        ones, others = (sorted(each.text.split("-")) for each in (a, b))
        return ones == others if a.unit == b.unit else bool({*ones} & {*others})
    if a.unit != b.unit and ({a.unit, b.unit} & _TELLING or (a.unit and b.unit)):
        return False
    rounded = not {a.bound, b.bound}.isdisjoint(("about", "almost"))
    tolerance = CONFLICTS.approximate_tolerance if rounded else CONFLICTS.rounding_tolerance
    if abs(a.value - b.value) <= tolerance * max(a.value, b.value):
        return True
    low, high = (a, b) if a.value < b.value else (b, a)
    return low.bound == "more than" or high.bound == "up to"


def _dates(ours: ParsedSentence, theirs: ParsedSentence) -> Iterator[Difference]:
    pairs = [(a, b) for a in ours.dates for b in theirs.dates]
    if any(_same_day(a, b) for a, b in pairs):
        return
    for a, b in pairs:
        if a.excludes(b):
            yield Difference("date", a.text, b.text, a.place, b.place)


def _same_day(a: NamedDate, b: NamedDate) -> bool:
    same = ((a.year, b.year), (a.month, b.month), (a.weekday, b.weekday))
    return not a.excludes(b) and any(x and x == y for x, y in same)


# --- names ------------------------------------------------------------------------------------


def _names(ours: ParsedSentence, theirs: ParsedSentence) -> Iterator[Difference]:
    for a in ours.names:
        for b in theirs.names:
            if not is_named_in(a, theirs) and not is_named_in(b, ours) and _rival(a, b):
                yield Difference("name", a.text, b.text, a.place, b.place)


def _rival(a: NamePhrase, b: NamePhrase) -> bool:
    if _NO_RIVAL.fullmatch(a.text) or _NO_RIVAL.fullmatch(b.text):
        return False
    if a.text.replace(".", "").isupper() != b.text.replace(".", "").isupper():
        return False  # "LONDON", "U.S.": how a report opens, and short forms
    if (
        SequenceMatcher(None, a.text.lower(), b.text.lower()).ratio()
        >= CONFLICTS.min_spelling_similarity
    ):
        return False  # "Katrina", "Kattrina"
    return _WHERE.get(a.preposition) == _WHERE.get(b.preposition)


# --- whether it is so -------------------------------------------------------------------------


def _turned(one: str, other: str) -> Iterator[Difference]:
    """A word that only one of the two denies, where the other denies nothing; and opposites."""
    ours, theirs = polar_words(one), polar_words(other)
    opposed = set(opposed_words(one, other))
    deny = any(word.denied for word in ours) and any(word.denied for word in theirs)
    for a in ours:
        for b in theirs:
            if (a, b) in opposed or (not deny and _denied(a, b)):
                yield Difference(
                    "verdict",
                    "not " * a.denied + a.stem,
                    "not " * b.denied + b.stem,
                    (a.start, a.end),
                    (b.start, b.end),
                )


def _denied(a: PolarWord, b: PolarWord) -> bool:
    return (
        a.denied != b.denied
        and bool(content_stem(a.stem) or a.poles)
        and may_be_same_event(a.stem, b.stem)
    )
