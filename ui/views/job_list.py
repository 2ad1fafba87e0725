"""HTML of the jobs of indexing: how far each is, and a line for each file on what came of it.

Names and errors are untrusted: they are cleaned and escaped here.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import PurePath

from rag import Job, is_url
from rag.events import (
    Added,
    Failed,
    IngestEvent,
    Moved,
    PassedOver,
    Removed,
    Skipped,
    Updated,
    Warned,
)
from ui.labels import time_left
from ui.safe_text import one_line
from ui.translation import format_number, to_translate, translate, translate_count
from ui.views.citation_marks import escape_line

MAX_LINES = 60  # of one job
NEWS_S = 1800  # for which a job that has ended is shown unfolded
_DONE: dict[type[IngestEvent], str] = {
    Added: "added",
    Updated: "updated",
    Moved: "moved",
    Removed: "removed",
    Skipped: "unchanged",
}
_OTHER_KIND = "left out, of another kind"
_OUTCOMES = {  # what is said of one document, and of several
    "added": (to_translate("added"), to_translate("{n} added")),
    "updated": (to_translate("updated"), to_translate("{n} updated")),
    "moved": (to_translate("moved"), to_translate("{n} moved")),
    "removed": (to_translate("removed"), to_translate("{n} removed")),
    "unchanged": (to_translate("unchanged"), to_translate("{n} unchanged")),
    _OTHER_KIND: (
        to_translate("left out, of another kind"),
        to_translate("{n} left out, of another kind"),
    ),
    "with a problem": ("", to_translate("{n} with a problem")),
    "not reached": (to_translate("not reached"), to_translate("{n} not reached")),
}
_STATES = {
    "done": to_translate("Done: {what}."),
    "failed": to_translate("Failed: {what}."),
    "cancelled": to_translate("Cancelled: {what}."),
}


@dataclass(frozen=True, slots=True)
class FileLine:
    """What came of one file or address: how many of its documents were added, updated, …; or a
    problem with it. Neither where it waits."""

    name: str
    outcomes: Mapping[str, int]
    problem: str = ""
    may_be_tried_again: bool = False

    @property
    def waits(self) -> bool:
        return not (self.outcomes or self.problem)


def file_lines(
    job: Job, events: Iterable[IngestEvent], sources: Mapping[str, str]
) -> list[FileLine]:
    """A line for each file and address that a job was given, and for each other that it found; what
    failed first. `sources` gives the path or URL of documents by id."""
    came_of: dict[str, Counter[str]] = {str(each): Counter() for each in (*job.paths, *job.urls)}
    problems: list[FileLine] = []
    for event in events:
        if isinstance(event, PassedOver):
            number = sum(files for _, files in event.endings)
            files = translate_count(number, "{n} file", "{n} files")
            problems.append(FileLine(files, {_OTHER_KIND: number}))
        elif isinstance(event, Failed):
            given = came_of.pop(_origin(event.source, came_of), None)
            problems.append(_problem(event.source, event.error, given is not None))
        elif isinstance(event, Warned):
            problems.append(_problem(event.source, event.warning))
        else:
            source = sources.get(event.document_id, event.document_id)
            came_of.setdefault(_origin(source, came_of), Counter())[_DONE[type(event)]] += 1
    lines = [FileLine(short_name(source), outcomes) for source, outcomes in came_of.items()]
    return [*problems, *(line for line in lines if job.state != "done" or not line.waits)]


def _problem(source: str, text: str, may_be_tried_again: bool = False) -> FileLine:
    """What is wrong, after the name of what it is about where it does not say that itself."""
    name, problem = short_name(source), one_line(text)
    return FileLine("" if one_line(name) in problem else name, {}, problem, may_be_tried_again)


def short_name(source: str) -> str:
    """The name of a file, the whole of an address."""
    return source if is_url(source) else PurePath(source).name


def render_jobs(
    jobs: Sequence[tuple[Job, Sequence[FileLine]]], ended: Sequence[tuple[Job, Sequence[FileLine]]]
) -> str:
    """The jobs that are under way, in their order, and those that have ended, the newest first;
    they are folded, but for one that ended just now."""
    rows = "".join(_job(job, lines, place) for place, (job, lines) in enumerate(jobs))
    is_news = bool(ended) and time.time() - (ended[0][0].ended or 0.0) < NEWS_S
    newest, earlier = ended[:is_news], ended[is_news:]
    rows += "".join(_job(job, lines) for job, lines in newest)
    past = "".join(_job(job, lines) for job, lines in earlier)
    folded = (
        f'<details class="fn-jobs-past" data-job="past"><summary>'
        f"{translate('Earlier jobs')}</summary>"
        f'<ul class="fn-jobs">{past}</ul></details>'
        if past
        else ""
    )
    return (f'<ul class="fn-jobs">{rows}</ul>' if rows else "") + folded


def summary(job: Job, lines: Sequence[FileLine]) -> str:
    """How far a job is, or what came of it, in a line of plain text."""
    if job.state == "waiting":
        return translate("Waiting")
    if not job.has_ended:
        if job.cancelling:
            return translate("Stopping")
        given = len(job.paths) + len(job.urls)
        done = given - sum(line.waits for line in lines)
        parts = [
            translate_count(
                given, "{done} of {n} file", "{done} of {n} files", done=format_number(done)
            )
        ]
        if job.total:
            done_of, total = format_number(job.done), format_number(job.total)
            parts.append(translate("{done} of about {total} passages", done=done_of, total=total))
        if left := time_left(job):
            parts.append(left)
        return translate("Indexing: {parts}", parts=", ".join(parts))
    tally = sum((Counter(line.outcomes) for line in lines), Counter[str]())
    tally["with a problem"] = sum(bool(line.problem) for line in lines)
    tally["not reached"] = sum(line.waits for line in lines)
    what = _counted(tally) or translate("nothing to do")
    problem = f" {one_line(job.problem)}" if job.state == "failed" else ""
    return translate(_STATES[job.state], what=what) + problem


def _counted(outcomes: Mapping[str, int]) -> str:
    """``12 added, 1 updated``."""
    counted = (
        translate(_OUTCOMES[outcome][1], n=format_number(number))
        for outcome, number in outcomes.items()
        if number
    )
    return ", ".join(counted)


def _job(job: Job, lines: Sequence[FileLine], place: int = 0) -> str:
    has_problem = job.state == "failed" or any(line.problem for line in lines)
    grade = (
        "fair" if has_problem or job.state == "cancelled" else "good" if job.has_ended else "busy"
    )
    ahead = translate("({n} ahead)", n=format_number(place))
    line = f" {ahead}" if job.state == "waiting" and place else ""
    return (
        f'<li class="fn-job fn-job-{grade}"><p class="fn-job-name">{_named(job)}</p>'
        f"{_progress(job)}"
        f'<p class="fn-job-state">{escape(summary(job, lines))}{line}</p>'
        f"{_lines(job, lines)}{_buttons(job, lines)}</li>"
    )


def _named(job: Job) -> str:
    given = [short_name(str(path)) for path in job.paths] + list(job.urls)
    if not given:
        return translate("No file that can be read")
    name = escape_line(given[0], 60)
    if len(given) == 1:
        return name
    return translate("{name} and {n} more", name=name, n=format_number(len(given) - 1))


def _progress(job: Job) -> str:
    if job.state != "running":
        return ""
    value = f' max="{job.total}" value="{min(job.done, job.total)}"' if job.total else ""
    label = translate("Progress of {name}", name=_named(job))
    return f'<progress aria-label="{label}"{value}></progress>'


def _lines(job: Job, lines: Sequence[FileLine]) -> str:
    if not lines:
        return ""
    rows = "".join(
        f'<li class="fn-job-{"fault" if line.problem else "file"}">'
        f"{_bold(line.name)}{_outcome(job, line)}</li>"
        for line in lines[:MAX_LINES]
    )
    more = translate("and {n} more", n=format_number(len(lines) - MAX_LINES))
    more = f"<li>{more}</li>" if len(lines) > MAX_LINES else ""
    is_open = " open" if any(line.problem for line in lines) else ""
    return (
        f'<details class="fn-job-lines" data-job="{job.id}"{is_open}><summary>'
        f"{translate_count(len(lines), '{n} file', '{n} files')}</summary>"
        f"<ul>{rows}{more}</ul></details>"
    )


def _buttons(job: Job, lines: Sequence[FileLine]) -> str:
    if not job.has_ended:
        act, word = "cancel-job", translate("Cancel")
    elif job.state == "cancelled":
        act, word = "resume-job", translate("Resume")
    elif job.state == "failed" or any(line.may_be_tried_again for line in lines):
        act, word = "resume-job", translate("Try again")
    else:
        return ""
    return (
        f'<button type="button" class="fn-source-act" data-act="{act}" data-document="{job.id}" '
        f'aria-label="{word}: {_named(job)}">{word}</button>'
    )


def _origin(source: str, known: Mapping[str, object]) -> str:
    """Which of `known` a document at `source` comes from; ``path#record`` comes from ``path``."""
    found = source
    while found not in known and "#" in found:
        found = found.rpartition("#")[0]
    return found if found in known else source


def _bold(name: str) -> str:
    return f"<b>{escape_line(name, 120)}</b> " if name else ""


def _outcome(job: Job, line: FileLine) -> str:
    """``added``; ``12 added, 1 updated`` for a file of several documents; what is wrong."""
    if line.problem:
        return escape(line.problem, quote=True)
    if line.waits:
        return translate("not reached") if job.has_ended else translate("waiting")
    if sum(line.outcomes.values()) == 1:
        return translate(_OUTCOMES[next(iter(line.outcomes))][0])
    return _counted(line.outcomes)
