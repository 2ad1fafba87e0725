"""Several simulated users ask at once, for minutes.

Each has notes that nobody else asks about, and each note a marker that stands in no other: it shows
whose answer a text is.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from ui.bench.browser import PageWindow, open_browser, serve_page
from ui.bench.page_probe import ObservedQuestion
from ui.bench.stand_in_model import StandInModel
from ui.web.conversation_parts import MAX_PAST_SHOWN

if TYPE_CHECKING:
    from playwright.async_api import Browser

NOTES = 4  # of each person, asked about in turn
FIRST = 11  # number of the first note
WORD_S = 0.08  # a word of the model: a reply takes about a second
MARKER = re.compile(r"seal-\d{5}")


@dataclass
class SimulatedUser:
    """Somebody at a window, and what came of what they asked; faults as sentences."""

    notes: Sequence[int]
    waits: list[float] = field(default_factory=list)  # seconds from Enter to the whole answer
    in_line: int = 0  # questions that had to wait for others
    errors: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)  # held a seal of another question
    missing: list[str] = field(default_factory=list)  # did not hold the seal of its own
    disorder: list[str] = field(default_factory=list)

    async def work(self, window: PageWindow, seconds: float) -> None:
        """Ask again and again until the time is over; the last answer is waited for."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            note = self.notes[(len(self.waits) + len(self.errors)) % len(self.notes)]
            try:
                self.note(note, await window.ask(question(note)))
            except Exception as error:  # a window that hangs is a figure, not the bench's end
                self.errors.append(f"note {note}: {type(error).__name__}: {error}"[:300])
                return
        self.errors += window.faults
        await self.look_back(window)

    def note(self, note: int, observed: ObservedQuestion) -> None:
        """Write down what came of a question about `note`."""
        if observed.failed:
            self.errors.append(f"note {note}: {observed.failed}")
            return
        self.waits.append(observed.over_s)
        self.in_line += observed.waited
        markers = set(MARKER.findall(observed.text))
        if markers - {marker(note)}:
            self.strange.append(f"note {note}: {observed.text[:200]}")
        if marker(note) not in markers:
            self.missing.append(f"note {note}: {observed.text[:200]}")
        self.disorder += [f"note {note}: {each}" for each in observed.disorder()]

    async def look_back(self, window: PageWindow) -> None:
        """Nothing of other people may stand anywhere in the window, and nothing be lost."""
        answers = await window.texts("#fn-ask-tab .fn-answer")
        questions = await window.texts("#fn-ask-tab .fn-question")
        titles = await window.texts("#fn-conversations .fn-row-title")
        own = {marker(note) for note in self.notes}
        self.strange += [
            f"in the conversation: {each[:200]}"
            for each in answers
            if set(MARKER.findall(each)) - own
        ]
        own_questions = {question(note) for note in self.notes}
        self.strange += [
            f"a question: {each}" for each in [*questions, *titles] if each not in own_questions
        ]
        lost = min(len(self.waits), MAX_PAST_SHOWN + 1) - len(answers)
        self.missing += [f"{lost} answers more than the conversation holds"] if lost else []


@dataclass
class LoadResult:
    """What came of a load, as the lines to print."""

    people: Sequence[SimulatedUser]
    seconds: float
    requests: int
    at_once: int

    def lines(self) -> Iterator[tuple[str, str]]:
        waits = [wait for person in self.people for wait in person.waits]
        n, most = len(waits), max(waits, default=float("nan"))
        yield "answers", f"{n} in {self.seconds:.0f} s, for {len(self.people)} people"
        yield "errors", self._count("errors", n)
        yield "answers in the wrong session", self._count("strange", n)
        yield "answers without their own seal", self._count("missing", n)
        yield "answers out of order", self._count("disorder", n)
        each = [len(person.waits) for person in self.people]
        share = min(each) / max(each) if max(each) else float("nan")
        yield "answers a person", f"{min(each)} to {max(each)} (share {share:.2f}, limit 0.8)"
        middle = f", {median(waits):.1f} s (median)" if waits else ""
        fair = len(self.people) * self.seconds / n if n else float("nan")
        yield "longest wait", f"{most:.1f} s{middle}, n={n} (limit {2 * fair:.1f} s: two rounds)"
        lined = sum(person.in_line for person in self.people)
        yield "that saw their place in line", f"{lined} of {n}"
        figure = f"{self.at_once} (limit 1), n={self.requests} requests"
        yield "requests to the model at a time", figure

    def _count(self, name: str, n: int) -> str:
        return count_faults([text for who in self.people for text in getattr(who, name)], n)


async def run_load(people: int, seconds: float) -> LoadResult:
    """So many people ask for so many seconds; the model answers one question at a time."""
    everybody = [SimulatedUser(notes_of(number)) for number in range(people)]
    async with open_browser() as browser:
        with tempfile.TemporaryDirectory() as folder, StandInModel(WORD_S) as model:
            articles = Path(folder) / "notes"
            write(articles, [note for person in everybody for note in person.notes])
            with serve_page(Path(folder) / "data", articles, model.url) as page:
                windows = [await _window(browser, page.url) for _ in everybody]
                work = zip(everybody, windows, strict=True)
                await asyncio.gather(*(who.work(window, seconds) for who, window in work))
            return LoadResult(everybody, seconds, model.requests, model.most_at_once)


async def _window(browser: Browser, url: str) -> PageWindow:
    window = await PageWindow.open(browser, url)
    await window.ready()
    return window


def write(folder: Path, notes: Sequence[int]) -> None:
    """A file for each note."""
    folder.mkdir(parents=True)
    for note in notes:
        text = (
            f"The lamps of hall {note}\n\nNote {note} says that the lamp carries {marker(note)}.\n"
        )
        (folder / f"note-{note}.txt").write_text(text, encoding="utf-8")


def notes_of(number: int) -> range:
    """The notes that only the person or program of that number asks about."""
    return range(FIRST + number * NOTES, FIRST + (number + 1) * NOTES)


def count_faults(found: Sequence[str], n: int) -> str:
    """How many faults there are of `n`, none of which may be, and the first of them."""
    example = "; first: " + " ".join(found[0].split()) if found else ""
    return f"{len(found)}, n={n} (limit 0){example}"


def question(note: int) -> str:
    """What is asked about a note."""
    return f"What does note {note} say?"


def marker(note: int) -> str:
    """What stands in this note and in no other; five digits, for notes below 10,000."""
    return f"seal-{note * 7919 % 100_000:05d}"
