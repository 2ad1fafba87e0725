"""Changes of names, speakers and roles that make a sentence false.

Names, speakers and roles, for `mutations`, which says why what they give is false.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from eval.scorer.mutations.replacements import (
    DAYS,
    MONTHS,
    MutationContext,
    Replacement,
    Replacements,
)

# --- names, speakers, roles -------------------------------------------------------------------

_WORD = r"(?:[A-Z][’']?[A-Z]?[a-zéáíóúñöüç-]*[a-zéáíóúñöüç]|[A-Z]{2,5})"
_NAME = re.compile(rf"(?<![\w“\"’'.-])(?<!\. )({_WORD}(?: {_WORD})*)(?![\w-])")
_TITLES = frozenset(
    """Why How What Will Off There President Prime Minister Mr Mrs Ms Dr Secretary Senator Sen
    Rep Governor Gov Mayor General Attorney Chief Judge Justice King Queen Prince Princess
    Pope Director Chairman Chairwoman Premier Vice Deputy Treasury Foreign State Supreme
    Officer Captain Sgt Lt Col Professor Rev Sir The I It He She They We You A An In On At And
    But Or If As When While This That These Those For Representative Congressman Ambassador
    Defense Speaker House AI CEO CFO COO PM DNA TV UN EU UK English French Dutch Spanish
    German Greek Swiss Irish Welsh Thai""".split()
) | frozenset([*MONTHS.split(), *DAYS])
_NATION = re.compile(r"[A-Z][a-z]+(?:ese|ish|ian|ians|can|cans|li|qi|eans?|ench)")
_VERBS = (
    r"(?:has |had |have |was |were )?(?:\w+ed|beat|sued|bought|sold|told|hit|led|won against"
    r"|lost to|overtook|shot|struck|taught|paid|sent|accuses|owns|runs|leads)(?: by)?"
)
_BOTH_WAYS = re.compile(r"joined|married|faced|matched|named|called|dubbed|starred|played|shared")


def _names_in(text: str, document: str) -> Iterator[tuple[int, int, str]]:
    """Names inside a sentence of a document, without their titles; where a sentence begins is no
    name, nor is a word that the document also writes without its capital."""
    common = _common(document)
    for match in _NAME.finditer(text):
        words = match[1].split()
        rest = list(words)
        while rest and rest[0] in _TITLES:
            rest.pop(0)
        start = match.end() - len(" ".join(rest))
        inside = start > 0 and not re.search(r"[.!?:\n][”\"]?\s*$", text[:start])
        plain = rest and not (_TITLES & set(rest) or any(map(_NATION.fullmatch, rest)))
        if plain and inside and len("".join(rest)) > 2 and rest[0].lower() not in common:
            yield start, match.end(), " ".join(rest)


@lru_cache(maxsize=2)
def _common(document: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z][\w’'-]*", document))


def names_of(document: str) -> list[str]:
    """The names that stand inside the sentences of a document, once each, in order."""
    return list(dict.fromkeys(name for _, _, name in _names_in(document, document)))


_OFFERED = 30  # names drawn, of which those that fit are offered


def _swaps(
    text: str, context: MutationContext, names: Sequence[str], chance: random.Random
) -> Replacements:
    drawn = chance.sample(names, min(_OFFERED, len(names)))
    for start, end, old in _names_in(text, context.around):
        fits = [
            n for n in drawn if _shape(n) == _shape(old) and _is_other(n, old) and n not in text
        ]
        if fits:
            yield Replacement(start, end, chance.choice(fits))


def _shape(name: str) -> tuple[int, bool]:
    return min(len(name.split()), 2), name.isupper()


def _is_other(one: str, other: str) -> bool:
    initials = {"".join(word[0] for word in name.split()) for name in (one, other)}
    stems = [{word[:4].lower() for word in name.split()} for name in (one, other)]
    return not (stems[0] & stems[1] or initials & {one, other})


def change_name(text: str, context: MutationContext, chance: random.Random) -> Replacements:
    return _swaps(text, context, context.named, chance)


def change_to_foreign_name(
    text: str, context: MutationContext, chance: random.Random
) -> Replacements:
    common = _common(context.around)
    strange = [
        name
        for name in context.elsewhere
        if name not in context.around and name.split()[0].lower() not in common
    ]
    return _swaps(text, context, strange, chance)


_SORTS = (
    "police|officials|prosecutors|authorities|the government|the ministry|the agency|the court",
    "researchers|scientists|experts|analysts|economists|the study|the report|doctors",
    "critics|activists|residents|witnesses|relatives|the company|the union|the team|employees",
)
_SORT = {speaker: sort for sort in _SORTS for speaker in sort.split("|")}
_WHO = rf"(?P<who>{_WORD}(?: {_WORD}){{0,2}}|(?i:{'|'.join(_SORTS)}))"
_SAYS = r"(?:said|says|told|added|reported|announced|warned|argued|claimed|explained|wrote)"
_BY = _WHO.replace("who", "by")
_SPOKEN = re.compile(rf"(?<![\w-]){_WHO} {_SAYS}\b|(?:[Aa]ccording to|[,”] said) {_BY}\b(?! [A-Z])")


def _speakers_in(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _SPOKEN.finditer(text):
        group = "who" if match["who"] else "by"
        who = match[group]
        if who.lower() in _SORT or not (_TITLES & set(who.split())):
            yield *match.span(group), who


def speakers_of(document: str) -> list[str]:
    """Who is said to have said something in a document, once each, in order."""
    common = _common(document)
    found = dict.fromkeys(who for _, _, who in _speakers_in(document))
    return [who for who in found if who.lower() in _SORT or who.split()[0].lower() not in common]


def change_attribution(text: str, context: MutationContext, chance: random.Random) -> Replacements:
    for start, end, old in _speakers_in(text):
        sort = _SORT.get(old.lower())
        fits = [
            new.lower() if sort else new
            for new in (*context.speakers, *(_SORT if sort else ()))
            if (_SORT.get(new.lower()) not in (sort, None) if sort else new.lower() not in _SORT)
            and _is_other(new, old)
            and new not in text
        ]
        if fits:
            new = chance.choice(fits)
            yield Replacement(start, end, new[0].upper() + new[1:] if start == 0 else new)


_FULL = rf"{_WORD}(?: {_WORD})*"
_END = r"(?![\w’'-])"
_PAIR = re.compile(rf"(?<![\w’'-])(?P<a>{_FULL}) (?P<verb>{_VERBS}) (?P<b>{_FULL}){_END}")
_WAY = re.compile(rf"(?<=\b[Ff]rom )(?P<a>{_FULL})(?P<verb> to )(?P<b>{_FULL}){_END}")


def swap_roles(text: str, context: MutationContext, chance: random.Random) -> Replacements:
    for match in (*_PAIR.finditer(text), *_WAY.finditer(text)):
        a, verb, b = match["a"], match["verb"].strip(), match["b"]
        plain = not ((_TITLES & {*a.split(), *b.split()}) or _BOTH_WAYS.search(verb))
        if plain and _is_other(a, b):
            yield Replacement(*match.span(), f"{b} {verb} {a}")
