"""Words for support, for declines and for chances: on the page, in the terminal and in files."""

from __future__ import annotations

from rag.types import Answer

SUPPORT_LABELS = {  # sign, colour in a terminal, words
    "supported": ("✓", "green", "supported"),
    "partial": ("~", "yellow", "partly supported"),
    "unsupported": ("✗", "red", "not supported"),
    "unchecked": ("?", "yellow", "not checked"),
}

DECLINE_REASONS = {
    "nothing retrieved": "nothing in the articles matches the question.",
    "not stated": "the articles do not state it.",
    "nothing survived checking": "the articles do not support what the model wrote.",
}


def why_declined(answer: Answer) -> str:
    """Why there is no answer, and how likely one was, where that was estimated."""
    why = DECLINE_REASONS.get(answer.reason or "", "no reason is known.")
    if answer.chance is None:
        return why
    chance = format_chance(answer.chance)
    return f"{why.removesuffix('.')} (chance that they answer the question: {chance})."


def format_chance(chance: float) -> str:
    """``12%`` for 0.12. An estimate is never wholly sure: ``under 1%``, ``over 99%``."""
    return "under 1%" if chance < 0.01 else "over 99%" if chance > 0.99 else f"{chance:.0%}"
