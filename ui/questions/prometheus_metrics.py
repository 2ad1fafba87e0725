"""Counts and times of a server's work, in the text format of Prometheus.

No label holds a text of a question, a name of a person or anything else that a user chooses; every
label has a few known values.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from rag import Job
from rag.errors import FootnoteError
from ui.questions.outcome import kind_of, outcome_of, usage_of

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric
    from prometheus_client.registry import Collector

    from ui.questions.model_status import ModelLoader
    from ui.questions.runner import ActiveQuestion, QuestionRunner

BUCKETS_S = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 120.0)
STAGE_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0)
JOB_STATES = ("waiting", "running", "done", "failed", "cancelled")


class Metrics:
    """The metrics of one server, in a registry of their own. Safe among threads."""

    def __init__(self, version: str = "") -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram, Info, ProcessCollector

        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)  # memory, processor time, open files
        Info("footnote_build", "The version.", registry=registry).info({"version": version})
        self._questions = Counter(
            "footnote_questions",
            "Questions that ended.",
            ("kind", "outcome"),
            registry=registry,
        )
        self._first_text = Histogram(
            "footnote_first_text_seconds",
            "From a question to the first text of its answer, with the wait in line.",
            buckets=BUCKETS_S,
            registry=registry,
        )
        self._whole = Histogram(
            "footnote_answer_seconds",
            "From a question to its end, with the wait in line.",
            ("outcome",),
            buckets=BUCKETS_S,
            registry=registry,
        )
        self._stages = Histogram(
            "footnote_stage_seconds",
            "What a stage of an answer computed.",
            ("stage",),
            buckets=STAGE_BUCKETS_S,
            registry=registry,
        )
        self._tokens = Counter(
            "footnote_model_tokens",
            "Tokens of the language model, as its server counted them.",
            ("direction",),
            registry=registry,
        )
        self._replies = Counter(
            "footnote_http_replies",
            "HTTP replies by status; refused requests have 401, 403, 408, 413, 421 or 429.",
            ("status",),
            registry=registry,
        )

    def count_question(self, active: ActiveQuestion) -> None:
        """Count a question that has ended."""
        exchange, answer = active.exchange, active.exchange.answer
        outcome = outcome_of(exchange)
        self._questions.labels(kind_of(active), outcome).inc()
        self._whole.labels(outcome).observe(active.trace.seconds)
        if active.first_text_s is not None:
            self._first_text.observe(active.first_text_s)
        for stage, seconds in (answer.timings if answer else {}).items():
            self._stages.labels(stage).observe(seconds)
        usage = usage_of(active)
        self._tokens.labels("read").inc(usage.prompt_tokens)
        self._tokens.labels("read_cached").inc(usage.cached_tokens)
        self._tokens.labels("written").inc(usage.completion_tokens)

    def count_reply(self, status: int) -> None:
        """Count an HTTP reply."""
        self._replies.labels(str(status)).inc()

    def watch_questions(self, runner: QuestionRunner, loader: ModelLoader | None = None) -> None:
        """From now on, read the queue and the state of the model whenever the metrics are read."""
        from prometheus_client import Gauge

        running = Gauge("footnote_questions_running", "Being answered.", registry=self._registry)
        running.set_function(lambda: runner.busy)
        waiting = Gauge("footnote_questions_waiting", "In the queue.", registry=self._registry)
        waiting.set_function(lambda: runner.waiting)
        if loader:
            ready = Gauge("footnote_model_ready", "1: it is loaded.", registry=self._registry)
            ready.set_function(lambda: float(loader.status.ready))

    def watch_jobs(self, jobs: Callable[[], Sequence[Job]]) -> None:
        """From now on, count the jobs of indexing whenever the metrics are read."""
        self._registry.register(_jobs_collector(jobs))

    def render(self) -> tuple[bytes, str]:
        """The metrics and their media type."""
        from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

        return generate_latest(self._registry), CONTENT_TYPE_LATEST


def _jobs_collector(jobs: Callable[[], Sequence[Job]]) -> Collector:
    from prometheus_client.metrics_core import GaugeMetricFamily
    from prometheus_client.registry import Collector as Base

    class Jobs(Base):
        def collect(self) -> Iterator[Metric]:
            told = "Jobs of indexing: those under way, and the last that ended."
            family = GaugeMetricFamily("footnote_indexing_jobs", told, labels=["state"])
            try:
                tally = Tally[str](job.state for job in jobs())
            except FootnoteError:  # the other metrics are of use all the same
                return
            for state in JOB_STATES:
                family.add_metric([state], tally[state])
            yield family

    return Jobs()
