"""Points in which two sentences could contradict each other.

A number, a name, a date, or whether a thing is so: wherever each has something of its own that
cannot both be true of one thing. Whether they speak of one thing is for `pair_scorer`.
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
from rag.text.quantities import STRICT_UNITS
from rag.text.sentence_parser import Figure, Interval, NamePhrase, ParsedSentence, parse_sentence
from rag.text.synonyms import may_be_same_event
from rag.text.tokens import content_stem
from rag.thresholds import CONFLICTS

Point = Literal["number", "name", "date", "verdict"]


# Capitalised words that name nobody: scales, weekdays, nationalities and other adjectives.
_NO_NAME = re.compile(
    r"(?i:celsius|fahrenheit|c|f|i|(?:mon|tues|wednes|thurs|fri|satur|sun)days?)"
    r"|[A-Z][\w-]*(?:ish|ese|[ie]an|can|ic|ed)"
)
_RELATIONS = {word: word for word in ("in", "at", "near", "to", "off", "from", "on")}
_RELATIONS |= {"outside": "near"}


@dataclass(frozen=True, slots=True)
class Difference:
    """In which point two sentences differ, and how each has it: a number, name or date as written,
    or the stem of a word; with its place in each sentence."""

    point: Point
    ours: str
    theirs: str
    our_place: Interval
    their_place: Interval


def find_differences(first: str, second: str) -> list[Difference]:
    """Every point in which two sentences could contradict each other."""
    ours, theirs = parse_sentence(first), parse_sentence(second)
    verdicts = list(_verdicts(first, second))
    dates = [] if verdicts else list(_dates(ours, theirs))  # "began on Monday", "ended on Friday"
    return [*_numbers(ours, theirs), *dates, *_names(ours, theirs), *verdicts]


def count_agreements(ours: ParsedSentence, theirs: ParsedSentence) -> int:
    """How many figures and dates of the first the second has too."""
    figures = sum(
        any(_agree(a, b) and _count_the_same(a, b) for b in theirs.figures) for a in ours.figures
    )
    return figures + sum(date in theirs.dates for date in ours.dates)


def is_named_in(name: NamePhrase, sentence: ParsedSentence) -> bool:
    """True when a sentence has a name too, or a word like it, be it that of who said it."""
    keys = {key for word in [*sentence.words, *sentence.speaker] for key in name_keys(word)}
    return any(name.keys & other.keys for other in sentence.names) or bool(name.keys & keys)


# --- numbers and dates ------------------------------------------------------------------------


def _numbers(ours: ParsedSentence, theirs: ParsedSentence) -> Iterator[Difference]:
    for a in _only_in(ours, theirs):
        for b in _only_in(theirs, ours):
            if a.unit == b.unit and _temperature_scale(a, ours) == _temperature_scale(b, theirs):
                yield Difference("number", a.text, b.text, a.place, b.place)


def _only_in(sentence: ParsedSentence, other: ParsedSentence) -> list[Figure]:
    return [a for a in sentence.figures if not any(_agree(a, b) for b in other.figures)]


def are_comparable(found: Difference, ours: ParsedSentence, theirs: ParsedSentence) -> bool:
    """True when two numbers have the same unit, or count the same by a word."""
    a = next(figure for figure in ours.figures if figure.place == found.our_place)
    b = next(figure for figure in theirs.figures if figure.place == found.their_place)
    return _count_the_same(a, b)


def _count_the_same(a: Figure, b: Figure) -> bool:
    if a.unit != b.unit:
        return False
    return bool(a.unit) or any(may_be_same_event(x, y) for x in a.counted for y in b.counted)


def _temperature_scale(figure: Figure, sentence: ParsedSentence) -> str:
    """The "F" of "40 degrees Fahrenheit"."""
    found = re.match(r"s?\s*([CF])(?:elsius|ahrenheit)?\b", sentence.text[figure.place[1] :])
    return found[1] if found and figure.unit == "degree" else ""


def _agree(a: Figure, b: Figure) -> bool:
    if "score" in (a.unit, b.unit):
        ours, theirs = (sorted(each.text.split("-")) for each in (a, b))
        return ours == theirs if a.unit == b.unit else bool({*ours} & {*theirs})
    if a.unit != b.unit and ({a.unit, b.unit} & STRICT_UNITS or (a.unit and b.unit)):
        return False
    rounded = not {a.bound, b.bound}.isdisjoint(("about", "almost"))
    tolerance = CONFLICTS.approximate_tolerance if rounded else CONFLICTS.rounding_tolerance
    if abs(a.value - b.value) <= tolerance * max(a.value, b.value):
        return True
    low, high = (a, b) if a.value < b.value else (b, a)
    return low.bound == "more than" or high.bound == "up to"


def _dates(ours: ParsedSentence, theirs: ParsedSentence) -> Iterator[Difference]:
    pairs = [(a, b) for a in ours.dates for b in theirs.dates]
    if any(_may_be_same_day(a, b) for a, b in pairs):
        return
    for a, b in pairs:
        if a.excludes(b):
            yield Difference("date", a.text, b.text, a.place, b.place)


def _may_be_same_day(a: NamedDate, b: NamedDate) -> bool:
    common = ((a.year, b.year), (a.month, b.month), (a.weekday, b.weekday))
    return not a.excludes(b) and any(x and x == y for x, y in common)


# --- names ------------------------------------------------------------------------------------


def _names(ours: ParsedSentence, theirs: ParsedSentence) -> Iterator[Difference]:
    for a in ours.names:
        for b in theirs.names:
            if not is_named_in(a, theirs) and not is_named_in(b, ours) and _are_rivals(a, b):
                yield Difference("name", a.text, b.text, a.place, b.place)


def _are_rivals(a: NamePhrase, b: NamePhrase) -> bool:
    if _NO_NAME.fullmatch(a.text) or _NO_NAME.fullmatch(b.text):
        return False
    if a.text.replace(".", "").isupper() != b.text.replace(".", "").isupper():
        return False  # "LONDON", "U.S.": how a report opens, and short forms
    if (
        SequenceMatcher(None, a.text.lower(), b.text.lower()).ratio()
        >= CONFLICTS.min_spelling_similarity
    ):
        return False  # "Katrina", "Kattrina"
    return _RELATIONS.get(a.preposition) == _RELATIONS.get(b.preposition)


# --- whether it is so -------------------------------------------------------------------------


def _verdicts(first: str, second: str) -> Iterator[Difference]:
    """A word that only one of the two denies, where the other denies nothing; and opposites."""
    ours, theirs = polar_words(first), polar_words(second)
    opposed = set(opposed_words(first, second))
    both_deny = any(word.denied for word in ours) and any(word.denied for word in theirs)
    for a in ours:
        for b in theirs:
            if (a, b) in opposed or (not both_deny and _is_denied_once(a, b)):
                yield Difference(
                    "verdict",
                    "not " * a.denied + a.stem,
                    "not " * b.denied + b.stem,
                    (a.start, a.end),
                    (b.start, b.end),
                )


def _is_denied_once(a: PolarWord, b: PolarWord) -> bool:
    return (
        a.denied != b.denied
        and bool(content_stem(a.stem) or a.poles)
        and may_be_same_event(a.stem, b.stem)
    )
