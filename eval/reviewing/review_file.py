"""A file of cases under review: what was decided about each case, by whom and when.

Each decision is written at once into the line of its case; the file is replaced whole or not at
all. One review at a time holds the file.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from eval.cases import Case, CaseError, CaseRow, Decision, case_of, checked_row, read_rows
from eval.drafting.draft import KINDS, TAGS, Kind, kind_of
from eval.text_format import one_line
from rag.errors import FootnoteError

Clock = Callable[[], datetime]


class ReviewError(FootnoteError):
    """A file of cases that cannot be reviewed now, or a decision that cannot be made."""


class DecidedMeanwhile(ReviewError):
    """Somebody else changed the case since it was shown."""


class SourceChanged(ReviewError):
    """The case cannot be kept as it is, because its source changed."""


class NotACase(ReviewError):
    """What would be left is no case: without a key point, or without a question."""


class OtherKind(ReviewError):
    """A case that the articles answer cannot become one that they do not, or the reverse."""


@dataclass(frozen=True, slots=True)
class ReviewedCase:
    """A line under review. `line` is all that it holds; `case` is None where its source `changed`,
    and that says how."""

    row: CaseRow
    line: dict[str, Any]
    case: Case | None
    changed: str = ""

    @property
    def kind(self) -> Kind | None:
        return kind_of(self.row.tags)

    @property
    def decision(self) -> Decision | None:
        return self.row.review.decision if self.row.review else None

    @property
    def is_open(self) -> bool:
        """True where nothing was decided, or where the source of what is kept changed."""
        return not self.decision or (bool(self.changed) and self.decision != "dropped")

    @property
    def version(self) -> str:
        """16 hexadecimal digits that change with the line."""
        return sha256(json.dumps(self.line, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Changes:
    """What a reviewer changes of a case; None: nothing. `gold` are the right answers of which one
    will do, `line` the whole line with other key points (`eval.reviewing.marking`)."""

    question: str | None = None
    kind: Kind | None = None
    gold: tuple[str, ...] | None = None
    line: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class _Step:
    """A decision that can be taken back."""

    id: str
    reviewer: str
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(slots=True)
class ReviewFile:
    """The cases of a file in its order; `decide`, `change`, `undo` and `add` write it."""

    path: Path
    cases: list[ReviewedCase]
    text_of: Callable[[str], str]
    clock: Clock
    _digest: str
    _steps: list[_Step] = field(default_factory=list)

    def next_open(self, start: int = 0) -> int | None:
        """The place of the first case from `start` on, and else of the first of all, that is to be
        looked at: nothing was decided about it, or its source changed since and it was not dropped.
        None where there is none."""
        places = [*range(start, len(self.cases)), *range(min(start, len(self.cases)))]
        return next((place for place in places if self.cases[place].is_open), None)

    def place_of(self, id: str) -> int | None:
        """The place of the case with this id; None where there is none."""
        return next((at for at, each in enumerate(self.cases) if each.row.id == id), None)

    def decide(
        self,
        place: int,
        decision: Decision,
        reviewer: str,
        *,
        question: str | None = None,
        kind: Kind | None = None,
        gold: tuple[str, ...] | None = None,
    ) -> None:
        """Keep what `reviewer` decided about the case at `place`, with another question, kind or
        right answers where it was edited. A case that is or was edited does not count as accepted
        as it is. Raises `ReviewError`."""
        self._change(place, decision, reviewer, Changes(question, kind, gold))

    def change(self, place: int, reviewer: str, changes: Changes) -> None:
        """Keep changes of the case at `place`, and that `reviewer` edited it. A case whose source
        changed may be mended quote by quote, and counts as edited when it is whole again.

        Raises `ReviewError`.
        """
        self._change(place, "edited", reviewer, changes, may_mend=True)

    def undo(self, reviewer: str | None = None) -> int | None:
        """Take back the last decision of this review, or the last of `reviewer`; returns the place
        of its case, or None where there is none left. Raises `ReviewError`."""
        steps = [step for step in self._steps if reviewer in (None, step.reviewer)]
        if not steps:
            return None
        place = self.place_of(steps[-1].id)
        if place is None or self.cases[place].line != steps[-1].after:
            self._steps.remove(steps[-1])
            raise _decided_meanwhile(steps[-1].id)
        self._replace(place, self._read(steps[-1].before))
        self._steps.remove(steps[-1])
        return place

    def expect(self, place: int, version: str) -> None:
        """Raise `DecidedMeanwhile` where the case at `place` is not as it was in that version."""
        if self.cases[place].version != version:
            raise _decided_meanwhile(self.cases[place].row.id)

    def refresh(self) -> None:
        """Read the file again where another program changed it. Raises `CaseError`, and
        `ReviewError` where it is gone."""
        try:
            if _digest(self.path) != self._digest:
                self._digest, self.cases = _read_cases(self.path, self.text_of)
        except OSError as error:
            raise ReviewError(
                f"{one_line(self.path.name)} cannot be read ({error.strerror or error}).",
                "Put it back, or start the review of another file.",
            ) from error

    def look_up(self, place: int) -> ReviewedCase:
        """The case at `place` with its quotes looked up in the sources of now."""
        self.cases[place] = self._read(self.cases[place].line)
        return self.cases[place]

    def add(self, lines: Iterable[dict[str, Any]]) -> int:
        """Put further cases at the end, those left out whose id is there already; returns how
        many. Raises `CaseError`, `ReviewError`."""
        new = [self._read(line) for line in lines if self.place_of(line["id"]) is None]
        if new:
            self._write([*self.cases, *new])
        return len(new)

    def counts(self) -> Counter[str]:
        """How many cases are "accepted", "edited", "dropped" and "open"."""
        return Counter(each.decision or "open" for each in self.cases)

    def _change(
        self,
        place: int,
        decision: Decision,
        reviewer: str,
        changes: Changes,
        *,
        may_mend: bool = False,
    ) -> None:
        before = self.cases[place]
        line = _changed_line(before, changes)
        is_edited = line != before.line or before.decision == "edited"
        if decision == "accepted" and is_edited:
            decision = "edited"
        after = self._read(line)
        if decision != "dropped" and after.changed:
            if not may_mend or line == before.line:
                raise SourceChanged(
                    f"The source of {before.row.id} changed ({after.changed}).",
                    "Drop it, or mark what it says now.",
                )
        else:
            review = _review(before, line, decision, reviewer)
            review["at"] = self.clock().astimezone(UTC).isoformat(timespec="seconds")
            after = self._read(line | {"review": review})
        self._replace(place, after)
        self._steps.append(_Step(before.row.id, reviewer, before.line, after.line))

    def _read(self, line: dict[str, Any]) -> ReviewedCase:
        try:
            row = checked_row(line)
        except CaseError as error:
            problem = f"{error.problem.rstrip('.')}."
            raise NotACase(problem, "Keep a question and a key point, or drop it.") from error
        return _with_source(row, line, self.text_of)

    def _replace(self, place: int, case: ReviewedCase) -> None:
        kept = list(self.cases)
        kept[place] = case
        self._write(kept)

    def _write(self, cases: list[ReviewedCase]) -> None:
        lines = (json.dumps(each.line, ensure_ascii=False) + "\n" for each in cases)
        data = "".join(lines).encode()
        part = self.path.with_name(f".{self.path.name}.part")
        try:
            if _digest(self.path) != self._digest:
                raise ReviewError(
                    f"{one_line(self.path.name)} was changed by another program during the review.",
                    "Start the review again; what was decided before is kept.",
                )
            part.write_bytes(data)
            part.replace(self.path)
        except OSError as error:
            raise ReviewError(
                f"{one_line(self.path.name)} cannot be written ({error.strerror or error}).",
                "Make room, or get write access to its folder.",
            ) from error
        self._digest, self.cases = sha256(data).hexdigest(), cases


def _changed_line(before: ReviewedCase, changes: Changes) -> dict[str, Any]:
    line = dict(changes.line if changes.line is not None else before.line)
    if changes.question:
        line["question"] = changes.question
    if changes.kind and changes.kind != before.kind:
        line["tags"] = _tags_with(before, changes.kind)
    if changes.gold is not None and changes.gold != before.row.gold:
        line["gold"] = list(changes.gold)
        if not changes.gold:
            del line["gold"]
    return line


def _review(
    before: ReviewedCase, line: dict[str, Any], decision: Decision, reviewer: str
) -> dict[str, Any]:
    """Without the time. The question before the first edit stays known."""
    review: dict[str, Any] = {"decision": decision, "reviewer": reviewer}
    was = (before.row.review and before.row.review.was) or before.row.question
    if was != line["question"]:
        review["was"] = was
    return review


def _decided_meanwhile(id: str) -> DecidedMeanwhile:
    return DecidedMeanwhile(
        f"{id} was changed by somebody else since you saw it.", "Look at it again."
    )


@contextmanager
def open_review(
    path: Path, text_of: Callable[[str], str], clock: Clock = lambda: datetime.now(UTC)
) -> Iterator[ReviewFile]:
    """The file of cases at `path`, for one review at a time; `text_of` gives the stored text of a
    document id. Raises `ReviewError` where another review holds it, and `CaseError` naming the
    first bad line."""
    read_rows(path)  # a bad file is no reason to lock it
    lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=0)
    try:
        lock.acquire()
    except Timeout as error:  # an OSError too
        raise ReviewError(
            f"{one_line(path.name)} is being reviewed in another window or by somebody else.",
            "Wait for them, or review a copy of the file.",
        ) from error
    except OSError as error:
        raise ReviewError(
            f"{one_line(path.name)} cannot be reviewed ({error.strerror or error}).",
            "Get write access to its folder.",
        ) from error
    try:
        digest, cases = _read_cases(path, text_of)
        yield ReviewFile(path, cases, text_of, clock, digest)
    finally:
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _read_cases(path: Path, text_of: Callable[[str], str]) -> tuple[str, list[ReviewedCase]]:
    """The digest of the file and its cases."""
    digest, rows = _digest(path), read_rows(path)
    lines = _json_lines(path)
    cases = [_with_source(row, lines[place], text_of) for place, (_, row) in enumerate(rows)]
    return digest, cases


def _json_lines(path: Path) -> list[dict[str, Any]]:
    text = path.read_text(encoding="utf-8-sig")
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def _with_source(row: CaseRow, line: dict[str, Any], text_of: Callable[[str], str]) -> ReviewedCase:
    """The case with its quotes looked up; one whose source changed stays, and says so."""
    unmarked = ReviewedCase(row, line, None)
    try:
        return replace(unmarked, case=case_of(row, row.id, text_of))
    except CaseError as error:
        changed = error.problem.removeprefix(f"{row.id}: ").rstrip(".")
        return replace(unmarked, changed=changed)


def _tags_with(reviewed: ReviewedCase, kind: Kind) -> list[str]:
    """The tags of a case with those of another kind in place of its own. Raises `ReviewError`."""
    if (kind == "unanswerable") == reviewed.row.answerable:
        raise OtherKind(
            "What the articles answer cannot become unanswerable, or the other way round.",
            "Drop the case.",
        )
    own = TAGS[reviewed.kind] if reviewed.kind else ()
    return [*TAGS[kind], *(tag for tag in reviewed.row.tags if tag not in (*own, *TAGS[kind]))]


def kinds_for(reviewed: ReviewedCase) -> tuple[Kind, ...]:
    """The kinds that the case may have."""
    return tuple(kind for kind in KINDS if (kind != "unanswerable") == reviewed.row.answerable)
