"""Puts security headers on every reply, and removes foreign links from Gradio's own page.

Plain ASGI, so that streams pass as they are; only the page itself is buffered.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.datastructures import MutableHeaders
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Gradio builds functions from text in the browser: of the events' scripts, and of each `gr.HTML`'s
# template. Without `unsafe-eval` the page stays empty (tried with 6.31).
PAGE_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval';"
    " style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:;"
    " connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self';"
    " frame-ancestors 'none'; worker-src 'self' blob:"
)
# Sources, exports and reports: HTML and CSS, and nothing that could run or be fetched.
STRICT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'"
)
DEFAULT_HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

# Pictures of Gradio's own on other hosts, and a manifest that lies outside of a root path.
_FOREIGN = re.compile(
    rb'<meta\s+(?:property|name)="(?:og|twitter):[^>]*>\s*|<link rel="manifest"[^>]*>\s*'
)


class SecurityHeaders:
    """Wraps an ASGI application. `root_path` is taken off the paths that begin with it; a proxy may
    have done so already. Headers that a reply brings itself are left as they are."""

    def __init__(self, app: ASGIApp, root_path: str = "") -> None:
        self._app = app
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        if self._root_path:
            scope = {**scope, "root_path": self._root_path}
            scope["path"] = inner_path(scope)
        reply = _Reply(send, trims=_is_page(scope))
        scope = _uncompressed(scope) if reply.trims else scope
        try:
            await self._app(scope, receive, reply.send)
        except Exception:
            if not reply.started:
                await _failure()(scope, receive, reply.send)
            raise


class _Reply:
    """Sends on one reply."""

    def __init__(self, send: Send, *, trims: bool) -> None:
        self._send = send
        self.trims = trims
        self.started = False
        self._start: Message | None = None  # the start, while the body is gathered
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            _put(_mutable(message))
            if self.trims and _mutable(message).get("content-type", "").startswith("text/html"):
                self._start = message
                return
        elif self._start:
            await self._gather(self._start, message)
            return
        await self._send(message)

    async def _gather(self, start: Message, message: Message) -> None:
        self._body += message.get("body", b"")
        if not message.get("more_body", False):
            body = _FOREIGN.sub(b"", self._body)
            _mutable(start)["content-length"] = str(len(body))
            await self._send(start)
            await self._send({"type": "http.response.body", "body": body})


def _put(headers: MutableHeaders) -> None:
    for name, value in DEFAULT_HEADERS.items():
        headers.setdefault(name, value)
    if headers.get("content-type", "").startswith("text/html"):
        headers.setdefault("Cache-Control", "private, no-cache")
    # Gradio lets pages of any origin read its replies; none but our own has business here.
    for name in [name for name in headers if name.lower().startswith("access-control-")]:
        del headers[name]


def _mutable(message: Message) -> MutableHeaders:
    from starlette.datastructures import MutableHeaders

    message.setdefault("headers", [])
    return MutableHeaders(scope=message)


def inner_path(scope: Scope) -> str:
    """The path of a request without the root path; a proxy may have taken that off already."""
    path, root = str(scope["path"]), str(scope.get("root_path", "")).rstrip("/")
    if root and (path == root or path.startswith(f"{root}/")):
        return path.removeprefix(root) or "/"
    return path


def _is_page(scope: Scope) -> bool:
    return scope["method"] in ("GET", "HEAD") and inner_path(scope) == "/"


def _uncompressed(scope: Scope) -> Scope:
    headers = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
    return {**scope, "headers": headers}


def _failure() -> ASGIApp:
    from starlette.responses import PlainTextResponse

    return PlainTextResponse("Something went wrong here; the server's log says what.\n", 500)
