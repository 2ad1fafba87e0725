"""The JSON of OpenAI's Chat Completions: requests that are read, and replies that are written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from rag.errors import QuestionError
from rag.serialization import answer_to_json, markdown_pieces
from rag.types import Turn, Usage
from ui.api.schemas import answer_text

if TYPE_CHECKING:
    from rag.types import Citation, Claim, Passage
    from ui.questions.exchange import Exchange

MODEL = "footnote"

Json = dict[str, Any]


class _Part(BaseModel):
    type: str
    text: str = ""


class _Message(BaseModel):
    role: str
    content: str | list[_Part] | None = None

    @property
    def text(self) -> str:
        parts = self.content
        if parts is None or isinstance(parts, str):
            return parts or ""
        if any(part.type != "text" for part in parts):
            raise QuestionError("A message holds more than text.", "Send text only.")
        return "\n".join(part.text for part in parts)


class _StreamOptions(BaseModel):
    include_usage: bool = False


class _Body(BaseModel):
    messages: list[_Message]
    n: int | None = 1
    stream: bool | None = False
    stream_options: _StreamOptions | None = None
    document_ids: list[str] | None = None  # ours: the question is limited to these


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks."""

    question: str
    history: tuple[Turn, ...] = ()
    document_ids: tuple[str, ...] = ()
    streams: bool = False
    counts: bool = False  # usage is wanted at the end of the stream


def parse_request(body: bytes) -> Request:
    """Read a request. The last message of a user is the question, the pairs of user and assistant
    before it are the conversation; system messages are passed over. Raises `QuestionError`."""
    try:
        read = _Body.model_validate_json(body)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"])) or "The body"
        raise QuestionError(
            f"{where}: {fault['msg']}.", "Send a chat completion request as OpenAI describes it."
        ) from error
    if read.n not in (None, 1):
        raise QuestionError("There is one answer to a question.", "Leave out `n`.")
    user_messages = [index for index, message in enumerate(read.messages) if message.role == "user"]
    if not user_messages:
        raise QuestionError("There is no question.", "Send a message of the role `user`.")
    return Request(
        question=read.messages[user_messages[-1]].text,
        history=tuple(_turns(read.messages[: user_messages[-1]])),
        document_ids=tuple(read.document_ids or ()),
        streams=bool(read.stream),
        counts=bool(read.stream_options and read.stream_options.include_usage),
    )


def _turns(messages: Sequence[_Message]) -> Iterator[Turn]:
    question = ""
    for message in messages:
        if message.role == "user":
            question = message.text
        elif message.role == "assistant" and question:
            yield Turn(question, message.text)
            question = ""


@dataclass(frozen=True, slots=True)
class ContentPiece:
    """A part of the content, and what belongs to it."""

    content: str
    annotations: list[Json]


def content_pieces(
    claims: Sequence[Claim], evidence: Sequence[Passage], first: int = 0, at: int = 0
) -> Iterator[ContentPiece]:
    """The content of the claims from number `first` on, which stands `at` characters in."""
    titled = {passage.number: passage for passage in evidence}
    pieces = markdown_pieces(claims)
    for index, claim in enumerate(claims[first:], first):
        content = pieces[index]
        end = at + len(content)
        start = end - len(claim.marked())
        yield ContentPiece(
            content, [_annotation(c, titled, claim, index, start, end) for c in claim.citations]
        )
        at = end


def _annotation(
    citation: Citation, titled: dict[int, Passage], claim: Claim, index: int, start: int, end: int
) -> Json:
    passage = titled.get(citation.number)
    return {
        "type": "footnote_citation",
        "footnote_citation": {
            "number": citation.number,
            "title": passage.title if passage else "",
            "source": passage.source if passage else "",
            "document_id": citation.span.document_id,
            "start": citation.span.start,
            "end": citation.span.end,
            "quote": citation.quote,
            "support": claim.support,
            "origin": claim.origin,
            "claim": index,
            "start_index": start,
            "end_index": end,
        },
    }


def completion_json(exchange: Exchange, created: int) -> Json:
    """The whole reply to a question that was answered or declined."""
    answer = exchange.answer
    assert answer is not None
    pieces = list(content_pieces(answer.claims, answer.passages))
    message = {
        "role": "assistant",
        "content": answer_text(answer),
        "refusal": None,
        "annotations": [each for piece in pieces for each in piece.annotations],
    }
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return {
        "id": _id(exchange),
        "object": "chat.completion",
        "created": created,
        "model": MODEL,
        "choices": [choice],
        "usage": usage_json(answer.usage),
        "footnote": answer_to_json(answer),
    }


def chunk_json(
    exchange: Exchange, created: int, delta: Json | None, finish_reason: str | None = None
) -> Json:
    """One event of a stream; without a delta it is the one that holds the usage."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
    return {
        "id": _id(exchange),
        "object": "chat.completion.chunk",
        "created": created,
        "model": MODEL,
        "choices": [] if delta is None else [choice],
    }


def usage_json(counted: Usage) -> Json:
    return {
        "prompt_tokens": counted.prompt_tokens,
        "completion_tokens": counted.completion_tokens,
        "total_tokens": counted.prompt_tokens + counted.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": counted.cached_tokens},
    }


def error_json(message: str, kind: str, code: str | None = None) -> Json:
    """An error. `kind` is "invalid_request_error" or "server_error"."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def _id(exchange: Exchange) -> str:
    return f"chatcmpl-{exchange.id}"
