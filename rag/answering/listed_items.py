"""Lists that stand nowhere as one: a model names the items, and the units that have them answer.

"Which officials are named?" is answered by sentences that are not alike and have no word of the
question. What the model replies is never shown: it only points to units.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.answering.points import Points, one_group
from rag.retrieval.unit_ranking import Evidence, in_document_order
from rag.text.fingerprint import fingerprint
from rag.text.names import find_names
from rag.text.tokens import estimate_tokens
from rag.thresholds import EXTRACTIVE

MIN_ITEMS = 2
_BULLET = re.compile(r"^\W*(?:\d{1,2}[.)]\s+)?")


def units_to_read(ranked: Sequence[Evidence]) -> list[Evidence]:
    """The most relevant units that a model reads within `EXTRACTIVE.list_tokens`, at least one, in
    the order of their documents."""
    left, chosen = EXTRACTIVE.list_tokens, list[Evidence]()
    for each in ranked:
        left -= estimate_tokens(each.candidate.text)
        if left < 0 and chosen:
            break
        chosen.append(each)
    return in_document_order(chosen)


def points_with_items(reply: str, read: Sequence[Evidence]) -> Points:
    """The fewest of the units that were read in which every item of the reply stands that stands
    in any, in their order; none where these items are not two or more."""
    texts = [f" {fingerprint(each.candidate.text)} " for each in read]
    places = [
        found
        for item in _items(reply, texts)
        if (found := [n for n, text in enumerate(texts) if f" {item} " in text])
    ]
    if len(places) < MIN_ITEMS:
        return Points()
    chosen: list[int] = []
    while left := [own for own in places if not set(own) & set(chosen)]:
        shared = [n for own in left for n in own]
        chosen.append(max(shared, key=lambda n: (shared.count(n), -n)))
    evidence = [read[n] for n in sorted(chosen)][: EXTRACTIVE.max_loose_items]
    return one_group(evidence)


def _items(reply: str, texts: Sequence[str]) -> list[str]:
    """The items that a reply names, each as its fingerprint: a line of it, or, where that stands in
    no text, what its commas and semicolons part, and the names in it."""
    found = list[str]()
    for line in reply.splitlines():
        whole = _BULLET.sub("", line)
        parts = [whole]
        if not any(f" {fingerprint(whole)} " in text for text in texts):
            names = (name.text for name in find_names(whole))
            parts = [*re.split(r"[,;]\s+", whole), *names]
        found += [own for part in parts if (own := fingerprint(part))]
    return list(dict.fromkeys(found))
