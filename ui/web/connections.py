"""Closes connections that send no request: idle ones, and those that send one byte after another.

uvicorn itself closes a connection that is idle after a reply, but waits for ever for the head of a
request that does not come to its end.
"""

from __future__ import annotations

import asyncio
from typing import Any

HEAD_S = 15.0  # for the whole head of a request
MAX_HEAD_BYTES = 65_536


class Impatience(asyncio.Protocol):
    """A part of a protocol of uvicorn's that waits `head_s` seconds for the head of a request."""

    head_s = HEAD_S
    cycle: Any  # uvicorn's, of the last request
    transport: Any
    _closing: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        if self._awaits_head():
            self._head_bytes += len(data)
            self._wait_for_head()
        super().data_received(data)
        if not self._awaits_head():
            self._stop_waiting()
        elif self._head_bytes > MAX_HEAD_BYTES:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _awaits_head(self) -> bool:
        """Whether no request is under way."""
        return self.cycle is None or self.cycle.response_complete

    def _wait_for_head(self) -> None:
        if self._closing is None:
            self._closing = asyncio.get_running_loop().call_later(self.head_s, self._give_up)

    def _stop_waiting(self) -> None:
        if self._closing:
            self._closing.cancel()
        self._closing, self._head_bytes = None, 0

    def _give_up(self) -> None:
        self._stop_waiting()
        if self._awaits_head():
            self.transport.close()


def impatient_protocol(head_s: float = HEAD_S) -> type[asyncio.Protocol]:
    """The HTTP protocol for `uvicorn.Config(http=…)`; it waits `head_s` seconds for the head of a
    request."""
    from uvicorn.protocols.http.auto import AutoHTTPProtocol

    return type("ImpatientProtocol", (Impatience, AutoHTTPProtocol), {"head_s": head_s})
