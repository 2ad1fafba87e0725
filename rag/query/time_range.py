"""Which days does a question speak of?

"This week", "in February", "last year". Pure, and without a clock: words that count from a day
count from the one on which the question is asked.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta

from rag.text.dates import DAYS, MONTHS, TimeRange
from rag.thresholds import QUERY

_MONTHS = MONTHS.split()
_MONTH = re.compile(
    rf"\b(?:in|since|during|last|of|by|early|late|mid)[ -](?P<month>{'|'.join(_MONTHS)})\b"
    r"(?:,? (?:of )?(?P<year>20\d\d))?",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b(?:in|since|during|of) (?P<year>20\d\d)\b", re.IGNORECASE)
_PAST_MONTH = re.compile(r"\b(?:this|last|past) month\b", re.IGNORECASE)
_PAST_YEAR = re.compile(r"\b(?P<which>this|last) year\b", re.IGNORECASE)
_WEEK = re.compile(
    r"\b(?:(?:this|last|past) (?:week|weekend)|last night|yesterday"
    rf"|on (?:{DAYS.replace(' ', '|')}))\b",
    re.IGNORECASE,
)
_RECENT = re.compile(r"\b(?:recent(?:ly)?|lately|latest)\b", re.IGNORECASE)
_TODAY = re.compile(r"\btoday\b", re.IGNORECASE)


def time_range_of(question: str, asked_on: date) -> TimeRange | None:
    """The days on which an article that answers was published, so far as the question says."""
    if found := _MONTH.search(question):
        return _month(_MONTHS.index(found["month"].lower()) + 1, found["year"], asked_on)
    if found := _YEAR.search(question):
        return _year(int(found["year"]))
    if found := _PAST_YEAR.search(question):
        return _year(asked_on.year - (found["which"].lower() == "last"))
    if _PAST_MONTH.search(question):
        return TimeRange(asked_on - timedelta(days=62), asked_on)
    fresh = asked_on - timedelta(days=QUERY.fresh_days)
    if _WEEK.search(question):
        return TimeRange(fresh, asked_on, since=fresh)
    if _RECENT.search(question):
        return TimeRange(fresh, asked_on, since=asked_on - timedelta(days=QUERY.recent_days))
    return TimeRange(fresh, asked_on) if _TODAY.search(question) else None


def _month(month: int, year: str | None, asked_on: date) -> TimeRange:
    """The last month of that name, unless its year is given."""
    own = int(year) if year else asked_on.year - (month > asked_on.month)
    last = date(own, month, monthrange(own, month)[1])
    return TimeRange(date(own, month, 1), last + timedelta(days=QUERY.reported_days))


def _year(year: int) -> TimeRange:
    return TimeRange(date(year, 1, 1), date(year, 12, 31) + timedelta(days=QUERY.reported_days))
