"""Several people ask at once: their turns, their stops, and what goes wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import replace

import pytest

from rag.cancellation import Cancellation
from rag.errors import ModelInterrupted
from rag.events import Event, Retrieved, Token
from rag.settings import Settings
from rag.types import Span, Turn
from tests.asking import FENTANYL, LARGE, NEWS, RATE, REPORT, SMALL, STATED, Index, prompt, script
from tests.assistants import QuotingAssistant
from tests.fakes import Hang, Reply, ScriptedServer, Status
from ui.questions.exchange import Exchange, State
from ui.questions.exchange_json import BROKE_OFF
from ui.questions.runner import ActiveQuestion, QuestionRunner
from ui.questions.trace import trace_from_json, trace_to_json

pytest_plugins = ["tests.seeds"]

GUARD_S = 10.0
ONCE, AGAIN = "what tariff applies to steel?", "which countries are named?"
HISTORY = [Turn(ONCE, "25%.")]


class Gated(QuotingAssistant):
    """Answers by quoting, and waits before the first word of each answer until `go` is set."""

    def __init__(self, settings: Settings, fault: BaseException | None = None) -> None:
        super().__init__(settings, fault)
        self.go = Cancellation()  # a word as good as any
        self.writing: list[str] = []  # questions, in the order in which answers were begun
        self.pace_s = 0.0  # from word to word

    def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        document_ids: Collection[str] | None = None,
        cancellation: Cancellation | None = None,
    ) -> Iterator[Event]:
        assert cancellation is not None
        begun = False
        for event in super().stream(question, history, document_ids):
            cancellation.raise_if_cancelled()
            if isinstance(event, Token):
                time.sleep(self.pace_s)
                if not begun:
                    begun = True
                    self.writing.append(question)
                    self._wait(cancellation)
            yield event

    def _wait(self, cancellation: Cancellation) -> None:
        moved = threading.Event()
        with cancellation.on_cancel(moved.set), self.go.on_cancel(moved.set):
            assert moved.wait(GUARD_S)
        cancellation.raise_if_cancelled()


@pytest.fixture
def assistant(settings: Settings) -> Iterator[Gated]:
    with closing(Gated(settings)) as assistant:
        assistant.ensure_seeds()
        yield assistant


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    for thread in threads():
        thread.join(GUARD_S)
    assert not threads()


def threads() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name.startswith("asking-")]


def until(asking: ActiveQuestion, holds: Callable[[Exchange], bool]) -> Exchange:
    """The first snapshot of which it holds; the question goes on."""
    with asking._changed:
        assert asking._changed.wait_for(lambda: holds(asking.exchange), GUARD_S)
        return asking.exchange


def over(asking: ActiveQuestion) -> Exchange:
    return until(asking, lambda exchange: exchange.is_over)


def in_state(state: State) -> Callable[[Exchange], bool]:
    return lambda exchange: exchange.state == state


# --- one question -----------------------------------------------------------------------------


def test_a_question_is_followed_to_its_answer(assistant: Gated) -> None:
    assistant.go.cancel()
    runner = QuestionRunner(assistant, 1)
    asking = runner.ask(ONCE)
    *_, last = asking.snapshots()
    assert (last.id, last.question, last.state) == (asking.id, ONCE, "done")
    assert last.answer is not None
    assert last.claims == last.answer.claims
    assert last.removed == 1
    assert (last.draft, last.error, last.ahead) == ("", "", 0)
    assert last.asked_at.endswith("+00:00")
    assert asking.first_text_s is not None
    assert 0 < asking.first_text_s <= asking.trace.seconds + 0.001  # which is rounded
    shown = {passage.span.document_id for passage in last.evidence}
    held = assistant.library.digests()
    assert last.digests == {id: held[id] for id in shown}
    assert assistant.streams == 0


def test_each_question_has_an_id_of_its_own(assistant: Gated) -> None:
    assistant.go.cancel()
    ids = [QuestionRunner(assistant, 1).answer(ONCE).id for _ in range(3)]
    assert len(set(ids)) == 3
    assert all(len(id) == 16 and set(id) <= set("0123456789abcdef") for id in ids)


def test_snapshots_go_from_evidence_over_a_draft_to_sentences(assistant: Gated) -> None:
    assistant.pace_s = 0.003
    assistant.go.cancel()
    shots = list(QuestionRunner(assistant, 1).ask(ONCE).snapshots(0.0))
    states = list(dict.fromkeys(shot.state for shot in shots))
    assert [each for each in states if each in ("writing", "done")] == ["writing", "done"]
    assert any(shot.draft for shot in shots)
    assert [len(shot.claims) for shot in shots] == sorted(len(shot.claims) for shot in shots)
    assert [shot.is_over for shot in shots] == [False] * (len(shots) - 1) + [True]


def test_a_growing_draft_alone_is_shown_less_often(assistant: Gated) -> None:
    assistant.pace_s = 0.003
    assistant.go.cancel()
    runner = QuestionRunner(assistant, 1)
    often = len(list(runner.ask(ONCE).snapshots(0.0)))
    seldom = list(runner.ask(ONCE).snapshots(GUARD_S))
    assert len(seldom) < often
    assert max(len(shot.claims) for shot in seldom[:-1]) >= 1  # sentences do not wait


def test_a_question_may_be_limited_to_documents(assistant: Gated) -> None:
    assistant.go.cancel()
    exchange = QuestionRunner(assistant, 1).answer(ONCE, document_ids=[REPORT])
    assert exchange.document_ids == (REPORT,)
    assert {each.span.document_id for each in exchange.evidence} == {REPORT}


def test_limited_to_nothing_is_not_limited(assistant: Gated) -> None:
    assistant.go.cancel()
    assert QuestionRunner(assistant, 1).answer(ONCE, document_ids=[]).evidence


def test_a_decline_never_stands_in_line(assistant: Gated) -> None:
    runner = QuestionRunner(assistant, 1)
    first = runner.ask(ONCE)
    until(first, in_state("reading"))
    declined = over(runner.ask("xyzzy"))
    assert declined.answer is not None
    assert declined.answer.reason == "nothing retrieved"
    runner.close()


def test_the_trace_tells_how_the_answer_came_about(assistant: Gated) -> None:
    assistant.go.cancel()
    asking = QuestionRunner(assistant, 1).ask(ONCE, HISTORY)
    over(asking)
    steps = [step.step for step in asking.trace.steps]
    assert steps[:3] == ["rewritten", "found", "selected"]
    assert steps[3:] == ["checked"] * (len(steps) - 4) + ["note"]
    assert trace_from_json(trace_to_json(asking.trace)).steps == asking.trace.steps


# --- the line ---------------------------------------------------------------------------------


def test_evidence_is_on_screen_while_others_are_answered(assistant: Gated) -> None:
    runner = QuestionRunner(assistant, 1)
    first = runner.ask(ONCE)
    until(first, in_state("reading"))
    second = runner.ask(AGAIN)
    waiting = until(second, in_state("waiting"))
    assert waiting.evidence
    assert waiting.ahead == 0
    assert (runner.busy, runner.waiting) == (1, 1)
    assistant.go.cancel()
    assert [over(first).state, over(second).state] == ["done", "done"]


def test_a_follow_up_stands_in_line_before_it_is_searched(assistant: Gated) -> None:
    runner = QuestionRunner(assistant, 1)
    first = runner.ask(ONCE)
    until(first, in_state("reading"))
    second = runner.ask(AGAIN, HISTORY)
    waiting = until(second, in_state("waiting"))
    assert waiting.evidence == ()
    assert [question for question, _ in assistant.asked] == [ONCE]
    assistant.go.cancel()
    done = over(second)
    assert (done.state, done.rewritten_as) == ("done", f"{ONCE} {AGAIN}")


def test_who_waits_sees_the_others_go_before(assistant: Gated) -> None:
    runner = QuestionRunner(assistant, 1)
    first = runner.ask(ONCE)
    until(first, in_state("reading"))
    second, third = runner.ask(ONCE), runner.ask(AGAIN)
    until(third, lambda exchange: exchange.ahead == 1)
    second.stop()
    assert until(third, lambda exchange: exchange.ahead == 0).state == "waiting"
    assistant.go.cancel()
    assert over(third).state == "done"
    assert over(second).state == "stopped"


def test_answers_are_written_in_the_order_of_the_questions(assistant: Gated) -> None:
    runner = QuestionRunner(assistant, 1)
    questions = [f"{ONCE} {number}" for number in range(8)]
    askings = [runner.ask(question) for question in questions]
    for asking in askings[1:]:
        until(asking, in_state("waiting"))
    assistant.go.cancel()
    assert [over(asking).question for asking in askings] == questions
    assert assistant.writing == questions


def test_as_many_are_answered_at_a_time_as_there_are_lanes(assistant: Gated) -> None:
    runner = QuestionRunner(assistant, 2)
    askings = [runner.ask(ONCE) for _ in range(4)]
    for asking in askings[2:]:
        until(asking, in_state("waiting"))
    assert (runner.busy, runner.waiting) == (2, 2)
    assistant.go.cancel()
    assert {over(asking).state for asking in askings} == {"done"}


def test_too_many_questions_are_turned_away_in_plain_words(assistant: Gated) -> None:
    runner = QuestionRunner(assistant, 1, max_waiting=1)
    askings = [runner.ask(ONCE), runner.ask(ONCE)]
    refused = runner.answer(ONCE)
    assert refused.state == "failed"
    assert refused.error == "1 questions are waiting already. Ask again in a minute."
    assistant.go.cancel()
    assert {over(asking).state for asking in askings} == {"done"}


# --- stopping ---------------------------------------------------------------------------------


def test_stop_keeps_the_sentences_and_drops_the_draft(assistant: Gated) -> None:
    assistant.pace_s = 0.003
    assistant.go.cancel()
    asking = QuestionRunner(assistant, 1).ask(ONCE)
    before = until(asking, lambda exchange: bool(exchange.claims and exchange.draft))
    asking.stop()
    stopped = asking.exchange
    assert (stopped.state, stopped.draft, stopped.claims) == ("stopped", "", before.claims)
    assert stopped.digests
    asking.stop()
    assert asking.exchange is stopped


def test_what_comes_after_a_stop_changes_nothing(assistant: Gated) -> None:
    runner = QuestionRunner(assistant, 1)
    asking = runner.ask(ONCE)
    until(asking, in_state("reading"))
    asking.stop()
    stopped, trace = asking.exchange, asking.trace
    assistant.go.cancel()
    assert runner.answer(AGAIN).state == "done"
    assert (asking.exchange, asking.trace) == (stopped, trace)


def test_stop_frees_the_lane_for_the_next(assistant: Gated) -> None:
    runner = QuestionRunner(assistant, 1)
    first, second = runner.ask(ONCE), runner.ask(AGAIN)
    until(second, in_state("waiting"))
    first.stop()
    assistant.go.cancel()
    assert over(second).state == "done"
    assert over(first).state == "stopped"


def test_stop_while_waiting_leaves_the_line(assistant: Gated) -> None:
    runner = QuestionRunner(assistant, 1)
    first, second, third = (runner.ask(question) for question in (ONCE, AGAIN, ONCE))
    until(third, in_state("waiting"))
    until(second, in_state("waiting"))
    second.stop()
    assert second.exchange.state == "stopped"
    assert runner.waiting == 1
    assistant.go.cancel()
    assert [over(first).state, over(third).state] == ["done", "done"]
    assert AGAIN not in assistant.writing


def test_closing_the_snapshots_stops_the_question(assistant: Gated) -> None:
    runner = QuestionRunner(assistant, 1)
    asking = runner.ask(ONCE)
    with closing(asking.snapshots()) as shown:
        next(shown)
    assert asking.exchange.state == "stopped"


def test_snapshots_come_while_nothing_happens_so_that_they_can_be_closed(
    assistant: Gated,
) -> None:
    runner = QuestionRunner(assistant, 1)
    asking = runner.ask(ONCE)
    until(asking, in_state("reading"))
    shown = asking.snapshots()
    first = next(shown)
    assert next(shown) is first
    shown.close()
    assert asking.exchange.state == "stopped"


def test_closing_after_the_end_changes_nothing(assistant: Gated) -> None:
    assistant.go.cancel()
    asking = QuestionRunner(assistant, 1).ask(ONCE)
    shown = asking.snapshots()
    while not next(shown).is_over:
        pass
    shown.close()
    assert asking.exchange.state == "done"


def test_who_only_watches_may_leave_and_the_answer_goes_on(assistant: Gated) -> None:
    asking = QuestionRunner(assistant, 1).ask(ONCE)
    with closing(asking.watch()) as shown:
        next(shown)
    until(asking, in_state("reading"))
    assistant.go.cancel()
    *_, last = asking.watch()
    assert (last.state, last) == ("done", asking.exchange)


def test_each_change_is_told_to_the_end(assistant: Gated) -> None:
    assistant.go.cancel()
    told: list[Exchange] = []
    asking = QuestionRunner(assistant, 1).ask(
        ONCE, on_change=lambda active: told.append(active.exchange)
    )
    done = over(asking)
    for thread in threads():
        thread.join(GUARD_S)
    assert (told[0].state, told[-1]) == ("searching", done)
    assert [len(each.claims) for each in told] == sorted(len(each.claims) for each in told)


def test_a_runner_that_closes_breaks_off_all_and_takes_no_more(assistant: Gated) -> None:
    runner = QuestionRunner(assistant, 1)
    askings = [runner.ask(ONCE) for _ in range(4)]
    runner.close()
    ends = {(asking.exchange.state, asking.exchange.error) for asking in askings}
    assert ends == {("failed", BROKE_OFF)}
    assert not threads()
    assert (runner.busy, runner.waiting) == (0, 0)
    refused = runner.answer(ONCE)
    assert (refused.state, refused.error) == (
        "failed",
        "The program is about to end. Start it again to ask.",
    )
    assert (runner.busy, runner.waiting) == (0, 0)


# --- what goes wrong --------------------------------------------------------------------------


def test_an_error_is_told_with_its_remedy_and_keeps_what_was_checked(assistant: Gated) -> None:
    assistant.go.cancel()
    assistant.fault = ModelInterrupted("The reply broke off.", "Ask again.")
    asking = QuestionRunner(assistant, 1).ask(ONCE)
    failed = over(asking)
    assert (failed.state, failed.error) == ("failed", "The reply broke off. Ask again.")
    assert len(failed.claims) == 1
    assert asking.trace.steps[-1].step == "note"


@pytest.mark.parametrize("fault", [ZeroDivisionError("secret detail"), SystemExit()])
def test_a_fault_that_nobody_foresaw_is_logged_and_frees_the_lane(
    assistant: Gated, fault: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    assistant.go.cancel()
    assistant.fault = fault
    runner = QuestionRunner(assistant, 1)
    failed = runner.answer(ONCE)
    name = type(fault).__name__
    told = f"Something went wrong that should not have ({name}). Please report it."
    assert (failed.state, failed.error) == ("failed", told)
    assert name in caplog.text
    assert runner.answer(ONCE).state == "done"


@pytest.mark.parametrize(
    ("question", "document_ids", "says"),
    [("  ", None, "question is empty"), (ONCE, ["nowhere.txt"], "nowhere.txt")],
)
def test_a_question_that_cannot_be_asked_fails(
    assistant: Gated, question: str, document_ids: list[str] | None, says: str
) -> None:
    failed = QuestionRunner(assistant, 1).answer(question, document_ids=document_ids)
    assert failed.state == "failed"
    assert says in failed.error


def test_a_stream_that_breaks_off_is_a_failure(assistant: Gated) -> None:
    class Mute(Gated):
        def stream(self, *_: object, **__: object) -> Iterator[Event]:
            yield from ()

    with closing(Mute(assistant.settings)) as mute:
        failed = QuestionRunner(mute, 1).answer(ONCE)
    assert (failed.state, failed.error) == ("failed", "The answer broke off. Ask again.")


def test_where_no_thread_can_start_the_question_fails_and_the_lane_is_free(
    assistant: Gated, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    assistant.go.cancel()
    runner = QuestionRunner(assistant, 1)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        assert "(RuntimeError)" in runner.answer(ONCE).error
    assert runner.answer(ONCE).state == "done"


# --- the real assistant -----------------------------------------------------------------------


@pytest.mark.parametrize("budget", [LARGE, SMALL], ids=["large", "small"])
def test_the_real_assistant_is_asked_by_eight_at_once(seeds: Index, budget: int) -> None:
    """Every answer is in the right hands, and rests on the sentence that states it."""
    asked = [f"{FENTANYL}{' ' * n}" for n in range(8)]
    with ScriptedServer(script(f"{STATED} [1]", knows="20% rate")) as server:
        runner = QuestionRunner(seeds.assistant(server, budget), 1)
        askings = [runner.ask(question) for question in asked]
        exchanges = [list(asking.snapshots())[-1] for asking in askings]
    assert [exchange.question for exchange in exchanges] == asked
    for asking, exchange in zip(askings, exchanges, strict=True):
        assert exchange.id == asking.id
        assert (exchange.state, exchange.error) == ("done", "")
        quotes = [each.quote for claim in exchange.claims for each in claim.citations]
        assert quotes[0] == RATE
        assert exchange.digests[NEWS] == seeds.library.digests()[NEWS]


def test_eight_at_once_each_have_their_own_answer(seeds: Index) -> None:
    """The model says which question it was asked; no other question's answer may show that."""

    def reply(request: dict[str, object]) -> str:
        number = prompt(request).rpartition("number ")[2].split()[0]
        return f"It was question {number}."

    with ScriptedServer([reply]) as server:
        runner = QuestionRunner(seeds.assistant(server), 3)
        askings = [runner.ask(f"{FENTANYL} number {n} ?") for n in range(8)]
        for number, asking in enumerate(askings):
            over(asking)
            replies = [step.reply for step in asking.trace.steps if step.step == "asked"]
            assert replies
            assert set(replies) == {f"It was question {number}."}


def test_stop_ends_a_request_that_hangs(seeds: Index) -> None:
    with ScriptedServer([Hang()]) as server:
        runner = QuestionRunner(seeds.assistant(server), 1)
        first, second = runner.ask(FENTANYL), runner.ask(FENTANYL)
        until(first, in_state("reading"))
        assert until(second, in_state("waiting")).evidence
        first.stop()
        assert first.exchange.state == "stopped"
        until(second, in_state("reading"))  # the lane is free although the server hangs
        second.stop()
        for thread in threads():
            thread.join(GUARD_S)
        assert not threads()


def test_stop_ends_a_reply_that_is_being_written(seeds: Index) -> None:
    with ScriptedServer([Reply.of("word " * 500, pause_s=0.02)]) as server:
        asking = QuestionRunner(seeds.assistant(server), 1).ask(FENTANYL)
        for shot in asking.snapshots():
            if shot.draft:
                asking.stop()
        assert asking.exchange.state == "stopped"
        assert server.dropped.wait(GUARD_S)


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply.of(f"{STATED} [1] And so on.", breaks_after=8), "broke off"),
        (Status(401, "no"), "key"),
    ],
)
def test_a_model_that_fails_is_told_and_the_next_question_is_answered(
    seeds: Index, reply: Reply | Status, says: str
) -> None:
    with ScriptedServer([reply, f"{STATED} [1]"]) as server:
        runner = QuestionRunner(seeds.assistant(server), 1)
        failed = runner.answer(FENTANYL)
        assert failed.state == "failed"
        assert says in failed.error
        assert failed.evidence
        assert runner.answer(FENTANYL).state == "done"


# --- sources that go --------------------------------------------------------------------------


class Outrun(QuotingAssistant):
    """Finds a source that is removed before it can be shown."""

    def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        document_ids: Collection[str] | None = None,
        cancellation: Cancellation | None = None,
    ) -> Iterator[Event]:
        for event in super().stream(question, history, document_ids):
            if isinstance(event, Retrieved):
                chunk = replace(event.hits[0].chunk, span=Span("gone.txt", 0, 5))
                event = replace(event, hits=(replace(event.hits[0], chunk=chunk), *event.hits))
            yield event


def test_a_source_that_was_removed_since_it_was_found_is_not_shown(settings: Settings) -> None:
    with closing(Outrun(settings)) as assistant:
        assistant.ensure_seeds()
        seen = list(QuestionRunner(assistant, 1).ask(ONCE).watch())
    assert seen[-1].state == "done"
    shown = [passage.span.document_id for each in seen for passage in each.evidence]
    assert shown
    assert "gone.txt" not in shown
