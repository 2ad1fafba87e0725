"""What those who run the server ask it: health, readiness and metrics."""

from __future__ import annotations

import re
import threading
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.testclient import TestClient

from rag.assistant import Assistant
from rag.build import build
from rag.errors import LibraryError, ModelFileError, ModelUnreachable
from rag.events import Event
from rag.settings import Settings, load_settings
from tests.assistants import QuotingAssistant
from tests.serving import Quoter, served, site
from tests.test_question_runner import Gated
from tests.waiting import until
from ui.gate.sign_in import Access
from ui.gate.users import Users
from ui.questions import model_status
from ui.questions.model_status import ModelLoader
from ui.questions.prometheus_metrics import Metrics
from ui.questions.runner import ActiveQuestion, QuestionRunner
from ui.web import server
from ui.web.monitoring_routes import MonitoringRoutes

GUARD_S = 30.0
ONCE = "What tariff rate applies to fentanyl?"
EMBEDDER_FAULT = ModelFileError("The embedder at /srv/secret is damaged.", "Install it again.")
SIGNED_IN = Access(Users({"ada": "lovelace"}))
BASIC = {"Authorization": f"Basic {b64encode(b'ada:lovelace').decode()}"}

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(text: str) -> Samples:
    """Each sample of the metrics by its name and labels."""
    return {
        (each.name, tuple(sorted(each.labels.items()))): each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
    }


# --- the real server --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page over the seed articles without a language model."""
    settings = load_settings(data_dir=tmp_path_factory.mktemp("monitored"), model="none")
    with closing(build(settings)) as assistant:
        assistant.ensure_seeds()
        web, runner, history = server.create_page(assistant, Access(), metrics=True)
        with served(web) as address:
            yield address
        runner.close()
        history.close()


def ask(url: str, question: str) -> dict[str, Any]:
    asked = {"messages": [{"role": "user", "content": question}]}
    reply = httpx.post(f"{url}/v1/chat/completions", json=asked, timeout=GUARD_S)
    found: dict[str, Any] = reply.json()
    return found


def test_the_server_is_ready_when_the_index_is_open_and_the_embedder_is_loaded(url: str) -> None:
    until(lambda: httpx.get(f"{url}/readyz").status_code == 200)
    ready = {"state": "ready"}
    expected = {"ready": True, "index": ready, "embedder": ready, "model": ready}
    assert httpx.get(f"{url}/readyz").json() == expected
    assert httpx.get(f"{url}/healthz").json() == httpx.get(f"{url}/health").json()
    assert httpx.get(f"{url}/healthz").json()["ok"] is True


def test_a_question_is_counted_by_kind_and_outcome_with_its_times(url: str) -> None:
    ask(url, ONCE)
    ask(url, "Who won the cheese contest of 1911 in Atlantis?")
    ended = ("footnote_questions_total", (("kind", "fact"), ("outcome", "answered")))
    until(lambda: metrics(url).get(ended, 0) >= 1)
    found = metrics(url)
    assert found["footnote_first_text_seconds_count", ()] >= 1
    whole = found["footnote_answer_seconds_sum", (("outcome", "answered"),)]
    stages = {dict(labels)["stage"] for name, labels in found if name.endswith("stage_seconds_sum")}
    assert {"retrieve", "select"} <= stages
    assert found["footnote_stage_seconds_sum", (("stage", "retrieve"),)] < whole
    assert found["footnote_model_ready", ()] == 1
    assert found["footnote_questions_running", ()] == 0
    assert found["footnote_indexing_jobs", (("state", "running"),)] == 0


def metrics(url: str) -> Samples:
    reply = httpx.get(f"{url}/metrics")
    assert reply.headers["content-type"].startswith("text/plain; version=")
    return samples(reply.text)


def test_no_label_holds_what_a_person_writes(url: str) -> None:
    ask(url, "zebra fentanyl?")
    httpx.get(f"{url}/zebra")
    text = httpx.get(f"{url}/metrics").text
    assert "zebra" not in text
    known = {"kind", "outcome", "le", "stage", "direction", "status", "state", "version"}
    assert {name for _, labels in samples(text) for name, _ in labels} <= known


# --- readiness --------------------------------------------------------------------------------


class Parts(QuotingAssistant):
    """An assistant of which parts can be made to fail."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.faults: dict[str, Exception] = {}
        self.go = threading.Event()
        self.go.set()
        self.embedder = self  # type: ignore[assignment]
        self.opened = 0

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        self._raise("embedder")
        return [[1.0] for _ in texts]

    def load_model(self) -> None:
        assert self.go.wait(GUARD_S)
        self._raise("model")

    def open_vectors(self) -> None:
        self.opened += 1
        self._raise("vectors")

    def _raise(self, part: str) -> None:
        if part in self.faults:
            raise self.faults[part]


@pytest.fixture
def parts(settings: Settings) -> Iterator[Parts]:
    with closing(Parts(settings)) as assistant:
        yield assistant


def started(parts: Parts, *, waits: bool = True) -> tuple[TestClient, ModelLoader]:
    loader = ModelLoader(cast(Any, parts))
    loader.start()
    if waits:
        loader.wait(GUARD_S)
    routes = MonitoringRoutes(cast(Assistant, parts), LetIn(), loader).all()
    return TestClient(Starlette(routes=routes)), loader


class LetIn(Access):
    """Takes the header ``X-Stranger`` for a request without a password."""

    def is_let_in(self, request: Any) -> bool:
        return "x-stranger" not in request.headers


STRANGER = {"X-Stranger": "1"}


def test_a_model_that_is_starting_is_said_to_be_and_holds_nothing_up(parts: Parts) -> None:
    parts.go.clear()
    client, loader = started(parts, waits=False)
    until(lambda: loader.status.embeds)
    reply = client.get("/readyz")
    assert (reply.status_code, reply.json()["model"]) == (200, {"state": "starting"})
    parts.go.set()
    loader.wait(GUARD_S)
    assert client.get("/readyz").json()["model"] == {"state": "ready"}


@pytest.mark.parametrize("part", ["embedder", "model"])
def test_a_model_that_failed_is_not_ready_and_only_friends_learn_why(
    parts: Parts, part: str
) -> None:
    parts.faults[part] = EMBEDDER_FAULT
    client, _ = started(parts)
    reply = client.get("/readyz")
    assert (reply.status_code, reply.json()["ready"]) == (503, False)
    assert reply.json()[part] == {"state": "failed", "error": str(EMBEDDER_FAULT)}
    strangers = client.get("/readyz", headers=STRANGER)
    assert strangers.status_code == 503
    assert strangers.json()[part] == {"state": "failed"}
    assert "secret" not in strangers.text
    assert client.get("/healthz").status_code == 200


def test_a_model_server_that_comes_later_is_found(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_status, "RETRY_S", 0.0)
    parts.faults["model"] = ModelUnreachable("No server answered.", "Start it.")
    client, _ = started(parts)
    assert client.get("/readyz").status_code == 503
    del parts.faults["model"]
    until(lambda: client.get("/readyz").status_code == 200)
    assert client.get("/healthz").json()["model"]["error"] == ""


def test_a_failed_model_is_not_loaded_again_with_every_probe(parts: Parts) -> None:
    parts.faults["model"] = ModelUnreachable("No server answered.", "Start it.")
    client, loader = started(parts)
    del parts.faults["model"]
    for _ in range(5):
        assert client.get("/readyz").status_code == 503
        loader.wait(GUARD_S)


def test_vectors_that_do_not_open_are_told_and_tried_again(parts: Parts) -> None:
    parts.faults["vectors"] = LibraryError("The vectors are damaged.", "Make them again.")
    client, _ = started(parts)
    reply = client.get("/readyz")
    assert (reply.status_code, reply.json()["index"]["state"]) == (503, "failed")
    del parts.faults["vectors"]
    assert client.get("/readyz").status_code == 200
    assert client.get("/readyz").status_code == 200
    assert parts.opened == 2  # not while somebody may write


def test_documents_that_can_no_longer_be_read_are_told(parts: Parts) -> None:
    client, _ = started(parts)
    assert client.get("/readyz").status_code == 200
    parts.library.close()
    reply = client.get("/readyz")
    assert (reply.status_code, reply.json()["index"]["state"]) == (503, "failed")


# --- who may ask ------------------------------------------------------------------------------


def test_probes_need_no_password_and_metrics_do(settings: Settings) -> None:
    with site(settings, SIGNED_IN, metrics=Metrics()) as built, served(built.app) as url:
        assert httpx.get(f"{url}/healthz").json() == {"ok": True}
        assert httpx.get(f"{url}/readyz").status_code == 200
        assert httpx.get(f"{url}/healthz", headers={"Host": "10.0.0.7"}).status_code == 200
        assert httpx.get(f"{url}/metrics").status_code == 401
        shown = httpx.get(f"{url}/metrics", headers=BASIC)
        assert shown.status_code == 200
        assert samples(shown.text)["footnote_http_replies_total", (("status", "401"),)] == 1


def test_there_are_no_metrics_unless_they_are_wanted(settings: Settings) -> None:
    with site(settings) as built, served(built.app) as url:
        reply = httpx.get(f"{url}/metrics")
    assert reply.status_code == 404


# --- every end of a question ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "outcome"),
    [("fentanyl", "answered"), ("fentanyl unknown", "declined"), ("", "failed")],
)
def test_an_outcome_is_counted(settings: Settings, question: str, outcome: str) -> None:
    kept = Metrics()
    with Quoter(settings) as assistant:
        runner = QuestionRunner(assistant, 1)
        runner.on_end(kept.count_question)
        runner.answer(question)
        runner.close()
    found = samples(kept.render()[0].decode())
    name, labels = "footnote_questions_total", (("kind", "unknown"), ("outcome", outcome))
    assert found[name, labels] == 1
    assert found["footnote_answer_seconds_count", (("outcome", outcome),)] == 1
    tokens = found.get(("footnote_model_tokens_total", (("direction", "read"),)))
    assert tokens == (812 if outcome == "answered" else 0)


def test_a_question_that_was_stopped_and_one_that_found_no_place_are_counted(
    settings: Settings,
) -> None:
    kept = Metrics()
    with closing(Gated(settings)) as assistant:
        assistant.ensure_seeds()
        runner = QuestionRunner(assistant, 1, max_waiting=0)
        kept.watch_questions(runner)
        runner.on_end(kept.count_question)
        first = runner.ask("fentanyl")
        until(lambda: bool(assistant.writing))
        assert samples(kept.render()[0].decode())["footnote_questions_running", ()] == 1
        assert runner.ask("fentanyl").exchange.state == "failed"
        first.stop()
        runner.close()
    found = samples(kept.render()[0].decode())
    for outcome in ("cancelled", "failed"):
        assert found["footnote_answer_seconds_count", (("outcome", outcome),)] == 1
    assert ("footnote_first_text_seconds_count", ()) in found
    assert found["footnote_questions_running", ()] == 0


def test_metrics_that_cannot_be_read_leave_the_others(settings: Settings) -> None:
    def jobs() -> Any:
        raise LibraryError("The list of jobs is damaged.", "Delete it.")

    kept = Metrics("1.0")
    kept.watch_jobs(jobs)
    found = samples(kept.render()[0].decode())
    assert found["footnote_build_info", (("version", "1.0"),)] == 1
    assert not [name for name, _ in found if name == "footnote_indexing_jobs"]


def test_an_observer_that_fails_breaks_no_answer(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: ActiveQuestion) -> None:
        raise ZeroDivisionError

    with Quoter(settings) as assistant:
        runner = QuestionRunner(assistant, 1)
        runner.on_end(fail)
        assert runner.answer("fentanyl").state == "done"
        assert runner.answer("fentanyl").state == "done"
        runner.close()
    assert "was not observed" in caplog.text


def test_the_answer_names_the_kind_that_the_question_wants(tmp_path: Path) -> None:
    with closing(build(load_settings(data_dir=tmp_path, model="none"))) as assistant:
        assistant.ensure_seeds()
        kinds = [last(assistant.stream(each)) for each in ("hello", "Summarize the articles.")]
    assert kinds == ["conversation", "summary"]


def last(events: Iterator[Event]) -> str:
    *_, end = events
    return getattr(end, "kind", "")


def test_every_metric_has_a_help_text_and_the_prefix(settings: Settings) -> None:
    kept = Metrics()
    for family in text_string_to_metric_families(kept.render()[0].decode()):
        assert family.documentation
        assert re.match("footnote_|process_", family.name)
