"""Fits the weights with which `rag.checking.answerability` tells if articles answer a question.

``python -m eval.benchmarks.answerable_fit FILE…`` fits ``rag/checking/answerability.json`` on
questions that a model was asked: the ``results.jsonl`` of ``footnote eval`` and of ``footnote eval
bench NAME --answers``. Every file counts the same, and so do its answerable and its other
questions: how many of each a set holds is nothing to learn from. Logistic regression with an L2
penalty.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.benchmarks.answers import AnswerRow
from eval.fitting import FREE, fit_logistic
from eval.runs.results import CaseRecord, parse_line
from eval.statistics.agreement import auroc
from rag.internals import (
    ANSWERABILITY_FILE,
    Answerability,
    AnswerabilityModel,
    AnswerabilityWeights,
    LikenessModel,
    TokenEncoder,
    log_odds,
)

FOLDS = 10
PENALTY = 3.0  # beside a file's weight of 100
FILE_WEIGHT = 100.0


@dataclass(frozen=True, slots=True)
class ModelQuestion:
    """A question that came to a language model. `p_answered` is the model's chance, 0..1, that its
    first passage answers it, and `max_sim` how well that passage's article matches it."""

    answerable: bool
    max_sim: float
    p_answered: float
    weight: float


_Row = tuple[bool, float, float]  # answerable, max_sim, p_answered


def read(file: Path, answerability: Answerability) -> list[ModelQuestion]:
    """The questions of `file` that the model was asked a yes or no about."""
    rows = [row for line in file.read_bytes().splitlines() for row in _rows(line, answerability)]
    counts = {kind: sum(row[0] is kind for row in rows) for kind in (True, False)}
    share = FILE_WEIGHT / sum(map(bool, counts.values())) if rows else 0.0
    return [ModelQuestion(*row, weight=share / counts[row[0]]) for row in rows]


def _rows(line: bytes, answerability: Answerability) -> Iterator[_Row]:
    plain = json.loads(line)
    if "tags" in plain:  # of a golden run
        yield from _golden_row(parse_line(line), answerability)
    else:
        row = AnswerRow.model_validate_json(line)
        if row.max_sim is not None and row.p_answered is not None:
            yield bool(plain["gold"]), row.max_sim, row.p_answered


def _golden_row(record: CaseRecord, answerability: Answerability) -> Iterator[_Row]:
    recording = record.recording
    judged = [each.probability for each in recording.model_calls if each.purpose == "judge"]
    if judged and judged[0] is not None:
        first = recording.passages[0].span.document_id
        texts = [each.text for each in recording.passages if each.span.document_id == first]
        question = recording.rewritten or record.question
        yield record.result.answerable, answerability.max_sim(question, texts), judged[0]


def fit(questions: Sequence[ModelQuestion], *, bare: bool = False) -> AnswerabilityModel:
    """The weights for these questions; `bare` for a "yes" or "no" without a probability."""
    values = [[each.max_sim, log_odds(_chance(each, bare))] for each in questions]
    intercept, max_sim, p_answered = _fit(values, questions)
    return AnswerabilityModel(intercept=intercept, max_sim=max_sim, p_answered=p_answered)


def fit_likeness(questions: Sequence[ModelQuestion]) -> LikenessModel:
    """The weights for these questions without the model's "yes" or "no"."""
    intercept, max_sim = _fit([[each.max_sim] for each in questions], questions)
    return LikenessModel(intercept=intercept, max_sim=max_sim)


def _fit(features: Sequence[Sequence[float]], questions: Sequence[ModelQuestion]) -> list[float]:
    """The intercept and a weight for each feature."""
    import numpy as np

    values = np.array([[1.0, *row] for row in features])
    truth = np.array([float(each.answerable) for each in questions])
    weights = np.array([each.weight for each in questions])
    penalty = np.array([FREE, *[PENALTY] * (values.shape[1] - 1)]) * values.var(axis=0).clip(FREE)
    return [round(float(each), 4) for each in fit_logistic(values, truth, weights, penalty)]


def _chance(question: ModelQuestion, bare: bool) -> float:
    return float(question.p_answered >= 0.5) if bare else question.p_answered


def held_out_auroc(questions: Sequence[ModelQuestion], *, bare: bool = False) -> float | None:
    """AUROC of chances from weights fitted without the tenth that a question is in."""
    chances = [0.0] * len(questions)
    for fold in range(FOLDS):
        rest = [each for place, each in enumerate(questions) if place % FOLDS != fold]
        weights = fit(rest, bare=bare)
        for place in range(fold, len(questions), FOLDS):
            each = questions[place]
            chances[place] = weights.chance(each.max_sim, _chance(each, bare))
    return auroc(chances, [each.answerable for each in questions])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    files: list[Path] = parser.parse_args().files
    answerability = Answerability(TokenEncoder())
    sets = [read(file, answerability) for file in files]
    questions = [each for found in sets for each in found]
    for file, found in zip(files, sets, strict=True):
        answerable = sum(each.answerable for each in found)
        print(f"{file.parent.name}: {answerable} answerable, {len(found) - answerable} not")
    for bare in (False, True):
        found_auroc = held_out_auroc(questions, bare=bare) or 0.0
        print(f"AUROC, held out{', bare yes or no' * bare}: {found_auroc:.3f}")
    about = f"Fitted on {len(questions)} questions by python -m eval.benchmarks.answerable_fit."
    fitted = AnswerabilityWeights(
        about=about,
        from_likeness=fit_likeness(questions),
        from_probability=fit(questions),
        from_reply=fit(questions, bare=True),
    )
    ANSWERABILITY_FILE.write_text(fitted.model_dump_json(indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
