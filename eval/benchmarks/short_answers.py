"""Shortens an answer by rules to the few words that a quiz would print.

For answers that came without them (`rag.types.Answer.short`). By rules: what a question asks for is
what its answer adds to it. Of the runs of words that the question does not have, the one is taken
that is most like the kind asked for (by MiniLM, where it is given), a name, and near to the
question's own words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from rag import split_sentences
from rag.internals import (
    DATE_WORDS,
    STOP_WORDS,
    content_stem,
    content_stems,
    expected_answer_type,
    find_quantities,
    name_keys,
)

_MARKER = re.compile(r"\s*\[\d+(?:,\s*\d+)*\]")
_TOKEN = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\w+(?:[.'’&-]\w+)*(?:\.(?=\w))?|[^\w\s]")
_INNER = frozenset({"of", "the", "and", "&", "for", "de", "la", "von", "van", "del"})
_ADDRESS = re.compile(r"\b(?:Rep|Sen|Gov|Dr|Mr|Mrs|Ms|Gen|Lt|Sgt|Prof)\.\s")
_ASKED = re.compile(
    r"\b(?:which|what)(?: of the following| is the name of (?:the|a|an))?((?: [\w’'-]+){1,3})",
    re.IGNORECASE,
)
_PLACE = re.compile(r"^where\b|\bwhere\b[^.?]*\?\s*$", re.IGNORECASE)
_DATES = DATE_WORDS | frozenset("jan feb mar apr jun jul aug sep sept oct nov dec".split())
_SPEECH = frozenset("said says told according announced reported added wrote".split())
_TITLE = re.compile(r"[“\"‘']([^”\"’]{2,60})[”\"’]")
_TITLED = re.compile(
    r"\b(?:film|movie|show|series|song|album|book|novel|play|musical|slogan|motto|dress code)\b"
)
_YEAR = re.compile(r"\b[12]\d{3}\b")
_TIME = re.compile(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:january|february|march|april|may|june"
    r"|july|august|september|october|november|december)\b(?: \d{1,2}\b)?(?:,? [12]\d{3})?"
    r"|[12]\d{3}|today|yesterday|tomorrow)\b",
    re.IGNORECASE,
)
_NEAR_WORDS = 12  # further from the question's words, all runs are equally far

Similarity = Callable[[str, Sequence[str]], Sequence[float]]  # of one text with each of some


@dataclass(frozen=True, slots=True)
class _Run:
    """Words in a row that the question lacks, by their places among the answer's words."""

    text: str
    start: int
    end: int
    named: bool


def extract_short_answer(question: str, answer: str, liken: Similarity | None = None) -> str:
    """The words of `answer` that answer `question`; "" for an answer without words."""
    sentence = _first(_MARKER.sub("", answer))
    kind = expected_answer_type(question)
    verdict = re.match(r"(yes|no)\b", sentence, re.IGNORECASE)
    if kind == "yes-no" and verdict:
        return verdict[1]
    found = ""
    if kind == "number":
        found = _amount(question, sentence)
    elif kind == "year":
        found = _last(_YEAR, question, sentence)
    elif kind == "time":
        found = _last(_TIME, question, sentence)
    elif _TITLED.search(question.lower()):
        found = _last(_TITLE, question, sentence)
    return found or _added(question, sentence, liken) or sentence.strip(" .")


def _first(answer: str) -> str:
    return next((answer[start:end] for start, end in split_sentences(answer)), answer)


def _last(pattern: re.Pattern[str], question: str, sentence: str) -> str:
    """The last match that the question does not have."""
    found = [match[match.lastindex or 0] for match in pattern.finditer(sentence)]
    return next((each for each in reversed(found) if each.lower() not in question.lower()), "")


def _amount(question: str, sentence: str) -> str:
    """The amount that the question lacks and that stands nearest to its words, in digits and
    without the words of the question: "16" for "sixteen years" where it asks "How many years"."""
    values = {round(each.value, 6) for each in find_quantities(question)}
    found = [q for q in find_quantities(sentence) if round(q.value, 6) not in values]
    places = [m.start() for m in re.finditer(r"\w+", sentence) if _known(m[0], _stems(question))]
    nearest = min(
        found, key=lambda q: min((abs(q.end - place) for place in places), default=0), default=None
    )
    if nearest is None:
        return ""
    words = [w for w in re.split(r"[\s-]+", nearest.text) if not _known(w, _stems(question))]
    return f"{nearest.value:g}" if len(words) == 1 and words[0].isalpha() else " ".join(words)


def _added(question: str, sentence: str, liken: Similarity | None) -> str:
    tokens = _TOKEN.findall(_ADDRESS.sub("", sentence))
    stems = _stems(question)
    known = [place for place, token in enumerate(tokens) if _known(token, stems)]
    runs = list(_runs(tokens, stems))
    if not runs:
        return ""
    if liken is None:
        runs = [run for run in runs if run.named] or runs
    alike = (
        liken(_wanted_kind(question), [run.text for run in runs]) if liken else [0.0] * len(runs)
    )
    worths = [
        likeness + run.named - _distance(run, known, tokens) / _NEAR_WORDS
        for run, likeness in zip(runs, alike, strict=True)
    ]
    return runs[max(range(len(runs)), key=lambda n: (worths[n], -n))].text


def _wanted_kind(question: str) -> str:
    """What a question asks for, in words: "Chinese city"."""
    last = re.split(r"(?<=[.!?]) ", question.strip())[-1]
    if expected_answer_type(last) == "person":
        return "person"
    if _PLACE.search(last):
        return "place, city, country"
    found = _ASKED.search(last)
    words = takewhile(lambda w: w.lower() not in STOP_WORDS, found[1].split() if found else [])
    return " ".join(words) or last


def _stems(question: str) -> frozenset[str]:
    words = re.findall(r"[^\W_]+", question)
    return frozenset(
        [*content_stems(question), *(w.lower() for w in words)]
        + [key for word in words if word[0].isupper() for key in name_keys(word)]
    )


def _known(token: str, stems: frozenset[str]) -> bool:
    token = re.sub(r"['’]s$", "", token)
    if token.lower() in STOP_WORDS:
        return False
    stem = content_stem(token)
    named = token[:1].isupper() and bool(name_keys(token) & stems)
    return bool(stem and stem in stems) or token.lower() in stems or named


def _runs(tokens: Sequence[str], stems: frozenset[str]) -> Iterator[_Run]:
    """Runs of names, with the small words inside them, and runs of other new words."""
    place = 0
    while place < len(tokens):
        end = _end(tokens, place, stems)
        if end > place:
            words = tokens[place:end]
            named = _is_name(words[0], place)
            yield _Run(_joined(words), place, end, named)
        place = max(end, place + 1)


def _end(tokens: Sequence[str], start: int, stems: frozenset[str]) -> int:
    if not _new(tokens[start], stems):
        return start
    named = _is_name(tokens[start], start)
    end = start + 1
    while end < len(tokens):
        gap = end
        while named and gap < len(tokens) and tokens[gap].lower() in _INNER and gap - end < 2:
            gap += 1
        more = gap < len(tokens) and _is_name(tokens[gap], gap) == named
        if not more or not (_new(tokens[gap], stems) or (named and gap == end)):
            break
        end = gap + 1
    return end


def _new(token: str, stems: frozenset[str]) -> bool:
    is_word = token[:1].isalpha() and token.lower() not in STOP_WORDS | _DATES
    return is_word and not _known(token, stems)


def _is_name(token: str, place: int) -> bool:
    return token[:1].isupper() and token.lower() not in STOP_WORDS


def _joined(words: Sequence[str]) -> str:
    return re.sub(r"['’]s$", "", " ".join(words))


def _distance(run: _Run, known: Sequence[int], tokens: Sequence[str]) -> float:
    """Words between the run and the question's nearest; more for who only said it."""
    gaps = [run.start - place if place < run.start else place - run.end + 1 for place in known]
    near = sorted(min(gap, _NEAR_WORDS) for gap in gaps)[:2]
    around = {token.lower() for token in tokens[max(run.start - 2, 0) : run.end + 2]}
    return sum(near) / (len(near) or 1) + _NEAR_WORDS * bool(around & _SPEECH)
