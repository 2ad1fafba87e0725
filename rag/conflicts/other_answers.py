"""Asks a small model whether other sources answer the question differently.

The question that was answered is put to sentences of other documents too, each in its context:
does this answer, and in which words? Where another sentence answers in words that cannot be right
as well, the two contradict each other. This finds what `pair_scorer` cannot see by the wording,
but it needs the question and a model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from rag.answering.model_requests import ask_if_answered, ask_short_answer, ask_yes_or_no
from rag.checking.answerability import Answerability
from rag.checking.question_match import is_plausible_short_answer, short_answer_overlap
from rag.conflicts.comparison import SentenceInContext
from rag.conflicts.contradictions import Contradiction
from rag.conflicts.differences import Difference, find_differences
from rag.events import ModelCalled
from rag.query.answer_type import expected_answer_type, has_answer_type
from rag.text.bounds import bound_before
from rag.text.dates import DATE_WORDS, find_years
from rag.text.language import STOP_WORDS
from rag.text.names import COMMON_NAME_WORDS
from rag.text.quantities import find_quantities
from rag.text.tokens import WORD, content_stems
from rag.thresholds import CONFLICTS
from rag.types import ChatModel, Passage

# A sentence about a change contradicts nobody who wrote before it, nor does one that says how far a
# count has come.
_UPDATE = re.compile(
    r"\b(?:no longer|bring(?:s|ing)|revis\w+|correct(?:s|ed|ing|ion)|updat\w+|lift(?:s|ed|ing)"
    r"|revers(?:e[sd]?|ing)|withdr[ae]w\w*|postpon\w+|put back|originally|initially|earlier"
    r"|previously|so far|final (?:results?|count|tally|toll|figures?)|precincts? report\w+"
    r"|(?:votes|ballots|precincts)(?: \w+){0,2} (?:counted|in)"
    r"|(?:raised?|moved|changed|rescheduled|lowered)(?: \w+){0,12} (?:to|from))\b",
    re.IGNORECASE,
)
# What has several right answers.
_SEVERAL = re.compile(
    r"\b(?:differences?|examples|reasons|ways|types|kinds|causes|benefits|symptoms|advantages"
    r"|disadvantages|effects|factors)\b",
    re.IGNORECASE,
)
# "2) Rye and barley.": an item of a list is one answer of several.
_ITEM = re.compile(r"\W*\d{1,2}(?:\s*[.):]\s*|\s{2,})[^\W\d]")


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """How the question was answered: from which sentence, in which words (None for a "yes" or
    "no", and where the model found none), and how sure the model is that the sentence answers,
    0..1."""

    own: SentenceInContext
    short: str | None
    p_answered: float


def find_contradictions(
    question: str,
    given: GivenAnswer,
    others: Iterable[SentenceInContext],
    model: ChatModel,
    answerability: Answerability,
) -> Iterator[ModelCalled | Contradiction]:
    """The calls of the model about the likeliest of `others`, sentences of other documents with the
    best first, and each contradiction after the calls that found it."""
    kind = expected_answer_type(question)
    several = kind == "other" and _SEVERAL.search(question)  # but "how many types" has one answer
    if several or _contradicts_nobody(given.own.cited.quote):
        return
    likeliest = _likeliest(question, given, others, answerability)
    if kind == "yes-no":
        yield from _other_verdicts(question, given, likeliest, model)
    elif given.short:  # a description without its few words cannot be compared with others
        yield from _other_wordings(question, given, given.short, likeliest, model)


def _likeliest(
    question: str,
    given: GivenAnswer,
    others: Iterable[SentenceInContext],
    answerability: Answerability,
) -> list[SentenceInContext]:
    """Those that could answer the question, of articles that do not answer it alike."""
    kind = expected_answer_type(question)
    candidates = (
        each
        for each in others
        if has_answer_type(kind, each.cited.quote)
        and _overlap(given.own.text, each.text) >= CONFLICTS.min_word_overlap
        and not _contradicts_nobody(each.cited.quote)
        and not (given.short and _answers_alike(question, given.short, each))
        and not _of_another_year(question, given.own.cited.quote, each.cited.quote)
    )
    scored = [
        (answerability.max_sim(question, [each.text]), each)
        for each in islice(candidates, CONFLICTS.max_read)
    ]
    likely = sorted(
        (pair for pair in scored if pair[0] >= CONFLICTS.min_max_sim), key=lambda pair: -pair[0]
    )
    return [each for _, each in likely[: CONFLICTS.max_asked]]


def _contradicts_nobody(quote: str) -> bool:
    return bool(_UPDATE.search(quote) or _ITEM.match(quote))


def _of_another_year(question: str, first: str, second: str) -> bool:
    """True where a sentence names a year and the other does not, or another, and that is not what
    is asked for: it is about what was before."""
    if expected_answer_type(question) in ("time", "year"):
        return False
    ours, theirs = (find_years(each) for each in (first, second))
    return bool((ours ^ theirs) - find_years(question))


def _overlap(first: str, second: str) -> float:
    """The overlap coefficient of two texts' words, 0..1 (Szymkiewicz-Simpson)."""
    ours, theirs = set(content_stems(first)), set(content_stems(second))
    return len(ours & theirs) / (min(len(ours), len(theirs)) or 1)


def _answers_alike(question: str, short: str, sentence: SentenceInContext) -> bool:
    """True when the article answers in these words too: it contradicts nobody who does."""
    return any(
        short_answer_overlap(question, short, each) == 1.0
        for each in (*sentence.article, sentence.text)
    )


def _passage(sentence: SentenceInContext) -> Passage:
    cited = sentence.cited
    return Passage(cited.number, cited.span, sentence.text, "", "", 0.0)


# --- in which words ---------------------------------------------------------------------------


def _other_wordings(
    question: str,
    given: GivenAnswer,
    ours: str,
    others: Sequence[SentenceInContext],
    model: ChatModel,
) -> Iterator[ModelCalled | Contradiction]:
    """Those that answer in words that cannot be right beside `ours`."""
    for other in others:
        consulted = ask_if_answered(question, [_passage(other)], model)
        yield consulted
        if (consulted.probability or 0.0) < CONFLICTS.min_p_answered:
            continue
        consulted = ask_short_answer(question, [_passage(other)], model)
        yield consulted
        theirs = consulted.reply.strip()
        if not is_plausible_short_answer(question, theirs, other.cited.quote):
            continue
        difference = rival_answers(ours, theirs, given.own.cited.quote, other.cited.quote)
        if difference and not _answers_alike(question, theirs, given.own):
            yield Contradiction(difference, given.own.cited, other.cited)


def rival_answers(ours: str, theirs: str, first: str, second: str) -> Difference | None:
    """Where two short answers, of the sentences `first` and `second`, cannot both be right."""
    if len(find_quantities(ours)) != len(find_quantities(theirs)):
        return None  # "four hours" and "3 hours and 50 minutes" are no rivals
    within = (
        each
        for each in find_differences(first, second)
        if _within(each.ours, ours) and _within(each.theirs, theirs)
    )
    bounded = (_with_bound(ours, first), _with_bound(theirs, second))
    found = next(within, None) or next(iter(find_differences(*bounded)), None)
    found = found or _other_name(ours.rstrip("."), theirs.rstrip("."))
    known = _share_a_name(ours, f"{theirs} {second}") or _share_a_name(theirs, first)
    return None if found and found.point == "name" and known else found


def _with_bound(short: str, quote: str) -> str:
    """A short answer with the "about" or "more than" that it has in its sentence."""
    counted = next(iter(find_quantities(short)), None)
    same = (each for each in find_quantities(quote) if counted and each.value == counted.value)
    place = next((each.start for each in same), 0)
    return f"{bound_before(quote, place)} {short}".strip()


def _share_a_name(ours: str, theirs: str) -> bool:
    """True of "Viktor Orbán" and "Orban", but not of two judges."""
    return short_answer_overlap(" ".join(COMMON_NAME_WORDS), ours, theirs) > 0


def _within(first: str, second: str) -> bool:
    first, second = first.lower(), second.lower()
    return first in second or second in first


def _other_name(ours: str, theirs: str) -> Difference | None:
    """Where both answers are names and nothing else."""
    if not all(map(_is_name, (ours, theirs))):
        return None
    return Difference("name", ours, theirs, (0, len(ours)), (0, len(theirs)))


def _is_name(short: str) -> bool:
    words = [each for each in WORD.findall(short) if each.lower() not in STOP_WORDS]
    return bool(words) and all(
        each[0].isupper() and each.lower() not in DATE_WORDS for each in words
    )


# --- yes or no --------------------------------------------------------------------------------


def _other_verdicts(
    question: str, given: GivenAnswer, others: Sequence[SentenceInContext], model: ChatModel
) -> Iterator[ModelCalled | Contradiction]:
    """Those that say "no" where the answer's sentence says "yes", or the reverse."""
    if not others or given.p_answered < CONFLICTS.min_p_answered_no:
        return
    consulted = ask_yes_or_no(question, [_passage(given.own)], model)
    yield consulted
    ours = consulted.probability
    reported: set[str] = set()
    for other in sorted(others, key=lambda each: each.cited.span):
        if any(quote in other.before for quote in reported):
            continue  # it is read with the one that was reported, and says "no" only with that
        consulted = ask_if_answered(question, [_passage(other)], model)
        yield consulted
        p_answered = consulted.probability or 0.0
        if p_answered < CONFLICTS.min_p_answered_no:
            continue
        consulted = ask_yes_or_no(question, [_passage(other)], model)
        yield consulted
        theirs = consulted.probability
        difference = opposite_verdicts(ours, theirs)
        if (
            difference
            and given.p_answered >= _min_p_answered(ours)
            and p_answered >= _min_p_answered(theirs)
        ):
            reported.add(other.cited.quote)
            yield Contradiction(difference, given.own.cited, other.cited)


def _min_p_answered(yes: float | None) -> float:
    """How sure the model must be that a sentence answers, where its "yes" has this probability."""
    says_no = yes is not None and yes <= 0.5
    return CONFLICTS.min_p_answered_no if says_no else CONFLICTS.min_p_answered


def opposite_verdicts(ours: float | None, theirs: float | None) -> Difference | None:
    """Where the one probability, 0..1, of a "yes" is as good as certain and the other is not; None
    is that of a reply that is neither "yes" nor "no"."""
    if (
        ours is None
        or theirs is None
        or max(ours, theirs) < CONFLICTS.min_p_yes
        or min(ours, theirs) > CONFLICTS.max_p_no
    ):
        return None
    answers = ("yes", "no") if ours > theirs else ("no", "yes")
    return Difference("verdict", *answers, (0, 3), (0, 3))
