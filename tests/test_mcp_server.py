"""The SDK's own client uses the tools, over HTTP on loopback."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Literal

import anyio
import httpx
import pytest
from mcp import Client

from rag.errors import SettingsError
from rag.settings import load_settings as load_settings
from rag.types import Answer, Citation, Claim, Span
from tests.serving import Site, served, site
from tests.test_chat_completions import eventually
from ui.api.mcp_server import answer_with_quotes
from ui.gate.sign_in import Access
from ui.gate.users import Users
from ui.records import export

QUESTION = "What tariff rate applies to fentanyl?"
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    folder = tmp_path_factory.mktemp("mcp")
    with site(load_settings(data_dir=folder), mcp=True) as built, served(built.app) as url:
        yield built, f"{url}/mcp"


def use(url: str, what: Callable[[Client], Awaitable[Any]], mode: Any = "auto") -> Any:
    """What `what` returns, given a client that is connected."""

    async def run() -> Any:
        async with Client(url, mode=mode) as client:
            return await what(client)

    return anyio.run(run)


def call(url: str, tool: str, arguments: dict[str, Any]) -> Any:
    return use(url, lambda client: client.call_tool(tool, arguments))


def test_the_tools_are_listed_typed_and_read_only(door: tuple[Site, str]) -> None:
    listed = use(door[1], lambda client: client.list_tools())
    tools = {tool.name: tool for tool in listed.tools}
    assert set(tools) == {"ask", "verify", "check"}
    for tool in tools.values():
        assert tool.description
        assert tool.title
        assert tool.annotations.read_only_hint is True
        assert tool.annotations.destructive_hint is False
        assert tool.output_schema
    assert tools["ask"].input_schema["required"] == ["question"]
    assert set(tools["ask"].output_schema["properties"]) >= {
        "status",
        "claims",
        "passages",
        "chance",
    }


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_asking_gives_text_and_citations(
    door: tuple[Site, str], mode: Literal["auto", "legacy"]
) -> None:
    reply = use(door[1], lambda client: client.call_tool("ask", {"question": QUESTION}), mode)
    assert not reply.is_error
    text = reply.content[0].text
    assert "20% rate just for the fentanyl demands. [1]" in text
    answer = reply.structured_content
    assert answer["schema"] == "footnote.answer/2"
    library = door[0].assistant.library
    for claim in answer["claims"]:
        for citation in claim["citations"]:
            source = library.document(citation["document_id"]).text
            assert source[citation["start"] : citation["end"]] == citation["quote"]
            place = f"{citation['document_id']}:{citation['start']}-{citation['end']}"
            assert f"({place}): “{citation['quote']}”" in text


def test_reserves_are_told(door: tuple[Site, str]) -> None:
    text = call(door[1], "ask", {"question": QUESTION}).content[0].text
    assert "partly supported: " in text
    assert "(the number 7 is not in the source)" in text


def test_a_decline_says_why(door: tuple[Site, str]) -> None:
    reply = call(door[1], "ask", {"question": "What is unknown about tariffs?"})
    said, _, nearest = reply.content[0].text.partition("\n\n")
    assert said == "No answer: no passage of the articles was found that states it."
    assert nearest.startswith("[1] ")
    assert reply.structured_content["reason"] == "not stated"


def test_a_model_reads_what_is_no_supported_claim() -> None:
    cited = Citation(1, Span("a.txt", 0, 6), "Other.")
    claims = (
        Claim("One.", (cited,), "supported"),
        Claim("Two.", (cited,), "supported", origin="closest"),
        Claim("Three.", (cited,), "unchecked", ("7 is not 8",), origin="compared"),
    )
    answer = Answer("q", "", claims, (), "answered", None, "m", answers="unsure")
    read = answer_with_quotes(answer)
    assert "*May not answer the question. " in read
    assert read.endswith("closest passage: Two.\nsources differ: Three. (7 is not 8)")
    reply = Answer("q", "Hello.", (), (), "answered", None, "m", suggestions=("When?",))
    assert answer_with_quotes(reply) == "Hello.\n\nQuestions that the articles answer:\n\n- When?"


def test_an_answer_can_be_checked_and_its_export_verified(door: tuple[Site, str]) -> None:
    built, url = door
    cited = call(url, "ask", {"question": QUESTION}).structured_content["claims"][0]["citations"]
    claim = "A 20% rate was just for the fentanyl demands."
    found = call(url, "check", {"claim": claim, "citations": cited}).structured_content
    assert found["support"] == "supported"
    text = export.export_markdown([built.runner.answer(QUESTION)])
    verified = call(url, "verify", {"text": text}).structured_content["result"]
    assert [note["state"] for note in verified] == ["same", "same"]


@pytest.mark.parametrize(
    ("tool", "arguments", "what"),
    [
        ("ask", {"question": " "}, "The question is empty"),
        ("ask", {}, "question"),
        ("verify", {"text": "Rates rose."}, "no footnotes"),
        ("check", {"claim": "Rates rose.", "citations": [{"quote": "x"}]}, "document_id"),
    ],
)
def test_what_goes_wrong_is_said_to_the_model(
    door: tuple[Site, str], tool: str, arguments: dict[str, Any], what: str
) -> None:
    reply = call(door[1], tool, arguments)
    assert reply.is_error
    assert what in reply.content[0].text


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_client_that_goes_away_stops_its_question(
    door: tuple[Site, str], mode: Literal["auto", "legacy"]
) -> None:
    built, url = door
    question = f"endless ({mode}): {QUESTION}"

    async def leave(client: Client) -> None:
        with anyio.move_on_after(0.5):
            await client.call_tool("ask", {"question": question})

    use(url, leave, mode)
    assert eventually(lambda: question in built.assistant.stopped)
    assert eventually(lambda: built.runner.busy == 0)


def test_foreign_pages_and_names_are_refused(door: tuple[Site, str]) -> None:
    for foreign, status in [
        ({"Origin": "https://evil.example"}, 403),
        ({"Host": "evil.example"}, 421),
    ]:
        reply = httpx.post(door[1], json=INITIALIZE, headers={**ACCEPT, **foreign})
        assert reply.status_code == status


def test_a_browsers_own_page_and_a_trailing_slash_are_fine(door: tuple[Site, str]) -> None:
    own = {**ACCEPT, "Origin": door[1].removesuffix("/mcp")}
    for url in (door[1], f"{door[1]}/"):
        assert httpx.post(url, json=INITIALIZE, headers=own).status_code == 200


def test_the_package_says_itself_what_the_guard_would() -> None:
    from ui.api.mcp_server import _security

    settings = _security(Access.of("127.0.0.1", root_path="https://news.example/footnote"))
    assert settings.enable_dns_rebinding_protection
    assert {"127.0.0.1:*", "[::1]:*", "localhost", "news.example"} <= set(settings.allowed_hosts)
    assert "https://news.example" in settings.allowed_origins
    assert not _security(Access.of("0.0.0.0")).enable_dns_rebinding_protection


def test_with_users_the_tools_need_a_password(tmp_path_factory: pytest.TempPathFactory) -> None:
    access = Access(Users({"ada": "lovelace"}))
    settings = load_settings(data_dir=tmp_path_factory.mktemp("users"))
    with site(settings, access, mcp=True) as built, served(built.app) as url:
        assert httpx.post(f"{url}/mcp", json=INITIALIZE, headers=ACCEPT).status_code == 401
        signed = {**ACCEPT, "Authorization": "Bearer ada:lovelace"}
        reply = httpx.post(f"{url}/mcp", json=INITIALIZE, headers=signed)
        assert reply.json()["result"]["serverInfo"]["name"] == "footnote"


def test_without_the_flag_there_are_no_tools(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = load_settings(data_dir=tmp_path_factory.mktemp("without"))
    with site(settings) as built, served(built.app) as url:
        reply = httpx.post(f"{url}/mcp", json=INITIALIZE, headers=ACCEPT)
        assert reply.status_code in (404, 405)


def test_a_missing_package_is_named_with_its_extra(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ui.api

    monkeypatch.delattr(ui.api, "mcp_server", raising=False)
    monkeypatch.delitem(sys.modules, "ui.api.mcp_server", raising=False)
    monkeypatch.setitem(sys.modules, "mcp.server.mcpserver", None)
    settings = load_settings(data_dir=tmp_path_factory.mktemp("missing"))
    with pytest.raises(SettingsError, match=r"footnote-qa\[mcp\]"), site(settings, mcp=True):
        pass
