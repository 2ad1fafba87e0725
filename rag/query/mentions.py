"""Questions for everything of one sort that the articles mention: "Which dates are mentioned?".

What is asked for is known by its form, and not by its likeness to the question.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from rag.query.validation import topic_words
from rag.text.negation import has_negation

MentionSort = Literal["date", "month", "year", "percentage", "money", "number"]

_NOUNS: dict[MentionSort, str] = {
    "date": "dates",
    "month": "months",
    "year": "years",
    "percentage": "percentages|rates",
    "money": "sums|prices|costs|amounts of money",
    "number": "numbers|figures|amounts|quantities|statistics",
}
_NOUN = "|".join(f"(?P<{sort}>{nouns})" for sort, nouns in _NOUNS.items())
_ASKED = re.compile(
    r"(?:(?:and|but) )?(?:(?:what|which|list|name|(?:give|show|tell) me)(?: are)?)"
    rf"(?: (?:all|every|of|the))*(?P<kind>(?: [^\W\d]+){{0,2}}?) (?:{_NOUN})\b(?P<rest>\D*)",
    re.IGNORECASE,
)
_MENTIONED = re.compile(
    r"\b(?:mentioned|named|given|listed|cited|quoted|appear|occur|come up)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class AskedMentions:
    """What is to be listed, and the words of the topic that it is to be of, "" for any."""

    sort: MentionSort
    topic: str = ""


def mentions_asked_for(question: str) -> AskedMentions | None:
    """What a question wants listed; None of every other question, and where some of it is wanted
    ("the key figures"). One that says neither that it wants what is mentioned nor of which topic
    ("What are the dates?") wants all that there is."""
    match = _ASKED.fullmatch(question.strip())
    if match is None or has_negation(question):
        return None
    rest, says_mentioned = _MENTIONED.subn(" ", match["rest"])
    topic = topic_words(f"{match['kind']} {rest}")
    is_of_some = match["kind"] and not topic_words(match["kind"])  # "the key figures"
    if is_of_some or (topic and not says_mentioned):
        return None
    return AskedMentions(next(sort for sort in _NOUNS if match[sort]), topic)
