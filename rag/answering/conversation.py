"""What is said besides answers: to a greeting, about a question that is declined, and which
questions the documents do answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice

from rag.errors import NoSuchDocument
from rag.ingest.suggestions import short_title, title_question
from rag.store.documents import Library, SuggestedQuestion
from rag.text.tokens import content_keys, content_stems
from rag.types import Answer, DeclineReason, Passage, Span

MAX_SUGGESTIONS = 3
MAX_DOCUMENTS = 12  # whose questions are looked at
MAX_RELATED_DOCUMENTS = 4  # the same, of those that an answer does not cite
MAX_NAMED_TITLES = 3  # of the nearest passages
MAX_SHARED_WORDS = 0.8  # of those of two questions together; from there on they are one question

_REASONS: dict[DeclineReason, str] = {
    "nothing retrieved": "Nothing in the articles matches the question.",
    "not stated": "No passage of the articles was found that states it.",
    "nothing survived checking": "The articles do not support what the model wrote.",
}


def reply(message: str, library: Library) -> str:
    """What to say to hello, thanks, or "what can you do?"; nothing is searched.

    Raises `LibraryError`.
    """
    count = len(library.digests())
    articles = "one article" if count == 1 else f"{count:,} articles"
    thanked = "You are welcome. " if "thank" in content_stems(message) else ""
    return (
        f"{thanked}I answer questions about {articles} and show the words that each sentence of an"
        " answer rests on. Ask for a fact, a reason, a list, what somebody said, a comparison or a"
        " summary."
    )


def explain_decline(
    reason: DeclineReason, looked_for: str, passages: Sequence[Passage] = ()
) -> str:
    """Why there is no answer, what was looked for (the question made to stand alone), and where
    the nearest passages are from, in their order."""
    text = f"{_REASONS[reason]} Looked for: “{looked_for}”."
    titles = list(dict.fromkeys(f"“{short_title(passage.title)}”" for passage in passages))
    if not titles:
        return text
    named = titles[:MAX_NAMED_TITLES]
    listed = " and ".join([", ".join(named[:-1]), named[-1]] if named[1:] else named)
    return f"{text} The nearest passages are from {listed}."


def suggest_questions(
    library: Library,
    near: Sequence[Passage] = (),
    limit: int = MAX_SUGGESTIONS,
    declined: str = "",
) -> tuple[str, ...]:
    """At most `limit` questions that the documents answer: one a document first, of the documents
    of `near` before the newest ones. `declined` is a question that is not suggested.

    A question is left out where a search for its words does not find its document. Raises
    `LibraryError`.
    """
    newest = sorted(library.published().items(), key=lambda each: each[1], reverse=True)
    ids = [passage.span.document_id for passage in near]
    ids += [id for id, _ in newest]
    ids += sorted(library.digests())
    waiting = [questions_of(library, id, near) for id in islice(dict.fromkeys(ids), MAX_DOCUMENTS)]
    found = list[str]()
    while waiting and len(found) < limit:
        each = waiting.pop(0)
        text = next((text for text in each if text not in (declined, *found)), None)
        if text is not None:
            found.append(text)
            waiting.append(each)
    return tuple(found)


def related_questions(
    library: Library, answer: Answer, asked: Collection[str] = (), limit: int = MAX_SUGGESTIONS
) -> tuple[str, ...]:
    """At most `limit` questions to ask after `answer`: documents that it cites, and then others
    with a topic of theirs, answer them with something else than it cites; at last, what these
    others are about. None is like its question or like one of `asked`. Raises `LibraryError`.
    """
    cited = [citation.span for claim in answer.claims for citation in claim.citations]
    known = library.digests().keys()
    near = [id for id in dict.fromkeys(span.document_id for span in cited) if id in known]
    others = _documents_with_topics_of(library, near)
    waiting = [*_related(library, answer, cited, near), *_related(library, answer, cited, others)]
    texts = (question.text for question in waiting if _is_found(library, question))
    titles = chain.from_iterable(_about(library, id) for id in others or near)
    found = list[str]()
    for text in chain(texts, titles):
        if len(found) == limit:
            break
        if not _is_asked(text, (answer.question, *asked, *found)):
            found.append(text)
    return tuple(found)


def _documents_with_topics_of(library: Library, ids: Sequence[str]) -> list[str]:
    """Other documents with a topic of these, those with the most first; a few."""
    topics = {topic.text for id in ids for topic in library.overviews.topics(id)}
    shared = Counter(
        id for text in topics for id in library.overviews.documents_with_topic(text) - set(ids)
    )
    ranked = sorted(shared, key=lambda id: (-shared[id], id))
    return ranked[:MAX_RELATED_DOCUMENTS]


def _related(
    library: Library, answer: Answer, cited: Sequence[Span], ids: Iterable[str]
) -> list[SuggestedQuestion]:
    """Questions that these documents answer with what is not cited, the most like the question of
    `answer` first."""
    wanted = content_keys(answer.question)
    found = [
        question
        for id in ids
        for question in library.suggested_questions(id)
        if not any(question.span.overlaps(span) for span in cited)
    ]
    return sorted(found, key=lambda each: -_shared_words(content_keys(each.text), wanted))


def _is_asked(question: str, asked: Iterable[str]) -> bool:
    keys = content_keys(question)
    return any(_shared_words(keys, content_keys(each)) >= MAX_SHARED_WORDS for each in asked)


def _shared_words(one: set[str], other: set[str]) -> float:
    """The share of the words of both, 0..1, that both have."""
    return len(one & other) / max(len(one | other), 1)


def questions_of(library: Library, id: str, near: Sequence[Passage] = ()) -> Iterator[str]:
    """Questions that one document answers, made from what lies in `near` first, and at last what it
    is about."""
    questions = library.suggested_questions(id)
    spans = [passage.span for passage in near]
    questions.sort(key=lambda each: not any(each.span.overlaps(span) for span in spans))
    yield from (question.text for question in questions if _is_found(library, question))
    yield from _about(library, id)


def _about(library: Library, id: str) -> Iterator[str]:
    """What a document is about, as a question; nothing where it was removed since it was found."""
    with suppress(NoSuchDocument):
        yield title_question(library.document(id).title)


def _is_found(library: Library, question: SuggestedQuestion) -> bool:
    """Whether a search for its words finds what answers it."""
    hits = library.search(question.text, MAX_SUGGESTIONS)
    return any(hit.chunk.span.overlaps(question.span) for hit in hits)
