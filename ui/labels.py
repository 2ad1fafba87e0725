"""Signs and words for support, for answers and for declines: on the page, in the terminal and in
files.

Where a request from the page is handled, words are in the language of whoever sent it; constants
are English and marked for translation.
"""

from __future__ import annotations

from dataclasses import dataclass

from rag import Job
from rag.types import Answer, Answers, Claim, Origin, Support
from ui.safe_text import one_line
from ui.translation import to_translate, translate, translate_count

LIKELY = 0.5
"""A chance from here on says that an answer is likelier than none."""
NEAREST_SHOWN = 5
"""Passages below a decline, best first: more of what does not answer helps nobody."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What is shown of a claim beside its text."""

    sign: str
    style: str  # in a terminal
    grade: str  # the ending of a class in a style sheet: good, fair, bad or soft
    english: str

    @property
    def words(self) -> str:
        """What it means, in the current language."""
        return translate(self.english)


_OF_SUPPORT: dict[Support, Mark] = {
    "supported": Mark("✓", "green", "good", to_translate("supported")),
    "partial": Mark("~", "yellow", "fair", to_translate("partly supported")),
    "unsupported": Mark("✗", "red", "bad", to_translate("not supported")),
    "unchecked": Mark("?", "yellow", "fair", to_translate("not checked")),
}
_OF_ORIGIN: dict[Origin, Mark] = {  # where it says more than the support, which is trivial or moot
    "closest": Mark("○", "dim", "soft", to_translate("closest passage")),
    "compared": Mark("≠", "yellow", "fair", to_translate("sources differ")),
}
SUPPORTED, CLOSEST = _OF_SUPPORT["supported"], _OF_ORIGIN["closest"]
WORST_FIRST = (
    *(_OF_SUPPORT["unsupported"], _OF_SUPPORT["unchecked"], _OF_SUPPORT["partial"]),
    *(CLOSEST, SUPPORTED),
)

ANSWERS_LABELS: dict[Answers, tuple[str, str]] = {  # sign, sentence; none where there is no doubt
    "partly": ("◐", to_translate("Answers part of the question.")),
    "unsure": ("?", to_translate("May not answer the question.")),
}

CLOSEST_IS_QUOTED = to_translate(
    "The closest passage is quoted, because no answer could be written from it."
)

SUGGESTED = to_translate("Questions that the articles answer")

DECLINE_REASONS = {
    "nothing retrieved": to_translate("nothing in the articles matches the question."),
    "not stated": to_translate("no passage of the articles was found that states it."),
    "nothing survived checking": to_translate("the articles do not support what the model wrote."),
}


def claim_mark(origin: Origin, support: Support) -> Mark:
    """The mark of a claim. A closest passage and a disagreement are never marked as supported."""
    return _OF_ORIGIN.get(origin) or _OF_SUPPORT[support]


def mark_of(claim: Claim) -> Mark:
    """The mark of `claim`."""
    return claim_mark(claim.origin, claim.support)


def remark(claim: Claim) -> str:
    """``partly supported: the number 7 is not in the source``. A disagreement gives its reason in
    its own words."""
    words = mark_of(claim).words
    reasons = "" if claim.origin == "compared" else "; ".join(map(one_line, claim.reasons))
    return f"{words}: {reasons}" if reasons else words


def is_reply(answer: Answer) -> bool:
    """Whether the answer is a reply to a message that asks nothing of the documents."""
    return answer.status == "answered" and not answer.claims


def answers_label(answer: Answer) -> tuple[str, str]:
    """A sign and the words for whether an answer answers its question: which parts of it are
    missing, else how sure that is; "" twice where it plainly does."""
    sign, words = ANSWERS_LABELS.get(answer.answers, ("", ""))
    if answer.missing:
        parts = one_line(" ".join(answer.missing))
        return sign, translate("The articles do not say: {parts}", parts=parts)
    return sign, translate(words)


def doubt(answer: Answer) -> str:
    """Whether an answer answers its question, where that is not plain, else "". It says nothing of
    how far each claim is supported."""
    if answer.status == "declined" or is_reply(answer):
        return ""
    _, words = answers_label(answer)
    is_quoted = any(claim.origin == "closest" for claim in answer.claims)
    return " ".join(filter(None, (words, translate(CLOSEST_IS_QUOTED) if is_quoted else "")))


def why_declined(answer: Answer) -> str:
    """Why there is no answer, and how likely one was, where that does not contradict it."""
    english = DECLINE_REASONS.get(answer.reason or "", to_translate("no reason is known."))
    why = translate(english)
    if (chance := telling_chance(answer)) is None:
        return why
    likely = translate(
        "chance that the articles answer the question: {chance}", chance=format_chance(chance)
    )
    return f"{why.rstrip('.。')} ({likely})."


def telling_chance(answer: Answer) -> float | None:
    """The chance that the articles answer; None where it was not estimated, and where it would
    contradict a decline."""
    contradicts = answer.status == "declined" and (answer.chance or 0.0) >= LIKELY
    return None if contradicts else answer.chance


def format_chance(chance: float) -> str:
    """``12%`` for 0.12. An estimate is never wholly sure: ``under 1%``, ``over 99%``."""
    if chance < 0.01:
        return translate("under 1%")
    return translate("over 99%") if chance > 0.99 else f"{chance:.0%}"


def time_left(job: Job) -> str:
    """About how long a running job will take; "" where that is not known."""
    seconds = job.seconds_left()
    if seconds is None:
        return ""
    if seconds < 60:
        return translate("under a minute left")
    minutes = round(seconds / 60)
    if minutes < 120:
        return translate_count(minutes, "about {n} minute left", "about {n} minutes left")
    return translate("{hours} h left", hours=minutes // 60)
