"""Points beside the point: what is like the question and says nothing to it is left out.

Of 416 lines that were most like 68 questions of the broad and the fresh set, each marked by whether
it makes a key point, likeness ranks those behind the first with an AUROC of 62, the model's "yes,
this states the answer" with 78. In the paragraph of the line that likely answers 46 of 101 are to
the point whatever it says; elsewhere 17 of 225 with a "yes" below 0.6, and 51 of 96 above.
"""

from __future__ import annotations

from collections.abc import Collection, Generator
from dataclasses import replace

from rag.answering.draft import Step, timed_call
from rag.answering.model_requests import ask_if_answered
from rag.answering.points import Points
from rag.retrieval.evidence import numbered_passages
from rag.retrieval.unit_ranking import Evidence
from rag.text.units import parse_units
from rag.thresholds import EXTRACTIVE
from rag.types import ChatModel, Document, Span


def without_strays(
    question: str, points: Points, cited: Collection[Span], model: ChatModel
) -> Generator[Step, None, Points]:
    """The points that belong to an answer: those in the paragraph of what is `cited`, or, where
    nothing is, of the point that likeliest answers, and others that the model says answer. A list
    or section of the source stays whole. Raises what `ChatModel.stream` does."""
    if points.is_whole:
        return points
    least = EXTRACTIVE.min_p_answered_point
    if points.by_form:
        least = EXTRACTIVE.min_p_answered_speech
    if cited:
        least += EXTRACTIVE.more_below_answer
    evidence = [each for group in points.groups for each in group.evidence]
    paragraphs = _paragraphs_of(cited, {each.candidate.document for each in evidence})
    p_answered = dict[Span, float]()
    for each in evidence:
        if each.candidate.paragraph not in paragraphs:
            p_answered[each.span] = yield from _p_answered(question, each, model)
    if p_answered and not cited:
        best = max(evidence, key=lambda each: p_answered[each.span] * each.relevance)
        paragraphs = {best.candidate.paragraph}

    def belongs(each: Evidence) -> bool:
        return each.candidate.paragraph in paragraphs or p_answered[each.span] >= least

    groups = (
        replace(group, evidence=tuple(filter(belongs, group.evidence))) for group in points.groups
    )
    return replace(points, groups=tuple(groups))


def _p_answered(
    question: str, evidence: Evidence, model: ChatModel
) -> Generator[Step, None, float]:
    """The probability, 0..1, of the model's "yes" to whether a unit states the answer."""
    passages = numbered_passages([evidence])
    call = yield from timed_call("judge", lambda: ask_if_answered(question, passages, model))
    yield call
    return call.probability or 0.0


def _paragraphs_of(
    spans: Collection[Span], documents: Collection[Document]
) -> set[tuple[str, int]]:
    """The paragraphs of the documents that the spans are of."""
    return {
        (document.id, unit.paragraph)
        for document in documents
        for unit in parse_units(document.text)
        if any(span.overlaps(Span(document.id, unit.start, unit.end)) for span in spans)
    }
