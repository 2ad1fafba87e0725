"""Whether two words are forms of one word, or synonyms."""

from __future__ import annotations

from functools import lru_cache

from rag.text.names import name_keys
from rag.text.tokens import content_stem

_SYNONYMS = """tariff duti levi; film movi; compani firm; big larg; start begin; end finish;
    help aid; kid child; car vehicl; buy purchas; show demonstr; attempt tri; talk negoti;
    need requir; receiv obtain; world global; fed feder; cop polic; doctor physician; sick
    ill; near almost; happen occur; locat situat; shop store; allow permit; choos pick
    select; fix repair; use utilis utiliz; photo photograph; elimin remov; whole entir;
    quick fast rapid"""


@lru_cache(maxsize=1)
def _synonyms() -> dict[str, frozenset[int]]:
    groups: dict[str, set[int]] = {}
    for number, group in enumerate(_SYNONYMS.split(";")):
        for word in group.split():
            groups.setdefault(word, set()).add(number)
    return {word: frozenset(numbers) for word, numbers in groups.items()}


def are_related_stems(one: str, other: str) -> bool:
    """True for stems that differ in form only ("produc", "product"), and for synonyms."""
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    if len(short) >= 5 and len(long) - len(short) <= 2 and long.startswith(short):
        return True
    groups = _synonyms()
    return bool(groups.get(one, frozenset()) & groups.get(other, frozenset()))


@lru_cache(maxsize=65_536)
def are_related_words(one: str, other: str) -> bool:
    """True when two words as written are forms of one word or name, or synonyms."""
    stems = content_stem(one), content_stem(other)
    return (all(stems) and are_related_stems(*stems)) or bool(name_keys(one) & name_keys(other))
