"""Which key points an answer makes, and how many of its citations are to the point.

Pure. A point is made where the citations of the answer cover it, or where one sentence of the
answer says it in nearly the same words, as a shortened or merged quotation does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from eval.benchmarks.cited_sentences import cited_sentences
from eval.broad.questions import BroadQuestion, KeyPoint, Quote
from rag import split_sentences
from rag.internals import content_stems
from rag.types import Answer, Span

MIN_CITED = 0.6  # of the characters of a quote
MIN_STATED = 0.8  # of the terms of a quote
MIN_TERMS = 2  # of a quote: a single word says too little
_MARKER = re.compile(r"\s*\[\d+(?:,\s*\d+)*\]")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")

Sentences = Mapping[str, Sequence[Span]]
"""The sentences of each document, by its id."""


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


def point_recall(question: BroadQuestion, content: AnswerContent) -> float | None:
    """The share of the required points that the answer makes; None where none is required."""
    return _mean([is_made(point, content) for point in question.required])


def stated_recall(question: BroadQuestion, content: AnswerContent) -> float | None:
    """The share of the required points that the answer's own words state: a long sentence that is
    cited for something else counts for nothing here. None where none is required."""
    return _mean([is_stated(point, content.sentences) for point in question.required])


def point_precision(
    question: BroadQuestion, content: AnswerContent, sentences: Sentences
) -> float | None:
    """The share of the cited sentences that overlap a point, required or not, or belong to a
    document that the question is about. None where nothing is cited."""
    documents = {span.document_id for span in content.cited}
    known = [span for id in documents for span in sentences[id]]
    quotes = [quote.span for point in question.points for quote in point.quotes]
    return _mean(
        [
            sentence.document_id in question.about or any(map(sentence.overlaps, quotes))
            for sentence in cited_sentences(content.cited, known)
        ]
    )


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


def _mean(values: Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None
