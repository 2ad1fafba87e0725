"""Quotation marks around quotes that may hold some of their own.

A sentence cut out of somebody's speech often has one mark of a pair only. Marks around it make it
worse: ``“We were late,” she said.”``.
"""

from __future__ import annotations

_PAIRS = (("“", "”"), ("„", "“"), ("«", "»"))


def quoted(text: str) -> str:
    """`text` in quotation marks: those it lacks where it has some, a pair around it where it has
    none. Its own characters stay as they are."""
    opening, closing = _lacking(text)
    if opening or closing:
        return f"{opening}{text}{closing}"
    return text if _has_marks(text) else f"“{text}”"


def _has_marks(text: str) -> bool:
    return any(mark in text for mark in '“„«"')


def _lacking(text: str) -> tuple[str, str]:
    """The marks that would have to stand before and after `text` for each of its own to have its
    other half."""
    if text.count('"') % 2:
        return _lacking_straight(text)
    is_german = "„" in text
    opening, closing = "", ""
    for first, last in _PAIRS:
        if (first == "„") != is_german and "“" in (first, last):
            continue
        depth = lowest = 0
        for letter in text:
            depth += (letter == first) - (letter == last)
            lowest = min(lowest, depth)
        opening += first if lowest < 0 else ""
        closing += last if depth - lowest > 0 else ""
    return opening, closing


def _lacking_straight(text: str) -> tuple[str, str]:
    """An odd straight mark opens where a space or nothing is before it. One behind a digit may be
    that of inches."""
    places = [at for at, letter in enumerate(text) if letter == '"']
    opens = [at == 0 or not text[at - 1].strip() or text[at - 1] in "([" for at in places]
    if sum(opens) * 2 > len(places):
        return "", '"'
    return ("", "") if text[places[0] - 1].isdigit() else ('"', "")
