"""Words that leave open whether a thing is so."""

from __future__ import annotations

import re

from rag.text.reporting import find_opinion

_DOUBTS = frozenset(
    """may might could possible possibly potential potentially perhaps probably would reportedly
    allegedly alleged likely unlikely purported apparently seemingly if unless whether""".split()
)
HEDGES = _DOUBTS | frozenset(  # each hedges the word after it
    """seeks seeking expected expects planned plans planning hopes hoping wants intends
    aims""".split()
)
MODAL_HEDGES = frozenset(["can", "possibility"])  # hedge, or say what someone is able to do
_WISHES_AND_VIEWS = re.compile(
    r"\b(?:should|plan(?:s|ned|ning) to|planned|expect\w*|hop(?:e[sd]?|ing)|want\w*|aim(?:s|ed)?"
    r"|propos\w+|consider\w*|forecasts?|seek\w*|offer(?:s|ed|ing)?|ask(?:s|ed|ing)?|demand\w*"
    r"|think\w*|thought|estimat\w+|call(?:ed|s)|prais\w+|view|I|critics?)\b|\?"
)


def is_hedged(text: str) -> bool:
    """True when a text says of something that it may be, is wanted, or is someone's opinion."""
    words = re.findall(r"[a-z]+", text)  # a capital is that of a name, as in "May"
    return bool(
        not _DOUBTS.isdisjoint(words) or _WISHES_AND_VIEWS.search(text) or find_opinion(text)
    )
