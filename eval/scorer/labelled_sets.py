"""Public sets of texts that people labelled as grounded in their sources or not.

Readers of five public, human-labelled sets, each in its folder of one directory. Every reader
knows how many texts its set holds: a file that gives another number is an error, never a smaller
`n`. Nothing of the sets is part of this project, and one directory serves fit and card alike.

    set               text       grounded (`label`)                     people's score (`scale`)
    frank_valid       summary    every sentence judged factual          share of such sentences
    wice_dev          claim      supported; partly supported is not
    ragtruth_qa_dev   answer     no span marked by the annotators
    qags_cnndm        summary    every sentence supported by majority   share of such sentences
    mtrag_human       answer     mean faithfulness 3 of 4 or more       mean faithfulness, 0..1
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from eval.runs.summary import first_problem
from eval.text_format import one_line
from rag.errors import FootnoteError
from rag.internals import TextKind

KINDS: Mapping[tuple[str, str], TextKind] = {
    ("frank_valid", "bbc"): "written",
    ("frank_valid", "cnndm"): "copied",
    ("wice_dev", ""): "written",
    ("ragtruth_qa_dev", ""): "written",
    ("qags_cnndm", ""): "copied",
    ("mtrag_human", ""): "whole",
}
"""By set and subset."""
FAITHFUL = 3.0  # "mostly yes", of MTRAG's four answers to "is it faithful?"
LOWEST, HIGHEST = 1, 4  # of those ratings


class LabelledError(FootnoteError):
    """A labelled set that cannot be used; says which file and line or row."""


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A text and what people said of it. `sources` is empty where the writer was given none;
    `document` names what texts share a source, so that they are drawn and held out together."""

    id: str
    document: str
    text: str
    sources: tuple[str, ...]
    label: bool  # True: grounded
    scale: float | None = None  # 0..1, higher is more grounded
    subset: str = ""
    faults: tuple[tuple[int, int], ...] | None = None  # the places in `text` that are not grounded


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """Where a set lies below the data directory, and how many texts it holds (None: any)."""

    name: str
    file: str
    n: int | None
    reader: Callable[[Path], Iterator[LabelledText]] = field(repr=False)


def read_set(source: LabelledSet, data: Path) -> list[LabelledText]:
    """Every text of a set, in the file's order. Raises `LabelledError`."""
    path = data / source.name / source.file
    found = list(source.reader(path))
    ids = {row.id for row in found}
    if len(ids) < len(found):
        twice = next(row.id for n, row in enumerate(found) if row.id in {r.id for r in found[:n]})
        raise _error(path, f"{twice} is there twice")
    if source.n is not None and len(found) != source.n:
        raise _error(path, f"it holds {len(found):,} labelled texts where the set has {source.n:,}")
    return found


def kind_of(name: str, subset: str) -> TextKind:
    """Written, where nothing else is known."""
    return KINDS.get((name, subset), "written")


def sets_kept_back(data: Path) -> list[LabelledSet]:
    """The sets that are below `data`, of any length: other parts of the same sets, which nothing
    was fitted on. Raises `LabelledError` where there is none."""
    found = [replace(each, n=None) for each in LABELLED_SETS if (data / each.name).is_dir()]
    if not found:
        raise LabelledError(
            "The directory holds no labelled set.",
            f"Name one with folders of these names: {', '.join(e.name for e in LABELLED_SETS)}.",
        )
    return found


def read_all_sets(data: Path) -> dict[str, list[LabelledText]]:
    """Every set, by name. Raises `LabelledError` for the first that is missing or malformed."""
    return {source.name: read_set(source, data) for source in LABELLED_SETS}


# --- the sets ---------------------------------------------------------------------------------

_Text = Annotated[str, StringConstraints(pattern=r"\S")]


class _Row(BaseModel):
    model_config = ConfigDict(
        strict=True, frozen=True
    )  # fields that are not asked for may be there


class _Frank(_Row):
    id: _Text
    dataset: Literal["cnndm", "bbc"]
    hash: _Text
    article: _Text
    summary: _Text
    factuality: Annotated[float, Field(ge=0, le=1)]
    label: Literal[0, 1]


def _frank(path: Path) -> Iterator[LabelledText]:
    """FRANK, validation half: news summaries by nine models, CNN/DM and BBC (XSum)."""
    for _, row in _lines(path, _Frank):
        label, sources = row.label == 1, (row.article,)
        yield LabelledText(
            row.id, row.hash, row.summary, sources, label, row.factuality, row.dataset
        )


class _WiceMeta(_Row):
    id: _Text
    claim_title: _Text


class _Wice(_Row):
    label: Literal["supported", "partially_supported", "not_supported"]
    claim: _Text
    evidence: Annotated[list[str], Field(min_length=1)]
    meta: _WiceMeta


def _wice(path: Path) -> Iterator[LabelledText]:
    """WiCE, development half: sentences of Wikipedia and the page each cites. The page is one
    source, a paragraph for each of its sentences; claims of one article are one document."""
    for _, row in _lines(path, _Wice):
        page, label = "\n\n".join(row.evidence), row.label == "supported"
        yield LabelledText(row.meta.id, row.meta.claim_title, row.claim, (page,), label)


class _Mark(_Row):
    start: int
    end: int
    label_type: str


class _Response(_Row):
    response: _Text
    model: _Text
    labels: list[_Mark]


class _Given(_Row):
    question: _Text
    passages: _Text


class _Ragtruth(_Row):
    source_id: int
    source: _Given
    responses: Annotated[list[_Response], Field(min_length=1)]


def _ragtruth(path: Path) -> Iterator[LabelledText]:
    """RAGTruth, question answering, as FaithJudge packs it. Every span that an annotator marked
    counts: evident or subtle, baseless or in conflict, also what is "implicitly true" (sound, yet
    not in the passages). Passage n of the answer's own words is ``sources[n - 1]``."""
    for where, row in _lines(path, _Ragtruth):
        _, *passages = re.split(r"(?:^|\n\n)passage \d+:", row.source.passages)
        if not passages:
            raise _error(path, f'{where}: source.passages has no "passage 1:"')
        sources = tuple(passage.strip() for passage in passages)
        for response in row.responses:
            name = f"{row.source_id}:{response.model}"
            faults = tuple((mark.start, mark.end) for mark in response.labels)
            document, label = str(row.source_id), not response.labels
            yield LabelledText(name, document, response.response, sources, label, faults=faults)


class _Vote(_Row):
    response: Literal["yes", "no"]


class _Judged(_Row):
    sentence: _Text
    responses: Annotated[list[_Vote], Field(min_length=1)]


class _Qags(_Row):
    article: _Text
    summary_sentences: Annotated[list[_Judged], Field(min_length=1)]


def _qags(path: Path) -> Iterator[LabelledText]:
    """QAGS, CNN/DM: as its authors do, the workers' majority decides each sentence, and a summary
    scores the share of its sentences that are supported. The sentences are joined."""
    for number, (_, row) in enumerate(_lines(path, _Qags), start=1):
        scale = fmean(_majority(judged.responses) for judged in row.summary_sentences)
        text, faults = "", list[tuple[int, int]]()
        for judged in row.summary_sentences:
            start = len(text) + bool(text)
            text = f"{text} {judged.sentence}" if text else judged.sentence
            faults += [] if _majority(judged.responses) else [(start, len(text))]
        name, article = str(number), (row.article,)
        yield LabelledText(name, name, text, article, scale == 1, scale, faults=tuple(faults))


def _majority(votes: list[_Vote]) -> bool:
    return sum(vote.response == "yes" for vote in votes) * 2 > len(votes)


class _Rating(_Row):
    value: Literal["1", "2", "3", "4"]


class _Ratings(_Row):
    faithfulness: Annotated[dict[str, _Rating], Field(min_length=1)]


class _Evaluation(_Row):
    task_id: Annotated[str, StringConstraints(pattern=r".<::>.")]
    model_id: _Text
    model_response: _Text
    annotations: _Ratings


class _Context(_Row):
    document_id: _Text


class _Task(_Row):
    task_id: _Text
    contexts: list[_Context]


class _Passage(_Row):
    document_id: _Text
    text: _Text


class _Mtrag(_Row):
    documents: list[_Passage]
    tasks: list[_Task]
    evaluations: list[_Evaluation]


def _mtrag(path: Path) -> Iterator[LabelledText]:
    """MTRAG, the human evaluations: answers of two models and of people in conversations, rated by
    two or three. One document is one conversation; some answers were given without any passage."""
    held = _parsed(path, _content(path), _Mtrag, "")
    texts = {passage.document_id: passage.text for passage in held.documents}
    given = {task.task_id: [text.document_id for text in task.contexts] for task in held.tasks}
    for number, row in enumerate(held.evaluations, start=1):
        try:
            sources = tuple(texts[document] for document in given[row.task_id])
        except KeyError as error:
            raise _error(path, f"evaluation {number}: there is no {error.args[0]!r}") from error
        scale = fmean(float(rating.value) for rating in row.annotations.faithfulness.values())
        name, document = f"{row.task_id}:{row.model_id}", row.task_id.partition("<::>")[0]
        share = (scale - LOWEST) / (HIGHEST - LOWEST)
        yield LabelledText(name, document, row.model_response, sources, scale >= FAITHFUL, share)


LABELLED_SETS: tuple[LabelledSet, ...] = (
    LabelledSet("frank_valid", "frank_valid.jsonl", 671, _frank),
    LabelledSet("wice_dev", "entailment_retrieval_claim_dev.jsonl", 349, _wice),
    LabelledSet("ragtruth_qa_dev", "ragtruth_qa_dev.jsonl", 411, _ragtruth),
    LabelledSet("qags_cnndm", "mturk_cnndm.jsonl", 235, _qags),
    LabelledSet("mtrag_human", "reference_subset_with_human_evaluations.json", 477, _mtrag),
)


# --- files ------------------------------------------------------------------------------------

R = TypeVar("R", bound=_Row)


def _lines(path: Path, shape: type[R]) -> Iterator[tuple[str, R]]:
    """Each line that is not blank, and where it stands."""
    for number, line in enumerate(_content(path).split("\n"), start=1):
        if line.strip():
            yield f"line {number}", _parsed(path, line, shape, f"line {number}: ")


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise _error(path, f"it cannot be read ({error.__class__.__name__})") from error


def _parsed(path: Path, text: str, shape: type[R], where: str) -> R:
    try:
        return shape.model_validate_json(text)
    except ValidationError as error:
        raise _error(path, f"{where}{first_problem(error)}") from error


def _error(path: Path, fault: str) -> LabelledError:
    return LabelledError(
        f"{one_line(f'{path.parent.name}/{path.name}: {fault}')}.",
        "Name a directory that holds the set unchanged, as its authors publish it.",
    )
