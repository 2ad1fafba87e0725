"""Makes the page large: a conversation of many questions, and an index of many sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ui.gate.sign_in import COOKIE, cookie_owner
from ui.records.history import History

if TYPE_CHECKING:
    from ui.bench.browser import PageWindow

HARBOURS = ("Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Gorse", "Hazel", "Iris", "Juniper")


async def lengthen_conversation(window: PageWindow, data: Path, questions: int) -> None:
    """Repeat the last exchange of the open conversation until it has so many, and load it anew."""
    cookies = await window.page.context.cookies()
    owner = cookie_owner(next(each["value"] for each in cookies if each["name"] == COOKIE)) or ""
    conversation = window.page.url.rpartition("c=")[2]
    with History.open(data / "history.sqlite3") as history:
        exchanges = history.exchanges(owner, conversation)
        for number in range(len(exchanges), questions):
            history.put(owner, conversation, replace(exchanges[-1], id=f"{number:016x}"))
    await window.reload(questions)


def write_sources(folder: Path, number: int) -> None:
    """So many short articles, each about a ferry of its own."""
    folder.mkdir(parents=True)
    for n in range(number):
        harbour, lamps = HARBOURS[n % len(HARBOURS)], n % 97 + 2
        text = (
            f"The ferry {n} of {harbour} harbour\n\n"
            f"Ferry {n} leaves {harbour} harbour every {n % 50 + 5} minutes. "
            f"It carries {lamps} lamps, and its deck was painted in {1900 + n % 120}.\n"
        )
        (folder / f"ferry-{n}.txt").write_text(text, encoding="utf-8")


def source_questions(number: int, sources: int) -> Sequence[str]:
    """So many different questions about articles of `write_sources`."""
    step = max(1, sources // number)
    return [f"How many lamps does ferry {n * step} carry?" for n in range(number)]
