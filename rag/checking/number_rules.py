"""Rules for the numbers of a claim: each must stand in the source with its unit and its bound
("more than"), and belong to the same thing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.checking.reasons import Reason
from rag.text.bounds import bound_before
from rag.text.quantities import Quantity, find_quantities, same_amount
from rag.text.tokens import content_stems, plain_words, stem

_CLAUSE_END = re.compile(
    r"[,;:—–]\s+|[—–]|\s(?:and|but|while|whereas|although|though|as|after|before)\s"
)


def _missing_numbers(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    in_source = [quantity for quote in quotes for quantity in find_quantities(quote)]
    stems = {stem(word) for quote in quotes for word in plain_words(quote)}
    reasons = []
    for number in find_quantities(claim):
        same = [other for other in in_source if same_amount(number, other)]
        if not same:
            reasons.append(Reason(f'the number "{number.text}" is not in the cited text', True))
        elif not _has_unit(number, same, stems):
            reasons.append(Reason(f'the source gives no "{number.unit}" for {number.text}', True))
    return reasons


def _has_unit(number: Quantity, same: Sequence[Quantity], source_stems: set[str]) -> bool:
    """An age needs no "years"; any other measure that the claim names must be in the source."""
    named = any(number.unit == other.unit for other in same)
    return named or number.unit in ("", "year") or stem(number.unit) in source_stems


def misplaced_numbers(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    """Numbers that the source gives for something else: in "125% for duties and 20% for fentanyl",
    a claim about fentanyl may not take the 125%. Each quote is one sentence."""
    numbers = find_quantities(claim)
    reasons = []
    for number in numbers:
        stems = set(content_stems(_clause_of(claim, number, numbers)))
        with_number = [
            quote
            for quote in quotes
            if any(same_amount(number, other) for other in find_quantities(quote))
        ]
        # The sentence that says most of it decides; a number may stand in others by chance.
        closest = max(with_number, key=lambda q: len(stems & set(content_stems(q))), default="")
        reasons += _misplaced(number, _shared_stems(stems, closest), only=len(numbers) == 1)
    return reasons


def _misplaced(
    number: Quantity, shared: Sequence[tuple[Quantity, int]], *, only: bool
) -> list[Reason]:
    own = max((count for other, count in shared if same_amount(number, other)), default=0)
    rival = max((count for other, count in shared if _rivals(number, other)), default=0)
    if rival > own:
        return [Reason(f'the source ties "{number.text}" to something else', hard=True)]
    if rival == own > 0 and only:
        return [Reason(f'the source may tie "{number.text}" to something else', hard=False)]
    return []


def _rivals(number: Quantity, other: Quantity) -> bool:
    return other.unit == number.unit and not same_amount(number, other)


def _shared_stems(stems: set[str], quote: str) -> list[tuple[Quantity, int]]:
    """Each number of the quote with how many of `stems` stand in its own clause. Those that the
    clauses of all numbers have do not count."""
    numbers = find_quantities(quote)
    clauses = [set(content_stems(_clause_of(quote, n, numbers))) for n in numbers]
    common = {s for s in stems if sum(s in clause for clause in clauses) == len(clauses)}
    return [(n, len(stems & clause - common)) for n, clause in zip(numbers, clauses, strict=True)]


def _clause_of(text: str, number: Quantity, numbers: Sequence[Quantity]) -> str:
    """The text around a number up to where a clause ends before the neighbouring numbers."""
    ends = [(m.start(), m.end()) for m in _CLAUSE_END.finditer(text)]
    before = [n.end for n in numbers if n.end <= number.start]
    after = [n.start for n in numbers if n.start >= number.end]
    left = max((e for s, e in ends if before and before[-1] <= s and e <= number.start), default=0)
    right = min(
        (s for s, e in ends if after and number.end <= s and e <= after[0]),
        default=after[0] if after else len(text),
    )
    return text[max(left, before[-1] if before and not left else left) : right]


def _other_bounds(claim: str, quotes: Sequence[str], around: str) -> list[Reason]:
    """ "More than 50" is not "at most 50", and neither "up to 50" nor "about 50" is "50"; but what
    is 50 is about 50."""
    reasons = []
    for number in find_quantities(claim):
        own = bound_before(claim, number.start)
        in_source = {
            bound_before(quote, other.start)
            for quote in quotes
            for other in find_quantities(quote)
            if same_amount(number, other)
        }
        rounded = own == "about" and "" in in_source
        if in_source and own not in in_source and not rounded:
            ours, theirs = (f"{bound} {number.text}".strip() for bound in (own, max(in_source)))
            text = f'"{ours}" in the claim is "{theirs}" in the source'
            reasons.append(Reason(text, hard=bool(own)))
    return reasons


RULES = (_missing_numbers, misplaced_numbers, _other_bounds)
