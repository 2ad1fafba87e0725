"""Answers that list everything of one sort that the documents mention, without a model."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby

from rag.answering.draft import AnswerDraft
from rag.answering.points import PointGroup, Points, cite_points
from rag.query.mentions import AskedMentions, MentionSort
from rag.retrieval.unit_ranking import Candidate, Evidence
from rag.text.dates import find_dates
from rag.text.quantities import find_quantities
from rag.text.tokens import content_keys
from rag.text.units import parse_units
from rag.thresholds import EXTRACTIVE
from rag.types import Claim, Document

Found = Mapping[Hashable, str]
"""What a unit mentions: by what tells one from another, as it is written."""


def list_mentions(
    draft: AnswerDraft, asked: AskedMentions, documents: Sequence[Document], heading: str = ""
) -> AnswerDraft:
    """The draft with all that is asked for in one line, as the documents write it, where that is
    short, and then the units that mention it: of each document those that mention something new,
    below its title where there are several, or below one `heading` for all. Without claims where
    nothing is mentioned."""
    mentions = list(_new_mentions(asked, documents))
    values = [text for _, found in mentions for text in found.values()]
    groups = []
    for document, own in groupby((each for each, _ in mentions), lambda each: each.document):
        above = heading or (document.title if len(documents) > 1 else "")
        units = list(own)
        shown = units[: EXTRACTIVE.max_list_items]
        if len(shown) < len(units):
            above = f"{above} ({len(shown)} of {len(units)})".strip()
        groups.append(PointGroup(above, tuple(map(_evidence, shown))))
    passages, claims = cite_points(Points(tuple(groups), by_form=True))
    if 1 < len(values) <= EXTRACTIVE.max_listed_values:
        citations = tuple(each for claim in claims for each in claim.citations)
        claims = (Claim(", ".join(values), citations, "supported", (), "matched", 1.0), *claims)
    return replace(draft, passages=passages, claims=claims)


def _new_mentions(
    asked: AskedMentions, documents: Iterable[Document]
) -> Iterator[tuple[Candidate, Found]]:
    """The units that mention what none before did, with that; of a topic only units that, read in
    their context, have all of its words."""
    topic = content_keys(asked.topic)
    known = set[Hashable]()
    for document in documents:
        for unit in filter(lambda each: each.is_evidence, parse_units(document.text)):
            candidate = Candidate(document, unit)
            if topic and not topic <= content_keys(candidate.in_context()):
                continue
            found = _FINDERS[asked.sort](" ".join(candidate.text.split()))
            new = {key: text for key, text in found.items() if key not in known}
            known.update(new)
            if new:
                yield candidate, new


def _evidence(candidate: Candidate) -> Evidence:
    """What was found by its form is as relevant as anything, and is never compared by its
    vector."""
    import numpy as np

    return Evidence(candidate, 1.0, np.zeros(0, np.float32))


def _dates(text: str) -> Found:
    return {(each.year, each.month, each.day, each.weekday): each.text for each in find_dates(text)}


def _months(text: str) -> Found:
    return {each.month: each.text for each in find_dates(text) if each.month}


def _years(text: str) -> Found:
    return {each.year: str(each.year) for each in find_dates(text) if each.year}


def _numbers(text: str, units: Collection[str] = ()) -> Found:
    """The numbers that have one of the units; without any, all that are no dates."""
    dates = [each.place for each in find_dates(text)]
    return {
        (each.value, each.unit): text[each.start : each.end]
        for each in find_quantities(text)
        if not units or each.unit in units
        if not any(start < each.end and each.start < end for start, end in dates)
    }


_FINDERS: dict[MentionSort, Callable[[str], Found]] = {
    "date": _dates,
    "month": _months,
    "year": _years,
    "percentage": partial(_numbers, units=frozenset("%")),
    "money": partial(_numbers, units=frozenset("$€£¥")),
    "number": _numbers,
}
