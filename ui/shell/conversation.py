"""What does a person see between a question and the next one?"""

from __future__ import annotations

import sys
from collections.abc import Collection, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.errors import FootnoteError
from rag.events import Checked, Event, Finished, Retrieved, Rewritten, Selected, Token
from rag.types import Answer, Turn
from ui.shell.screen import Screen
from ui.terminal import Row, complaint, count, declined, line, sentence, sources, timing

if TYPE_CHECKING:
    from rag.assistant import Assistant

PROMPT = "› "
LEAVE = "/quit"


def follow(events: Iterator[Event], screen: Screen, *, silent: bool = False) -> Answer:
    """Show the events as they come, and return the answer; `silent`: no sentences are printed.

    When it is interrupted, the events are closed, which ends the model's request.
    """
    watch = _Watch(screen, silent)
    screen.wait("Searching")
    try:
        for event in events:
            watch.show(event)
            if isinstance(event, Finished):
                return event.answer
    finally:
        screen.rest()
        if isinstance(events, Generator):
            events.close()
    raise RuntimeError("the events ended without Finished")


@dataclass
class _Watch:
    """Who follows one question: what was written since a sentence was last checked, and how many
    sentences were removed."""

    screen: Screen
    silent: bool
    draft: str = ""
    removed: int = 0

    def show(self, event: Event) -> None:
        match event:
            case Rewritten(question):
                self.screen.note(f"Asked as: {line(question)}")
            case Retrieved():
                self.screen.wait("Choosing passages")
            case Selected(passages):
                self.screen.wait(f"Reading {count(len(passages), 'passage')}")
            case Token(text):
                self.draft += text
                self.screen.wait("Writing", self.draft)
            case Checked(claim, action):
                self.draft = ""
                self.screen.wait("Checking")
                self.removed += action == "removed"
                if action != "removed" and not self.silent:
                    self.screen.say(sentence(claim))
            case Finished(answer):
                if self.removed and answer.status == "answered":
                    left_out = count(self.removed, "sentence")
                    self.screen.note(f"Left out: {left_out} that the articles do not support.")


def tell(events: Iterator[Event], screen: Screen) -> Answer:
    """Show the answer as it comes about, then what it rests on; or why there is none."""
    answer = follow(events, screen)
    screen.say(*(declined(answer) if answer.status == "declined" else sources(answer)))
    screen.gap()
    screen.note(timing(answer))
    return answer


def chat(assistant: Assistant, screen: Screen, document_ids: Collection[str] | None) -> None:
    """Ask, answer, and again, until the input ends or says ``/quit``."""
    history: list[Turn] = []
    while (question := _read(screen)) not in (None, LEAVE):
        if not question:
            continue
        try:
            answer = tell(assistant.stream(question, tuple(history), document_ids), screen)
        except FootnoteError as error:
            screen.note(complaint(str(error)))
        except KeyboardInterrupt:
            screen.note("Stopped.")
        else:
            history.append(Turn(question, answer.text))
        screen.say(Row())


def _read(screen: Screen) -> str | None:
    """The next question; none at the end of the input. Ctrl-C clears the line."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        question = sys.stdin.readline()
        return question.strip() if question else None
    with suppress(ImportError):
        import readline  # noqa: F401  (gives `input` its history and editing)
    while True:
        try:
            return input(PROMPT).strip()
        except EOFError:
            screen.say(Row())
            return None
        except KeyboardInterrupt:
            screen.note(f"\nCtrl-D or {LEAVE} leaves.")
