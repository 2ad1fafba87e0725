"""A file of cases under review: what was decided about each case, by whom and when.

Each decision is written at once into the line of its case; the file is replaced whole or not at
all. One review at a time holds the file.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from eval.cases import Case, CaseError, CaseRow, Decision, case_of, read_rows
from eval.drafting.draft import KINDS, TAGS, Kind, kind_of
from eval.text_format import one_line
from rag.errors import FootnoteError

Clock = Callable[[], datetime]


class ReviewError(FootnoteError):
    """A file of cases that cannot be reviewed now, or a decision that cannot be made."""


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


@dataclass(slots=True)
class ReviewFile:
    """The cases of a file in its order; `decide` and `undo` write it."""

    path: Path
    cases: list[ReviewedCase]
    text_of: Callable[[str], str]
    clock: Clock
    _digest: str
    _done: list[tuple[int, ReviewedCase]] = field(default_factory=list)

    def next_open(self, start: int = 0) -> int | None:
        """The place of the first case from `start` on, and else of the first of all, that nothing
        was decided about; None where there is none."""
        places = [*range(start, len(self.cases)), *range(min(start, len(self.cases)))]
        return next((place for place in places if not self.cases[place].decision), None)

    def decide(
        self,
        place: int,
        decision: Decision,
        reviewer: str,
        *,
        question: str | None = None,
        kind: Kind | None = None,
    ) -> None:
        """Keep what `reviewer` decided about the case at `place`, with another question or kind
        where it was edited. Raises `ReviewError`."""
        before = self.cases[place]
        if before.changed and decision != "dropped":
            raise ReviewError(
                f"The source of {before.row.id} changed ({before.changed}).",
                "Drop it, or correct its quote in the file.",
            )
        after = dict(before.line)
        review = {"decision": decision, "reviewer": reviewer}
        if question and question != before.row.question:
            after["question"] = question
            review["was"] = before.row.question
        if kind:
            after["tags"] = _tags_with(before, kind)
        review["at"] = self.clock().astimezone(UTC).isoformat(timespec="seconds")
        self._replace(place, after | {"review": review})
        self._done.append((place, before))

    def undo(self) -> int | None:
        """Take back the last decision of this review; returns the place of its case, or None where
        there is none left. Raises `ReviewError`."""
        if not self._done:
            return None
        place, before = self._done[-1]
        self._replace(place, before.line)
        self._done.pop()
        return place

    def counts(self) -> Counter[str]:
        """How many cases are "accepted", "edited", "dropped" and "open"."""
        return Counter(each.decision or "open" for each in self.cases)

    def _replace(self, place: int, line: dict[str, Any]) -> None:
        row = CaseRow.model_validate_json(json.dumps(line))
        kept = list(self.cases)
        kept[place] = _with_source(row, line, self.text_of)
        text = "".join(json.dumps(each.line, ensure_ascii=False) + "\n" for each in kept)
        self._write(text.encode())
        self.cases = kept

    def _write(self, data: bytes) -> None:
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
        self._digest = sha256(data).hexdigest()


@contextmanager
def open_review(
    path: Path, text_of: Callable[[str], str], clock: Clock = lambda: datetime.now(UTC)
) -> Iterator[ReviewFile]:
    """The file of cases at `path`, for one review at a time; `text_of` gives the stored text of a
    document id. Raises `ReviewError` where another review holds it, and `CaseError` naming the
    first bad line."""
    rows = read_rows(path)
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
        digest, rows = _digest(path), read_rows(path)
        lines = _json_lines(path)
        cases = [_with_source(row, lines[place], text_of) for place, (_, row) in enumerate(rows)]
        yield ReviewFile(path, cases, text_of, clock, digest)
    finally:
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


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
        raise ReviewError(
            "What the articles answer cannot become unanswerable, or the other way round.",
            "Drop the case.",
        )
    own = TAGS[reviewed.kind] if reviewed.kind else ()
    return [*TAGS[kind], *(tag for tag in reviewed.row.tags if tag not in (*own, *TAGS[kind]))]


def kinds_for(reviewed: ReviewedCase) -> tuple[Kind, ...]:
    """The kinds that the case may have."""
    return tuple(kind for kind in KINDS if (kind != "unanswerable") == reviewed.row.answerable)
