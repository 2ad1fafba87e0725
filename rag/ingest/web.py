"""How is one web page fetched for the index?

From public addresses only, redirects included; without cookies, credentials or a proxy; within a
time and a size. What comes back is bytes and their kind: `rag.ingest.readers` reads them like a
file.
"""

from __future__ import annotations

import re
import ssl
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from rag.errors import SourceError
from rag.ingest import ssrf
from rag.ingest.metadata import clean_line

if TYPE_CHECKING:
    from httpcore2 import URL, ConnectionPool, Response

TIMEOUT_S = 30.0  # for all of it, redirects included
MAX_BYTES = 10_000_000  # unpacked
MAX_REDIRECTS = 5
MAX_URL_CHARS = 2000
KINDS = {  # content type to the ending of such a file
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "application/pdf": ".pdf",
}
PORTS = {"http": 80, "https": 443}
SAVE = "Save the page from a browser and index that file."

_HOST = re.compile(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_CHARSET = re.compile(r"charset=\"?([\w-]{1,40})", re.IGNORECASE)
_HEADERS = {
    "User-Agent": "footnote-qa",
    "Accept": ", ".join(KINDS),
    "Accept-Encoding": "gzip",
    "Connection": "close",
}
_PIECE = 65_536  # bytes unpacked at once


@dataclass(frozen=True, slots=True)
class Page:
    """What stands at a URL. `kind` is the ending of a file of its type; `charset` may be empty."""

    url: str
    kind: str
    data: bytes
    charset: str


def is_url(source: str) -> bool:
    """True for what names a web page, not a file."""
    return source.lower().startswith(("http://", "https://"))


def normalise_url(url: str) -> str:
    """`url` as it is stored and asked for: ASCII, without a fragment or a default port.

    Raises `SourceError` unless it is http or https, names a host, and holds no credentials.
    """
    text = url.strip()
    try:
        parts = urlsplit(text)
        port, host = parts.port, _host(parts.hostname or "")
    except ValueError as error:
        raise _not_an_address(text) from error
    if parts.scheme not in PORTS or not _HOST.fullmatch(host) or _CONTROL.search(text):
        raise _not_an_address(text)
    if "@" in parts.netloc:
        raise SourceError("The address holds a name or password.", "Leave that out of it.")
    if len(text) > MAX_URL_CHARS:
        raise SourceError("The address is too long.", "Leave out what follows the question mark.")
    place = host if port in (None, PORTS[parts.scheme]) else f"{host}:{port}"
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~?")
    return SplitResult(parts.scheme, place, path, query, "").geturl()


def fetch_page(
    url: str,
    *,
    allowed: Callable[[str], bool] = ssrf.is_public,
    lookup: Callable[[str, int], Sequence[str]] = ssrf.lookup,
    timeout_s: float = TIMEOUT_S,
    max_bytes: int = MAX_BYTES,
) -> Page:
    """The page at `url`, asked for once.

    `allowed` says of each address of a host whether it may be reached. Raises `SourceError`
    for every other outcome than a page of a known kind. The resolver of the system keeps its own
    time limit, which may add to `timeout_s`.
    """
    import httpcore2

    from rag.ingest.checked_connection import CheckedBackend

    url = at = normalise_url(url)
    dialler = CheckedBackend(allowed, lookup, time.monotonic() + timeout_s)
    with _translated(url), httpcore2.ConnectionPool(network_backend=dialler) as pool:
        for _ in range(MAX_REDIRECTS + 1):
            found = _visit(pool, at, max_bytes)
            if not isinstance(found, str):
                kind, charset, data = found
                return Page(url, kind, data, charset)
            at = normalise_url(urljoin(at, found))
    raise SourceError(f"{_place(url)} sends visitors around in circles.", SAVE)


def _visit(pool: ConnectionPool, url: str, max_bytes: int) -> str | tuple[str, str, bytes]:
    """Where the visitor is sent on to; or kind, charset and data of the page."""
    headers = [("Host", _place(url)), *_HEADERS.items()]
    with pool.stream("GET", _wire(url), headers=headers) as response:
        stated = {
            k.decode("ascii").lower(): v.decode("utf-8", "replace") for k, v in response.headers
        }
        if response.status in (301, 302, 303, 307, 308) and "location" in stated:
            return stated["location"]
        if response.status != 200:
            raise SourceError(f"{_place(url)} answered with status {response.status}.", SAVE)
        kind, charset = _kind(url, stated)
        return kind, charset, _body(url, response, stated, max_bytes)


def _kind(url: str, headers: Mapping[str, str]) -> tuple[str, str]:
    stated = headers.get("content-type", "")
    kind = KINDS.get(stated.partition(";")[0].strip().lower())
    if kind is None:
        raise SourceError(
            f"What {_place(url)} sent is neither a page, nor plain text, nor a PDF.",
            "Give the address of an article.",
        )
    charset = _CHARSET.search(stated)
    return kind, charset[1] if charset else ""


def _body(url: str, response: Response, headers: Mapping[str, str], max_bytes: int) -> bytes:
    """All of the body, unpacked; no more of it is ever held than `max_bytes` and a piece."""
    too_large = SourceError(f"The page is over {max_bytes:,} bytes.", SAVE)
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) > max_bytes:
        raise too_large
    packing = headers.get("content-encoding", "identity").strip().lower()
    if packing not in ("", "identity", "gzip", "x-gzip"):
        raise SourceError(f"{_place(url)} packs its pages in a way not asked for.", SAVE)
    parts: Iterable[bytes] = response.iter_stream()
    data = bytearray()
    for piece in _unpacked(parts) if packing.endswith("gzip") else parts:
        data += piece
        if len(data) > max_bytes:
            raise too_large
    return bytes(data)


def _unpacked(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes in a gzip file, of any number of members. Raises `zlib.error`."""
    member = zlib.decompressobj(wbits=31)
    for part in parts:
        while part:
            if member.eof:
                member = zlib.decompressobj(wbits=31)
            yield member.decompress(part, _PIECE)
            part = member.unused_data if member.eof else member.unconsumed_tail
    if not member.eof:
        raise zlib.error("cut short")


@contextmanager
def _translated(url: str) -> Iterator[None]:
    """What goes wrong on the way, as a `SourceError`."""
    import httpcore2

    place = _place(url)
    try:
        yield
    except httpcore2.TimeoutException as error:
        raise SourceError(f"{place} took too long to answer.", "Try again later.") from error
    except httpcore2.ConnectError as error:
        # The pool drops the exception that this one was raised from; its arguments keep it.
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in error.args):
            raise SourceError(f"{place} cannot prove that it is what it says.", SAVE) from error
        raise SourceError(f"{place} cannot be reached.", "Try again later.") from error
    except (httpcore2.NetworkError, httpcore2.ProtocolError, zlib.error) as error:
        raise SourceError(f"The answer of {place} broke off.", "Try again later.") from error


def _host(name: str) -> str:
    """As it stands in a URL, in ASCII. Raises `ValueError`."""
    return f"[{name}]" if ":" in name else name.encode("idna").decode()


def _place(url: str) -> str:
    return urlsplit(url).netloc


def _wire(url: str) -> URL:
    """The address from our own parse of it, so that no second parser can see another host."""
    import httpcore2

    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    host = (parts.hostname or "").encode("ascii")
    return httpcore2.URL(
        scheme=parts.scheme.encode(), host=host, port=parts.port, target=target.encode("ascii")
    )


def _not_an_address(url: str) -> SourceError:
    shown = clean_line(url)[:100] or "Nothing"
    return SourceError(f"{shown} is not the address of a web page.", "Begin it with https://.")
