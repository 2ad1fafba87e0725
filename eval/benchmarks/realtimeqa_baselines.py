"""Answers of other models to the RealTimeQA questions, with a web search for each.

The repository of the data set keeps their answers by week, in `baseline_results`. They number the
choices from 1.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from eval.benchmarks import dataset_files as reading

FOLDER = "baseline_results/2026"
_OPEN_START, _OPEN_END = "qa_", "_gcs_gen.jsonl"


class _Picked(reading.Record):
    question_id: reading.NonBlank
    prediction: tuple[str, ...]


class _Said(reading.Record):
    question_id: reading.NonBlank
    prediction: str | None


@dataclass(frozen=True, slots=True)
class Baseline:
    """By question id: the place of the choice, from 0 (-1 for no choice), and the open answer."""

    picked: dict[str, int]
    answers: dict[str, str]


def read(data: Path, weeks: Collection[str]) -> dict[str, Baseline]:
    """The models that answered in all of these weeks, by name; none where the folder is not there.
    Raises `EvalDataError`."""
    folder, first = data / FOLDER, f"{min(weeks, default='')}_{_OPEN_START}"
    names = [
        path.name.removeprefix(first).removesuffix(_OPEN_END)
        for path in sorted(folder.glob(f"{first}*{_OPEN_END}"))
    ]
    return {
        _shown(name): _baseline(folder, name, weeks)
        for name in names
        if all(path.exists() for week in weeks for path in _files(folder, week, name))
    }


def _shown(name: str) -> str:
    """ "llama-4-scout" for "meta-llama_llama-4-scout"."""
    return name.partition("_")[2] or name


def _files(folder: Path, week: str, name: str) -> tuple[Path, Path, Path]:
    return (
        folder / f"{week}_qa_{name}_gcs.jsonl",
        folder / f"{week}_qa_nota_{name}_gcs.jsonl",
        folder / f"{week}_{_OPEN_START}{name}{_OPEN_END}",
    )


def _baseline(folder: Path, name: str, weeks: Collection[str]) -> Baseline:
    picked: dict[str, int] = {}
    answers: dict[str, str] = {}
    for week in sorted(weeks):
        whole, without, opened = _files(folder, week, name)
        for file in (whole, without):
            for _, row in reading.read_jsonl(file, _Picked):
                picked[row.question_id] = _place(row.prediction)
        for _, answer in reading.read_jsonl(opened, _Said):
            answers[answer.question_id] = answer.prediction or ""
    return Baseline(picked, answers)


def _place(prediction: tuple[str, ...]) -> int:
    first = prediction[0] if prediction else ""
    return int(first) - 1 if first.isdecimal() else -1
