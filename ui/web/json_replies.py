"""JSON in and out of the server's own endpoints that the page's scripts call."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any

from rag.errors import FootnoteError, QuestionError
from ui.records.history import NoSuchConversation, NoSuchExchange
from ui.translation import translate

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    Endpoint = Callable[[Request], Awaitable[Response]]

MAX_BODY_BYTES = 64_000


class NotOffered(FootnoteError):
    """What this server is not set up for."""


def with_json(endpoint: Callable[[Request, Mapping[str, Any]], Any]) -> Endpoint:
    """The endpoint `(request, body) -> document`, run in a thread. Its errors are documents with
    one key, "error": what happened and the remedy."""

    @wraps(endpoint)
    async def reply(request: Request) -> Response:
        from anyio import to_thread
        from starlette.responses import JSONResponse

        headers = {"Cache-Control": "no-store"}
        try:
            body = await _body(request)
            document = await to_thread.run_sync(endpoint, request, body)
        except FootnoteError as error:
            return JSONResponse({"error": str(error)}, _status(error), headers)
        return JSONResponse(document, headers=headers)

    return reply


async def _body(request: Request) -> Mapping[str, Any]:
    """The body, which is an object; an empty one is an empty object."""
    written = b""
    async for piece in request.stream():
        written += piece
        if len(written) > MAX_BODY_BYTES:
            raise QuestionError(translate("This is too long to be kept."), translate("Write less."))
    try:
        found = json.loads(written or b"{}")
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise QuestionError(
            translate("The page sent what cannot be read."), translate("Reload the page.")
        )
    return found


def _status(error: FootnoteError) -> int:
    gone = isinstance(error, (NoSuchConversation, NoSuchExchange))
    return 404 if gone else 403 if isinstance(error, NotOffered) else 400


def text_in(body: Mapping[str, Any], name: str, most: int) -> str:
    """The text `name` of a body, cut to `most` characters; "" where there is none."""
    value = body.get(name, "")
    return value[:most] if isinstance(value, str) else ""
