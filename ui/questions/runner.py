"""Answers questions of several people at once, each in a thread of its own.

The thread drives the assistant and moves an `Exchange` on; whoever shows it takes snapshots.
Retrieval goes on for all questions at once; for the model they wait in a queue.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, cast

from rag.cancellation import Cancellation
from rag.errors import Cancelled, FootnoteError, NoSuchDocument
from rag.events import Checked, Event, Finished, Retrieved, Selected, Token
from rag.types import Hit, Passage, Turn
from ui.questions.exchange import Exchange, after_event
from ui.questions.exchange_json import BROKE_OFF
from ui.questions.queue import MAX_WAITING, ModelQueue, Ticket
from ui.questions.trace import Trace, add_event, add_note, start_trace

if TYPE_CHECKING:
    from rag import Library

MAX_SILENCE_S = 0.5  # the longest time for which `ActiveQuestion.snapshots` holds its caller
SHUTDOWN_TIMEOUT_S = 3.0  # for all threads together to end, when the runner closes


class StreamingAssistant(Protocol):
    """The part of `rag.Assistant` that a runner uses."""

    library: Library

    def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        document_ids: Collection[str] | None = None,
        cancellation: Cancellation | None = None,
    ) -> Iterator[Event]: ...


class RunnerClosed(FootnoteError):
    """The runner takes no questions, because the program is about to end."""


class ActiveQuestion:
    """One question that is being answered. `watch`, `snapshots`, `stop`, `exchange` and `trace` may
    be used from any thread; the rest is for the runner. `on_change` is called with the question
    after each change, by the thread that made it.

    `first_text_s` is when the first text of the answer came, in seconds since the start; `kind` is
    the kind of answer that is wanted, "" until the answer is there.
    """

    def __init__(
        self, exchange: Exchange, on_change: Callable[[ActiveQuestion], None] | None = None
    ) -> None:
        self.id = exchange.id
        self.cancellation = Cancellation()
        self.ticket: Ticket | None = None
        self.kind = ""
        self.first_text_s: float | None = None
        self._on_change = on_change
        self._exchange = exchange
        self._trace = start_trace(exchange.question)
        self._changed = threading.Condition()

    @property
    def exchange(self) -> Exchange:
        """The question and its answer as far as it has come."""
        return self._exchange

    @property
    def trace(self) -> Trace:
        """The steps towards the answer, so far."""
        return self._trace

    def watch(self, every_s: float = 0.1) -> Generator[Exchange, None, None]:
        """Yield snapshots; the last one is over. The question does not depend on who watches.

        A new one comes at once, unless only the draft grew: then not before `every_s` seconds
        after the last. Where nothing happens the same object comes again about each half second,
        so that the caller can close the generator.
        """
        last: Exchange | None = None
        last_s = 0.0
        while last is None or not last.is_over:
            last = self._next(last, last_s + every_s - time.monotonic())
            last_s = time.monotonic()
            yield last

    def snapshots(self, every_s: float = 0.1) -> Generator[Exchange, None, None]:
        """As `watch`, but closing the generator stops the question."""
        try:
            yield from self.watch(every_s)
        finally:
            self.stop()

    def stop(self) -> None:
        """End the question as it stands, and with it the model's request. What is over stays as
        it is."""
        self._end("Stopped.", state="stopped")

    def break_off(self, error: str) -> None:
        """As `stop`, but as a failure with this `error`."""
        self._end(error, state="failed", error=error)

    def _end(self, note: str, **changes: Any) -> None:
        self._set(note, draft="", ahead=0, **changes)
        self.cancellation.cancel()
        if self.ticket and not self.ticket.has_slot:  # a slot is free when the model is
            self.leave_queue()
        self._tell()

    def update(self, note: str = "", **changes: Any) -> None:
        """Change fields of the exchange, unless it is over; add a note to the trace."""
        self._set(note, **changes)
        self._tell()

    def _set(self, note: str, **changes: Any) -> None:
        with self._changed:
            if not self._exchange.is_over:
                self._exchange = replace(self._exchange, **changes)
                self._trace = add_note(self._trace, note) if note else self._trace
                self._changed.notify_all()

    def apply_event(self, event: Event, after: Exchange) -> None:
        """Make the exchange `after`, which it is after `event`, unless it is over."""
        with self._changed:
            if not self._exchange.is_over:
                self._exchange, self._trace = after, add_event(self._trace, event)
                self._note_times(event)
                self._changed.notify_all()
        self._tell()

    def _note_times(self, event: Event) -> None:
        if self.first_text_s is None and isinstance(event, Token | Checked | Finished):
            self.first_text_s = time.monotonic() - self._trace.started_s
        if isinstance(event, Finished):
            self.kind = event.kind

    def _tell(self) -> None:
        if self._on_change:
            self._on_change(self)

    def fail(self, error: str) -> None:
        """Text that was not checked is dropped."""
        self.update(error, draft="", ahead=0, state="failed", error=error)

    def wait_in_queue(self) -> None:
        """Wait until it is this question's turn, or it is over."""
        assert self.ticket is not None
        before, waited = self._exchange.state, False
        for ahead in self.ticket.positions():
            note = "" if waited else f"In line, with {ahead} before it."
            self.update(note, state="waiting", ahead=ahead)
            waited = True
        self.update("Its turn came." if waited else "", state=before, ahead=0)

    def leave_queue(self) -> None:
        """Give back the place in the queue."""
        if self.ticket:
            self.ticket.leave()

    def _next(self, last: Exchange | None, pause_s: float) -> Exchange:
        with self._changed:
            self._changed.wait_for(lambda: _is_news(last, self._exchange), max(0.0, pause_s))
            self._changed.wait_for(lambda: self._exchange is not last, MAX_SILENCE_S)
            return self._exchange


OnEnd = Callable[[ActiveQuestion], None]


class QuestionRunner:
    """Answers questions with `assistant`, whose model serves `slots` of them at a time. Safe among
    threads. Beyond `max_waiting` in the queue, a question fails at once."""

    def __init__(
        self, assistant: StreamingAssistant, slots: int, *, max_waiting: int = MAX_WAITING
    ) -> None:
        self._assistant = assistant
        self._queue = ModelQueue(slots, max_waiting)
        self._open: dict[ActiveQuestion, threading.Thread] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._observers: list[OnEnd] = []

    def on_end(self, observer: OnEnd) -> None:
        """Call `observer` with each question that has ended, in its thread, when whoever waits for
        the answer has it. What it raises is logged."""
        self._observers.append(observer)

    @property
    def busy(self) -> int:
        """How many questions are being answered."""
        return self._queue.in_progress

    @property
    def waiting(self) -> int:
        """How many questions wait in the queue."""
        return self._queue.waiting

    def ask(
        self,
        question: str,
        history: Sequence[Turn] = (),
        document_ids: Collection[str] | None = None,
        on_change: Callable[[ActiveQuestion], None] | None = None,
    ) -> ActiveQuestion:
        """Start answering a question, from all documents where `document_ids` names none.

        `on_change` is called with it at the start and after each change; it may not raise. Never
        raises: an error becomes the state of the exchange.
        """
        limited = tuple(document_ids or ())
        now = datetime.now(UTC).isoformat(timespec="seconds")
        exchange = Exchange(secrets.token_hex(8), question, asked_at=now, document_ids=limited)
        active = ActiveQuestion(exchange, on_change)
        active.update()
        try:
            active.ticket = self._queue.join()
            self._begin(active, tuple(history))
        except Exception as error:
            active.leave_queue()
            active.fail(_message(error))
            self._tell_observers(active)
        return active

    def answer(
        self,
        question: str,
        history: Sequence[Turn] = (),
        document_ids: Collection[str] | None = None,
    ) -> Exchange:
        """Answer a question and return the exchange when it is over. Never raises, as `ask`."""
        *_, last = self.ask(question, history, document_ids).snapshots(MAX_SILENCE_S)
        return last

    def close(self) -> None:
        """Break every question off and take no more. Waits shortly for the threads to end."""
        with self._lock:
            self._closed = True
            left = dict(self._open)
        for active in left:
            active.break_off(BROKE_OFF)
        until_s = time.monotonic() + SHUTDOWN_TIMEOUT_S
        for thread in left.values():
            thread.join(max(0.0, until_s - time.monotonic()))

    def _begin(self, active: ActiveQuestion, history: tuple[Turn, ...]) -> None:
        name = f"asking-{active.id}"
        thread = threading.Thread(target=self._work, args=(active, history), name=name, daemon=True)
        with self._lock:
            if self._closed:
                raise RunnerClosed("The program is about to end.", "Start it again to ask.")
            thread.start()
            self._open[active] = thread

    def _work(self, active: ActiveQuestion, history: tuple[Turn, ...]) -> None:
        """The thread of one question. Whatever happens, the exchange ends and the slot is free."""
        try:
            self._drive(active, history)
            active.fail("The answer broke off. Ask again.")  # unless it has ended
        except Cancelled:
            active.stop()
        except BaseException as error:  # a thread has nobody above it to tell
            active.fail(_message(error))
        finally:
            active.leave_queue()
            self._tell_observers(active)
            with self._lock:
                del self._open[active]

    def _tell_observers(self, active: ActiveQuestion) -> None:
        for observe in self._observers:
            try:
                observe(active)
            except Exception as error:
                logging.getLogger(__name__).error("A question was not observed.", exc_info=error)

    def _drive(self, active: ActiveQuestion, history: tuple[Turn, ...]) -> None:
        """Follow the events to the end. A first question waits for the model once its passages are
        on screen; a follow-up before, because the model rewrites it."""
        exchange = active.exchange
        events = self._assistant.stream(
            exchange.question,
            history,
            exchange.document_ids or None,
            cancellation=active.cancellation,
        )
        digests: dict[str, str] = {}
        with closing(cast("Generator[Event, None, None]", events)):
            if history:
                active.wait_in_queue()
            for event in events:
                if isinstance(event, Retrieved):
                    digests = self._assistant.library.digests()
                after = after_event(active.exchange, event, self._passage)
                active.apply_event(event, replace(after, digests=_evidence_digests(after, digests)))
                if isinstance(event, Selected) and not history:
                    active.wait_in_queue()
                if active.exchange.is_over:
                    return

    def _passage(self, number: int, hit: Hit) -> Passage | None:
        library, span = self._assistant.library, hit.chunk.span
        try:
            document = library.document(span.document_id)
            text = library.text(span)
        except NoSuchDocument:  # removed since it was found: the others may answer
            return None
        return Passage(number, span, text, document.title, document.source, hit.score)


def _evidence_digests(exchange: Exchange, digests: Mapping[str, str]) -> dict[str, str]:
    """The digests of the documents on screen; every citation lies in one of these."""
    shown = dict.fromkeys(passage.span.document_id for passage in exchange.evidence)
    return {id: digests[id] for id in shown if id in digests}


def _is_news(last: Exchange | None, now: Exchange) -> bool:
    """True when more than the draft has changed."""
    return last is None or (last is not now and replace(last, draft=now.draft) != now)


def _message(error: BaseException) -> str:
    """One sentence for the person who asked; an unforeseen error is logged."""
    if isinstance(error, FootnoteError):
        return str(error)
    logging.getLogger(__name__).error("A question failed.", exc_info=error)
    name = type(error).__name__
    return f"Something went wrong that should not have ({name}). Please report it."
