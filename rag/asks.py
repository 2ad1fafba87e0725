"""What kind of answer does a question ask for, and is it there?

Small models like to answer the question next door: a number where a date was asked for. What a
question plainly asks for must stand in the answer, and whom it names must stand in the source.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from rag import named, terms

Kind = Literal["number", "time", "year", "person", "yes-no", "other"]

_KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
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
EXTRACTED_LEAST = 0.5  # of what a short answer adds to the question, in the text
NEW_IN_HEADLINE = 2  # words beside the question's, in a line of capitalised words that may answer
NEGATOR = re.compile(r"\b(?:not|no|never|none|nobody|nothing|neither)\b|n['’]t\b", re.IGNORECASE)
_TIME = re.compile(
    r"\b(?:\d{4}|today|yesterday|tomorrow|tonight|ago|earlier|later|recent\w*|(?:last|next|this|past|"
    r"coming|few) (?:\w+ )?(?:hour|day|week|month|year|decade|spring|summer|autumn|fall|winter)s?|"
    r"hours|morning|evening|night|noon|midnight|since|until|during|a\.m|p\.m)\b",
    re.IGNORECASE,
)
_UPON = re.compile(r"\b(?:when|whenever|after|before|once|while)\b", re.IGNORECASE)
_FRACTION = re.compile(r"\b(\d{1,2})[/⁄]([1-9]\d?)\b")


_MEASURED = re.compile(r"\bhow (?:many|much) (?:more |fewer |less )?(\w+)", re.IGNORECASE)
# Units that one can be asked for and answered in another of; times are told in too many ways.
_DIMENSIONS = (
    frozenset(["kilogram", "gram", "ton", "£"]),
    frozenset(["kilometre", "mile", "metre", "foot"]),
    frozenset(["$", "€", "£", "¥"]),
    frozenset(["acre", "hectare"]),
    frozenset(["litre", "barrel"]),
)


def kind(question: str) -> Kind:
    """What a question asks for by its wording; "other" where that is open."""
    folded = question.lower().strip()
    return next((kind for kind, pattern in _KINDS if pattern.search(folded)), "other")


_DESCRIPTION = re.compile(
    r"^(?:(?:and|but|so) )?(?:why|how|what(?:['’]s| (?:is|are|was|were|do|does|did)))\b"
    r"|\bmean(?:s|ing)\b"
)
_NAMED = re.compile(r"\b(?:names?|called)\b")


def describes(question: str) -> bool:
    """True when a question asks for what a sentence tells, and not for a name or a number."""
    folded = question.lower().strip()
    open_ended = kind(question) == "other" and bool(_DESCRIPTION.search(folded))
    return open_ended and not _NAMED.search(folded)


_JOINT = re.compile(r",?\s+and\s+(?=(?:what|who|whom|which|where|when|why|how)\b)", re.IGNORECASE)


def parts(question: str) -> list[str]:
    """The questions that a question joins: "Who met, and what did they say?" asks two."""
    opening = re.match(r"\s*and\s+", question, re.IGNORECASE)
    start = opening.end() if opening else 0
    found = [part.strip(" ?") for part in _JOINT.split(question[start:])]
    return [f"{part}?" for part in found if part] if len(found) > 1 else [question]


def gives(kind: Kind, answer: str) -> bool:
    """True when `answer` holds something of that kind."""
    if kind == "number":
        return bool(terms.quantities(answer)) or "half" in answer.lower()
    if kind == "time":
        return _is_timed(answer) or bool(_UPON.search(answer))
    if kind == "year":
        return bool(re.search(r"\b[12]\d{3}\b", answer))
    if kind == "person":
        named = (name.text.lower() for name in terms.names(answer, starts=frozenset()))
        return any(name not in terms.DATE_WORDS for name in named)
    return True


def _is_timed(text: str) -> bool:
    dated = any(name.text.lower() in terms.DATE_WORDS for name in terms.names(text))
    return dated or bool(_TIME.search(text))


def measured(question: str, text: str) -> bool:
    """True unless the question names the measure of its answer ("how many kilograms") and `text`
    has no quantity of that dimension."""
    found = _MEASURED.search(question)
    unit = terms.measure(found[1]) if found else ""
    wanted = frozenset[str]().union(*(each for each in _DIMENSIONS if unit in each))
    return not wanted or any(quantity.unit in wanted for quantity in terms.quantities(text))


def without_wrong_yes(question: str, answer: str) -> str:
    """`answer` without a leading "Yes" that its own negation belies."""
    opening = re.match(r"yes\b[,.:;]?\s*", answer, re.IGNORECASE)
    if not opening or NEGATOR.search(question) or not NEGATOR.search(answer):
        return answer
    rest = answer[opening.end() :]
    return rest[:1].upper() + rest[1:]


def strangers(question: str, source: str) -> list[str]:
    """The names in a question that its source does not know, accents aside."""
    source = _plain(source)
    known = named.keys(source)
    words = {word.lower() for word in re.findall(r"\w+", source)}

    def knows(name: str) -> bool:
        dated = name.lower() in terms.DATE_WORDS
        short = dated and not words.isdisjoint({name.lower()[:3], name.lower()[:4]})  # "Sept."
        return short or bool(terms.name_keys(name) & known) or name.lower() in words

    return [name.text for name in terms.names(question) if not all(map(knows, _named(name.text)))]


def extracted(question: str, short: str, text: str) -> float:
    """Share, 0..1, of what a short answer adds to the question that `text` holds; 0 where it adds
    nothing. A small model that finds no answer makes one up, or says the question again."""
    told, held = _told(text), named.keys(_plain(text))
    new = _told(short) - _told(question)
    found = sum(word in told or bool(terms.name_keys(word) & held) for word in new)
    return found / len(new) if new else 0.0


def stands(question: str, short: str, text: str) -> bool:
    """True when a short answer may be one: a "yes" or "no" need not stand anywhere."""
    return kind(question) == "yes-no" or extracted(question, short, text) >= EXTRACTED_LEAST


def _told(text: str) -> set[str]:
    """As `terms.told`, without accents, and "1/3" as "a third"."""
    plain = _FRACTION.sub(lambda found: f"{int(found[1]) / int(found[2]):g}", _plain(text))
    return terms.told(plain)


def _named(name: str) -> list[str]:
    """What must be known of a name: of "York-area" only "York"."""
    parts = [part for part in _plain(name).split("-") if part[:1].isupper() or part.isdigit()]
    return parts or [_plain(name)]


def _plain(text: str) -> str:
    """The text without accents: reporters leave them out."""
    parts = unicodedata.normalize("NFKD", text)
    return "".join(part for part in parts if not unicodedata.combining(part))


def adds(question: str, text: str) -> bool:
    """True when `text` says more than the question: a headline such as "Ferries That Serve Soup"
    has all of its words and answers nothing. To a yes-or-no question any text may be the answer."""
    if kind(question) == "yes-no" or terms.quantities(text) or _is_timed(text):
        return True
    new = set(terms.content(text)) - set(terms.content(question))
    words = [
        each for each in re.findall(r"[^\W\d_]+", text) if each.lower() not in terms.STOP_WORDS
    ]
    headed = len(words) > 1 and all(each[0].isupper() for each in words)
    return len(new) >= (NEW_IN_HEADLINE if headed else 1)


def shared(question: str, source: str) -> float:
    """Share of the question's words that the source holds, 0..1; 1 for a question without any."""
    wanted = set(terms.content(question))
    held = set(terms.content(source))
    known = named.keys(source)
    found = sum(word in held or bool(terms.name_keys(word) & known) for word in wanted)
    return found / len(wanted) if wanted else 1.0
