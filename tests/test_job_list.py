"""A job tells how far it is, and has a line for each file on what came of it."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path

from rag.events import Added, Failed, IngestEvent, PassedOver, Removed, Skipped, Updated, Warned
from rag.store.job_store import Job
from tests.html_tree import parse
from ui import stylesheets
from ui.views.job_list import MAX_LINES, file_lines, render_jobs, summary

EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)>\u202e\x1b[31m'
PATHS = tuple(Path(f"/up/{name}") for name in ("a.txt", "b.jsonl", "c.pdf"))
JOB = Job(7, PATHS, (), "running", False, 0.0, 1.0, None, 30, 120, "A title", "", "", "")
SOURCES = {"a.txt": "/up/a.txt", "b1": "/up/b.jsonl#1", "b2": "/up/b.jsonl#2#x"}
EVENTS: list[IngestEvent] = [Added("a.txt", 3), Added("b1", 1), Added("b2", 1)]


def lines(job: Job, *events: IngestEvent) -> list[str]:
    """The lines as they are read."""
    shown = parse(render_jobs([(job, file_lines(job, events, SOURCES))], []))
    (listed,) = shown.all(cls="fn-job-lines")
    return [each.text.strip() for each in listed.all(tag="li")]


def test_each_file_has_a_line_whatever_came_of_it() -> None:
    failed = Failed("/up/c.pdf", "c.pdf is damaged. Save it again.")
    assert lines(JOB, *EVENTS, failed) == [
        "c.pdf is damaged. Save it again.",
        "a.txt added",
        "b.jsonl 2 added",
    ]
    assert lines(JOB, EVENTS[0]) == ["a.txt added", "b.jsonl waiting", "c.pdf waiting"]


def test_what_was_not_reached_is_told() -> None:
    cancelled = replace(JOB, state="cancelled", ended=9.0)
    assert lines(cancelled, EVENTS[0])[1:] == ["b.jsonl not reached", "c.pdf not reached"]


def test_files_of_a_folder_have_lines_of_their_own() -> None:
    folder = replace(JOB, paths=(Path("/docs"),), state="done", ended=9.0)
    found = lines(
        folder, Updated("x.md", 1), Skipped("y.md"), Removed("z.md"), PassedOver(((".png", 4),))
    )
    assert found == ["4 files 4 left out, of another kind", "x.md updated", "y.md unchanged",
                     "z.md removed"]  # fmt: skip


def test_a_warning_stands_beside_what_came_of_the_file() -> None:
    warned = Warned("/up/a.txt", "Two pages have no text. Scan them.")
    assert lines(JOB, warned, EVENTS[0])[:2] == [
        "a.txt Two pages have no text. Scan them.",
        "a.txt added",
    ]


def test_a_job_tells_how_far_it_is_and_what_came_of_it() -> None:
    of = file_lines(JOB, EVENTS, SOURCES)
    assert summary(JOB, of).startswith("Indexing: 2 of 3 files, 30 of about 120 passages, ")
    assert "left" in summary(JOB, of)
    assert summary(replace(JOB, cancelling=True), of) == "Stopping"
    done = replace(JOB, state="done", ended=9.0)
    assert summary(done, file_lines(done, EVENTS, SOURCES)) == "Done: 3 added."
    assert summary(done, []) == "Done: nothing to do."
    broken = replace(done, state="failed", problem="The disk is full.")
    assert summary(broken, []) == "Failed: nothing to do. The disk is full."


def test_a_waiting_job_tells_how_many_are_ahead() -> None:
    waiting = replace(JOB, id=8, state="waiting")
    shown = parse(render_jobs([(JOB, []), (waiting, [])], []))
    states = [each.text for each in shown.all(cls="fn-job-state")]
    assert states[1] == "Waiting (1 ahead)"
    bars = shown.all(tag="progress")
    assert [(each.attrs["value"], each.attrs["max"]) for each in bars] == [("30", "120")]


def acts(job: Job, *events: IngestEvent) -> list[str]:
    shown = parse(render_jobs([], [(job, file_lines(job, events, SOURCES))]))
    return [each.attrs["data-act"] for each in shown.all(tag="button")]


def test_a_job_that_ended_long_ago_is_folded() -> None:
    for ended, folded in ((time.time() - 5, 0), (5.0, 1)):
        done = replace(JOB, state="done", ended=ended)
        shown = parse(render_jobs([], [(done, [])]))
        assert len(shown.all(cls="fn-jobs-past")) == folded
        assert len(shown.all(cls="fn-job")) == 1


def test_only_what_can_help_is_offered() -> None:
    done = replace(JOB, state="done", ended=9.0)
    assert acts(JOB) == ["cancel-job"]
    assert acts(done, *EVENTS) == []
    assert acts(replace(done, state="cancelled")) == ["resume-job"]
    assert acts(replace(done, state="failed")) == ["resume-job"]
    assert acts(done, Failed("/up/c.pdf", "Bad.")) == ["resume-job"]
    assert acts(done, Failed("photo.gif", "photo.gif is of an unknown kind.")) == []


def test_a_long_job_shows_a_bounded_number_of_lines() -> None:
    many = [Added(f"{n}.txt", 1) for n in range(5_000)]
    html = render_jobs([(JOB, file_lines(JOB, many, {}))], [])
    assert html.count("<li") < MAX_LINES + 5
    assert "more" in parse(html).text


def test_text_from_outside_stays_text() -> None:
    job = replace(JOB, paths=(Path(EVIL),), urls=(EVIL,), problem=EVIL, state="failed", ended=2.0)
    events: list[IngestEvent] = [Added(EVIL, 1), Failed(EVIL, EVIL), Failed("x", "bad")]
    shown = parse(render_jobs([], [(job, file_lines(job, events, {})), (job, [])]))
    tags = {each.tag for each in shown.walk()}
    assert not tags & {"script", "img"}
    assert not [n for each in shown.walk() for n in each.attrs if n.startswith("on")]
    assert "alert(1)" in shown.text
    assert not {"\u202e", "\x1b"} & set(shown.text)


def test_every_class_has_its_style() -> None:
    done = replace(JOB, state="done", ended=9.0)
    failed = file_lines(done, [Failed("a", "b")], {})
    html = render_jobs([(JOB, [])], [(done, failed), (done, file_lines(done, EVENTS, SOURCES))])
    sheet = stylesheets.standalone_css("sources")
    used = {name for names in re.findall(r'class="([^"]+)"', html) for name in names.split()}
    assert {name for name in used if f".{name}" not in sheet} <= {"fn-job-file", "fn-job-state"}
