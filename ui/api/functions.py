"""The functions for other programs: ask, verify and check, with plain values in and out.

Gradio's API and the Model Context Protocol offer the same three; their schemas come from these
annotations.
"""

# No postponed annotations here: Gradio reads those of the results as they stand.
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from rag.errors import FootnoteError, QuestionError
from rag.types import Answer, Citation, Span, Turn
from ui.api.schemas import (
    AnswerDocument,
    CheckDocument,
    Cited,
    FootnoteDocument,
    PastTurn,
    PlacedQuote,
)

if TYPE_CHECKING:
    from rag.assistant import Assistant
    from ui.questions.runner import ActiveQuestion, QuestionRunner
    from ui.records.verify_export import FootnoteCheck

MAX_CHARS = 5_000_000  # of a text to verify
MAX_CITATIONS = 100  # of one claim to check

T = TypeVar("T")


class NotAnswered(FootnoteError):
    """A question without an answer; the message is the one that people see."""

    def __init__(self, error: str) -> None:
        problem, stop, remedy = error.partition(". ")
        super().__init__(problem + stop.strip(), remedy or "Ask again.")


@dataclass(frozen=True)
class ApiFunctions:
    """The functions, over one assistant. All of them raise `FootnoteError`s."""

    assistant: "Assistant"
    runner: "QuestionRunner"

    def by_name(self) -> Mapping[str, Callable[..., Any]]:
        """Each under the name by which programs call it."""
        return {"ask": self.ask, "verify": self.verify, "check": self.check}

    def ask(
        self,
        question: str,
        document_ids: list[str] | None = None,
        history: list[PastTurn] | None = None,
    ) -> AnswerDocument:
        """Ask the articles a question. Each sentence of the answer comes with the quotes that
        support it, the characters of the source where they stand, and how well they do. A decline
        (status "declined") says why in its reason. The question can be limited to some documents;
        history is the conversation before it, oldest first."""
        from rag.serialization import answer_to_json

        answer = wait_for_answer(self.start(question, document_ids, history))
        return cast(AnswerDocument, answer_to_json(answer))

    def verify(self, text: str) -> list[FootnoteDocument]:
        """Check an answer or a conversation that was exported as Markdown or HTML: does each of
        its footnotes still stand in the sources? The state of each is same, moved (the quote
        stands elsewhere in its source), changed (it stands there no more), gone (with its
        source) or altered (in the text given). A footnote counts as altered, too, where a sentence
        that cites it was changed after the export."""
        from ui.records.footnotes import read_export
        from ui.records.verify_export import verify_export

        if len(text) > MAX_CHARS:
            raise QuestionError(
                f"The text has {len(text):,} characters; {MAX_CHARS:,} is the most.",
                "Verify it in parts.",
            )
        checks = verify_export(read_export(text), self.assistant.library)
        return [_footnote(check) for check in checks]

    def check(self, claim: str, citations: list[Cited]) -> CheckDocument:
        """Check a claim against quotes: does each stand in its source, at the characters
        [start, end), and do they together support the claim? Only quotes that stand in the
        source count."""
        from rag import relocate_all

        library = self.assistant.library
        given = _checked(list[Cited], citations, "citations")
        if len(given) > MAX_CITATIONS:
            raise QuestionError("There are too many citations.", f"Give {MAX_CITATIONS} at most.")
        cited = [_citation(number, each) for number, each in enumerate(given, 1)]
        places = relocate_all(cited, library)
        verdict = self.assistant.check(claim, [place.span for place in places if place.span])
        return {
            "support": verdict.support,
            "reasons": list(verdict.reasons),
            "score": round(verdict.score, 3),
            "citations": [
                _placed(each, place.state, place.span)
                for each, place in zip(given, places, strict=True)
            ],
        }

    def start(
        self,
        question: str,
        document_ids: list[str] | None = None,
        history: list[PastTurn] | None = None,
    ) -> "ActiveQuestion":
        """Start answering a question; `wait_for_answer` waits for its end. Raises
        `QuestionError`."""
        before = _checked(list[PastTurn], history or [], "history")
        only = _checked(list[str], document_ids or [], "document_ids")
        turns = [Turn(turn["question"], turn["answer"]) for turn in before]
        return self.runner.ask(question, turns, only or None)


def wait_for_answer(active: "ActiveQuestion") -> Answer:
    """Wait for the answer. Raises `NotAnswered` where there is none, not even a decline."""
    for exchange in active.snapshots(every_s=1.0):
        if exchange.is_over:
            if exchange.answer is None:
                raise NotAnswered(exchange.error or "The question was stopped.")
            return exchange.answer
    raise AssertionError("a question ends")


def _checked(shape: type[T], value: object, name: str) -> T:
    """`value`, if it has the shape that the schema says. Raises `QuestionError`."""
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(shape).validate_python(value)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, (name, *fault["loc"])))
        raise QuestionError(
            f"{where}: {fault['msg']}.", "Send what the endpoint's schema describes."
        ) from error


def _citation(number: int, cited: Cited) -> Citation:
    try:
        span = Span(cited["document_id"], cited["start"], cited["end"])
    except ValueError as error:
        raise QuestionError(
            f"Citation {number} is {error}.", "Give a start from 0, and an end not before it."
        ) from error
    return Citation(number, span, cited["quote"])


def _placed(cited: Cited, state: Any, span: Span | None) -> PlacedQuote:
    start, end = (span.start, span.end) if span else (cited["start"], cited["end"])
    return {**cited, "start": start, "end": end, "state": state}


def _footnote(verdict: "FootnoteCheck") -> FootnoteDocument:
    note, now = verdict.footnote, verdict.found.span
    return {
        "number": note.number,
        "title": note.title,
        "source": note.source,
        "document_id": note.span.document_id,
        "start": note.span.start,
        "end": note.span.end,
        "quote": note.quote,
        "state": verdict.state,
        "start_now": now.start if now else None,
        "end_now": now.end if now else None,
        "altered": list(note.altered),
    }
