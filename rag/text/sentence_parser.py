"""What a sentence says that another may say otherwise: its figures with what they count, its dates,
its names and its other words. Who is said to have said it is parsed by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from rag.text.bounds import Bound, bound_before
from rag.text.dates import NamedDate, dateline_spans, find_dates, find_periods
from rag.text.names import (
    COMMON_NAME_WORDS,
    Name,
    find_capitalised,
    find_names,
    name_keys,
    name_runs,
)
from rag.text.quantities import Quantity, find_quantities
from rag.text.reporting import speaker_spans
from rag.text.tokens import content_stem, content_stems, without_possessive

Interval = tuple[int, int]

MAX_COUNTED_WORDS = 2  # that say what a figure counts

_SCORE = re.compile(r"(?<![\w.,–-])\d{1,3}[-–]\d{1,3}(?![\w–-]|[.,]\d)")
_AGE = re.compile(
    r"(?<![\d.,-])(?P<years>\d{1,3}(?=[- ]years?[- ]old\b)|(?<=\w, )\d{2}(?=,(?! \d)))"
)
# Ordinals, times of day, ages and dozens are no exact counts.
_NO_COUNT = re.compile(r"dozen|\d(?:st|nd|rd|th)\b|(?:[ap]\.?m\b|:\d\d|[- ]years?[- ]old)")
_PART_OF_NAME = re.compile(r"[^\W\d_]-$")  # "F-35", "ticket-4711"
# Where a line stands in a list: "2. Sign the …", "Step 2: Tie the …".
_MARKER = re.compile(r"^\s*(?:\d{1,2}[.):]\s+|\d{1,2}\s+(?=[Ss]tep\b))?(?:[Ss]tep \d{1,2}\b)?")
_WORD = re.compile(r"[^\W\d_]+(?:[’'][^\W\d_]+)*")
_BREAK = re.compile(r"[,;:.]|\b(?:and|but|who|which|that|for|in|at|on|to|of|from|with|by|after)\b")
_PREPOSITION = re.compile(r"\b(in|at|near|outside|to|from|for|of|with|against|on|off)(?: the)? $")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its unit, or a score; `counted` holds the stems of what it counts."""

    value: float
    unit: str
    bound: Bound
    counted: frozenset[str]
    text: str
    place: Interval = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class NamePhrase:
    """Names in a row. `preposition` is the one before them, or ""."""

    keys: frozenset[str]
    preposition: str
    text: str
    place: Interval = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class ParsedSentence:
    """A sentence by its parts. `words` are the stems of its other content words, in order, and
    `speaker` those of who said it."""

    text: str
    words: tuple[str, ...]
    figures: tuple[Figure, ...]
    dates: tuple[NamedDate, ...]
    periods: frozenset[str]
    names: tuple[NamePhrase, ...]
    speaker: frozenset[str]


@lru_cache(maxsize=512)
def parse_sentence(text: str) -> ParsedSentence:
    """The parts of the sentence `text`."""
    speakers = list(speaker_spans(text))
    dates = find_dates(text)
    taken = [*speakers, *(each.place for each in dates)]
    markers = [match.span() for match in _MARKER.finditer(text) if match[0]]
    counted = [q for q in find_quantities(text) if not _inside(q.start, [*taken, *markers])]
    phrases = list(_name_phrases(text, taken))
    undated = [*speakers, *dateline_spans(text)]
    taken += [(q.start, q.end) for q in counted] + [each.place for each in phrases]
    return ParsedSentence(
        text,
        tuple(_stems(text, taken)),
        tuple(_figures(text, counted)),
        tuple(each for each in dates if not _inside(each.place[0], undated)),
        find_periods(text),
        tuple(phrases),
        frozenset(stem for start, end in speakers for stem in content_stems(text[start:end])),
    )


def _inside(place: int, intervals: Sequence[Interval]) -> bool:
    return any(start <= place < end for start, end in intervals)


def _stems(text: str, taken: Sequence[Interval] = ()) -> Iterator[str]:
    for match in _WORD.finditer(text):
        stem = content_stem(match[0])
        if stem and not _inside(match.start(), taken):
            yield stem


# --- figures ----------------------------------------------------------------------------------


def _figures(text: str, counted: Sequence[Quantity]) -> Iterator[Figure]:
    scores = list(_SCORE.finditer(text))
    for score in scores:
        yield Figure(0.0, "score", "", frozenset(), score[0].replace("–", "-"), score.span())
    ages = list(_AGE.finditer(text))
    for age in ages:
        yield Figure(float(age["years"]), "age", "", frozenset(), age["years"], age.span("years"))
    taken = [each.span() for each in [*scores, *ages]]
    for quantity in counted:
        start, end = quantity.start, quantity.end
        if (
            not _inside(start, taken)
            and not _PART_OF_NAME.search(text[:start])
            and not _NO_COUNT.search(text[start : end + 10])
        ):
            bound, what = bound_before(text, start), _counted(text, start, end)
            yield Figure(quantity.value, quantity.unit, bound, what, quantity.text, (start, end))


def _counted(text: str, start: int, end: int) -> frozenset[str]:
    """The stems of the words after a number, or else of those before it."""
    cut = _BREAK.search(text, end)
    after = list(_stems(text[end : cut.start() if cut else len(text)]))[:MAX_COUNTED_WORDS]
    if after:
        return frozenset(after)
    before = re.split(r"[,;:]", text[:start])[-1]
    return frozenset(list(_stems(before))[-MAX_COUNTED_WORDS:])


# --- names ------------------------------------------------------------------------------------


def _name_phrases(text: str, taken: Sequence[Interval]) -> Iterator[NamePhrase]:
    """Names in a row. A word that begins the sentence counts where another name follows it."""
    every, known = find_capitalised(text), {name.start for name in find_names(text)}
    names = [
        name
        for place, name in enumerate(every)
        if (name.start in known or (name.start == 0 and _follows(every[place + 1 :], name)))
        and not _inside(name.start, taken)
    ]
    return (_name_phrase(text, run) for run in name_runs(names))


def _follows(later: Sequence[Name], name: Name) -> bool:
    return bool(later) and later[0].start == name.end + 1


def _name_phrase(text: str, run: Sequence[Name]) -> NamePhrase:
    own = [n for n in run if n.text.lower().rstrip(".") not in COMMON_NAME_WORDS] or run
    keys = frozenset(key for name in own for key in name_keys(name.text))
    start = run[0].start
    before = _PREPOSITION.search(text[:start])
    whole = without_possessive(text[start : run[-1].end])
    return NamePhrase(keys, before[1] if before else "", whole, (start, start + len(whole)))
