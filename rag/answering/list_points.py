"""Lists: one of the source, whole; what a sentence announces; or every relevant unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag.answering.points import Points, close_to_best, one_group
from rag.retrieval.diversity import choose_diverse
from rag.retrieval.unit_ranking import Candidate, Evidence, in_document_order
from rag.text.speakers import label_of, speeches
from rag.text.units import is_numbered, parse_units
from rag.thresholds import EXTRACTIVE


def list_points(ranked: Sequence[Evidence]) -> Points:
    """The list or table that answers, whole and in its order; where there is none, every unit that
    is about as relevant as the best, in the order of the documents."""
    items = max(lists_of(ranked), key=mean_relevance, default=[])
    if items and mean_relevance(items) >= ranked[0].relevance - EXTRACTIVE.list_advantage:
        return _whole_list(items)
    running = [each for each in ranked if each.candidate.is_running_text] or ranked
    if announced := announced_by_best(running):
        return one_group(announced)
    chosen = choose_diverse(close_to_best(running), EXTRACTIVE.max_loose_items)
    return one_group(in_document_order(chosen))


def list_of_points(points: Points, ranked: Sequence[Evidence]) -> Points:
    """The whole list or table that all of the points are items of, where there are three or more:
    some of its items are no answer where so many are relevant. Else no points."""
    chosen = [each for group in points.groups for each in group.evidence]
    lists = {(each.candidate.document.id, _list_of(each.candidate)) for each in chosen}
    if len(chosen) < EXTRACTIVE.min_items_for_list or len(lists) > 1:
        return Points()
    own = next((items for items in lists_of(ranked) if chosen[0] in items), [])
    return _whole_list(own) if own else Points()


def steps_points(ranked: Sequence[Evidence]) -> Points:
    """The numbered list, whole, that is on the whole about as relevant as the best unit: how
    something is done is told by all of its steps, of which none need have the question's words.
    Where there is none, no points."""
    least = EXTRACTIVE.close_to_best_steps * ranked[0].relevance
    numbered = [
        items
        for items in lists_of(ranked)
        if len(items) >= EXTRACTIVE.min_items_for_list
        and all(is_numbered(each.candidate.unit, each.candidate.document.text) for each in items)
    ]
    steps = max(numbered, key=mean_relevance, default=[])
    return _whole_list(steps) if steps and mean_relevance(steps) >= least else Points()


def lists_of(ranked: Sequence[Evidence]) -> list[list[Evidence]]:
    """The lists, tables and units with one label among the evidence, of two items or more: each
    with its items, best first, the list of the best item first."""
    lists: dict[tuple[str, int | str], list[Evidence]] = {}
    for each in ranked:
        own = _list_of(each.candidate)
        if own is not None:
            lists.setdefault((each.candidate.document.id, own), []).append(each)
    return [items for items in lists.values() if len(items) > 1]


def _list_of(candidate: Candidate) -> int | str | None:
    """What the list of a unit is known by: its number, or a label that is no speaker's, such as
    "Resolved:", which other units of the document may have too; None of any other unit."""
    unit = candidate.unit
    label = label_of(candidate.text)
    if unit.list_number is not None or not label:
        return unit.list_number
    speech = speeches(candidate.document.text).get(unit)
    is_speaker = speech is not None and speech.speaker == label
    return None if is_speaker else label.partition(" (")[0].lower()


def mean_relevance(evidence: Sequence[Evidence]) -> float:
    """A list answers as a whole: that one of its items is relevant says little."""
    return sum(each.relevance for each in evidence) / len(evidence)


def _whole_list(items: Sequence[Evidence]) -> Points:
    """The list or table that these items are from, with those that were not ranked because there
    are so many; from `max_list_items` on they are left out, and the heading says so."""
    last = items[-1]
    document, listed = last.candidate.document, last.candidate.unit
    ranked = {each.candidate.unit: each for each in items}
    own = _list_of(last.candidate)
    units = [
        unit
        for unit in parse_units(document.text)
        if unit.is_evidence and _list_of(Candidate(document, unit)) == own
    ]
    heading = listed.leans_on if listed.role == "item" else ""
    if len(units) > EXTRACTIVE.max_list_items:
        heading = f"{heading} ({EXTRACTIVE.max_list_items} of {len(units)})".strip()
    whole = [
        ranked.get(unit) or replace(last, candidate=replace(last.candidate, unit=unit))
        for unit in units[: EXTRACTIVE.max_list_items]
    ]
    return one_group(whole, heading, is_whole=True)


def announced_by_best(ranked: Sequence[Evidence]) -> list[Evidence]:
    """What follows in the paragraph of the best unit, where that is so short that it can only say
    that something follows: "The study has limits." """
    best = ranked[0].candidate
    if len(best.text.split()) > EXTRACTIVE.max_announcing_words:
        return []
    following = [
        each
        for each in ranked
        if each.candidate.document.id == best.document.id
        and each.candidate.unit.paragraph == best.unit.paragraph
        and each.candidate.unit.start >= best.unit.start
    ]
    return in_document_order(following)[: EXTRACTIVE.max_loose_items] if following[1:] else []
