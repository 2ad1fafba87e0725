"""The words before a number that make it a least, a most or an estimate."""

from __future__ import annotations

import re
from typing import Literal

Bound = Literal["", "more than", "up to", "almost", "about"]

_BOUNDS: dict[Bound, str] = {
    "more than": r"(?:more|greater|higher) than|n(?:o|ot) (?:less|fewer) than|over|above|at least"
    r"|exceed\w*|between",
    "up to": r"(?:less|fewer|lower) than|n(?:o|ot) more than|under|below|up to|at most|as many as"
    r"|between [^,;.]{1,20} and",
    "almost": r"nearly|almost",
    "about": r"about|around|approximately|roughly|some|(?:an )?estimated",
}
_BEFORE_NUMBER = tuple(
    (bound, re.compile(rf"(?i)\b({words})(?:[\s$€£¥]|\ban? )*$"))
    for bound, words in _BOUNDS.items()
)
_MAX_CHARS = 32  # before the number


def bound_before(text: str, place: int) -> Bound:
    """The bound of the number that begins at `place`; the longest where one holds another ("no
    more than")."""
    return _find(text, place)[0]


def bound_words_before(text: str, place: int) -> str:
    """The words of the bound of the number that begins at `place` ("roughly"), or ""; those of
    "between 5 and 10" are none, since they hold another number."""
    words = _find(text, place)[1]
    return "" if words.lower().startswith("between") else words


def _find(text: str, place: int) -> tuple[Bound, str]:
    before = text[max(0, place - _MAX_CHARS) : place]
    found = [
        (m.start(), bound, m[1]) for bound, each in _BEFORE_NUMBER if (m := each.search(before))
    ]
    return min(found, default=(0, "", ""))[1:]
