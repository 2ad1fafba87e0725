"""Finds the question in a polite request for its answer."""

from __future__ import annotations

import re

from rag.query.follow_ups import QUESTION_WORDS

_BEFORE = rf"(?:(?!\b(?:{QUESTION_WORDS})\b)[^?.!;]){{0,120}}?"  # asks nothing itself
_REQUEST = re.compile(
    rf"^(?={_BEFORE}\b(?:you|me|us|I|we|please)\b){_BEFORE}"
    r"\b(?:(?:tell|show|remind)\s+(?:me|us)|explain(?:\s+to\s+(?:me|us))?|know|wonder(?:ing)?|learn"
    rf"|understand|find\s+out)[,:]?\s+(?=(?:{QUESTION_WORDS})\s+\w)",
    re.IGNORECASE,
)


def without_request(message: str) -> str:
    """The question that a message asks to be answered: of "Could you tell me how deep the lake is?"
    "How deep the lake is?". Any other message as it is."""
    asked = _REQUEST.sub("", message, count=1)
    return message if asked == message else asked[:1].upper() + asked[1:]
