"""Do the numbers of a claim agree with the source?

Each must stand there with its unit and its bound ("more than"), and belong to the same thing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.checking.reasons import Reason
from rag.text.quantities import Quantity, find_quantities, same_amount
from rag.text.tokens import content_stems, stem

_CLAUSE = re.compile(
    r"[,;:—–]\s+|[—–]|\s(?:and|but|while|whereas|although|though|as|after|before)\s"
)
_BOUNDS = (
    (
        "more than",
        re.compile(r"\b(?:(?:more|greater|higher) than|over|above|exceed\w*|at least)\b"),
    ),
    (
        "up to",
        re.compile(r"\b(?:(?:less|fewer|lower) than|under|below|up to|at most|as many as)\b"),
    ),
    ("almost", re.compile(r"\b(?:nearly|almost)\b")),
    ("about", re.compile(r"\b(?:about|around|approximately|roughly|some|an estimated)\b")),
)


def _numbers(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    stated = [quantity for quote in quotes for quantity in find_quantities(quote)]
    words = {stem(word) for quote in quotes for word in re.findall(r"[a-z]+", quote.lower())}
    reasons = []
    for number in find_quantities(claim):
        same = [other for other in stated if same_amount(number, other)]
        if not same:
            reasons.append(Reason(f'the number "{number.text}" is not in the cited text', True))
        elif not _unit_stated(number, same, words):
            reasons.append(Reason(f'the source gives no "{number.unit}" for {number.text}', True))
    return reasons


def _unit_stated(number: Quantity, same: Sequence[Quantity], words: set[str]) -> bool:
    """An age needs no "years"; any other measure that the claim names must be in the source."""
    named = any(number.unit == other.unit for other in same)
    return named or number.unit in ("", "year") or stem(number.unit) in words


def number_ties(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    """In "125% for duties and 20% for fentanyl", a claim about fentanyl may not take the 125%.
    Each quote is one sentence."""
    numbers = find_quantities(claim)
    reasons = []
    for number in numbers:
        wanted = set(content_stems(_clause_of(claim, number, numbers)))
        homes = [
            quote
            for quote in quotes
            if any(same_amount(number, other) for other in find_quantities(quote))
        ]
        # The sentence that says most of it decides; a number may stand in others by chance.
        home = max(homes, key=lambda quote: len(wanted & set(content_stems(quote))), default="")
        reasons += _untied(number, _ties(wanted, home), alone=len(numbers) == 1)
    return reasons


def _untied(number: Quantity, ties: Sequence[tuple[Quantity, int]], *, alone: bool) -> list[Reason]:
    own = max((tie for other, tie in ties if same_amount(number, other)), default=0)
    rival = max((tie for other, tie in ties if _rivals(number, other)), default=0)
    if rival > own:
        return [Reason(f'the source ties "{number.text}" to something else', hard=True)]
    if rival == own > 0 and alone:
        return [Reason(f'the source may tie "{number.text}" to something else', hard=False)]
    return []


def _rivals(number: Quantity, other: Quantity) -> bool:
    return other.unit == number.unit and not same_amount(number, other)


def _ties(wanted: set[str], quote: str) -> list[tuple[Quantity, int]]:
    """Each number of the quote with how many of the `wanted` words stand in its own clause. Words
    that the clauses of all numbers share tell nothing."""
    numbers = find_quantities(quote)
    clauses = [set(content_stems(_clause_of(quote, n, numbers))) for n in numbers]
    shared = {w for w in wanted if sum(w in clause for clause in clauses) == len(clauses)}
    return [(n, len(wanted & clause - shared)) for n, clause in zip(numbers, clauses, strict=True)]


def _clause_of(quote: str, number: Quantity, numbers: Sequence[Quantity]) -> str:
    """The text around a number up to the joints that part it from the neighbouring numbers."""
    joints = [(m.start(), m.end()) for m in _CLAUSE.finditer(quote)]
    before = [n.end for n in numbers if n.end <= number.start]
    after = [n.start for n in numbers if n.start >= number.end]
    left = max(
        (e for s, e in joints if before and before[-1] <= s and e <= number.start), default=0
    )
    right = min(
        (s for s, e in joints if after and number.end <= s and e <= after[0]),
        default=after[0] if after else len(quote),
    )
    return quote[max(left, before[-1] if before and not left else left) : right]


def _bounds(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    """ "More than 50" is not "at most 50", and "up to 50" is not "50"."""
    reasons = []
    for number in find_quantities(claim):
        said = _bound(claim, number)
        stated = {
            _bound(quote, other)
            for quote in quotes
            for other in find_quantities(quote)
            if same_amount(number, other)
        }
        if stated and said not in stated:
            dropped = said in ("", "about") and stated & {"", "about"}
            if not dropped:
                source = max(stated)
                text = (
                    f'"{said} {number.text}" in the claim is "{source} {number.text}" in the source'
                )
                reasons.append(Reason(text.replace('" ', '"'), hard=bool(said)))
    return reasons


def _bound(text: str, number: Quantity) -> str:
    before = text[max(0, number.start - 24) : number.start].lower()
    found = ((m.end(), name) for name, pattern in _BOUNDS for m in pattern.finditer(before))
    return max((each for each in found if not before[each[0] :].strip(" $€£¥")), default=(0, ""))[1]


RULES = (_numbers, number_ties, _bounds)
