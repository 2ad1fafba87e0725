"""Reviews drafted cases in a terminal: one at a time, with its evidence in the source, by single
keys (`footnote eval review`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path
from typing import Any

from rich.text import Text

from eval.cases import Decision
from eval.drafting.draft import Kind
from eval.reviewing.finding import states_its_answer
from eval.reviewing.marking import MarkingError
from eval.reviewing.review_file import (
    ReviewedCase,
    ReviewError,
    ReviewFile,
    kinds_for,
    open_review,
)
from rag.assistant import Assistant
from rag.types import Span
from ui.safe_text import count, one_line
from ui.shell.case_mending import WAYS, CaseMending
from ui.shell.screen import Screen
from ui.shell.terminal_input import ReadKey, ReadLine, read_key, read_line
from ui.shell.terminal_rows import Row, document_text, error_row

KEYS = "a accept  e edit  m mark  d drop  u undo  n next  b back  q quit"
MAX_PLACES = 4  # of the evidence that are shown
NEAREST = 2  # passages beside a case that the articles do not answer
PASSAGE_CHARS = 400
_DECISIONS: dict[str, Decision] = {"a": "accepted", "d": "dropped"}
_MENDING = ("f", "m", "x")

_STAY = -1  # with the case that is shown


@dataclass(slots=True)
class CaseReview:
    """A review that goes on until it is quit or nothing is open."""

    file: ReviewFile
    assistant: Assistant
    screen: Screen
    reviewer: str
    read_key: ReadKey
    read_line: ReadLine

    def run(self) -> None:
        """Begin with the first case that nothing was decided about."""
        place = self.file.next_open()
        while place is not None:
            self.screen.output(*case_rows(self.file, place, self.assistant, self.screen))
            place = self._answer(place)
        self.screen.output(*summary_rows(self.file))

    def _answer(self, place: int) -> int | None:
        """The place of the case that comes next; None where the review ends."""
        while (key := self.read_key().lower()) not in ("q", "", "\x03", "\x04"):
            try:
                following = self._act(key, place)
            except (ReviewError, MarkingError) as error:
                self.screen.message(error_row(str(error)))
                continue
            if following != _STAY:
                return following
        return None

    def _act(self, key: str, place: int) -> int | None:
        """Do what a key says; the place of the case that comes next, `_STAY` where that is not
        settled, or None where nothing is left open. Raises `ReviewError`."""
        if key == "b":
            return max(0, place - 1)
        if key == "u":
            return self._undo()
        if key in _MENDING:
            return self._mend(key, place)
        if key in _DECISIONS:
            self.file.decide(place, _DECISIONS[key], self.reviewer)
        elif key == "e":
            self._edit(place)
        elif key != "n":
            if not key.isspace():
                self.screen.message(f"Keys: {KEYS}")
            return _STAY
        return self.file.next_open(place + 1)

    def _mend(self, key: str, place: int) -> int:
        """Mark, find again or remove what the case quotes; it is shown again where it changed."""
        before = self.file.cases[place].line
        mending = CaseMending(
            self.file, self.assistant, self.screen, self.reviewer, self.read_key, self.read_line
        )
        {"f": mending.find, "m": mending.mark, "x": mending.remove}[key](place)
        return place if self.file.cases[place].line != before else _STAY

    def _undo(self) -> int:
        undone = self.file.undo()
        if undone is None:
            self.screen.message("Nothing is left to undo.")
        return _STAY if undone is None else undone

    def _edit(self, place: int) -> None:
        """Ask for another question, kind and right answer; what is left empty stays."""
        reviewed = self.file.cases[place]
        question = one_line(self.read_line("Question (empty: as it is): ")) or None
        kinds = kinds_for(reviewed)
        named = self.read_line(f"Kind, of {', '.join(kinds)} (empty: {reviewed.kind}): ").strip()
        if named and named not in kinds:
            raise ReviewError(f"There is no kind {one_line(named, 40)!r} here.", "Edit it again.")
        kind: Kind | None = next((each for each in kinds if each == named), None)
        gold = self._gold() if reviewed.row.gold else None
        self.file.decide(place, "edited", self.reviewer, question=question, kind=kind, gold=gold)

    def _gold(self) -> tuple[str, ...] | None:
        given = self.read_line(
            "Right answers, any of which will do, with | between (empty: as now): "
        )
        return tuple(filter(None, map(one_line, given.split("|")))) or None


def review_cases(
    path: Path,
    assistant: Assistant,
    screen: Screen,
    reviewer: str | None = None,
    added: Iterable[dict[str, Any]] = (),
) -> None:
    """Review the cases in the file `path` by keys, with those `added` at its end. Raises
    `CaseError`, `ReviewError`."""
    name = reviewer or login_name()
    with open_review(path, lambda id: assistant.library.document(id).text) as file:
        if new := file.add(added):
            screen.message(f"{count(new, 'case')} from thumbs added.")
        screen.message(f"{count(len(file.cases), 'case')} in {one_line(path.name)}. Keys: {KEYS}")
        CaseReview(file, assistant, screen, name, read_key, read_line).run()


def login_name() -> str:
    """Who is signed in to this machine. Raises `ReviewError` where nobody is known."""
    try:
        return getuser()
    except (OSError, KeyError, ImportError) as error:
        raise ReviewError("It is not known who reviews.", "Say it: --reviewer NAME.") from error


# --- what is shown ----------------------------------------------------------------------------


def case_rows(file: ReviewFile, place: int, assistant: Assistant, screen: Screen) -> Iterator[Row]:
    """A case with its evidence in the source."""
    reviewed = file.cases[place]
    left = file.counts()["open"]
    kind = (reviewed.kind or "case").replace("_", "/")
    yield Row()
    yield Row(Text(f"{place + 1} of {len(file.cases)} · {kind} · {left} open", "dim"))
    yield Row(Text(one_line(reviewed.row.question), "bold"))
    if reviewed.row.review:
        review = reviewed.row.review
        yield Row(Text(f"{review.decision} by {one_line(review.reviewer)}, {review.at:%d %b %Y}"))
    yield from _expected(reviewed)
    if reviewed.changed:
        yield Row(Text(f"Its source changed: {one_line(reviewed.changed)}", "red"), Text("! "))
        yield Row(Text(WAYS, "dim"), Text("  "))
    elif reviewed.case and reviewed.row.answerable:
        yield from _evidence(reviewed.case.evidence, assistant, screen)
    else:
        yield from _nearest(reviewed, assistant)


def _expected(reviewed: ReviewedCase) -> Iterator[Row]:
    row = reviewed.row
    golds = [row.gold] if row.gold else list(row.all)
    for gold in golds:
        yield Row(Text(" or ".join(one_line(each, 120) for each in gold)), Text("Answer: ", "dim"))
    if not reviewed.changed and not states_its_answer(row):
        yield Row(Text("It does not stand in the evidence: e changes it.", "yellow"), Text("! "))
    if not row.answerable:
        yield Row(Text("The articles should not answer it."), Text("Answer: ", "dim"))
    if row.note:
        yield Row(Text(one_line(row.note), "dim"))


def _evidence(places: tuple[Span, ...], assistant: Assistant, screen: Screen) -> Iterator[Row]:
    for span in places[:MAX_PLACES]:
        document = assistant.library.document(span.document_id)
        yield Row()
        yield Row(Text(f"{one_line(document.title)} ({one_line(document.id)})", "cyan"))
        yield document_text(document.text, span, whole=False, brackets=not screen.styled)
    if len(places) > MAX_PLACES:
        yield Row(Text(f"… and {count(len(places) - MAX_PLACES, 'more place')}", "dim"))


def _nearest(reviewed: ReviewedCase, assistant: Assistant) -> Iterator[Row]:
    hits = assistant.search(reviewed.row.question).hits[:NEAREST]
    for hit in hits:
        document = assistant.library.document(hit.chunk.span.document_id)
        text = document.text[hit.chunk.span.start : hit.chunk.span.end]
        yield Row()
        yield Row(Text(f"Nearest: {one_line(document.title)} ({one_line(document.id)})", "cyan"))
        yield Row(Text(one_line(text, PASSAGE_CHARS)))


def summary_rows(file: ReviewFile) -> Iterator[Row]:
    """How many cases were decided in which way, and those to be asked whose source changed."""
    counts = file.counts()
    states = ("accepted", "edited", "dropped", "open")
    told = ", ".join(f"{counts[state]} {state}" for state in states if counts[state])
    yield Row()
    yield Row(Text(f"{count(len(file.cases), 'case')}: {told}."))
    changed = [each for each in file.cases if each.changed and each.decision != "dropped"]
    for each in changed:
        yield Row(
            Text(f"{one_line(each.row.id)}: its source changed ({one_line(each.changed)})", "red"),
            Text("! "),
        )
    if not counts["open"] and not changed:
        yield Row(Text(f"Run them: footnote eval --cases {one_line(str(file.path))}"))
