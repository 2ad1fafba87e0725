"""What the documents tell of a time that is asked about ("What happened in February?")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag.answering.points import Points, one_group
from rag.query.validation import topic_words
from rag.retrieval.unit_ranking import Evidence, in_document_order
from rag.text.dates import NamedDate, find_dates, parse_day
from rag.thresholds import SUMMARY


def dates_asked_about(question: str) -> list[NamedDate]:
    """The dates of a question that asks for a summary and names no other topic; none of others."""
    dates = find_dates(question) or find_dates(question.title())  # "in february"
    without = question
    for each in reversed(dates):
        without = without[: each.place[0]] + without[each.place[1] :]
    return [] if topic_words(without) else dates


def time_points(dates: Sequence[NamedDate], ranked: Sequence[Evidence]) -> Points:
    """The units in which one of the dates is named, or in a heading above, and those that lean on
    them; none where nothing tells of that time."""
    dated = [each for each in ranked if _is_of(dates, each)]
    texts = {each.candidate.text for each in dated}
    leaning = [each for each in ranked if each.candidate.unit.leans_on in texts]
    found = list({each.span: each for each in [*dated, *leaning]}.values())
    return one_group(in_document_order(found[: SUMMARY.max_points]))


def _is_of(dates: Sequence[NamedDate], evidence: Evidence) -> bool:
    """A date without a year is taken for one of the year in which its document was published."""
    candidate = evidence.candidate
    named = find_dates("\n".join([*candidate.unit.headings, candidate.text]))
    published = parse_day(candidate.document.published)
    year = published.year if published else None
    return any(
        replace(own, year=own.year or year).is_within(each) for own in named for each in dates
    )
