"""Sends a span for each question, and one for each of its stages, to a collector of OpenTelemetry.

The spans are made of the trace when a question has ended, and sent by a thread of the SDK: no
answer waits for the collector. Where that is down, spans are dropped. Texts are left out unless
they are wanted.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import time_ns
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rag.errors import SettingsError
from rag.settings import Settings, is_loopback
from ui.questions.outcome import kind_of, outcome_of, usage_of
from ui.questions.trace import (
    CheckedSentence,
    ModelRequest,
    Note,
    Rewriting,
    Search,
    Selection,
    Step,
    Trace,
)

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

    from ui.questions.runner import ActiveQuestion

TRACES_PATH = "/v1/traces"
TIMEOUT_S = 5.0  # of one request to the collector
CLOSE_S = 2.0  # for what is not sent yet, when the server ends
NS = 1_000_000_000

Value = str | bool | int | float


@dataclass(frozen=True, slots=True)
class StageSpan:
    """What happened until a step of a trace, since the step before; seconds since the start."""

    name: str
    start_s: float
    end_s: float
    attributes: Mapping[str, Value] = field(default_factory=dict)


def stage_spans(trace: Trace) -> Iterator[StageSpan]:
    """The stages of a question, one after the other. Their texts are left out."""
    start_s = 0.0
    for step in trace.steps:
        name = "finish" if step is trace.steps[-1] else _name(step)
        yield StageSpan(name, start_s, step.at_s, _attributes(step))
        start_s = step.at_s


def _name(step: Step) -> str:
    match step:
        case Rewriting():
            return "rewrite"
        case Search():
            return "retrieve"
        case Selection():
            return "select"
        case ModelRequest(purpose=purpose):
            return f"model {purpose}"
        case CheckedSentence():
            return "check"
        case Note():
            return "wait"


def _attributes(step: Step) -> Mapping[str, Value]:
    match step:
        case Search(found=found, left_out=left_out):
            return {"footnote.chunks": len(found) + left_out}
        case Selection(selected=selected):
            return {"footnote.passages": len(selected)}
        case ModelRequest(usage=usage):
            return {
                "gen_ai.usage.input_tokens": usage.prompt_tokens,
                "gen_ai.usage.output_tokens": usage.completion_tokens,
            }
        case CheckedSentence(action=action, support=support):
            return {"footnote.action": action, "footnote.support": support}
    return {}


class QuestionTracing:
    """Sends the spans of questions with `exporter`; with their texts where `sends_text`."""

    def __init__(self, exporter: SpanExporter, version: str, *, sends_text: bool = False) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        named = Resource.create({"service.name": "footnote", "service.version": version})
        self._provider = TracerProvider(resource=named, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("footnote", version)
        self._sends_text = sends_text

    def send(self, active: ActiveQuestion) -> None:
        """Send the spans of a question that has ended, in the background."""
        from opentelemetry.trace import SpanKind, StatusCode, set_span_in_context

        trace = active.trace
        began_ns = time_ns() - int(NS * trace.age_s())
        span = self._tracer.start_span(
            "question",
            kind=SpanKind.SERVER,
            start_time=began_ns,
            attributes=dict(self._of_question(active)),
        )
        if outcome_of(active.exchange) == "failed":
            span.set_status(StatusCode.ERROR)
        inside = set_span_in_context(span)
        for stage in stage_spans(trace):
            started = self._tracer.start_span(
                stage.name,
                inside,
                start_time=began_ns + int(NS * stage.start_s),
                attributes=dict(stage.attributes),
            )
            started.end(began_ns + int(NS * stage.end_s))
        span.end(began_ns + int(NS * trace.seconds))

    def _of_question(self, active: ActiveQuestion) -> Iterator[tuple[str, Value]]:
        exchange, usage = active.exchange, usage_of(active)
        yield "footnote.kind", kind_of(active)
        yield "footnote.outcome", outcome_of(exchange)
        yield "gen_ai.usage.input_tokens", usage.prompt_tokens
        yield "gen_ai.usage.output_tokens", usage.completion_tokens
        if active.first_text_s is not None:
            yield "footnote.first_text_s", round(active.first_text_s, 3)
        if answer := exchange.answer:
            yield "footnote.answers", answer.answers
            yield "footnote.claims", len(answer.claims)
            for stage, seconds in answer.timings.items():
                yield f"footnote.seconds.{stage}", seconds
        if self._sends_text:
            yield "footnote.question", exchange.question
            yield "footnote.answer", exchange.answer.text if exchange.answer else ""

    def close(self) -> None:
        """Send what is left, for at most `CLOSE_S` seconds."""
        ending = threading.Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        ending.join(CLOSE_S)


@contextmanager
def question_tracing(settings: Settings, version: str) -> Iterator[Sequence[QuestionTracing]]:
    """The tracing that the settings name, closed with the block; none where they name none.

    Raises `SettingsError` for an endpoint that is no URL, or where the extra is not installed.
    """
    if not settings.otel_endpoint:
        yield ()
        return
    exporter = _exporter(settings.otel_endpoint)
    tracing = QuestionTracing(exporter, version, sends_text=settings.otel_text)
    try:
        yield (tracing,)
    finally:
        tracing.close()


def _exporter(endpoint: str) -> SpanExporter:
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(
            "FOOTNOTE_OTEL_ENDPOINT is no URL of a collector.",
            "Give one such as http://127.0.0.1:4318.",
        )
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from requests import Session
    except ImportError as error:
        raise SettingsError(
            "The packages that send traces are not installed.",
            "Install them: `pip install 'footnote-qa[otel]'`, or unset FOOTNOTE_OTEL_ENDPOINT.",
        ) from error
    session = Session()
    session.trust_env = not is_loopback(endpoint)  # no proxy stands before this machine
    url = endpoint.rstrip("/").removesuffix(TRACES_PATH) + TRACES_PATH
    return OTLPSpanExporter(url, timeout=TIMEOUT_S, session=session)
