"""The Chat Completions API for OpenAI's clients: ``/v1/chat/completions`` and ``/v1/models``.

As ASGI: a client that hangs up ends its question. Only sentences that were checked are sent, and
lists when the answer is finished; each comes with its citations as annotations.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from anyio import CapacityLimiter, create_task_group, to_thread

from rag.errors import QuestionError
from rag.serialization import answer_to_json
from ui.api import openai_json
from ui.api.openai_json import MODEL, Json, error_json
from ui.api.schemas import answer_text, text_after_claims
from ui.questions.early_sentences import early_sentences, number_by_appearance
from ui.questions.exchange import Exchange

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from rag.assistant import Assistant
    from rag.types import Claim, Passage
    from ui.questions.runner import ActiveQuestion, QuestionRunner

MAX_BYTES = 1_000_000  # of a request
MAX_AT_ONCE = 100  # questions followed; each takes a thread
MAX_START_DELAY_S = 2.0  # how long a stream waits to see whether the question fails at once
KEEP_ALIVE_S = 10.0  # between empty events while there is nothing to send

Write = Callable[[Json | str], Awaitable[None]]


class TooLarge(QuestionError):
    """A request that is not read to its end."""


@dataclass(frozen=True)
class ChatCompletions:
    """The endpoint, over one assistant."""

    assistant: Assistant
    runner: QuestionRunner
    limiter: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(MAX_AT_ONCE))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            request = await self._read(scope, receive)
        except QuestionError as error:
            status = 413 if isinstance(error, TooLarge) else 400
            await _failed(status, str(error))(scope, receive, send)
            return
        active = await to_thread.run_sync(
            self.runner.ask, request.question, request.history, request.document_ids or None
        )
        async with _until_gone(active, receive):
            if request.streams:
                await _Stream(active, self.limiter, request.counts).run(scope, receive, send)
            else:
                await self._whole(active, scope, receive, send)

    async def _read(self, scope: Scope, receive: Receive) -> openai_json.Request:
        """Raises `QuestionError`."""
        from starlette.requests import Request

        body = bytearray()
        async for piece in Request(scope, receive).stream():
            body += piece
            if len(body) > MAX_BYTES:
                raise TooLarge(f"The request is larger than {MAX_BYTES:,} bytes.", "Shorten it.")
        request = openai_json.parse_request(bytes(body))
        await to_thread.run_sync(self._check, request)
        return request

    def _check(self, request: openai_json.Request) -> None:
        """What is the client's own fault is said before the question takes a place in line."""
        most = self.assistant.settings.max_question_chars
        if not request.question.strip():
            raise QuestionError("The question is empty.", "Ask something of the articles.")
        if len(" ".join(request.question.split())) > most:
            raise QuestionError(f"The question is longer than {most:,} characters.", "Shorten it.")
        known = self.assistant.library.digests() if request.document_ids else {}
        for id in request.document_ids:
            if id not in known:
                raise QuestionError("There is no such document.", "Leave out `document_ids`.")

    async def _whole(
        self, active: ActiveQuestion, scope: Scope, receive: Receive, send: Send
    ) -> None:
        async for exchange in _shown(active, self.limiter):
            if exchange.answer:
                reply = _json(200, openai_json.completion_json(exchange, _now()))
            else:
                reply = _failed(503, _why(exchange))
        await reply(scope, receive, send)


@dataclass
class _Stream:
    """One reply as server-sent events."""

    active: ActiveQuestion
    limiter: CapacityLimiter
    counts: bool
    created: int = field(default_factory=lambda: _now())
    sent: int = 0  # claims
    length: int = 0  # characters of content
    started: bool = False
    sent_at: float = field(default_factory=time.monotonic)

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:
        write = partial(self._write, send)
        exchange = self.active.exchange
        async with aclosing(_shown(self.active, self.limiter)) as shown:
            async for exchange in shown:
                await self._follow(exchange, write)
        if exchange.answer:
            await self._finish(exchange, write)
        elif not self.started:
            await _failed(503, _why(exchange))(scope, receive, send)
            return
        else:
            await write(error_json(_why(exchange), "server_error", exchange.state))
        await write("[DONE]")
        await send({"type": "http.response.body", "body": b""})

    async def _follow(self, exchange: Exchange, write: Write) -> None:
        """Send the sentences that were checked since the last time, or an empty event."""
        claims: Sequence[Claim] = exchange.claims
        evidence: Sequence[Passage] = exchange.evidence
        if not exchange.answer:
            claims, evidence = number_by_appearance(early_sentences(claims), evidence)
        for piece in openai_json.content_pieces(claims, evidence, self.sent, self.length):
            delta = {"content": piece.content, "annotations": piece.annotations}
            await write(openai_json.chunk_json(exchange, self.created, delta))
            self.sent += 1
            self.length += len(piece.content)
        silence_s = time.monotonic() - self.sent_at
        if not exchange.is_over and silence_s > (
            KEEP_ALIVE_S if self.started else MAX_START_DELAY_S
        ):
            await write(openai_json.chunk_json(exchange, self.created, {"content": ""}))

    async def _finish(self, exchange: Exchange, write: Write) -> None:
        answer = exchange.answer
        assert answer is not None
        if rest := text_after_claims(answer) if self.sent else answer_text(answer):
            delta = {"content": rest, "annotations": []}
            await write(openai_json.chunk_json(exchange, self.created, delta))
        last = openai_json.chunk_json(exchange, self.created, {}, "stop")
        await write({**last, "footnote": answer_to_json(answer)})
        if self.counts:
            usage = openai_json.usage_json(answer.usage)
            await write({**openai_json.chunk_json(exchange, self.created, None), "usage": usage})

    async def _write(self, send: Send, event: Json | str) -> None:
        if not self.started:
            self.started = True
            await send({"type": "http.response.start", "status": 200, "headers": _EVENTS})
            role = {"role": "assistant", "content": ""}
            await self._write(
                send, openai_json.chunk_json(self.active.exchange, self.created, role)
            )
        data = event if isinstance(event, str) else json.dumps(event)
        await send(
            {"type": "http.response.body", "body": f"data: {data}\n\n".encode(), "more_body": True}
        )
        self.sent_at = time.monotonic()


_EVENTS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # a proxy is to pass each sentence on at once
]


async def _shown(
    active: ActiveQuestion, limiter: CapacityLimiter
) -> AsyncGenerator[Exchange, None]:
    """The snapshots of `ActiveQuestion.snapshots`, each waited for in a thread."""
    shown = active.snapshots()
    while exchange := await to_thread.run_sync(next, shown, None, limiter=limiter):
        yield exchange


@asynccontextmanager
async def _until_gone(active: ActiveQuestion, receive: Receive) -> AsyncIterator[None]:
    """Within this block, stop the question as soon as the client hangs up, and at the end."""

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        active.stop()

    try:
        async with create_task_group() as tasks:
            tasks.start_soon(watch)
            yield
            tasks.cancel_scope.cancel()
    finally:
        active.stop()


def list_models(model: str = "") -> Response:
    """The reply to ``GET /v1/models``, or to one that names a model."""
    if model not in ("", MODEL):
        return _failed(404, f"There is one model here: {MODEL}.", "model_not_found")
    this = {"id": MODEL, "object": "model", "created": 0, "owned_by": "footnote"}
    return _json(200, this if model else {"object": "list", "data": [this]})


def _json(status: int, document: Json) -> Response:
    from starlette.responses import JSONResponse

    return JSONResponse(document, status, {"Cache-Control": "no-store"})


def _failed(status: int, message: str, code: str | None = None) -> Response:
    kind = "server_error" if status >= 500 else "invalid_request_error"
    return _json(status, error_json(message, kind, code))


def _why(exchange: Exchange) -> str:
    return exchange.error or "The question was stopped."


def _now() -> int:
    return int(time.time())
