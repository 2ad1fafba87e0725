"""Asks questions in the terminal, one or a conversation, and prints the answers."""

from __future__ import annotations

import sys
from collections.abc import Collection, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.errors import FootnoteError
from rag.events import Checked, Event, Finished, Retrieved, Rewritten, Selected, Token
from rag.types import Answer, Claim, Turn
from ui.safe_text import count, one_line
from ui.shell.screen import Screen
from ui.shell.terminal_rows import (
    Row,
    decline_rows,
    error_row,
    heading_row,
    sentence_row,
    source_rows,
    timing_line,
)

if TYPE_CHECKING:
    from rag.assistant import Assistant

PROMPT = "› "
LEAVE = "/quit"


def collect_answer(events: Iterator[Event], screen: Screen, *, silent: bool = False) -> Answer:
    """Print the events as they come, and return the answer; `silent`: no sentences are printed.

    When it is interrupted, the events are closed, which ends the model's request.
    """
    printer = _ProgressPrinter(screen, silent)
    screen.show_activity("Searching")
    try:
        for event in events:
            printer.show(event)
            if isinstance(event, Finished):
                return event.answer
    finally:
        screen.clear_activity()
        if isinstance(events, Generator):
            events.close()
    raise RuntimeError("the events ended without Finished")


@dataclass
class _ProgressPrinter:
    """Prints the events of one question. `draft` is the text since a sentence was last checked,
    `removed` the number of sentences that were left out."""

    screen: Screen
    silent: bool
    draft: str = ""
    removed: int = 0
    group: str | None = None  # of points, under way

    def show(self, event: Event) -> None:
        match event:
            case Rewritten(question):
                self.screen.message(f"Asked as: {one_line(question)}")
            case Retrieved():
                self.screen.show_activity("Choosing passages")
            case Selected(passages):
                self.screen.show_activity(f"Reading {count(len(passages), 'passage')}")
            case Token(text):
                self.draft += text
                self.screen.show_activity("Writing", self.draft)
            case Checked(claim, action):
                self.draft = ""
                self.screen.show_activity("Checking")
                self.removed += action == "removed"
                if action != "removed" and not self.silent:
                    self._show_sentence(claim)
            case Finished(answer):
                if self.removed and answer.status == "answered":
                    left_out = count(self.removed, "sentence")
                    self.screen.message(f"Left out: {left_out} that the articles do not support.")

    def _show_sentence(self, claim: Claim) -> None:
        """A sentence, or a point below the heading of its list."""
        if claim.group != self.group and (heading := heading_row(claim)):
            self.screen.output(Row(), heading)
        self.group = claim.group
        self.screen.output(sentence_row(claim))


def print_answer(events: Iterator[Event], screen: Screen) -> Answer:
    """Print the answer as it is written, then its sources; or why there is none."""
    answer = collect_answer(events, screen)
    screen.output(*(decline_rows(answer) if answer.status == "declined" else source_rows(answer)))
    screen.blank_line()
    screen.message(timing_line(answer))
    return answer


def run_chat(assistant: Assistant, screen: Screen, document_ids: Collection[str] | None) -> None:
    """Ask, answer, and again, until the input ends or says ``/quit``."""
    history: list[Turn] = []
    while (question := _read(screen)) not in (None, LEAVE):
        if not question:
            continue
        try:
            answer = print_answer(assistant.stream(question, tuple(history), document_ids), screen)
        except FootnoteError as error:
            screen.message(error_row(str(error)))
        except KeyboardInterrupt:
            screen.message("Stopped.")
        else:
            history.append(Turn(question, answer.text))
        screen.output(Row())


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
            screen.output(Row())
            return None
        except KeyboardInterrupt:
            screen.message(f"\nCtrl-D or {LEAVE} leaves.")
