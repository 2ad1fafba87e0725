"""Keeps Gradio's streams and sessions to whom they belong.

Gradio knows a session, an event and an upload by a number alone, which the browser chooses. Here
the first owner to use a number keeps it: to others it is as if it were not there. Programs that
keep no cookie are nobody in particular; theirs are the numbers of nobody.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from ui.gate import sign_in
from ui.gate.security_headers import inner_path

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

API = "/gradio_api/"
NUMBERS = ("session_hash", "event_id", "upload_id")  # in a query, a header or a JSON body
MAX_KEPT = 50_000  # numbers, those used last
MAX_NUMBER_CHARS = 200


class StreamOwners:
    """Wraps an ASGI application, behind the guard that tells the owner of a request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._owners: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = inner_path(scope) if scope["type"] == "http" else ""
        if not path.startswith(API):
            return await self._app(scope, receive, send)
        state = scope.get("state", {})
        owner = "" if state.get(sign_in.IS_NEW_KEY) else state.get(sign_in.OWNER_KEY, "")
        numbers = [*_in_path(path), *_in_query(scope)]
        if scope["method"] == "POST" and not path.startswith(f"{API}upload"):
            body = await _whole_body(receive)
            numbers += _in_json(body)
            receive = _again(body, receive)
        if not all(self._belongs(number, owner) for number in numbers):
            return await _not_found()(scope, receive, send)
        if path.startswith(f"{API}call/") and scope["method"] == "POST":
            send = self._noting(owner, send)
        return await self._app(scope, receive, send)

    def _belongs(self, number: str, owner: str) -> bool:
        number = number[:MAX_NUMBER_CHARS]
        with self._lock:
            if not owner:
                return number not in self._owners
            kept = self._owners.setdefault(number, owner)
            self._owners.move_to_end(number)
            while len(self._owners) > MAX_KEPT:
                self._owners.popitem(last=False)
            return kept == owner

    def _noting(self, owner: str, send: Send) -> Send:
        """Note the number of the event that a reply names."""

        async def sending(message: Message) -> None:
            for number in _in_json(message.get("body", b"")):
                self._belongs(number, owner)
            await send(message)

        return sending


def _in_path(path: str) -> Iterable[str]:
    """The last part of ``heartbeat/NUMBER`` and ``call/NAME/NUMBER``."""
    parts = path.removeprefix(API).rstrip("/").split("/")
    if (parts[0], len(parts)) in (("heartbeat", 2), ("call", 3)) and parts[1] != "v2":
        yield parts[-1]


def _in_query(scope: Scope) -> Iterable[str]:
    query = parse_qsl(scope.get("query_string", b"").decode("latin-1"))
    yield from (value for name, value in query if name in NUMBERS)


def _in_json(body: bytes) -> list[str]:
    try:
        found: Any = json.loads(body) if body else None
    except (ValueError, RecursionError):
        return []
    if not isinstance(found, dict):
        return []
    return [found[name] for name in NUMBERS if isinstance(found.get(name), str)]


async def _whole_body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """`receive`, with the body that was read already as its first message."""
    is_first = True

    async def receiving() -> Message:
        nonlocal is_first
        if is_first:
            is_first = False
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return receiving


def _not_found() -> ASGIApp:
    from starlette.responses import PlainTextResponse

    return PlainTextResponse("There is nothing here.\n", 404)
