"""Which sentences of the hits should the model see, and in what order?

Sentences are ranked by themselves and taken best first, each with the sentence that it leans on,
until the budget is spent. A small model is shown them one by one, in that order, because it
answers from what it reads first; for a large one neighbours are joined into stretches of text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import log1p

from rag.events import Selected
from rag.query.answer_type import AnswerType, expected_answer_type
from rag.store.documents import Library
from rag.text.fingerprint import fingerprint
from rag.text.quantities import find_quantities
from rag.text.sentences import needs_context, split_sentences
from rag.text.tokens import content_keys, estimate_tokens
from rag.thresholds import EVIDENCE
from rag.types import Document, Embedder, Hit, Passage, Span


@dataclass(frozen=True, slots=True)
class _Scored:
    span: Span
    text: str
    score: float


def select_evidence(
    question: str,
    hits: Sequence[Hit],
    *,
    library: Library,
    embedder: Embedder,
    budget_tokens: int,
    join: bool,
) -> Selected:
    """Passages numbered from 1, best first, of about `budget_tokens` together (at least one, where
    there is a hit); neighbouring sentences are one passage if `join`. The other sentences of the
    ranking, at most `EVIDENCE.max_sentences`, are `cut`; so is what another document has just said
    word for word. Scores are those of this ranking, from about -1 to 2.6."""
    found = _sentence_spans(hits, library)
    ranked = _rank(question, found, [library.text(span) for span in found], embedder)
    chosen: dict[Span, float] = {}
    said: dict[str, str] = {}  # by which document
    left = budget_tokens
    for sentence in ranked:
        document = sentence.span.document_id
        if said.setdefault(fingerprint(sentence.text) or sentence.text, document) != document:
            continue
        added = [s for s in _with_lead(sentence, library) if s not in chosen]
        cost = sum(estimate_tokens(library.text(span)) for span in added)
        if cost > left and chosen:
            break
        left -= cost
        chosen |= dict.fromkeys(added, sentence.score)
    joined = _joined(chosen, library) if join else list(chosen.items())
    passages = _passages(joined, library)
    cut = _passages(_left_out(ranked, passages), library, first=len(passages) + 1)
    return Selected(passages, cut)


def _sentence_spans(hits: Iterable[Hit], library: Library) -> dict[Span, float]:
    """The sentences of the best hits, at most `EVIDENCE.max_sentences`, with the scores of their
    hits."""
    found: dict[Span, float] = {}
    for hit in hits:
        if len(found) >= EVIDENCE.max_sentences:
            break
        span = hit.chunk.span
        for start, end in split_sentences(library.text(span)):
            found[Span(span.document_id, span.start + start, span.start + end)] = hit.score
    return dict(islice(found.items(), EVIDENCE.max_sentences))


def _rank(
    question: str, found: Mapping[Span, float], texts: Sequence[str], embedder: Embedder
) -> list[_Scored]:
    """By cosine similarity to the question, the share of its words and numbers, weighted by
    rarity, and the score of the hit."""
    if not found:
        return []
    asked, *vectors = embedder.embed([question, *texts])
    held = [content_keys(text) for text in texts]
    wanted = content_keys(question)
    rarity = {
        word: log1p(len(held) / (1 + sum(word in h for h in held))) for word in sorted(wanted)
    }
    total = sum(rarity.values()) or 1.0
    kind = expected_answer_type(question)
    scored = [
        _Scored(
            span,
            text,
            sum(a * b for a, b in zip(asked, vector, strict=True))
            + EVIDENCE.words_weight * sum(rarity[word] for word in sorted(wanted & words)) / total
            + EVIDENCE.hit_weight * found[span]
            + _form(text, kind),
        )
        for span, text, vector, words in zip(found, texts, vectors, held, strict=True)
    ]
    return sorted(scored, key=lambda sentence: (-sentence.score, sentence.span))


def _form(text: str, kind: AnswerType) -> float:
    malus = 0.0 if re.search(r"[.!?…。][”\"’')\]]*$", text) else EVIDENCE.fragment_malus
    return (EVIDENCE.amount_bonus if kind == "number" and find_quantities(text) else 0.0) - malus


def _with_lead(sentence: _Scored, library: Library) -> list[Span]:
    """The sentence, and the one before it where it cannot be read alone."""
    span = sentence.span
    if not needs_context(sentence.text) or span.start == 0:
        return [span]
    start = max(0, span.start - EVIDENCE.lookback_chars)
    before = split_sentences(library.text(Span(span.document_id, start, span.start)))
    if not before or (start > 0 and len(before) == 1):  # cut off at the front
        return [span]
    left, right = before[-1]
    return [span, Span(span.document_id, start + left, start + right)]


def _joined(chosen: dict[Span, float], library: Library) -> list[tuple[Span, float]]:
    """Neighbours become one stretch, which scores as its best sentence; best first."""
    joined: list[tuple[Span, float]] = []
    for span in sorted(chosen):
        score = chosen[span]
        last = joined[-1] if joined else None
        if last and _adjacent(last[0], span, library):
            whole = Span(span.document_id, last[0].start, max(span.end, last[0].end))
            joined[-1] = (whole, max(score, last[1]))
        else:
            joined.append((span, score))
    return sorted(joined, key=lambda pair: (-pair[1], pair[0]))


def _adjacent(left: Span, right: Span, library: Library) -> bool:
    if left.document_id != right.document_id:
        return False
    if right.start <= left.end:
        return True
    gap = Span(left.document_id, left.end, right.start)
    return len(gap) < 10 and not library.text(gap).strip()


def _left_out(
    ranked: Iterable[_Scored], passages: Sequence[Passage]
) -> Iterator[tuple[Span, float]]:
    for sentence in ranked:
        if not any(passage.span.contains(sentence.span) for passage in passages):
            yield sentence.span, sentence.score


def _passages(
    scored: Iterable[tuple[Span, float]], library: Library, first: int = 1
) -> tuple[Passage, ...]:
    documents: dict[str, Document] = {}
    passages = []
    for number, (span, score) in enumerate(scored, start=first):
        document = documents.setdefault(span.document_id, library.document(span.document_id))
        text = document.text[span.start : span.end]
        passages.append(
            Passage(
                number,
                span,
                text,
                document.title,
                document.source,
                round(score, 4),
                document.published,
            )
        )
    return tuple(passages)
