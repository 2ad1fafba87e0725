"""In which point do two sentences of different sources contradict each other?

Two sentences must first say the same thing: the words of one stand in the other, but for what
differs. Then they may contradict each other in one point only: a number, a name, a date, or whether
it is so. A wrong alarm costs more than a missed one, so whatever may be another time, another part
or someone's opinion is left alone. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from rag import stated, terms
from rag.cite import leans
from rag.stated import Figure, Name, Statement

Point = Literal["number", "name", "date", "verdict"]

LEAST_SHARED = 3  # words and names that both sentences have
LEAST_SHARE = 0.6  # of the longer sentence
ROUNDING = 0.03  # of the larger figure
ABOUT = 0.15  # the same where one says "about"


_SYNONYMS = """kill die deadli; win winner beat defeat; approv pass back; close closur shut;
    name appoint choos pick; cut reduc axe slash lower; rise increas climb grow jump gain up;
    fall drop declin eas slow decreas down; worker people person miner passeng;
    find found discov; stole steal; long longest; buy purchas pay acquir; sign signatur;
    build construct; plant factori; lose defeat; begin start open launch; end finish close;
    vote ballot; reject block; elect reelect; convict guilti; jail prison; murder kill;
    storm hurrican; quit resign; hurt injur wound; fine pay; order must"""
_OPPOSITES = """rise fall; increas decreas; rais cut; rais lower; win lose; beat lose;
    accept reject; approv reject; approv block; pass reject; support oppos; allow ban; grant deni;
    uphold overturn; upheld overturn; guilti innoc; convict acquit; confirm deni; safe unsaf;
    legal illeg; surviv die; succeed fail; begin end; open close; arrest releas; hire fire;
    alive dead; up down; gain lose; strengthen weaken; improv worsen; expand shrink; higher lower;
    more less"""
_UNSURE = re.compile(
    r"\b(?:may|might|could|would|should|if|unless|whether|yet|perhaps|possibl[ey]|likely|until"
    r"|plan(?:s|ned|ning) to|planned|expect\w*|hop(?:e[sd]?|ing)|want\w*|aim(?:s|ed)?|propos\w+"
    r"|consider\w*|forecasts?|predict\w*|seek\w*|offer(?:s|ed|ing)|ask(?:s|ed|ing)?|demand\w*|believ\w*|claim(?:s|ed)?"
    r"|argu\w+|alleg\w+|accus\w+|insist\w*|suggest\w*|warn\w*|think\w*|thought|estimat\w+"
    r"|den(?:y|ied|ies) that)\b|\?"
)
_PRONOUN = re.compile(
    r"(?i)[“\"‘'(]*(?:(?:and|but|so|also|meanwhile|still),? )?"
    r"(?:he|she|it|they|we|i|you|his|her|its|their|our|my|this|that|these|those|there)\b"
)
# What happens once, or has one place and one doer; other things happen again, or elsewhere.
_ONCE = frozenset(
    """die kill murder bear found open reopen build sign begin start end launch collaps discov find
    invent win beat defeat sentenc introduc appoint name choos elect succeed replac hold happen
    strike crash sink design write direct buy acquir headquart identifi buri reach effect make move
    creat marri debut premier""".split()
)


@dataclass(frozen=True, slots=True)
class Difference:
    """In which point two sentences differ, and how each has it: a number, name or date as written,
    or the stem of a word."""

    point: Point
    ours: str
    theirs: str


def differ(one: str, other: str) -> Difference | None:
    """What two sentences of different sources state differently of the same thing, if anything."""
    if any(_UNSURE.search(text) or _PRONOUN.match(text) for text in (one, other)):
        return None
    whole = stated.read(one), stated.read(other)
    cores = [stated.read(stated.core(text)) for text in (one, other)]
    for ours in dict.fromkeys((whole[0], cores[0])):
        for theirs in dict.fromkeys((whole[1], cores[1])):
            if found := _differ(ours, theirs):
                if found.point != "date" and _other_time(*whole):
                    return None
                return found
    return None


def _differ(ours: Statement, theirs: Statement) -> Difference | None:
    left, right = _left(ours, theirs), _left(theirs, ours)
    pairs = [(a, b) for a in left for b in right if _opposite(a, b)]
    rest = len(left) - len({a for a, _ in pairs}), len(right) - len({b for _, b in pairs})
    if all(rest) or not _same_thing(ours, theirs, len(ours.words) - len(left)):
        return None
    found = list(_differences(ours, theirs, pairs))
    return found[0] if len(found) == 1 else None


def _same_thing(ours: Statement, theirs: Statement, words: int) -> bool:
    """True when two sentences that have so many words in common speak of the same."""
    named = sum(_held(name, theirs) for name in ours.names)
    rivals = bool(_rival_names(ours, theirs))
    if not named and (leans(ours.text) or leans(theirs.text)):
        return False
    if not named and not rivals and (ours.names or theirs.names):
        return False
    agreed = _agreed(ours, theirs)
    shared = words + named + agreed
    longer = max(len(each.words) + len(each.names) for each in (ours, theirs))
    return shared >= max(LEAST_SHARED, LEAST_SHARE * (longer + agreed - rivals))


def _other_time(ours: Statement, theirs: Statement) -> bool:
    if any(a.excludes(b) for a in ours.dates for b in theirs.dates):
        return True
    timed = (ours.dates or ours.periods) and (theirs.dates or theirs.periods)
    return bool(timed) and ours.periods != theirs.periods


def _differences(
    ours: Statement, theirs: Statement, pairs: Sequence[tuple[str, str]]
) -> Iterator[Difference | None]:
    """In every point; None for one that may be no contradiction."""
    once = any(_alike(a, b) for a in _once(ours) for b in _once(theirs))
    if names := _rival_names(ours, theirs):
        a, b = names[0]
        alone = once and len(names) == 1 and a.slot == b.slot
        yield Difference("name", a.text, b.text) if alone else None
    if any(a.excludes(b) for a in ours.dates for b in theirs.dates):
        alone = once and len(ours.dates) == len(theirs.dates) == 1
        yield Difference("date", ours.dates[0].text, theirs.dates[0].text) if alone else None
    if figures := _rival_figures(ours, theirs):
        c, d = figures[0]
        yield Difference("number", c.text, d.text) if len(figures) == 1 else None
    if (turned := _turned(ours, theirs, pairs)) and _same_order(ours, theirs):
        if ("will" in ours.text.split()) != ("will" in theirs.text.split()):
            return
        yield Difference("verdict", *turned)


# --- words ------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _groups() -> dict[str, frozenset[int]]:
    groups: dict[str, set[int]] = {}
    for number, group in enumerate(_SYNONYMS.split(";")):
        for word in group.split():
            groups.setdefault(word, set()).add(number)
    return {word: frozenset(numbers) for word, numbers in groups.items()}


@lru_cache(maxsize=1)
def _opposites() -> frozenset[tuple[str, ...]]:
    pairs = [tuple(pair.split()) for pair in _OPPOSITES.split(";")]
    return frozenset([*pairs, *(pair[::-1] for pair in pairs)])


def _alike(one: str, other: str) -> bool:
    groups = _groups()
    return terms.related(one, other) or bool(
        groups.get(one, frozenset()) & groups.get(other, frozenset())
    )


def _opposite(one: str, other: str) -> bool:
    return (one, other) in _opposites() or one == "un" + other or other == "un" + one


def _left(ours: Statement, theirs: Statement) -> list[str]:
    """The words of `ours` that `theirs` does not have."""
    names = frozenset(key for name in theirs.names for key in name.keys)
    known = [*theirs.words, *theirs.speaker]
    return [
        word
        for word in ours.words
        if not any(_alike(word, other) for other in known) and not terms.name_keys(word) & names
    ]


def _agreed(ours: Statement, theirs: Statement) -> int:
    """How many figures and dates the two have in common."""
    figures = sum(
        any(_agree(a, b) and _comparable(a, b) for b in theirs.figures) for a in ours.figures
    )
    return figures + sum(date in theirs.dates for date in ours.dates)


def _once(read: Statement) -> set[str]:
    return {terms.stem(word) for word in re.findall(r"[a-z]+", read.text.lower())} & _ONCE


def _turned(
    ours: Statement, theirs: Statement, pairs: Sequence[tuple[str, str]]
) -> tuple[str, str] | None:
    """A word that only one of the two denies, or two opposites; none where two such make one."""
    flips = [
        ("not " * (word in ours.denied) + word, "not " * (word in theirs.denied) + word)
        for word in ours.words
        if word in theirs.words and _is_denied(word, ours) != _is_denied(word, theirs)
    ]
    flips += [(a, b) for a, b in pairs if (a in ours.denied) == (b in theirs.denied)]
    return flips[0] if len(flips) % 2 else None


def _is_denied(word: str, read: Statement) -> bool:
    return any(_alike(word, other) for other in read.denied)


# --- figures and names ------------------------------------------------------------------------


def _rival_figures(ours: Statement, theirs: Statement) -> list[tuple[Figure, Figure]]:
    mine = [a for a in ours.figures if not any(_agree(a, b) for b in theirs.figures)]
    others = [b for b in theirs.figures if not any(_agree(a, b) for a in ours.figures)]
    return [(a, b) for a in mine for b in others if _comparable(a, b)]


def _comparable(a: Figure, b: Figure) -> bool:
    if a.unit != b.unit:
        return False
    return bool(a.unit) or any(_alike(x, y) for x in a.counted for y in b.counted)


def _agree(a: Figure, b: Figure) -> bool:
    if a.unit == b.unit == "score":
        return sorted(a.text.split("-")) == sorted(b.text.split("-"))
    if a.unit != b.unit and a.unit and b.unit:
        return False
    slack = (ABOUT if "about" in (a.bound, b.bound) else ROUNDING) * max(a.value, b.value)
    if abs(a.value - b.value) <= slack:
        return True
    low, high = (a, b) if a.value < b.value else (b, a)
    return low.bound == "more" or high.bound == "less"


def _rival_names(ours: Statement, theirs: Statement) -> list[tuple[Name, Name]]:
    mine = [n for n in ours.names if not _held(n, theirs)]
    others = [n for n in theirs.names if not _held(n, ours)]
    return [(a, b) for a in mine for b in others]


def _same_order(ours: Statement, theirs: Statement) -> bool:
    """True when the names that both have come in the same order."""
    mine = [name.keys for name in ours.names if _held(name, theirs)]
    others = [name.keys for name in theirs.names if _held(name, ours)]
    return all(a & b for a, b in zip(mine, others, strict=False))


def _held(name: Name, read: Statement) -> bool:
    keys = {key for word in read.words for key in terms.name_keys(word)}
    return any(name.keys & other.keys for other in read.names) or bool(name.keys & keys)
