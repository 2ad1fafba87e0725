"""OpenAI's own client asks Footnote, over HTTP on loopback."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import APIError, APIStatusError, NotFoundError, OpenAI
from starlette.applications import Starlette
from starlette.routing import Route

from rag.errors import ModelUnreachable
from rag.events import Checked, Event, Finished, Selected
from rag.settings import Settings
from rag.settings import load_settings as load_settings
from rag.types import Answer, Citation, Claim, Passage, Span, Turn
from tests.serving import Quoter, served
from ui.api import chat_completions, openai_json
from ui.api.chat_completions import ChatCompletions
from ui.questions.runner import QuestionRunner

QUESTION = "What tariff rate applies to fentanyl?"
SAID = [{"role": "user", "content": QUESTION}]
ENDLESS = [{"role": "user", "content": f"endless: {QUESTION}"}]
GUARD_S = 10.0


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Quoter, OpenAI]]:
    folder = tmp_path_factory.mktemp("completions")
    with Quoter(load_settings(data_dir=folder)) as assistant, door(assistant) as (client, _):
        yield assistant, client


@pytest.fixture
def assistant(shared: tuple[Quoter, OpenAI]) -> Quoter:
    shared[0].asked.clear()
    shared[0].stopped.clear()
    return shared[0]


@contextmanager
def door(assistant: Any, lanes: int = 2) -> Iterator[tuple[OpenAI, QuestionRunner]]:
    """The real client before the endpoint."""
    runner = QuestionRunner(assistant, lanes)
    app = Starlette(
        routes=[
            Route("/v1/chat/completions", ChatCompletions(assistant, runner), methods=["POST"]),
            Route(
                "/v1/models/{model}", lambda r: chat_completions.list_models(r.path_params["model"])
            ),
            Route("/v1/models", lambda _: chat_completions.list_models()),
        ]
    )
    with served(app) as url:
        client = OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0, timeout=GUARD_S)
        try:
            yield client, runner
        finally:
            client.close()
            runner.close()


@pytest.fixture
def client(shared: tuple[Quoter, OpenAI]) -> OpenAI:
    return shared[1]


def ask(client: OpenAI, messages: Any = SAID, **more: Any) -> Any:
    return client.chat.completions.create(model="footnote", messages=messages, **more)


def eventually(holds: Callable[[], bool]) -> bool:
    """True as soon as `holds`; False when it does not within the guard."""
    until = time.monotonic() + GUARD_S
    while not holds() and time.monotonic() < until:
        time.sleep(0.02)
    return holds()


# --- one reply ---------------------------------------------------------------------------------


def test_the_reply_is_the_answer_with_its_markers(client: OpenAI) -> None:
    reply = ask(client)
    choice = reply.choices[0]
    assert choice.finish_reason == "stop"
    assert "20% rate" in choice.message.content
    assert "[1]" in choice.message.content
    assert reply.model == "footnote"
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (812, 40)
    assert reply.usage.total_tokens == 852


def test_every_annotation_points_at_the_stored_characters(
    client: OpenAI, assistant: Quoter
) -> None:
    message = ask(client).choices[0].message
    assert len(message.annotations) == 2
    for each in message.annotations:
        assert each.type == "footnote_citation"
        cited = each.footnote_citation
        text = assistant.library.document(cited["document_id"]).text
        assert text[cited["start"] : cited["end"]] == cited["quote"]
        sentence = message.content[cited["start_index"] : cited["end_index"]]
        assert sentence == f"{cited['quote']} [{cited['number']}]"
        assert cited["title"]
        assert cited["source"]
    supports = [each.footnote_citation["support"] for each in message.annotations]
    assert supports == ["supported", "partial"]


def test_the_whole_answer_document_comes_along(client: OpenAI) -> None:
    document = ask(client).footnote
    assert document["schema"] == "footnote.answer/2"
    assert document["question"] == QUESTION
    assert len(document["claims"]) == 2


def test_a_decline_says_why(client: OpenAI) -> None:
    reply = ask(client, [{"role": "user", "content": "What is unknown about tariffs?"}])
    assert (
        reply.choices[0].message.content
        == "No answer: no passage of the articles was found that states it."
    )
    assert reply.choices[0].message.annotations == []
    assert reply.footnote["status"] == "declined"


def test_the_conversation_is_history_and_system_messages_are_not(
    client: OpenAI, assistant: Quoter
) -> None:
    parts = [{"type": "text", "text": "And"}, {"type": "text", "text": "steel?"}]
    ask(
        client,
        [
            {"role": "system", "content": "Answer like a pirate."},
            {"role": "user", "content": "Which tariffs are there?"},
            {"role": "assistant", "content": "Several. [1]"},
            {"role": "user", "content": "lost"},
            {"role": "user", "content": parts},
        ],
    )
    assert assistant.asked == [("And\nsteel?", (Turn("Which tariffs are there?", "Several. [1]"),))]


def test_a_question_can_be_limited_to_documents(client: OpenAI, assistant: Quoter) -> None:
    one = assistant.library.summaries()[1].id
    reply = ask(client, extra_body={"document_ids": [one]})
    assert {claim["citations"][0]["document_id"] for claim in reply.footnote["claims"]} == {one}


def test_the_models_are_listed(client: OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["footnote"]
    assert client.models.retrieve("footnote").id == "footnote"
    with pytest.raises(NotFoundError):
        client.models.retrieve("gpt")


# --- a stream ----------------------------------------------------------------------------------


def test_a_stream_says_the_same_sentence_by_sentence(client: OpenAI) -> None:
    whole = ask(client)
    chunks = list(ask(client, stream=True, stream_options={"include_usage": True}))
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert deltas[0].role == "assistant"
    told = [delta for delta in deltas if delta.content]
    assert len(told) == 2
    assert "".join(delta.content or "" for delta in told) == whole.choices[0].message.content
    annotations = [each for delta in told for each in delta.annotations]
    assert [each["footnote_citation"] for each in annotations] == [
        each.footnote_citation for each in whole.choices[0].message.annotations
    ]
    ends = [chunk for chunk in chunks if chunk.choices and chunk.choices[0].finish_reason]
    assert [end.choices[0].finish_reason for end in ends] == ["stop"]
    assert ends[0].footnote["claims"] == whole.footnote["claims"]
    assert chunks[-1].choices == []
    assert chunks[-1].usage.total_tokens == 852


def test_a_streamed_decline_says_why(client: OpenAI) -> None:
    chunks = list(ask(client, [{"role": "user", "content": "unknown tariffs?"}], stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text == "No answer: no passage of the articles was found that states it."


def test_a_sentence_is_sent_while_the_next_is_awaited(client: OpenAI, assistant: Quoter) -> None:
    with ask(client, ENDLESS, stream=True) as stream:
        text = next(c.choices[0].delta.content for c in stream if c.choices[0].delta.content)
    assert text.endswith("[1]")


def test_a_model_that_dies_ends_the_stream_with_an_error(settings: Settings) -> None:
    fault = ModelUnreachable("The model died.", "Start it again.")
    with Quoter(settings, fault) as assistant, door(assistant) as (client, _):
        chunks: list[Any] = []
        with pytest.raises(APIError, match=r"^The model died\. Start it again\.$"):
            chunks.extend(ask(client, stream=True))
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        assert text.endswith("[1]")


# --- hanging up --------------------------------------------------------------------------------


def test_closing_a_stream_stops_the_question(assistant: Quoter) -> None:
    with door(assistant, lanes=1) as (client, runner):
        stream = ask(client, ENDLESS, stream=True)
        next(iter(stream))
        stream.close()
        assert eventually(lambda: assistant.stopped == [ENDLESS[0]["content"]])
        assert eventually(lambda: runner.busy == 0)
        assert ask(client).choices[0].finish_reason == "stop"


def test_hanging_up_while_waiting_stops_the_question(assistant: Quoter) -> None:
    with door(assistant, lanes=1) as (client, runner):
        url = f"{client.base_url}chat/completions"
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(url, json={"messages": ENDLESS}, timeout=0.5)
        assert eventually(lambda: assistant.stopped == [ENDLESS[0]["content"]])
        assert eventually(lambda: runner.busy == 0)


# --- several at once ---------------------------------------------------------------------------


def test_everybody_gets_their_own_answer(assistant: Quoter) -> None:
    questions = [f"What tariff rate applies to fentanyl, asks number {n}?" for n in range(8)]
    with door(assistant) as (client, _), ThreadPoolExecutor(8) as people:

        def put(question: str) -> str:
            reply = ask(client, [{"role": "user", "content": question}])
            return str(reply.footnote["question"])

        assert list(people.map(put, questions)) == questions


def test_the_event_loop_is_free_while_questions_are_answered(assistant: Quoter) -> None:
    with door(assistant, lanes=4) as (client, _):
        streams = [ask(client, ENDLESS, stream=True) for _ in range(3)]
        assert [model.id for model in client.models.list()] == ["footnote"]
        for stream in streams:
            stream.close()
        assert eventually(lambda: len(assistant.stopped) == 3)


# --- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("messages", "what"),
    [
        ([], "no question"),
        ([{"role": "system", "content": "Hello."}], "no question"),
        ([{"role": "user", "content": " \n"}], "empty"),
        ([{"role": "user", "content": None}], "empty"),
        ([{"role": "user", "content": "word " * 500}], "2,000"),
        ([{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}], "text"),
        ([{"role": "user", "content": 7}], "messages.0.content"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_is_no_question_is_refused(
    client: OpenAI, assistant: Quoter, messages: Any, what: str, stream: bool
) -> None:
    with pytest.raises(APIStatusError, match=what) as caught:
        ask(client, messages, stream=stream)
    assert caught.value.status_code == 400
    assert caught.value.type == "invalid_request_error"
    assert assistant.asked == []


def test_other_faults_of_the_client_are_refused(client: OpenAI) -> None:
    faults: list[tuple[dict[str, Any], str]] = [
        ({"n": 2}, "one answer"),
        ({"extra_body": {"document_ids": ["../../etc/passwd"]}}, "no such document"),
    ]
    for more, what in faults:
        with pytest.raises(APIStatusError, match=what) as caught:
            ask(client, **more)
        assert caught.value.status_code == 400


def test_bytes_that_are_no_request_are_refused(client: OpenAI) -> None:
    url = f"{client.base_url}chat/completions"
    for body in (b"", b"{", b"[]", b"\xff\xfe", json.dumps({"messages": "x"}).encode()):
        reply = httpx.post(url, content=body)
        assert reply.status_code == 400
        assert reply.json()["error"]["type"] == "invalid_request_error"
    assert httpx.post(url, content=b" " * 1_000_001).status_code == 413
    assert httpx.get(url).status_code == 405


@pytest.mark.parametrize("stream", [False, True])
def test_a_question_that_fails_at_once_has_a_status(tmp_path: Path, stream: bool) -> None:
    with Quoter(load_settings(data_dir=tmp_path / "empty")) as assistant:
        for summary in assistant.library.summaries():
            assistant.remove(summary.id)
        with door(assistant) as (client, _):
            with pytest.raises(APIStatusError, match="Nothing is indexed") as caught:
                ask(client, stream=stream)
            assert caught.value.status_code == 503
            assert caught.value.type == "server_error"


def test_a_model_that_dies_is_no_half_answer(settings: Settings) -> None:
    fault = ModelUnreachable("The model died.", "Start it again.")
    with Quoter(settings, fault) as assistant, door(assistant) as (client, _):
        with pytest.raises(APIStatusError, match="The model died") as caught:
            ask(client)
        assert caught.value.status_code == 503


def test_a_long_wait_shows_signs_of_life(
    assistant: Quoter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_completions, "MAX_START_DELAY_S", 0.1)
    monkeypatch.setattr(chat_completions, "KEEP_ALIVE_S", 0.1)
    with door(assistant, lanes=1) as (client, _):
        first = ask(client, ENDLESS, stream=True)
        next(c for c in first if c.choices[0].delta.content)  # the lane is taken
        waiting = iter(ask(client, ENDLESS, stream=True))
        beats = [next(waiting).choices[0].delta for _ in range(3)]
        assert [beat.content for beat in beats] == ["", "", ""]
        first.close()


def test_threads_end_with_their_questions(assistant: Quoter) -> None:
    with door(assistant) as (client, _):
        for _ in range(3):
            ask(client)
        asking = [t for t in threading.enumerate() if t.name.startswith("asking-")]
        assert eventually(lambda: not any(thread.is_alive() for thread in asking))


def test_pieces_join_to_the_content() -> None:
    cited = Claim("Rates rose.", (Citation(2, Span("a", 0, 4), "Rate"),), "supported")
    claims = [cited, Claim("Nobody knows."), cited]
    pieces = list(openai_json.content_pieces(claims, ()))
    content = "".join(piece.content for piece in pieces)
    assert content == "Rates rose. [2] Nobody knows. Rates rose. [2]"
    last = pieces[2].annotations[0]["footnote_citation"]
    assert content[last["start_index"] : last["end_index"]] == "Rates rose. [2]"
    assert list(openai_json.content_pieces(claims, (), 1, len(pieces[0].content))) == pieces[1:]


# --- replies, declines, lists ------------------------------------------------------------------


class Scripted(Quoter):
    """Yields the events that a test gives it."""

    events: Sequence[Event] = ()

    def stream(self, *_: Any, **__: Any) -> Iterator[Event]:
        yield from self.events


def streamed(client: OpenAI) -> str:
    return "".join(c.choices[0].delta.content or "" for c in ask(client, stream=True))


def told(settings: Settings, *events: Event) -> str:
    """The content of the reply, the same in one piece and as a stream."""
    assistant = Scripted(settings)
    assistant.events = events
    with assistant, door(assistant) as (client, _):
        content = ask(client).choices[0].message.content
        assert streamed(client) == content
        return str(content)


def finished(*claims: Claim, **more: Any) -> Finished:
    evidence = tuple(Passage(n, Span("a", n, n + 1), "x", "A", "/a", 1.0) for n in (1, 2))
    answer = Answer("q", "", claims, evidence, "answered", None, "m", answers="yes")
    return Finished(replace(answer, **more))


def cites(number: int, text: str = "Rates rose.", **more: Any) -> Claim:
    return replace(Claim(text, (Citation(number, Span("a", 1, 2), "x"),), "supported"), **more)


def test_a_greeting_is_replied_to_with_questions(settings: Settings) -> None:
    reply = finished(text="Hello.", passages=(), suggestions=("Who won?", "When?"))
    assert told(settings, reply) == (
        "Hello.\n\nQuestions that the articles answer:\n\n- Who won?\n- When?"
    )


def test_a_decline_offers_questions_and_no_chance_that_contradicts_it(settings: Settings) -> None:
    declined = finished(status="declined", reason="not stated", chance=0.9, suggestions=("When?",))
    said = told(settings, declined)
    assert said.startswith("No answer: no passage of the articles was found that states it.\n\n")
    assert said.endswith("\n- When?")


def test_doubt_whether_it_answers_follows_the_sentences(settings: Settings) -> None:
    said = told(settings, Checked(cites(1), "kept"), finished(cites(1), answers="unsure"))
    assert said == "Rates rose. [1]\n\n*May not answer the question.*"


def test_numbers_in_a_stream_are_those_of_the_finished_answer(settings: Settings) -> None:
    passages = finished().answer.passages
    early = (
        Selected(passages),
        Checked(cites(2, "One."), "kept"),
        Checked(cites(1, "Two."), "kept"),
    )
    last = finished(cites(1, "One."), cites(2, "Two."))
    assert told(settings, *early, last) == "One. [1] Two. [2]"


def test_points_that_are_withdrawn_or_stand_below_a_lead_are_not_sent_early(
    settings: Settings,
) -> None:
    point, lead = cites(1, "A point.", group=""), cites(1, "The lead.")
    early = (Selected(finished().answer.passages), Checked(point, "kept"))
    declined = finished(status="declined", reason="not stated")
    assert told(settings, *early, Checked(point, "removed"), declined).startswith("No answer: ")
    said = told(settings, *early, Checked(lead, "kept"), finished(lead, point))
    assert said == "The lead. [1]\n\n- A point. [1]"
