"""A page is fetched from public addresses only, whole or not at all, and in time."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import MappingProxyType

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from rag.errors import SourceError
from rag.ingest.ssrf import is_public
from rag.ingest.web import MAX_REDIRECTS, Page, fetch_page, is_url, normalise_url
from tests.offline.sitecustomize import _getaddrinfo

ARTICLE = b"<p>The talks resumed in Paris.</p>"


def anywhere(address: str) -> bool:
    return True


def nowhere(host: str, port: int) -> Sequence[str]:
    raise AssertionError(f"{host} was looked up")


def reply(
    body: bytes = ARTICLE, status: str = "200 OK", content_type: str = "text/html", **headers: str
) -> bytes:
    stated = {"Content-Length": str(len(body)), "Content-Type": content_type}
    stated |= {name.replace("_", "-").title(): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in stated.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body


@dataclass
class Server:
    """A real server on loopback that answers each connection as `answer` says."""

    answer: Callable[[str, socket.socket], None]
    tls: ssl.SSLContext | None = None
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=[connection], daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):  # the client may go
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            request = b""
            while b"\r\n\r\n" not in request and (part := connection.recv(4096)):
                request += part
            self.requests.append(request.decode())
            self.answer(request.split()[1].decode(), connection)
            connection.close()


@contextmanager
def served(
    *replies: bytes | Callable[[str, socket.socket], None],
    tls: ssl.SSLContext | None = None,
    by_path: Mapping[str, bytes] = MappingProxyType({}),
) -> Iterator[Server]:
    """A server that answers with the one reply, or with the reply of that path."""

    def answer(path: str, connection: socket.socket) -> None:
        [one] = replies or [by_path[path.strip("/")]]
        one(path, connection) if callable(one) else connection.sendall(one)

    server = Server(answer, tls)
    try:
        yield server
    finally:
        server.listening.shutdown(socket.SHUT_RDWR)  # which wakes its thread
        server.listening.close()


def refusal(url: str, **how: object) -> SourceError:
    with pytest.raises(SourceError) as caught:
        fetch_page(url, **how)  # type: ignore[arg-type]
    return caught.value


# --- pages -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content_type", "kind", "charset"),
    [
        ("text/html; charset=utf-8", ".html", "utf-8"),
        ('TEXT/HTML ;Charset="windows-1251"', ".html", "windows-1251"),
        ("application/xhtml+xml", ".html", ""),
        ("text/plain", ".txt", ""),
        ("text/markdown", ".md", ""),
        ("application/pdf", ".pdf", ""),
    ],
)
def test_a_page_comes_with_its_kind(content_type: str, kind: str, charset: str) -> None:
    with served(reply(content_type=content_type)) as server:
        url = f"{server.url}/news"
        assert fetch_page(f"{url}#top", is_allowed=anywhere) == Page(url, kind, ARTICLE, charset)


def test_the_request_says_little() -> None:
    with served(reply()) as server:
        fetch_page(f"{server.url}/a b?q=1&ü=2", is_allowed=anywhere)
        [request] = server.requests
        assert request.startswith("GET /a%20b?q=1&%C3%BC=2 HTTP/1.1\r\n")
        assert f"\r\nHost: 127.0.0.1:{server.port}\r\n" in request
        assert "cookie" not in request.lower()
        assert "referer" not in request.lower()


def test_redirects_are_followed_and_the_page_keeps_its_first_url() -> None:
    moved = reply(b"moved", "301 Moved", location="/second", set_cookie="a=b")
    again = reply(b"moved", "308 Moved", location="news?x=1")
    paths = {"first": moved, "second": again, "news?x=1": reply()}
    with served(by_path=paths) as server:
        page = fetch_page(f"{server.url}/first", is_allowed=anywhere)
        assert (page.url, page.data) == (f"{server.url}/first", ARTICLE)
        assert "cookie" not in server.requests[-1].lower()


def test_endless_redirects_end() -> None:
    with served(reply(b"", "302 Found", location="/again")) as server:
        assert "circles" in refusal(server.url, is_allowed=anywhere).problem
        assert len(server.requests) == MAX_REDIRECTS + 1


def test_a_packed_page_is_unpacked() -> None:
    packed = gzip.compress(ARTICLE[:9]) + gzip.compress(ARTICLE[9:])
    with served(reply(packed, content_encoding="gzip")) as server:
        assert fetch_page(server.url, is_allowed=anywhere).data == ARTICLE


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with served(reply(b"the proxy")) as proxy, served(reply()) as server:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        assert fetch_page(server.url, is_allowed=anywhere).data == ARTICLE
        assert proxy.requests == []


# --- addresses -------------------------------------------------------------------------------

PRIVATE = [
    "127.0.0.1",
    "127.8.9.10",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "192.88.99.1",
    "198.18.0.1",
    "203.0.113.5",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700::1%eth0",
    "fec0::1",
    "ff02::1",
    "",
    "localhost",
    "2130706433",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public_is_recognised(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.215.14", "1.1.1.1", "2606:4700::1111", "2a00:1450:4001::1"]
)
def test_an_address_that_is_public_is_recognised(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_with_such_an_address_is_refused(address: str) -> None:
    for addresses in ([address], ["93.184.215.14", address]):
        error = refusal("https://example.org/", resolve=lambda *_, found=addresses: found)
        assert error.problem == "example.org is not a public address."


def by_the_system(host: str, port: int) -> list[str]:
    """What the system makes of a host that is a number: no name server is asked."""
    found = _getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(info[4][0]) for info in found]


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0",
     "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "①②⑦.0.0.1", "ⓛocalhost"],
)  # fmt: skip
def test_a_server_on_this_machine_is_refused_however_it_is_written(host: str) -> None:
    with served(reply()) as server:
        error = refusal(f"http://{host}:{server.port}/", resolve=by_the_system)
        assert "not a public address" in error.problem
        assert server.requests == []


def test_the_default_refuses_loopback() -> None:
    with served(reply()) as server:
        for host in ("127.0.0.1", "localhost"):
            error = refusal(f"http://{host}:{server.port}/")
            assert error.problem == f"{host} is not a public address."
        assert server.requests == []


def test_a_redirect_to_this_machine_is_refused() -> None:
    with served(reply(b"secret")) as inner:
        moved = reply(b"", "302 Found", location=f"http://localhost:{inner.port}/")
        with served(moved) as outer:
            lookup = {"example.org": ["127.0.0.1"], "localhost": ["127.0.0.2"]}
            error = refusal(
                f"http://example.org:{outer.port}/",
                is_allowed=lambda address: address == "127.0.0.1",
                resolve=lambda host, port: lookup[host],
            )
            assert error.problem == "localhost is not a public address."
            assert len(outer.requests) == 1
        assert inner.requests == []


def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    """A name server that answers differently each time gains nothing: it is asked once."""
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    with served(reply()) as server:
        url = f"http://example.org:{server.port}/"
        assert fetch_page(url, is_allowed=anywhere, resolve=rebinding).data == ARTICLE
        assert asked == ["example.org"]
        assert f"\r\nHost: example.org:{server.port}\r\n" in server.requests[0]


def test_another_address_is_tried_where_the_first_does_not_answer() -> None:
    with served(reply()) as server:
        two = partial(
            fetch_page, resolve=lambda *_: ["127.0.0.9", "127.0.0.1"], is_allowed=anywhere
        )
        assert two(f"http://example.org:{server.port}/").data == ARTICLE


@pytest.mark.parametrize("found", [[], OSError("no such host")])
def test_an_unknown_host_is_an_error_that_names_it(found: list[str] | OSError) -> None:
    def lookup(host: str, port: int) -> list[str]:
        if isinstance(found, OSError):
            raise found
        return found

    assert "cannot be found" in refusal("https://example.org/", resolve=lookup).problem


# --- URLs ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "stored"),
    [
        ("https://example.org", "https://example.org/"),
        (" HTTPS://Example.ORG:443/A?b#c \n", "https://example.org/A?b"),
        ("http://example.org:8080/a", "http://example.org:8080/a"),
        ("http://bücher.example/ü?ö=ä%20", "http://xn--bcher-kva.example/%C3%BC?%C3%B6=%C3%A4%20"),
        ("http://[2606:4700::1111]/a", "http://[2606:4700::1111]/a"),
        ('http://example.org/"><script>', "http://example.org/%22%3E%3Cscript%3E"),
    ],
)
def test_a_url_is_stored_in_one_form(url: str, stored: str) -> None:
    assert normalise_url(url) == stored
    assert normalise_url(stored) == stored


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org",
        "/etc/passwd",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "ftp://example.org/",
        "gopher://example.org/",
        "data:text/html,hello",
        "https://",
        "https:///path",
        "https://example.org:port/",
        "https://example.org:99999/",
        "https://exa mple.org/",
        "https://example.org/a\r\nHost: other",
        "https://exa\tmple.org/",
        "https://[::1/",
        "https://[fe80::1%25eth0]/",
        "https://" + "a" * 70 + ".org/",
        "https://\ud800/",
    ],
)
def test_what_is_no_web_address_is_refused(url: str) -> None:
    error = refusal(url, is_allowed=anywhere, resolve=nowhere)
    assert "is not the address of a web page" in error.problem
    assert "\r" not in error.problem


def test_a_url_with_credentials_and_a_url_without_end_are_refused() -> None:
    for url in ("https://user:secret@example.org/", "https://example.org\\@localhost/"):
        error = refusal(url, resolve=nowhere)
        assert "name or password" in error.problem
        assert "secret" not in str(error)
    assert "too long" in refusal("https://example.org/" + "a" * 2000, resolve=nowhere).problem


@pytest.mark.parametrize("location", ["file:///etc/passwd", "javascript:alert(1)", "https://u@h/"])
def test_a_redirect_to_what_is_no_web_address_is_refused(location: str) -> None:
    with served(reply(b"", "302 Found", location=location)) as server:
        refusal(server.url, is_allowed=anywhere)
        assert len(server.requests) == 1


def test_urls_are_distinguished_from_paths() -> None:
    assert is_url("https://example.org")
    assert is_url("HTTP://x")
    assert not any(map(is_url, ["a.txt", "https.txt", "/https://x", "ftp://x", ""]))


# --- limits ----------------------------------------------------------------------------------


def endless(path: str, connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
    while True:
        connection.sendall(b"more " * 1000)


def test_a_page_that_is_too_large_is_refused() -> None:
    stated = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2001\r\n\r\n"
    bomb = reply(gzip.compress(bytes(50_000_000)), content_encoding="gzip")
    for answer in (stated, endless, bomb):
        with served(answer) as server:
            error = refusal(server.url, is_allowed=anywhere, max_bytes=2000)
            assert error.problem == "The page is over 2,000 bytes."
    with served(reply(b"a" * 2000)) as server:
        assert len(fetch_page(server.url, is_allowed=anywhere, max_bytes=2000).data) == 2000


def dripping(head: bytes) -> Callable[[str, socket.socket], None]:
    """Sends `head`, then a byte at a time, so that no single wait is long."""

    def answer(path: str, connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(b"x")
            time.sleep(0.02)

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda *_: time.sleep(2), id="silent"),
        pytest.param(dripping(b"HTTP/1.1 200 OK\r\nX: "), id="its headers have no end"),
        pytest.param(
            dripping(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"), id="its body"
        ),
    ],
)
def test_a_page_that_is_too_slow_is_given_up(answer: Callable[[str, socket.socket], None]) -> None:
    with served(answer) as server:
        error = refusal(server.url, is_allowed=anywhere, timeout_s=0.3)
        assert error.problem == f"127.0.0.1:{server.port} took too long to answer."


@pytest.mark.parametrize(
    "content_type", ["application/zip", "image/png", "application/json", "", "text/htmlx"]
)
def test_a_page_of_another_kind_is_refused(content_type: str) -> None:
    with served(reply(content_type=content_type)) as server:
        error = refusal(server.url, is_allowed=anywhere)
        assert "neither a page, nor plain text, nor a PDF" in error.problem


@pytest.mark.parametrize("status", ["204 No Content", "403 Forbidden", "404 Not Found", "500 Oh"])
def test_a_page_that_is_not_there_is_refused(status: str) -> None:
    with served(reply(b"", status)) as server:
        assert f"status {status[:3]}" in refusal(server.url, is_allowed=anywhere).problem


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"not HTTP at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 99\r\n\r\nshort",
        reply(gzip.compress(ARTICLE)[:-9], content_encoding="gzip"),
        reply(b"not packed", content_encoding="gzip"),
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000 + b"\r\n\r\n",
    ],
)
def test_a_page_that_breaks_off_is_refused(answer: bytes) -> None:
    with served(answer) as server:
        assert "broke off" in refusal(server.url, is_allowed=anywhere).problem


def test_a_page_packed_in_an_unknown_way_is_refused() -> None:
    with served(reply(content_encoding="br")) as server:
        assert "packs" in refusal(server.url, is_allowed=anywhere).problem


def test_a_server_that_does_not_answer_is_an_error() -> None:
    with served(reply()) as server:
        pass
    assert "cannot be reached" in refusal(server.url, is_allowed=anywhere).problem


def certificate(folder: Path, name: str) -> ssl.SSLContext:
    """A server's side of TLS for `name`, vouched for by the file cert.pem in `folder`."""
    key = ec.generate_private_key(ec.SECP256R1())
    whom = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(whom, whom, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(made.public_bytes(pem))
    (folder / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def test_the_certificate_must_be_that_of_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    how = {"is_allowed": anywhere, "resolve": lambda *_: ["127.0.0.1"]}
    with served(reply(), tls=certificate(tmp_path, "example.org")) as server:
        url = f"https://example.org:{server.port}/"
        assert "cannot prove" in refusal(url, **how).problem  # nobody known vouches for it
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        assert fetch_page(url, **how).data == ARTICLE  # type: ignore[arg-type]
        assert "cannot prove" in refusal(f"https://other.org:{server.port}/", **how).problem
