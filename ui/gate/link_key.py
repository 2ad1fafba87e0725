"""Lets in only who came by the address that a command printed.

Plain ASGI. The address has a random key; whoever opens it gets the key as a cookie. Other users of
the machine reach its loopback addresses too, but do not know the key.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

COOKIE = "footnote_key"
QUERY = "key"


def new_key() -> str:
    """128 random bits, for an address."""
    return secrets.token_urlsafe(16)


class LinkKey:
    """Wraps an ASGI application."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        from starlette.requests import Request
        from starlette.responses import PlainTextResponse, RedirectResponse

        request = Request(scope)
        given = parse_qs(scope["query_string"].decode("ascii", "replace")).get(QUERY, [""])[0]
        if scope["method"] == "GET" and self._is_key(given):
            reply = RedirectResponse(scope["path"], 303, {"Cache-Control": "no-store"})
            reply.set_cookie(COOKIE, self._key, httponly=True, samesite="lax")
            return await reply(scope, receive, send)
        if self._is_key(request.cookies.get(COOKIE, "")):
            return await self._app(scope, receive, send)
        words = "Open the whole address that the command printed in the terminal.\n"
        return await PlainTextResponse(words, 403)(scope, receive, send)

    def _is_key(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(), self._key.encode())
