"""Traces for a collector of OpenTelemetry: what they hold, and what a collector cannot break."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from rag.errors import SettingsError
from rag.settings import Settings
from tests.serving import Quoter
from tests.test_question_runner import Gated
from tests.test_server import PATIENCE_S, command, taken
from ui.questions import open_telemetry
from ui.questions.open_telemetry import QuestionTracing, question_tracing, stage_spans
from ui.questions.runner import QuestionRunner
from ui.questions.trace import Note, Search, Selection, Trace

GUARD_S = 30.0
SECRET = "fentanyl of Zacharias"


def sent(settings: Settings, *questions: str, **options: Any) -> list[ReadableSpan]:
    exporter = InMemorySpanExporter()
    tracing = QuestionTracing(exporter, "1.0", **options)
    with Quoter(settings) as assistant:
        runner = QuestionRunner(assistant, 1)
        runner.on_end(tracing.send)
        for question in questions:
            runner.answer(question)
        runner.close()
    tracing.close()
    return list(exporter.get_finished_spans())


def question_of(spans: list[ReadableSpan]) -> ReadableSpan:
    (found,) = [each for each in spans if each.name == "question"]
    return found


# --- what they hold ---------------------------------------------------------------------------


def test_a_question_is_a_span_with_its_stages_inside(settings: Settings) -> None:
    spans = sent(settings, SECRET)
    whole = question_of(spans)
    stages = [each for each in spans if each is not whole]
    assert [each.name for each in stages[:2]] == ["retrieve", "select"]
    assert {each.name for each in stages} == {"retrieve", "select", "check", "finish"}
    assert whole.context
    for each in stages:
        assert each.parent
        assert each.parent.span_id == whole.context.span_id
        assert whole.start_time
        assert whole.end_time
        assert each.start_time
        assert each.end_time
        assert whole.start_time <= each.start_time <= each.end_time <= whole.end_time
    attributes = whole.attributes or {}
    assert attributes["footnote.outcome"] == "answered"
    assert attributes["gen_ai.usage.input_tokens"] == 812
    assert attributes["footnote.seconds.retrieve"] == 0.04
    assert abs((whole.end_time or 0) / 1e9 - time.time()) < GUARD_S


def test_texts_are_left_out_unless_they_are_wanted(settings: Settings) -> None:
    shown = "".join(each.to_json() for each in sent(settings, SECRET))
    assert "Zacharias" not in shown
    assert "tariff" not in shown
    with_text = question_of(sent(settings, SECRET, sends_text=True)).attributes or {}
    assert with_text["footnote.question"] == SECRET
    assert with_text["footnote.answer"]


def test_a_failed_question_is_an_error_and_a_declined_one_is_not(settings: Settings) -> None:
    failed = question_of(sent(settings, ""))
    assert failed.status.status_code is StatusCode.ERROR
    declined = question_of(sent(settings, "fentanyl unknown"))
    assert declined.status.status_code is StatusCode.UNSET
    assert (declined.attributes or {})["footnote.outcome"] == "declined"


def test_a_stage_lasts_from_the_step_before_it() -> None:
    steps = (Search(0.2, ()), Note(0.3, "In line"), Selection(1.5, (), ()), Note(1.6, "Declined"))
    found = [(each.name, each.start_s, each.end_s) for each in stage_spans(Trace("q", steps))]
    assert found == [
        ("retrieve", 0.0, 0.2),
        ("wait", 0.2, 0.3),
        ("select", 0.3, 1.5),
        ("finish", 1.5, 1.6),
    ]


# --- the collector ----------------------------------------------------------------------------


class Collector(ThreadingHTTPServer):
    """Takes what is sent to it; answers after `delay_s`."""

    def __init__(self, delay_s: float = 0.0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.delay_s = delay_s
        self.bodies: list[tuple[str, bytes]] = []
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.bodies.append((self.path, body))
        self.server.closing.wait(self.server.delay_s)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def collecting(delay_s: float = 0.0) -> Iterator[Collector]:
    with Collector(delay_s) as collector:
        thread = threading.Thread(target=collector.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield collector
        finally:
            collector.closing.set()
            collector.shutdown()
            thread.join()


def answers_with(settings: Settings) -> list[str]:
    """The states of two questions, answered with the tracing of the settings."""
    with question_tracing(settings, "1.0") as tracings, Quoter(settings) as assistant:
        runner = QuestionRunner(assistant, 1)
        for tracing in tracings:
            runner.on_end(tracing.send)
        states = [runner.answer(SECRET).state for _ in range(2)]
        runner.close()
    return [str(state) for state in states]


def span_names(collector: Collector) -> list[str]:
    return [
        span.name
        for _, body in collector.bodies
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


@pytest.mark.parametrize("path", ["", "/", "/v1/traces"])
def test_a_collector_is_sent_the_spans_over_http(settings: Settings, path: str) -> None:
    with collecting() as collector:
        endpoint = {"otel_endpoint": collector.url + path}
        assert answers_with(settings.model_copy(update=endpoint)) == ["done", "done"]
    assert {where for where, _ in collector.bodies} == {"/v1/traces"}
    assert span_names(collector).count("question") == 2
    assert not any(b"Zacharias" in body for _, body in collector.bodies)


def test_a_proxy_of_the_environment_is_not_sent_what_is_for_this_machine(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with collecting() as collector:
        answers_with(settings.model_copy(update={"otel_endpoint": collector.url}))
    assert collector.bodies


def test_a_collector_that_is_down_breaks_no_answer_and_holds_no_end_up(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.CRITICAL):
        down = settings.model_copy(update={"otel_endpoint": "http://127.0.0.1:9"})
        assert answers_with(down) == ["done", "done"]


def test_no_answer_waits_for_a_collector_that_does_not_answer(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answers are there, and the program ends, while the collector still waits."""
    monkeypatch.setattr(open_telemetry, "CLOSE_S", 0.2)
    with collecting(delay_s=GUARD_S) as collector:
        slow = settings.model_copy(update={"otel_endpoint": collector.url})
        assert answers_with(slow) == ["done", "done"]
        assert not collector.closing.is_set()


def test_a_question_that_was_stopped_is_sent_too(settings: Settings) -> None:
    exporter = InMemorySpanExporter()
    tracing = QuestionTracing(exporter, "1.0")
    with closing(Gated(settings)) as assistant:
        assistant.ensure_seeds()
        runner = QuestionRunner(assistant, 1)
        runner.on_end(tracing.send)
        active = runner.ask(SECRET)
        while not assistant.writing:
            time.sleep(0.01)
        active.stop()
        runner.close()
    tracing.close()
    whole = question_of(list(exporter.get_finished_spans()))
    assert (whole.attributes or {})["footnote.outcome"] == "cancelled"


def test_the_command_sends_what_was_asked_of_its_server_before_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with taken() as port:
        pass
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        with command(tmp_path, "--port", str(port)) as run:
            giving_up = threading.Timer(PATIENCE_S, run.kill)
            giving_up.start()
            assert run.stdout is not None
            assert f":{port}/" in run.stdout.readline()
            url = f"http://127.0.0.1:{port}/v1/chat/completions"
            asked = {"messages": [{"role": "user", "content": SECRET}]}
            assert httpx.post(url, json=asked, timeout=PATIENCE_S).status_code == 200
            run.send_signal(signal.SIGTERM)
            _, errors = run.communicate(timeout=PATIENCE_S)
            giving_up.cancel()
    assert run.returncode == 0, errors
    assert span_names(collector).count("question") == 1


# --- settings ---------------------------------------------------------------------------------


def test_without_an_endpoint_there_is_none(settings: Settings) -> None:
    with question_tracing(settings, "1.0") as tracings:
        assert list(tracings) == []


@pytest.mark.parametrize("endpoint", ["127.0.0.1:4318", "file:///etc/passwd", "http://"])
def test_an_endpoint_that_is_no_url_is_an_error(settings: Settings, endpoint: str) -> None:
    wrong = settings.model_copy(update={"otel_endpoint": endpoint})
    with pytest.raises(SettingsError, match="no URL"), question_tracing(wrong, "1.0"):
        pass


def test_packages_that_are_missing_are_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        __import__("sys").modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None
    )
    wanted = settings.model_copy(update={"otel_endpoint": "http://127.0.0.1:9"})
    with pytest.raises(SettingsError, match=r"footnote-qa\[otel\]"), question_tracing(wanted, "1"):
        pass
