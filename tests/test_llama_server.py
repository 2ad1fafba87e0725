"""The served local model starts, answers, and ends with the process that started it."""

from __future__ import annotations

import gc
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import pytest

from rag.errors import ModelError, ModelFileError, ModelTimeout, ModelUnreachable
from rag.models import chat as chat_models
from rag.models import llama_server
from rag.models.gguf_files import model_file
from rag.models.llama_server import LocalServer
from rag.models.provider import LocalProvider
from rag.settings import Settings, load_settings
from rag.types import ChatModel, Delta, Message

# Stands in for llama.cpp in the child: the model file's words say what it does. A slot's state
# is what was last saved or restored; /die ends the process.
STUB = """
import json, os, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class common_speculative_type:
    COMMON_SPECULATIVE_TYPE_NGRAM_SIMPLE = 6

class CommonParams:
    def __getattr__(self, name):
        self.__dict__[name] = CommonParams()
        return self.__dict__[name]

class Server:
    def __init__(self, params):
        words = open(params.model.path).read().split()
        if "corrupt" in words:
            print("0.00.1 I loading", "0.00.2 E tensor is\\x1b[31m out of bounds",
                  "0.00.3 E failed to load model", sep="\\n", file=sys.stderr)
            raise RuntimeError("Failed to init server")
        if "gomp" in words:
            raise ImportError("libgomp.so.1: cannot open shared object file")
        if "mute" in words:
            os._exit(3)
        if "slow" in words:
            time.sleep(60)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path == "/die":
                    os._exit(7)
                code = 200
                if self.headers["Authorization"] != "Bearer " + params.api_keys[0]:
                    code = 401
                elif self.path.endswith("action=save"):
                    with open(params.slot_save_path + body["filename"], "wb") as file:
                        file.write(os.urandom(1000))
                elif not open(params.slot_save_path + body["filename"], "rb").read(1):
                    code = 400
                self.send_response(code)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        print("noise on standard error", file=sys.stderr)
        server = ThreadingHTTPServer((params.hostnames[0], params.port), Handler)
        self.listening_address = "http://127.0.0.1:%d" % server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
"""

PARENT = """
import json, os, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # also where the caller ignores it
from pathlib import Path
from rag.models import llama_server
from rag.settings import load_settings
server = llama_server.start_server(
    Path(sys.argv[1]), load_settings(cache_dir=Path(sys.argv[2]))
)
url = server.wait_until_loaded()
if "fork" in sys.argv:
    pid = os.fork()
    if not pid:
        time.sleep(60)
        os._exit(0)
else:
    pid = 0
print(json.dumps({"url": url, "forked": pid}), flush=True)
if "ignore" in sys.argv:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    print("ignoring", flush=True)
if "leave" not in sys.argv:
    time.sleep(60)
"""


@pytest.fixture
def stubbed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Children import the stub in place of llama.cpp. Returns a model file that works."""
    (tmp_path / "stub").mkdir()
    (tmp_path / "stub" / "xllamacpp.py").write_text(STUB)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "stub"), *_inherited()]))
    return make_model(tmp_path, "fine")


def _inherited() -> list[str]:
    path = os.environ.get("PYTHONPATH")
    return [path] if path else []


def make_model(folder: Path, words: str) -> Path:
    model = folder / f"{words}.gguf"
    model.write_text(f"GGUF {words}")
    return model


@pytest.fixture
def cached(tmp_path: Path) -> Settings:
    return load_settings(cache_dir=tmp_path / "cache")


@pytest.fixture
def server(stubbed: Path, cached: Settings) -> Iterator[LocalServer]:
    server = llama_server.start_server(stubbed, cached)
    yield server
    server.close()


def answers(url: str) -> bool:
    address = urlsplit(url)
    try:
        socket.create_connection((address.hostname or "", address.port or 0), timeout=2).close()
    except OSError:
        return False
    return True


def falls_silent(url: str, within_s: float = 20) -> bool:
    end = time.monotonic() + within_s
    while answers(url):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


# --- starting and failing ---------------------------------------------------------------------


def test_the_server_answers_on_loopback_behind_its_key(server: LocalServer) -> None:
    url = server.wait_until_loaded()
    assert url.startswith("http://127.0.0.1:")
    assert url.endswith("/v1")
    assert answers(url)
    assert len(server.api_key) >= 32
    assert server.name == "fine"


def test_each_server_has_its_own_key(stubbed: Path, cached: Settings) -> None:
    one, other = (
        llama_server.start_server(stubbed, cached),
        llama_server.start_server(stubbed, cached),
    )
    assert one.api_key != other.api_key
    one.close()
    other.close()


def test_the_key_is_not_in_the_command_line(server: LocalServer) -> None:
    assert server.api_key not in " ".join(map(str, server._child.args))  # type: ignore[arg-type]


def test_a_model_that_cannot_be_loaded_says_why(stubbed: Path, cached: Settings) -> None:
    server = llama_server.start_server(make_model(stubbed.parent, "corrupt"), cached)
    with pytest.raises(ModelFileError, match=r"tensor is.* out of bounds") as raised:
        server.wait_until_loaded()
    assert str(raised.value).isprintable()
    assert "failed to load" not in str(raised.value)
    server.close()


def test_a_missing_system_library_is_named_with_its_package(
    stubbed: Path, cached: Settings
) -> None:
    server = llama_server.start_server(make_model(stubbed.parent, "gomp"), cached)
    with pytest.raises(ModelFileError, match=r"libgomp\.so\.1.*apt-get install libgomp1"):
        server.wait_until_loaded()
    server.close()


def test_a_child_that_dies_silently_gives_its_exit_code(stubbed: Path, cached: Settings) -> None:
    server = llama_server.start_server(make_model(stubbed.parent, "mute"), cached)
    with pytest.raises(ModelFileError, match="code 3"):
        server.wait_until_loaded()
    server.close()


def test_a_slow_load_is_a_timeout_and_can_be_closed(stubbed: Path, cached: Settings) -> None:
    server = llama_server.start_server(make_model(stubbed.parent, "slow"), cached)
    with pytest.raises(ModelTimeout):
        server.wait_until_loaded(0.2)
    server.close()
    with pytest.raises(ModelError):
        server.wait_until_loaded()


def test_a_child_that_died_since_is_unreachable(server: LocalServer) -> None:
    url = server.wait_until_loaded()
    kill_from_inside(url)
    assert falls_silent(url)
    server._child.wait(5)
    with pytest.raises(ModelUnreachable, match="stopped"):
        server.wait_until_loaded()


def kill_from_inside(url: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
    connection.request("POST", "/die", "{}")
    with pytest.raises((OSError, http.client.HTTPException)):
        connection.getresponse()
    connection.close()


def test_without_llama_cpp_the_extra_is_named(
    stubbed: Path, cached: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(llama_server, "find_spec", lambda name: None)
    with pytest.raises(ModelFileError, match=r"footnote-qa\[local\]"):
        llama_server.start_server(stubbed, cached)


def test_a_gguf_file_of_garbage_is_refused_by_llama_cpp_itself(
    tmp_path: Path, cached: Settings
) -> None:
    garbage = tmp_path / "garbage.gguf"
    garbage.write_bytes(b"GGUF" + bytes(range(256)) * 100)
    server = llama_server.start_server(garbage, cached)
    with pytest.raises(ModelFileError, match=r"could not be loaded: .*version"):
        server.wait_until_loaded()
    server.close()


# --- ending -----------------------------------------------------------------------------------


def test_closing_ends_the_child_and_may_be_repeated(server: LocalServer) -> None:
    url = server.wait_until_loaded()
    server.close()
    server.close()
    assert server._child.poll() == 0
    assert not answers(url)


def test_a_forgotten_server_ends(stubbed: Path, cached: Settings) -> None:
    server = llama_server.start_server(stubbed, cached)
    url = server.wait_until_loaded()
    del server
    gc.collect()
    assert falls_silent(url)


def parent(model: Path, settings: Settings, *flags: str) -> tuple[subprocess.Popen[str], Any]:
    """A process that serves the model, and what it told of itself."""
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(model), str(settings.cache_dir), *flags],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())


def test_the_child_ends_with_its_parent(stubbed: Path, cached: Settings) -> None:
    process, told = parent(stubbed, cached, "leave")
    out, _ = process.communicate(timeout=20)
    assert out == ""
    assert process.returncode == 0
    assert not answers(told["url"])


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_child_ends_when_its_parent_is_killed(
    stubbed: Path, cached: Settings, signal_number: signal.Signals
) -> None:
    process, told = parent(stubbed, cached)
    assert answers(told["url"])
    process.send_signal(signal_number)
    process.communicate(timeout=20)
    assert falls_silent(told["url"])


def test_a_process_that_the_parent_forked_does_not_keep_the_child(
    stubbed: Path, cached: Settings
) -> None:
    process, told = parent(stubbed, cached, "fork")
    try:
        process.kill()
        assert falls_silent(told["url"])
    finally:
        os.kill(told["forked"], signal.SIGKILL)
        process.communicate(timeout=20)


def test_ctrl_c_in_the_terminal_does_not_reach_the_child(stubbed: Path, cached: Settings) -> None:
    process, told = parent(stubbed, cached, "ignore")
    assert process.stdout is not None
    assert process.stdout.readline() == "ignoring\n"
    os.killpg(process.pid, signal.SIGINT)
    time.sleep(0.3)
    assert answers(told["url"])
    process.kill()
    process.communicate(timeout=20)


# --- saved prompts ----------------------------------------------------------------------------


def saved(settings: Settings) -> list[Path]:
    return sorted((settings.cache_dir / "prompts").iterdir())


def test_a_saved_prompt_is_restored_by_a_later_server(
    server: LocalServer, stubbed: Path, cached: Settings
) -> None:
    assert server.save_state("ab-12")
    later = llama_server.start_server(stubbed, cached)
    assert later.restore_state("ab-12")
    assert not later.restore_state("ab-13")
    later.close()


def test_a_prompt_saved_again_replaces_the_old_one(server: LocalServer, cached: Settings) -> None:
    assert server.save_state("ab")
    (first,) = saved(cached)
    assert server.save_state("ab")
    (second,) = saved(cached)
    assert first != second
    assert server.restore_state("ab")


@pytest.mark.parametrize("damage", ["truncated", "empty", "garbage", "one bit"])
def test_a_damaged_prompt_is_forgotten(server: LocalServer, cached: Settings, damage: str) -> None:
    server.save_state("ab")
    (file,) = saved(cached)
    content = file.read_bytes()
    flipped = bytes([content[0] ^ 1]) + content[1:]
    file.write_bytes(
        {"truncated": content[:500], "empty": b"", "garbage": b"x" * 99, "one bit": flipped}[damage]
    )
    assert not server.restore_state("ab")
    assert saved(cached) == []
    assert server.wait_until_loaded()


def test_a_prompt_of_another_model_is_not_restored(
    server: LocalServer, stubbed: Path, cached: Settings
) -> None:
    server.save_state("ab")
    other = llama_server.start_server(make_model(stubbed.parent, "other"), cached)
    assert not other.restore_state("ab")
    other.close()
    assert server.restore_state("ab")


def test_the_longest_unused_prompts_are_removed(server: LocalServer, cached: Settings) -> None:
    for number in range(8):
        server.save_state(f"a{number}")
        os.utime(saved(cached)[-1], ns=(number, number))
    server.restore_state("a0")
    server.save_state("b")
    assert len(saved(cached)) == llama_server.MAX_SAVED_STATES
    assert server.restore_state("a0")
    assert not server.restore_state("a1")


@pytest.mark.parametrize("name", ["", "../ab", "AB", "ab.bin", "a/b", "ab\n", "a" * 65])
def test_a_prompts_name_is_hexadecimal(server: LocalServer, name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        server.save_state(name)
    with pytest.raises(ValueError, match="not a name"):
        server.restore_state(name)


# --- the real model ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real() -> Iterator[LocalServer]:
    settings = load_settings()
    server = llama_server.start_server(model_file(settings), settings)
    yield server
    server.close()


def _reply(server: LocalServer, question: str) -> tuple[str, dict[str, float], int]:
    chat = chat_models.local_chat(
        server.wait_until_loaded(), server.api_key, server.name, load_settings()
    )
    messages = [Message("system", "Answer in one word."), Message("user", question)]
    first, *rest = chat.stream(messages, max_tokens=4)
    usage = rest[-1].usage
    text = "".join(delta.text for delta in [first, *rest])
    return text, dict(first.alternatives), usage.cached_tokens if usage else 0


@pytest.mark.slow
def test_the_real_model_repeats_itself_exactly_after_a_restore(real: LocalServer) -> None:
    _reply(real, "")
    assert real.save_state("0123")
    question = "What is the capital of France?"
    assert real.restore_state("0123")
    first = _reply(real, question)
    _reply(real, "What is the capital of Spain?")
    assert real.restore_state("0123")
    assert _reply(real, question) == first
    assert "Paris" in first[0]
    assert first[2] > 5  # the saved tokens were not read again


@pytest.mark.slow
def test_the_real_server_survives_damaged_prompts(real: LocalServer) -> None:
    _reply(real, "")
    prompts = real._state_dir
    for damage in (lambda content: content[: len(content) // 2], lambda content: b"x" * 9999):
        assert real.save_state("4567")
        (file,) = prompts.glob("*.4567.*")
        file.write_bytes(damage(file.read_bytes()))
        assert not real.restore_state("4567")
    assert "Paris" in _reply(real, "What is the capital of France?")[0]


@pytest.mark.slow
def test_the_real_server_refuses_other_keys_and_foreign_pages(real: LocalServer) -> None:
    def ask(path: str, key: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(
            urlsplit(real.wait_until_loaded()).netloc, timeout=5
        )
        headers = {"Authorization": f"Bearer {key}", "Origin": "http://evil.example"}
        connection.request("GET", path, headers=headers)
        return connection.getresponse()

    assert ask("/slots", real.api_key).status != 200
    assert ask("/props", "wrong").status == 401
    assert ask("/", real.api_key).status == 404
    assert ask("/v1/models", real.api_key).getheader("Access-Control-Allow-Origin") in (None, "")


@pytest.mark.slow
def test_the_real_child_ends_when_its_parent_is_killed() -> None:
    settings = load_settings()
    process, told = parent(model_file(settings), settings)
    process.kill()
    process.communicate(timeout=20)
    assert falls_silent(told["url"])


def test_what_was_read_last_is_left_by_another_prompt_before_a_saved_one_takes_its_place() -> None:
    """llama.cpp keeps an article that was read only where another prompt follows it: without one,
    each question read it anew."""
    steps = list[str]()

    class Model:
        name, budget_tokens = "recorded", 220

        def stream(self, messages: Sequence[Message], **_: Any) -> Generator[Delta, None, None]:
            steps.append(messages[0].content)
            yield Delta("")

    class Server:
        def restore_state(self, name: str) -> bool:
            steps.append("restored")
            return True

    provider = LocalProvider(load_settings(), None)
    provider._reset_to_prompt_prefix(cast(LocalServer, Server()), cast(ChatModel, Model()))
    assert steps == ["Read the text and answer the question.", "restored"]
