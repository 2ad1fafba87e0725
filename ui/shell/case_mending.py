"""Marks key points of drafted cases anew in a terminal, and mends cases whose source changed: what
they quote is found again, another sentence is marked, or it is removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from eval.reviewing import marking
from eval.reviewing.finding import (
    Found,
    documents_near,
    find_again,
    find_sentences,
    lost_quotes,
)
from eval.reviewing.review_file import Changes, ReviewError, ReviewFile
from rag.assistant import Assistant
from rag.types import Document, Span
from ui.safe_text import one_line
from ui.shell.screen import Screen
from ui.shell.terminal_input import ReadKey, ReadLine
from ui.shell.terminal_rows import Row, document_text

WAYS = (
    "f finds it again, m marks another sentence, x removes it, d drops the case, n leaves it marked"
)
MAX_LISTED = 9  # sentences to choose from
_CHOICE = "y takes it, n shows the next, any other key leaves it"


@dataclass(frozen=True, slots=True)
class CaseMending:
    """What the keys f, m and x do. Each change is in the file at once, and counts as an edit."""

    file: ReviewFile
    assistant: Assistant
    screen: Screen
    reviewer: str
    read_key: ReadKey
    read_line: ReadLine

    def find(self, place: int) -> None:
        """Show where each lost quote may stand now; what is chosen takes its place. Raises
        `ReviewError`."""
        for quote in self._lost(place):
            self.screen.output(Row(), Row(Text(one_line(quote["quote"])), Text("Lost: ", "red")))
            found = find_again(quote["quote"], self._documents(quote["quote"], quote))
            if not found:
                self.screen.message("Nothing like it stands in the articles.")
            elif chosen := self._choose(found):
                line = self.file.cases[place].line
                self._change(place, marking.with_quote(line, quote, self._quote(chosen)))

    def mark(self, place: int) -> None:
        """Ask for words of a sentence, and put it in place of the first lost quote, or of a key
        point, or beside them. Raises `ReviewError`, `MarkingError`."""
        reviewed = self.file.look_up(place)
        if not reviewed.row.answerable:
            raise ReviewError("The articles should not answer it.", "Drop it if one does.")
        lost = lost_quotes(reviewed.line, self.file.text_of)
        point = None if lost else self._point(len(marking.quotes_of(reviewed.line)))
        words = self.read_line("Words of the sentence (empty: those of the question): ").strip()
        near = lost[0] if lost else reviewed.line["evidence"][0]
        span = self._pick(words or reviewed.row.question, near)
        if span is None:
            return
        new = self._quote(span)
        if lost:
            line = marking.with_quote(reviewed.line, lost[0], new)
        else:
            line = marking.with_point(reviewed.line, span.document_id, new["quote"], point)
        self._change(place, line)

    def remove(self, place: int) -> None:
        """Remove the first lost quote. Raises `ReviewError`, also where no key point is left."""
        lost = self._lost(place)[0]
        self._change(place, marking.without_quote(self.file.cases[place].line, lost))

    def _lost(self, place: int) -> list[marking.Quote]:
        lost = lost_quotes(self.file.look_up(place).line, self.file.text_of)
        if not lost:
            raise ReviewError("Its source is as it was.", "Mark another sentence with m.")
        return lost

    def _change(self, place: int, line: dict[str, Any]) -> None:
        self.file.change(place, self.reviewer, Changes(line=line))

    def _quote(self, span: Span) -> marking.Quote:
        return {"document_id": span.document_id, "quote": self.assistant.library.text(span)}

    # --- choosing -----------------------------------------------------------------------------

    def _choose(self, found: Sequence[Found]) -> Span | None:
        """Show one after the other until a key takes one."""
        for number, each in enumerate(found, start=1):
            likeness = "the same words" if each.is_same else "nearly the same"
            self._show(each.span, f"{number} of {len(found)}, {likeness}: ")
            self.screen.message(_CHOICE)
            while (key := self.read_key().lower()).isspace():
                pass
            if key == "y":
                return each.span
            if key != "n":
                return None
        return None

    def _show(self, span: Span, lead: str) -> None:
        document = self.assistant.library.document(span.document_id)
        title = f"{one_line(document.title)} ({one_line(document.id)})"
        brackets = not self.screen.styled
        self.screen.output(
            Row(Text(title, "cyan"), Text(lead, "dim")),
            document_text(document.text, span, whole=False, brackets=brackets),
        )

    def _point(self, number: int) -> int | None:
        """The place of a key point, from 0; None for a further one. Raises `ReviewError`."""
        given = self.read_line(f"In place of key point (1 to {number}, empty: add one): ").strip()
        return None if not given else _number(given, number)

    def _pick(self, words: str, near: marking.Quote) -> Span | None:
        """A sentence that shares words with these, chosen by its number. Raises `ReviewError`."""
        found = find_sentences(words, self._documents(words, near), most=MAX_LISTED)
        if not found:
            raise ReviewError("No sentence has such words.", "Try words of the source.")
        for number, span in enumerate(found, start=1):
            told = f"{one_line(self.assistant.library.text(span))} ({one_line(span.document_id)})"
            self.screen.output(Row(Text(told), Text(f"{number}  ", "cyan")))
        given = self.read_line(f"Which, of 1 to {len(found)} (empty: none): ").strip()
        return found[_number(given, len(found))] if given else None

    def _documents(self, words: str, near: marking.Quote) -> list[Document]:
        return documents_near(words, near["document_id"], self.assistant)


def _number(given: str, most: int) -> int:
    """The place, from 0, that a number from 1 to `most` means. Raises `ReviewError`."""
    if not (given.isascii() and given.isdigit() and 1 <= int(given[:9]) <= most):
        raise ReviewError(f"There is no number {one_line(given, 20)!r} here.", "Try again.")
    return int(given[:9]) - 1
