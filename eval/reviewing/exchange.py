"""Cases in the formats of other evaluation tools, and back.

Field names as in the sources of each tool in 2026:

- ragas: JSON lines with ``user_input``, ``reference`` and ``reference_contexts``
  (`SingleTurnSample` in ragas/dataset_schema.py; read by `EvaluationDataset.from_jsonl`).
- DeepEval: a JSON list of goldens with ``input``, ``expected_output``, ``context`` and
  ``additional_metadata`` (`Golden` in deepeval/dataset/golden.py; read by
  `EvaluationDataset.add_goldens_from_json_file`).
- LangSmith: JSON lines with ``inputs``, ``outputs`` and ``metadata`` (docs.langchain.com,
  "Example data format"; the list that `Client.create_examples` takes).
- Phoenix: the same with ``input``, ``output`` and ``metadata`` (`Example` in
  phoenix/experiments/types.py).

The last two have no field for contexts; they stand in the outputs.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from eval.cases import CaseRow, normalise, read_rows
from eval.drafting.draft import Draft, Kind, draft_ids, draft_to_row, kind_of
from eval.reviewing.review_file import ReviewError
from eval.text_format import one_line
from rag.assistant import Assistant
from rag.internals import expected_answer_type, parse_units
from rag.types import Span

Format = Literal["ragas", "deepeval", "langsmith", "phoenix"]

DECLINE = "The articles do not state it."
MAX_GOLD_WORDS = 8  # of a reference that an answer may hold word for word
_NAMES: dict[Format, tuple[str, str]] = {
    "langsmith": ("inputs", "outputs"),
    "phoenix": ("input", "output"),
}


@dataclass(slots=True)
class Imported:
    """The rows of a file of cases, and why others were left out."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


# --- out --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Exported:
    """The text of a file for another tool, with how many cases are in it, and how many are not
    because they were dropped."""

    text: str
    cases: int
    dropped: int


def export_cases(file: Path, to: Format) -> Exported:
    """The cases of `file` that were not dropped, in another format. Raises `CaseError`."""
    rows = [row for _, row in read_rows(file)]
    kept = [row for row in rows if not (row.review and row.review.decision == "dropped")]
    samples = [_sample(row, to) for row in kept]
    if to == "deepeval":
        text = json.dumps(samples, ensure_ascii=False, indent=2) + "\n"
    else:
        text = "".join(json.dumps(sample, ensure_ascii=False) + "\n" for sample in samples)
    return Exported(text, len(kept), len(rows) - len(kept))


def _sample(row: CaseRow, to: Format) -> dict[str, Any]:
    contexts = [each.quote for each in row.evidence]
    told = {"id": row.id, "tags": list(row.tags), "answerable": row.answerable}
    if to == "ragas":
        return {
            "user_input": row.question,
            "reference": _reference(row),
            "reference_contexts": contexts,
        }
    if to == "deepeval":
        return {
            "input": row.question,
            "expected_output": _reference(row),
            "context": contexts,
            "additional_metadata": told,
        }
    asked, answered = _NAMES[to]
    return {
        asked: {"question": row.question},
        answered: {"answer": _reference(row), "contexts": contexts},
        "metadata": told,
    }


def _reference(row: CaseRow) -> str:
    """The answer in words: the first of each fact, or else the required key points."""
    if not row.answerable:
        return DECLINE
    if row.gold:
        return row.gold[0]
    if row.all:
        return "; ".join(group[0] for group in row.all)
    return " ".join(point.quotes[0].quote for point in row.points if not point.optional)


# --- in ---------------------------------------------------------------------------------------


def import_cases(text: str, given: Format, assistant: Assistant) -> Imported:
    """Cases from a file of another tool, with evidence in the index of `assistant`: the contexts,
    where an article has them word for word and once; else a sentence that holds the reference.

    Raises `ReviewError` where the file is not of that format, or gives no case.
    """
    found, drafts = Imported(), list[Draft]()
    for sample in _samples(text, given):
        question, reference, contexts, told = _read(sample, given)
        made = _draft(question, reference, contexts, told, assistant)
        if isinstance(made, str):
            found.left_out[made] += 1
        else:
            drafts.append(made)
    if not drafts:
        why = "; ".join(f"{number} left out: {reason}" for reason, number in found.left_out.items())
        raise ReviewError(
            f"The file gives no case ({why or 'it is empty'}).",
            "Index the articles that it is about first.",
        )
    for draft, id in zip(drafts, draft_ids(drafts), strict=True):
        found.rows.append(draft_to_row(draft, id, assistant.library.text))
    return found


def _samples(text: str, given: Format) -> list[Mapping[str, Any]]:
    try:
        if text.lstrip().startswith("["):
            samples: list[Any] = json.loads(text)
        else:
            samples = [json.loads(line) for line in text.split("\n") if line.strip()]
    except ValueError as error:
        raise _not_of(given, one_line(str(error))) from error
    for number, sample in enumerate(samples, start=1):
        if not isinstance(sample, dict) or not isinstance(_read(sample, given)[0], str):
            raise _not_of(given, f"entry {number} has no question")
    return samples


def _not_of(given: Format, why: str) -> ReviewError:
    return ReviewError(
        f"The file is not in the format of {given}: {why}.", "Choose its format with --format."
    )


def _read(sample: Mapping[str, Any], given: Format) -> tuple[Any, str, list[str], dict[str, Any]]:
    """Question, reference, contexts and metadata; the question is None where there is none."""
    if given == "ragas":
        contexts = _texts(sample.get("reference_contexts"))
        return sample.get("user_input"), sample.get("reference") or "", contexts, {}
    if given == "deepeval":
        told = _mapping(sample.get("additional_metadata"))
        reference = sample.get("expected_output") or ""
        return sample.get("input"), reference, _texts(sample.get("context")), told
    question, answered = (_mapping(sample.get(name)) for name in _NAMES[given])
    told = _mapping(sample.get("metadata"))
    reference = str(answered.get("answer") or "")
    return question.get("question"), reference, _texts(answered.get("contexts")), told


def _texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _draft(
    question: str,
    reference: str,
    contexts: list[str],
    told: Mapping[str, Any],
    assistant: Assistant,
) -> Draft | str:
    """A draft, or why there is none."""
    if told.get("answerable") is False or reference == DECLINE:
        return Draft("unanswerable", question, "", by="another tool")
    places = [place for text in contexts if (place := _place(text, assistant))]
    if not places and reference:
        places = _stating(question, reference, assistant)
    if not places:
        return "no article states its reference or holds its contexts word for word"
    gold = (reference,) if 0 < len(reference.split()) <= MAX_GOLD_WORDS else ()
    tags = tuple(tag for tag in _texts(told.get("tags")))
    asks = expected_answer_type(question)
    kind: Kind = kind_of(tags) or ("yes_no" if asks == "yes-no" else "fact")
    points = tuple((place,) for place in places)
    return Draft(kind, question, places[0].document_id, points, gold, by="another tool")


def _place(quote: str, assistant: Assistant) -> Span | None:
    """Where the only article that has the quote has it once; None where it is not so."""
    places = []
    for id in assistant.library.digests() if quote.strip() else ():
        text = assistant.library.document(id).text
        start = text.find(quote)
        if start >= 0:
            if text.find(quote, start + 1) >= 0:
                return None
            places.append(Span(id, start, start + len(quote)))
    return places[0] if len(places) == 1 else None


def _stating(question: str, reference: str, assistant: Assistant) -> list[Span]:
    """The first unit among the passages found for the question that holds the reference."""
    wanted = normalise(reference)
    for hit in assistant.search(question).hits if wanted.strip() else ():
        document = assistant.library.document(hit.chunk.span.document_id)
        for unit in parse_units(document.text):
            within = hit.chunk.span.start <= unit.start < hit.chunk.span.end
            text = unit.text(document.text)
            if within and unit.is_evidence and wanted in normalise(text):
                place = _place(text, assistant)
                if place:
                    return [place]
    return []


# --- commands ---------------------------------------------------------------------------------


def write_text(out: Path, text: str) -> None:
    """Write a new file. Raises `ReviewError` where it is there, or cannot be written."""
    try:
        with out.open("x", encoding="utf-8") as written:
            written.write(text)
    except FileExistsError as error:
        problem = f"{one_line(str(out))} is there already."
        raise ReviewError(problem, "Give another file with --out.") from error
    except OSError as error:
        raise ReviewError(
            f"{one_line(str(out))} cannot be written ({error.strerror or error}).",
            "Choose a file in a folder that can be written to.",
        ) from error


def read_text(file: Path) -> str:
    """Raises `ReviewError` where the file cannot be read as UTF-8."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        problem = f"{one_line(str(file))} cannot be read ({one_line(str(error))})."
        raise ReviewError(problem, "Give a text file in UTF-8.") from error
