"""How is an answer written as one JSON document, and read back?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from rag.errors import FootnoteError, printable_line
from rag.types import (
    Answer,
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

SCHEMA = "footnote.answer/1"
_MOST_FAULTS = 3  # named in a message


class FormatError(FootnoteError):
    """Something that is not a JSON document of the wanted schema; says where it departs."""


WrittenT = TypeVar("WrittenT", bound="WrittenObject")


# --- writing ---------------------------------------------------------------------------------


def answer_to_json(answer: Answer) -> dict[str, Any]:
    """The document that the README describes: only strings, numbers, lists and objects.

    Each quote equals the stored text of its document at ``start:end``.
    """
    return {
        "schema": SCHEMA,
        "question": answer.question,
        "status": answer.status,
        "reason": answer.reason,
        "text": answer.text,
        "claims": claims_to_json(answer.claims, answer.passages),
        "passages": passages_to_json(answer.passages),
        "model": answer.model,
        "usage": asdict(answer.usage),
        "timings_s": dict(answer.timings),
        "dropped_markers": answer.dropped_markers,
        "chance": answer.chance,
        "short": answer.short,
    }


def claims_to_json(claims: Iterable[Claim], passages: Iterable[Passage]) -> list[dict[str, Any]]:
    """Claims as they stand in the document. Each citation lies in one of `passages`."""
    titled = {passage.number: passage for passage in passages}
    return [_claim(claim, titled) for claim in claims]


def passages_to_json(passages: Iterable[Passage]) -> list[dict[str, Any]]:
    """Passages as they stand in the document."""
    return [_passage(passage) for passage in passages]


def _claim(claim: Claim, titled: dict[int, Passage]) -> dict[str, Any]:
    return {
        "text": claim.text,
        "support": claim.support,
        "reasons": list(claim.reasons),
        "origin": claim.origin,
        "score": claim.score,
        "citations": [_citation(c, titled[c.number]) for c in claim.citations],
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

    Raises `FormatError` for what is not such a document: also where a quote or passage is not
    as long as its span, or a citation lies in no passage. Whether a quote is the stored text is
    for the library to say. What a citation says of title and source is left to its passage.
    """
    return validated(WrittenAnswer, document, SCHEMA).read()


def validated(model: type[WrittenT], document: object, schema: str) -> WrittenT:
    """`document` as a `model`. Raises `FormatError`, naming the first faults."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        said = document.get("schema") if isinstance(document, dict) else None
        if isinstance(said, str) and said != schema and _kind(said) == _kind(schema):
            raise FormatError(
                f"This document is of another version than {schema}.",
                "Read it with the Footnote that wrote it, or upgrade this one.",
            ) from error
        raise FormatError(
            f"This is not a {schema} document ({_faults(error)}).",
            "Give a document as Footnote wrote it, whole and unchanged.",
        ) from error


def _kind(schema: str) -> str:
    return schema.partition("/")[0]


def _faults(error: ValidationError) -> str:
    """Where it departs, in keys and numbers of the document, printable."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    parts = [f"{'.'.join(map(str, fault['loc'])) or 'all'}: {fault['msg']}" for fault in found]
    more = [f"and {len(parts) - _MOST_FAULTS} more"] if len(parts) > _MOST_FAULTS else []
    return printable_line("; ".join([*parts[:_MOST_FAULTS], *more]))


class WrittenObject(BaseModel):
    """An object of a document. Keys that are not known are passed over: a later Footnote may
    have added them."""

    model_config = ConfigDict(strict=True, frozen=True)


class _Spanned(WrittenObject):
    document_id: str
    start: int
    end: int

    @property
    def span(self) -> Span:
        return Span(self.document_id, self.start, self.end)

    def check(self, text: str) -> None:
        """Raises `ValueError` unless `text` has the characters of the span, by their number."""
        if len(self.span) != len(text):
            raise ValueError(f"{len(text)} characters do not fill [{self.start}, {self.end})")


class WrittenPassage(_Spanned):
    """A passage; `read` makes it a value."""

    number: int = Field(ge=1)
    title: str
    source: str
    text: str
    score: float

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        self.check(self.text)
        return self

    def read(self) -> Passage:
        return Passage(self.number, self.span, self.text, self.title, self.source, self.score)


class _Citation(_Spanned):
    number: int
    quote: str

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        self.check(self.quote)
        return self

    def read(self) -> Citation:
        return Citation(self.number, self.span, self.quote)


class WrittenClaim(WrittenObject):
    """A claim; `read` makes it a value."""

    text: str
    support: Support
    reasons: list[str]
    origin: Origin
    score: float | None
    citations: list[_Citation]

    def read(self) -> Claim:
        return Claim(
            text=self.text,
            citations=tuple(citation.read() for citation in self.citations),
            support=self.support,
            reasons=tuple(self.reasons),
            origin=self.origin,
            score=self.score,
        )


def check_numbers(claims: Sequence[WrittenClaim], passages: Sequence[WrittenPassage]) -> None:
    """Raises `ValueError` when a claim cites a passage that is not there."""
    numbers = {passage.number for passage in passages}
    cited = {citation.number for claim in claims for citation in claim.citations}
    if cited - numbers:
        raise ValueError(f"there is no passage {min(cited - numbers)}")


class _Usage(WrittenObject):
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int


class WrittenAnswer(WrittenObject):
    """An answer; `read` makes it a value."""

    form: Literal["footnote.answer/1"] = Field(alias="schema")
    question: str
    status: Status
    reason: DeclineReason | None
    text: str
    claims: list[WrittenClaim]
    passages: list[WrittenPassage]
    model: str
    usage: _Usage
    timings_s: dict[str, float]
    dropped_markers: int
    chance: float | None = Field(default=None, ge=0, le=1)  # older documents lack it,
    short: str | None = None  # and this too

    @model_validator(mode="after")
    def _cites_its_passages(self) -> Self:
        check_numbers(self.claims, self.passages)
        return self

    def read(self) -> Answer:
        return Answer(
            question=self.question,
            text=self.text,
            claims=tuple(claim.read() for claim in self.claims),
            passages=tuple(passage.read() for passage in self.passages),
            status=self.status,
            reason=self.reason,
            model=self.model,
            usage=Usage(**self.usage.model_dump()),
            timings=self.timings_s,
            dropped_markers=self.dropped_markers,
            chance=self.chance,
            short=self.short,
        )
