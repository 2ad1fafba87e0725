"""How is a connection made that reaches allowed addresses only, and ends in time?

A name is looked up once, and the connection goes to an address that was checked: a name server
that answers something else the next time gains nothing. The name stays what the server is asked
for and what its certificate must state.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from httpcore2 import (
    SOCKET_OPTION,
    ConnectError,
    ConnectTimeout,
    NetworkBackend,
    NetworkStream,
    ReadTimeout,
    SyncBackend,
)

from rag.errors import SourceError

CONNECT_S = 10  # for one address of several


class CheckedBackend(NetworkBackend):
    """Connects to hosts all of whose addresses are `allowed`, until `ends` (monotonic seconds)."""

    def __init__(
        self,
        allowed: Callable[[str], bool],
        lookup: Callable[[str, int], Sequence[str]],
        ends: float,
    ) -> None:
        self.allowed = allowed
        self.lookup = lookup
        self.ends = ends
        self.network = SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> NetworkStream:
        """Raises `SourceError` for a host that is unknown or has an address not allowed."""
        *others, last = self._addresses(host, port)
        for address in others:
            try:
                return self._connect(address, port)
            except (ConnectError, ConnectTimeout):
                continue
        return self._connect(last, port)

    def _addresses(self, host: str, port: int) -> Sequence[str]:
        try:
            found = self.lookup(host, port)
        except OSError:
            found = ()
        if not found:
            raise SourceError(
                f"The address of {host} cannot be found.",
                "Check the spelling and the connection to the internet.",
            )
        if not all(map(self.allowed, found)):
            raise SourceError(
                f"{host} is not a public address.",
                "Save the page from a browser and index that file.",
            )
        return found

    def _connect(self, address: str, port: int) -> NetworkStream:
        timeout = min(_left(self.ends), CONNECT_S)
        return _Timed(self.network.connect_tcp(address, port, timeout), self.ends)


class _Timed(NetworkStream):
    """A stream whose every step must be done by `ends`, however little comes at a time."""

    def __init__(self, stream: NetworkStream, ends: float) -> None:
        self.stream = stream
        self.ends = ends

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, _left(self.ends))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.stream.write(buffer, _left(self.ends))

    def close(self) -> None:
        self.stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> NetworkStream:
        stream = self.stream.start_tls(ssl_context, server_hostname, _left(self.ends))
        return _Timed(stream, self.ends)

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise ReadTimeout("the deadline has passed")
    return left
