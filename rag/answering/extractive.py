"""Answers made of units of the documents, without a language model.

A broad question (a list, a summary, what somebody said, a comparison, a reason) is answered by
several units, each cited as it stands; the kind of answer that is wanted decides which.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from rag.answering.points import PointGroup, Points
from rag.checking.question_match import unknown_names
from rag.models.token_embeddings import TokenEncoder
from rag.query.answer_type import expected_answer_type
from rag.query.plan import QueryPlan
from rag.query.question_kind import AnswerKind
from rag.retrieval.diversity import choose_diverse
from rag.retrieval.unit_ranking import (
    Candidate,
    Evidence,
    in_document_order,
    rank_units,
    units_of_hits,
)
from rag.store.documents import Library
from rag.text.names import COMMON_NAME_WORDS, find_names, name_keys
from rag.text.speakers import Speech, speeches
from rag.text.tokens import content_keys
from rag.text.units import Unit, parse_units
from rag.thresholds import EVIDENCE, EXTRACTIVE
from rag.types import Document, Hit, Span

# What may stand between the two sides of a comparison, the surest first.
_CONNECTORS = ("versus", "vs", "or", "than", "and", "to", "from", "with")
_FROM = frozenset(["of", "from", "in", "at"])  # before a name that tells where somebody is from

POINT_KINDS = frozenset(["list", "statement", "comparison", "explanation", "keyword"])
"""Kinds of answer that are made of points."""
LEAD_KINDS = frozenset(["explanation", "keyword"])
"""Those of them that begin with a direct answer."""


@dataclass(frozen=True, slots=True)
class ExtractiveComposer:
    """Composes answers of units from one library."""

    library: Library
    encoder: TokenEncoder

    def compose(self, plan: QueryPlan, hits: Sequence[Hit]) -> Points:
        """The points that answer, of the units of the best hits; none where they have none of the
        kind that is wanted, and where the question names someone whom no document found knows.

        Raises `LibraryError` and `ModelFileError`.
        """
        candidates = units_of_hits(hits, self.library, EVIDENCE.max_units)
        documents = {each.document.id: each.document for each in candidates}
        if unknown_names(plan.standalone, _whole_text(documents.values())):
            return Points()
        if plan.kind == "statement":
            ranked = _speech_on_topic(plan.standalone, list(documents.values()), self.encoder)
            if ranked:
                return _statement_points(ranked)
        ranked = rank_units(plan.standalone, candidates, self.encoder, plan.context)
        return choose_points(plan.kind, plan.standalone, ranked)

    def supporting_points(
        self,
        plan: QueryPlan,
        hits: Sequence[Hit],
        cited: Collection[Span],
        told: Collection[Span],
    ) -> Points:
        """The units that complete an answer, of the documents that it cites: what is cited and not
        `told`, and what is about as relevant as the best; where a number, a time or a person is
        asked for only what a cited unit leans on or what leans on it, such as the rate that "was
        later raised". Raises `LibraryError` and `ModelFileError`."""
        candidates = units_of_hits(hits, self.library, EVIDENCE.max_units)
        ids = {span.document_id for span in cited}
        ranked = rank_units(plan.standalone, candidates, self.encoder, plan.context)
        own = [each for each in ranked if any(s.overlaps(each.span) for s in cited)]
        leads = {each.candidate.unit.leans_on for each in own}
        texts = {each.candidate.text for each in own}
        is_open = expected_answer_type(plan.standalone) in ("other", "yes-no")
        close = [
            each
            for each in close_to_best(ranked, EXTRACTIVE.close_to_best_supporting)
            if each.relevance >= EXTRACTIVE.min_relevance_supporting
            and (is_open or each.candidate.text in leads or each.candidate.unit.leans_on in texts)
        ]
        near = [
            each
            for each in {each.span: each for each in [*own, *close]}.values()
            if each.span.document_id in ids and not any(s.overlaps(each.span) for s in told)
        ]
        return _one_group(in_document_order(near[: EXTRACTIVE.max_supporting]))

    def near_points(self, plan: QueryPlan, hits: Sequence[Hit], points: Points) -> Points:
        """Those of the points that are about as relevant as the best unit of the hits: beside a
        direct answer, the others are beside the point. Raises `LibraryError` and
        `ModelFileError`."""
        own = [each.candidate for group in points.groups for each in group.evidence]
        candidates = [*own, *units_of_hits(hits, self.library, EVIDENCE.max_units)]
        ranked = rank_units(plan.standalone, candidates, self.encoder, plan.context)
        near = {each.span for each in close_to_best(ranked, EXTRACTIVE.close_to_best_near)}
        groups = (
            replace(group, evidence=tuple(e for e in group.evidence if e.span in near))
            for group in points.groups
        )
        return replace(points, groups=tuple(groups))

    def closest_points(self, plan: QueryPlan, hits: Sequence[Hit]) -> Points:
        """The few most relevant units. Raises `LibraryError` and `ModelFileError`."""
        candidates = units_of_hits(hits, self.library, EVIDENCE.max_units)
        ranked = rank_units(plan.standalone, candidates, self.encoder, plan.context)
        return _one_group(close_to_best(ranked)[: EXTRACTIVE.max_closest])


def choose_points(kind: AnswerKind, question: str, ranked: Sequence[Evidence]) -> Points:
    """The points that answer, of evidence ranked for the question, most relevant first."""
    return _CHOOSERS.get(kind, _best_points)(question, ranked) if ranked else Points()


def _whole_text(documents: Iterable[Document]) -> str:
    return " ".join(f"{document.title} {document.text}" for document in documents)


def close_to_best(
    ranked: Sequence[Evidence], share: float = EXTRACTIVE.close_to_best
) -> list[Evidence]:
    """The evidence with this share of the relevance of the first."""
    least = share * ranked[0].relevance if ranked else 0.0
    return [each for each in ranked if each.relevance >= least]


def _best_points(question: str, ranked: Sequence[Evidence]) -> Points:
    """A few relevant and different units, as they follow in their documents: what points back is
    read after what it points to."""
    chosen = choose_diverse(close_to_best(ranked), EXTRACTIVE.max_points)
    return _one_group(in_document_order(chosen))


def _one_group(evidence: Sequence[Evidence], heading: str = "", *, by_form: bool = False) -> Points:
    return Points((PointGroup(heading, tuple(evidence)),), by_form) if evidence else Points()


# --- lists ------------------------------------------------------------------------------------


def _list_points(question: str, ranked: Sequence[Evidence]) -> Points:
    """The list or table that answers, whole and in its order; where there is none, every unit that
    is about as relevant as the best, in the order of the documents."""
    items = max(_lists(ranked), key=_mean_relevance, default=[])
    if items and _mean_relevance(items) >= ranked[0].relevance - EXTRACTIVE.list_advantage:
        return _whole_list(items)
    running = [each for each in ranked if each.candidate.is_running_text] or ranked
    if announced := _announced(running):
        return _one_group(announced)
    chosen = choose_diverse(close_to_best(running), EXTRACTIVE.max_loose_items)
    return _one_group(in_document_order(chosen))


def _lists(ranked: Sequence[Evidence]) -> list[list[Evidence]]:
    """The lists and tables among the evidence, of two items or more: each with its items, best
    first, the list of the best item first."""
    lists: dict[tuple[str, int], list[Evidence]] = {}
    for each in ranked:
        number = each.candidate.unit.list_number
        if number is not None:
            lists.setdefault((each.candidate.document.id, number), []).append(each)
    return [items for items in lists.values() if len(items) > 1]


def _mean_relevance(evidence: Sequence[Evidence]) -> float:
    """A list answers as a whole: that one of its items is relevant says little."""
    return sum(each.relevance for each in evidence) / len(evidence)


def _whole_list(items: Sequence[Evidence]) -> Points:
    """The list or table that these items are from, with those that were not ranked because there
    are so many; from `max_list_items` on they are left out, and the heading says so."""
    last = items[-1]
    document, listed = last.candidate.document, last.candidate.unit
    ranked = {each.candidate.unit: each for each in items}
    units = [
        unit
        for unit in parse_units(document.text)
        if unit.list_number == listed.list_number and unit.is_evidence
    ]
    heading = listed.leans_on if listed.role == "item" else ""
    if len(units) > EXTRACTIVE.max_list_items:
        heading = f"{heading} ({EXTRACTIVE.max_list_items} of {len(units)})".strip()
    whole = [
        ranked.get(unit) or replace(last, candidate=replace(last.candidate, unit=unit))
        for unit in units[: EXTRACTIVE.max_list_items]
    ]
    return _one_group(whole, heading, by_form=True)


def _announced(ranked: Sequence[Evidence]) -> list[Evidence]:
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


# --- reasons ----------------------------------------------------------------------------------


def _explanation_points(question: str, ranked: Sequence[Evidence]) -> Points:
    """The best unit and others of its document, in its order: those that are relevant by themselves
    and by what stands beside them in the paragraph, since a reason is often given in the
    sentence that follows."""
    own = {
        each.candidate.unit: each
        for each in ranked
        if each.span.document_id == ranked[0].span.document_id
    }
    units = parse_units(ranked[0].candidate.document.text)

    def relevance(place: int) -> float:
        unit = units[place]
        beside = [
            own[other].relevance * weight
            for other, weight in (
                (units[place - 1], EXTRACTIVE.before_weight),
                (units[(place + 1) % len(units)], EXTRACTIVE.after_weight),
            )
            if other in own and other.paragraph == unit.paragraph
        ]
        return own[unit].relevance + max(beside, default=0.0)

    scored = {unit: relevance(place) for place, unit in enumerate(units) if unit in own}
    first = ranked[0].candidate.unit  # what is explained, or the reason itself
    best = sorted(scored, key=lambda unit: (unit != first, -scored[unit]))[: EXTRACTIVE.max_points]
    return _one_group(in_document_order(own[unit] for unit in best))


# --- statements -------------------------------------------------------------------------------


def _speech_on_topic(
    question: str, documents: Sequence[Document], encoder: TokenEncoder
) -> list[Evidence]:
    """What the speaker who is asked about says in these documents, ranked for the rest of the
    question, their own words before what is told of them; nothing where nobody who speaks has a
    word of the question to his name."""
    spoken = {
        Candidate(document, unit): speech
        for document in documents
        for unit, speech in speeches(document.text).items()
        if unit.is_evidence
    }
    asked = _asked_speaker(question, list(dict.fromkeys(each.speaker for each in spoken.values())))
    known_as = {alias for each in documents for alias in _titles_of(set(asked), each.text)}
    least = EXTRACTIVE.min_speaker_share * _weight(asked, set(asked))
    theirs = [
        candidate
        for candidate, speech in spoken.items()
        for words in [words_of(speech.speaker)]
        if asked and (_weight(asked, words) >= least or known_as & words)
    ]
    topic = " ".join(word for word in question.split() if not words_of(word) & asked.keys())
    ranked = rank_units(topic, theirs[: EVIDENCE.max_units], encoder)
    told = EXTRACTIVE.told_malus
    weighed = [
        each if spoken[each.candidate].has_words else replace(each, relevance=each.relevance - told)
        for each in ranked
    ]
    return sorted(weighed, key=lambda each: (-each.relevance, each.span))


_Asked = Mapping[str, tuple[int, float]]
"""Of each word by which somebody is asked about: the place of its name, and its weight."""


def _asked_speaker(question: str, speakers: Sequence[str]) -> _Asked:
    """The words by which the question names one of the speakers: a question names the speaker
    before the subject, so that an early word counts for more, and a name for more than a word,
    unless it only tells where somebody is from."""
    weights: dict[str, tuple[int, float]] = {}
    first, was_name, before = 0, False, ""
    words = question.split()
    for place, word in enumerate(words, start=1):
        is_name = place > 1 and word[0].isupper() and before not in _FROM
        following = words[place] if place < len(words) else ""
        if is_name and word.lower() in COMMON_NAME_WORDS and following[:1].isupper():
            continue  # "Mr" and "Professor" stand before other names too
        if not (is_name and was_name):  # all words of one name are one
            first = place
        was_name, before = is_name, word
        weight = (EXTRACTIVE.name_weight if is_name else 1.0) / first
        for key in words_of(word):
            weights.setdefault(key, (first, weight))
    named = [words & weights.keys() for words in map(words_of, speakers)]
    best = max(named, key=lambda keys: _weight(weights, keys), default=set())
    # Where the likeliest name is none of them, nothing is known of the one who is asked about.
    highest = max((weight for _, weight in weights.values()), default=0.0)
    is_known = any(weights[key][1] == highest for key in best)
    names = {weights[key] for key in best}
    return {key: each for key, each in weights.items() if is_known and each in names}


def _weight(asked: _Asked, words: Collection[str]) -> float:
    """Of the names of which one of the words is a part."""
    return sum(dict(asked[word] for word in asked.keys() & set(words)).values())


def _titles_of(names: set[str], text: str) -> set[str]:
    """The words of rank or office before a name, "President" before "Ruiz": "the president" speaks
    for him too."""
    found = re.findall(r"\b([A-Z][a-z]+) (?:[A-Z][a-z]+ )?([A-Z][\w’'-]+)", text)
    return {
        key
        for title, name in found
        if names & words_of(name) and f"the {title.lower()}" in text.lower()
        for key in words_of(title.lower())
    }


def _statement_points(ranked: Sequence[Evidence]) -> Points:
    """The most relevant of what a speaker says, each with what he says beside it."""
    chosen: dict[Span, Evidence] = {}
    for each in close_to_best(ranked, EXTRACTIVE.close_to_best_statement):
        if len(chosen) >= EXTRACTIVE.max_statement_points:
            break
        chosen |= {one.span: one for one in _with_speech(each) if one.span not in chosen}
    return _one_group(
        in_document_order(list(chosen.values())[: EXTRACTIVE.max_quoted]), by_form=True
    )


def words_of(text: str) -> set[str]:
    """Stems of the words, the numbers and the keys of the names of a text."""
    names = (name.text for name in find_names(f". {text}"))
    return content_keys(text) | {key for name in names for key in name_keys(name)}


def _with_speech(evidence: Evidence) -> list[Evidence]:
    """A unit with those of its paragraph around it in which the same speaker goes on."""
    candidate = evidence.candidate
    units, spoken = parse_units(candidate.document.text), speeches(candidate.document.text)
    own = spoken.get(candidate.unit)
    if own is None:
        return [evidence]
    place = units.index(candidate.unit)
    first, last = place, place
    while first and _goes_on(units[first - 1], candidate.unit, own, spoken):
        first -= 1
    while last + 1 < len(units) and _goes_on(units[last + 1], candidate.unit, own, spoken):
        last += 1
    return [
        replace(evidence, candidate=Candidate(candidate.document, unit, candidate.hit_score))
        for unit in units[first : last + 1]
    ]


def _goes_on(unit: Unit, of: Unit, own: Speech, spoken: Mapping[Unit, Speech]) -> bool:
    speech = spoken.get(unit)
    same = speech is not None and speech.speaker == own.speaker
    return same and unit.is_evidence and unit.paragraph == of.paragraph


# --- comparisons ------------------------------------------------------------------------------


def _comparison_points(question: str, ranked: Sequence[Evidence]) -> Points:
    """A table or list that has both sides; else the most relevant units that name both, and a group
    for each side. Where the question names no sides, a group for each of two documents."""
    sides = comparison_sides(question, _source_of(ranked))
    if not sides:
        return _points_by_document(question, ranked)
    ours, theirs = map(words_of, sides)
    own = (ours - theirs or ours, theirs - ours or theirs)
    for items in _lists(ranked):
        rows = _rows_of_sides(items, own)
        if rows and _mean_relevance(rows) >= ranked[0].relevance - EXTRACTIVE.list_advantage:
            return _one_group(in_document_order(rows), by_form=True)
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
    if not both and not all(group.evidence for group in groups):
        return _points_by_document(question, ranked)
    return Points(tuple(group for group in groups if group.evidence), by_form=True)


def _best_of_side(about: Sequence[Evidence]) -> list[Evidence]:
    near = close_to_best(about, EXTRACTIVE.close_to_best_side)
    return in_document_order(choose_diverse(near, EXTRACTIVE.max_points_a_side))


def _rows_of_sides(items: Sequence[Evidence], own: Sequence[set[str]]) -> list[Evidence]:
    """The rows that name a side where each has a row of its own, the whole list where one of its
    rows or its header names both; nothing where a side is not in it."""
    header = words_of(items[0].candidate.unit.leans_on)
    read = [(each, words_of(each.candidate.text)) for each in items]
    naming = [[each for each, words in read if side & words] for side in own]
    if all(naming) and not any(each in naming[1] for each in naming[0]):
        return [*naming[0], *naming[1]]
    whole = header.union(*(words for _, words in read))
    return list(items) if all(side & whole for side in own) else []


def _points_by_document(question: str, ranked: Sequence[Evidence]) -> Points:
    """A group for each of the two documents with the most relevant units, the older first; the
    best points where these are of one document."""
    near = close_to_best(ranked)
    documents = list(dict.fromkeys(each.candidate.document.id for each in near))
    if len(documents) < 2:
        return _best_points(question, ranked)
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
    return words_of(" ".join(said))


def _document_words(evidence: Evidence) -> set[str]:
    """The words by which a whole document may be meant: of its title, its name and its head."""
    document = evidence.candidate.document
    name = re.sub(r"\W", " ", document.id)
    return words_of(f"{document.title} {name} {document.text[: EXTRACTIVE.head_chars]}")


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
                if left and right and words_of(left) != words_of(right):
                    return [left, right]
    return []


def _side(words: Sequence[str], source: str, *, backwards: bool = False) -> str:
    """The longest run of words of the source among the first that are no stop words, articles
    before them aside; of equal ones a name or figure, and then the first. `backwards` are words
    that stand in the opposite order."""
    start = next((n for n, word in enumerate(words) if words_of(word)), len(words))
    if any(not word.isalnum() for word in words[:start]):
        return ""
    run = list(takewhile(lambda word: word[0].isalnum() and words_of(word), words[start:]))
    parts = [run[first:end] for end in range(len(run) + 1) for first in range(end)]
    texts = [(" ".join(part[::-1] if backwards else part), len(part)) for part in parts]
    known = [(text, size) for text, size in texts if text.lower() in source]
    return max(known, key=lambda each: (each[1], not each[0][0].islower()), default=("", 0))[0]


_CHOOSERS: Mapping[AnswerKind, Callable[[str, Sequence[Evidence]], Points]] = {
    "list": _list_points,
    "explanation": _explanation_points,
    "comparison": _comparison_points,
}
