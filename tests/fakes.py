"""A scripted model server.

`ScriptedServer` is a real HTTP server on loopback that implements enough of OpenAI's protocol for
the real client, and replies with what a test gives it:

    with ScriptedServer(["Yes.", "Hello there. [1]"]) as server:
        ...  # server.base_url, server.requests

Each chat request takes the next reply; the last one is used again. A reply is a text (sent word
by word), a list of pieces, a `Reply`, a failure (`Status`, `Body`, `Hang`), or a function of the
request that returns one of them.
"""

from __future__ import annotations

import hashlib
import json
import math
import select
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Request = dict[str, Any]  # the JSON that a client sent
STALL_S = 30.0  # longer than any test waits


@dataclass(frozen=True)
class Reply:
    """Pieces of a reply. `alternatives` are log probabilities at its first token.

    `breaks_after` closes the connection after so many pieces, `ends_after` ends the stream there
    in good order but without a finish reason; after `stalls_after` of them nothing more comes.
    `pause_s` comes before each piece.
    """

    pieces: Sequence[str]
    alternatives: Mapping[str, float] = field(default_factory=dict)
    finish: str = "stop"
    reasoning: Sequence[str] = ()
    breaks_after: int | None = None
    ends_after: int | None = None
    stalls_after: int | None = None
    pause_s: float = 0.0

    @classmethod
    def of(cls, text: str, **more: Any) -> Reply:
        """A reply in word pieces: "Hello there." -> "Hello", " there."."""
        words = text.split(" ")
        return cls([words[0], *(f" {word}" for word in words[1:])] if text else [], **more)


@dataclass(frozen=True)
class Status:
    """An HTTP error in OpenAI's form; `param` is the parameter it complains of."""

    code: int
    message: str = "no reason"
    param: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Body:
    """Any body at all, sent with status 200."""

    text: str
    kind: str = "text/event-stream"


@dataclass(frozen=True)
class Hang:
    """No answer until the client leaves or the server is closed."""


Scripted = str | list[str] | Reply | Status | Body | Hang
Script = Scripted | Callable[[Request], Scripted]


class ScriptedServer:
    """Serves from ``with`` to the end of its block.

    Clients that do not send `key` are refused. `models` are what it has (None: any; a `Status`: the
    error in place of the list). `refuses` are parameters that it answers with 400. `dimensions` is
    the length of its vectors; `embeds` may answer in their place.
    """

    def __init__(
        self,
        replies: Sequence[Script] = ("Hello.",),
        *,
        key: str | None = None,
        models: Sequence[str] | Status | None = None,
        refuses: Sequence[str] = (),
        dimensions: int = 8,
        embeds: Callable[[Request], Any] | None = None,
    ) -> None:
        self.replies = list(replies)
        self.key, self.models, self.refuses = key, models, set(refuses)
        self.dimensions, self.embeds = dimensions, embeds
        self.requests: list[Request] = []  # of chat, in order
        self.embedded: list[Request] = []
        self.keys: list[str] = []  # as the clients sent them
        self.dropped = threading.Event()  # set when a client leaves before the end of a reply
        self.closing = threading.Event()
        self._lock = threading.Lock()

    def __enter__(self) -> ScriptedServer:
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.script = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def answer(self, request: Request) -> Scripted:
        """The reply to a chat request."""
        with self._lock:
            turn = len(self.requests)
            self.requests.append(request)
        for name in request.keys() & self.refuses:
            return Status(400, f"Unsupported parameter: '{name}'.", name)
        if isinstance(self.models, list | tuple) and request["model"] not in self.models:
            return Status(404, f"The model '{request['model']}' does not exist.")
        answered = turn - sum(bool(each.keys() & self.refuses) for each in self.requests[:turn])
        script = self.replies[min(answered, len(self.replies) - 1)]
        return script(request) if callable(script) else script


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    script: ScriptedServer

    def handle_error(self, *_: object) -> None:
        """A client that leaves is part of the tests, not of their output."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        models = self.server.script.models
        if not self._admitted():
            return None
        if isinstance(models, Status):
            return self._fail(models)
        names = ["scripted"] if models is None else models
        return self._json(200, {"object": "list", "data": [_model(name) for name in names]})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self._admitted():
            return
        request: Request = json.loads(body)
        if self.path.endswith("/chat/completions"):
            self._chat(request, self.server.script.answer(request))
        elif self.path.endswith("/embeddings"):
            self._embeddings(request)
        else:
            self._fail(Status(404, "no such path"))

    def _admitted(self) -> bool:
        sent = self.headers.get("Authorization", "").removeprefix("Bearer ")
        self.server.script.keys.append(sent)
        admitted = self.server.script.key in (None, sent)
        if not admitted:
            self._fail(Status(401, f"Incorrect API key provided: {sent}"))
        return admitted

    def _chat(self, request: Request, answer: Scripted) -> None:
        match answer:
            case Status():
                self._fail(answer)
            case Hang():
                self._is_over(STALL_S)
                self.close_connection = True
            case Body():
                self._send(200, answer.text.encode(), answer.kind)
            case _ if request.get("stream"):
                self._stream(request, _reply(answer))
            case _:
                self._json(200, _completion(request, _reply(answer)))

    def _stream(self, request: Request, reply: Reply) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        if reply.breaks_after is not None:
            self.send_header("Content-Length", "1000000")  # more than will come
        self.end_headers()
        self.close_connection = True
        try:
            for number, event in enumerate(_events(request, reply)):
                stalls = reply.stalls_after is not None and number > reply.stalls_after
                pause_s = STALL_S if stalls else reply.pause_s
                if number and pause_s and self._is_over(pause_s):
                    return
                self.wfile.write(f"data: {event}\n\n".encode())
                self.wfile.flush()
        except OSError:
            self.server.script.dropped.set()

    def _is_over(self, pause_s: float) -> bool:
        """Wait so long; True at once when the client leaves or the server is closed."""
        script, until = self.server.script, time.monotonic() + pause_s
        while not script.closing.is_set() and (left := until - time.monotonic()) > 0:
            try:
                told, _, _ = select.select([self.connection], [], [], min(0.02, left))
                if told and not self.connection.recv(1, socket.MSG_PEEK):
                    raise ConnectionError
            except OSError:
                script.dropped.set()
                return True
        return script.closing.is_set()

    def _embeddings(self, request: Request) -> None:
        script = self.server.script
        script.embedded.append(request)
        texts: list[str] = request["input"]
        if not all(texts):
            self._fail(Status(400, "'input' must not be an empty string."))
        elif script.embeds:
            made = script.embeds(request)
            self._fail(made) if isinstance(made, Status) else self._json(200, made)
        else:
            vectors = [vector(text, script.dimensions) for text in texts]
            rows = [{"index": n, "embedding": each} for n, each in enumerate(vectors)]
            self._json(200, {"data": rows[::-1]})  # the protocol orders by `index` only

    def _fail(self, status: Status) -> None:
        error = {"message": status.message, "type": "error", "param": status.param, "code": None}
        self._send(status.code, json.dumps({"error": error}).encode(), **status.headers)

    def _json(self, code: int, value: object) -> None:
        self._send(code, json.dumps(value).encode())

    def _send(self, code: int, body: bytes, kind: str = "application/json", **more: str) -> None:
        self.send_response(code)
        length = {"Content-Type": kind, "Content-Length": str(len(body))}
        for name, value in (length | more).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _reply(answer: str | list[str] | Reply) -> Reply:
    if isinstance(answer, Reply):
        return answer
    return Reply.of(answer) if isinstance(answer, str) else Reply(answer)


def _events(request: Request, reply: Reply) -> list[str]:
    """The data of a stream's events, as far as the reply goes."""
    pieces = reply.pieces[: request.get("max_tokens", request.get("max_completion_tokens"))]
    choices: list[dict[str, Any]] = [{"delta": {"role": "assistant", "content": None}}]
    choices += [{"delta": {"reasoning_content": thought}} for thought in reply.reasoning]
    spoken = [{"delta": {"content": piece}} for piece in pieces]
    if spoken and request.get("logprobs"):
        spoken[0]["logprobs"] = _logprobs(pieces[0], reply.alternatives)
    cut = reply.breaks_after if reply.breaks_after is not None else reply.ends_after
    choices += spoken[:cut]
    finish = "length" if len(pieces) < len(reply.pieces) else reply.finish
    if cut is None:
        choices.append({"delta": {}, "finish_reason": finish})
    chunks = [_chunk(request, [{"index": 0, "finish_reason": None} | each]) for each in choices]
    if cut is None and request.get("stream_options", {}).get("include_usage"):
        chunks.append(_chunk(request, []) | {"usage": _usage(len(pieces))})
    events = [json.dumps(chunk) for chunk in chunks]
    return events if reply.breaks_after is not None else [*events, "[DONE]"]


def _chunk(request: Request, choices: list[dict[str, Any]]) -> dict[str, Any]:
    facts = {"id": "scripted", "object": "chat.completion.chunk", "created": 0}
    return facts | {"model": request["model"], "choices": choices}


def _completion(request: Request, reply: Reply) -> dict[str, Any]:
    message = {"role": "assistant", "content": "".join(reply.pieces)}
    choice = {"index": 0, "message": message, "finish_reason": reply.finish}
    facts = {"id": "scripted", "object": "chat.completion", "created": 0, "choices": [choice]}
    return facts | {"model": request["model"], "usage": _usage(len(reply.pieces))}


def _usage(pieces: int) -> dict[str, Any]:
    counts = {"prompt_tokens": 7, "completion_tokens": pieces, "total_tokens": 7 + pieces}
    return counts | {"prompt_tokens_details": {"cached_tokens": 3}}


def _logprobs(first: str, alternatives: Mapping[str, float]) -> dict[str, Any]:
    likely = alternatives or {first: -0.1}
    top = [{"token": token, "logprob": value, "bytes": None} for token, value in likely.items()]
    return {"content": [{"token": first, "logprob": -0.1, "bytes": None, "top_logprobs": top}]}


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "tests"}


def vector(text: str, dimensions: int) -> list[float]:
    """A vector of any length in which texts that share words are close."""
    digests = [hashlib.sha256(word.encode()).digest() for word in text.lower().split() or [""]]
    places = range(dimensions)
    return [sum(math.cos(each[n % 32] + n // 32) for each in digests) for n in places]
