"""Aligns the words of two texts, and finds where the one cannot be right beside the other.

For texts that say nearly the same: word for word, but for a number, a date, a name or a "not". What
differs otherwise is counted, so that a caller can tell how near the two are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from math import floor, log10
from typing import Literal

from rag.conflicts.differences import Difference
from rag.text.bounds import bound_before
from rag.text.dates import NamedDate, find_dates
from rag.text.folding import fold, without_look_alikes
from rag.text.names import find_capitalised, find_names, name_keys
from rag.text.negation import NEGATIONS
from rag.text.quantities import NUMBER_WORDS, STRICT_UNITS, Quantity, find_quantities
from rag.text.reporting import speaker_spans
from rag.text.tokens import content_stem, without_possessive
from rag.thresholds import CONFLICTS

_UNSPACED = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff"  # scripts that put no spaces between words
_INVISIBLE = "\u00ad\u200b-\u200f\u2060-\u2064\ufeff"  # within words
_TOKEN = re.compile(
    rf"[{_UNSPACED}]"
    rf"|\d[^\W_{_UNSPACED}]*(?:[.,:/–-]\d[^\W_{_UNSPACED}]*)*"
    rf"|[^\W_{_UNSPACED}]+(?:[’'.{_INVISIBLE}-][^\W_{_UNSPACED}]+)*"
)
# Words that come and go where a sentence is copied; prepositions such as "before" are none.
_LIGHT = frozenset(
    "a an the this that these those is are was were be been being has have had do does did of it"
    " its and".split()
)
_OTHER_NEGATIONS = frozenset(
    (
        "nicht kein keine keinen keiner nie ne pas jamais non niet geen ikke inte nunca не нет"
        " 不 没 未"
    ).split()
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word or value of a text at ``[start, end)``; tokens of one key say the same."""

    kind: Literal["word", "name", "number", "date", "not"]
    key: str
    start: int
    end: int
    value: Quantity | NamedDate | None = None
    """What was read of a number or date; None of a code such as "5:40" or "3-1"."""

    @property
    def is_content(self) -> bool:
        return self.kind != "word" or bool(content_stem(self.key)) or not self.key.isascii()


Stretch = tuple[tuple[Token, ...], tuple[Token, ...]]


@dataclass(frozen=True, slots=True)
class Alignment:
    """How near two texts are."""

    shared: int
    """Words and values that carry meaning and stand in both, in the same order."""
    shared_values: int
    """Of these, the numbers and dates."""
    shared_units: int
    """Units of measure of the amounts that differ, where they are the same."""
    other: int
    """Words of only one of the texts, at most of either; what differs in value aside."""
    contradictions: tuple[Difference, ...]
    """Where each text has a value that cannot be right beside the other's."""
    unclear: bool
    """True where only one text has a value at some place, or the two cannot be compared: then they
    may tell of two things."""


def align(ours: str, theirs: str) -> Alignment:
    """The alignment of two texts, word by word in order."""
    ours, theirs = without_look_alikes(ours), without_look_alikes(theirs)
    first, second = _tokens(ours), _tokens(theirs)
    matcher = SequenceMatcher(
        None, [each.key for each in first], [each.key for each in second], autojunk=False
    )
    shared: list[Token] = []
    stretches: list[Stretch] = []
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            shared += [each for each in first[a:b] if each.is_content]
        else:
            stretches.append((first[a:b], second[c:d]))
    judged = [_judge(stretch, ours, theirs) for stretch in stretches]
    return Alignment(
        shared=len(shared),
        shared_values=sum(each.kind in ("number", "date") for each in shared),
        shared_units=sum(each.same_unit for each in judged),
        other=sum(each.other for each in judged),
        contradictions=tuple(each.difference for each in judged if each.difference),
        unclear=any(each.unclear for each in judged),
    )


@lru_cache(maxsize=4_096)
def word_keys(text: str) -> frozenset[str]:
    """The words of a text that carry meaning, numbers aside."""
    keys = (_word_key(match[0]) for match in _TOKEN.finditer(without_look_alikes(text)))
    return frozenset(key for key in keys if content_stem(key) or not key.isascii())


def _word_key(word: str) -> str:
    lower = without_possessive(fold(word).casefold())
    return content_stem(lower) or lower


@lru_cache(maxsize=4_096)
def _tokens(text: str) -> tuple[Token, ...]:
    return tuple(_read_tokens(text))


def _read_tokens(text: str) -> Iterator[Token]:
    dates = [(each.place[0], each.place[1], each) for each in find_dates(text)]
    quantities = [(each.start, each.end, each) for each in find_quantities(text)]
    names = _name_starts(text)
    done = 0
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        if start < done:
            continue
        dated = next((each for each in dates if each[0] <= start and end <= each[1]), None)
        counted = next((each for each in quantities if each[0] <= start and end <= each[1]), None)
        if dated and not (counted and counted[2].unit):  # "1500 kilometres" is no year
            date = dated[2]
            key = f"{date.year} {date.month} {date.day} {date.weekday}"
            token = Token("date", key, dated[0], dated[1], date)
        elif counted:
            amount = counted[2]
            token = Token("number", f"{amount.value:g}{amount.unit}", *counted[:2], amount)
        else:
            token = _word_or_code(match[0], start, end, start in names)
        done = token.end
        if not (token.kind == "word" and token.key in _LIGHT):
            yield token


def _word_or_code(word: str, start: int, end: int, is_name: bool) -> Token:
    lower = word.casefold().replace("’", "'")
    if word[0].isdigit():
        return Token("number", lower.replace("–", "-"), start, end)
    if lower in NUMBER_WORDS:
        value = Quantity(NUMBER_WORDS[lower], "", start, end, word)
        return Token("number", f"{value.value:g}", start, end, value)
    if lower in NEGATIONS or lower in _OTHER_NEGATIONS or lower.endswith("n't"):
        return Token("not", "not", start, end)
    return Token("name" if is_name else "word", _word_key(word), start, end)


def _name_starts(text: str) -> set[int]:
    """Where names begin; the first word of a text is one where another follows it."""
    found = {each.start for each in find_names(text)}
    every = find_capitalised(text)
    if len(every) > 1 and every[0].end + 1 == every[1].start and every[1].start in found:
        found.add(every[0].start)
    return found


# --- what differs -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Judged:
    other: int = 0
    difference: Difference | None = None
    unclear: bool = False
    same_unit: bool = False


def _judge(stretch: Stretch, ours: str, theirs: str) -> _Judged:
    """What a stretch means in which the two texts differ."""
    if _only_names_the_speaker(stretch, ours, theirs):
        return _Judged()
    (a, a_words), (b, b_words) = (_parted(side) for side in stretch)
    other = max(len(a_words), len(b_words))
    if not a and not b:
        return _Judged(other)
    kinds = {each.kind for each in (*a, *b)}
    if kinds == {"not"}:
        return _Judged(other, _verdict(a, b, stretch, ours, theirs), unclear=bool(a and b))
    if not a or not b:
        return _Judged(other, unclear=True)
    if len(a) == len(b) == 1 and all(
        _may_be_number(*each) for each in ((a[0], ours), (b[0], theirs))
    ):
        return _other_value(a[0], b[0], other, ours, theirs)  # "1500 locks" is no year
    if len(kinds) > 1:
        return _Judged(other, unclear=True)
    if kinds == {"name"}:
        return _Judged(other, _other_name(a, b, ours, theirs))
    if len(a) > 1 or len(b) > 1:
        return _Judged(other, unclear=True)
    return _other_value(a[0], b[0], other, ours, theirs)


def _parted(side: Sequence[Token]) -> tuple[list[Token], list[Token]]:
    """The values and names of a stretch, and its other words."""
    values = [each for each in side if each.kind != "word"]
    return values, [each for each in side if each.kind == "word"]


def _only_names_the_speaker(stretch: Stretch, ours: str, theirs: str) -> bool:
    """True where one text only adds who said it."""
    if all(stretch) or any(each.kind in ("not", "number") for side in stretch for each in side):
        return False
    tokens, text = (stretch[0], ours) if stretch[0] else (stretch[1], theirs)
    spans = list(speaker_spans(text))
    return all(any(start <= each.start < end for start, end in spans) for each in tokens)


def _verdict(
    a: Sequence[Token], b: Sequence[Token], stretch: Stretch, ours: str, theirs: str
) -> Difference | None:
    if bool(a) == bool(b):
        return None
    first, second = _words_of(stretch[0], ours), _words_of(stretch[1], theirs)
    return _difference("verdict", first, second)


def _other_name(
    a: Sequence[Token], b: Sequence[Token], ours: str, theirs: str
) -> Difference | None:
    """Two names that no word of theirs has in common, in any spelling."""
    first, second = _words_of(a, ours), _words_of(b, theirs)
    keys = [{key for each in side for key in name_keys(each.key)} for side in (a, b)]
    ratio = SequenceMatcher(None, first[0].casefold(), second[0].casefold()).ratio()
    if keys[0] & keys[1] or ratio >= CONFLICTS.min_spelling_similarity:
        return None
    return _difference("name", first, second)


def _other_value(a: Token, b: Token, other: int, ours: str, theirs: str) -> _Judged:
    """Of two numbers, or two dates."""
    first, second = _words_of([a], ours), _words_of([b], theirs)
    if isinstance(a.value, NamedDate) and isinstance(b.value, NamedDate):
        found = _difference("date", first, second) if a.value.excludes(b.value) else None
        return _Judged(other, found)
    if isinstance(a.value, Quantity) and isinstance(b.value, Quantity):
        if not _are_comparable(a.value, b.value):
            return _Judged(other, unclear=True)
        agree = _may_both_be_right(a.value, b.value, ours, theirs)
        found = None if agree else _difference("number", first, second)
        return _Judged(other, found, same_unit=a.value.unit == b.value.unit != "")
    if a.kind != b.kind or (a.value is None and b.value is None):
        return _Judged(other, _difference("number", first, second))
    return _Judged(other, unclear=True)


def _may_be_number(token: Token, text: str) -> bool:
    """True of numbers, and of what is read as a year."""
    return token.kind == "number" or text[token.start : token.end].isdigit()


_Words = tuple[str, tuple[int, int]]


def _words_of(tokens: Sequence[Token], text: str) -> _Words:
    """The words of tokens as written, and where they stand."""
    if not tokens:
        return "", (0, 0)
    place = tokens[0].start, tokens[-1].end
    return text[slice(*place)], place


def _difference(
    point: Literal["number", "name", "date", "verdict"], a: _Words, b: _Words
) -> Difference:
    return Difference(point, a[0], b[0], a[1], b[1])


def _are_comparable(a: Quantity, b: Quantity) -> bool:
    """True of two amounts of one unit; of the same number of two units, of which one is wrong."""
    if a.unit == b.unit or a.value == b.value:
        return True
    return "" in (a.unit, b.unit) and not {a.unit, b.unit} & STRICT_UNITS


def _may_both_be_right(a: Quantity, b: Quantity, ours: str, theirs: str) -> bool:
    """True where one amount is a rounding of the other, or lies within what it leaves open."""
    if a.unit != b.unit and a.value == b.value:
        return not (a.unit and b.unit)
    first, second = bound_before(ours, a.start), bound_before(theirs, b.start)
    largest = max(a.value, b.value) or 1.0
    difference = abs(a.value - b.value) / largest
    if first != second:
        low, high = (first, second) if a.value < b.value else (second, first)
        if low == "more than" or high == "up to":
            return True
        if {first, second} & {"about", "almost"} and difference <= CONFLICTS.approximate_tolerance:
            return True
    return difference <= CONFLICTS.rounding_tolerance and _is_rounding(a.value, b.value)


def _is_rounding(a: float, b: float) -> bool:
    """True where one number is the other with fewer digits: 47.9 and 48, 35,412 and 35,000. Small
    whole numbers are not rounded without an "about"."""
    rough, exact = sorted((a, b), key=_significant_digits)
    digits = _significant_digits(rough)
    if digits == _significant_digits(exact) or not exact:
        return False
    step = digits - 1 - floor(log10(abs(exact)))
    return round(exact, step) == rough and (exact != int(exact) or exact >= 1_000)


def _significant_digits(value: float) -> int:
    """Digits without the zeros at either end: 2 of 48, of 480 and of 0.48."""
    return len(f"{value:.12g}".partition("e")[0].replace(".", "").strip("0")) or 1
