"""Limits the body of every request: its size, and how long it may take to come.

Plain ASGI, outside of the routes and of Gradio, so that no route is without a limit.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from ui.gate.security_headers import inner_path

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 10_000_000  # a text to verify has 5 million characters
MAX_BODY_S = 60.0
UPLOAD = "/gradio_api/upload"
MAX_UPLOAD_BYTES = 1_000_000_000  # of all files of one request; each has its own limit, too


class _Refused(HTTPException):
    """So, frameworks on the way pass it on."""


class RequestLimits:
    """Wraps an ASGI application."""

    def __init__(
        self,
        app: ASGIApp,
        max_body_bytes: int = MAX_BODY_BYTES,
        max_upload_bytes: int = MAX_UPLOAD_BYTES,
        max_body_s: float = MAX_BODY_S,
    ) -> None:
        self._app = app
        self._max_bytes = {False: max_body_bytes, True: max_upload_bytes}
        self._max_body_s = max_body_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        is_upload = inner_path(scope).rstrip("/") == UPLOAD
        body = _Body(receive, self._max_bytes[is_upload], self._max_body_s, is_upload=is_upload)
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            body.check_length(scope)
            await self._app(scope, body.receive, sending)
        except _Refused as refused:
            if not started:
                await _reply(refused)(scope, receive, send)


class _Body:
    """The body of one request as it comes. An upload may take long, but no piece of it."""

    def __init__(self, receive: Receive, max_bytes: int, max_s: float, *, is_upload: bool) -> None:
        self._receive = receive
        self._max_bytes = max_bytes
        self._max_s = max_s
        self._is_upload = is_upload
        self._count = 0
        self._is_whole = False
        self._until_s: float | None = None
        self._refused: _Refused | None = None

    def check_length(self, scope: Scope) -> None:
        """Raises `_Refused` for a body that says itself that it is too large."""
        stated = dict(scope["headers"]).get(b"content-length", b"")
        if stated.isdigit() and int(stated) > self._max_bytes:
            raise self._too_large()

    async def receive(self) -> Message:
        if self._is_whole:  # what comes now is the end of the connection, however late
            return await self._receive()
        if self._refused:
            raise self._refused
        try:
            message = await asyncio.wait_for(self._receive(), self._left_s())
        except TimeoutError:
            self._refused = _Refused(408, "The request took too long to come.")
            raise self._refused from None
        self._count += len(message.get("body", b""))
        if self._count > self._max_bytes:
            self._refused = self._too_large()
            raise self._refused
        self._is_whole = not message.get("more_body", False)
        return message

    def _left_s(self) -> float:
        now = asyncio.get_running_loop().time()
        if self._until_s is None or self._is_upload:
            self._until_s = now + self._max_s
        return max(0.0, self._until_s - now)

    def _too_large(self) -> _Refused:
        return _Refused(413, f"The request is larger than {self._max_bytes:,} bytes.")


def _reply(refused: _Refused) -> ASGIApp:
    from starlette.responses import PlainTextResponse

    # The rest of the body is not read: the connection is of no further use.
    close = {"Connection": "close"}
    return PlainTextResponse(f"{refused.detail}\n", refused.status_code, close)
