"""Whether a reply, or a sentence of it, may stand as the answer to a question."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.answering.attempts import Attempt
from rag.checking.number_rules import misplaced_numbers
from rag.checking.question_match import question_overlap, short_answer_overlap
from rag.query.answer_type import (
    expected_answer_type,
    has_answer_type,
    has_asked_unit,
    wants_description,
)
from rag.text.negation import has_negation
from rag.text.quantities import find_quantities
from rag.text.tokens import content_stems
from rag.thresholds import ANSWERING
from rag.types import Citation, Claim

# What the prompts call what is read: "The text mentions …" tells of it, and does not answer.
_OF_PROMPT = re.compile(r"\b(?:the|this) (?:text|passage|article)\b", re.IGNORECASE)


def contains_short_answer(question: str, reply: str, attempt: Attempt) -> bool:
    """True when a reply says some of the few words that answer, where the model was asked for
    them. One that says others only has taken its subject or its object for another."""
    return attempt.short is None or short_answer_overlap(question, attempt.short, reply) > 0


def best_quote(question: str, citations: Sequence[Citation], attempt: Attempt) -> Citation | None:
    """Of sentences, the one to quote in place of a failed claim: the first, or, where the model
    was asked for the few words that answer, the one that holds most of them."""
    short = attempt.short
    if short is None:
        return next(iter(citations), None)
    return max(
        citations,
        key=lambda citation: short_answer_overlap(question, short, citation.quote),
        default=None,
    )


def answers_question(question: str, claims: Sequence[Claim], attempt: Attempt) -> bool:
    """True when the claims hold the kind of thing that was asked for, and their quotes in their
    context share enough of the question's words, or the model is sure of the passage."""
    text = " ".join(claim.text for claim in claims)
    if not claims or not has_what_was_asked(question, text, is_sure=attempt.is_sure):
        return False
    return attempt.is_sure or _overlap(question, claims, attempt) >= ANSWERING.min_question_overlap


def is_worth_quoting(question: str, quote: str, attempt: Attempt) -> bool:
    """True when the sentence that a failed claim came from answers the question by itself: it is
    likely to, or, where there is no chance to go by, has the question's words. One in which the
    model found no few words of a description may say anything of its subject."""
    if not has_what_was_asked(question, quote, is_sure=attempt.is_sure):
        return False
    if attempt.chance is None:
        return question_overlap(question, quote) >= ANSWERING.min_quote_overlap
    without_short = attempt.short is None and wants_description(question)
    return not without_short and attempt.chance >= ANSWERING.min_chance_quoted


def is_acceptable(question: str, claim: Claim, context: str, attempt: Attempt) -> bool:
    """True when a small model's claim, which the checks let pass, may stand as an answer.

    A "yes", and what a passage says that the model is not sure of, must be supported in full, and
    the rest be well grounded by its score; a number must be the one that the source ties to what
    was asked; no word may come from nowhere: what a small model does not copy it makes up; and it
    may not speak of the text that it was given.
    `context` is the text around what is cited.
    """
    strict = expected_answer_type(question) == "yes-no" or not attempt.is_sure
    doubtful = claim.score is not None and claim.score < ANSWERING.min_grounding
    if claim.support != "supported" and (strict or doubtful):
        return False
    return not (
        _ties_number_elsewhere(question, claim)
        or _invents(question, claim.text, context)
        or _OF_PROMPT.search(claim.text)
    )


def without_wrong_yes(question: str, reply: str) -> str:
    """`reply` without a leading "Yes" that its own negation belies."""
    opening = re.match(r"yes\b[,.:;]?\s*", reply, re.IGNORECASE)
    if not opening or has_negation(question) or not has_negation(reply):
        return reply
    rest = reply[opening.end() :]
    return rest[:1].upper() + rest[1:]


def has_what_was_asked(question: str, text: str, *, is_sure: bool = False) -> bool:
    """True where a text has the kind of thing, and the unit, that the question asks for. A person
    can be "the cartels": names are asked for only where the model is not sure."""
    kind = expected_answer_type(question)
    has_type = has_answer_type(kind, text) or (kind == "person" and is_sure)
    return has_type and has_asked_unit(question, text)


def _ties_number_elsewhere(question: str, claim: Claim) -> bool:
    """Where a claim has several amounts of one unit, the question does not tell which is for what;
    the checks of the claim do."""
    found = find_quantities(claim.text)
    if len({quantity.unit for quantity in found}) < len({quantity.text for quantity in found}):
        return False
    numbers = " ".join(quantity.text for quantity in found)
    quotes = [citation.quote for citation in claim.citations]
    wanted = f"{question.rstrip(' ?')} {numbers}"
    return bool(numbers) and bool(misplaced_numbers(wanted, quotes, ""))


def _invents(question: str, claim: str, context: str) -> bool:
    return bool(set(content_stems(claim)) - set(content_stems(f"{question} {context}")))


def _overlap(question: str, claims: Sequence[Claim], attempt: Attempt) -> float:
    """Share of the question's words, 0..1, in what is cited, read in its context, and the titles
    above it."""
    citations = [citation for claim in claims for citation in claim.citations]
    numbers = {citation.number for citation in citations}
    cited = [each for each in attempt.passages if each.number in numbers]
    around = {text for each in cited for text in (each.title, each.as_read)}
    quotes = [citation.quote for citation in citations]
    return question_overlap(question, " ".join([*quotes, *sorted(around)]))
