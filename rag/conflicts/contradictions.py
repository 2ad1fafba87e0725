"""A contradiction between two sources, and how an answer shows it.

It becomes a claim of its own with both quotes, and no claim that rests on either of the two counts
as supported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rag.answering.draft import AnswerDraft
from rag.conflicts.differences import Difference
from rag.events import Selected
from rag.text.dates import parse_day
from rag.thresholds import CONFLICTS
from rag.types import Citation, Claim, Passage

DISAGREE = "the sources do not agree"


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What is cited, and what another document says otherwise."""

    difference: Difference
    cited: Citation
    other: Citation
    passage: Passage | None = None
    """That holds the other, where none of those found for the question does; of any number."""


def are_far_apart(first: str | None, second: str | None) -> bool:
    """True of two publication dates between which things may have changed."""
    a, b = parse_day(first), parse_day(second)
    return a is not None and b is not None and abs((a - b).days) > CONFLICTS.max_days_between


def add_contradictions(
    draft: AnswerDraft, found: Sequence[Contradiction], selected: Selected
) -> AnswerDraft:
    """The draft with a claim for each contradiction, at most `CONFLICTS.max_shown`, and with the
    passages that these cite. Claims that rest on a contradicted quote are no longer supported."""
    passages = list(draft.passages)
    known = {each.number: each for each in (*selected.passages, *selected.cut)}
    numbered = [_with_passage(each, passages, known) for each in found]
    shown = {passage.number: passage for passage in passages}
    marked = [_marked(claim, numbered) for claim in draft.claims]
    added = [contradiction_claim(each, shown) for each in numbered[: CONFLICTS.max_shown]]
    return replace(draft, claims=(*marked, *added), passages=tuple(passages))


def _with_passage(
    found: Contradiction, passages: list[Passage], known: Mapping[int, Passage]
) -> Contradiction:
    """The contradiction with the number of the passage of `passages` that holds the other; where
    none does it is appended."""
    held = next((each for each in passages if each.span.contains(found.other.span)), None)
    if held is None and (missing := found.passage or known.get(found.other.number)):
        number = max((each.number for each in passages), default=0) + 1
        held = replace(missing, number=number)
        passages.append(held)
    return replace(found, other=replace(found.other, number=held.number)) if held else found


def _marked(claim: Claim, found: Sequence[Contradiction]) -> Claim:
    """The claim as it is; where it rests on what a source contradicts, with that reason."""
    reasons = [reason for each in found if (reason := _reason(claim, each))]
    if not reasons:
        return claim
    support = "partial" if claim.support == "supported" else claim.support
    return replace(claim, support=support, reasons=(*claim.reasons, *dict.fromkeys(reasons)))


def _reason(claim: Claim, found: Contradiction) -> str:
    """Why a claim is contradicted; "" where it is not."""
    difference = found.difference
    sides = (
        (found.cited, difference.ours, difference.theirs),
        (found.other, difference.theirs, difference.ours),
    )
    for quote, own, others in sides:
        if any(each.span.overlaps(quote.span) for each in claim.citations):
            if difference.point == "verdict":
                return "another source says the opposite"
            return f"another source says {others} where this one says {own}"
    return ""


def contradiction_claim(found: Contradiction, passages: Mapping[int, Passage]) -> Claim:
    """What the answer says of it, with both quotes, their sources and dates."""
    point = {"verdict": "whether this is so"}.get(
        found.difference.point, f"the {found.difference.point}"
    )
    sources = [_source(passages.get(each.number)) for each in (found.cited, found.other)]
    if sources[0] == sources[1]:
        sources = ["", ""]
    quotes = (" ".join(each.quote.split()).removesuffix(".") for each in (found.cited, found.other))
    first, second = (f"“{quote}”{source}" for quote, source in zip(quotes, sources, strict=True))
    text = f"Sources differ on {point}: {first}, but {second}."
    return Claim(text, (found.cited, found.other), "partial", (DISAGREE,), "compared")


def _source(passage: Passage | None) -> str:
    """The title and date of a source, in brackets."""
    if passage is None:
        return ""
    title = " ".join(passage.title.split()) or passage.source
    return f" ({title}, {passage.published})" if passage.published else f" ({title})"
