"""What a server keeps in memory does not grow with each load of its page and each question."""

from __future__ import annotations

import asyncio
import ctypes
import json
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any, cast

import httpx
import pytest

from rag.assistant import Assistant
from rag.settings import Settings
from tests.serving import Quoter, served
from ui.gate.sign_in import Access
from ui.web import gradio_page, server

SESSIONS = 3
EVENTS = 5


@pytest.fixture
def web(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(gradio_page, "SESSIONS", SESSIONS)
    monkeypatch.setenv("GRADIO_ANALYTICS_MAX_EVENTS", str(EVENTS))
    monkeypatch.delenv("GRADIO_ANALYTICS_CACHE_FREQUENCY", raising=False)
    with Quoter(settings) as assistant:
        web, runner, history = server.create_page(cast(Assistant, assistant), Access())
        yield web
        runner.close()
        history.close()


def gradio_app(web: Any) -> Any:
    """Gradio's application, which is mounted below the page's own routes."""
    return next(each.app for each in web.routes if hasattr(getattr(each, "app", None), "blocks"))


def begin(client: httpx.Client, session: str, name: str, *data: str, **acted: str) -> None:
    """Begin the event of Gradio's that is bound to `name`, the last where several are."""
    config = client.get("config").json()
    found = {name: each["id"] for each in config["dependencies"] for _, name in each["targets"]}
    sent = {"fn_index": found[name], "data": data, "session_hash": session, "event_data": acted}
    client.post("gradio_api/queue/join", json=sent).raise_for_status()


def load(client: httpx.Client, number: int) -> None:
    """Load the page, as a browser does: the event of Gradio that shows the conversation."""
    session = f"window-{number}"
    begin(client, session, "load")
    with client.stream("GET", f"gradio_api/queue/data?session_hash={session}") as stream:
        for line in stream.iter_lines():
            if "process_completed" in line:
                assert json.loads(line.removeprefix("data:"))["success"], line


def test_sessions_and_events_of_gradio_are_few_however_often_the_page_is_loaded(web: Any) -> None:
    with served(web) as url, httpx.Client(base_url=f"{url}/", timeout=60) as client:
        client.get("")  # the cookie that tells the owner
        for number in range(2 * EVENTS):
            load(client, number)
        app = gradio_app(web)
        queue = app.get_blocks()._queue
        assert len(app.state_holder.session_data) == SESSIONS
        assert len(queue.event_analytics) == EVENTS
        assert queue.events_recorded == 2 * EVENTS
        assert queue.cached_event_analytics_summary == {"functions": {}}  # no table was made


def test_a_queue_forgets_windows_that_have_ended_and_those_that_went_before(web: Any) -> None:
    with served(web) as url, httpx.Client(base_url=f"{url}/", timeout=60) as client:
        client.get("")
        load(client, 1)
        example = {"act": "example", "question": "endless what tariff rate applies to fentanyl?"}
        begin(client, "gone", "submit", "", "", **example)
        with client.stream("GET", "gradio_api/queue/data?session_hash=gone") as stream:
            next(line for line in stream.iter_lines() if "process_generating" in line)
        load(client, 2)
        queue = gradio_app(web).get_blocks()._queue
        for _ in range(200):  # until the server has seen that the window went
            if not queue.pending_messages_per_session:
                break
            time.sleep(0.05)
        assert not queue.pending_messages_per_session
        assert not queue.pending_event_ids_session


def test_a_session_keeps_neither_what_was_shown_nor_what_describes_the_parts(web: Any) -> None:
    import gradio as gr
    from gradio.state_holder import SessionState

    blocks = gradio_app(web).get_blocks()
    session = SessionState(blocks)
    ask = next(each for each in blocks.fns.values() if len(each.outputs) > len("all"))
    text = "a long answer"

    async def shown() -> None:
        for step in range(20):  # as an answer grows, some parts change and others do not
            values = [gr.skip() if (step + n) % 2 else text for n in range(len(ask.outputs))]
            output = await blocks.postprocess_data(ask, values, session)
            assert text in output

    asyncio.run(shown())
    assert session.blocks_config.blocks == blocks.blocks
    assert not session.config_values


HEAPS = """
import ctypes, threading
from ui.web.allocator import HEAPS, bound_heaps

assert bound_heaps()
libc = ctypes.CDLL(None)
full = threading.Barrier(20)

def work():
    libc.malloc(2000)
    full.wait()

threads = [threading.Thread(target=work) for _ in range(20)]
for each in threads: each.start()
for each in threads: each.join()
libc.fdopen.restype = ctypes.c_void_p
libc.malloc_info.argtypes = (ctypes.c_int, ctypes.c_void_p)
libc.malloc_info(0, libc.fdopen(1, b"w"))
libc.fflush(None)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_threads_share_a_few_heaps() -> None:
    from ui.web.allocator import HEAPS as MOST

    told = subprocess.run([sys.executable, "-c", HEAPS], capture_output=True, check=True, text=True)
    assert 1 <= told.stdout.count("<heap nr") <= MOST


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from ui.web.allocator import bound_heaps

    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    assert not bound_heaps()
