"""How long an answer is wanted: "in three sentences", "a 50-word summary", "in a line each"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.text.quantities import find_quantities

WORDS_OF_A_POINT = 25
_UNIT = r"(?P<unit>sentences?|lines?|(?:bullet[ -]?)?points?|bullets?|words?)"
_LENGTH = re.compile(
    r"(?:\b(?P<how>in|with|within|using|as)\s+)?"
    r"(?:\b(?:no more than|at most|up to|about|around|under|just|only)\s+)?"
    r"\b(?P<number>an?|one|(?:an? )?single|[\w,.]+)[ -]"
    rf"(?:(?:short|key|main|(?:most )?important)\s+)?{_UNIT}\b"
    r"(?P<each>\s+(?:each|per|for each)\b)?",
    re.IGNORECASE,
)
_THE = re.compile(r"\bthe\s+$", re.IGNORECASE)
_TEXT_UNIT = re.compile(r"sentence|word|bullet", re.IGNORECASE)
_ONE = re.compile(r"(?:an?|one|(?:an? )?single)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RequestedLength:
    """How many points a summary may have, or sentences another answer."""

    points: int
    """At least 1; a point is a sentence, or so many words."""
    of_each: bool = False
    """True where each document may have as many."""


def requested_length(question: str, is_summary: bool = True) -> tuple[str, RequestedLength | None]:
    """A question without the words that say how long its answer is to be, and the length; the
    question as it is, and None, where it says nothing of that. One that asks for no summary has to
    say it plainly ("in two sentences"): it may be about 20 points, or two lines."""
    for found in _LENGTH.finditer(question):
        if not is_summary and not (found["how"] and _TEXT_UNIT.search(found["unit"])):
            continue
        numbers = find_quantities(found["number"])
        if _THE.search(question[: found.start()]) and not found["unit"].lower().endswith("points"):
            continue  # "the two lines" are of a railway
        if _ONE.match(found["number"]) or numbers:
            number = int(numbers[0].value) if numbers else 1
            if found["unit"].lower().startswith("word"):
                number //= WORDS_OF_A_POINT
            rest = f"{question[: found.start()]} {question[found.end() :]}".lstrip(" ,")
            return " ".join(rest.split()), RequestedLength(max(1, number), bool(found["each"]))
    return question, None
