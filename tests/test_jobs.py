"""Indexing is a job: it waits in line, is followed from anywhere, and survives a kill."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from rag.errors import Cancelled, EmbedderMismatch, LibraryBusy, LibraryError
from rag.events import Added, Failed, IngestEvent, PassedOver, Skipped
from rag.ingest.jobs import Jobs, Progress
from rag.store.job_store import MAX_ENDED
from rag.store.opening import open_jobs
from tests.conftest import load_settings

Work = Callable[[Sequence[Path], Progress, Sequence[str]], Iterator[IngestEvent]]
EVENTS: list[IngestEvent] = [
    Added("a.txt", 3),
    PassedOver(((".jpg", 2),)),
    Failed("/b", "It is empty."),
    Skipped("c"),
]


@pytest.fixture(params=["sqlite", "postgres"])
def queue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[Work], Jobs]]:
    """Makes further openings of one queue, as other processes have them."""
    url = request.getfixturevalue("database_url") if request.param == "postgres" else None
    found = load_settings(data_dir=tmp_path, database_url=url)
    opened: list[Jobs] = []

    def another(work: Work) -> Jobs:
        store = open_jobs(found)
        lock = store.server_lock("jobs") or tmp_path / "jobs.lock"
        opened.append(Jobs(store, lock, work))
        return opened[-1]

    yield another
    for jobs in opened:
        jobs.store.close()


def four_events(
    paths: Sequence[Path], progress: Progress, urls: Sequence[str]
) -> Iterator[IngestEvent]:
    for number, event in enumerate(EVENTS, 1):
        progress(number, len(EVENTS), "A title")
        yield event


def never(paths: Sequence[Path], progress: Progress, urls: Sequence[str]) -> Iterator[IngestEvent]:
    raise AssertionError("another process runs the jobs")
    yield


def test_a_job_gives_its_events_and_keeps_them(queue: Callable[[Work], Jobs]) -> None:
    jobs = queue(four_events)
    job = jobs.store.submit([Path("/x")], ["https://example.org/a"])
    assert (job.state, job.paths, job.urls) == (
        "waiting",
        (Path("/x"),),
        ("https://example.org/a",),
    )
    assert list(jobs.follow(job.id)) == EVENTS
    assert jobs.store.job(job.id).state == "done"
    assert list(queue(never).follow(job.id)) == EVENTS
    assert [each.id for each in jobs.store.jobs()] == [job.id]


def test_events_come_while_the_job_goes_on(queue: Callable[[Work], Jobs]) -> None:
    jobs = queue(four_events)
    job = jobs.store.submit([])
    events = jobs.follow(job.id)
    assert next(events) == EVENTS[0]
    assert jobs.store.job(job.id).state == "running"
    assert list(events) == EVENTS[1:]


@pytest.mark.parametrize("is_shared", [False, True], ids=["two processes", "two threads of one"])
def test_a_second_job_waits_in_line(queue: Callable[[Work], Jobs], is_shared: bool) -> None:
    go_on, order = threading.Event(), list[str]()

    def slow(paths: Sequence[Path], _: Progress, __: Sequence[str]) -> Iterator[IngestEvent]:
        order.append(paths[0].name)
        yield Added("a", 1)
        assert go_on.wait(20)

    one = queue(slow)
    other = one if is_shared else queue(slow)
    first = one.store.submit([Path("/first")])
    second = other.store.submit([Path("/second")])
    waited_for: list[int] = []
    threads = [
        threading.Thread(target=lambda: list(one.follow(first.id))),
        threading.Thread(
            target=lambda: list(other.follow(second.id, lambda job: waited_for.append(job.id)))
        ),
    ]
    threads[0].start()
    while not order:
        time.sleep(0.01)
    threads[1].start()
    while not waited_for:
        time.sleep(0.01)
    assert other.store.job(second.id).state == "waiting"
    assert waited_for[0] == first.id
    go_on.set()
    for thread in threads:
        thread.join(20)
    assert order == ["first", "second"]
    assert other.store.job(second.id).state == "done"


def test_a_job_that_was_broken_off_is_taken_up_before_others(
    queue: Callable[[Work], Jobs],
) -> None:
    jobs = queue(four_events)
    broken = jobs.store.submit([Path("/broken")])
    events = jobs.follow(broken.id)
    next(events)
    del events  # as if its process had ended
    assert jobs.store.job(broken.id).state == "running"
    done: list[str] = []

    def noted(paths: Sequence[Path], _: Progress, __: Sequence[str]) -> Iterator[IngestEvent]:
        done.append(paths[0].name)
        yield from ()

    later = queue(noted)
    later_job = later.store.submit([Path("/later")])
    assert list(later.follow(later_job.id)) == []
    assert done == ["broken", "later"]
    assert later.store.job(broken.id).state == "done"


def test_all_that_is_left_is_finished(queue: Callable[[Work], Jobs]) -> None:
    jobs = queue(four_events)
    ids = [jobs.store.submit([]).id for _ in range(3)]
    jobs.finish_all()
    assert {jobs.store.job(id).state for id in ids} == {"done"}
    assert jobs.store.next() is None


def test_a_waiting_job_is_cancelled_at_once(queue: Callable[[Work], Jobs]) -> None:
    jobs = queue(never)
    job = jobs.store.cancel(jobs.store.submit([]).id)
    assert job.state == "cancelled"
    with pytest.raises(Cancelled):
        list(jobs.follow(job.id))


def test_a_running_job_is_cancelled_soon_and_keeps_its_log(
    queue: Callable[[Work], Jobs],
) -> None:
    def endless(_: Sequence[Path], progress: Progress, __: Sequence[str]) -> Iterator[IngestEvent]:
        for number in range(10_000):
            time.sleep(0.01)
            progress(number, 10_000, "A title")
            yield Added(str(number), 1)

    jobs = queue(endless)
    job = jobs.store.submit([])
    events = jobs.follow(job.id)
    next(events)
    queue(never).store.cancel(job.id)
    with pytest.raises(Cancelled):
        list(events)
    assert jobs.store.job(job.id).state == "cancelled"
    assert next(jobs.store.events(job.id))[1] == Added("0", 1)


def test_a_job_that_was_broken_off_can_be_cancelled(queue: Callable[[Work], Jobs]) -> None:
    jobs = queue(four_events)
    job = jobs.store.submit([])
    events = jobs.follow(job.id)
    next(events)
    assert jobs.cancel(job.id).state == "running"  # it ends by itself, soon
    del events
    assert jobs.cancel(job.id).state == "cancelled"
    assert jobs.store.next() is None


def test_an_error_ends_its_job_alone_and_is_raised_in_every_process(
    queue: Callable[[Work], Jobs],
) -> None:
    def failing(paths: Sequence[Path], _: Progress, __: Sequence[str]) -> Iterator[IngestEvent]:
        if paths:
            raise EmbedderMismatch("Another embedder made it.", "Choose that one.")
        yield Added("a", 1)

    jobs = queue(failing)
    bad, good = jobs.store.submit([Path("/x")]), jobs.store.submit([])
    for process in (jobs, queue(never)):
        with pytest.raises(EmbedderMismatch) as caught:
            list(process.follow(bad.id))
        assert caught.value.remedy == "Choose that one."
    assert list(jobs.follow(good.id)) == [Added("a", 1)]


def test_a_job_waits_for_another_change_of_the_index(queue: Callable[[Work], Jobs]) -> None:
    tries: list[int] = []

    def busy_at_first(_: Sequence[Path], __: Progress, ___: Sequence[str]) -> Iterator[IngestEvent]:
        tries.append(1)
        if len(tries) == 1:
            raise LibraryBusy("Another process is changing this index.", "Try again.")
        yield Added("a", 1)

    jobs = queue(busy_at_first)
    assert list(jobs.follow(jobs.store.submit([]).id)) == [Added("a", 1)]


def test_an_error_of_the_program_ends_the_job(queue: Callable[[Work], Jobs]) -> None:
    def broken(_: Sequence[Path], __: Progress, ___: Sequence[str]) -> Iterator[IngestEvent]:
        yield Added("a", 1)
        raise ZeroDivisionError

    jobs = queue(broken)
    job = jobs.store.submit([])
    with pytest.raises(ZeroDivisionError):
        list(jobs.follow(job.id))
    assert jobs.store.job(job.id).state == "failed"
    assert "ZeroDivisionError" in jobs.store.job(job.id).problem


def test_the_time_left_follows_from_the_speed(queue: Callable[[Work], Jobs]) -> None:
    store = queue(never).store
    id = store.submit([]).id
    assert store.job(id).seconds_left() is None
    store.start(id)
    started = store.job(id).started
    assert started
    store.report(id, 30, 120, "A title \udcff")
    job = store.job(id)
    assert (job.done, job.total, job.current) == (30, 120, "A title ?")
    assert job.seconds_left(started + 10) == pytest.approx(30)


def test_only_the_last_jobs_are_kept(queue: Callable[[Work], Jobs]) -> None:
    jobs = queue(four_events)
    for _ in range(3):
        jobs.store.submit([])
    jobs.finish_all()
    for _ in range(MAX_ENDED):
        jobs.store.submit([])
    assert min(each.id for each in jobs.store.jobs()) == 4
    with pytest.raises(LibraryError, match="no job 1"):
        jobs.store.job(1)
