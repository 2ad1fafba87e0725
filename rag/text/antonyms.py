"""Which words of a sentence say that a thing is so, and which that it is not?

Words come in pairs of poles: what is approved is not rejected. A word that is denied stands at the
other pole. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rag.text import tokens
from rag.text.words import negated_stems

# Stems; the two poles of a pair stand on either side of the colon.
_POLES = """approv accept back pass endors ratifi adopt agre allow permit grant legalis authoris
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
    begin start launch open : end finish stop halt; legal law : illeg unlaw; succeed success : fail
    failur; stay remain keep : leav quit resign; continu proceed : cancel postpon abandon end;
    protect prevent benefit : harm damag; more : less fewer; includ : exclud; agre accept : refus;
    contain control : uncontain; profit : loss; buy : sell; import : export; recov : deterior;
    renew extend : expir"""
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
_WORD = re.compile(r"[^\W\d_]+(?:[’'-][^\W\d_]+)*")

Pole = tuple[int, int]  # the number of a pair, and 1 or -1


@dataclass(frozen=True, slots=True)
class PolarWord:
    """A word, or a phrase that stands for one, by its stem and place."""

    stem: str
    start: int
    end: int
    denied: bool
    poles: frozenset[Pole]


@lru_cache(maxsize=512)
def polar_words(text: str) -> tuple[PolarWord, ...]:
    """Every word of `text`, with the poles at which it stands where it is."""
    negated = negated_stems(text)
    found = []
    for stem, start, end in _stems(text):
        turn = -1 if stem in negated else 1
        poles = frozenset((pair, sign * turn) for pair, sign in _pairs().get(stem, ()))
        found.append(PolarWord(stem, start, end, turn < 0, poles))
    return tuple(found)


def mutual_pairs() -> frozenset[int]:
    """The pairs whose poles change where the two who are spoken of do."""
    return frozenset(pair for word in _MUTUAL for pair, _ in _pairs()[word])


@lru_cache(maxsize=1)
def _pairs() -> dict[str, frozenset[Pole]]:
    found: dict[str, set[Pole]] = {}
    for pair, sides in enumerate(_POLES.split(";")):
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
    for match in _WORD.finditer(text):
        if not any(start <= match.start() < end for start, end, _ in taken):
            word = re.sub(r"['’]s?$", "", match[0].lower())
            yield tokens.stem(word), match.start(), match.end()
