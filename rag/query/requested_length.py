"""How long a summary is wanted: "in three sentences", "a 50-word summary", "in a line each"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.text.quantities import find_quantities

WORDS_OF_A_POINT = 25
_UNIT = r"(?P<unit>sentences?|lines?|(?:bullet[ -]?)?points?|bullets?|words?)"
_LENGTH = re.compile(
    r"(?:\b(?:in|with|within|using|as)\s+)?"
    r"(?:\b(?:no more than|at most|up to|about|around|under|just|only)\s+)?"
    r"\b(?P<number>an?|one|(?:an? )?single|[\w,.]+)[ -]"
    rf"(?:(?:short|key|main|(?:most )?important)\s+)?{_UNIT}\b"
    r"(?P<each>\s+(?:each|per|for each)\b)?",
    re.IGNORECASE,
)
_THE = re.compile(r"\bthe\s+$", re.IGNORECASE)
_ONE = re.compile(r"(?:an?|one|(?:an? )?single)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RequestedLength:
    """How many points a summary may have."""

    points: int
    """At least 1; a point is a sentence, or so many words."""
    of_each: bool = False
    """True where each document may have as many."""


def requested_length(question: str) -> tuple[str, RequestedLength | None]:
    """A question that asks for a summary without the words that say how long it is to be, and the
    length; the question as it is, and None, where it says nothing of that."""
    for found in _LENGTH.finditer(question):
        numbers = find_quantities(found["number"])
        if _THE.search(question[: found.start()]) and not found["unit"].lower().endswith("points"):
            continue  # "the two lines" are of a railway
        if _ONE.match(found["number"]) or numbers:
            number = int(numbers[0].value) if numbers else 1
            if found["unit"].lower().startswith("word"):
                number //= WORDS_OF_A_POINT
            rest = f"{question[: found.start()]} {question[found.end() :]}"
            return " ".join(rest.split()), RequestedLength(max(1, number), bool(found["each"]))
    return question, None
