"""Words of opposite meaning, and which words of two texts are opposed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from rag.text import tokens
from rag.text.dates import DATE_WORDS
from rag.text.folding import fold_with_places
from rag.text.names import find_capitalised
from rag.text.tokens import WORD, without_possessive
from rag.text.words import negated_stems

# Stems of about the same meaning on one side of a colon, of the opposite on the other.
_ANTONYMS = """approv accept back pass endors ratifi adopt agre allow permit grant legalis authoris
    sign : reject block refus veto oppos ban bar forbid deni scrap;
    rise increas climb grow jump gain soar surg rais hike higher improv strengthen expand doubl
    : fall drop declin slip slide decreas lower cut reduc slump plung tumbl shrink eas halv worsen
    weaken dip;
    guilti convict : acquit clear innoc exoner absolv;
    uphold upheld affirm : overturn quash revers;
    safe drinkabl : unsaf danger unfit contamin hazard;
    genuin authent real : fake forgeri counterfeit fraud hoax;
    surviv aliv rescu : die kill perish drown; open reopen resum : close shut suspend halt closur;
    win beat victori winner triumph : lose defeat loss;
    hold withstand intact stand : collaps burst breach crumbl; play featur : miss;
    confirm admit acknowledg : deni reject; support back favour favor : oppos condemn;
    hire appoint recruit : fire sack dismiss; arrest detain jail charg : releas free discharg;
    begin start launch open : end finish stop halt; legal law : illeg unlaw;
    succeed success pass : fail failur; stay remain keep : leav quit resign;
    continu proceed : cancel postpon abandon end;
    protect prevent benefit : harm damag; more : less fewer; includ : exclud; agre accept : refus;
    contain control : uncontain; profit : loss; buy : sell; import : export; recov : deterior;
    renew extend : expir; impos : lift scrap; eas : tighten; arriv : leav"""
# Opposites that two texts can say of one thing, and a claim cannot exchange.
_CONTRASTS = """gain : lose; up : down; abov : below; over : under; befor : after; first : last;
    most : least; male man : femal woman; north : south; east : west; public : privat; old : young;
    current : former; same : differ; like : unlik"""
_FIRST_CONTRAST = len(_ANTONYMS.split(";"))
# What one does is done to the other: "A beat B" is "B lost to A".
_MUTUAL = ("win", "buy", "import")
_PHRASES = (
    (r"(?:go(?:es|ne|ing)?|went) ahead|go-ahead|green light", "approv"),
    (r"(?:turn|vot|knock)(?:s|ed|ing)? down", "reject"),
    (r"thr(?:ow|ew|own)s? out|str(?:ike|uck)s? down", "overturn"),
    (r"g[ia]v(?:e|en|es|ing) way", "collaps"),
    (r"(?:calls?|called) off|put off", "cancel"),
    (r"(?:stepp?(?:s|ed|ing)?|st[oe]od) down", "resign"),
    (r"not guilty", "innoc"),
    (r"out of control", "uncontain"),
    (r"(?:in|into) custody", "jail"),
)

Pole = tuple[int, int]  # the number of a pair of meanings, and 1 or -1 for one of the two


@dataclass(frozen=True, slots=True)
class PolarWord:
    """A word, or a phrase that stands for one, by its stem and place. A denied word has the
    `poles` of its opposite; most words have none."""

    stem: str
    start: int
    end: int
    denied: bool
    poles: frozenset[Pole]


@lru_cache(maxsize=512)
def polar_words(text: str) -> tuple[PolarWord, ...]:
    """Every word of `text`, with the poles at which it stands there."""
    negated = negated_stems(text)
    folded, places = fold_with_places(text)
    found = []
    for stem, start, end in _stems(folded):
        sign = -1 if stem in negated else 1
        poles = frozenset((pair, sign * own) for pair, own in _poles().get(stem, ()))
        found.append(PolarWord(stem, places[start], places[end], sign < 0, poles))
    return tuple(found)


def share_a_pole(first: str, second: str) -> bool:
    """True for stems of about the same meaning, by what they are opposites of."""
    poles = _poles()
    return not poles.get(first, frozenset()).isdisjoint(poles.get(second, ()))


def opposed_words(first: str, second: str) -> list[tuple[PolarWord, PolarWord]]:
    """Words of the two texts at opposite poles of a pair of which neither text has both.
    Contrasts do not count."""
    ours, theirs = polar_words(first), polar_words(second)
    mutual = _mutual_pairs(first, second)
    mixed = _mixed_pairs(ours) | _mixed_pairs(theirs)
    return [
        (a, b)
        for a in ours
        if a.poles
        for b in theirs
        if any(pair < _FIRST_CONTRAST for pair in _opposite_pairs(a, b, mutual) - mixed)
        and not _own_poles(a, mutual) & b.poles
        and a.stem != b.stem
    ]


def exchanged_words(first: str, second: str) -> list[tuple[str, str]]:
    """The stems of words of the two texts at opposite poles of a pair, where the first text has
    more words at the one pole and the second more at the other: "less idle" for "more idle",
    whatever else is more in both."""
    ours, theirs = polar_words(first), polar_words(second)
    mutual = _mutual_pairs(first, second)
    more = Counter(pole for word in ours for pole in _own_poles(word, mutual))
    more.subtract(pole for word in theirs for pole in word.poles)
    exchanged = {pair for pair, sign in more if more[pair, sign] > 0 > more[pair, -sign]}
    common = {word.stem for word in ours} & {word.stem for word in theirs}
    return [
        (a.stem, b.stem)
        for a in _one_of_each(ours)
        for b in _one_of_each(theirs)
        if _opposite_pairs(a, b, mutual) & exchanged and a.stem not in common
    ]


def _one_of_each(words: tuple[PolarWord, ...]) -> Iterable[PolarWord]:
    return {word.stem: word for word in words if word.poles}.values()


def _own_poles(word: PolarWord, mutual: frozenset[int]) -> set[Pole]:
    return {(pair, -sign if pair in mutual else sign) for pair, sign in word.poles}


def _opposite_pairs(a: PolarWord, b: PolarWord, mutual: frozenset[int]) -> set[int]:
    return {pair for pair, sign in _own_poles(a, mutual) if (pair, -sign) in b.poles}


def _mixed_pairs(words: tuple[PolarWord, ...]) -> set[int]:
    poles = {pole for word in words for pole in word.poles}
    return {pair for pair, sign in poles if (pair, -sign) in poles}


def _mutual_pairs(first: str, second: str) -> frozenset[int]:
    """The pairs that mean their opposite in the other text, because the two who are spoken of have
    changed places."""
    if not _changed_places(first, second):
        return frozenset()
    return frozenset(pair for word in _MUTUAL for pair, _ in _poles()[word])


def _changed_places(first: str, second: str) -> bool:
    """True when of two names that both texts have the first is the second in the other."""
    ours, theirs = _capitals(first), _capitals(second)
    both = {*ours} & {*theirs}
    return len(both) > 1 and next(n for n in ours if n in both) != next(
        n for n in theirs if n in both
    )


def _capitals(text: str) -> list[str]:
    names = (without_possessive(name.text) for name in find_capitalised(text))
    return [name for name in names if name.lower() not in DATE_WORDS]


@lru_cache(maxsize=1)
def _poles() -> dict[str, frozenset[Pole]]:
    found: dict[str, set[Pole]] = {}
    for pair, sides in enumerate([*_ANTONYMS.split(";"), *_CONTRASTS.split(";")]):
        for sign, side in zip((1, -1), sides.split(":"), strict=True):
            for word in side.split():
                found.setdefault(word, set()).add((pair, sign))
    return {word: frozenset(poles) for word, poles in found.items()}


@lru_cache(maxsize=1)
def _phrases() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(rf"(?i)\b(?:{each})\b"), stem) for each, stem in _PHRASES)


def _stems(text: str) -> Iterator[tuple[str, int, int]]:
    taken = [(m.start(), m.end(), s) for each, s in _phrases() for m in each.finditer(text)]
    yield from ((stem, start, end) for start, end, stem in taken)
    for match in WORD.finditer(text):
        if not any(start <= match.start() < end for start, end, _ in taken):
            yield tokens.stem(without_possessive(match[0].lower())), match.start(), match.end()
