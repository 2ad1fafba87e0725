"""What a document, and what the whole library is about: points to cite, topics, and questions.

No language model is asked. A document's points are chosen when they are first wanted, or after it
is indexed where there are few, and kept in the library.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice

from rag.answering.conversation import questions_of, related_questions, suggest_questions
from rag.answering.summary import key_points
from rag.errors import LibraryError, NoSuchDocument
from rag.store.documents import Library
from rag.types import Answer, Document, Embedder, Span

MAX_POINTS = 3  # of one document
MAX_QUESTIONS = 3  # of one document
MAX_STARTING_QUESTIONS = 5  # of the whole library
MAX_LISTED = 8  # documents that the library lists one by one
MAX_COMMON_TOPICS = 14


@dataclass(frozen=True, slots=True)
class Point:
    """A sentence of a document, word for word: ``library.text(span) == text``."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class DocumentOverview:
    """What one document is about. `points` are in its order; `questions` are answered by it."""

    points: tuple[Point, ...]
    topics: tuple[str, ...]
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListedDocument:
    """A document with the sentence that says best what it is about; None where none was chosen."""

    id: str
    title: str
    point: Point | None


@dataclass(frozen=True, slots=True)
class LibraryOverview:
    """What all documents are about.

    `listed` has every document where these are at most `MAX_LISTED`, the newest first, and else
    none. `topics` are those that several documents have, most first, each with how many.
    """

    documents: int
    listed: tuple[ListedDocument, ...]
    topics: tuple[tuple[str, int], ...]
    questions: tuple[str, ...]


class Overviews:
    """Overviews of a library. Its methods raise `LibraryError`, and what the embedder raises."""

    def __init__(self, library: Library, embedder: Embedder) -> None:
        self._library = library
        self._embedder = embedder

    def of_document(self, id: str) -> DocumentOverview:
        """What a document is about; half a second the first time. Raises `NoSuchDocument`."""
        document = self._library.document(id)
        points = [_point(document, span) for span in sorted(self._spans(document))]
        topics = [topic.text for topic in self._library.overviews.topics(id)]
        questions = islice(questions_of(self._library, id), MAX_QUESTIONS)
        return DocumentOverview(tuple(points), tuple(topics), tuple(questions))

    def of_library(self) -> LibraryOverview:
        """What all documents are about; quick, as nothing is embedded for it."""
        number = len(self._library.digests())
        listed = self._library.recent_ids(MAX_LISTED) if number <= MAX_LISTED else []
        topics = self._library.overviews.common_topics(MAX_COMMON_TOPICS)
        return LibraryOverview(
            number,
            tuple(chain.from_iterable(map(self._listed, listed))),
            tuple((text, documents) for text, documents in topics if documents > 1),
            suggest_questions(self._library, limit=MAX_STARTING_QUESTIONS),
        )

    def complete(self, limit: int = MAX_LISTED) -> None:
        """Choose the points of documents that have none yet, the newest first."""
        for id in self._library.overviews.without_points(limit):
            with suppress(NoSuchDocument):  # removed since it was found
                self._spans(self._library.document(id))

    def related_questions(self, answer: Answer, asked: Collection[str] = ()) -> tuple[str, ...]:
        """Two or three questions to ask after `answer`, fewer where there are no others that its
        documents answer; none of `asked`."""
        return related_questions(self._library, answer, asked)

    def _listed(self, id: str) -> Iterator[ListedDocument]:
        """One, or none where the document was removed since it was found."""
        with suppress(NoSuchDocument):
            document = self._library.document(id)
            spans = self._library.overviews.points(id)
            yield ListedDocument(id, document.title, _point(document, spans[0]) if spans else None)

    def _spans(self, document: Document) -> list[Span]:
        """The spans of the points of a document, the best first, chosen where they are not."""
        spans = self._library.overviews.points(document.id)
        if spans is None:
            spans = [each.span for each in key_points(document, self._embedder, MAX_POINTS)]
            with suppress(LibraryError):  # a library that may only be read, or is being written
                self._library.overviews.put_points(document.id, document.digest, spans)
        return spans


def _point(document: Document, span: Span) -> Point:
    return Point(span, document.text[span.start : span.end])
