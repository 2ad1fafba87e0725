"""Lets each request in, with its owner, or refuses it.

Plain ASGI, so that streams and disconnects pass as they are. It refuses requests under a foreign
name (DNS rebinding), changes requested by foreign pages, requests without a password where one is
needed, and those of Gradio's routes that would contact other hosts.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ui.gate import sign_in
from ui.gate.security_headers import inner_path
from ui.gate.sign_in import Access
from ui.gate.sign_in_limits import TooManyAttempts

if TYPE_CHECKING:
    from starlette.datastructures import Headers
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

PROBES = frozenset({"/healthz", "/health", "/readyz"})  # answered without a password

# Gradio's routes that fetch from other hosts for whoever asks, or that this page does not use.
_CLOSED = re.compile(
    r"/(?:gradio_api/(?:file[=/]https?:|proxy=|vibe|undo-vibe|run-history|runs|process_recording"
    r"|deep_link|dev/|profiling|stream/)|monitoring|login|logout|manifest\.json|pwa_icon)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Refusal:
    """Why a request is refused: an HTTP status and one sentence; `wait_s` is when another may
    come, in seconds, 0 where that is not the matter."""

    status: int
    text: str
    wait_s: int = 0


class RequestGuard:
    """Wraps an ASGI application."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] != "http":  # nothing here speaks over web sockets
            return await send({"type": "websocket.close", "code": 1008})
        path = inner_path(scope)
        refusal = self._refused(scope, path)
        owner, cookie = None, ""
        if refusal is None:
            try:
                owner, cookie = await self._who(scope)
                refusal = None if owner or self._may_read(scope, path) else _no_password()
                send = self._with_cookie(send, scope, cookie) if cookie else send
            except TooManyAttempts as error:
                refusal = _too_many(error.wait_s)
        if refusal and path not in PROBES:
            return await _refuse(refusal)(scope, receive, send)
        state = scope.setdefault("state", {})
        state[sign_in.OWNER_KEY], state[sign_in.IS_NEW_KEY] = owner or "", bool(cookie)
        return await self._app(scope, receive, send)

    def _refused(self, scope: Scope, path: str) -> Refusal | None:
        headers = _headers(scope)
        if not self._access.answers_to(headers.get("host", "")):
            return Refusal(
                421,
                "This server does not go by that name. Open it by its address on this machine,"
                " or start it with --root-path and its public URL.",
            )
        if _CLOSED.match(path):
            return Refusal(404, "There is nothing here.")
        if scope["method"] not in ("GET", "HEAD") and self._is_foreign(headers):
            return Refusal(403, "A page of another site may not do this.")
        return None

    def _may_read(self, scope: Scope, path: str) -> bool:
        return scope["method"] in ("GET", "HEAD") and self._access.is_open(path)

    def _is_foreign(self, headers: Headers) -> bool:
        """True when a browser says that a page from elsewhere made the request."""
        origin = headers.get("origin")
        if origin is None:
            return headers.get("sec-fetch-site", "none") not in ("same-origin", "none")
        forwarded = headers.get("x-forwarded-host", "").split(",")[0].strip()
        own = {headers.get("host", ""), forwarded, self._access.origin} - {""}
        return _netloc(origin) not in {_netloc(f"//{host}") for host in own}

    async def _who(self, scope: Scope) -> tuple[str | None, str]:
        """The owner, and a cookie that is to be set, "" where none is."""
        headers = _headers(scope)
        if self._access.users:
            from anyio import to_thread

            given, address = headers.get("authorization", ""), (scope.get("client") or ("",))[0]
            name = await to_thread.run_sync(self._access.signed_in, given, address) if given else ""
            return (sign_in.user_owner(name) if name else None), ""
        if owner := sign_in.cookie_owner(_cookie(headers)):
            return owner, ""
        cookie = sign_in.new_cookie()
        return sign_in.cookie_owner(cookie), cookie

    def _with_cookie(self, send: Send, scope: Scope, cookie: str) -> Send:
        """Send the cookie along with a page, but not with every file and call."""
        is_https = scope["scheme"] == "https" or self._access.root_path.startswith("https:")
        value = (
            f"{sign_in.COOKIE}={cookie}; Path={self._access.path}; Max-Age={sign_in.COOKIE_AGE_S};"
            f" HttpOnly; SameSite=Lax{'; Secure' if is_https else ''}"
        )

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_page(message):
                message["headers"] = [*message["headers"], (b"set-cookie", value.encode())]
            await send(message)

        return sending


def _headers(scope: Scope) -> Headers:
    from starlette.datastructures import Headers

    return Headers(scope=scope)


def _cookie(headers: Headers) -> str:
    from starlette.requests import cookie_parser

    return cookie_parser(headers.get("cookie", "")).get(sign_in.COOKIE, "")


def _netloc(url: str) -> str:
    """Host and port of a URL; the usual ports are left out. "null" has none."""
    _, _, netloc = url.lower().partition("//")
    return re.sub(r":(?:80|443)$", "", netloc.rstrip("/"))


def _is_page(message: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/html")
        for name, value in message.get("headers", ())
    )


def _no_password() -> Refusal:
    return Refusal(401, "Sign in with a name and a password from the file of users.")


def _too_many(wait_s: float) -> Refusal:
    seconds = math.ceil(wait_s)
    return Refusal(429, f"Too many wrong passwords. Try again in {seconds:,} seconds.", seconds)


def _refuse(refusal: Refusal) -> ASGIApp:
    from starlette.responses import PlainTextResponse

    headers = {"Retry-After": str(refusal.wait_s)} if refusal.wait_s else {}
    if refusal.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="Footnote", charset="UTF-8"'
    return PlainTextResponse(f"{refusal.text}\n", refusal.status, headers)
