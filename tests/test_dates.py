"""Which days does a question speak of?"""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from rag.query.time_range import time_range_of
from rag.text.dates import TimeRange, parse_day
from rag.thresholds import QUERY

ASKED_ON = date(2026, 3, 18)


@pytest.mark.parametrize(
    ("question", "first", "last"),
    [
        ("What did ministers offer in February?", date(2026, 2, 1), date(2026, 3, 7)),
        ("What did ministers offer in May?", date(2025, 5, 1), date(2025, 6, 7)),
        ("Who won in February 2024?", date(2024, 2, 1), date(2024, 3, 7)),
        ("Who won in 2024?", date(2024, 1, 1), date(2025, 1, 7)),
        ("What happened last year?", date(2025, 1, 1), date(2026, 1, 7)),
        ("What happened last month?", ASKED_ON - timedelta(days=62), ASKED_ON),
    ],
)
def test_a_month_or_year_is_the_last_of_that_name(question: str, first: date, last: date) -> None:
    assert time_range_of(question, ASKED_ON) == TimeRange(first, last)


@pytest.mark.parametrize("when", ["this week", "recently", "on Tuesday", "yesterday", "last night"])
def test_what_is_fresh_counts_from_the_day_of_the_question(when: str) -> None:
    days = time_range_of(f"Which bank closed {when}?", ASKED_ON)
    assert days is not None
    assert ASKED_ON in days
    assert ASKED_ON - timedelta(days=QUERY.fresh_days) in days
    assert ASKED_ON - timedelta(days=QUERY.fresh_days + 1) not in days
    assert ASKED_ON + timedelta(days=1) not in days
    assert None not in days


@pytest.mark.parametrize(
    ("question", "oldest"),
    [
        ("Which bank closed this week?", "2026-03-04"),
        ("Which bank closed on Tuesday?", "2026-03-04"),
        ("Which bank recently closed?", "2026-01-17"),
        ("Which banks are open today?", "1900-01-01"),  # a fact may be an old one
        ("Which bank opens in May?", "1900-01-01"),  # what is planned is told before
    ],
)
def test_an_article_from_before_what_has_just_happened_cannot_tell_it(
    question: str, oldest: str
) -> None:
    days = time_range_of(question, ASKED_ON)
    assert days is not None
    before = (date.fromisoformat(oldest) - timedelta(days=1)).isoformat()
    assert not days.outdated(oldest)
    assert days.outdated(before) is (oldest > "1900-01-01")
    assert not days.outdated(None)  # nobody knows how old it is
    assert not days.outdated("March")


@pytest.mark.parametrize(
    "question",
    ["what tariff rate applies to fentanyl?", "May Wang meet officials?", "Who may march?", ""],
)
def test_other_questions_speak_of_no_time(question: str) -> None:
    assert time_range_of(question, ASKED_ON) is None


@pytest.mark.parametrize(
    ("published", "found"),
    [
        ("2026-03-18", ASKED_ON),
        ("2026-03-18T10:00:00Z", ASKED_ON),
        ("March 18", None),
        ("", None),
        (None, None),
    ],
)
def test_only_iso_dates_are_days(published: str | None, found: date | None) -> None:
    assert parse_day(published) == found
