"""Connections that reach allowed addresses only, and end at a deadline.

A host name is resolved once, and the connection goes to an address that was checked: a name server
that answers differently the next time gains nothing. The request and the check of the certificate
still use the name.
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

CONNECT_TIMEOUT_S = 10  # for one address of several


class CheckedBackend(NetworkBackend):
    """Connects to hosts all of whose addresses pass `is_allowed`.

    `resolve` returns the addresses of a host and port, or raises `OSError`. `deadline` is a time
    of `time.monotonic`, in seconds.
    """

    def __init__(
        self,
        is_allowed: Callable[[str], bool],
        resolve: Callable[[str, int], Sequence[str]],
        deadline: float,
    ) -> None:
        self.is_allowed = is_allowed
        self.resolve = resolve
        self.deadline = deadline
        self.network = SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> NetworkStream:
        """Raises `SourceError` for a host that is unknown or has an address that is not allowed."""
        *others, last = self._allowed_addresses(host, port)
        for address in others:
            try:
                return self._connect(address, port)
            except (ConnectError, ConnectTimeout):
                continue
        return self._connect(last, port)

    def _allowed_addresses(self, host: str, port: int) -> Sequence[str]:
        try:
            found = self.resolve(host, port)
        except OSError:
            found = ()
        if not found:
            raise SourceError(
                f"The address of {host} cannot be found.",
                "Check the spelling and the connection to the internet.",
            )
        if not all(map(self.is_allowed, found)):
            raise SourceError(
                f"{host} is not a public address.",
                "Save the page from a browser and index that file.",
            )
        return found

    def _connect(self, address: str, port: int) -> NetworkStream:
        timeout = min(_remaining_s(self.deadline), CONNECT_TIMEOUT_S)
        return _DeadlineStream(self.network.connect_tcp(address, port, timeout), self.deadline)


class _DeadlineStream(NetworkStream):
    """A stream whose every read and write must end by `deadline`, however little comes at once."""

    def __init__(self, stream: NetworkStream, deadline: float) -> None:
        self.stream = stream
        self.deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, _remaining_s(self.deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.stream.write(buffer, _remaining_s(self.deadline))

    def close(self) -> None:
        self.stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> NetworkStream:
        stream = self.stream.start_tls(ssl_context, server_hostname, _remaining_s(self.deadline))
        return _DeadlineStream(stream, self.deadline)

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


def _remaining_s(deadline: float) -> float:
    """Above zero. Raises `ReadTimeout` after the deadline."""
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise ReadTimeout("the deadline has passed")
    return remaining
