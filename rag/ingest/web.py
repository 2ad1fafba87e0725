"""Fetches a web page for the index.

From public addresses only, redirects included; without cookies, credentials or a proxy; within a
limit of time and size. The result is bytes, which `rag.ingest.readers` reads like a file.
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

TIMEOUT_S = 30.0  # for the whole page, redirects included
MAX_BYTES = 10_000_000  # of a page, unpacked
MAX_REDIRECTS = 5
MAX_URL_CHARS = 2000
SUFFIX_BY_CONTENT_TYPE = {  # what a file of that type ends with
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "application/pdf": ".pdf",
}
DEFAULT_PORTS = {"http": 80, "https": 443}
SAVE_REMEDY = "Save the page from a browser and index that file."

_HOST = re.compile(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_CHARSET = re.compile(r"charset=\"?([\w-]{1,40})", re.IGNORECASE)
_HEADERS = {
    "User-Agent": "footnote-qa",
    "Accept": ", ".join(SUFFIX_BY_CONTENT_TYPE),
    "Accept-Encoding": "gzip",
    "Connection": "close",
}
_MAX_PIECE_BYTES = 65_536  # unpacked at once


@dataclass(frozen=True, slots=True)
class Page:
    """The content at `url`. `suffix` is how a file of its type ends (".html"); `charset` is the one
    that the server declares, or empty."""

    url: str
    suffix: str
    data: bytes
    charset: str


def is_url(source: str) -> bool:
    """True when `source` is the URL of a web page, not a path."""
    return source.lower().startswith(("http://", "https://"))


def normalise_url(url: str) -> str:
    """`url` as it is stored and requested: ASCII, without a fragment or a default port.

    Raises `SourceError` unless it is http or https, names a host, and holds no credentials.
    """
    text = url.strip()
    try:
        parts = urlsplit(text)
        port, host = parts.port, _ascii_host(parts.hostname or "")
    except ValueError as error:
        raise _not_a_url_error(text) from error
    if parts.scheme not in DEFAULT_PORTS or not _HOST.fullmatch(host) or _CONTROL.search(text):
        raise _not_a_url_error(text)
    if "@" in parts.netloc:
        raise SourceError("The address holds a name or password.", "Leave that out of it.")
    if len(text) > MAX_URL_CHARS:
        raise SourceError("The address is too long.", "Leave out what follows the question mark.")
    netloc = host if port in (None, DEFAULT_PORTS[parts.scheme]) else f"{host}:{port}"
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~?")
    return SplitResult(parts.scheme, netloc, path, query, "").geturl()


def fetch_page(
    url: str,
    *,
    is_allowed: Callable[[str], bool] = ssrf.is_public,
    resolve: Callable[[str, int], Sequence[str]] = ssrf.resolve_host,
    timeout_s: float = TIMEOUT_S,
    max_bytes: int = MAX_BYTES,
) -> Page:
    """The page at `url`; no request is repeated.

    `is_allowed` decides for each address of a host whether it may be reached; `resolve` returns
    the addresses of a host and port. `timeout_s` is for the whole page; the system's resolver has
    its own limit, which may add to it. Raises `SourceError` for everything but a page of a type in
    `SUFFIX_BY_CONTENT_TYPE` and of at most `max_bytes`.
    """
    import httpcore2

    from rag.ingest.checked_connection import CheckedBackend

    url = at = normalise_url(url)
    backend = CheckedBackend(is_allowed, resolve, time.monotonic() + timeout_s)
    with _translate_errors(url), httpcore2.ConnectionPool(network_backend=backend) as pool:
        for _ in range(MAX_REDIRECTS + 1):
            found = _request(pool, at, max_bytes)
            if not isinstance(found, str):
                suffix, charset, data = found
                return Page(url, suffix, data, charset)
            at = normalise_url(urljoin(at, found))
    raise SourceError(f"{_host_and_port(url)} sends visitors around in circles.", SAVE_REMEDY)


def _request(pool: ConnectionPool, url: str, max_bytes: int) -> str | tuple[str, str, bytes]:
    """One request: the address it is redirected to; or suffix, charset and data of the page."""
    headers = [("Host", _host_and_port(url)), *_HEADERS.items()]
    with pool.stream("GET", _to_httpcore_url(url), headers=headers) as response:
        sent = {
            k.decode("ascii").lower(): v.decode("utf-8", "replace") for k, v in response.headers
        }
        if response.status in (301, 302, 303, 307, 308) and "location" in sent:
            return sent["location"]
        if response.status != 200:
            raise SourceError(
                f"{_host_and_port(url)} answered with status {response.status}.", SAVE_REMEDY
            )
        suffix, charset = _suffix_and_charset(url, sent)
        return suffix, charset, _read_body(url, response, sent, max_bytes)


def _suffix_and_charset(url: str, headers: Mapping[str, str]) -> tuple[str, str]:
    content_type = headers.get("content-type", "")
    suffix = SUFFIX_BY_CONTENT_TYPE.get(content_type.partition(";")[0].strip().lower())
    if suffix is None:
        raise SourceError(
            f"What {_host_and_port(url)} sent is neither a page, nor plain text, nor a PDF.",
            "Give the address of an article.",
        )
    charset = _CHARSET.search(content_type)
    return suffix, charset[1] if charset else ""


def _read_body(url: str, response: Response, headers: Mapping[str, str], max_bytes: int) -> bytes:
    """The whole body, unpacked; memory never holds more than `max_bytes` and a piece of it."""
    too_large = SourceError(f"The page is over {max_bytes:,} bytes.", SAVE_REMEDY)
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) > max_bytes:
        raise too_large
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise SourceError(
            f"{_host_and_port(url)} packs its pages in a way not asked for.", SAVE_REMEDY
        )
    parts: Iterable[bytes] = response.iter_stream()
    data = bytearray()
    for piece in _gunzip(parts) if encoding.endswith("gzip") else parts:
        data += piece
        if len(data) > max_bytes:
            raise too_large
    return bytes(data)


def _gunzip(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The content of a gzip file of any number of members. Raises `zlib.error`."""
    member = zlib.decompressobj(wbits=31)
    for part in parts:
        while part:
            if member.eof:
                member = zlib.decompressobj(wbits=31)
            yield member.decompress(part, _MAX_PIECE_BYTES)
            part = member.unused_data if member.eof else member.unconsumed_tail
    if not member.eof:
        raise zlib.error("cut short")


@contextmanager
def _translate_errors(url: str) -> Iterator[None]:
    """Within this block, what the network raises becomes a `SourceError`."""
    import httpcore2

    host = _host_and_port(url)
    try:
        yield
    except httpcore2.TimeoutException as error:
        raise SourceError(f"{host} took too long to answer.", "Try again later.") from error
    except httpcore2.ConnectError as error:
        # The pool drops the exception that this one was raised from; its arguments keep it.
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in error.args):
            raise SourceError(
                f"{host} cannot prove that it is what it says.", SAVE_REMEDY
            ) from error
        raise SourceError(f"{host} cannot be reached.", "Try again later.") from error
    except (httpcore2.NetworkError, httpcore2.ProtocolError, zlib.error) as error:
        raise SourceError(f"The answer of {host} broke off.", "Try again later.") from error


def _ascii_host(name: str) -> str:
    """A host name as a URL writes it, in ASCII. Raises `ValueError`."""
    return f"[{name}]" if ":" in name else name.encode("idna").decode()


def _host_and_port(url: str) -> str:
    return urlsplit(url).netloc


def _to_httpcore_url(url: str) -> URL:
    """`url` from our own parse of it, so that no second parser can see another host."""
    import httpcore2

    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    host = (parts.hostname or "").encode("ascii")
    return httpcore2.URL(
        scheme=parts.scheme.encode(), host=host, port=parts.port, target=target.encode("ascii")
    )


def _not_a_url_error(url: str) -> SourceError:
    shown = clean_line(url)[:100] or "Nothing"
    return SourceError(f"{shown} is not the address of a web page.", "Begin it with https://.")
