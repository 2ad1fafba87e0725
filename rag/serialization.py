"""Answers as JSON documents, written and read back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from rag.errors import FootnoteError, printable_line
from rag.types import (
    Answer,
    Answers,
    Citation,
    Claim,
    DeclineReason,
    Origin,
    Passage,
    Span,
    Status,
    Support,
    Usage,
)

SCHEMA = "footnote.answer/2"
READABLE = (SCHEMA, "footnote.answer/1")
_MAX_FAULTS = 3  # in a message


class FormatError(FootnoteError):
    """A document that does not follow its schema; the message says where."""


JsonT = TypeVar("JsonT", bound="JsonObject")


def markdown_pieces(claims: Sequence[Claim]) -> list[str]:
    """Each claim with its markers, behind what parts it from the one before; joined they are the
    answer as Markdown: running text, and a list for each group of points, below its heading."""
    pieces: list[str] = []
    before: Claim | None = None
    for claim in claims:
        opens = before is None or claim.group != before.group
        gap = (
            "" if before is None else "\n\n" if opens else "\n" if claim.group is not None else " "
        )
        heading = f"**{claim.group}**\n\n" if opens and claim.group else ""
        bullet = "" if claim.group is None else "- "
        pieces.append(f"{gap if before else ''}{heading}{bullet}{claim.marked()}")
        before = claim
    return pieces


def markdown_text(claims: Sequence[Claim], missing: Sequence[str]) -> str:
    """The claims as Markdown, and below them which parts of the question have no answer."""
    return "\n\n".join(filter(None, ["".join(markdown_pieces(claims)), missing_parts(missing)]))


def missing_parts(missing: Sequence[str]) -> str:
    """ "The articles do not say: what colour is it?"; "" where no part is missing."""
    return f"The articles do not say: {' '.join(missing)}" if missing else ""


# --- writing ---------------------------------------------------------------------------------


def answer_to_json(answer: Answer) -> dict[str, Any]:
    """`answer` as a document of the schema `SCHEMA`: only strings, numbers, lists and objects.

    Each quote equals the stored text of its document at ``start:end``.
    """
    return {
        "schema": SCHEMA,
        "question": answer.question,
        "status": answer.status,
        "reason": answer.reason,
        "answers": answer.answers,
        "text": answer.text,
        "claims": claims_to_json(answer.claims, answer.passages),
        "passages": passages_to_json(answer.passages),
        "model": answer.model,
        "usage": asdict(answer.usage),
        "timings_s": dict(answer.timings),
        "dropped_markers": answer.dropped_markers,
        "chance": answer.chance,
        "short": answer.short,
        "missing": list(answer.missing),
        "suggestions": list(answer.suggestions),
    }


def claims_to_json(claims: Iterable[Claim], passages: Iterable[Passage]) -> list[dict[str, Any]]:
    """Claims as the document holds them. Each citation must lie in one of `passages`."""
    by_number = {passage.number: passage for passage in passages}
    return [_claim(claim, by_number) for claim in claims]


def passages_to_json(passages: Iterable[Passage]) -> list[dict[str, Any]]:
    """Passages as the document holds them."""
    return [_passage(passage) for passage in passages]


def _claim(claim: Claim, by_number: dict[int, Passage]) -> dict[str, Any]:
    return {
        "text": claim.text,
        "support": claim.support,
        "reasons": list(claim.reasons),
        "origin": claim.origin,
        "score": claim.score,
        "group": claim.group,
        "citations": [_citation(c, by_number[c.number]) for c in claim.citations],
    }


def _citation(citation: Citation, passage: Passage) -> dict[str, Any]:
    return {
        "number": citation.number,
        "title": passage.title,
        "source": passage.source,
        **_span(citation.span),
        "quote": citation.quote,
    }


def _passage(passage: Passage) -> dict[str, Any]:
    return {
        "number": passage.number,
        "title": passage.title,
        "source": passage.source,
        **_span(passage.span),
        "text": passage.text,
        "score": passage.score,
    }


def _span(span: Span) -> dict[str, Any]:
    return {"document_id": span.document_id, "start": span.start, "end": span.end}


# --- reading ---------------------------------------------------------------------------------


def answer_from_json(document: object) -> Answer:
    """The answer that `answer_to_json` wrote as `document`, which may have come from anywhere.

    Documents of the first version do not say whether the answer answers the question: `answers` is
    "no" where they decline, else "unsure".

    Raises `FormatError` for anything else, also where a quote or passage is not as long as its
    span, or a citation lies in no passage. Quotes are not compared with the library. Title and
    source of a citation are those of its passage.
    """
    return validate_document(AnswerJson, document, *READABLE).to_answer()


def validate_document(model: type[JsonT], document: object, schema: str, *older: str) -> JsonT:
    """`document` as a `model` of the schema `schema`, or of one of the `older` that it reads too.
    Raises `FormatError` with the first faults."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        found = document.get("schema") if isinstance(document, dict) else None
        named = found if isinstance(found, str) and found in older else schema
        if isinstance(found, str) and found != named and _kind(found) == _kind(schema):
            raise FormatError(
                f"This document is of another version than {schema}.",
                "Read it with the Footnote that wrote it, or upgrade this one.",
            ) from error
        raise FormatError(
            f"This is not a {named} document ({_faults(error)}).",
            "Give a document as Footnote wrote it, whole and unchanged.",
        ) from error


def _kind(schema: str) -> str:
    """The schema without its version."""
    return schema.partition("/")[0]


def _faults(error: ValidationError) -> str:
    """Where the document departs from its schema: the first faults, with their keys."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    parts = [f"{'.'.join(map(str, fault['loc'])) or 'all'}: {fault['msg']}" for fault in found]
    more = [f"and {len(parts) - _MAX_FAULTS} more"] if len(parts) > _MAX_FAULTS else []
    return printable_line("; ".join([*parts[:_MAX_FAULTS], *more]))


class JsonObject(BaseModel):
    """An object of a document. Unknown keys are ignored: a later Footnote may have added them."""

    model_config = ConfigDict(strict=True, frozen=True)


class _SpanJson(JsonObject):
    document_id: str
    start: int
    end: int

    @property
    def span(self) -> Span:
        return Span(self.document_id, self.start, self.end)

    def check(self, text: str) -> None:
        """Raises `ValueError` unless `text` is as long as the span."""
        if len(self.span) != len(text):
            raise ValueError(f"{len(text)} characters do not fill [{self.start}, {self.end})")


class PassageJson(_SpanJson):
    """A passage in a document."""

    number: int = Field(ge=1)
    title: str
    source: str
    text: str
    score: float

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        self.check(self.text)
        return self

    def to_passage(self) -> Passage:
        return Passage(self.number, self.span, self.text, self.title, self.source, self.score)


class _CitationJson(_SpanJson):
    number: int
    quote: str

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        self.check(self.quote)
        return self

    def to_citation(self) -> Citation:
        return Citation(self.number, self.span, self.quote)


class ClaimJson(JsonObject):
    """A claim in a document."""

    text: str
    support: Support
    reasons: list[str]
    origin: Origin
    score: float | None
    group: str | None = None  # documents of the first version may lack it
    citations: list[_CitationJson]

    def to_claim(self) -> Claim:
        return Claim(
            text=self.text,
            citations=tuple(citation.to_citation() for citation in self.citations),
            support=self.support,
            reasons=tuple(self.reasons),
            origin=self.origin,
            score=self.score,
            group=self.group,
        )


def check_citation_numbers(claims: Sequence[ClaimJson], passages: Sequence[PassageJson]) -> None:
    """Raises `ValueError` when a claim cites a passage that is not there."""
    numbers = {passage.number for passage in passages}
    cited = {citation.number for claim in claims for citation in claim.citations}
    if cited - numbers:
        raise ValueError(f"there is no passage {min(cited - numbers)}")


class _UsageJson(JsonObject):
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int


class AnswerJson(JsonObject):
    """An answer document."""

    schema_name: Literal["footnote.answer/2", "footnote.answer/1"] = Field(alias="schema")
    question: str
    status: Status
    reason: DeclineReason | None
    answers: Answers | None = None  # those of the first version lack it
    text: str
    claims: list[ClaimJson]
    passages: list[PassageJson]
    model: str
    usage: _UsageJson
    timings_s: dict[str, float]
    dropped_markers: int
    chance: float | None = Field(default=None, ge=0, le=1)  # some of the first version lack it
    short: str | None = None  # likewise
    missing: list[str] = []  # older ones lack it
    suggestions: list[str] = []  # those of the first version lack it

    @model_validator(mode="after")
    def _cites_its_passages(self) -> Self:
        check_citation_numbers(self.claims, self.passages)
        if self.schema_name == SCHEMA and self.answers is None:
            raise ValueError("answers is missing")
        return self

    def to_answer(self) -> Answer:
        return Answer(
            question=self.question,
            text=self.text,
            claims=tuple(claim.to_claim() for claim in self.claims),
            passages=tuple(passage.to_passage() for passage in self.passages),
            status=self.status,
            reason=self.reason,
            model=self.model,
            usage=Usage(**self.usage.model_dump()),
            timings=self.timings_s,
            dropped_markers=self.dropped_markers,
            chance=self.chance,
            short=self.short,
            answers=self.answers or ("no" if self.status == "declined" else "unsure"),
            missing=tuple(self.missing),
            suggestions=tuple(self.suggestions),
        )
