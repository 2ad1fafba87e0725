"""What somebody said about something: the units with his words, or that tell of him."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from rag.answering.points import Points, close_to_best, one_group
from rag.models.token_embeddings import TokenEncoder
from rag.retrieval.unit_ranking import Candidate, Evidence, in_document_order, rank_units
from rag.text.countries import country_of_capital
from rag.text.names import COMMON_NAME_WORDS, words_and_names
from rag.text.speakers import Speech, speeches
from rag.text.tokens import without_possessive
from rag.text.units import Unit, parse_units
from rag.thresholds import EVIDENCE, EXTRACTIVE
from rag.types import Document, Span

_FROM = frozenset(["of", "from", "in", "at"])  # before a name that tells where somebody is from


def speech_on_topic(
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
    named = _asked_speaker(question, list(dict.fromkeys(each.speaker for each in spoken.values())))
    known_as = {alias for each in documents for alias in _titles_of(set(named), each.text)}
    least = EXTRACTIVE.min_speaker_share * _weight(named, set(named))
    theirs = [
        candidate
        for candidate, speech in spoken.items()
        for words in [words_and_names(speech.speaker)]
        if named and (_weight(named, words) >= least or known_as & words)
    ]
    topic = " ".join(word for word in question.split() if not _keys_of(word) & named.keys())
    ranked = rank_units(topic, theirs[: EVIDENCE.max_units], encoder)
    malus = EXTRACTIVE.account_malus
    weighed = [
        each
        if spoken[each.candidate].has_words
        else replace(each, relevance=each.relevance - malus)
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
        for key in _keys_of(word):
            weights.setdefault(key, (first, weight))
    named = [words & weights.keys() for words in map(words_and_names, speakers)]
    best = max(
        named, key=lambda keys: (_weight(weights, keys), -_first(weights, keys)), default=set()
    )
    # Where the likeliest name is none of them, nothing is known of the one who is asked about.
    highest = max((weight for _, weight in weights.values()), default=0.0)
    is_known = any(weights[key][1] == highest for key in best)
    names = {weights[key] for key in best}
    return {key: each for key, each in weights.items() if is_known and each in names}


def _keys_of(word: str) -> set[str]:
    """The keys of a word of a question; of a capital also those of the country, whose government it
    may stand for."""
    capital = without_possessive(re.sub(r"\W+$", "", word)).lower()
    return words_and_names(word) | words_and_names(country_of_capital(capital).title())


def _weight(named: _Asked, words: Collection[str]) -> float:
    """Of the names of which one of the words is a part."""
    return sum(dict(named[word] for word in named.keys() & set(words)).values())


def _first(asked: _Asked, words: Collection[str]) -> int:
    return min((asked[word][0] for word in words), default=0)


def _titles_of(names: set[str], text: str) -> set[str]:
    """The words of rank or office before a name, "President" before "Ruiz": "the president" speaks
    for him too."""
    found = re.findall(r"\b([A-Z][a-z]+) (?:[A-Z][a-z]+ )?([A-Z][\w’'-]+)", text)
    return {
        key
        for title, name in found
        if names & words_and_names(name) and f"the {title.lower()}" in text.lower()
        for key in words_and_names(title.lower())
    }


def statement_points(ranked: Sequence[Evidence]) -> Points:
    """The most relevant of what a speaker says, each with what he says beside it."""
    chosen: dict[Span, Evidence] = {}
    for each in close_to_best(ranked, EXTRACTIVE.close_to_best_statement):
        if len(chosen) >= EXTRACTIVE.max_statement_points:
            break
        chosen |= {one.span: one for one in _with_speech(each) if one.span not in chosen}
    return one_group(
        in_document_order(list(chosen.values())[: EXTRACTIVE.max_quoted]), by_form=True
    )


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
