"""Splits a question that joins several."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.query.follow_ups import AUXILIARIES, QUESTION_WORDS, has_open_pronoun, resolve
from rag.text.tokens import content_keys
from rag.types import Turn

MAX_PARTS = 4

_PRONOUNS = "i|you|he|she|it|we|they|there|this|that|these|those"
_WORDED = rf"(?=(?:{QUESTION_WORDS})\b|(?:{AUXILIARIES})\s+(?:{_PRONOUNS})\b)"
_BREAK = r"(?:\?\s+|;\s*)(?:(?:and|but|also)\s+)?"
# An auxiliary begins a question only after a break or before a pronoun: "it can bend and can be
# folded" asks nothing.
_JOINT = re.compile(
    rf"(?:{_BREAK}|,?\s+(?:and|as well as)\s+){_WORDED}"
    rf"|(?:{_BREAK}|,\s+and\s+)(?=(?:{AUXILIARIES})\b)",
    re.IGNORECASE,
)
_COMMA = re.compile(rf",\s+(?=(?:{QUESTION_WORDS})\s+\w+)", re.IGNORECASE)
_BARE = re.compile(rf"\W*(?:{QUESTION_WORDS})\W*", re.IGNORECASE)


def split_question(question: str) -> list[str]:
    """The questions that a question joins, each to be understood alone: "Who built the mill and
    when did it burn down?" asks two. `question` itself where it asks one thing, or the same thing
    twice ("when and where …")."""
    opening = re.match(r"\s*and\s+", question, re.IGNORECASE)
    whole = question[opening.end() if opening else 0 :]
    found = [part.strip(" ?.") for part in _JOINT.split(whole)]
    if len(found) > 1:  # "what …, when … and who …?"
        found = [part.strip(" ?.") for each in found for part in _COMMA.split(each)]
    parts = [part for part in found if part]
    if not 1 < len(parts) <= MAX_PARTS or any(_BARE.fullmatch(part) for part in parts[:-1]):
        return [question]
    asked = [f"{part}?" for part in parts]
    return [_with_subject(part, asked[:number]) for number, part in enumerate(asked)]


def _with_subject(part: str, before: Sequence[str]) -> str:
    """A part with what its pronoun stands for; "why?" with the whole of the part before."""
    if has_open_pronoun(part) or not content_keys(part):
        return resolve(part, [Turn(each, "") for each in before]).standalone
    return part
