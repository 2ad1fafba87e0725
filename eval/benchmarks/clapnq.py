"""ClapNQ: finding the passage of a question, and declining what it does not answer.

The development split (Rosenthal et al. 2024): 300 questions that their passage answers and 300
that theirs does not. The passages of all are one pool.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from eval.benchmarks import dataset_files as reading
from eval.benchmarks.answers import SHARE, Question, ask_questions, declining_table
from eval.benchmarks.indexing import DatasetText, document_id, open_index
from eval.benchmarks.metrics import recall
from eval.benchmarks.rankers import Ranker, rank_all, rankers, top_scores
from eval.benchmarks.result_tables import Anchor, Line, Table, mean_line
from eval.statistics.agreement import auroc_interval
from rag.assistant import Assistant
from rag.settings import Settings

NAME = "clapnq"
GIVEN, POOLED = f"{NAME}-given", f"{NAME}-pooled"
ANSWERABLE, UNANSWERABLE = "clapnq_dev_answerable.jsonl", "clapnq_dev_unanswerable.jsonl"
COLUMNS = ("R@1", "R@5", "R@10")
ANCHORS = (Anchor("BM25", {"R@1": 0.893, "R@5": 0.970, "R@10": 0.980}),)
AUROC = "AUROC"
DECLINE_ANCHORS = (Anchor("AUROC of the best BM25 score", {SHARE: 0.719}),)


class _Passage(reading.Record):
    title: str
    text: reading.NonBlank
    sentences: tuple[str, ...]


class _Output(reading.Record):
    answer: str
    selected_sentences: tuple[str, ...]
    meta: dict[str, Any]


class _Line(reading.Record):
    id: str | int
    input: reading.NonBlank
    passages: tuple[_Passage, ...] = Field(min_length=1, max_length=1)
    output: tuple[_Output, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Case:
    """A question and the id of its passage; `gold` is empty where that does not answer it.
    `selected` are the sentences that each annotator marked."""

    id: str
    question: str
    passage: str
    title: str
    gold: tuple[str, ...]
    sentences: tuple[str, ...]  # of the passage
    selected: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class ClapNQ:
    """Every second case is answerable, as far as there are as many of both."""

    passages: list[DatasetText]
    cases: list[Case]


def read(data: Path) -> ClapNQ:
    """Both files; passages with the same text are one. Raises `EvalDataError`."""
    pool: dict[str, DatasetText] = {}
    yes, no = (_cases(data / name, pool) for name in (ANSWERABLE, UNANSWERABLE))
    both = min(len(yes), len(no))
    mixed = [case for pair in zip(yes, no, strict=False) for case in pair]
    cases = [*mixed, *yes[both:], *no[both:]]
    if len({case.id for case in cases}) < len(cases):
        raise reading.EvalDataError(
            f"{ANSWERABLE} and {UNANSWERABLE} share a question.", "Get the files again."
        )
    return ClapNQ(list(pool.values()), cases)


def _cases(path: Path, pool: dict[str, DatasetText]) -> list[Case]:
    found: dict[str, Case] = {}
    for number, row in reading.read_jsonl(path, _Line):
        gold = tuple(each.answer for each in row.output if each.answer.strip())
        if bool(gold) != (path.name == ANSWERABLE):
            raise reading.line_error(
                path, number, "output: it has an answer where none belongs, or none"
            )
        if str(row.id) in found:
            raise reading.line_error(path, number, "id: an earlier line has the same")
        passage = row.passages[0]
        text = pool.setdefault(
            passage.text, DatasetText(str(len(pool)), passage.title, passage.text)
        )
        selected = tuple(each.selected_sentences for each in row.output)
        if not {each for marked in selected for each in marked} <= set(passage.sentences):
            raise reading.line_error(
                path, number, "output.selected_sentences: the passage has no such sentence"
            )
        if " ".join(passage.sentences) != passage.text.strip():
            raise reading.line_error(path, number, "passages.sentences: they are not the text")
        found[str(row.id)] = Case(
            str(row.id), row.input, text.id, passage.title, gold, passage.sentences, selected
        )
    return list(found.values())


# --- without a model --------------------------------------------------------------------------


def retrieval(data: Path, settings: Settings, part: slice) -> list[Table]:
    """Recall of the passage over the answerable of the questions that `part` takes, and how well
    the best score tells these from the others. Raises `FootnoteError`."""
    dataset = read(data)
    cases = dataset.cases[part]
    answerable = [case for case in cases if case.gold]
    with open_index(NAME, dataset.passages, settings) as assistant:
        with rankers(assistant, dataset.passages) as ways:
            lines = [_line(name, ranker, answerable) for name, ranker in ways.items()]
        separation = _telling(assistant, cases)
    counts = f"{len(answerable)} answerable questions, {len(dataset.passages)} passages"
    note = f"{counts}; clusters: the page."
    found = Table("ClapNQ: the passage of a question", COLUMNS, tuple(lines), ANCHORS, (note,))
    return [found, separation]


def _line(name: str, ranker: Ranker, cases: Sequence[Case]) -> Line:
    found = rank_all(ranker, [case.question for case in cases])
    pairs = list(zip(found, cases, strict=True))
    values = {
        f"R@{k}": [recall(each.ids, {case.passage}, k) for each, case in pairs] for k in (1, 5, 10)
    }
    return mean_line(name, values, [case.title for case in cases], [each.seconds for each in found])


def _telling(assistant: Assistant, cases: Sequence[Case]) -> Table:
    """Does the best score of a search alone say whether a question can be answered?"""
    scores = [top_scores(assistant, case.question) for case in cases]
    positive = [bool(case.gold) for case in cases]
    clusters = [case.title for case in cases]
    lines = tuple(
        Line(name, {AUROC: auroc_interval([each[name] for each in scores], positive, clusters)})
        for name in ("BM25", "MiniLM")
    )
    title = "ClapNQ: answerable or not, by the best score of a search in all passages"
    return Table(title, (AUROC,), lines, (Anchor("top BM25 score", {AUROC: 0.719}),))


# --- with a model -----------------------------------------------------------------------------


def given(data: Path, settings: Settings, part: slice) -> list[Table]:
    """Declining, each question asked of its own passage, for the questions that `part` takes.
    Raises `FootnoteError`."""
    return _answers(GIVEN, "ClapNQ, its passage given: what is declined", data, settings, part)


def pooled(data: Path, settings: Settings, part: slice) -> list[Table]:
    """The same over all passages. Raises `FootnoteError`."""
    return _answers(POOLED, "ClapNQ, all passages: what is declined", data, settings, part)


def _answers(name: str, title: str, data: Path, settings: Settings, part: slice) -> list[Table]:
    dataset = read(data)
    with open_index(NAME, dataset.passages, settings) as assistant:
        cases = ask_questions(name, questions_of(dataset.cases, name), part, assistant, settings)
    return [declining_table(title, cases, DECLINE_ANCHORS)]


def questions_of(cases: Sequence[Case], name: str) -> list[Question]:
    """The questions as the assistant is asked them: of their passage alone where `name` is `GIVEN`,
    else of all passages."""
    return [
        Question(
            case.id,
            case.question,
            case.gold,
            cluster=case.title,
            document_ids=(document_id(case.passage),) if name == GIVEN else None,
        )
        for case in cases
    ]
