"""What kind of answer does a question ask for, and is it there?

Small models like to answer the question next door: a number where a date was asked for. What a
question plainly asks for must stand in the answer, and whom it names must stand in the source.
"""

from __future__ import annotations

import re
from typing import Literal

from rag.text.dates import DATE_WORDS
from rag.text.names import find_capitalised, find_names
from rag.text.quantities import find_quantities, unit_of_word

AnswerType = Literal["number", "time", "year", "person", "yes-no", "other"]

_KINDS: tuple[tuple[AnswerType, re.Pattern[str]], ...] = (
    ("person", re.compile(r"^(?:and |but )?(?:who|whom)\b")),
    ("other", re.compile(r"^(?:and |but |so )?(?:why|where|how come)\b")),
    (
        "yes-no",
        re.compile(
            r"^(?:and |but |so )?(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would"
            r"|should|may|might)\b"
        ),
    ),
    ("year", re.compile(r"\b(?:what|which) year\b")),
    (
        "time",
        re.compile(
            r"^(?:(?:and|but|so|since|until|by|from) )?when\b|[,;] (?:and )?when\b"
            r"|\b(?:what|which) (?:day|date|month|time|weekday)\b"
        ),
    ),
    (
        "number",
        re.compile(
            r"\bhow (?:many|much|old|high|far|tall|long|big|large|often)\b"
            r"|\b(?:percent|percentage|rate|number|share|amount|age) of\b"
            r"|\brate\b(?! (?:his|her|its|their|the|this|that|my|your)\b)"
            r"|\b(?:what|which) (?:\w+ ){0,2}(?:percent|percentage|number|share|amount|age)\b"
        ),
    ),
)
_TIME = re.compile(
    r"\b(?:\d{4}|today|yesterday|tomorrow|tonight|ago|earlier|later|recent\w*|(?:last|next|this|past|"
    r"coming|few) (?:\w+ )?(?:hour|day|week|month|year|decade|spring|summer|autumn|fall|winter)s?|"
    r"hours|morning|evening|night|noon|midnight|since|until|during|a\.m|p\.m)\b",
    re.IGNORECASE,
)
_UPON = re.compile(r"\b(?:when|whenever|after|before|once|while)\b", re.IGNORECASE)


_MEASURED = re.compile(r"\bhow (?:many|much) (?:more |fewer |less )?(\w+)", re.IGNORECASE)
# Units that one can be asked for and answered in another of; times are told in too many ways.
_DIMENSIONS = (
    frozenset(["kilogram", "gram", "ton", "£"]),
    frozenset(["kilometre", "mile", "metre", "foot"]),
    frozenset(["$", "€", "£", "¥"]),
    frozenset(["acre", "hectare"]),
    frozenset(["litre", "barrel"]),
)


def expected_answer_type(question: str) -> AnswerType:
    """What a question asks for by its wording; "other" where that is open."""
    folded = question.lower().strip()
    return next((kind for kind, pattern in _KINDS if pattern.search(folded)), "other")


_DESCRIPTION = re.compile(
    r"^(?:(?:and|but|so) )?(?:why|how|what(?:['’]s| (?:is|are|was|were|do|does|did)))\b"
    r"|\bmean(?:s|ing)\b"
)
_NAMED = re.compile(r"\b(?:names?|called)\b")


def wants_description(question: str) -> bool:
    """True when a question asks for what a sentence tells, and not for a name or a number."""
    folded = question.lower().strip()
    open_ended = expected_answer_type(question) == "other" and bool(_DESCRIPTION.search(folded))
    return open_ended and not _NAMED.search(folded)


def has_answer_type(kind: AnswerType, answer: str) -> bool:
    """True when `answer` holds something of that kind."""
    if kind == "number":
        return bool(find_quantities(answer)) or "half" in answer.lower()
    if kind == "time":
        return says_when(answer) or bool(_UPON.search(answer))
    if kind == "year":
        return bool(re.search(r"\b[12]\d{3}\b", answer))
    if kind == "person":
        named = (name.text.lower() for name in find_capitalised(answer))
        return any(name not in DATE_WORDS for name in named)
    return True


def says_when(text: str) -> bool:
    dated = any(name.text.lower() in DATE_WORDS for name in find_names(text))
    return dated or bool(_TIME.search(text))


def has_asked_unit(question: str, text: str) -> bool:
    """True unless the question names the measure of its answer ("how many kilograms") and `text`
    has no quantity of that dimension."""
    found = _MEASURED.search(question)
    unit = unit_of_word(found[1]) if found else ""
    wanted = frozenset[str]().union(*(each for each in _DIMENSIONS if unit in each))
    return not wanted or any(quantity.unit in wanted for quantity in find_quantities(text))
