"""Which sentences of a source the citations of an answer rest on."""

from __future__ import annotations

from collections.abc import Iterable

from rag.types import Span


def cited_sentences(cited: Iterable[Span], sentences: Iterable[Span]) -> set[Span]:
    """Those of `sentences` that share with one of the `cited` spans at least half of the
    characters of the shorter of the two: a quoted clause counts for its sentence, and a stray
    character of the next sentence for nothing."""
    spans = set(cited)
    return {sentence for sentence in sentences if any(_rests_on(span, sentence) for span in spans)}


def _rests_on(cited: Span, sentence: Span) -> bool:
    if cited.document_id != sentence.document_id:
        return False
    shared = min(cited.end, sentence.end) - max(cited.start, sentence.start)
    return shared > 0 and 2 * shared >= min(len(cited), len(sentence))
