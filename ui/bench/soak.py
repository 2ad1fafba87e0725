"""Hours of mixed work on one server: do errors, mixed-up answers or memory pile up?

People ask in windows and load them again, programs ask over the API, and one person adds a file,
asks about it and removes it, over and over.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ui.bench.api_load import ProgramClient, ask_at_once, client_lines
from ui.bench.browser import LONGEST_S, PageWindow, ServedPage, open_browser, serve_page
from ui.bench.load import SimulatedUser, count_faults, notes_of, question, write
from ui.bench.stand_in_model import StandInModel

if TYPE_CHECKING:
    from playwright.async_api import Browser

WORD_S = 0.02  # a word of the stand-in
PROGRAMS, PEOPLE = 4, 3
EVERY_S = 10.0  # the memory is looked at
WARM_SHARE = 0.25  # of the time, in which caches fill
QUESTIONS_A_VISIT = 5  # before the page is loaded again


@dataclass
class Uploader:
    """Somebody who adds a file, asks about it and removes it, and what went wrong."""

    rounds: int = 0
    errors: list[str] = field(default_factory=list)

    async def work(self, window: PageWindow, folder: Path, until: float) -> None:
        """Until `until`, on the monotonic clock. A window that hangs ends it."""
        page = window.page
        page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
        while time.monotonic() < until:
            name = f"bed-{self.rounds}"
            file = folder / f"{name}.txt"
            text = f"Bed {name}\n\nIn bed {name} grow {self.rounds + 3} rows of beans."
            file.write_text(text, encoding="utf-8")
            try:
                await page.set_input_files("#fn-files input[type=file]", file)
                source = page.locator("#fn-rail-list .fn-source", has_text=f"Bed {name}").first
                await source.wait_for(timeout=LONGEST_S * 1000)
                seen = await window.ask(f"How many rows of beans grow in bed {name}?")
                if seen.failed or f"{self.rounds + 3} rows" not in seen.text:
                    self.errors.append(f"{name}: {seen.failed or seen.text[:200]}")
                await source.locator("summary").click()
                await source.locator("[data-act=remove-source]").click()
                await source.wait_for(state="detached", timeout=LONGEST_S * 1000)
            except Exception as error:  # a figure, not the bench's end
                self.errors.append(f"{name}: {type(error).__name__}: {error}"[:300])
                return
            self.rounds += 1
        self.errors += window.faults


@dataclass
class SoakResult:
    """What came of it, as the lines to print."""

    people: Sequence[SimulatedUser]
    clients: Sequence[ProgramClient]
    uploader: Uploader
    memory: Sequence[tuple[float, int]]
    """Of the server: seconds since the start, and bytes."""

    def lines(self) -> Iterator[tuple[str, str]]:
        n = sum(len(each.waits) for each in self.people)
        yield "answers in windows", f"{n}, for {len(self.people)} people"
        for name in ("errors", "strange", "missing", "disorder"):
            found = [text for each in self.people for text in getattr(each, name)]
            yield f"  {name}", count_faults(found, n)
        rounds = self.uploader.rounds
        yield "files added, asked and removed", f"{rounds}"
        yield "  errors", count_faults(self.uploader.errors, rounds)
        yield from client_lines(self.clients)
        yield "memory of the server", self._growth()

    def _growth(self) -> str:
        import numpy as np

        first = WARM_SHARE * self.memory[-1][0]
        times, sizes = zip(*(each for each in self.memory if each[0] >= first), strict=True)
        megabytes = [size / 2**20 for size in sizes]
        slope = float(np.polyfit(times, megabytes, 1)[0]) * 3600 if len(times) > 1 else 0.0
        ends = f"{megabytes[0]:,.0f} MiB, at the end {megabytes[-1]:,.0f} MiB"
        return f"{slope:+.1f} MiB an hour after a quarter of the time: {ends}"


async def run_soak(seconds: float) -> SoakResult:
    """So many seconds of mixed work; a quarter of them warms up."""
    people = [SimulatedUser(notes_of(number)) for number in range(PEOPLE)]
    clients = [ProgramClient(notes_of(PEOPLE + number)) for number in range(PROGRAMS)]
    uploader = Uploader()
    with tempfile.TemporaryDirectory() as name, StandInModel(WORD_S) as model:
        folder = Path(name)
        everybody = range(PEOPLE + PROGRAMS)
        write(folder / "notes", [note for number in everybody for note in notes_of(number)])
        (folder / "beds").mkdir()
        async with open_browser() as browser:
            with serve_page(folder / "data", folder / "notes", model.url) as page:
                windows = [await _window(browser, page.url) for _ in [*people, uploader]]
                until = time.monotonic() + seconds
                watched = asyncio.create_task(_watched(page, until))
                await asyncio.gather(
                    asyncio.to_thread(ask_at_once, clients, page.url, seconds),
                    uploader.work(windows[-1], folder / "beds", until),
                    *(_visits(*each, until) for each in zip(people, windows, strict=False)),
                )
                return SoakResult(people, clients, uploader, await watched)


async def _window(browser: Browser, url: str) -> PageWindow:
    window = await PageWindow.open(browser, url)
    await window.ready()
    return window


async def _visits(person: SimulatedUser, window: PageWindow, until: float) -> None:
    """Ask a few questions, load the page again, begin another conversation; again and again."""
    try:
        while time.monotonic() < until:
            for count in range(QUESTIONS_A_VISIT):
                note = person.notes[count % len(person.notes)]
                person.note(note, await window.ask(question(note)))
            await window.reload(QUESTIONS_A_VISIT)
            answers = await window.texts("#fn-ask-tab .fn-answer")
            if len(answers) != QUESTIONS_A_VISIT:
                person.missing.append(f"{len(answers)} answers after a reload")
            await window.new()
    except Exception as error:  # a window that hangs is a figure, not the bench's end
        person.errors.append(f"{type(error).__name__}: {error}"[:300])
    person.errors += window.faults


async def _watched(page: ServedPage, until: float) -> list[tuple[float, int]]:
    started = time.monotonic()
    seen = [(0.0, page.resident())]
    while time.monotonic() < until:
        await asyncio.sleep(min(EVERY_S, max(until - time.monotonic(), 0.0)))
        seen.append((time.monotonic() - started, page.resident()))
    return seen
