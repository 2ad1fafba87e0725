"""Every chat model and every embedder keeps the same contract."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rag.errors import (
    ModelAuthError,
    ModelError,
    ModelRefused,
    ModelUnreachable,
)
from rag.models import chat as chat_models
from rag.models import embeddings, llama_server
from rag.models.chat import OpenAIChat
from rag.models.gguf_files import model_file
from rag.settings import load_settings
from rag.types import ChatModel, Delta, Embedder, Message
from tests.fakes import Reply, ScriptedServer, Status

COUNT = [Message("user", "Count from one to a hundred in words.")]
TEXTS = [
    "The tariff was raised to 20 percent.",
    "",
    "Soup.",
    "Talks between the envoys, " * 30,
    "Soup.",
    "Import duties went up.",
]


# --- chat models ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def embedded() -> Iterator[OpenAIChat]:
    settings = load_settings()
    server = llama_server.start_server(model_file(settings), settings)
    try:
        yield chat_models.local_chat(
            server.wait_until_loaded(), server.api_key, server.name, settings
        )
    finally:
        server.close()


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    counting = [f" number{number}" for number in range(1000)]
    with ScriptedServer([Reply(counting, alternatives={" number0": -0.1}, pause_s=0.01)]) as server:
        yield server


@pytest.fixture(params=["openai", "compatible", pytest.param("embedded", marks=pytest.mark.slow)])
def chat(
    request: pytest.FixtureRequest, scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> ChatModel:
    if request.param == "embedded":
        chosen: OpenAIChat = request.getfixturevalue("embedded")
        return chosen
    return _hosted(request.param, scripted, monkeypatch)


def _hosted(
    provider: str, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, **settings: Any
) -> OpenAIChat:
    if provider == "openai":
        monkeypatch.setattr(chat_models, "OPENAI_URL", server.base_url)
        monkeypatch.setattr(chat_models, "REASONING_TOKENS", 0)
        return chat_models.hosted_chat(load_settings(api_key="k", **settings))
    return chat_models.hosted_chat(
        load_settings(llm_base_url=server.base_url, model="scripted", **settings)
    )


def stream_reply(chat: ChatModel, max_tokens: int) -> list[Delta]:
    return list(chat.stream(COUNT, max_tokens=max_tokens))


def test_a_chat_model_has_a_name_and_a_budget(chat: ChatModel) -> None:
    assert chat.name.isprintable()
    assert chat.name
    assert chat.budget_tokens >= 50


def test_a_reply_is_no_longer_than_its_limit(chat: ChatModel) -> None:
    deltas = stream_reply(chat, max_tokens=4)
    assert "".join(delta.text for delta in deltas)
    assert 1 <= len([delta for delta in deltas if delta.text]) <= 4


def test_usage_comes_once_and_last(chat: ChatModel) -> None:
    deltas = stream_reply(chat, max_tokens=3)
    usage = deltas[-1].usage
    assert usage is not None
    assert usage.prompt_tokens > 0
    assert usage.completion_tokens == 3
    assert not any(delta.usage for delta in deltas[:-1])


def test_alternatives_are_log_probabilities_of_the_first_token(chat: ChatModel) -> None:
    first, *rest = stream_reply(chat, max_tokens=3)
    assert all(value <= 0 for value in first.alternatives.values())
    assert sum(map(math.exp, first.alternatives.values())) <= 1 + 1e-6
    assert not any(delta.alternatives for delta in rest)


def test_the_same_question_gets_the_same_reply(chat: ChatModel) -> None:
    stream_reply(chat, max_tokens=1)  # the prompt is cached from here on
    replies = ["".join(d.text for d in stream_reply(chat, max_tokens=5)) for _ in range(2)]
    assert replies[0] == replies[1]


def test_no_request_is_sent_before_the_first_piece_is_wanted(
    scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _hosted("compatible", scripted, monkeypatch).stream(COUNT, max_tokens=5)
    assert scripted.requests == []


def test_closing_a_stream_frees_the_server(chat: ChatModel) -> None:
    stream = chat.stream(COUNT, max_tokens=1000)
    assert isinstance(stream, Iterator)
    next(stream)
    _close(stream)
    assert list(stream) == []
    assert stream_reply(chat, max_tokens=1)  # the local model has one slot, now free


def test_closing_a_stream_closes_the_connection(
    scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = _hosted("compatible", scripted, monkeypatch).stream(COUNT, max_tokens=1000)
    next(stream)
    _close(stream)
    assert scripted.dropped.wait(5)


def _close(stream: Iterator[Delta]) -> None:
    close: Callable[[], None] = stream.close  # type: ignore[attr-defined]
    close()


# --- embedders --------------------------------------------------------------------------------


@pytest.fixture(params=["local", "server"], scope="module")
def embedder(request: pytest.FixtureRequest) -> Iterator[Embedder]:
    if request.param == "local":
        yield embeddings.local_embedder()
    else:
        with ScriptedServer(dimensions=16) as server:
            yield embeddings.server_embedder("small", server.base_url, "", timeout_s=5)


def test_there_is_one_unit_vector_for_each_text(embedder: Embedder) -> None:
    vectors = embedder.embed(TEXTS)
    assert [len(vector) for vector in vectors] == [embedder.dimensions] * len(TEXTS)
    for vector in vectors:
        assert math.hypot(*vector) == pytest.approx(1, abs=1e-5)


def test_vectors_keep_the_order_of_their_texts(embedder: Embedder) -> None:
    forth = embedder.embed(TEXTS)
    back = embedder.embed(TEXTS[::-1])[::-1]
    for one, other in zip(forth, back, strict=True):
        assert one == pytest.approx(other, abs=1e-6)
    assert forth[2] == pytest.approx(forth[4], abs=1e-6)
    assert max(abs(a - b) for a, b in zip(forth[0], forth[2], strict=True)) > 0.01


def test_the_same_texts_get_the_same_vectors(embedder: Embedder) -> None:
    assert embedder.embed(TEXTS) == embedder.embed(TEXTS)


def test_no_texts_get_no_vectors(embedder: Embedder) -> None:
    assert embedder.embed([]) == []


def test_the_name_states_the_dimension(embedder: Embedder) -> None:
    assert embedder.name.endswith(f"/{embedder.dimensions}")


def test_an_embedder_serves_llama_index(embedder: Embedder) -> None:
    from llama_index.core.base.embeddings.base import BaseEmbedding

    assert isinstance(embedder, BaseEmbedding)
    (vector,) = embedder.embed(["Soup."])
    assert embedder.get_query_embedding("Soup.") == pytest.approx(vector, abs=1e-6)
    assert embedder.get_text_embedding_batch(TEXTS)[2] == pytest.approx(vector, abs=1e-6)


# --- failures ---------------------------------------------------------------------------------

NO_RETRY = {"x-should-retry": "false"}


@pytest.mark.parametrize("adapter", ["openai", "compatible", "embeddings"])
@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (Status(401), ModelAuthError),
        (Status(403), ModelAuthError),
        (Status(404), ModelRefused),
        (Status(400), ModelRefused),
        (Status(429, headers=NO_RETRY), ModelRefused),
        (Status(503, headers=NO_RETRY), ModelRefused),
    ],
)
def test_failures_have_the_same_class_everywhere(
    adapter: str, failure: Status, error: type[ModelError], monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedServer([failure], embeds=lambda request: failure) as server:
        with pytest.raises(ModelError) as raised:
            _use(adapter, server, monkeypatch, timeout_s=5)
        assert type(raised.value) is error
        assert raised.value.remedy.endswith(".")


@pytest.mark.parametrize("adapter", ["openai", "compatible", "embeddings"])
def test_a_server_that_is_gone_is_unreachable(
    adapter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedServer() as server:
        pass
    with pytest.raises(ModelUnreachable):
        _use(adapter, server, monkeypatch, timeout_s=5)


def _use(
    adapter: str, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, timeout_s: float
) -> None:
    if adapter == "embeddings":
        embeddings.server_embedder("small", server.base_url, "k", timeout_s=timeout_s).embed(
            ["text"]
        )
    else:
        stream_reply(_hosted(adapter, server, monkeypatch, timeout_s=timeout_s), max_tokens=5)
