"""Who is said to have said something, and how a sentence says so."""

from __future__ import annotations

import re

_SAID = r"(?:said|says|added|adds|reported|reports|wrote|writes|announced|explained|noted|argued)"
_HEAD = re.compile(rf"((?:[\w.’'-]+ ){{1,6}}{_SAID})(?:,? that|[,:])? (?=\S)")
_TAIL = re.compile(rf",[”\"]? ((?:[\w.’'-]+ ){{1,6}}{_SAID})[.]?$")


def remove_common_speaker(claim: str, quote: str) -> tuple[str, str]:
    """Both without "Lee said", where one has it at its beginning and the other at its end, so that
    the rest can be compared; both as they are otherwise."""
    for first, last in ((claim, quote), (quote, claim)):
        head, tail = _HEAD.match(first), _TAIL.search(last)
        if head and tail and set(head[1].lower().split()) == set(tail[1].lower().split()):
            rest = first[head.end() :], last[: tail.start()]
            return rest if first is claim else (rest[1], rest[0])
    return claim, quote
