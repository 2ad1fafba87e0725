"""How the page starts, where it listens, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from typer.testing import CliRunner

import ui.cli
from rag.assistant import Assistant
from rag.settings import Settings
from tests.assistants import QuotingAssistant
from tests.processes import MARK, running
from tests.serving import Quoter, served
from ui.gate.sign_in import Access
from ui.web import server
from ui.web.connections import impatient_protocol
from ui.web.server import DEFAULT_PORT, MAX_PORTS_TRIED, PortTaken
from ui.web.uploads_folder import discard, uploads_folder

PATIENCE_S = 120
LOOPBACK = "127.0.0.1"


@contextmanager
def taken(port: int = 0) -> Iterator[int]:
    """A port that somebody listens at."""
    with socket.socket() as listening:
        listening.bind((LOOPBACK, port))
        listening.listen()
        yield listening.getsockname()[1]


# --- where it listens -------------------------------------------------------------------------


def test_a_port_that_was_asked_for_and_is_taken_is_an_error_that_says_what_to_do() -> None:
    with taken() as port, pytest.raises(PortTaken) as error:
        server.listening_socket(LOOPBACK, port)
    assert f"{LOOPBACK}:{port} cannot be used" in error.value.problem
    assert "--port" in error.value.remedy


def test_without_a_port_the_next_free_one_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as others:
        first = others.enter_context(taken())
        monkeypatch.setattr(server, "DEFAULT_PORT", first)
        found = others.enter_context(server.listening_socket(LOOPBACK, None)).getsockname()[1]
        assert first < found < first + MAX_PORTS_TRIED


def test_when_all_ports_are_taken_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with taken() as port:
        monkeypatch.setattr(server, "DEFAULT_PORT", port)
        monkeypatch.setattr(server, "MAX_PORTS_TRIED", 1)
        with pytest.raises(PortTaken, match="--port"):
            server.listening_socket(LOOPBACK, None)


@pytest.mark.parametrize("port", [None, 0])
def test_an_address_of_another_machine_is_an_error_at_once(port: int | None) -> None:
    with pytest.raises(PortTaken, match=r"192\.0\.2\.1"):
        server.listening_socket("192.0.2.1", port)


def test_a_port_is_free_again_as_soon_as_it_is_left() -> None:
    with server.listening_socket(LOOPBACK, 0) as listening:
        port = listening.getsockname()[1]
        with socket.create_connection((LOOPBACK, port)) as client:
            listening.accept()[0].close()
            assert client.recv(1) == b""
    server.listening_socket(LOOPBACK, port).close()


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("127.0.0.1", "http://127.0.0.1:7860/"),
        ("::1", "http://[::1]:7860/"),
        ("0.0.0.0", "http://127.0.0.1:7860/"),
        ("::", "http://127.0.0.1:7860/"),
        ("192.0.2.7", "http://192.0.2.7:7860/"),
    ],
)
def test_the_address_that_is_told_can_be_opened(host: str, shown: str) -> None:
    assert server.address_of(host, DEFAULT_PORT) == shown


# --- what is served ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    from rag.settings import load_settings

    settings = load_settings(data_dir=tmp_path_factory.mktemp("serving"))
    with Quoter(settings) as assistant:
        web, runner, history = server.create_page(cast(Assistant, assistant), Access(), mcp=True)
        with served(web) as address:
            PAGES[address] = web
            yield address
        runner.close()
        history.close()


PAGES: dict[str, Any] = {}  # by address


@pytest.fixture
def routes(url: str) -> list[tuple[str, str]]:
    return list(dict.fromkeys(routes_of(PAGES[url])))


def test_the_page_is_put_together(url: str) -> None:
    page = httpx.get(url).text
    assert '"title":"Footnote"' in page
    assert "footnoteTrigger" in page  # page.js
    assert "--fn-paper" in page  # colours.css
    assert httpx.get(f"{url}/health").json()["ok"] is True


def test_every_handler_of_the_page_is_private(url: str) -> None:
    """Those for other programs are the only ones that have a name."""
    config = httpx.get(f"{url}/config").json()
    public = [each for each in config["dependencies"] if each["api_visibility"] != "private"]
    named = httpx.get(f"{url}/gradio_api/info").json()["named_endpoints"]
    assert {f"/{each['api_name']}" for each in public} == set(named)
    assert set(named) == {"/ask", "/check", "/verify"}
    assert len(config["dependencies"]) > len(public) + 10


def test_one_question_at_a_time_for_a_local_model_and_more_for_a_server(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    slots: list[int] = []
    stop = RuntimeError("far enough")

    def runner(_: Any, count: int) -> None:
        slots.append(count)
        raise stop

    monkeypatch.setattr("ui.questions.runner.QuestionRunner", runner)
    hosted = settings.model_copy(update={"llm_base_url": "http://127.0.0.1:1/v1"})
    for each in (settings, hosted):
        with QuotingAssistant(each) as assistant, pytest.raises(RuntimeError, match="far enough"):
            server.create_page(cast(Assistant, assistant), Access())
    assert slots == [1, server.HOSTED_SLOTS]


# --- every route -------------------------------------------------------------------------------

HEADERS = (
    "content-security-policy",
    *("x-content-type-options", "x-frame-options", "referrer-policy", "permissions-policy"),
    *("cross-origin-opener-policy", "cross-origin-resource-policy"),
)


def routes_of(app: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """The method and path of every route, those of what is mounted included."""
    for route in app.routes:
        path = prefix + getattr(route, "path", "")
        if isinstance(route, Mount):
            yield from routes_of(route, path)
        elif isinstance(route, Route):
            for method in sorted(route.methods or {"GET"}):
                yield method, path


def test_every_route_sends_the_security_headers(url: str, routes: list[tuple[str, str]]) -> None:
    """Whatever it answers: also an error, a redirect and a file that is not there."""
    assert len(routes) > 60
    with httpx.Client(base_url=url, timeout=PATIENCE_S) as browser:
        browser.get("/")
        for method, path in routes:
            filled = re.sub(r"\{[^}]*\}", "1", path)
            with browser.stream(method, filled, headers={"Origin": url}) as reply:
                missing = [name for name in HEADERS if name not in reply.headers]
                assert missing == [], f"{method} {path}"
                assert "access-control-allow-origin" not in reply.headers, path


# --- slow connections ---------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: a\r\nX: "])
def test_a_connection_without_a_whole_request_is_closed(sent: bytes) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("here")(scope, receive, send)

    whole = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    with served(app, http=impatient_protocol(0.5)) as address:
        place = (LOOPBACK, int(address.rpartition(":")[2]))
        with socket.create_connection(place) as client:
            client.settimeout(PATIENCE_S)
            for _ in range(2):
                client.sendall(whole)
                assert b"here" in client.recv(1000)
            started = time.monotonic()
            client.sendall(sent)
            dripping = threading.Thread(target=drip, args=(client,) if sent else (None,))
            dripping.start()
            assert client.recv(1000) == b""
            assert time.monotonic() - started < PATIENCE_S
            dripping.join()


def drip(client: socket.socket | None) -> None:
    """A byte now and then, until nobody takes them."""
    with suppress(OSError):
        while client:
            client.sendall(b"a")
            time.sleep(0.1)


def test_a_head_without_an_end_is_not_gathered() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("here")(scope, receive, send)

    with served(app, http=impatient_protocol()) as address:
        place = (LOOPBACK, int(address.rpartition(":")[2]))
        with socket.create_connection(place) as client:
            client.settimeout(PATIENCE_S)
            head = b"GET / HTTP/1.1\r\n" + 50_000 * (b"X: " + b"a" * 1000 + b"\r\n")
            with pytest.raises(OSError):
                client.sendall(head)


# --- uploads -----------------------------------------------------------------------------------


def test_what_a_killed_server_left_of_uploads_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "elsewhere"))
    left, strange = tmp_path / "footnote-left", tmp_path / "footnote-strange"
    for folder in (left, strange):
        folder.mkdir()
        (folder / "a.txt").write_text("a secret")
    (left / "in-use.lock").touch()
    with uploads_folder() as first:
        assert first.stat().st_mode & 0o777 == 0o700
        assert not left.exists()
        assert strange.exists()
        with uploads_folder() as second:
            assert first.exists()
        assert not second.exists()
    assert not first.exists()


def test_an_upload_is_discarded_and_other_files_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    inside, outside = tmp_path / "uploads" / "1" / "a.txt", tmp_path / "a.txt"
    inside.parent.mkdir(parents=True)
    for file in (inside, outside):
        file.write_text("text")
        discard(file)
    assert not inside.parent.exists()
    assert outside.exists()


# --- the command ------------------------------------------------------------------------------


def test_help_names_every_option() -> None:
    told = CliRunner().invoke(ui.cli.app, ["ui", "--help"], env={"COLUMNS": "200"}).output
    for option in ("--host", "--port", "--auth-file", "--root-path", "--mcp", "--model"):
        assert option in told


def command(tmp_path: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.assistants", "--data-dir", tmp_path / "data", "ui", *options],
        cwd=Path(__file__).parents[1],
        env=os.environ | {MARK: str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_command_serves_until_it_is_interrupted(tmp_path: Path) -> None:
    with taken() as port:
        pass  # nobody listens there any more
    with command(tmp_path, "--port", str(port)) as run:
        giving_up = threading.Timer(PATIENCE_S, run.kill)
        giving_up.start()
        assert run.stdout is not None
        assert run.stdout.readline() == (
            f"Footnote is at http://{LOOPBACK}:{port}/ (Ctrl-C ends it)\n"
        )
        browser = httpx.Client(base_url=f"http://{LOOPBACK}:{port}", timeout=PATIENCE_S)
        with browser:
            health = browser.get("/health").json()
            assert (health["ok"], health["model"]["error"]) == (True, "")
            assert "Footnote" in browser.get("/").text
            asked = {"model": "footnote", "messages": [{"role": "user", "content": "fentanyl"}]}
            reply = browser.post("/v1/chat/completions", json=asked).json()
            assert "fentanyl" in json.dumps(reply["choices"]).lower()
            run.send_signal(signal.SIGINT)
            rest, errors = run.communicate(timeout=PATIENCE_S)
        giving_up.cancel()
    assert run.returncode == 130
    assert rest == ""
    assert "Traceback" not in errors
    assert "Text stays on this machine." in errors
    assert not running(str(tmp_path))


def test_sigterm_ends_the_command_in_order(tmp_path: Path) -> None:
    """With a stream open and a question under way."""
    with taken() as port:
        pass
    with command(tmp_path, "--port", str(port)) as run:
        giving_up = threading.Timer(PATIENCE_S, run.kill)
        giving_up.start()
        assert run.stdout is not None
        assert f":{port}/" in run.stdout.readline()
        url = f"http://{LOOPBACK}:{port}"
        asked = {"messages": [{"role": "user", "content": "slow fentanyl"}], "stream": True}
        with (
            httpx.Client(base_url=url, timeout=PATIENCE_S) as browser,
            browser.stream("GET", "/gradio_api/heartbeat/abc") as heart,
            browser.stream("POST", "/v1/chat/completions", json=asked) as answer,
        ):
            assert (heart.status_code, answer.status_code) == (200, 200)
            run.send_signal(signal.SIGTERM)
            rest, errors = run.communicate(timeout=PATIENCE_S)
        giving_up.cancel()
    assert run.returncode == 0, errors
    assert rest == ""
    assert "Traceback" not in errors
    assert not running(str(tmp_path))
    for file in (tmp_path / "data").rglob("*"):
        assert file.stat().st_mode & 0o077 == 0, file


def test_a_taken_port_ends_the_command_with_a_line(tmp_path: Path) -> None:
    with taken() as port, command(tmp_path, "--port", str(port)) as run:
        told, errors = run.communicate(timeout=PATIENCE_S)
    assert told == ""
    assert run.returncode == PortTaken.exit_code
    assert f"{LOOPBACK}:{port} cannot be used" in errors
    assert "Traceback" not in errors
