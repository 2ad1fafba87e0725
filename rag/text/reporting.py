"""Who is said to have said something, and how a sentence says so."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.text.dates import DAYS

SPEECH_VERBS = (
    "said|says?|told|tells|added|adds|asked|replied|reported|reports|wrote|writes|announced"
    "|explained|noted|argued|confirmed|wondered|tweeted|posted|shouted|yelled|exclaimed"
)
_FINDING_VERBS = "shows?|showed|found|finds"
_OPINION = re.compile(
    r"\b(?:claim|insist|argu|alleg|accus|blam|believ|assert|contend|suggest|warn|predict)\w*\b"
)
# "Filing a claim" is no opinion, unlike "the claim that".
_NO_OPINION = re.compile(
    r"\b(?:an?|the|any|each|this|fil(?:e|ed|ing)) claims?\b(?! (?:that|of|by)\b)"
)
_REPORT = re.compile(
    rf"\b(?:{SPEECH_VERBS}|saying|according|report\w*|call\w*|dismiss\w*|stat(?:ed|es)"
    r"|cit(?:ed|ing)|confirm\w*|announc\w*|quot\w*|signal\w*|think\w*|thought)\b"
)
_QUOTED = re.compile(r"[“\"]([^”\"]+)[”\"]?")
_WHO = r"(?:[\w.’'-]+ ){1,6}?"
_SAID = rf"(?:{SPEECH_VERBS})(?: (?:on )?(?:{DAYS.title().replace(' ', '|')}))?"
_FOUND = rf"(?:{_SAID}|{_FINDING_VERBS})"
_HEAD = re.compile(rf"({_WHO}{_SAID})(?:,? that|[,:])? (?=\S)")
_TAIL = re.compile(rf",[”\"]? ({_WHO}{_SAID})\.?$")
_SPEAKERS = (
    re.compile(r"(?:, | )according to [^,;.]+|^According to [^,;]+,"),
    re.compile(rf",[”\"]? {_WHO}{_FOUND}(?=[.,;]|$)"),
    re.compile(rf"^{_WHO}(?:{_FOUND} that\b|{_SAID}(?:[,:](?= [“\"])|(?= the\b)))"),
)


def speaker_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where a sentence says who said the rest: "according to Lee", "officials said Monday"."""
    return (match.span() for pattern in _SPEAKERS for match in pattern.finditer(text))


def remove_common_speaker(claim: str, quote: str) -> tuple[str, str]:
    """Both without "Lee said", where one has it at its beginning and the other at its end, so that
    the rest can be compared; both as they are otherwise."""
    for first, last in ((claim, quote), (quote, claim)):
        head, tail = _HEAD.match(first), _TAIL.search(last)
        if head and tail and set(head[1].lower().split()) == set(tail[1].lower().split()):
            rest = first[head.end() :], last[: tail.start()]
            return rest if first is claim else (rest[1], rest[0])
    return claim, quote


def is_attributed(text: str) -> bool:
    """True when a text says that someone says or thinks so, or quotes."""
    return bool(_REPORT.search(text.lower()) or find_opinion(text) or _QUOTED.search(text))


def find_opinion(text: str) -> re.Match[str] | None:
    """The verb, in lower case, by which a text reports an opinion; its `string` is the text in
    lower case, nouns such as "a claim" left out."""
    return _OPINION.search(_NO_OPINION.sub("", text.lower()))


def quoted_words(text: str) -> str:
    """What stands in quotation marks."""
    return " ".join(_QUOTED.findall(text))
