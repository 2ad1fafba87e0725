"""Whether two words are forms of one word, synonyms, or words for the same event."""

from __future__ import annotations

from functools import lru_cache

from rag.text.antonyms import share_a_pole
from rag.text.names import name_keys
from rag.text.tokens import content_stem

# Stems of the same meaning.
_SYNONYMS = """tariff duti levi; film movi; compani firm; big larg; start begin; end finish;
    help aid; kid child; car vehicl; buy purchas acquir; show demonstr; attempt tri; talk negoti;
    need requir; receiv obtain; world global; fed feder; cop polic; doctor physician; sick
    ill; near almost; happen occur; locat situat; shop store; allow permit; choos pick
    select; fix repair; use utilis utiliz; photo photograph; elimin remov; whole entir;
    quick fast rapid; build construct; plant factori; vote ballot; jail prison;
    hurt injur wound; sign signatur"""
# Stems of which two reports of one event may have one each, beside those at one pole of a pair of
# opposites.
_INTERCHANGED = """kill die deadli murder; win winner beat defeat; name appoint choos pick;
    cut reduc axe slash; rise up; fall slow down; worker people person miner passeng;
    find found discov; buy pay; long longest; elect reelect; storm hurrican; fine pay; order must;
    close shut end"""


def _groups(listed: str) -> dict[str, frozenset[int]]:
    groups: dict[str, set[int]] = {}
    for number, group in enumerate(listed.split(";")):
        for word in group.split():
            groups.setdefault(word, set()).add(number)
    return {word: frozenset(numbers) for word, numbers in groups.items()}


_SYNONYM_GROUPS, _INTERCHANGED_GROUPS = _groups(_SYNONYMS), _groups(_INTERCHANGED)


def are_synonyms(first: str, second: str) -> bool:
    """True for stems that differ in form only ("produc", "product"), and for synonyms."""
    if first == second:
        return True
    short, long = sorted((first, second), key=len)
    if len(short) >= 5 and len(long) - len(short) <= 2 and long.startswith(short):
        return True
    return _share_a_group(first, second, _SYNONYM_GROUPS)


def may_be_same_event(first: str, second: str) -> bool:
    """True for synonyms, and for stems that two reports of one event may use for each other."""
    return (
        are_synonyms(first, second)
        or share_a_pole(first, second)
        or _share_a_group(first, second, _INTERCHANGED_GROUPS)
    )


def _share_a_group(first: str, second: str, groups: dict[str, frozenset[int]]) -> bool:
    return not groups.get(first, frozenset()).isdisjoint(groups.get(second, ()))


@lru_cache(maxsize=65_536)
def are_related_words(first: str, second: str) -> bool:
    """True when two words as written are forms of one word or name, or synonyms."""
    stems = content_stem(first), content_stem(second)
    return (all(stems) and are_synonyms(*stems)) or bool(name_keys(first) & name_keys(second))
