"""Key points: what a good answer says, and which of them an answer makes.

Pure. A point is made where the citations of the answer cover it, or where one sentence of the
answer says it in nearly the same words, as a shortened or merged quotation does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rag import split_sentences
from rag.internals import content_stems
from rag.types import Answer, Span

MIN_CITED = 0.6  # of the characters of a quote
MIN_STATED = 0.8  # of the terms of a quote
MIN_TERMS = 2  # of a quote: a single word says too little
_MARKER = re.compile(r"\s*\[\d+(?:,\s*\d+)*\]")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")


@dataclass(frozen=True, slots=True)
class Quote:
    """Characters of a document: ``library.text(span) == text``."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class KeyPoint:
    """Something that an answer should say, with every place that states it."""

    quotes: tuple[Quote, ...]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class AnswerContent:
    """What an answer cites, and its sentences without markers. Of a declined one both are empty:
    the passages that it shows are no answer."""

    cited: tuple[Span, ...] = ()
    sentences: tuple[str, ...] = ()


def content_of(answer: Answer) -> AnswerContent:
    if answer.status == "declined":
        return AnswerContent()
    text = _MARKER.sub("", answer.text)
    return AnswerContent(
        tuple(citation.span for claim in answer.claims for citation in claim.citations),
        tuple(text[start:end] for start, end in split_sentences(text)),
    )


def is_made(point: KeyPoint, content: AnswerContent) -> bool:
    """True where the answer cites the point or states it."""
    return is_cited(point, content.cited) or is_stated(point, content.sentences)


def is_cited(point: KeyPoint, cited: Iterable[Span]) -> bool:
    """True where the spans together cover at least `MIN_CITED` of one of its quotes."""
    spans = tuple(cited)
    return any(_share_cited(quote, spans) >= MIN_CITED for quote in point.quotes)


def is_stated(point: KeyPoint, sentences: Iterable[str]) -> bool:
    """True where one sentence has every number of one of its quotes and at least `MIN_STATED` of
    its content stems and numbers. A quote of fewer than `MIN_TERMS` cannot be stated so."""
    told = [_terms(sentence) for sentence in sentences]
    wanted = [terms for quote in point.quotes if len(terms := _terms(quote.text)) >= MIN_TERMS]
    return any(_holds(terms, each) for terms in wanted for each in told)


def _share_cited(quote: Quote, cited: Sequence[Span]) -> float:
    span = quote.span
    covered: set[int] = set()
    for each in cited:
        if each.overlaps(span):
            covered.update(range(max(each.start, span.start), min(each.end, span.end)))
    return len(covered) / len(span)


def _terms(text: str) -> frozenset[str]:
    return frozenset(content_stems(text)) | _numbers(text)


def _numbers(text: str) -> frozenset[str]:
    return frozenset(number.replace(",", "") for number in _NUMBER.findall(text))


def _holds(wanted: frozenset[str], told: frozenset[str]) -> bool:
    numbers = {term for term in wanted if term[0].isdigit()}
    return numbers <= told and len(wanted & told) >= MIN_STATED * len(wanted)
