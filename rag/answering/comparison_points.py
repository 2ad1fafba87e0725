"""Comparisons: what names both sides, and a group of units for each of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

from rag.answering.list_points import announced_by_best, lists_of, mean_relevance
from rag.answering.points import PointGroup, Points, best_points, close_to_best, one_group
from rag.query.question_kind import cue_words
from rag.retrieval.diversity import choose_diverse
from rag.retrieval.unit_ranking import Evidence, in_document_order
from rag.text.names import words_and_names
from rag.text.speakers import speeches
from rag.thresholds import EXTRACTIVE

# What may stand between the two sides of a comparison, the surest first.
_CONNECTORS = ("versus", "vs", "or", "than", "and", "to", "from", "with")


def comparison_points(question: str, ranked: Sequence[Evidence]) -> Points:
    """A table or list that has both sides; else the most relevant units that name both, and a group
    for each side. Where the question names no sides, a group for each of two documents."""
    sides = comparison_sides(question, _source_of(ranked))
    if not sides:
        return _points_by_document(ranked)
    ours, theirs = map(words_and_names, sides)
    own = (ours - theirs or ours, theirs - ours or theirs)
    for items in lists_of(ranked):
        rows = _rows_of_sides(items, own)
        if rows and mean_relevance(rows) >= ranked[0].relevance - EXTRACTIVE.list_advantage:
            return one_group(in_document_order(rows), is_whole=True)
    groups = _groups_of_sides(sides, own, ranked)
    if not all(group.evidence for group in groups) and groups[0].heading:
        return _points_by_document(ranked)
    kept = tuple(group for group in groups if group.evidence)
    least = EXTRACTIVE.min_side_share * ranked[0].relevance
    if any(max(each.relevance for each in group.evidence) < least for group in kept):
        return best_points(ranked)  # what answers says it in other words than the sides are named
    return Points(kept, by_form=True, is_whole=True)


def _groups_of_sides(
    sides: Sequence[str], own: tuple[set[str], set[str]], ranked: Sequence[Evidence]
) -> list[PointGroup]:
    """The units that name both sides, without a heading, if there are any; then those of each."""
    both: list[Evidence] = []
    about: tuple[list[Evidence], list[Evidence]] = ([], [])
    for each in ranked:
        first, second = (len(words & _said_of(each)) / len(words) for words in own)
        if first == second > 0:
            both.append(each)
        elif first != second:
            about[second > first].append(each)
    groups = [PointGroup("", tuple(_best_of_side(both)))] if both else []
    for side, words, found in zip(sides, own, about, strict=True):
        if not found and not both:
            found = [each for each in ranked if words & _document_words(each)]
        groups.append(PointGroup(side, tuple(_best_of_side(found))))
    return groups


def _best_of_side(about: Sequence[Evidence]) -> list[Evidence]:
    near = close_to_best(about, EXTRACTIVE.close_to_best_side)
    return in_document_order(choose_diverse(near, EXTRACTIVE.max_points_a_side))


def _rows_of_sides(items: Sequence[Evidence], own: Sequence[set[str]]) -> list[Evidence]:
    """The rows that name a side where each has a row of its own, the whole list where one of its
    rows or its header names both; nothing where a side is not in it."""
    header = words_and_names(items[0].candidate.unit.leans_on)
    read = [(each, words_and_names(each.candidate.text)) for each in items]
    naming = [[each for each, words in read if side & words] for side in own]
    if all(naming) and not any(each in naming[1] for each in naming[0]):
        return [*naming[0], *naming[1]]
    whole = header.union(*(words for _, words in read))
    return list(items) if all(side & whole for side in own) else []


def _points_by_document(ranked: Sequence[Evidence]) -> Points:
    """A group for each of the two documents with the most relevant units, the older first; where
    these are of one document, what its best unit announces, or the best points."""
    near = close_to_best(ranked)
    documents = list(dict.fromkeys(each.candidate.document.id for each in near))
    if len(documents) < 2:
        announced = announced_by_best(ranked)
        return one_group(announced) if announced else best_points(ranked)
    groups = []
    published = {each.candidate.document.id: each.candidate.document.published for each in ranked}
    for id in sorted(documents[:2], key=lambda id: published[id] or ""):
        own = [each for each in ranked if each.candidate.document.id == id]
        groups.append(PointGroup(own[0].candidate.document.title, tuple(_best_of_side(own))))
    return Points(tuple(groups))


def _source_of(ranked: Sequence[Evidence]) -> str:
    """What the documents say that was found, with their titles and names."""
    documents = {each.candidate.document.id: each.candidate.document for each in ranked}
    heads = (
        f"{id} {each.title} {each.text[: EXTRACTIVE.head_chars]}" for id, each in documents.items()
    )
    return "\n".join([*heads, *(each.candidate.in_context() for each in ranked)])


def _said_of(evidence: Evidence) -> set[str]:
    """The words of a unit, its headings, what it leans on and whoever speaks, the title aside."""
    unit = evidence.candidate.unit
    speech = speeches(evidence.candidate.document.text).get(unit)
    speaker = speech.speaker if speech and speech.speaker not in unit.headings else ""
    said = [*unit.headings[1:], unit.leans_on, speaker, evidence.candidate.text]
    return words_and_names(" ".join(said))


def _document_words(evidence: Evidence) -> set[str]:
    """The words by which a whole document may be meant: of its title, its name and its head."""
    document = evidence.candidate.document
    name = re.sub(r"\W", " ", document.id)
    return words_and_names(f"{document.title} {name} {document.text[: EXTRACTIVE.head_chars]}")


def comparison_sides(question: str, source: str) -> list[str]:
    """The two things that a question compares: of the words on either side of a connecting word, up
    to a stop word or a comma, the longest run that `source` has as well; none where that is not
    plain."""
    words = re.findall(r"[\w’'&-]+|[^\w\s]+", question.replace(" - ", " , ").replace("vs.", "vs"))
    lowered = source.lower()
    for connector in _CONNECTORS:
        for place, word in enumerate(words):
            if word.lower() == connector:
                left = _side(words[:place][::-1], lowered, backwards=True)
                right = _side(words[place + 1 :], lowered)
                if left and right and words_and_names(left) != words_and_names(right):
                    return [left, right]
    return []


def _side(words: Sequence[str], source: str, *, backwards: bool = False) -> str:
    """The longest run of words of the source among the first that are no stop words, articles and
    words such as "compared" before them aside; of equal ones a name or figure, and then the first.
    `backwards` are words that stand in the opposite order."""
    start = next((n for n, word in enumerate(words) if _may_name_side(word)), len(words))
    if any(not word.isalnum() for word in words[:start]):
        return ""
    run = list(takewhile(lambda word: word[0].isalnum() and _may_name_side(word), words[start:]))
    parts = [run[first:end] for end in range(len(run) + 1) for first in range(end)]
    texts = [(" ".join(part[::-1] if backwards else part), len(part)) for part in parts]
    known = [(text, size) for text, size in texts if text.lower() in source]
    return max(known, key=lambda each: (each[1], not each[0][0].islower()), default=("", 0))[0]


def _may_name_side(word: str) -> bool:
    return bool(words_and_names(word)) and word.lower() not in cue_words("comparison")
