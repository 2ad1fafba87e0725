"""Chat models: requests are what the server expects, and each failure names its remedy."""

from __future__ import annotations

import socket
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, Field

from rag.errors import (
    ModelAuthError,
    ModelError,
    ModelInterrupted,
    ModelRefused,
    ModelTimeout,
    ModelUnreachable,
    SettingsError,
)
from rag.models import chat as chat_models
from rag.models.chat import OpenAIChat
from rag.settings import load_settings
from rag.types import Delta, Message, Usage
from tests.fakes import Body, Hang, Reply, Script, ScriptedServer, Status

QUESTION = [Message("system", "Be brief."), Message("user", "Who said so?")]
KEY = "sk-a-secret-of-mine"


def compatible(server: ScriptedServer, **overrides: Any) -> OpenAIChat:
    given = {"llm_base_url": server.base_url, "model": "scripted", "timeout_s": 5} | overrides
    return chat_models.hosted_chat(load_settings(**given))


def stream_reply(chat: OpenAIChat, max_tokens: int = 50) -> list[Delta]:
    return list(chat.stream(QUESTION, max_tokens=max_tokens))


def text_of(deltas: list[Delta]) -> str:
    return "".join(delta.text for delta in deltas)


@pytest.fixture
def refused_port() -> Iterator[int]:
    """A port that nobody answers, held so that nobody else takes it."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


# --- what is asked ----------------------------------------------------------------------------


def test_a_compatible_server_gets_requests_of_the_shared_protocol() -> None:
    with ScriptedServer() as server:
        stream_reply(compatible(server, api_key=KEY), max_tokens=9)
        (request,) = server.requests
    assert request == {
        "model": "scripted",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Who said so?"},
        ],
        "max_tokens": 9,
        "stream": True,
        "stream_options": {"include_usage": True},
        "logprobs": True,
        "top_logprobs": 10,
    }
    assert server.keys == [KEY]


def test_openai_gets_room_for_reasoning_and_no_sampling_parameters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with ScriptedServer() as server:
        monkeypatch.setattr(chat_models, "OPENAI_URL", server.base_url)
        chat = chat_models.hosted_chat(load_settings(api_key=KEY))
        stream_reply(chat, max_tokens=256)
    asked = server.requests[0]
    assert asked["model"] == chat.name == "gpt-6-luna"
    assert asked["max_completion_tokens"] == 256 + chat_models.REASONING_TOKENS
    assert not {"max_tokens", "temperature", "logprobs", "top_p"} & set(asked)


def test_a_temperature_is_sent_when_set() -> None:
    with ScriptedServer() as server:
        stream_reply(compatible(server, temperature=0))
        assert server.requests[0]["temperature"] == 0


def test_the_embedded_model_is_greedy_and_keeps_its_prefix() -> None:
    with ScriptedServer(key="k") as server:
        chat = chat_models.local_chat(server.base_url, "k", "small", load_settings(timeout_s=5))
        assert text_of(stream_reply(chat)) == "Hello."
    asked = server.requests[0]
    assert (asked["temperature"], asked["cache_prompt"], asked["logprobs"]) == (0, True, True)
    assert chat.budget_tokens == chat_models.LOCAL_BUDGET_TOKENS < chat_models.HOSTED_BUDGET_TOKENS


def test_budgets_follow_the_settings() -> None:
    with ScriptedServer() as server:
        assert compatible(server).budget_tokens == 3000
        assert compatible(server, budget_tokens=500).budget_tokens == 500
        embedded = chat_models.local_chat(
            server.base_url, "k", "small", load_settings(budget_tokens=500)
        )
        assert embedded.budget_tokens == 500


def test_a_server_that_names_no_model_is_asked_for_its_first() -> None:
    with ScriptedServer(models=["first", "second"]) as server:
        assert compatible(server, model=None).name == "first"


@pytest.mark.parametrize("models", [Status(404), Status(500), []])
def test_a_server_that_does_not_say_its_models_leads_to_the_setting(models: Any) -> None:
    with (
        ScriptedServer(models=models) as server,
        pytest.raises((ModelRefused, SettingsError), match="Set FOOTNOTE_MODEL"),
    ):
        compatible(server, model=None)


def test_lone_surrogates_reach_the_server_as_question_marks() -> None:
    with ScriptedServer() as server:
        list(compatible(server).stream([Message("user", "a\udcffb")], max_tokens=5))
        assert server.requests[0]["messages"][0]["content"] == "a?b"


# --- what comes back --------------------------------------------------------------------------


def test_pieces_arrive_as_they_were_written_and_usage_comes_last() -> None:
    with ScriptedServer([["Mr", ". Wu", "", " said so", ".\n"]]) as server:
        deltas = stream_reply(compatible(server))
    assert [delta.text for delta in deltas] == ["Mr", ". Wu", " said so", ".\n", ""]
    assert [delta.usage for delta in deltas] == [None] * 4 + [Usage(7, 3, 5)]


def test_only_the_first_piece_carries_alternatives() -> None:
    likely = {"Yes": -0.2, "No": -1.7}
    with ScriptedServer([Reply(["Yes", ", he did."], alternatives=likely)]) as server:
        first, second, _ = stream_reply(compatible(server))
    assert dict(first.alternatives) == likely
    assert second.alternatives == {}


def test_reasoning_is_not_part_of_the_answer() -> None:
    reply = Reply(["Wu."], reasoning=["Hmm, ", "who was it?"])
    with ScriptedServer([reply]) as server:
        assert text_of(stream_reply(compatible(server))) == "Wu."


def test_an_empty_reply_is_empty() -> None:
    with ScriptedServer([""]) as server:
        assert text_of(stream_reply(compatible(server))) == ""


def test_a_reply_cut_at_its_length_is_no_error() -> None:
    with ScriptedServer(["one two three four"]) as server:
        assert text_of(stream_reply(compatible(server), max_tokens=2)) == "one two"


def test_a_length_that_reasoning_used_up_is_an_error() -> None:
    reply = Reply([], reasoning=["Hmm"], finish="length")
    with ScriptedServer([reply]) as server, pytest.raises(ModelRefused, match="MAX_TOKENS"):
        stream_reply(compatible(server))


def test_a_filtered_reply_is_an_error() -> None:
    reply = Reply(["So"], finish="content_filter")
    with ScriptedServer([reply]) as server, pytest.raises(ModelRefused, match="filter"):
        stream_reply(compatible(server))


# --- servers that refuse a parameter ----------------------------------------------------------


@pytest.mark.parametrize(
    ("refused", "kept"), [("stream_options", "logprobs"), ("logprobs", "stream_options")]
)
def test_a_refused_parameter_is_left_out_from_then_on(refused: str, kept: str) -> None:
    with ScriptedServer(["One.", "Two."], refuses=[refused]) as server:
        chat = compatible(server)
        assert [text_of(stream_reply(chat)), text_of(stream_reply(chat))] == ["One.", "Two."]
        assert [refused in request for request in server.requests] == [True, False, False]
        assert kept in server.requests[2]
        assert ("top_logprobs" in server.requests[2]) == (kept == "logprobs")


def test_a_server_may_refuse_both_parameters() -> None:
    with ScriptedServer(refuses=["stream_options", "logprobs"]) as server:
        assert text_of(stream_reply(compatible(server))) == "Hello."


@pytest.mark.parametrize("code", [403, 422])
def test_a_refusal_of_log_probabilities_may_come_as_another_status(code: int) -> None:
    refusal = Status(code, "You are not allowed to request logprobs from this model")
    with ScriptedServer([refusal, "Hello."]) as server:
        assert text_of(stream_reply(compatible(server))) == "Hello."
        assert "logprobs" not in server.requests[1]


def test_a_server_may_insist_on_the_newer_name_of_the_limit() -> None:
    refusal = Status(400, "Use 'max_completion_tokens' instead of 'max_tokens'.", "max_tokens")
    with ScriptedServer([refusal, "Hello."]) as server:
        assert text_of(stream_reply(compatible(server), max_tokens=9)) == "Hello."
        assert server.requests[1]["max_completion_tokens"] == 9


def test_a_parameter_that_stays_refused_ends_in_an_error() -> None:
    with ScriptedServer([Status(400, "logprobs? stream_options? never!")]) as server:
        with pytest.raises(ModelRefused, match="never!"):
            stream_reply(compatible(server))
        assert len(server.requests) == 2


# --- failures ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "error", "words"),
    [
        (Status(401), ModelAuthError, "FOOTNOTE_LLM_API_KEY"),
        (Status(403, "Not in your country"), ModelAuthError, "Not in your country"),
        (Status(404), ModelRefused, "'scripted'.*FOOTNOTE_MODEL"),
        (Status(400, "The prompt is too long"), ModelRefused, "The prompt is too long"),
        (Status(429, "Slow down", headers={"x-should-retry": "false"}), ModelRefused, "Slow down"),
        (Status(500, "Boom", headers={"x-should-retry": "false"}), ModelRefused, "Boom"),
        (Status(307, "Elsewhere"), ModelRefused, "307"),
        (Reply(["a", "b"], breaks_after=1), ModelInterrupted, "broke off"),
        (Reply(["a", "b"], breaks_after=0), ModelInterrupted, "broke off"),
        (Reply(["a", "b"], ends_after=1), ModelInterrupted, "broke off"),
        (Body(""), ModelInterrupted, "broke off"),
        (Body("<html>Welcome</html>", "text/html"), ModelRefused, "ends in /v1"),
        (Body('{"choices": []}', "application/json"), ModelRefused, "ends in /v1"),
        (Body("data: {not json\n\n"), ModelRefused, "ends in /v1"),
        (Body("data: 42\n\n"), ModelRefused, "ends in /v1"),
        (Body('data: {"choices": [{}]}\n\n'), ModelRefused, "ends in /v1"),
        (Body('data: {"choices": null}\n\n'), ModelRefused, "ends in /v1"),
        (Body('data: {"choices": [{"delta": {"content": 3}}]}\n\n'), ModelRefused, "ends in"),
        (Body("data: \xff\xfe\n\n"), ModelRefused, "ends in /v1"),
        (Body('data: {"error": {"message": "Out of memory"}}\n\n'), ModelRefused, "Out of mem"),
    ],
)
def test_each_failure_has_its_class_and_remedy(
    script: Script, error: type[ModelError], words: str
) -> None:
    with ScriptedServer([script]) as server, pytest.raises(error, match=words) as raised:
        stream_reply(compatible(server))
    assert type(raised.value) is error


def test_log_probabilities_that_tgi_refuses_under_its_own_name_are_not_sent_again() -> None:
    limit = "Input validation error: `top_n_tokens` must be >= 0 and <= 5. Given: 10"
    with ScriptedServer([Status(422, limit), "One.", "Two."]) as server:
        chat = compatible(server)
        assert [text_of(stream_reply(chat)) for _ in range(2)] == ["One.", "Two."]
    assert [("logprobs" in each, "top_logprobs" in each) for each in server.requests] == [
        (True, True),
        (False, False),
        (False, False),
    ]


def test_a_request_to_a_busy_server_is_repeated_once() -> None:
    busy = Status(429, headers={"retry-after-ms": "1"})
    with ScriptedServer([busy, "Hello."]) as server:
        assert text_of(stream_reply(compatible(server))) == "Hello."
    with ScriptedServer([busy, busy, "Hello."]) as server, pytest.raises(ModelRefused):
        stream_reply(compatible(server))


def test_a_failed_request_to_the_local_server_is_not_repeated() -> None:
    with ScriptedServer([Status(500)]) as server:
        with pytest.raises(ModelRefused):
            stream_reply(
                chat_models.local_chat(server.base_url, "k", "small", load_settings(timeout_s=5))
            )
        assert len(server.requests) == 1


@pytest.mark.parametrize("script", [Hang(), Reply(["a", "b"], pause_s=30)])
def test_silence_is_a_timeout(script: Script) -> None:
    with ScriptedServer([script]) as server, pytest.raises(ModelTimeout, match="TIMEOUT_S"):
        stream_reply(
            chat_models.local_chat(server.base_url, "k", "small", load_settings(timeout_s=0.2))
        )


def test_no_server_is_unreachable(refused_port: int) -> None:
    chat = chat_models.local_chat(
        f"http://127.0.0.1:{refused_port}/v1", "k", "small", load_settings()
    )
    with pytest.raises(ModelUnreachable, match=f"127.0.0.1:{refused_port}"):
        stream_reply(chat)


@pytest.mark.parametrize("url", ["localhost:8080", "ftp://host/v1", "http://", "http://[", "x y"])
def test_an_address_that_is_none_names_the_setting(url: str) -> None:
    with pytest.raises(SettingsError, match="FOOTNOTE_LLM_BASE_URL"):
        stream_reply(chat_models.hosted_chat(load_settings(llm_base_url=url, model="scripted")))


@pytest.mark.parametrize("key", ["sk-…", "sk-a\nb"])
def test_a_key_that_no_header_can_carry_is_a_key_error(key: str) -> None:
    with ScriptedServer() as server, pytest.raises(ModelAuthError):
        stream_reply(compatible(server, api_key=key))


def test_a_key_is_sent_without_the_space_around_it() -> None:
    with ScriptedServer(key=KEY) as server:
        assert text_of(stream_reply(compatible(server, api_key=f" {KEY}\n"))) == "Hello."


@pytest.mark.parametrize("code", [400, 401, 403, 404, 429, 500])
def test_no_error_repeats_the_key(code: int) -> None:
    refusal = Status(code, f"Incorrect key: {KEY}", headers={"x-should-retry": "false"})
    with ScriptedServer([refusal]) as server, pytest.raises(ModelError) as raised:
        stream_reply(compatible(server, api_key=KEY))
    assert KEY not in "".join(traceback.format_exception(raised.value))
    assert KEY not in repr(raised.value)


def test_the_servers_words_are_one_short_printable_line() -> None:
    words = "\x1b[31mRed\x1b[0m\n\u202egnp\r\n" + "long " * 100
    with ScriptedServer([Status(400, words)]) as server, pytest.raises(ModelRefused) as raised:
        stream_reply(compatible(server))
    assert raised.value.problem.isprintable()
    assert len(raised.value.problem) < 240
    assert "[31mRed [0m gnp long" in raised.value.problem


def test_a_proxy_of_the_environment_never_sees_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with ScriptedServer() as server:
        assert text_of(stream_reply(compatible(server))) == "Hello."


# --- structured replies -----------------------------------------------------------------------


class Verdict(BaseModel):
    supported: bool
    score: float = Field(ge=0, le=1)


def test_a_structured_reply_is_requested_by_schema() -> None:
    with ScriptedServer(['{"supported": true, "score": 0.5}']) as server:
        verdict = compatible(server).structured(QUESTION, Verdict, max_tokens=50)
    assert verdict == Verdict(supported=True, score=0.5)
    asked = server.requests[0]["response_format"]["json_schema"]
    assert asked["schema"]["properties"]["supported"] == {"title": "Supported", "type": "boolean"}


@pytest.mark.parametrize("text", ["", "Yes!", '{"supported": true}', '{"supported":1,"score":7}'])
def test_a_structured_reply_is_validated_again(text: str) -> None:
    with ScriptedServer([text]) as server, pytest.raises(ModelRefused, match="not a valid Verdict"):
        compatible(server).structured(QUESTION, Verdict, max_tokens=50)
