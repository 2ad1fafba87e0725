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
_BRIEFLY = r"(?:briefly|in (?:short|brief|a nutshell))"
_SUMMARY_OF = re.compile(
    rf"^(?:please )?(?:(?:{_BRIEFLY},? )?(?:summari[sz]e|sum up)"
    r"|(?:give|write)(?: me)? an? (?:(?:short|brief) )?(?:summary|overview|account|gist) of"
    rf"|{_BRIEFLY}[,:]?) |,? (?:{_BRIEFLY}|summed up)(?=[?.! ]*$)",
    re.IGNORECASE,
)


def without_request(message: str) -> str:
    """The question that a message asks to be answered: of "Could you tell me how deep the lake is?"
    "How deep the lake is?". Any other message as it is."""
    asked = _REQUEST.sub("", message, count=1)
    return message if asked == message else asked[:1].upper() + asked[1:]


def without_summary_request(question: str) -> str:
    """What a question asks for in short, where that is no summary: of "Sum up what the mayor says"
    "What the mayor says". Any other question as it is."""
    asked = _SUMMARY_OF.sub("", question).strip()
    return question if not asked or asked == question else asked[:1].upper() + asked[1:]
