"""The queue in front of the model: first come, first served, and nobody holds up the others."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.questions.queue import ModelQueue, QueueFull, Ticket

GUARD_S = 10.0


def run_all(*jobs: Callable[[], None]) -> None:
    """Run each job in a thread; fail where one does not end."""
    threads = [threading.Thread(target=job, daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(GUARD_S)
    assert not [thread for thread in threads if thread.is_alive()]


def test_a_free_slot_is_taken_at_once() -> None:
    queue = ModelQueue(2)
    first, second = queue.join(), queue.join()
    assert list(first.positions()) == list(second.positions()) == []
    assert first.has_slot
    assert (queue.in_progress, queue.waiting) == (2, 0)


def test_a_ticket_knows_how_many_wait_before_it() -> None:
    queue = ModelQueue(1)
    held, *others = [queue.join() for _ in range(4)]
    assert [next(iter(ticket.positions())) for ticket in others] == [0, 1, 2]
    assert (queue.in_progress, queue.waiting) == (1, 3)
    held.leave()
    assert [ticket.has_slot for ticket in others] == [True, False, False]


def test_the_place_counts_down_to_ones_turn() -> None:
    queue = ModelQueue(1)
    before = [queue.join() for _ in range(4)]
    places = queue.join().positions()
    seen = []
    for ticket in before:
        seen.append(next(places))
        ticket.leave()
    assert seen == [3, 2, 1, 0]
    assert list(places) == []


def test_who_leaves_early_moves_the_others_up() -> None:
    queue = ModelQueue(1)
    _held, second, third, fourth = (queue.join() for _ in range(4))
    places = fourth.positions()
    assert next(places) == 2
    third.leave()
    assert next(places) == 1
    assert not second.has_slot


def test_leaving_wakes_the_one_who_waits() -> None:
    queue = ModelQueue(1)
    held, waiting = queue.join(), queue.join()
    run_all(lambda: list(waiting.positions()).clear(), waiting.leave)
    assert not waiting.has_slot
    assert held.has_slot


def test_leaving_twice_gives_back_one_slot_only() -> None:
    queue = ModelQueue(1)
    first, second, third = queue.join(), queue.join(), queue.join()
    first.leave()
    first.leave()
    assert second.has_slot
    assert not third.has_slot


def test_a_holder_that_raises_gives_its_slot_back() -> None:
    queue = ModelQueue(1)
    with pytest.raises(RuntimeError), queue.join():
        raise RuntimeError
    assert queue.join().has_slot


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_holder_whose_thread_exits_gives_its_slot_back() -> None:
    queue = ModelQueue(1)

    def die() -> None:
        with queue.join():
            raise SystemExit

    run_all(die)
    assert queue.join().has_slot


def test_a_full_queue_says_so_and_takes_the_next_when_one_has_left() -> None:
    queue = ModelQueue(1, max_waiting=2)
    tickets = [queue.join() for _ in range(3)]
    with pytest.raises(QueueFull, match=r"2 questions are waiting already\. .+"):
        queue.join()
    tickets[1].leave()
    assert not queue.join().has_slot


def test_a_queue_that_lets_nobody_wait_still_serves() -> None:
    queue = ModelQueue(1, max_waiting=0)
    assert queue.join().has_slot
    with pytest.raises(QueueFull):
        queue.join()


def test_a_queue_has_a_slot() -> None:
    with pytest.raises(ValueError, match="at least one slot"):
        ModelQueue(0)


@given(st.integers(1, 4), st.lists(st.integers(-8, 20), max_size=60))
def test_whoever_comes_and_goes_the_first_that_are_left_are_served(
    slots: int, moves: list[int]
) -> None:
    """A negative move draws a ticket, the others have one leave."""
    queue, left = ModelQueue(slots), list[Ticket]()
    for move in moves:
        if move < 0:
            left.append(queue.join())
        elif left:
            left.pop(move % len(left)).leave()
        assert [ticket.has_slot for ticket in left] == [n < slots for n in range(len(left))]
        assert [next(iter(t.positions())) for t in left[slots:]] == list(range(len(left[slots:])))


def test_one_slot_serves_in_the_order_of_the_tickets() -> None:
    queue, served = ModelQueue(1), list[int]()
    tickets = [queue.join() for _ in range(30)]

    def hold(number: int) -> Callable[[], None]:
        def job() -> None:
            with tickets[number]:
                list(tickets[number].positions())
                served.append(number)

        return job

    jobs = [hold(number) for number in range(30)]
    random.Random(7).shuffle(jobs)
    run_all(*jobs)
    assert served == list(range(30))


@pytest.mark.parametrize("seed", range(5))
def test_in_a_crowd_no_slot_is_shared_lost_or_blocked(seed: int) -> None:
    """Forty people come at once; some leave while they wait, some fail while they are served."""
    queue, chance, lock = ModelQueue(3), random.Random(seed), threading.Lock()
    inside, most, ended = 0, 0, list[str]()

    def person(fate: str) -> Callable[[], None]:
        def job() -> None:
            nonlocal inside, most
            try:
                with queue.join() as ticket:
                    for ahead in ticket.positions():
                        if fate == "leaves" and ahead < 9:
                            return
                    with lock:
                        inside += 1
                        most = max(most, inside)
                    try:
                        if fate == "fails":
                            raise RuntimeError
                        threading.Event().wait(0.001)
                    finally:
                        with lock:
                            inside -= 1
            except RuntimeError:
                pass
            finally:
                ended.append(fate)

        return job

    fates = chance.choices(["stays", "leaves", "fails"], k=40)
    run_all(*(person(fate) for fate in fates))
    assert sorted(ended) == sorted(fates)
    assert 1 <= most <= 3
    assert (queue.in_progress, queue.waiting) == (0, 0)
    assert [queue.join().has_slot for _ in range(3)] == [True] * 3
