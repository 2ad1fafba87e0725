"""Splits a question that joins several."""

from __future__ import annotations

import re

from rag.query.follow_ups import AUXILIARIES, QUESTION_WORDS
from rag.text.tokens import content_keys

MAX_PARTS = 4

_PRONOUNS = "i|you|he|she|it|we|they|there|this|that|these|those"
_WORDED = rf"(?=(?:{QUESTION_WORDS})\b|(?:{AUXILIARIES})\s+(?:{_PRONOUNS})\b)"
_BREAK = r"(?:\?\s+|;\s*)(?:(?:and|but|also)\s+)?"
# An auxiliary begins a question only after a break or before a pronoun: "it can bend and can be
# folded" asks nothing.
_JOINT = re.compile(
    rf"(?:{_BREAK}|,?\s+(?:and|&|as well as)\s+){_WORDED}"
    rf"|(?:{_BREAK}|,\s+and\s+)(?=(?:{AUXILIARIES})\b)",
    re.IGNORECASE,
)
_COMMA = re.compile(rf",\s+(?=(?:{QUESTION_WORDS})\s+\w+)", re.IGNORECASE)
_BARE = re.compile(rf"\W*(?:{QUESTION_WORDS})\W*", re.IGNORECASE)
_EACH = re.compile(r"\beach\b", re.IGNORECASE)


def split_question(question: str) -> list[str]:
    """The questions that a question joins, in order, each to be read with those before it: "Who
    built the mill and when did it burn down?" asks two. `question` itself where it asks one thing,
    the same thing twice ("when and where …"), or something of each thing ("… and how many of
    each")."""
    opening = re.match(r"\s*and\s+", question, re.IGNORECASE)
    whole = question[opening.end() if opening else 0 :]
    found = [part.strip(" ?.") for part in _JOINT.split(whole)]
    if len(found) > 1:  # "what …, when … and who …?"
        found = [part.strip(" ?.") for each in found for part in _COMMA.split(each)]
    parts = [part for part in found if part]
    if not 1 < len(parts) <= MAX_PARTS or any(_BARE.fullmatch(part) for part in parts[:-1]):
        return [question]
    if any(_EACH.search(part) and not content_keys(part) for part in parts[1:]):
        return [question]
    return [f"{part}?" for part in parts]
