"""Cancellation: ending work from any thread.

A thread that waits for a server cannot be woken by another one. So work that can be cancelled waits
in a thread of its own, on an event loop where the waiting itself must end.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from concurrent.futures import Future
from contextlib import aclosing, contextmanager
from queue import SimpleQueue
from typing import TypeVar

from rag.errors import Cancelled

T = TypeVar("T")


class Cancellation:
    """A signal that any thread can send to end some work; it cannot be taken back."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._calls: list[Callable[[], object]] = []
        self._is_cancelled = False

    @property
    def is_cancelled(self) -> bool:
        return self._is_cancelled

    def cancel(self) -> None:
        """End the work that this was given to. Returns at once; calling it again does nothing."""
        with self._lock:  # none is removed while they are called
            calls, self._calls, self._is_cancelled = self._calls, [], True
            for call in calls:
                call()

    def raise_if_cancelled(self) -> None:
        """Raises `Cancelled` after `cancel`."""
        if self._is_cancelled:
            raise Cancelled("Stopped.", "Ask again when you like.")

    @contextmanager
    def on_cancel(self, call: Callable[[], object]) -> Iterator[None]:
        """Within this block, `cancel` calls `call`; at once where it was called before.

        `call` must be quick and must not raise; it may run in any thread.
        """
        with self._lock:
            self._calls.append(call)
            if self._is_cancelled:
                self.cancel()
        try:
            yield
        finally:
            with self._lock:
                if call in self._calls:
                    self._calls.remove(call)


def run_cancellable(call: Callable[[], T], cancellation: Cancellation | None) -> T:
    """What `call` returns or raises.

    Raises `Cancelled` as soon as `cancellation` is cancelled; `call` then runs to its end in a
    thread of its own: it is for work that serves the next question as well.
    """
    if cancellation is None:
        return call()
    cancellation.raise_if_cancelled()
    ended: SimpleQueue[Future[T] | None] = SimpleQueue()

    def run() -> None:
        outcome: Future[T] = Future()
        try:
            outcome.set_result(call())
        except BaseException as error:
            outcome.set_exception(error)
        ended.put(outcome)

    threading.Thread(target=run, daemon=True).start()
    with cancellation.on_cancel(lambda: ended.put(None)):
        outcome = ended.get()
    cancellation.raise_if_cancelled()
    assert outcome is not None
    return outcome.result()


def iterate_in_thread(
    items: AsyncGenerator[T, None], cancellation: Cancellation | None
) -> Generator[T, None, None]:
    """The items, as they come, produced on an event loop in a thread of its own.

    `cancellation` cancels the producer wherever it waits; its cleanup runs, and then `Cancelled`
    is raised. Closing this cancels it too, without waiting for the cleanup.
    """
    cancellation = cancellation or Cancellation()
    cancellation.raise_if_cancelled()
    arrived: SimpleQueue[tuple[T] | BaseException | None] = SimpleQueue()
    ending = Cancellation()
    producer = _produce(items, arrived.put, ending)
    threading.Thread(target=asyncio.run, args=(producer,), daemon=True).start()
    try:
        with cancellation.on_cancel(ending.cancel):
            while (arrival := arrived.get()) is not None:
                cancellation.raise_if_cancelled()
                if isinstance(arrival, BaseException):
                    raise arrival
                yield arrival[0]
    finally:
        ending.cancel()


async def _produce(
    items: AsyncGenerator[T, None],
    put: Callable[[tuple[T] | BaseException | None], None],
    ending: Cancellation,
) -> None:
    """Put each item in a tuple, and at last what ended them: None or an exception."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    end: BaseException | None = None
    try:
        with ending.on_cancel(lambda: loop.call_soon_threadsafe(task.cancel)):
            async with aclosing(items):
                async for item in items:
                    put((item,))
    except BaseException as error:
        end = error
    put(end)
