"""Who is let in, and as whom?"""

from __future__ import annotations

import os
from base64 import b64encode
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from rag.errors import SettingsError
from ui.gate import users
from ui.gate.request_guard import RequestGuard
from ui.gate.security_headers import SecurityHeaders
from ui.gate.sign_in import Access, UnknownOwner, cookie_owner, user_owner
from ui.gate.sign_in_limits import LONGEST_S, MAX_AT_ONCE, SignInLimits, TooManyAttempts
from ui.gate.users import Users, hash_password

LOCAL = "http://127.0.0.1:7860"
SIGNED = Access(Users({"ada": "lovelace", "grace": hash_password("hopper")}))


def visit(access: Access = Access(), base_url: str = LOCAL) -> TestClient:  # noqa: B008
    """A browser before an application that tells the owner."""

    def owner(request: Request) -> Response:
        return PlainTextResponse(access.owner(request))

    def page(request: Request) -> Response:
        return HTMLResponse(access.owner(request))

    def health(request: Request) -> Response:
        return JSONResponse({"details": access.is_let_in(request)})

    async def broken(request: Request) -> Response:
        raise RuntimeError("a fault of ours")

    app = Starlette(
        routes=[
            Route("/", page),
            Route("/owner", owner, methods=["GET", "POST"]),
            Route("/health", health),
            Route("/broken", broken),
            Route("/gradio_api/{rest:path}", owner),
        ]
    )
    access = replace(access, limits=SignInLimits())
    app.add_middleware(RequestGuard, access=access)
    app.add_middleware(SecurityHeaders)
    return TestClient(app, base_url=base_url, raise_server_exceptions=False)


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"}


# --- browsers ----------------------------------------------------------------------------------


def test_a_browser_keeps_its_owner() -> None:
    browser = visit()
    first = browser.get("/").text
    assert first.startswith("browser:")
    assert browser.get("/").text == first
    assert browser.post("/owner").text == first
    assert visit().get("/").text != first


def test_the_cookie_is_set_once_with_a_page_and_out_of_reach_of_scripts() -> None:
    browser = visit()
    assert "set-cookie" not in browser.get("/owner").headers
    cookie = browser.get("/").headers["set-cookie"]
    value = cookie.partition(";")[0].partition("=")[2]
    assert len(bytes.fromhex(value)) == 16
    assert "; Path=/;" in cookie
    assert "; HttpOnly" in cookie
    assert "; SameSite=Lax" in cookie
    assert "; Max-Age=31536000" in cookie
    assert "Secure" not in cookie
    assert "set-cookie" not in browser.get("/").headers


def test_behind_a_proxy_the_cookie_is_for_its_path_and_https_only() -> None:
    access = Access.of("127.0.0.1", root_path="https://news.example/footnote/")
    cookie = visit(access, "http://news.example").get("/").headers["set-cookie"]
    assert "; Path=/footnote;" in cookie
    assert "; Secure" in cookie


def test_the_owner_does_not_give_the_cookie_away() -> None:
    browser = visit()
    owner = browser.get("/").text
    assert browser.cookies["footnote_owner"] not in owner


@pytest.mark.parametrize("value", ["", "ada", "0" * 31, "0" * 33, "user:ada", "../" * 10, "A" * 32])
def test_a_cookie_that_is_not_ours_is_nobodys(value: str) -> None:
    assert cookie_owner(value) is None
    browser = visit()
    browser.cookies.set("footnote_owner", value, domain="127.0.0.1")
    owner = browser.get("/owner").text
    assert owner.startswith("browser:")
    assert value == "" or value not in owner


def test_no_cookie_makes_a_browser_a_user() -> None:
    assert not str(cookie_owner("0" * 32)).startswith(user_owner(""))


def test_a_request_past_the_guard_has_no_owner() -> None:
    with pytest.raises(UnknownOwner):
        Access().owner(Request({"type": "http", "headers": []}))


# --- passwords ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "password"), [("ada", "lovelace"), ("grace", "hopper")])
def test_the_right_password_signs_in_again_and_again(name: str, password: str) -> None:
    browser = visit(SIGNED)
    for _ in range(2):
        reply = browser.get("/", headers=basic(name, password))
        assert (reply.status_code, reply.text) == (200, f"user:{name}")
        assert "set-cookie" not in reply.headers


@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic("ada", "hopper"),
        basic("ada", ""),
        basic("", ""),
        basic("nobody", "lovelace"),
        basic("grace", SIGNED.users.passwords["grace"]),
        {"Authorization": "Basic ???"},
        {"Authorization": "Basic"},
        {"Authorization": "Digest ada:lovelace"},
        {"Authorization": "Bearer lovelace"},
        {"Cookie": f"footnote_owner={'0' * 32}"},
    ],
)
def test_whatever_else_is_asked_for_a_password(headers: dict[str, str]) -> None:
    for path in ("/", "/owner", "/gradio_api/info"):
        reply = visit(SIGNED).get(path, headers=headers)
        assert reply.status_code == 401
        assert reply.headers["www-authenticate"].startswith("Basic ")
        assert "user:" not in reply.text


def test_a_client_that_knows_only_keys_gives_name_and_password_as_one() -> None:
    bearer = {"Authorization": "Bearer ada:lovelace"}
    assert visit(SIGNED).post("/owner", headers=bearer).text == "user:ada"


def test_health_is_open_and_tells_strangers_nothing() -> None:
    browser = visit(SIGNED)
    assert browser.get("/health").json() == {"details": False}
    assert browser.get("/health", headers={"Host": "evil.example"}).json() == {"details": False}
    assert browser.get("/health", headers=basic("ada", "lovelace")).json() == {"details": True}


# --- wrong passwords ---------------------------------------------------------------------------


def guess(limits: SignInLimits, name: str = "ada", address: str = "192.0.2.1") -> float:
    """A wrong password: how long the attempt has to wait, 0 where it was looked at."""
    try:
        with limits.attempt(name, address):
            return 0
    except TooManyAttempts as error:
        return error.wait_s


def test_wrong_passwords_lock_a_name_for_an_address_longer_and_longer() -> None:
    now = [0.0]
    limits = SignInLimits(lambda: now[0])
    assert [guess(limits) for _ in range(7)] == [0, 0, 0, 0, 0, 0, 1]
    waits = []
    for _ in range(12):
        waits.append(guess(limits))
        now[0] += waits[-1]
        assert guess(limits) == 0
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_S
    assert guess(limits, address="192.0.2.2") == 0
    now[0] += 3601
    assert [guess(limits) for _ in range(5)] == [0] * 5


def test_an_address_that_tries_many_names_is_locked_and_so_is_a_name_tried_from_many() -> None:
    now = [0.0]
    limits = SignInLimits(lambda: now[0])
    tried = [guess(limits, name=f"user{n}") for n in range(100)]
    assert 0 < sum(wait == 0 for wait in tried) < 25
    tried = [guess(limits, "grace", f"198.51.100.{n}") for n in range(100)]
    assert 0 < sum(wait == 0 for wait in tried) < 60
    tried = [guess(limits, f"user{n}", f"2001:db8::{n + 1:x}") for n in range(100)]
    assert sum(wait == 0 for wait in tried) < 25, "one household has many addresses"


def test_a_right_password_clears_what_went_before() -> None:
    limits = SignInLimits(lambda: 0.0)
    for _ in range(4):
        assert [guess(limits) for _ in range(4)] == [0] * 4
        with limits.attempt("ada", "192.0.2.1") as succeed:
            succeed()


def test_attempts_at_the_same_moment_are_all_counted() -> None:
    limits = SignInLimits(lambda: 0.0)
    with ExitStack() as open_:
        for _ in range(MAX_AT_ONCE):
            open_.enter_context(limits.attempt("ada", "192.0.2.1"))
    assert [guess(limits) for _ in range(5)].count(0) == 6 - MAX_AT_ONCE


def test_few_passwords_are_checked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.gate.sign_in_limits.MAX_WAIT_S", 0.05)
    limits = SignInLimits(lambda: 0.0)
    with ExitStack() as open_:
        for number in range(MAX_AT_ONCE):
            open_.enter_context(limits.attempt(f"user{number}", f"192.0.2.{number}"))
        assert guess(limits, "grace", "198.51.100.1") > 0
    assert guess(limits, "ada", "198.51.100.2") == 0


def test_whoever_guesses_is_told_to_wait_and_locks_nobody_out() -> None:
    browser = visit(SIGNED)
    right = basic("ada", "lovelace")
    assert browser.get("/owner", headers=right).status_code == 200
    replies = [browser.get("/owner", headers=basic("ada", f"guess{n}")) for n in range(60)]
    assert {reply.status_code for reply in replies[:5]} == {401}
    assert {reply.status_code for reply in replies[10:]} == {429}
    assert int(replies[-1].headers["retry-after"]) >= 1
    assert browser.get("/owner", headers=right).status_code == 200
    assert browser.get("/owner", headers=basic("grace", "hopper")).status_code == 200
    assert browser.get("/health", headers=basic("ada", "guess")).status_code == 200


# --- the file of users -------------------------------------------------------------------------


def kept(tmp_path: Path, text: str, mode: int = 0o600) -> Path:
    path = tmp_path / "users"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_the_file_holds_names_passwords_and_remarks(tmp_path: Path) -> None:
    text = f"# staff\n\nada:love:lace\n grace : {hash_password('höpper')} \n"
    found = users.read_users(kept(tmp_path, text))
    assert set(found.passwords) == {"ada", "grace"}
    assert found.is_right("ada", "love:lace")
    assert found.is_right("grace", "höpper")
    assert not found.is_right("grace", "hopper")


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o602])
def test_a_file_open_to_others_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    with pytest.raises(SettingsError, match="chmod 600"):
        users.read_users(kept(tmp_path, "ada:lovelace", mode))


@pytest.mark.parametrize(
    "text", ["", "# nobody\n", "ada", "ada:", ":lovelace", "ada:1\nada:2", "ada:1\ngrace"]
)
def test_a_file_that_names_nobody_for_certain_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="name:password"):
        users.read_users(kept(tmp_path, text))


def test_a_missing_file_is_an_error_and_not_an_open_door(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        Access.of("127.0.0.1", tmp_path / "missing")


def test_passwords_stay_out_of_what_is_printed() -> None:
    assert "lovelace" not in repr(SIGNED)


# --- foreign names and foreign pages -----------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1:7860", "localhost", "[::1]:7860", "LOCALHOST:80"])
def test_this_machine_goes_by_its_own_names(host: str) -> None:
    assert visit().get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:7860", "localhost.evil.example", "", "[::1"]
)
def test_a_foreign_name_for_this_machine_is_refused(host: str) -> None:
    reply = visit().get("/", headers={"Host": host})
    assert reply.status_code == 421
    assert "--root-path" in reply.text
    assert "set-cookie" not in reply.headers


def test_the_public_name_is_one_of_its_own() -> None:
    access = Access.of("127.0.0.1", root_path="https://news.example/footnote")
    assert visit(access).get("/", headers={"Host": "news.example"}).status_code == 200
    assert visit(access).get("/", headers={"Host": "evil.example"}).status_code == 421


def test_a_server_for_others_answers_to_any_name() -> None:
    access = Access.of("0.0.0.0")
    assert visit(access).get("/", headers={"Host": "desk.example:80"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": LOCAL},
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_our_own_page_and_programs_may_change_things(headers: dict[str, str]) -> None:
    assert visit().post("/owner", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:3000"},
        {"Origin": "http://localhost:7860"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:7860.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "OPTIONS"])
def test_a_foreign_page_may_not(method: str, headers: dict[str, str]) -> None:
    reply = visit().request(method, "/owner", headers=headers)
    assert reply.status_code == 403
    assert not [name for name in reply.headers if name.startswith("access-control-")]


def test_behind_a_proxy_the_public_page_is_our_own() -> None:
    access = Access.of("127.0.0.1", root_path="https://news.example/footnote")
    own = {"Origin": "https://news.example"}
    assert visit(access).post("/owner", headers=own).status_code == 200
    forwarded = {**own, "X-Forwarded-Host": "news.example"}
    assert visit().post("/owner", headers=forwarded).status_code == 200
    assert visit().post("/owner", headers=own).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=https://example.com/a.png",
        "/gradio_api/file=HTTP://example.com/a.png",
        "/gradio_api/proxy=https://a.hf.space/file",
        "/gradio_api/run-history/buckets",
        "/gradio_api/vibe-code/",
    ],
)
def test_gradios_ways_out_are_closed(path: str) -> None:
    assert visit().get(path).status_code == 404
    assert visit().get("/gradio_api/file=/tmp/a.png").status_code == 200


def test_nobody_speaks_over_web_sockets() -> None:
    from starlette.websockets import WebSocketDisconnect

    with pytest.raises(WebSocketDisconnect), visit().websocket_connect("/"):
        pass


# --- headers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/owner", "/missing", "/broken"])
@pytest.mark.parametrize("host", ["127.0.0.1:7860", "evil.example"])
def test_every_reply_carries_the_headers(path: str, host: str) -> None:
    headers = visit().get(path, headers={"Host": host}).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]


def test_a_fault_of_ours_is_a_plain_sentence() -> None:
    reply: Any = visit().get("/broken")
    assert reply.status_code == 500
    assert "a fault of ours" not in reply.text
