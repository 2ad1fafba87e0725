"""The Model Context Protocol server at ``/mcp``: the tools `ask`, `verify` and `check`.

Streamable HTTP, without sessions. The `mcp` package is an extra: importing this module raises
`ImportError` without it.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from anyio import (
    CapacityLimiter,
    create_memory_object_stream,
    create_task_group,
    to_thread,
)
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings
from mcp_types import CallToolResult, TextContent, ToolAnnotations
from pydantic import Field
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.errors import FootnoteError
from rag.serialization import answer_to_json
from rag.types import Answer, Claim, Span
from ui.api.functions import ApiFunctions, wait_for_answer
from ui.api.schemas import (
    AnswerDocument,
    CheckDocument,
    Cited,
    FootnoteDocument,
    PastTurn,
    answer_text,
)
from ui.gate.sign_in import Access
from ui.labels import SUPPORTED, mark_of
from ui.safe_text import one_line

PATH = "/mcp"
MAX_BYTES = 8_000_000  # of a request: an export may be large
MAX_AT_ONCE = 100  # calls under way; each takes a thread
INSTRUCTIONS = (
    "Footnote answers questions about a set of articles and ties every sentence to the exact"
    " characters of its source. Cite the numbers in brackets; say so where it declines."
)

_HARMLESS = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)


@dataclass(frozen=True)
class McpEndpoint:
    """Where the tools are served. `open` must be entered once, while the server runs."""

    routes: Sequence[BaseRoute]
    server: MCPServer[Any]

    def open(self) -> AbstractAsyncContextManager[None]:
        return self.server.session_manager.run()


def mcp_endpoint(functions: ApiFunctions, access: Access) -> McpEndpoint:
    """The tools over `functions`, for requests that `access` would let in."""
    server = MCPServer("footnote", title="Footnote", instructions=INSTRUCTIONS, log_level="WARNING")
    limiter = CapacityLimiter(MAX_AT_ONCE)
    for tool, title in (
        (_ask(functions, limiter), "Ask the articles"),
        (_verify(functions, limiter), "Verify the footnotes of an export"),
        (_check(functions, limiter), "Check a claim against quotes"),
    ):
        explained = inspect.getdoc(getattr(functions, tool.__name__))
        server.tool(title=title, description=explained, annotations=_HARMLESS)(tool)
    inner = server.streamable_http_app(
        streamable_http_path=PATH,
        stateless_http=True,
        json_response=True,
        max_request_body_size=MAX_BYTES,
        transport_security=_security(access),
    )
    endpoint = next(r.endpoint for r in inner.routes if isinstance(r, Route) and r.path == PATH)
    return McpEndpoint(
        [Route(path, _CancelOnDisconnect(endpoint)) for path in (PATH, f"{PATH}/")], server
    )


@dataclass(frozen=True)
class _CancelOnDisconnect:
    """Cancels a request when its client hangs up; the package itself would go on."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        passing, passed = create_memory_object_stream[Message](math.inf)

        async def watch() -> None:
            message: Message = {"type": ""}
            while message["type"] != "http.disconnect":
                message = await receive()
                await passing.send(message)
            tasks.cancel_scope.cancel()

        with passing, passed:
            async with create_task_group() as tasks:
                tasks.start_soon(watch)
                await self.app(scope, passed.receive, send)
                tasks.cancel_scope.cancel()


def _security(access: Access) -> TransportSecuritySettings:
    """The rules of the request guard, because the package checks hosts itself."""
    names = [f"[{host}]" if ":" in host else host for host in sorted(access.hosts)]
    hosts = [pattern for name in names for pattern in (name, f"{name}:*")]
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=bool(hosts),
        allowed_hosts=hosts,
        allowed_origins=[f"{scheme}://{host}" for scheme in ("http", "https") for host in hosts],
    )


# --- the tools ---------------------------------------------------------------------------------


def _ask(functions: ApiFunctions, limiter: CapacityLimiter) -> Callable[..., Any]:
    async def ask(
        question: Annotated[str, Field(description="One question, in plain words.")],
        document_ids: Annotated[
            list[str] | None, Field(description="Limit the question to these documents.")
        ] = None,
        history: Annotated[
            list[PastTurn] | None, Field(description="The conversation before, oldest first.")
        ] = None,
    ) -> Annotated[CallToolResult, AnswerDocument]:
        with _as_tool_errors():
            active = functions.start(question, document_ids, history)
            try:
                answer = await to_thread.run_sync(
                    wait_for_answer, active, abandon_on_cancel=True, limiter=limiter
                )
            finally:
                active.stop()  # who asked may have gone
        text = TextContent(type="text", text=answer_with_quotes(answer))
        return CallToolResult(content=[text], structured_content=dict(answer_to_json(answer)))

    return ask


def _verify(functions: ApiFunctions, limiter: CapacityLimiter) -> Callable[..., Any]:
    async def verify(
        text: Annotated[str, Field(description="The exported Markdown or HTML, whole.")],
    ) -> list[FootnoteDocument]:
        with _as_tool_errors():
            return await to_thread.run_sync(functions.verify, text, limiter=limiter)

    return verify


def _check(functions: ApiFunctions, limiter: CapacityLimiter) -> Callable[..., Any]:
    async def check(
        claim: Annotated[str, Field(description="One sentence.")],
        citations: Annotated[list[Cited], Field(description="The quotes it rests on.")],
    ) -> CheckDocument:
        with _as_tool_errors():
            return await to_thread.run_sync(functions.check, claim, citations, limiter=limiter)

    return check


def answer_with_quotes(answer: Answer) -> str:
    """The answer for a model to read: its text, then each quote with its place, or the nearest
    passages of a decline; and what is to be said of a claim that is not simply supported."""
    titles = {passage.number: passage.title for passage in answer.passages}
    quotes = dict.fromkeys(citation for claim in answer.claims for citation in claim.citations)
    notes = [_place(c.number, titles.get(c.number, ""), c.span, c.quote) for c in quotes]
    if answer.status == "declined":
        notes = [_place(each.number, each.title, each.span, each.text) for each in answer.passages]
    marks = [
        f"{mark_of(claim).words}: {one_line(claim.text)}{_reasons(claim)}"
        for claim in answer.claims
        if mark_of(claim) != SUPPORTED
    ]
    return "\n".join([answer_text(answer), *([""] if notes else []), *notes, *marks])


def _place(number: int, title: str, span: Span, quote: str) -> str:
    where = f"{one_line(span.document_id)}:{span.start}-{span.end}"
    return f"[{number}] {one_line(title)} ({where}): “{one_line(quote)}”"


def _reasons(claim: Claim) -> str:
    return f" ({'; '.join(map(one_line, claim.reasons))})" if claim.reasons else ""


@contextmanager
def _as_tool_errors() -> Iterator[None]:
    """An error becomes a result that the model can read."""
    try:
        yield
    except FootnoteError as error:
        raise ToolError(str(error)) from error
