"""Asks the assistant the questions of a data set, and keeps each answer on disk.

Each answer is a line on disk as soon as it is known, in a folder named by all that an answer
depends on: a second start goes on where the first one was. An error is a counted row; a second
start asks that question again.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from eval.benchmarks.dataset_files import EvalDataError
from eval.benchmarks.indexing import FOLDER
from eval.benchmarks.rankers import best_scores
from eval.benchmarks.result_tables import Anchor, Line, Table
from eval.cases import Case
from eval.runs.conditions import current_conditions
from eval.statistics.agreement import auroc_interval
from eval.statistics.bootstrap import balanced_interval, mean_interval
from rag.assistant import Assistant
from rag.errors import FootnoteError, printable_line
from rag.events import Finished, ModelCalled, Retrieved, Selected
from rag.serialization import answer_to_json
from rag.settings import Settings
from rag.types import Answer, Passage

RESULTS, RUN = "results.jsonl", "run.json"
SHARE = "%"  # the one column of a table with a line for each figure


@dataclass(frozen=True, slots=True)
class Question:
    """Without `gold` it cannot be answered from its texts. Asked of `document_ids`, or of all, as
    on the day `asked_on`."""

    id: str
    text: str
    gold: tuple[str, ...]
    cluster: str
    document_ids: tuple[str, ...] | None = None
    asked_on: date | None = None


class AnswerRow(BaseModel):
    """What came of a question. `text` is the answer with its markers, or the error. `bm25` and
    `minilm` are the best scores of the two searches; `max_sim` and `p_answered` are what
    `rag.checking.answerability` makes its chance of, for the first passage and its article; `short`
    are the few words of the answer. None where it did not come to that."""

    model_config = ConfigDict(frozen=True, strict=True)  # a line on disk holds more

    id: str
    outcome: Literal["answered", "declined", "error"]
    text: str
    reason: str | None
    bm25: float | None
    minilm: float | None
    # The second names are those of earlier versions.
    max_sim: float | None = Field(default=None, validation_alias=AliasChoices("max_sim", "met"))
    p_answered: float | None = Field(
        default=None, validation_alias=AliasChoices("p_answered", "stated")
    )
    short: str | None = None
    seconds: float


@dataclass(frozen=True, slots=True)
class AnsweredQuestion:
    question: Question
    row: AnswerRow

    def has_outcome(self, outcome: str) -> float:
        return float(self.row.outcome == outcome)


def ask_questions(
    name: str,
    questions: Sequence[Question],
    part: slice,
    assistant: Assistant,
    settings: Settings,
    into: Path | None = None,
) -> list[AnsweredQuestion]:
    """One row for each question of that `part`, in order; kept `into` that folder, or one
    of `settings`' data directory. Raises `FootnoteError` where the model cannot be had or nothing
    can be kept."""
    assistant.load_model()  # no model is no 600 errors
    file = (into or answers_folder(name, questions, assistant, settings)) / RESULTS
    with _errors_as_data_error(file.parent):
        known = {row.id: row for row in _read(file) if row.outcome != "error"}
    wanted = questions[part]
    done = sum(question.id in known for question in wanted)
    where = printable_line(file.parent)
    print(f"{name}: {done} of {len(wanted)} are answered in {where}", file=sys.stderr, flush=True)
    found = []
    for number, question in enumerate(wanted, start=1):
        row = known.get(question.id)
        if row is None:
            row = _answered(question, assistant, file)
            text = printable_line(f"{question.text} -> {row.text or row.reason}")
            line = f"{number:4}/{len(wanted)} {row.outcome:8} {row.seconds:5.1f} s  {text}"
            print(line, file=sys.stderr, flush=True)
        found.append(AnsweredQuestion(question, row))
    return found


def _answered(question: Question, assistant: Assistant, file: Path) -> AnswerRow:
    row, answer = _row(question, assistant)
    line = row.model_dump() | {
        "question": question.text,
        "gold": question.gold,
        "document_ids": question.document_ids,
        "answer": answer_to_json(answer) if answer else None,
    }
    text = json.dumps(line, ensure_ascii=False) + "\n"
    with (
        _errors_as_data_error(file.parent),
        file.open("a", encoding="utf-8", errors="replace") as written,
    ):
        written.write(text)
    return row


def _row(question: Question, assistant: Assistant) -> tuple[AnswerRow, Answer | None]:
    started = time.perf_counter()
    answer: Answer | None = None
    scores: dict[str, float] = {}
    passages: tuple[Passage, ...] = ()
    judged: list[float | None] = []
    fault = ""
    try:
        for event in assistant.stream(
            question.text, document_ids=question.document_ids, asked_on=question.asked_on
        ):
            if isinstance(event, Retrieved):
                scores = best_scores(event)
            elif isinstance(event, Selected):
                passages = event.passages
            elif isinstance(event, ModelCalled) and event.purpose == "judge":
                judged.append(event.probability)
            elif isinstance(event, Finished):
                answer = event.answer
    except FootnoteError as error:
        fault = str(error)
    row = AnswerRow(
        id=question.id,
        outcome=answer.status if answer else "error",
        text=answer.text if answer else fault,
        reason=answer.reason if answer else None,
        bm25=scores.get("BM25"),
        minilm=scores.get("MiniLM"),
        max_sim=_max_sim(question.text, passages, assistant),
        p_answered=judged[0] if judged else None,
        short=answer.short if answer else None,
        seconds=round(time.perf_counter() - started, 3),
    )
    return row, answer


def _max_sim(question: str, passages: Sequence[Passage], assistant: Assistant) -> float | None:
    if not passages:
        return None
    return assistant.answerability.max_sim_in_document(
        passages[0].span.document_id, question, passages
    )


# --- on disk ----------------------------------------------------------------------------------


def answers_folder(
    name: str, questions: Iterable[Question], assistant: Assistant, settings: Settings
) -> Path:
    """The folder of these questions under these conditions, with `run.json` that states them."""
    assistant.load_model()  # its name is one of them
    cases = [Case(each.id, each.text, bool(each.gold), each.gold) for each in questions]
    facts = json.dumps(asdict(current_conditions(assistant, cases, name)), sort_keys=True, indent=2)
    digest = sha256(facts.encode("utf-8", "replace")).hexdigest()[:16]
    folder = settings.data_dir / FOLDER / f"{name}-answers-{digest}"
    with _errors_as_data_error(folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / RUN).write_text(f"{facts}\n", encoding="utf-8", errors="replace")
    return folder


def _read(file: Path) -> Iterator[AnswerRow]:
    """The rows of an earlier start; a last line that was cut short is taken off the file."""
    if not file.exists():
        return
    data = file.read_bytes()
    whole, _, torn = data.rpartition(b"\n")
    if torn:
        file.write_bytes(data[: len(data) - len(torn)])
    for number, line in enumerate(whole.split(b"\n") if whole else [], start=1):
        try:
            yield AnswerRow.model_validate_json(line)
        except ValidationError as error:
            raise EvalDataError(
                f"{printable_line(file)}, line {number} is no row of a run.",
                "Delete its folder, to ask every question again.",
            ) from error


@contextmanager
def _errors_as_data_error(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EvalDataError(
            f"The answers cannot be kept in {printable_line(folder)}"
            f" ({error.strerror or printable_line(error)}).",
            "Make room, or set FOOTNOTE_DATA_DIR to another directory.",
        ) from error


# --- declining --------------------------------------------------------------------------------


def declining_table(
    title: str, answered: Sequence[AnsweredQuestion], anchors: tuple[Anchor, ...]
) -> Table:
    """How well answering and declining fit the questions. An error is neither of the two, and
    stays in every count of questions."""
    yes = [each for each in answered if each.question.gold]
    no = [each for each in answered if not each.question.gold]
    declined = [each for each in answered if each.row.outcome == "declined"]
    rightly = [each.has_outcome("declined") for each in no]
    attempts = [each.has_outcome("answered") for each in yes]
    mean = balanced_interval([(rightly, _clusters(no)), (attempts, _clusters(yes))])
    lines = (
        share_line("unanswerable: declined (decline recall)", rightly, no),
        share_line("answerable: declined", [each.has_outcome("declined") for each in yes], yes),
        share_line("answerable: answered", attempts, yes),
        Line("mean of correct declines and attempts", {SHARE: mean}),
        share_line(
            "decline precision", [float(not each.question.gold) for each in declined], declined
        ),
        _auroc_line("BM25", answered, [each.row.bm25 for each in answered]),
        _auroc_line("MiniLM", answered, [each.row.minilm for each in answered]),
        share_line("errors", [each.has_outcome("error") for each in answered], answered),
    )
    return Table(title, (SHARE,), lines, anchors, (seconds_note(answered),), count_errors(answered))


def share_line(name: str, values: Sequence[float], answered: Sequence[AnsweredQuestion]) -> Line:
    """The mean of `values`, one for each of `answered`."""
    return Line(name, {SHARE: mean_interval(values, _clusters(answered))})


def count_errors(answered: Sequence[AnsweredQuestion]) -> int:
    return sum(each.row.outcome == "error" for each in answered)


def seconds_note(answered: Sequence[AnsweredQuestion]) -> str:
    """How long a question took, in words."""
    times = sorted(each.row.seconds for each in answered) or [0.0]
    p50, p95 = times[len(times) // 2], times[int(0.95 * len(times))]
    return f"Seconds a question: p50 {p50:.1f}, p95 {p95:.1f}, of {len(answered)}."


def _auroc_line(
    search: str, answered: Sequence[AnsweredQuestion], scores: Sequence[float | None]
) -> Line:
    pairs = zip(answered, scores, strict=True)
    known = [(each, score) for each, score in pairs if score is not None]
    questions = [each.question for each, _ in known]
    found = auroc_interval(
        [score for _, score in known],
        [bool(question.gold) for question in questions],
        [question.cluster for question in questions],
    )
    return Line(f"AUROC of the best {search} score", {SHARE: found})


def _clusters(answered: Iterable[AnsweredQuestion]) -> list[str]:
    return [each.question.cluster for each in answered]
