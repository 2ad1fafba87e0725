"""What is said where no answer is given: to a greeting, and about a question that is declined.

Both come with questions that the documents do answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from rag.ingest.suggestions import short_title, title_question
from rag.store.documents import Library
from rag.text.tokens import content_stems
from rag.types import DeclineReason, Passage

MAX_SUGGESTIONS = 3
MAX_DOCUMENTS = 12  # whose questions are looked at
MAX_NAMED_TITLES = 3  # of the nearest passages

_REASONS: dict[DeclineReason, str] = {
    "nothing retrieved": "Nothing in the articles matches the question.",
    "not stated": "The articles do not state it.",
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
    waiting = [_questions_of(library, id, near) for id in islice(dict.fromkeys(ids), MAX_DOCUMENTS)]
    found = list[str]()
    while waiting and len(found) < limit:
        each = waiting.pop(0)
        text = next((text for text in each if text not in (declined, *found)), None)
        if text is not None:
            found.append(text)
            waiting.append(each)
    return tuple(found)


def _questions_of(library: Library, id: str, near: Sequence[Passage]) -> Iterator[str]:
    """Those of one document, made from what lies in `near` first, and at last what it is about."""
    questions = library.suggested_questions(id)
    spans = [passage.span for passage in near]
    questions.sort(key=lambda each: not any(each.span.overlaps(span) for span in spans))
    for question in questions:
        hits = library.search(question.text, MAX_SUGGESTIONS)
        if any(hit.chunk.span.overlaps(question.span) for hit in hits):
            yield question.text
    yield title_question(library.document(id).title)
