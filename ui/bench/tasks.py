"""Five tasks as a person would do them, counted: clicks, keys, seconds.

Each begins on the first screen, and ends when what was wanted is on screen; whatever is wrong then
ends the benchmark. The time of a person is estimated by the keystroke-level model (Card, Moran and
Newell, "The keystroke-level model for user performance time with interactive systems", 1980),
without time to think and to read.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import FootnoteError
from ui.bench.browser import LONGEST_S, PageWindow, open_browser, serve_page

if TYPE_CHECKING:
    from playwright.async_api import Browser, Locator

KEY_S = 0.28  # an average typist who does not do it for a living
CLICK_S = 1.1 + 0.2  # pointing, and pressing the button
HAND_S = 0.4  # from the keyboard to the mouse, or back
CLICK_TIMEOUT_MS = 10_000

ARTICLES = {
    "alder.txt": """The lighthouse of Alder

The Alder lighthouse was built in 1871. It is 31 metres tall and shows a white light.

“The lamp must never go out,” said its keeper, Orla Finch.
""",
    "birch.txt": """The lighthouse of Birch

The Birch lighthouse was built in 1902. It is 44 metres tall and shows a red light.

It has had no keeper since 1990.
""",
}
PDF_TEXT = "The Cedar lighthouse was closed in 1987 after a storm."


class TaskFailed(FootnoteError):
    """A task that did not end as it should."""


@dataclass
class Person:
    """Somebody at a window, whose clicks and keys are counted."""

    window: PageWindow
    clicks: int = 0
    keys: int = 0
    moves: int = 0  # of the hand between keyboard and mouse
    _hand: str = "mouse"

    async def click(self, what: Locator | str) -> None:
        """Click on what is there and can be clicked."""
        where = self.window.page.locator(what).first if isinstance(what, str) else what
        await where.click(timeout=CLICK_TIMEOUT_MS)
        self.clicks += 1
        self._use("mouse")

    async def write(self, text: str, end: str = "Enter") -> None:
        """Write where the cursor is, and press `end`."""
        await self.window.page.keyboard.type(text)
        await self.window.page.keyboard.press(end)
        self.keys += len(text) + 1
        self._use("keyboard")

    async def ask(self, question: str) -> None:
        """Write a question into the box, where the cursor is at first, and wait for the answer."""
        if not await self.window.page.locator("#fn-question textarea").evaluate(
            "(box) => box === document.activeElement"
        ):
            await self.click("#fn-question textarea")
        await self.write(question)
        await self.see("#fn-live article:not([aria-busy]) .fn-actions")

    async def see(self, what: str, text: str = "") -> None:
        """Wait until it is on screen, with `text` in it. Raises `TaskFailed`."""
        from playwright.async_api import TimeoutError as TooLate

        found = self.window.page.locator(what).filter(has_text=text or None)
        try:
            await found.first.wait_for(timeout=LONGEST_S * 1000)
        except TooLate as error:
            raise TaskFailed(
                f"A task did not end: {what} with “{text}” is not on screen.",
                "Look at the page with `footnote ui`.",
            ) from error

    @property
    def effort_s(self) -> float:
        """What the clicks and keys take a person."""
        return self.clicks * CLICK_S + self.keys * KEY_S + self.moves * HAND_S

    def _use(self, hand: str) -> None:
        self.moves += hand != self._hand
        self._hand = hand


# --- the tasks --------------------------------------------------------------------------------


async def find_who_said_it(person: Person, _: Path) -> None:
    """A sentence is known, its speaker is wanted, and the sentence in the article."""
    await person.ask("Who said that the lamp must never go out?")
    await person.see("#fn-live .fn-answer", "Orla Finch")
    await person.click("#fn-live .fn-chip")
    await person.see("#fn-pane .fn-current", "lamp must never go out")


async def check_a_number(person: Person, _: Path) -> None:
    """A number is to be seen in the article that states it."""
    await person.ask("How tall is the Birch lighthouse?")
    await person.click("#fn-live .fn-chip")
    await person.see("#fn-pane .fn-current", "44 metres")


async def add_a_pdf_and_ask_it(person: Person, folder: Path) -> None:
    """A PDF lies in a folder, and something that it says is wanted."""
    page = person.window.page
    await person.click("#fn-rail [data-rail=add]")
    async with page.expect_file_chooser() as chooser:
        await person.click("#fn-rail-choose")
    person.clicks += 1  # the file, in the system's own window
    await (await chooser.value).set_files(folder / "cedar.pdf")
    await person.see("#fn-rail-list", "cedar")
    await person.ask("When was the Cedar lighthouse closed?")
    await person.click("#fn-live .fn-chip")
    await person.see("#fn-pane .fn-current", "1987")


async def compare_two_sources(person: Person, _: Path) -> None:
    """Two of the sources, and no others, are to be compared, and both to be seen."""
    page = person.window.page
    await person.click("#fn-rail-all")
    for title in ("The lighthouse of Alder", "The lighthouse of Birch"):
        row = page.locator("#fn-rail-list .fn-source", has_text=title)
        await person.click(row.locator(".fn-source-tick"))
    await person.ask("Compare the Alder lighthouse with the Birch lighthouse")
    for metres in ("31 metres", "44 metres"):
        await person.click(page.locator("#fn-live .fn-quote", has_text=metres))
        await person.see("#fn-pane .fn-current", metres)


async def take_it_into_a_document(person: Person, _: Path) -> None:
    """An answer is wanted in a text of one's own, with its footnotes."""
    page = person.window.page
    await person.ask("What light does the Alder lighthouse show?")
    await person.click("#fn-live [data-act=copy]")
    await page.wait_for_timeout(300)
    person.keys += 2  # Ctrl and V
    person._use("keyboard")
    copied = await page.evaluate("() => navigator.clipboard.readText()")
    if "white light" not in copied or "[1]" not in copied:
        raise TaskFailed(f"This was copied: {copied[:200]!r}.", "Look at the button Copy.")


Task = Callable[[Person, Path], Awaitable[None]]
TASKS: dict[str, Task] = {
    "find who said a sentence": find_who_said_it,
    "check a number": check_a_number,
    "add a PDF and ask it": add_a_pdf_and_ask_it,
    "compare two sources": compare_two_sources,
    "take an answer into a document": take_it_into_a_document,
}


async def run_tasks(model: str) -> list[tuple[str, str]]:
    """Do the tasks one after the other; `model` is "local" or "none". Raises `TaskFailed`."""
    async with open_browser() as browser:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            articles = folder / "articles"
            articles.mkdir()
            for file, text in ARTICLES.items():
                (articles / file).write_text(text, encoding="utf-8")
            (folder / "cedar.pdf").write_bytes(one_page_pdf(PDF_TEXT))
            with serve_page(folder / "data", articles, model=model) as page:
                window = await PageWindow.open(browser, page.url)
                await window.ready()
                await window.ask("When was the Alder lighthouse built?")  # while caches fill
                await window.close()
                return [
                    (task, await _counted(browser, page.url, do, folder))
                    for task, do in TASKS.items()
                ]


async def _counted(browser: Browser, url: str, do: Task, folder: Path) -> str:
    permissions = ["clipboard-read", "clipboard-write"]
    window = await PageWindow.open(browser, url, permissions=permissions)
    await window.ready()
    person = Person(window)
    started = time.perf_counter()
    await do(person, folder)
    waited = time.perf_counter() - started
    await window.close()
    return (
        f"{person.clicks} clicks, {person.keys} keys, {waited:.1f} s for the page, "
        f"about {waited + person.effort_s:.0f} s for a person"
    )


def one_page_pdf(line: str) -> bytes:
    """A PDF of one page with one line of plain letters on it."""
    drawn = f"BT /F1 12 Tf 72 720 Td ({line}) Tj ET"
    bodies = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        " /Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    data, places = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        places.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode("ascii")
    rows = "".join(f"{place:010} 00000 n \n" for place in places)
    trailer = f"<< /Size {len(bodies) + 1} /Root 1 0 R >>\nstartxref\n{len(data)}\n%%EOF"
    head = f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n"
    return data + f"{head}{rows}trailer\n{trailer}\n".encode("ascii")
