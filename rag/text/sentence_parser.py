"""What does a sentence state that another may state otherwise?

Its figures with what they count, its dates, its names, and its other words with whether they are
denied. Who is said to have said it ("officials said Tuesday") stands apart. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from rag.text import names, tokens
from rag.text.bounds import Bound, bound_before
from rag.text.names import DAYS, MONTHS, find_names, name_keys
from rag.text.quantities import Quantity, find_quantities
from rag.text.tokens import STOP_WORDS, content_stems

Interval = tuple[int, int]

_MONTHS = MONTHS.title().replace(" ", "|").replace("|May", "")
_DAYS = DAYS.title().replace(" ", "|")
_MAY = r"(?:(?<=\bin )|(?<=\bof )|(?<=\bby )|(?<=\bsince )|(?<=\bfrom )|(?<=\bto )|(?<=\d ))May"
_SHORT = r"(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)(?:\.|(?= \d))"
_MONTH = rf"(?:(?:{_MONTHS})|{_MAY}|May(?= \d)|{_SHORT})"
_YEAR = r"(?:1[5-9]\d\d|20\d\d)"
_DATE = re.compile(
    rf"\b(?:(?P<day>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?(?P<month>{_MONTH})(?:,? (?P<year>{_YEAR}))?"
    rf"|(?P<month2>{_MONTH}) (?P<day2>\d{{1,2}})(?!\d)(?:st|nd|rd|th)?(?:,? (?P<year2>{_YEAR}))?"
    rf"|(?P<month3>{_MONTH})(?:,? (?:of )?(?P<year3>{_YEAR}))?|(?P<weekday>{_DAYS})"
    rf"|(?<![$€£¥.,])(?P<year4>{_YEAR})(?![\d%s]|[.,]\d| (?:people|homes|jobs|workers)))\b"
)
# Periods beside dates: what held in one need not hold in another.
_PERIOD = re.compile(
    r"(?i)\b(?:(?:last|next|this|previous|the same) (?:week|month|year|season|quarter|summer"
    r"|winter)|(?:first|second|third|fourth) (?:quarter|half)|years? (?:ago|earlier|before)"
    r"|earlier|latest|previous(?:ly)?|former(?:ly)?|\d{3}0s)\b"
)
# "9:44 am ET February 6, 2026" is when it was written, "as of May 2" up to when it holds.
_DATELINE = re.compile(
    rf"(?:\d [ap]\.?m\.? [A-Z]{{2,4}}|\b[Aa]s of) {_MONTH} \d{{1,2}}(?:, {_YEAR})?"
)
_SAID = r"(?:said|says?|announced|reported|shows?|showed|wrote|confirmed|found|finds|told|added)"
_SAYS = r"(?:said|says?|announced|reported|wrote|confirmed|told|added)"
_WHEN = rf"(?: (?:on )?(?:{_DAYS}))?"
_SPEAKER = (
    re.compile(rf"(?:, | )according to [^,;.]+|, (?:[\w.’'-]+ ){{1,6}}{_SAID}{_WHEN}(?=[.,;]|$)"),
    re.compile(
        rf"^(?:According to [^,;]+,|(?:[\w.’'-]+ ){{1,5}}?"
        rf"(?:{_SAID}{_WHEN} that\b|{_SAYS}{_WHEN}(?= the\b)))"
    ),
)
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
_LIGHT = frozenset(
    "told according went go goes reported reports become became becoming including".split()
)
_ASIDE = re.compile(
    r"(?:,| [–—-]) (?:who|which|whose|where|when|while|after|before|as|its|an?|the|including"
    r"|despite|although|though|because|with|\w+ing)\b[^,;–—]*(?:,|(?: [–—-])|(?=[.;]|$))"
)
_SLOT = re.compile(r"\b(in|at|near|outside|to|from|for|of|with|against|on|off)(?: the)? $")
_COUNTED = 2  # words that say what a figure counts
# Words of names that tell nobody and nothing apart.
NAME_TITLES = frozenset(
    "judge senator president mayor minister prime dr mr mrs ms professor governor king queen sir"
    " general captain chancellor secretary sen rep gov lord lady pope prince princess county city"
    " state river lake street university college school high united hospital court bank"
    " new north south east west port".split()
)


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
class Date:
    """What is said of a day or a longer time; None where it is not said."""

    year: int | None = None
    month: str | None = None  # its first three letters
    day: int | None = None
    weekday: str | None = None
    text: str = field(default="", compare=False)
    place: Interval = field(default=(0, 0), compare=False)

    def excludes(self, other: Date) -> bool:
        """True when no time can be both."""
        ours = (self.year, self.month, self.day, self.weekday)
        theirs = (other.year, other.month, other.day, other.weekday)
        return any(a and b and a != b for a, b in zip(ours, theirs, strict=True))


@dataclass(frozen=True, slots=True)
class Name:
    """Capitalised words in a row. `slot` is the preposition before them, or ""."""

    keys: frozenset[str]
    slot: str
    text: str
    place: Interval = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence read. `words` are the stems of its other content words, in order."""

    text: str
    words: tuple[str, ...]
    figures: tuple[Figure, ...]
    dates: tuple[Date, ...]
    periods: frozenset[str]
    names: tuple[Name, ...]
    speaker: frozenset[str]  # stems of who said it


def main_clause(text: str) -> str:
    """The sentence without its subordinate parts: ", which opened last week,"."""
    return _ASIDE.sub("", text)


@lru_cache(maxsize=512)
def parse_sentence(text: str) -> Statement:
    """What the sentence `text` states."""
    spoken = _speakers(text)
    spoken_or_dated = [*spoken, *(match.span() for match in _DATELINE.finditer(text))]
    dated = [each for each in _DATE.finditer(text) if not _inside(each.start(), spoken_or_dated)]
    taken = [match.span() for match in _DATE.finditer(text)]
    marked = [match.span() for match in _MARKER.finditer(text) if match[0]]
    counted = [q for q in find_quantities(text) if not _inside(q.start, [*taken, *spoken, *marked])]
    named = list(_names(text, [*taken, *spoken]))
    taken += [(q.start, q.end) for q in counted] + [where for _, where in named]
    return Statement(
        text,
        tuple(_stems(text, [*taken, *spoken])),
        tuple(_figures(text, counted)),
        tuple(map(_date, dated)),
        frozenset(match[0].lower() for match in _PERIOD.finditer(text)),
        tuple(name for name, _ in named),
        frozenset(stem for start, end in spoken for stem in content_stems(text[start:end])),
    )


def _inside(place: int, intervals: Sequence[Interval]) -> bool:
    return any(start <= place < end for start, end in intervals)


def _speakers(text: str) -> list[Interval]:
    return [match.span() for pattern in _SPEAKER for match in pattern.finditer(text)]


def _stems(text: str, taken: Sequence[Interval]) -> Iterator[str]:
    for match in _WORD.finditer(text):
        stem = _stem(match[0])
        if stem and not _inside(match.start(), taken):
            yield stem


def _stem(word: str) -> str:
    word = re.sub(r"['’](?:s|re|ve|ll|d|m)?$|n['’]t$", "", word.lower())
    if word in STOP_WORDS or word in _LIGHT or len(word) < 2:
        return ""
    return tokens.stem(word)


def _date(match: re.Match[str]) -> Date:
    found = {key.rstrip("234"): value for key, value in match.groupdict().items() if value}
    return Date(
        int(found["year"]) if "year" in found else None,
        found["month"][:3] if "month" in found else None,
        int(found["day"]) if "day" in found else None,
        found.get("weekday"),
        match[0],
        match.span(),
    )


# --- figures ----------------------------------------------------------------------------------


def _figures(text: str, counted: Sequence[Quantity]) -> Iterator[Figure]:
    scores = list(_SCORE.finditer(text))
    for score in scores:
        yield Figure(0.0, "score", "", frozenset(), score[0].replace("–", "-"), score.span())
    for age in _AGE.finditer(text):
        yield Figure(float(age["years"]), "age", "", frozenset(), age["years"], age.span("years"))
    within = [each.span() for each in [*scores, *_AGE.finditer(text)]]
    for quantity in counted:
        if (
            not _inside(quantity.start, within)
            and not _PART_OF_NAME.search(text[: quantity.start])
            and not _NO_COUNT.search(text[quantity.start : quantity.end + 10])
        ):
            start, end = quantity.start, quantity.end
            yield Figure(
                quantity.value,
                quantity.unit,
                bound_before(text, start),
                _counted(text, start, end),
                quantity.text,
                (start, end),
            )


def _counted(text: str, start: int, end: int) -> frozenset[str]:
    """The stems of the words after a number, or else of those before it."""
    cut = _BREAK.search(text, end)
    after = list(_stems(text[end : cut.start() if cut else len(text)], []))[:_COUNTED]
    if after:
        return frozenset(after)
    before = re.split(r"[,;:]", text[:start])[-1]
    return frozenset(list(_stems(before, []))[-_COUNTED:])


# --- names ------------------------------------------------------------------------------------


def _names(text: str, taken: Sequence[Interval]) -> Iterator[tuple[Name, Interval]]:
    run: list[names.Name] = []
    for name in [*_capitalised(text, taken), None]:
        if run and (name is None or name.start - run[-1].end > 1):
            yield _name(text, run), (run[0].start, run[-1].end)
            run = []
        run += [name] if name else []


def _capitalised(text: str, taken: Sequence[Interval]) -> Iterator[names.Name]:
    """The words of names. One that begins the sentence counts where another follows it."""
    every = find_names(text, starts=frozenset())
    known = {name.start for name in find_names(text)}
    for name in every:
        first = name.start == 0 and any(n.start == name.end + 1 for n in every)
        if (name.start in known or first) and not _inside(name.start, taken):
            yield name


def _name(text: str, run: Sequence[names.Name]) -> Name:
    telling = [name for name in run if name.text.lower().rstrip(".") not in NAME_TITLES] or run
    keys = frozenset(key for name in telling for key in name_keys(name.text))
    before = _SLOT.search(text[: run[0].start])
    whole = re.sub(r"[’']s$", "", text[run[0].start : run[-1].end])
    place = (run[0].start, run[0].start + len(whole))
    return Name(keys, before[1] if before else "", whole, place)
