"""Compares what an answer cites with the sentences of other sources, in whatever words.

Every sentence cited is compared with the sentences of the other documents that were found.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from rag.conflicts.contradictions import Contradiction, are_far_apart
from rag.conflicts.differences import Difference
from rag.conflicts.pair_scorer import PairScorer
from rag.store.documents import Library
from rag.text.dates import find_years
from rag.text.sentences import split_sentences
from rag.thresholds import CONFLICTS
from rag.types import Citation, Claim, Passage, Span


@dataclass(frozen=True, slots=True)
class SentenceInContext:
    """A sentence with what names its subject: the sentences `before` it, and the title and
    sentences of its `article`, so far as they were found."""

    cited: Citation
    before: str
    article: tuple[str, ...]

    @property
    def text(self) -> str:
        """All these sentences."""
        return f"{self.before} {self.cited.quote}".strip()


def find_contradictions(
    claims: Sequence[Claim], passages: Sequence[Passage], scorer: PairScorer
) -> list[Contradiction]:
    """Those between what `claims` cite and the sentences of `passages`, each sentence once, at most
    `CONFLICTS.max_contradictions`."""
    published = _published(passages)
    found: dict[Span, Contradiction] = {}
    reported: set[Span] = set()
    candidates = [each for passage in passages for each in _sentences(passage)]
    for cited in dict.fromkeys(c for claim in claims for c in claim.citations):
        for other in candidates:
            if cited.span.document_id == other.span.document_id or cited.span in reported:
                continue
            if difference := _difference(cited, other, published, scorer):
                reported |= {cited.span, other.span}
                found.setdefault(other.span, Contradiction(difference, cited, other))
    return list(found.values())[: CONFLICTS.max_contradictions]


def read_in_context(
    cited: Citation, passages: Sequence[Passage], library: Library
) -> SentenceInContext:
    """A sentence of `passages`."""
    return _read(cited, _article(cited.span.document_id, passages), library)


def _read(cited: Citation, article: tuple[str, ...], library: Library) -> SentenceInContext:
    text = library.document(cited.span.document_id).text
    return SentenceInContext(cited, _before(text, cited.span.start), article)


def _article(id: str, passages: Sequence[Passage]) -> tuple[str, ...]:
    """The title and sentences of a document, so far as `passages` hold them."""
    own = [each for each in passages if each.span.document_id == id]
    sentences = (each.quote for passage in own for each in _sentences(passage))
    return (*dict.fromkeys(each.title for each in own), *sentences)


def _before(text: str, place: int) -> str:
    """The whole sentences within `CONFLICTS.context_chars` characters before `place`."""
    start = max(0, place - CONFLICTS.context_chars)
    found = split_sentences(text[start:place])
    whole = found[1:] if start else found  # the first may be cut off at the front
    return text[start + whole[0][0] : start + whole[-1][1]] if whole else ""


def sentences_of_others(
    cited: Citation, passages: Sequence[Passage], library: Library
) -> Iterator[SentenceInContext]:
    """The sentences of other documents, so far as they are of about the same time."""
    own = cited.span.document_id
    day = _published(passages).get(own)
    article = cache(lambda id: _article(id, passages))
    for passage in passages:
        if passage.span.document_id != own and not are_far_apart(day, passage.published):
            for each in _sentences(passage):
                yield _read(each, article(each.span.document_id), library)


def _sentences(passage: Passage) -> Iterator[Citation]:
    for start, end in split_sentences(passage.text):
        place = passage.span.start
        span = Span(passage.span.document_id, place + start, place + end)
        yield Citation(passage.number, span, passage.text[start:end])


def _published(passages: Sequence[Passage]) -> dict[str, str | None]:
    """The dates of their documents, by id."""
    return {passage.span.document_id: passage.published for passage in passages}


def _difference(
    cited: Citation, other: Citation, published: Mapping[str, str | None], scorer: PairScorer
) -> Difference | None:
    """Where two sentences contradict each other; of articles that are far apart, only in years."""
    far = are_far_apart(*(published.get(each.span.document_id) for each in (cited, other)))
    if far and not all(find_years(each.quote) for each in (cited, other)):
        return None
    found = scorer.likeliest_difference(cited.quote, other.quote)
    if found and far and not all(find_years(each) for each in (found.ours, found.theirs)):
        return None
    return found
