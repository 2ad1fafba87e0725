"""Forgets what Gradio's queue keeps of a session whose stream has ended.

Gradio has a queue of messages and a set of events for each load of the page, and keeps both for as
long as it runs; the next event of the session makes them anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from ui.gate.security_headers import inner_path

if TYPE_CHECKING:
    import gradio
    from starlette.types import ASGIApp, Receive, Scope, Send

STREAM = "/gradio_api/queue/data"


class EndedStreams:
    """Wraps an ASGI application that serves `blocks`."""

    def __init__(self, app: ASGIApp, blocks: gradio.Blocks) -> None:
        self._app = app
        self._blocks = blocks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        finally:
            if scope["type"] == "http" and inner_path(scope) == STREAM:
                query = parse_qs(scope["query_string"].decode("latin-1"))
                for session in query.get("session_hash", ()):
                    _forget(self._blocks._queue, session)


def _forget(queue: Any, session: str) -> None:
    """Unless it waits for an event, also for one that has ended: its messages are read by the next
    stream. An event whose window has gone is no longer alive, and nobody waits for it."""
    waiting = queue.pending_event_ids_session.get(session, ())
    events = [queue.event_ids_to_events.get(each) for each in waiting]
    if all(event and not event.alive for event in events):
        queue.pending_messages_per_session.pop(session, None)
        queue.pending_event_ids_session.pop(session, None)
