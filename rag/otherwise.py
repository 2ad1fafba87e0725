"""Do other sources answer the question otherwise?

The question that was answered is put to sentences of other documents too, as a small model is asked
of any: does this state the answer, and in which words? Where another sentence answers in words that
cannot be right as well, the two contradict each other. This sees through wordings that no
likeness of sentences sees through (`contradict`), but it needs the question, and a model to ask.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag import asks, compose, contrast, terms
from rag.answerable import Answerability
from rag.contrast import Difference
from rag.disagree import Contradiction
from rag.events import Consulted
from rag.types import ChatModel, Citation, Passage

READ = 6  # sentences, best first, of which the likeliest are asked about
ASKED = 2
LIKE = 0.55  # how well the question's tokens are met in a sentence, at least
SHARED = 0.25  # of the words of the shorter sentence, in the other, at least: the same event
STATED = 0.7  # the model's "yes", at least
STATED_NO = 0.45  # the same where the answer is "no": a sentence seldom states one

# A sentence that tells of a change contradicts nobody who wrote before it.
_UPDATE = re.compile(
    r"\b(?:no longer|bring(?:s|ing)|revis\w+|correct(?:s|ed|ing|ion)|updat\w+|lift(?:s|ed|ing)"
    r"|revers(?:e[sd]?|ing)|withdr[ae]w\w*|postpon\w+|put back|originally|initially|earlier"
    r"|previously|(?:raised?|moved|changed|rescheduled|lowered)(?: \w+){0,12} (?:to|from))\b",
    re.IGNORECASE,
)
_VERDICT = re.compile(r"\W*(yes|no)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Said:
    """How the question was answered: from which sentence, in which words (None for a "yes" or
    "no"), and how sure the model is that the sentence states it, 0..1."""

    cited: Citation
    short: str | None
    stated: float


def contradictions(
    question: str,
    said: Said,
    others: Sequence[Citation],
    model: ChatModel,
    answerability: Answerability,
) -> Iterator[Consulted | Contradiction]:
    """What the model is asked of the likeliest of `others`, sentences of other documents with the
    best first, and each contradiction after what tells it."""
    if _UPDATE.search(said.cited.quote):
        return
    asked = _likeliest(question, said, others, answerability)
    ours = said.short
    if asked and ours is None:
        consulted = compose.extract(question, [_passage(said.cited)], model)
        yield consulted
        ours = consulted.reply.strip()
        if said.stated < _least(ours):
            return
    for other in asked:
        consulted = compose.stated(question, [_passage(other)], model)
        yield consulted
        stated = consulted.probability or 0.0
        if stated < STATED_NO:
            continue
        consulted = compose.extract(question, [_passage(other)], model)
        yield consulted
        theirs = consulted.reply.strip()
        if stated < _least(theirs) or not asks.stands(question, theirs, other.quote):
            continue
        difference = rival(ours or "", theirs, said.cited.quote, other.quote)
        if difference and (said.short is None or not _says(question, theirs, said.cited)):
            yield Contradiction(difference, said.cited, other)


def _likeliest(
    question: str, said: Said, others: Sequence[Citation], answerability: Answerability
) -> list[Citation]:
    """Those that could answer the question, and do not plainly answer it alike."""
    kind = asks.kind(question)
    read = [
        each
        for each in others
        if asks.gives(kind, each.quote)
        and _overlap(said.cited.quote, each.quote) >= SHARED
        and not _UPDATE.search(each.quote)
        and not (said.short and _says(question, said.short, each))
    ]
    met = [(answerability.met(question, [each.quote]), each) for each in read[:READ]]
    likely = sorted((pair for pair in met if pair[0] >= LIKE), key=lambda pair: -pair[0])
    return [each for _, each in likely[:ASKED]]


def _overlap(one: str, other: str) -> float:
    """The overlap coefficient of two sentences' words, 0..1 (Szymkiewicz-Simpson)."""
    ours, theirs = set(terms.content(one)), set(terms.content(other))
    return len(ours & theirs) / (min(len(ours), len(theirs)) or 1)


def _least(short: str) -> float:
    return STATED_NO if _verdict(short) == "no" else STATED


def _verdict(short: str) -> str:
    """ "yes", "no", or "" for anything else."""
    found = _VERDICT.match(short)
    return found[1].lower() if found else ""


def _says(question: str, short: str, cited: Citation) -> bool:
    return asks.extracted(question, short, cited.quote) == 1.0


def _passage(cited: Citation) -> Passage:
    return Passage(cited.number, cited.span, cited.quote, "", "", 0.0)


def rival(ours: str, theirs: str, one: str, other: str) -> Difference | None:
    """Where two short answers, of the sentences `one` and `other`, cannot both be right."""
    verdicts = [found for each in (ours, theirs) if (found := _verdict(each))]
    if len(verdicts) == 2:
        same = verdicts[0] == verdicts[1]
        return None if same else Difference("verdict", verdicts[0], verdicts[1], (0, 3), (0, 3))
    if verdicts or len(terms.quantities(ours)) != len(terms.quantities(theirs)):
        return None  # "four hours" and "3 hours and 50 minutes" are no rivals
    within = (
        each
        for each in contrast.differences(one, other)
        if _within(each.ours, ours) and _within(each.theirs, theirs)
    )
    return next(within, None) or next(iter(contrast.differences(ours, theirs)), None)


def _within(one: str, other: str) -> bool:
    one, other = one.lower(), other.lower()
    return one in other or other in one
