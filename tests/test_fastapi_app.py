"""The whole application over HTTP on loopback: the page, links, exports, reports."""

from __future__ import annotations

import errno
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from rag.settings import load_settings as load_settings
from tests.serving import Site, served, site
from ui.gate.request_limits import RequestLimits
from ui.gate.security_headers import PAGE_POLICY
from ui.gate.sign_in import COOKIE, Access, cookie_owner
from ui.gate.users import Users
from ui.questions.exchange import Exchange
from ui.records import verify_export
from ui.web.full_disk import SENTENCE
from ui.web.routes import content_disposition

PATIENCE_S = 60
QUESTION = "What tariff rate applies to fentanyl?"
FOREIGN = re.compile(r"(?:src|href|content)=[\"']?(?:https?:)?//[^\"'\s>]*")


@dataclass
class Visit:
    """A browser on a running site, with one answer in its history."""

    site: Site
    browser: httpx.Client
    owner: str
    exchange: Exchange
    conversation: str

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.browser.get(path, **more)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    folder = tmp_path_factory.mktemp("server")
    with site(load_settings(data_dir=folder)) as built, served(built.app) as url:
        yield built, url


@pytest.fixture
def visit(running: tuple[Site, str]) -> Iterator[Visit]:
    built, url = running
    with httpx.Client(base_url=url, timeout=PATIENCE_S) as browser:
        browser.get("/")
        owner = cookie_owner(browser.cookies[COOKIE])
        assert owner
        exchange = built.runner.answer(QUESTION)
        conversation = built.history.put(owner, None, exchange)
        yield Visit(built, browser, owner, exchange, conversation)


def text_of(page: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", page))


# --- the page ----------------------------------------------------------------------------------


def test_the_page_is_served_and_names_no_other_host(visit: Visit) -> None:
    page = visit.get("/", headers={"Accept-Encoding": "identity"})
    assert page.status_code == 200
    assert "<gradio-app" in page.text
    assert "window.gradio_config" in page.text
    assert FOREIGN.findall(page.text) == []
    assert "og:image" not in page.text
    assert "manifest" not in page.text
    assert int(page.headers["content-length"]) == len(page.content)
    assert "default-src 'self'" in page.headers["content-security-policy"]


def test_gradio_still_builds_functions_from_text() -> None:
    """Where this fails, try the page without `unsafe-eval`, and correct SECURITY.md."""
    import gradio

    assets = Path(gradio.__file__).parent / "templates" / "frontend" / "assets"
    building = re.compile(r"\bFunction\(`element`|\bFunction\(\.\.\.")
    assert any(building.search(each.read_text("utf-8")) for each in assets.glob("HTML-*.js"))
    assert "'unsafe-eval'" in PAGE_POLICY


def test_gradio_is_told_to_keep_to_itself(visit: Visit) -> None:
    config = visit.get("/config").json()
    assert config["analytics_enabled"] is False
    assert config["run_history"] is False
    assert config["footer_links"] == []
    assert config["pwa"] is False
    assert config["show_error"] is True
    assert config["max_file_size"] == 100_000_000


def test_what_the_page_fetches_is_there(visit: Visit) -> None:
    page = visit.get("/").text
    files = re.findall(r"(?:src|href)=\"\./(assets/[^\"]+)\"", page)
    assert files
    for file in [*files, "theme.css", "static/js/iframeResizer.contentWindow.min.js"]:
        assert visit.get(f"/{file}").status_code == 200
    assert "https:" not in visit.get("/theme.css").text


def test_the_page_is_sent_compressed(visit: Visit) -> None:
    plain = visit.get("/", headers={"Accept-Encoding": "identity"})
    small = visit.get("/", headers={"Accept-Encoding": "gzip"})
    assert small.headers["content-encoding"] == "gzip"
    assert int(small.headers["content-length"]) < len(plain.content) / 2
    assert len(small.text) == len(plain.text)


def test_files_are_compressed_as_before(visit: Visit) -> None:
    assert visit.get("/theme.css", headers={"Accept-Encoding": "br"}).headers["vary"]
    reply = visit.browser.head("/")
    assert reply.status_code == 200


def test_nothing_documents_the_insides(visit: Visit) -> None:
    for path in ("/docs", "/redoc", "/openapi.json", "/monitoring", "/manifest.json"):
        assert visit.get(path).status_code in (403, 404)


def test_other_origins_may_not_read(visit: Visit) -> None:
    reply = visit.get("/gradio_api/info", headers={"Origin": "http://127.0.0.1:3000"})
    assert not [name for name in reply.headers if name.startswith("access-control-")]
    assert reply.headers["cross-origin-resource-policy"] == "same-origin"


def test_gradios_handlers_know_the_owner(visit: Visit) -> None:
    call = visit.browser.post("/gradio_api/call/who", json={"data": []})
    event = call.json()["event_id"]
    assert visit.owner in visit.get(f"/gradio_api/call/who/{event}").text


def test_a_stream_belongs_to_who_asked(visit: Visit, running: tuple[Site, str]) -> None:
    hash, event = "windowofann", visit.browser.post("/gradio_api/call/who", json={"data": []})
    joined = {"data": [], "fn_index": 0, "session_hash": hash}
    assert visit.browser.post("/gradio_api/queue/join", json=joined).status_code == 200
    uploading = "/gradio_api/upload?upload_id=annsfile"
    assert visit.browser.post(uploading, files={"files": ("a.txt", b"a")}).status_code == 200
    paths = (
        f"/gradio_api/queue/data?session_hash={hash}",
        f"/gradio_api/heartbeat/{hash}",
        f"/gradio_api/call/who/{event.json()['event_id']}",
        "/gradio_api/upload_progress?upload_id=annsfile",
    )
    other: Any = {"base_url": running[1], "timeout": PATIENCE_S}
    with httpx.Client(**other) as bob, httpx.Client(**other) as nobody:
        bob.get("/")
        for path in paths:
            assert bob.get(path).status_code == 404
            nobody.cookies.clear()
            assert nobody.get(path).status_code == 404
        for path in ("queue/join", "cancel", "reset", "call/who"):
            sent = {**joined, "event_id": event.json()["event_id"]}
            assert bob.post(f"/gradio_api/{path}", json=sent).status_code == 404
    with visit.browser.stream("GET", paths[0]) as stream:
        assert stream.status_code == 200
    assert visit.owner in visit.get(paths[2]).text


def test_a_program_without_cookies_gets_its_own_answer(running: tuple[Site, str]) -> None:
    url = f"{running[1]}/gradio_api/call/who"
    event = httpx.post(url, json={"data": []}, timeout=PATIENCE_S).json()["event_id"]
    assert "browser:" in httpx.get(f"{url}/{event}", timeout=PATIENCE_S).text


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    "path",
    [
        *("/gradio_api/queue/join", "/gradio_api/call/ask", "/gradio_api/run/ask"),
        *(
            "/gradio_api/cancel",
            "/gradio_api/component_server",
            "/feedback",
            "/share",
            "/",
            "/v1/x",
        ),
        "/v1/chat/completions",
    ],
)
def test_every_route_limits_what_is_sent_to_it(visit: Visit, path: str, chunked: bool) -> None:
    def pieces() -> Iterator[bytes]:
        yield b'{"data": "'
        for _ in range(20):
            yield b"a" * 1_000_000

    body = pieces() if chunked else b"a" * 20_000_000
    try:
        reply = visit.browser.post(path, content=body, headers={"Content-Type": "application/json"})
    except (httpx.WriteError, httpx.RemoteProtocolError):
        return  # closed before all of it was sent
    assert reply.status_code in (404, 405, 413)


def test_an_upload_has_a_limit_too() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await Request(scope, receive).body()
        await PlainTextResponse("kept")(scope, receive, send)

    limited = TestClient(RequestLimits(app, max_body_bytes=10, max_upload_bytes=100))
    assert limited.post("/gradio_api/upload", content=b"a" * 100).text == "kept"
    assert limited.post("/gradio_api/upload", content=b"a" * 101).status_code == 413
    assert limited.post("/gradio_api/upload", content=iter([b"a" * 60] * 2)).status_code == 413
    assert limited.post("/elsewhere", content=b"a" * 11).status_code == 413


def test_a_body_that_does_not_come_is_not_waited_for_for_ever() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await Request(scope, receive).body()

    with served(RequestLimits(app, max_body_s=0.3)) as url:
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as client:
            client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab")
            client.settimeout(20)
            assert client.recv(100).startswith(b"HTTP/1.1 408 ")


def named(visit: Visit, path: str) -> str:
    """What Gradio says to a file of that path."""
    file = {"path": path, "meta": {"_type": "gradio.FileData"}}
    event = visit.browser.post("/gradio_api/call/name", json={"data": [file]}).json()["event_id"]
    return visit.get(f"/gradio_api/call/name/{event}").text


def test_an_uploaded_file_arrives(visit: Visit) -> None:
    sent = visit.browser.post("/gradio_api/upload", files={"files": ("a.txt", b"Rates rose.")})
    assert "event: complete" in named(visit, sent.json()[0])


def test_the_server_fetches_no_file_from_elsewhere(visit: Visit) -> None:
    told = named(visit, "https://example.com/a.txt")
    assert "event: error" in told
    assert "not named by its address" in told


def test_health_tells_the_version(visit: Visit) -> None:
    health = visit.get("/health")
    assert health.json()["ok"] is True
    assert re.match(r"\d+\.\d+", health.json()["version"])


# --- links into sources ------------------------------------------------------------------------


def test_a_citations_link_opens_the_source_with_the_quote_lit_up(visit: Visit) -> None:
    cited = visit.exchange.claims[0].citations[0]
    page = visit.get(f"/source?exchange={visit.exchange.id}&claim=0&citation=0")
    assert page.status_code == 200
    assert cited.quote in text_of(page.text)
    lit = re.findall(r"<mark[^>]*fn-current[^>]*>(.*?)</mark>", page.text, re.DOTALL)
    assert text_of("".join(lit)) == cited.quote


def test_a_source_page_runs_nothing_and_fetches_nothing(visit: Visit) -> None:
    page = visit.get(f"/source?exchange={visit.exchange.id}&passage=1")
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert page.headers["cache-control"] == "no-store"
    assert "<script" not in page.text
    assert FOREIGN.findall(page.text) == []


def test_a_document_opens_at_a_place(visit: Visit) -> None:
    document = visit.site.assistant.library.summaries()[0].id
    page = visit.get("/source", params={"document": document, "start": 0, "end": 20})
    text = visit.site.assistant.library.document(document).text
    assert page.status_code == 200
    assert text[:20] in text_of(page.text)


def test_a_source_that_is_gone_still_opens_the_quote(tmp_path: Path) -> None:
    with site(load_settings(data_dir=tmp_path / "gone")) as built, served(built.app) as url:
        with httpx.Client(base_url=url) as browser:
            browser.get("/")
            owner = cookie_owner(browser.cookies[COOKIE])
            assert owner
            exchange = built.runner.answer(QUESTION)
            built.history.put(owner, None, exchange)
            cited = exchange.claims[0].citations[0]
            built.assistant.remove(cited.span.document_id)
            page = browser.get(f"/source?exchange={exchange.id}&claim=0&citation=0")
        assert page.status_code == 200
        assert cited.quote in text_of(page.text)
        assert "was removed" in text_of(page.text)


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("document=nowhere", "There is no source"),
        ("document=%3Cscript%3Ealert(1)%3C/script%3E", "There is no source"),
        ("exchange=nowhere&claim=0&citation=0", "gone"),
        ("exchange={id}&claim=99&citation=0", "no such citation"),
        ("exchange={id}&claim=x&citation=0", "link is broken"),
        ("exchange={id}&claim=-1&citation=0", "link is broken"),
        ("exchange={id}&claim=0", "link is broken"),
        ("exchange={id}&passage=99", "no such citation"),
        ("", "gone"),
    ],
)
def test_a_link_that_leads_nowhere_says_so(visit: Visit, query: str, what: str) -> None:
    page = visit.get(f"/source?{query.format(id=visit.exchange.id)}")
    assert page.status_code == 404
    assert what in text_of(page.text)
    assert "<script" not in page.text


# --- exports -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["md", "html"])
@pytest.mark.parametrize("what", ["exchange", "conversation"])
def test_an_export_is_a_file_with_its_footnotes(visit: Visit, what: str, kind: str) -> None:
    from ui.records import footnotes

    id = visit.exchange.id if what == "exchange" else visit.conversation
    reply = visit.get(f"/export/{what}/{id}.{kind}")
    assert reply.status_code == 200
    disposition = reply.headers["content-disposition"]
    assert disposition.startswith("attachment; ")
    assert f"What-tariff-rate-applies-to-fentanyl.{kind}" in disposition
    assert "default-src 'none'" in reply.headers["content-security-policy"]
    verdicts = verify_export.verify_footnotes(
        footnotes.read_footnotes(reply.text), visit.site.assistant.library
    )
    assert [verdict.state for verdict in verdicts] == ["same", "same"]


def test_what_is_not_yours_cannot_be_read(visit: Visit, running: tuple[Site, str]) -> None:
    with httpx.Client(base_url=running[1]) as stranger:
        stranger.get("/")
        for path in (
            f"/export/exchange/{visit.exchange.id}.md",
            f"/export/conversation/{visit.conversation}.html",
            f"/source?exchange={visit.exchange.id}&claim=0&citation=0",
        ):
            reply = stranger.get(path)
            assert reply.status_code == 404
            assert "fentanyl" not in reply.text


@pytest.mark.parametrize("name", ["x.md", "x.exe", "x", ".md", "..%2F..%2Fx.md", "%00.md"])
def test_a_file_that_is_not_there_says_so(visit: Visit, name: str) -> None:
    assert visit.get(f"/export/exchange/{name}").status_code == 404


@pytest.mark.parametrize(
    ("name", "plain", "full"),
    [
        ("Rates & rules", "Rates-rules.md", "Rates & rules.md"),
        ("../../etc/passwd", "etc-passwd.md", "etc passwd.md"),
        ('a"; filename="b.exe', "a-filename-b-exe.md", "a ; filename= b.exe.md"),
        ("Zölle: wie hoch?", "Z-lle-wie-hoch.md", "Zölle wie hoch.md"),
        ("关税", "footnote.md", "关税.md"),
        ("a\r\nSet-Cookie: b=c", "a-Set-Cookie-b-c.md", "a Set-Cookie b=c.md"),
        ("\u202etxt.exe", "txt-exe.md", "txt.exe.md"),
        ("...", "footnote.md", "footnote.md"),
    ],
)
def test_a_files_name_is_safe_everywhere(name: str, plain: str, full: str) -> None:
    disposition = content_disposition(name, "md")
    assert disposition.isascii()
    assert disposition.isprintable()
    assert f'filename="{plain}"' in disposition
    assert unquote(disposition.partition("filename*=UTF-8''")[2]) == full


# --- eval runs ---------------------------------------------------------------------------------


def test_the_report_of_a_run_opens(visit: Visit) -> None:
    folder = visit.site.assistant.settings.data_dir / "evals" / "2026-01-01T00-00-00Z"
    folder.mkdir(parents=True, exist_ok=True)
    page = visit.get("/evals/2026-01-01T00-00-00Z")
    assert page.status_code == 200
    assert "Eval run" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


@pytest.mark.parametrize("name", ["nowhere", "..%2F..%2Fetc", ".hidden", "%00"])
def test_no_other_folder_is_a_run(visit: Visit, name: str) -> None:
    assert visit.get(f"/evals/{name}").status_code == 404


# --- uploads -------------------------------------------------------------------------------------


def test_an_upload_without_room_gets_one_sentence_and_leaves_nothing(
    visit: Visit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from gradio.route_utils import GradioUploadFile
    from gradio.utils import get_upload_folder

    async def no_room(self: Any, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(GradioUploadFile, "write", no_room)
    before = set(Path(get_upload_folder()).rglob("*"))
    files = {"files": ("a.txt", b"The weir is long. " * 20_000)}
    refused = visit.browser.post("/gradio_api/upload", files=files)
    assert refused.status_code == 507
    assert refused.text == SENTENCE
    assert "Traceback" not in caplog.text
    assert set(Path(get_upload_folder()).rglob("*")) == before


# --- under another path, and with users --------------------------------------------------------


@pytest.mark.parametrize("prefix", ["/footnote", ""], ids=["kept by the proxy", "taken off"])
def test_everything_works_under_a_root_path(tmp_path: Path, prefix: str) -> None:
    access = Access.of("127.0.0.1", root_path="/footnote")
    settings = load_settings(data_dir=tmp_path / "root")
    with (
        site(settings, access, root_path="/footnote") as built,
        served(built.app) as url,
        httpx.Client(base_url=f"{url}{prefix}") as browser,
    ):
        page = browser.get("/")
        assert "Path=/footnote;" in page.headers["set-cookie"]
        assert f'"root":"{url}/footnote"' in page.text
        assert "og:image" not in page.text
        for path in ("/health", "/v1/models", "/theme.css", "/gradio_api/info"):
            assert browser.get(path).status_code == 200
        assert browser.get("/gradio_api/proxy=https://a.hf.space/").status_code == 404


@pytest.mark.parametrize("prefix", ["/docs/ask", ""], ids=["kept by the proxy", "taken off"])
def test_everything_works_under_a_public_address_with_a_path(tmp_path: Path, prefix: str) -> None:
    public = "https://library.example/docs/ask"
    access = Access.of("127.0.0.1", root_path=public)
    settings = load_settings(data_dir=tmp_path / "root")
    with (
        site(settings, access, root_path=public) as built,
        served(built.app) as url,
        httpx.Client(base_url=f"{url}{prefix}", headers={"Host": "library.example"}) as browser,
    ):
        page = browser.get("/")
        assert page.status_code == 200
        assert f'"root":"{public}"' in page.text
        assert "Path=/docs/ask;" in page.headers["set-cookie"]
        assert "og:image" not in page.text
        for path in ("/health", "/v1/models", "/theme.css", "/gradio_api/info", "/config"):
            assert browser.get(path).status_code == 200
        assert browser.get("/gradio_api/proxy=https://a.hf.space/").status_code == 404


def test_behind_a_proxy_the_page_knows_its_public_address(tmp_path: Path) -> None:
    public = "https://news.example/footnote"
    access = Access.of("127.0.0.1", root_path=public)
    settings = load_settings(data_dir=tmp_path / "public")
    with site(settings, access, root_path=public) as built, served(built.app) as url:
        page = httpx.get(f"{url}/", headers={"Host": "news.example"})
        assert f'"root":"{public}"' in page.text
        assert "Secure" in page.headers["set-cookie"]


def test_with_users_every_route_asks_for_a_password(tmp_path: Path) -> None:
    access = Access(Users({"ada": "lovelace"}))
    settings = load_settings(data_dir=tmp_path / "users")
    with site(settings, access) as built, served(built.app) as url:
        for path in ("/", "/config", "/gradio_api/info", "/source?document=a", "/v1/models"):
            assert httpx.get(f"{url}{path}").status_code == 401
            assert httpx.get(f"{url}{path}", auth=("ada", "hopper")).status_code == 401
        assert httpx.get(f"{url}/health").json() == {"ok": True}
        assert httpx.get(f"{url}/", auth=("ada", "lovelace")).status_code == 200
        with httpx.Client(base_url=url, auth=("ada", "lovelace")) as ada:
            event = ada.post("/gradio_api/call/who", json={"data": []}).json()["event_id"]
            assert "user:ada" in ada.get(f"/gradio_api/call/who/{event}").text
