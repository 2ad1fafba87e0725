"""RAGTruth, question answering: answers that say what their passages do not.

Niu et al. 2024, as FaithJudge packs it: 70 questions, each with the three passages that every
model was given. Each is asked of its own passages only. What the checks said of an answer is held
against the grounding scorer asked anew, and against what a person read: the labels are beside this
file, each of one question and the digest of the answer that was read, and count for no other text.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from eval.benchmarks import answers as answering
from eval.benchmarks import dataset_files as reading
from eval.benchmarks.answers import (
    SHARE,
    AnsweredQuestion,
    Question,
    ask_questions,
    count_errors,
    seconds_note,
    share_line,
)
from eval.benchmarks.indexing import DatasetText, document_id, open_index
from eval.benchmarks.result_tables import Anchor, Line, Table
from rag.errors import printable_line
from rag.internals import Scorer
from rag.settings import Settings
from rag.types import Support

NAME = "ragtruth"
FILE = "ragtruth_qa_dev.jsonl"
LABELS = Path(__file__).with_name("ragtruth_labels.jsonl")
SHEET = "sheet.md"
READ = 50  # answers that a person reads
SEED = 5

INVENTED = "invented, as a person read them"
ANCHORS = (
    Anchor(f"raw Qwen2.5-1.5B-Instruct: {INVENTED}", {SHARE: 0.403}),
    Anchor(f"raw Qwen2.5-7B-Instruct: {INVENTED}", {SHARE: 0.158}),
    Anchor(f"gpt-4o-mini: {INVENTED}", {SHARE: 0.065}),
    Anchor(f"gemini-2.5-flash: {INVENTED}", {SHARE: 0.029}),
)


class _Given(reading.Record):
    question: reading.NonBlank
    passages: reading.NonBlank


class _Line(reading.Record):
    source_id: int
    source: _Given
    responses: tuple[dict[str, Any], ...]  # other models' answers


@dataclass(frozen=True, slots=True)
class Case:
    id: str
    question: str
    passages: tuple[DatasetText, ...]


def read(data: Path) -> list[Case]:
    """Every question with its passages. Raises `EvalDataError`."""
    path, found = data / FILE, dict[str, Case]()
    for number, row in reading.read_jsonl(path, _Line):
        id = str(row.source_id)
        _, *texts = re.split(r"(?:^|\n\n)passage \d+:", row.source.passages)
        if not texts or not all(text.strip() for text in texts):
            raise reading.line_error(
                path, number, 'source.passages: it has no "passage 1:", or no text'
            )
        if id in found:
            raise reading.line_error(path, number, "source_id: an earlier line has the same")
        passages = (
            DatasetText(f"{id}-{n}", f"Passage {n}", text.strip())
            for n, text in enumerate(texts, 1)
        )
        found[id] = Case(id, row.source.question, tuple(passages))
    return list(found.values())


def answers(data: Path, settings: Settings, part: slice) -> list[Table]:
    """What was answered to the questions that `part` takes and how well that is supported. A
    sheet of the answers to read is left beside the rows. Raises `FootnoteError`."""
    cases = read(data)
    questions = [
        Question(
            case.id,
            case.question,
            (),
            cluster=case.id,
            document_ids=tuple(document_id(text.id) for text in case.passages),
        )
        for case in cases
    ]
    labels = read_labels(LABELS)
    texts = [text for case in cases for text in case.passages]
    with open_index(NAME, texts, settings) as assistant:
        folder = answering.answers_folder(NAME, questions, assistant, settings)
        answered = ask_questions(NAME, questions, part, assistant, settings, folder)
    answers_by_id = _read_answers(folder / answering.RESULTS)
    by_id, scorer = {case.id: case for case in cases}, Scorer()
    checked = [
        _checked(each, by_id[each.question.id], answers_by_id, labels, scorer)
        for each in answered
        if each.row.outcome == "answered"
    ]
    _write_sheet(folder / SHEET, to_read(by_id, checked))
    return [_table(answered, checked, folder / SHEET)]


# --- what the checks said, and what they say now ----------------------------------------------


class _Citation(BaseModel):
    quote: str


class _Claim(BaseModel):
    text: str
    support: Support
    citations: list[_Citation]


class _Answer(BaseModel):
    claims: list[_Claim]


class _AnswerLine(BaseModel):
    """A line of `results.jsonl`; of its other fields `Row` reads some."""

    id: str
    answer: _Answer | None


def _read_answers(file: Path) -> dict[str, _Answer]:
    """The last answer to each question."""
    lines = file.read_bytes().split(b"\n")
    rows = [_AnswerLine.model_validate_json(line) for line in lines if line]
    return {row.id: row.answer for row in rows if row.answer}


@dataclass(frozen=True, slots=True)
class Checked:
    """An answer. `by_quotes` and `by_passages`: a claim that is shown as supported scores below the
    scorer's threshold on what it cites, or on the whole of the passages."""

    answered: AnsweredQuestion
    case: Case
    claims: Sequence[_Claim]
    by_quotes: bool
    by_passages: bool
    label: str | None

    @property
    def reserved(self) -> bool:
        return any(claim.support != "supported" for claim in self.claims)


def _checked(
    answered: AnsweredQuestion,
    case: Case,
    answers_by_id: dict[str, _Answer],
    labels: dict[tuple[str, str], str],
    scorer: Scorer,
) -> Checked:
    claims = answers_by_id[case.id].claims
    shown = [claim for claim in claims if claim.support == "supported"]
    passages = [text.text for text in case.passages]

    def fails(claim: _Claim, sources: Sequence[str]) -> bool:
        return scorer.score_claim(claim.text, sources) < scorer.threshold

    return Checked(
        answered,
        case,
        claims,
        by_quotes=any(fails(claim, [each.quote for each in claim.citations]) for claim in shown),
        by_passages=any(fails(claim, passages) for claim in shown),
        label=labels.get((case.id, digest(answered.row.text))),
    )


# --- what a person read -----------------------------------------------------------------------


class Label(BaseModel):
    """A line of the labels. `sha256` is that of the answer's text with its markers, UTF-8."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    source_id: int
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    label: Literal["faithful", "invented", "beside the point"]
    why: reading.NonBlank


def digest(answer: str) -> str:
    return sha256(answer.encode("utf-8", "replace")).hexdigest()


def read_labels(file: Path) -> dict[tuple[str, str], str]:
    """Labels by question and digest; none without the file. Raises `EvalDataError`."""
    found: dict[tuple[str, str], str] = {}
    lines = file.read_text("utf-8").split("\n") if file.exists() else []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            label = Label.model_validate_json(line)
        except ValidationError as error:
            raise reading.line_error(file, number, "it is no label") from error
        key = (str(label.source_id), label.sha256)
        if key in found:
            raise reading.line_error(file, number, "an earlier line labels the same answer")
        found[key] = label.label
    return found


def to_read(ids: Iterable[str], checked: Sequence[Checked]) -> list[Checked]:
    """The answers that a person reads: the questions `ids` are drawn in an order of chance that is
    always the same, and the first that were answered are taken."""
    shuffled = sorted(ids)
    random.Random(SEED).shuffle(shuffled)  # noqa: S311
    found = {each.case.id: each for each in checked}
    return [found[id] for id in shuffled if id in found][:READ]


def _write_sheet(file: Path, chosen: Sequence[Checked]) -> None:
    text = "\n".join(map(_page, chosen))
    try:
        file.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise reading.EvalDataError(
            f"The sheet cannot be kept ({error.strerror or printable_line(error)}).", "Make room."
        ) from error


def _page(checked: Checked) -> str:
    case, text = checked.case, checked.answered.row.text
    passages = "\n\n".join(f"({n}) {each.text}" for n, each in enumerate(case.passages, 1))
    claims = "\n".join(f"- {claim.support}: {claim.text}" for claim in checked.claims)
    facts = f"source_id {case.id}, sha256 {digest(text)}, label: {checked.label or 'none yet'}"
    return f"## {case.question}\n\n{facts}\n\n{passages}\n\n**Answer:** {text}\n\n{claims}\n"


# --- the table --------------------------------------------------------------------------------


def _table(answered: Sequence[AnsweredQuestion], checked: Sequence[Checked], sheet: Path) -> Table:
    def of(name: str, chosen: Sequence[Checked], values: Sequence[bool]) -> Line:
        return share_line(name, list(map(float, values)), [each.answered for each in chosen])

    labelled = [each for each in checked if each.label]
    lines = (
        share_line("answered", [each.has_outcome("answered") for each in answered], answered),
        share_line("declined", [each.has_outcome("declined") for each in answered], answered),
        of(
            "answers with a claim shown as supported that the scorer, asked anew, calls"
            " unsupported: by its quotes",
            checked,
            [each.by_quotes for each in checked],
        ),
        of("the same: by the whole passages", checked, [each.by_passages for each in checked]),
        of(
            "answers with a claim below supported, shown as such",
            checked,
            [each.reserved for each in checked],
        ),
        of(INVENTED, labelled, [each.label == "invented" for each in labelled]),
        of(
            "beside the point, as a person read them",
            labelled,
            [each.label == "beside the point" for each in labelled],
        ),
        share_line("errors", [each.has_outcome("error") for each in answered], answered),
    )
    notes = (
        f"{seconds_note(answered)} Labelled: {len(labelled)} of {len(checked)} answers.",
        f"To read, and to label in {LABELS.name}: {printable_line(sheet)}",
    )
    title = "RAGTruth-QA, each question of its own passages: what is invented"
    return Table(title, (SHARE,), lines, ANCHORS, notes, count_errors(answered))
