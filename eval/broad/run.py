"""Asks the questions of the broad set and prints how good the answers are.

The articles and the two seed articles are indexed anew in a temporary folder. With a file to keep
them, each answer is a JSON line as soon as it is known, written to be read: the question, the
answer, the points that it misses. A second start with the same file asks only what is missing or
failed.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from eval.benchmarks.result_tables import format_table, table_to_json
from eval.broad.key_points import Sentences
from eval.broad.questions import (
    ARTICLES,
    QUESTIONS,
    SETS,
    BroadQuestion,
    BroadSetError,
    SetName,
    load_questions,
)
from eval.broad.scores import BroadResult, score_result
from eval.broad.tables import result_tables
from eval.key_points import content_of, is_made
from eval.run import EXIT_INTERRUPTED
from eval.runs.conditions import current_conditions
from rag import split_sentences
from rag.assistant import SEEDS, Assistant
from rag.errors import FootnoteError, printable_line
from rag.events import Checked, Event, Failed, Finished
from rag.internals import build
from rag.serialization import FormatError, answer_from_json, answer_to_json
from rag.settings import Settings
from rag.types import Answer, Span

Clock = Callable[[], float]
"""Seconds since any fixed moment."""


def run_broad(
    settings: Settings,
    *,
    limit: int | None = None,
    sample: int | None = None,
    out: Path | None = None,
    as_json: bool = False,
    set_name: SetName = "broad",
) -> int:
    """Ask the first `limit` questions of a set, or `sample` from all over it, or all; print the
    tables on standard output, as one JSON document if `as_json`; keep the answers in the file
    `out`.

    Returns the exit code, 1 where a question ended in an error. Raises `BroadSetError` where `out`
    cannot be used, and `FootnoteError` where the model cannot be had.
    """
    file, more = SETS[set_name]
    with open_broad_index(settings, more) as assistant:
        questions = load_questions(file, lambda id: assistant.library.document(id).text)
        chosen = spread_over(questions, sample) if sample else questions[:limit]
        assistant.load_model()  # no model is no 200 errors
        sentences = document_sentences(assistant)
        try:
            results = list(_asked(chosen, assistant, sentences, out))
        except KeyboardInterrupt:
            rest = f" What was answered is in {printable_line(out)}." if out else ""
            print(f"\nStopped.{rest}", file=sys.stderr)
            return EXIT_INTERRUPTED
    tables = result_tables(results, sentences)
    if as_json:
        document = {"tables": [table_to_json(table) for table in tables]}
        print(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        print("\n\n".join(map(format_table, tables)))
    return 1 if any(result.answer is None for result in results) else 0


def spread_over(questions: Sequence[BroadQuestion], count: int) -> list[BroadQuestion]:
    """So many questions from all over the file; the same ones each time."""
    places = range(min(count, len(questions)))
    return [questions[place * len(questions) // len(places)] for place in places]


@contextmanager
def open_broad_index(settings: Settings, more: Sequence[Path] = ()) -> Iterator[Assistant]:
    """An assistant over the articles of the set, the seed articles and those in the folders `more`.
    Raises `FootnoteError`."""
    articles = [each for folder in (ARTICLES, *more) for each in sorted(folder.iterdir())]
    with (
        tempfile.TemporaryDirectory(prefix="footnote-eval-") as folder,
        build(settings.in_folder(Path(folder))) as assistant,
    ):
        for event in assistant.index([*sorted(SEEDS.glob("*.txt")), *articles]):
            if isinstance(event, Failed):
                raise BroadSetError(f"An article cannot be indexed: {event.error}", "Correct it.")
        yield assistant


def document_sentences(assistant: Assistant) -> Sentences:
    """The sentences of every document of the index."""
    return {
        id: [
            Span(id, start, end)
            for start, end in split_sentences(assistant.library.document(id).text)
        ]
        for id in assistant.library.digests()
    }


# --- asking -----------------------------------------------------------------------------------


def _asked(
    questions: Sequence[BroadQuestion],
    assistant: Assistant,
    sentences: Sentences,
    out: Path | None,
) -> Iterator[BroadResult]:
    conditions = _conditions(assistant)
    kept = _kept_results(out, conditions, questions) if out else {}
    for number, question in enumerate(questions, start=1):
        result = kept.get(question.id)
        if result is None:
            result = ask_question(question, assistant)
            if out:
                _keep(out, result_to_json(result, sentences) | {"conditions": conditions})
            _show_progress(f"{number:3}/{len(questions)}", result, sentences)
        yield result


def ask_question(
    question: BroadQuestion, assistant: Assistant, clock: Clock = time.perf_counter
) -> BroadResult:
    """Never raises for a question that fails: an error is an outcome."""
    started = clock()
    first: float | None = None
    answer: Answer | None = None
    fault = ""
    try:
        for event in assistant.stream(question.text, question.history, question.document_ids):
            if first is None and _shows_a_citation(event):
                first = round(clock() - started, 3)
            if isinstance(event, Finished):
                answer = event.answer
    except FootnoteError as error:
        fault = str(error)
    except Exception as error:  # a defect: one row tells of it, the others are still asked
        fault = f"{type(error).__name__}: {error}"
    passed = round(clock() - started, 3)
    return BroadResult(question, answer, fault, passed, first)


def _shows_a_citation(event: Event) -> bool:
    """True for a sentence that stays in the answer and has a source."""
    return isinstance(event, Checked) and event.action != "removed" and bool(event.claim.citations)


def _show_progress(number: str, result: BroadResult, sentences: Sentences) -> None:
    recall = score_result(result, sentences).get("recall")
    told = "    " if recall is None else f"{recall:.2f}"
    said = result.answer.text or result.answer.reason if result.answer else result.error
    line = f"{result.question.kind:13} {told} {result.seconds:5.1f} s  {result.question.text}"
    print(f"{number} {printable_line(f'{line} -> {said}')}", file=sys.stderr, flush=True)


# --- on disk ----------------------------------------------------------------------------------


def result_to_json(result: BroadResult, sentences: Sentences) -> dict[str, Any]:
    """What a person wants to read first; the whole answer comes last."""
    question, answer = result.question, result.answer
    content = content_of(answer) if answer else None
    scores = score_result(result, sentences)
    missed = [
        point.quotes[0].text
        for point in question.required
        if not (content and is_made(point, content))
    ]
    return {
        "id": question.id,
        "kind": question.kind,
        "question": question.text,
        "history": [asdict(turn) for turn in question.history],
        "outcome": answer.status if answer else "error",
        "text": answer.text if answer else result.error,
        "reason": answer.reason if answer else None,
        "missed": missed,
        "scores": {name: value for name, value in scores.items() if value is not None},
        "seconds": result.seconds,
        "first_seconds": result.first_seconds,
        "answer": answer_to_json(answer) if answer else None,
    }


def _conditions(assistant: Assistant) -> str:
    """A digest of all that an answer depends on, the questions aside."""
    facts = asdict(current_conditions(assistant, [], QUESTIONS.name))
    return sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def _kept_results(
    out: Path, conditions: str, questions: Sequence[BroadQuestion]
) -> dict[str, BroadResult]:
    """The answers of an earlier start, without those that failed. Raises `BroadSetError`."""
    by_id = {question.id: question for question in questions}
    found: dict[str, BroadResult] = {}
    try:
        rows = [json.loads(line) for line in _whole_lines(out)]
        if any(row["conditions"] != conditions for row in rows):
            raise BroadSetError(
                f"{printable_line(out)} holds answers of another version or model.",
                "Give another file with --out.",
            )
        for row in rows:
            question = by_id.get(row["id"])
            if question and question.text == row["question"] and row["answer"]:
                answer = answer_from_json(row["answer"])
                times = row["seconds"], row["first_seconds"]
                found[question.id] = BroadResult(question, answer, "", *times)
    except (OSError, ValueError, KeyError, TypeError, FormatError) as error:
        raise BroadSetError(
            f"{printable_line(out)} cannot be read as answers to the broad set.",
            "Give another file with --out.",
        ) from error
    return found


def _whole_lines(out: Path) -> list[str]:
    """The lines of the file, if it is there; a last one that was cut short is taken off it."""
    whole, newline, torn = (out.read_text("utf-8") if out.exists() else "").rpartition("\n")
    if torn:
        out.write_text(whole + newline, "utf-8")
    return [line for line in whole.split("\n") if line]


def _keep(out: Path, row: dict[str, Any]) -> None:
    try:
        with out.open("a", encoding="utf-8", errors="replace") as written:
            written.write(json.dumps(row, ensure_ascii=False) + "\n")
    except OSError as error:
        raise BroadSetError(
            f"The answers cannot be kept in {printable_line(out)} ({error.strerror}).",
            "Give another file with --out.",
        ) from error
