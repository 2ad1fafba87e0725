"""Splits a question that joins several."""

from __future__ import annotations

import re

_JOINT = re.compile(r",?\s+and\s+(?=(?:what|who|whom|which|where|when|why|how)\b)", re.IGNORECASE)


def split_question(question: str) -> list[str]:
    """The questions that a question joins: "Who met, and what did they say?" asks two."""
    opening = re.match(r"\s*and\s+", question, re.IGNORECASE)
    start = opening.end() if opening else 0
    found = [part.strip(" ?") for part in _JOINT.split(question[start:])]
    return [f"{part}?" for part in found if part] if len(found) > 1 else [question]
