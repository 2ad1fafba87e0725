"""Dates of publication, and the dates, years and periods that a text names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from rag.text.folding import fold_with_places
from rag.text.spaceless import has_spaceless

MONTHS = "january february march april may june july august september october november december"
DAYS = "monday tuesday wednesday thursday friday saturday sunday"
DATE_WORDS = frozenset([*MONTHS.split(), *DAYS.split()])

_MAY = r"(?:(?<=\bin )|(?<=\bof )|(?<=\bby )|(?<=\bsince )|(?<=\bfrom )|(?<=\bto )|(?<=\d ))May"
_SHORT = r"(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)(?:\.|(?= \d))"
_LONG = MONTHS.title().replace(" ", "|").replace("|May", "")
_MONTH = rf"(?:(?:{_LONG})|{_MAY}|May(?= \d)|{_SHORT})"
_YEAR = r"(?:1[5-9]|20)\d\d"
_WHOLE_YEAR = re.compile(rf"\b{_YEAR}\b")
_DATE = re.compile(
    rf"\b(?:(?P<day>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?(?P<month>{_MONTH})(?:,? (?P<year>{_YEAR}))?"
    rf"|(?P<month2>{_MONTH}) (?P<day2>\d{{1,2}})(?!\d)(?:st|nd|rd|th)?(?:,? (?P<year2>{_YEAR}))?"
    rf"|(?P<month3>{_MONTH})(?:,? (?:of )?(?P<year3>{_YEAR}))?"
    rf"|(?P<weekday>{DAYS.title().replace(' ', '|')})"
    rf"|(?<![$€£¥.,])(?P<year4>{_YEAR})(?![\d%s]|[.,]\d| (?:people|homes|jobs|workers)))\b"
)
# 2023年6月12日, 6月12日, 2023年: Chinese and Japanese.
_HAN_DATE = re.compile(
    r"(?<!\d)(?:(?P<year>\d{4})年(?:(?P<month>1[0-2]|0?[1-9])月(?:(?P<day>\d{1,2})[日号號])?)?"
    r"|(?P<month2>1[0-2]|0?[1-9])月(?P<day2>\d{1,2})[日号號])"
)
_PERIOD = re.compile(
    r"(?i)\b(?:(?:last|next|this|previous|the same) (?:week|month|year|season|quarter|summer"
    r"|winter)|(?:first|second|third|fourth) (?:quarter|half)|years? (?:ago|earlier|before)"
    r"|earlier|latest|previous(?:ly)?|former(?:ly)?|\d{3}0s)\b"
)
# "9:44 am ET February 6, 2026" is when a text was written, "as of May 2" up to when it holds.
_DATELINE = re.compile(
    rf"(?:\d [ap]\.?m\.? [A-Z]{{2,4}}|\b[Aa]s of) {_MONTH} \d{{1,2}}(?:, {_YEAR})?"
)


def parse_day(published: str | None) -> date | None:
    """The day of an ISO 8601 date; none for anything else."""
    try:
        return date.fromisoformat((published or "")[:10])
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From `first` to `last`, both among them."""

    first: date
    last: date
    since: date | None = None  # an article from before it is too old to answer

    def __contains__(self, day: date | None) -> bool:
        return day is not None and self.first <= day <= self.last

    def outdated(self, published: str | None) -> bool:
        """True of an article that is known to be too old to answer the question."""
        own = parse_day(published)
        return self.since is not None and own is not None and own < self.since


@dataclass(frozen=True, slots=True)
class NamedDate:
    """A day or a longer time that a text names; None for what it leaves out."""

    year: int | None = None
    month: str | None = None  # its first three letters
    day: int | None = None
    weekday: str | None = None
    text: str = field(default="", compare=False)
    place: tuple[int, int] = field(default=(0, 0), compare=False)  # in the text

    def excludes(self, other: NamedDate) -> bool:
        """True when no time can be both."""
        return any(a and b and a != b for a, b in self._pairs(other))

    def is_within(self, other: NamedDate) -> bool:
        """True when this says all that the other does: 4 March 2025 is within March 2025."""
        return all(a == b for a, b in self._pairs(other) if b)

    def _pairs(self, other: NamedDate) -> Iterator[tuple[object, object]]:
        ours = (self.year, self.month, self.day, self.weekday)
        return zip(ours, (other.year, other.month, other.day, other.weekday), strict=True)


def find_dates(text: str) -> list[NamedDate]:
    """The dates in a text, in order: days, months, years and weekdays."""
    folded, places = fold_with_places(text)
    found = [
        _named_date(match)
        for pattern in (_DATE, *([_HAN_DATE] if has_spaceless(folded) else []))
        for match in pattern.finditer(folded)
    ]
    found.sort(key=lambda each: each.place)
    return [_at_its_place(each, text, places) for each in found]


def _at_its_place(named: NamedDate, text: str, places: Sequence[int]) -> NamedDate:
    start, end = (places[at] for at in named.place)
    return replace(named, text=text[start:end], place=(start, end))


def _named_date(match: re.Match[str]) -> NamedDate:
    found = {key.rstrip("234"): value for key, value in match.groupdict().items() if value}
    return NamedDate(
        int(found["year"]) if "year" in found else None,
        _month(found["month"]) if "month" in found else None,
        int(found["day"]) if "day" in found else None,
        found.get("weekday"),
        match[0],
        match.span(),
    )


def _month(name: str) -> str:
    """The first three letters of a month, by its name or its number."""
    return (MONTHS.split()[int(name) - 1].title() if name.isdecimal() else name)[:3]


def dateline_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where a text says when it was written, or up to when it holds."""
    return (match.span() for match in _DATELINE.finditer(text))


def find_years(text: str) -> set[str]:
    """The years in a text, from 1500 to 2099."""
    return set(_WHOLE_YEAR.findall(text))


def find_periods(text: str) -> frozenset[str]:
    """Times that a text counts from its own ("last week", "earlier"), in lower case."""
    return frozenset(match[0].lower() for match in _PERIOD.finditer(text))
