"""Asks questions in the terminal, one or a conversation, and prints the answers."""

from __future__ import annotations

import sys
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.errors import FootnoteError
from rag.events import Checked, Event, Finished, Retrieved, Rewritten, Selected, Token
from rag.types import Answer, Claim, Turn
from ui.labels import is_reply
from ui.questions.early_sentences import early_sentences, number_by_appearance
from ui.safe_text import count, one_line
from ui.shell.screen import Screen
from ui.shell.terminal_rows import (
    Row,
    claim_rows,
    decline_rows,
    doubt_rows,
    error_row,
    reply_rows,
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
    """Prints the events of one question: running text as it is checked, lists when the answer is
    finished. `draft` is the text since a sentence was last checked, `removed` the number of
    sentences that were left out, `printed` that of the claims that were printed."""

    screen: Screen
    silent: bool
    draft: str = ""
    removed: int = 0
    claims: tuple[Claim, ...] = ()  # checked so far
    printed: int = 0

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
                self._check(claim, is_kept=action != "removed")
            case Finished(answer):
                self._print(answer.claims)
                if self.removed and answer.status == "answered":
                    left_out = count(self.removed, "sentence")
                    self.screen.message(f"Left out: {left_out} that the articles do not support.")

    def _check(self, claim: Claim, *, is_kept: bool) -> None:
        if is_kept:
            self.claims = (*self.claims, claim)
        elif claim in self.claims:  # it is withdrawn
            self.claims = tuple(each for each in self.claims if each != claim)
        else:
            self.removed += 1
        early, _ = number_by_appearance(early_sentences(self.claims), ())
        self._print(early)
        waiting = " · ".join(each.text for each in self.claims[len(early) :])
        self.screen.show_activity("Checking", waiting)

    def _print(self, claims: Sequence[Claim]) -> None:
        """Print those of the claims that were not printed before."""
        if not self.silent:
            self.screen.output(*claim_rows(claims, self.printed))
        self.printed = max(self.printed, len(claims))


def print_answer(events: Iterator[Event], screen: Screen) -> Answer:
    """Print the answer as it is written, then its sources; or why there is none."""
    answer = collect_answer(events, screen)
    if answer.status == "declined":
        screen.output(*decline_rows(answer))
    elif is_reply(answer):
        screen.output(*reply_rows(answer))
    else:
        screen.output(*doubt_rows(answer), *source_rows(answer))
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
            history.append(Turn.of(question, answer))
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
