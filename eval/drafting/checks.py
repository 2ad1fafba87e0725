"""Checks drafts against the index, and says why one is dropped.

What is checked does not depend on how well the assistant answers: a question that it fails is worth
keeping. A draft must be found by the search that answering begins with, and it must have one
answer; a near miss must not be answered in any passage that the search finds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from eval.cases import normalise
from eval.drafting.draft import Draft
from rag.assistant import Assistant
from rag.internals import Unit, content_stems, name_keys, parse_units
from rag.types import Span

MAX_RANK = 10  # of the chunk that has the evidence of a draft
MAX_PLACES = 4  # that state one point
MAX_SHARED = 0.6  # of the words of a near miss, beside what was put in, in one unit with it
MAX_QUESTION_CHARS = 240

UNIQUE = "its quote stands at several places of the article"
NOT_FOUND = "the search does not find its evidence"
OTHER_ANSWER = "another article answers it otherwise"
MANY_PLACES = "too many places state it"
ANSWERED = "the near miss is answered after all"
TWICE = "another draft asks the same"
TOO_LONG = "it is too long"


class Checker:
    """Checks drafts of one index."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self._asked: dict[str, Draft] = {}

    def check(self, draft: Draft) -> Draft | str:
        """The draft, with every place that states its points; or why it is dropped."""
        if len(draft.question) > MAX_QUESTION_CHARS:
            return TOO_LONG
        if _key(draft) in self._asked:
            return TWICE
        found = self._unanswered(draft) if draft.kind == "unanswerable" else self._answered(draft)
        if isinstance(found, Draft):
            self._asked[_key(draft)] = found
        return found

    def _answered(self, draft: Draft) -> Draft | str:
        text = self._assistant.library.document(draft.document_id).text
        if not all(_is_unique(text, span) for span in (*draft.evidence, *draft.optional)):
            kept = tuple(span for span in draft.optional if _is_unique(text, span))
            if not all(_is_unique(text, span) for span in draft.evidence):
                return UNIQUE
            draft = replace(draft, optional=kept)
        chunks = self._found(draft.question)
        if not any(place.overlaps(span) for place in draft.evidence for span in chunks[:MAX_RANK]):
            return NOT_FOUND
        return self._with_other_places(draft, chunks) if draft.gold else draft

    def _with_other_places(self, draft: Draft, chunks: Sequence[Span]) -> Draft | str:
        """A draft with a short answer: other units that hold all words of the question state the
        answer too, or answer otherwise."""
        asked = set(content_stems(draft.question))
        places = list(draft.points[0])
        for unit, span, above in self._units(chunks):
            if any(span.overlaps(place) for place in draft.evidence) or not unit.is_evidence:
                continue
            whole = self._assistant.library.document(span.document_id).text
            own, text = set(content_stems(unit.text(whole))), unit.text(whole)
            if asked <= own | set(content_stems(above)) and 2 * len(asked & own) >= len(asked):
                if not any(normalise(gold) in normalise(text) for gold in draft.gold):
                    return OTHER_ANSWER
                if _is_unique(whole, span):
                    places.append(span)
        if len(places) > MAX_PLACES:
            return MANY_PLACES
        return replace(draft, points=(tuple(places), *draft.points[1:]))

    def _unanswered(self, draft: Draft) -> Draft | str:
        """Dropped where a unit that the search finds has what was put in, beside most of the other
        words of the question."""
        put_in = _keys(draft.put_in)
        others = {stem for stem in content_stems(draft.question) if stem not in put_in}
        for unit, span, above in self._units(self._found(draft.question)):
            whole = self._assistant.library.document(span.document_id).text
            text = f"{above} {unit.text(whole)}"
            if put_in and put_in <= _keys(text):
                shared = others & set(content_stems(text))
                if len(shared) >= MAX_SHARED * len(others):
                    return ANSWERED
        return draft

    def _found(self, question: str) -> list[Span]:
        return [hit.chunk.span for hit in self._assistant.search(question).hits]

    def _units(self, chunks: Sequence[Span]) -> Iterator[tuple[Unit, Span, str]]:
        """The units in `chunks`, each with the title, headings and introduction above it."""
        for chunk in chunks:
            document = self._assistant.library.document(chunk.document_id)
            for unit in parse_units(document.text):
                if chunk.start <= unit.start < chunk.end:
                    span = Span(document.id, unit.start, unit.end)
                    yield unit, span, " ".join((document.title, *unit.headings, unit.leans_on))


def _key(draft: Draft) -> str:
    """Equal for drafts that ask the same in other order or form."""
    return " ".join([draft.kind, *sorted(set(content_stems(draft.question)))])


def _keys(text: str) -> set[str]:
    return {key for word in normalise(text).split() for key in name_keys(word)}


def _is_unique(text: str, span: Span) -> bool:
    """Counted as `eval.cases` counts."""
    quote = text[span.start : span.end]
    return (
        bool(quote.strip())
        and text.find(quote) == span.start
        and (text.find(quote, span.start + 1) < 0)
    )
