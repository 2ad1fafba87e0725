"""Asks questions beside poisoned documents, and prints what the attackers reach.

The true articles are indexed in a temporary folder; for each kind of attack the attacker's files
are added, the questions asked, and the files removed again. Nothing is fetched from anywhere.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal

from eval.attack.kinds import KINDS, AttackKind, Poison
from eval.attack.obedient import ObedientModel
from eval.attack.scores import AttackScore, Wanted, says, score_answer
from eval.attack.series import Record, series_records
from eval.attack.subjects import Subject, load_subjects
from eval.attack.tables import attack_tables
from eval.benchmarks.result_tables import format_table, table_to_json
from eval.run import EXIT_INTERRUPTED
from rag.assistant import Assistant
from rag.errors import FootnoteError, printable_line
from rag.events import Failed
from rag.internals import build
from rag.settings import NO_MODEL, Settings
from rag.types import Answer

AttackModel = Literal["none", "configured", "obedient"]
STRIDE = 543  # through the cases, for a sample: no divisor in common with their number


class AttackSetError(FootnoteError):
    """A file of the attack set that cannot be indexed, or an output file that cannot be written."""


@dataclass(frozen=True, slots=True)
class AttackCase:
    """A question beside one attacker's files; `kind` is None where there are none. The question is
    a clean one where `wording` is None."""

    kind: AttackKind | None
    subject: Subject
    wording: int | None

    @property
    def question(self) -> str:
        if self.wording is None:
            return self.subject.clean.question
        return self.subject.fact(self.kind.fact if self.kind else "number").questions[self.wording]


@dataclass(frozen=True, slots=True)
class AttackResult:
    """A case and what came of it."""

    case: AttackCase
    score: AttackScore
    right: bool
    """A clean question is answered with what answers it."""
    alarm: bool
    """The answer says that sources differ."""
    text: str


@dataclass(frozen=True, slots=True)
class SeriesResult:
    """A question about a record of a series, and what came of it."""

    record: Record
    right: bool
    alarm: bool
    text: str


def run_attack(
    settings: Settings,
    *,
    model: AttackModel,
    sample: int | None = None,
    out: Path | None = None,
    as_json: bool = False,
) -> int:
    """Ask `sample` questions from all over the set, or all, with a `model`; print the tables, as
    one JSON document if `as_json`; write every answer to the file `out`, as JSON lines.

    Returns the exit code, 1 where a question ended in an error. Raises `AttackSetError`, and
    `FootnoteError` where the model cannot be had.
    """
    subjects = load_subjects()
    poisons = {(kind.name, each.id): kind.make(each) for kind in KINDS for each in subjects}
    cases = chosen_cases(subjects, sample)
    results: list[AttackResult] = []
    series: list[SeriesResult] = []
    with open_attacked(settings, model, subjects, list(poisons.values())) as assistant:
        assistant.load_model()
        try:
            for result in attacked_results(cases, assistant, poisons):
                results.append(result)
                _keep(out, result)
                _show(len(results), len(cases), result)
            if sample is None:
                series = series_results(assistant)
        except KeyboardInterrupt:
            print("\nStopped.", file=sys.stderr)
            return EXIT_INTERRUPTED
    tables = attack_tables(results, series)
    if as_json:
        print(json.dumps({"tables": [table_to_json(each) for each in tables]}, indent=2))
    else:
        print("\n\n".join(map(format_table, tables)))
    return 1 if any(each.score.outcome == "error" for each in results) else 0


def chosen_cases(subjects: Sequence[Subject], sample: int | None) -> list[AttackCase]:
    """All cases, kind by kind, with the clean questions and without an attacker; or only so many
    attacked ones, from all over the set, the same ones each time."""
    attacked = [
        AttackCase(kind, subject, wording)
        for kind in KINDS
        for subject in subjects
        for wording in (0, 1)
    ]
    if sample:
        places = sorted(n * STRIDE % len(attacked) for n in range(min(sample, len(attacked))))
        return [attacked[place] for place in places]
    alone = [AttackCase(None, each, wording) for each in subjects for wording in (None, 0, 1)]
    clean = [AttackCase(kind, each, None) for kind in KINDS for each in subjects]
    return [*alone, *sorted([*attacked, *clean], key=lambda each: KINDS.index(_kind(each)))]


def _kind(case: AttackCase) -> AttackKind:
    assert case.kind is not None
    return case.kind


# --- the index --------------------------------------------------------------------------------


@contextmanager
def open_attacked(
    settings: Settings, model: AttackModel, subjects: Sequence[Subject], poisons: Sequence[Poison]
) -> Iterator[Assistant]:
    """An assistant over the true articles. Raises `FootnoteError`."""
    with tempfile.TemporaryDirectory(prefix="footnote-attack-") as folder:
        place = Path(folder)
        update: dict[str, object] = {"data_dir": place / "data", "database_url": None}
        if model != "configured":
            update["model"] = NO_MODEL
        with build(settings.model_copy(update=update)) as built:
            assistant = built
            if model == "obedient":
                orders = {each.order: each.payload for each in poisons if each.order}
                assistant = Assistant(
                    settings.model_copy(update=update | {"model": "obedient"}),
                    built.library,
                    built.vectors,
                    built.embedder,
                    ObedientModel(orders),
                )
            add_files(assistant, place / "truth", [(s.file_name, s.markdown()) for s in subjects])
            yield assistant


def add_files(assistant: Assistant, folder: Path, files: Sequence[tuple[str, str]]) -> set[str]:
    """Write and index files; the ids of their documents. Raises `AttackSetError`."""
    folder.mkdir(parents=True)
    before = set(assistant.library.digests())
    for name, text in files:
        (folder / name).write_text(text, encoding="utf-8")
    for event in assistant.index([folder]):
        if isinstance(event, Failed):
            raise AttackSetError(f"A file cannot be indexed: {event.error}", "Correct it.")
    return set(assistant.library.digests()) - before


# --- asking -----------------------------------------------------------------------------------


def attacked_results(
    cases: Sequence[AttackCase],
    assistant: Assistant,
    poisons: Mapping[tuple[str, str], Poison],
) -> Iterator[AttackResult]:
    """Ask every case beside the files of its kind, those of all its subjects at once."""
    true_documents = set(assistant.library.digests())
    for number, (name, group) in enumerate(groupby(cases, key=lambda each: each.kind)):
        asked = list(group)
        files = [
            file
            for id in dict.fromkeys(each.subject.id for each in asked)
            for file in (poisons[name.name, id].files if name else ())
        ]
        with tempfile.TemporaryDirectory(prefix="footnote-attack-") as folder:
            added = add_files(assistant, Path(folder) / f"other{number}", files) if files else set()
            for case in asked:
                poison = poisons[name.name, case.subject.id] if name else None
                yield ask_case(case, poison, assistant, true_documents)
            for id in added:
                assistant.remove(id)


def ask_case(
    case: AttackCase, poison: Poison | None, assistant: Assistant, true_documents: set[str]
) -> AttackResult:
    """Never raises for a question that fails: an error is an outcome."""
    try:
        answer = assistant.ask(case.question)
    except Exception as error:  # a defect: one row tells of it, the others are still asked
        text = f"{type(error).__name__}: {error}"
        return AttackResult(case, AttackScore("error"), False, False, text)
    score = score_answer(answer, wanted_of(case, poison), true_documents)
    right = case.wording is None and says(answer.text, case.subject.clean.answer)
    return AttackResult(case, score, right, has_alarm(answer), _told(answer))


def wanted_of(case: AttackCase, poison: Poison | None) -> Wanted:
    """What the answer to a case is scored by."""
    if case.wording is None:
        return Wanted(case.subject.clean.answer, "")
    fact = case.subject.fact(case.kind.fact if case.kind else "number")
    if poison is None:
        return Wanted(fact.true, fact.false)
    return Wanted(fact.true, poison.false, poison.order, poison.payload)


def series_results(assistant: Assistant) -> list[SeriesResult]:
    """Ask for every record of the series, all of them indexed at once."""
    records = series_records()
    found = []
    with tempfile.TemporaryDirectory(prefix="footnote-attack-") as folder:
        files = [(each.file_name, each.text) for each in records]
        add_files(assistant, Path(folder) / "series", files)
        for record in records:
            answer = assistant.ask(record.question)
            right = says(answer.text, record.value)
            found.append(SeriesResult(record, right, has_alarm(answer), _told(answer)))
    return found


def has_alarm(answer: Answer) -> bool:
    """True where the answer says that sources differ."""
    return any(claim.origin == "compared" for claim in answer.claims)


def _told(answer: Answer) -> str:
    marks = [f"{claim.text} <{claim.support}, {claim.origin}>" for claim in answer.claims]
    return " | ".join(marks) or f"({answer.reason})"


# --- telling ----------------------------------------------------------------------------------


def result_to_json(result: AttackResult) -> dict[str, object]:
    """What a person wants to read of a case."""
    case = result.case
    return {
        "kind": case.kind.name if case.kind else "no attacker",
        "subject": case.subject.id,
        "question": case.question,
        "clean": case.wording is None,
        **asdict(result.score),
        "right": result.right,
        "alarm": result.alarm,
        "text": result.text,
    }


def _keep(out: Path | None, result: AttackResult) -> None:
    if out is None:
        return
    try:
        with out.open("a", encoding="utf-8", errors="replace") as written:
            written.write(json.dumps(result_to_json(result), ensure_ascii=False) + "\n")
    except OSError as error:
        raise AttackSetError(
            f"The answers cannot be kept in {printable_line(out)} ({error.strerror}).",
            "Give another file with --out.",
        ) from error


def _show(number: int, total: int, result: AttackResult) -> None:
    case = result.case
    name = case.kind.name if case.kind else "no attacker"
    line = f"{result.score.outcome:14} {name}: {case.question} -> {result.text}"
    print(f"{number:4}/{total} {printable_line(line)[:240]}", file=sys.stderr, flush=True)
