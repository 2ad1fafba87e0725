"""Checks whether the cited text says what a claim says.

Rules first (`rules`), then the share of the claim's words that the quotes carry and the score of
`scorer`. A hard reason makes a claim "unsupported", a soft one at most "partial". Other words
than the source's are "partial" where the score calls the claim grounded, else "unsupported".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rag.checking.alignment import are_same_word
from rag.checking.citations import CandidateSentence, DraftSentence, find_citations
from rag.checking.pronouns import read_pronouns
from rag.checking.reasons import Reason
from rag.checking.rules import order_quote_sentences, reasons_against
from rag.checking.scorer import Scorer
from rag.text.names import find_capitalised
from rag.text.sentences import needs_context
from rag.text.tokens import content_stems
from rag.text.words import parse_words
from rag.thresholds import CHECKING
from rag.types import Citation, Claim, Span, Support

# A list marker, and the "Yes," of an answer to a question: no part of what is claimed.
_OPENING = re.compile(r"^(?:(?:[-*•+]|\d{1,2}[.)])\s+)?(?:(?:yes|no)\b[,.:;]\s*)?", re.IGNORECASE)

QUOTATION_MARKS = '“”„"«»'

Around = Callable[[Span], str]
Above = Callable[[Span], str]


def _nothing(_: Span) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`score` is the chance, 0..1, that the quotes say it; without a scorer, the share of the
    claim's words that they carry."""

    support: Support
    reasons: tuple[str, ...]
    score: float


def check_claim(
    claim: str,
    quotes: Sequence[str],
    around: str = "",
    scorer: Scorer | None = None,
    above: str = "",
    *,
    reads_pronouns: bool = False,
) -> Verdict:
    """Compare `claim` with the quotes cited for it: the first carries it, the others are the
    sentences that it leans on, whose names its pronouns may stand for if `reads_pronouns`; `around`
    is the text near them, `above` their title and headings, whose words the claim may use. No
    quotes: unsupported."""
    if not quotes:
        return Verdict("unsupported", ("nothing in the sources resembles this",), 0.0)
    claim = _OPENING.sub("", claim) or claim
    carriers = _read(claim, quotes) if reads_pronouns else quotes[:1]
    reasons = min(
        (reasons_against(claim, [each, *quotes[1:]], around, above) for each in carriers),
        key=lambda found: (any(reason.hard for reason in found), len(found)),
    )
    share = coverage(claim, [*order_quote_sentences(claim, quotes), above])
    score = scorer.score_claim(claim, [*quotes, above] if above else quotes) if scorer else share
    grounded = score >= (scorer.threshold if scorer else CHECKING.min_partial_coverage)
    texts = [reason.text for reason in reasons]
    if share < CHECKING.min_supported_coverage:
        texts.append(f"the cited text carries {share:.0%} of its words")
    if any(reason.hard for reason in reasons):
        return Verdict("unsupported", tuple(texts), min(score, CHECKING.max_score_against_rules))
    return Verdict(_grade(reasons, share, grounded=grounded), tuple(texts), score)


def _read(claim: str, quotes: Sequence[str]) -> list[str]:
    """The ways to read the first quote behind the others."""
    carrier, *before = quotes
    return ([] if needs_context(carrier) else read_pronouns(claim, carrier, before)) or [carrier]


def _grade(reasons: Sequence[Reason], share: float, *, grounded: bool) -> Support:
    if share < CHECKING.min_partial_coverage and not grounded:
        return "unsupported"
    return "partial" if reasons or share < CHECKING.min_supported_coverage else "supported"


def coverage(claim: str, quotes: Sequence[str]) -> float:
    """Share of the claim's distinct words that the quotes carry; 1 for a claim without any.

    Numbers are left to the rules.
    """
    words = {word.key: word for word in parse_words(claim) if word.kind in ("content", "name")}
    in_quotes = [word for quote in quotes for word in parse_words(quote)]
    carried = sum(any(are_same_word(w, other) for other in in_quotes) for w in words.values())
    return carried / len(words) if words else 1.0


def cite_and_check(
    draft: DraftSentence,
    candidates: Sequence[CandidateSentence],
    around: Around,
    scorer: Scorer | None = None,
    above: Above = _nothing,
) -> Claim:
    """Anchor a sentence of the reply and check it, whole; if that fails, in its two halves,
    each against evidence of its own (a sentence may join what two sources say). `around` and
    `above` give what `check_claim` takes, for a cited span."""
    whole = _check_part(draft, candidates, around, scorer, above)
    if whole.support == "supported":
        return whole
    for halves in _halves(draft.text):
        parts = [
            _check_part(replace(draft, text=half), candidates, around, above=above)
            for half in halves
        ]
        if all(part.support == "supported" for part in parts) and _share_a_subject(parts):
            citations = dict.fromkeys(c for part in parts for c in part.citations)
            quotes = [citation.quote for citation in citations]
            score = scorer.score_claim(draft.text, quotes) if scorer else whole.score
            joined = replace(whole, citations=tuple(citations), score=score)
            return replace(joined, support="supported", reasons=())
    return whole


def _share_a_subject(parts: Sequence[Claim]) -> bool:
    """False for "… and cut exports" from another sentence: who did so is not in that half."""
    first, second = parts
    return first.citations[:1] == second.citations[:1] or bool(find_capitalised(second.text))


def _check_part(
    draft: DraftSentence,
    candidates: Sequence[CandidateSentence],
    around: Around,
    scorer: Scorer | None = None,
    above: Above = _nothing,
) -> Claim:
    found = find_citations(draft.text, draft.numbers, candidates)
    citations = tuple(sentence.citation for sentence in found)
    quotes = [citation.quote for citation in citations]
    near = around(citations[0].span) if citations else ""
    titled = " ".join(dict.fromkeys(above(citation.span) for citation in citations))
    verdict = check_claim(draft.text, quotes, near, scorer, titled, reads_pronouns=True)
    return Claim(
        text=draft.text,
        citations=citations,
        support=verdict.support,
        reasons=verdict.reasons,
        origin="model" if citations and citations[0].number in draft.numbers else "matched",
        score=round(verdict.score, 3),
    )


def quote_as_claim(citation: Citation) -> Claim:
    """The cited sentence itself, in quotation marks unless it has some, as the closest passage:
    what it says is so, but nothing is known of whether it answers."""
    has_marks = any(mark in citation.quote for mark in QUOTATION_MARKS)
    text = citation.quote if has_marks else f"“{citation.quote}”"
    return Claim(text, (citation,), "supported", (), "closest", 1.0)


def _halves(text: str) -> list[tuple[str, str]]:
    joints = re.finditer(r"[,;]?\s(?:and|while|but|whereas)\s|;\s", text)
    pairs = [(text[: joint.start()], text[joint.end() :]) for joint in joints]
    return [pair for pair in pairs if all(len(content_stems(half)) >= 2 for half in pair)]
