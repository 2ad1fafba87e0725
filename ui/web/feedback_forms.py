"""Endpoints for what a person says of an answer, and for the review of it on the Evals tab."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from rag import split_sentences
from rag.errors import NoSuchDocument, QuestionError
from rag.types import Span
from ui.records.feedback import MAX_BETTER_CHARS, MAX_EXPECTED, REASONS, Decision, Feedback
from ui.records.feedback_cases import review_cases
from ui.safe_text import one_line
from ui.translation import format_list, format_number, translate
from ui.views import review_list
from ui.web.json_replies import text_in, with_json

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from rag import Library
    from rag.types import Document
    from ui.gate.sign_in import Access
    from ui.questions.exchange import Exchange
    from ui.records.feedback import FeedbackStore
    from ui.records.history import History

MAX_OFFERED = 40  # sentences to choose from
MAX_MARKED_WORDS = 200


@dataclass(frozen=True)
class FeedbackForms:
    """The endpoints, over the answers and the feedback of all owners."""

    library: Library
    history: History
    feedback: FeedbackStore
    access: Access

    def routes(self) -> Sequence[BaseRoute]:
        from starlette.routing import Route

        one = "/feedback/{exchange}"
        return [
            Route(one, with_json(self.form), methods=["GET"]),
            Route(one, with_json(self.save), methods=["POST"]),
            Route(f"{one}/review", with_json(self.review), methods=["POST"]),
        ]

    def form(self, request: Request, _: Mapping[str, Any]) -> dict[str, Any]:
        """What was said of an answer, and what can be chosen."""
        owner, exchange = self._found(request)
        given = self.feedback.get(owner, exchange.id)
        return {
            "reasons": {name: translate(words) for name, words in REASONS.items()},
            "reason": given.reason,
            "note": exchange.note,
            "better": given.better,
            "sentence": _place(given.sentence) if given.sentence else None,
            "sentences": [_place(each) for each in _offered(exchange)],
        }

    def save(self, request: Request, body: Mapping[str, Any]) -> dict[str, Any]:
        """Keep the note, and of the rest what the body has: `reason`, `better`, and `sentence`, a
        place or the words that were marked. Raises `QuestionError`."""
        owner, exchange = self._found(request)
        if exchange.thumb is None:
            raise QuestionError(
                translate("There is no thumb at this answer."),
                translate("Press one of them first."),
            )
        given = self.feedback.get(owner, exchange.id)
        if "reason" in body:
            given = replace(given, reason=text_in(body, "reason", 20))
        if "better" in body:
            given = replace(given, better=text_in(body, "better", MAX_BETTER_CHARS))
        if "sentence" in body:
            given = replace(given, sentence=self._sentence(exchange, body["sentence"]))
        note = text_in(body, "note", MAX_BETTER_CHARS) if "note" in body else exchange.note
        kept = self.history.set_thumb(owner, exchange.id, exchange.thumb, note)
        self.feedback.put(owner, exchange.id, given)
        return {
            "note": kept.note,
            "sentence": _place(given.sentence) if given.sentence else None,
            "said": _said(kept, given),
        }

    def review(self, request: Request, body: Mapping[str, Any]) -> dict[str, Any]:
        """Accept, edit or drop a case; gives its new row and the line that sums up."""
        owner, exchange = self._found(request)
        given = self.feedback.get(owner, exchange.id)
        decision = body.get("decision")
        if decision in ("open", "accepted", "dropped"):
            given = replace(given, decision=cast(Decision, decision))
        if "question" in body:
            question = one_line(text_in(body, "question", MAX_BETTER_CHARS))
            rows = text_in(body, "expected", MAX_BETTER_CHARS * MAX_EXPECTED).splitlines()
            expected = tuple(filter(None, map(one_line, rows)))[:MAX_EXPECTED]
            given = replace(given, question=question, expected=expected)
        self.feedback.put(owner, exchange.id, given)
        cases = self._cases(owner)
        row = next(case for case in cases if case.exchange.id == exchange.id)
        return {"row": review_list.render_row(row), "summary": review_list.render_summary(cases)}

    def _cases(self, owner: str) -> list[Any]:
        def text_of(id: str) -> str:
            return self.library.document(id).text

        given = self.feedback.of(owner)
        return [*review_cases(self.history.with_thumbs(owner), text_of, given)]

    def _found(self, request: Request) -> tuple[str, Exchange]:
        owner = self.access.owner(request)
        return owner, self.history.find(owner, request.path_params["exchange"])

    def _sentence(self, exchange: Exchange, value: Any) -> tuple[Span, str] | None:
        """A place in a source, with its words there now. Raises `QuestionError`."""
        if not value:
            return None
        if not isinstance(value, dict):
            raise QuestionError(
                translate("The page sent what cannot be read."), translate("Reload the page.")
            )
        document = self._document(text_in(value, "document", 2_000))
        if "text" in value:
            span = find_marked(document, text_in(value, "text", 10_000))
        else:
            span = _span(document, value.get("start"), value.get("end"))
        return span, document.text[span.start : span.end]

    def _document(self, id: str) -> Document:
        try:
            return self.library.document(id)
        except (NoSuchDocument, UnicodeEncodeError) as error:
            raise QuestionError(
                translate("This source is gone."), translate("Mark a sentence in another one.")
            ) from error


def find_marked(document: Document, marked: str) -> Span:
    """The sentences of a document that the words `marked` lie in. Spaces and line breaks may be
    others. Raises `QuestionError` where the words are not there, or several times."""
    words = marked.split()[:MAX_MARKED_WORDS]
    found = [*re.finditer(r"\s+".join(map(re.escape, words)), document.text)] if words else []
    if not found:
        raise QuestionError(
            translate("These words are not in the source."),
            translate("Mark a sentence of its text."),
        )
    if len(found) > 1:
        raise QuestionError(
            translate("These words stand in the source {n} times.", n=format_number(len(found))),
            translate("Mark a few more of them."),
        )
    start, end = found[0].span()
    around = [(a, b) for a, b in split_sentences(document.text) if a < end and b > start]
    if around:
        start, end = around[0][0], around[-1][1]
    return Span(document.id, start, end)


def _span(document: Document, start: Any, end: Any) -> Span:
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(document.text):
        raise QuestionError(
            translate("The source has no such place."), translate("Mark the sentence again.")
        )
    return Span(document.id, start, end)


def _offered(exchange: Exchange) -> Iterator[tuple[Span, str]]:
    """The sentences of the passages that the answer was made from, in order."""
    places: dict[Span, str] = {}
    for passage in exchange.evidence:
        at, id = passage.span.start, passage.span.document_id
        for start, end in split_sentences(passage.text):
            places[Span(id, at + start, at + end)] = passage.text[start:end]
    yield from [*places.items()][:MAX_OFFERED]


def _place(sentence: tuple[Span, str]) -> dict[str, Any]:
    span, words = sentence
    place = {"document": span.document_id, "start": span.start, "end": span.end}
    return {**place, "text": one_line(words)}


def _said(exchange: Exchange, given: Feedback) -> str:
    """What is kept now, in one sentence."""
    kept = [
        translate("your note") if exchange.note else "",
        translate("the reason") if given.reason else "",
        translate("the better answer") if given.better else "",
        translate("the right sentence") if given.sentence else "",
    ]
    names = [each for each in kept if each]
    if not names:
        return translate("Saved, without a note.")
    return translate("Saved: {parts}. It is on the Evals tab.", parts=format_list(names))
