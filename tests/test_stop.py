"""Does what was set going end when it is told to, and nothing else with it?"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from socket import socket
from typing import TypeVar

import pytest

from rag.assistant import Assistant
from rag.cancellation import Cancellation, iterate_in_thread, run_cancellable
from rag.errors import Cancelled
from rag.events import Checked, Event, Finished, Retrieved, Selected, Token
from rag.models import chat as chat_models
from rag.models.chat import OpenAIChat
from rag.settings import load_settings
from rag.types import ChatModel, Delta, Message, Turn
from tests.asking import FENTANYL, LARGE, SMALL, STATED, Index, asks_yes_or_no, prompt, script
from tests.fakes import Hang, Reply, Request, Script, Scripted, ScriptedServer, Status

pytest_plugins = ["tests.seeds"]

T = TypeVar("T")

QUESTION = [Message("user", "Who said so?")]
ENDLESS = Reply([" word"] * 2000, pause_s=0.01)
STALLED = Reply(["One", " two"], stalls_after=1)


def soon(call: Callable[[], object]) -> None:
    """Call it from another thread, when this one probably waits already."""
    threading.Timer(0.1, call).start()


def while_it_waits(stop: Cancellation, script: Scripted) -> list[Script]:
    """The stop is set soon after the server has heard a request, which it answers so."""

    def reply(request: Request) -> Scripted:
        soon(stop.cancel)
        return script

    return [reply]


def each(items: Iterator[T], see: Callable[[T], object]) -> None:
    """See each item as it comes."""
    for item in items:
        see(item)


# --- the word ---------------------------------------------------------------------------------


def test_a_stop_that_is_set_stays_set_and_says_so() -> None:
    stop = Cancellation()
    stop.raise_if_cancelled()
    assert not stop.is_cancelled
    stop.cancel()
    stop.cancel()
    assert stop.is_cancelled
    with pytest.raises(Cancelled) as raised:
        stop.raise_if_cancelled()
    assert (raised.value.problem, raised.value.exit_code) == ("Stopped.", 18)
    assert raised.value.remedy


def test_a_stop_calls_once_whoever_is_within() -> None:
    stop, calls = Cancellation(), list[str]()
    with stop.on_cancel(lambda: calls.append("outer")):
        with stop.on_cancel(lambda: calls.append("over")):
            pass
        with stop.on_cancel(lambda: calls.append("inner")):
            stop.cancel()
            stop.cancel()
    assert calls == ["outer", "inner"]
    with stop.on_cancel(lambda: calls.append("late")):
        assert calls == ["outer", "inner", "late"]


# --- work that goes on ------------------------------------------------------------------------


@pytest.mark.parametrize("stop", [None, Cancellation()], ids=["without", "with"])
def test_work_is_waited_for_and_its_errors_are_raised(stop: Cancellation | None) -> None:
    assert run_cancellable(lambda: "done", stop) == "done"
    with pytest.raises(ZeroDivisionError):
        run_cancellable(lambda: 1 // 0, stop)


def test_work_goes_on_when_nobody_waits_for_it_any_more() -> None:
    stop, go, done = Cancellation(), threading.Event(), threading.Event()
    soon(stop.cancel)

    def work() -> None:
        go.wait(30)
        done.set()

    with pytest.raises(Cancelled):
        run_cancellable(work, stop)
    assert not done.is_set()
    go.set()
    assert done.wait(10)


def test_work_is_not_begun_after_a_stop() -> None:
    stop, begun = Cancellation(), list[str]()
    stop.cancel()
    with pytest.raises(Cancelled):
        run_cancellable(lambda: begun.append("begun"), stop)
    assert begun == []


# --- items that are made elsewhere ------------------------------------------------------------


class Making:
    """Yields `items`, then waits for ever or raises `fault`; knows when its cleanup ran."""

    def __init__(self, items: Sequence[int] = (1, 2, 3), fault: Exception | None = None) -> None:
        self.items, self.fault = items, fault
        self.cleaned = threading.Event()

    async def __call__(self) -> AsyncGenerator[int, None]:
        try:
            for item in self.items:
                yield item
            if self.fault:
                raise self.fault
            await asyncio.sleep(30)
        finally:
            await asyncio.sleep(0)
            self.cleaned.set()


async def counting() -> AsyncGenerator[int, None]:
    for number in range(1000):
        await asyncio.sleep(0)
        yield number


def test_items_come_in_order_and_end() -> None:
    assert list(iterate_in_thread(counting(), None)) == list(range(1000))


def test_an_error_comes_after_the_items_before_it() -> None:
    making, seen = Making(fault=KeyError("gone")), list[int]()
    with pytest.raises(KeyError, match="gone"):
        seen.extend(iterate_in_thread(making(), Cancellation()))
    assert making.cleaned.is_set()


def test_a_stop_wakes_who_waits_and_the_cleanup_has_run_by_then() -> None:
    making, stop, seen = Making(), Cancellation(), list[int]()
    soon(stop.cancel)
    with pytest.raises(Cancelled):
        each(iterate_in_thread(making(), stop), seen.append)
    assert seen == [1, 2, 3]
    assert making.cleaned.is_set()


def test_after_a_stop_nothing_comes_that_was_there_already() -> None:
    making, stop = Making(range(1000)), Cancellation()
    items = iterate_in_thread(making(), stop)
    assert next(items) == 0
    stop.cancel()
    with pytest.raises(Cancelled):
        next(items)
    assert list(items) == []


def test_closing_ends_the_making() -> None:
    making = Making()
    items = iterate_in_thread(making(), Cancellation())
    assert next(items) == 1
    items.close()
    assert making.cleaned.wait(10)


def test_items_can_be_pulled_where_an_event_loop_runs_already() -> None:
    """In a notebook, or in an async handler of a server."""

    async def main() -> list[int]:
        return list(iterate_in_thread(counting(), Cancellation()))

    assert len(asyncio.run(main())) == 1000


def test_one_thread_may_begin_and_another_go_on() -> None:
    """As servers do that run each step of a generator in whatever thread is free."""
    making, stop = Making(), Cancellation()
    items = iterate_in_thread(making(), stop)
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
        assert [one.submit(next, items).result(), other.submit(next, items).result()] == [1, 2]
        other.submit(items.close).result()
    assert making.cleaned.wait(10)


# --- a request to a model ---------------------------------------------------------------------


def chat(server: ScriptedServer) -> OpenAIChat:
    """With the SDK's retry, and a limit at which a stop that does nothing would show."""
    return chat_models.hosted_chat(
        load_settings(llm_base_url=server.base_url, model="scripted", timeout_s=8)
    )


@pytest.mark.parametrize(
    "script",
    [
        Hang(),
        STALLED,
        ENDLESS,
        Status(429, headers={"retry-after": "8"}),
        Status(503, headers={"retry-after": "8"}),
    ],
    ids=["before the headers", "between tokens", "amid tokens", "before a retry", "and another"],
)
def test_a_stop_ends_the_request_wherever_it_waits(script: Scripted) -> None:
    stop = Cancellation()
    with ScriptedServer(while_it_waits(stop, script)) as server:
        with pytest.raises(Cancelled):
            list(chat(server).stream(QUESTION, max_tokens=2000, cancellation=stop))
        assert isinstance(script, Status) or server.dropped.wait(10)
        assert len(server.requests) == 1  # nor is it sent again


def test_a_stop_that_comes_with_the_request_ends_it() -> None:
    stop = Cancellation()

    def reply(request: Request) -> Scripted:
        stop.cancel()
        return Hang()

    with ScriptedServer([reply]) as server:
        with pytest.raises(Cancelled):
            list(chat(server).stream(QUESTION, max_tokens=5, cancellation=stop))
        assert server.dropped.wait(10)


def test_after_a_stop_no_request_is_sent() -> None:
    stop = Cancellation()
    stop.cancel()
    with ScriptedServer() as server:
        with pytest.raises(Cancelled):
            list(chat(server).stream(QUESTION, max_tokens=5, cancellation=stop))
        assert server.requests == []
        assert server.keys == []


@pytest.fixture
def deaf() -> Iterator[int]:
    """A port where connections are neither taken nor refused: the queue is full."""
    with socket() as listening, socket() as first, socket() as second:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        address = listening.getsockname()
        for each in (first, second):
            each.setblocking(False)
            each.connect_ex(address)
        yield address[1]


def test_a_stop_ends_the_wait_for_a_connection(deaf: int) -> None:
    chat = chat_models.local_chat(f"http://127.0.0.1:{deaf}/v1", "k", "small", load_settings())
    stop = Cancellation()
    soon(stop.cancel)
    with pytest.raises(Cancelled):
        list(chat.stream(QUESTION, max_tokens=5, cancellation=stop))


def test_a_stop_ends_its_own_request_and_no_other() -> None:
    stops = [Cancellation() for _ in range(6)]
    words = " ".join(["word"] * 40)

    def reply(request: Request) -> Scripted:
        kept = request["messages"][0]["content"] == "Keep."
        return Reply.of(words, pause_s=0.02) if kept else ENDLESS

    with ScriptedServer([reply]) as server, ThreadPoolExecutor(7) as threads:
        model = chat(server)

        def ask(stop: Cancellation) -> list[Delta]:
            return list(model.stream([Message("user", "End.")], max_tokens=2000, cancellation=stop))

        ended = [threads.submit(ask, stop) for stop in stops]
        kept = model.stream([Message("user", "Keep.")], max_tokens=100, cancellation=Cancellation())
        said = next(kept).text
        for stop in stops:
            soon(stop.cancel)
        said += "".join(delta.text for delta in kept)
        assert said == words
        assert [type(each.exception()) for each in ended] == [Cancelled] * 6


# --- a question -------------------------------------------------------------------------------


def stopped(
    assistant: Assistant,
    stop: Cancellation,
    history: Sequence[Turn] = (),
    question: str = FENTANYL,
) -> list[type[Event]]:
    """The kinds of events before the stop."""
    kinds: list[type[Event]] = []
    with pytest.raises(Cancelled):
        each(
            assistant.stream(question, history, cancellation=stop), lambda e: kinds.append(type(e))
        )
    return kinds


@pytest.mark.parametrize(
    ("budget", "script", "after"),
    [(LARGE, Hang(), []), (LARGE, STALLED, [Token]), (SMALL, Hang(), [])],
    ids=["reads", "writes", "judges"],
)
def test_a_question_is_stopped_while_the_model(
    seeds: Index, budget: int, script: Scripted, after: list[type[Event]]
) -> None:
    stop = Cancellation()
    with ScriptedServer(while_it_waits(stop, script)) as server:
        kinds = stopped(seeds.assistant(server, budget, timeout_s=8), stop)
        assert kinds == [Retrieved, Selected, *after]
        assert server.dropped.wait(10)
        assert len(server.requests) == 1


def test_a_follow_up_is_stopped_while_it_is_rewritten(seeds: Index) -> None:
    stop = Cancellation()
    history = [Turn("Who met Wang Xiaohong?", "Scott Bessent met Wang Xiaohong.")]
    with ScriptedServer(while_it_waits(stop, Hang())) as server:
        assistant = seeds.assistant(server, timeout_s=8)
        assert stopped(assistant, stop, history, "which rate did he name?") == []
        assert server.dropped.wait(10)


class Loading:
    """A model that takes for ever to start, or to load."""

    name, budget_tokens = "loading", SMALL

    def __init__(self, stage: str, stop: Cancellation) -> None:
        self.stage, self.stop = stage, stop
        self.done = threading.Event()

    def warm(self) -> None:
        if self.stage == "start":
            soon(self.stop.cancel)
            self.done.wait(30)

    def get(self) -> ChatModel:
        soon(self.stop.cancel)
        self.done.wait(30)
        raise AssertionError("nobody waits for this")

    def close(self) -> None:
        self.done.set()


@pytest.mark.parametrize(("stage", "expected"), [("start", []), ("load", [Retrieved, Selected])])
def test_a_question_is_stopped_while_the_model_starts_or_loads(
    seeds: Index, stage: str, expected: list[type[Event]]
) -> None:
    stop = Cancellation()
    with ScriptedServer() as server:
        assistant = seeds.assistant(server)
        assistant.model = Loading(stage, stop)
        assert stopped(assistant, stop) == expected
        assistant.model.close()


@pytest.mark.parametrize("kind", [Retrieved, Selected, Token, Checked])
def test_after_a_stop_there_is_no_other_event(seeds: Index, kind: type[Event]) -> None:
    stop, kinds = Cancellation(), list[type[Event]]()

    def see(event: Event) -> None:
        kinds.append(type(event))
        if isinstance(event, kind):
            stop.cancel()

    with ScriptedServer([f"{STATED} [1]"]) as server, pytest.raises(Cancelled):
        each(seeds.assistant(server).stream(FENTANYL, cancellation=stop), see)
    assert kinds[-1] is kind
    assert kinds.count(kind) == 1


def test_a_stop_that_is_not_set_changes_nothing(seeds: Index) -> None:
    with ScriptedServer(script(f"{STATED} [1]", knows="20% rate")) as server:
        with_stop = list(
            seeds.assistant(server, SMALL).stream(FENTANYL, cancellation=Cancellation())
        )
        without = list(seeds.assistant(server, SMALL).stream(FENTANYL))
    assert with_stop[:-1] == without[:-1]
    assert isinstance(with_stop[-1], Finished)


def test_the_next_question_is_answered(seeds: Index) -> None:
    stop = Cancellation()
    with ScriptedServer([*while_it_waits(stop, Hang()), f"{STATED} [1]"]) as server:
        assistant = seeds.assistant(server, timeout_s=8)
        stopped(assistant, stop)
        assert assistant.ask(FENTANYL).text == f"{STATED} [1]"


def test_another_question_to_the_same_model_goes_on(seeds: Index) -> None:
    """One hangs in the judge while the other is judged, answered and checked."""
    stop, hanging = Cancellation(), threading.Event()

    def reply(request: Request) -> Scripted:
        if "shipping" in prompt(request).rpartition("Question:")[2]:
            hanging.set()
            return Hang()
        if hanging.wait(10) and asks_yes_or_no(request):
            stop.cancel()
            return Reply(["yes"], alternatives={"yes": -0.01, "no": -5.0}, pause_s=0.05)
        return Reply.of(f"{STATED} [1]", pause_s=0.02)

    with ScriptedServer([reply]) as server, ThreadPoolExecutor(2) as threads:
        assistant = seeds.assistant(server, SMALL, timeout_s=8)
        one = threads.submit(
            lambda: list(assistant.stream("why is shipping down?", cancellation=stop))
        )
        other = threads.submit(
            lambda: list(assistant.stream(FENTANYL, cancellation=Cancellation()))
        )
        assert isinstance(one.exception(), Cancelled)
        last = other.result()[-1]
    assert isinstance(last, Finished)
    assert last.answer.text.split("\n")[0] == f"{STATED} [1]"
