"""How many of its key points an answer to a question of the broad set makes, and how many of its
citations are to the point. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eval.benchmarks.cited_sentences import cited_sentences
from eval.broad.questions import BroadQuestion
from eval.key_points import AnswerContent, is_made, is_stated
from rag.types import Span

Sentences = Mapping[str, Sequence[Span]]
"""The sentences of each document, by its id."""


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


def _mean(values: Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None
