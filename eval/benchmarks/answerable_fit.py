"""Which weights tell best whether the articles answer a question?

``python -m eval.benchmarks.answerable_fit FILE…`` fits ``rag/answerable.json`` on the rows of
questions that were asked: the ``results.jsonl`` of ``footnote eval`` and of ``footnote eval bench
NAME --answers``. Every file counts the same, and so do its answerable and its other questions: how
many of each a set holds is nothing to learn from.

Logistic regression with an L2 penalty, by Newton's method: deterministic, no library needed.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.fitting import FREE, fit_logistic
from eval.statistics.agreement import auroc
from rag.internals import (
    ANSWERABILITY_FILE,
    Answerability,
    AnswerabilityModel,
    AnswerabilityWeights,
    TokenEncoder,
    log_odds,
)

FOLDS = 10
PENALTY = 3.0  # beside a file's weight of 100
FILE_WEIGHT = 100.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that came to a language model."""

    answerable: bool
    max_sim: float
    stated: float
    weight: float


def read(file: Path, answerability: Answerability) -> list[Asked]:
    """The rows of `file` in which the model was asked for a yes or no."""
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    rows = [row for line in lines for row in _rows(line, answerability)]
    counts = {kind: sum(row[0] is kind for row in rows) for kind in (True, False)}
    share = FILE_WEIGHT / sum(map(bool, counts.values())) if rows else 0.0
    return [Asked(*row, weight=share / counts[row[0]]) for row in rows]


def _rows(line: Any, answerability: Answerability) -> Iterator[tuple[bool, float, float]]:
    if "seen" not in line:  # of a benchmark
        if line["stated"] is not None:
            yield bool(line["gold"]), line["met"], line["stated"]
        return
    seen = line["seen"]
    judged = [each["probability"] for each in seen["consulted"] if each["purpose"] == "judge"]
    if judged:
        articles = [passage["span"]["document_id"] for passage in seen["passages"]]
        found = zip(articles, seen["passages"], strict=True)
        texts = [passage["text"] for article, passage in found if article == articles[0]]
        question = seen["rewritten"] or line["question"]
        yield line["answerable"], answerability.max_sim(question, texts), judged[0]


def fit(rows: Sequence[Asked], *, bare: bool = False) -> AnswerabilityModel:
    """The weights for these rows; `bare` for a "yes" or "no" without a probability."""
    import numpy as np

    values = np.array([[1.0, row.max_sim, log_odds(_said(row, bare))] for row in rows])
    truth = np.array([float(row.answerable) for row in rows])
    spread = values.var(axis=0).clip(FREE)
    penalty = np.array([FREE, PENALTY, PENALTY]) * spread
    found = fit_logistic(values, truth, np.array([row.weight for row in rows]), penalty)
    intercept, met, stated = (round(float(each), 4) for each in found)
    return AnswerabilityModel(intercept=intercept, max_sim=met, p_answered=stated)


def _said(row: Asked, bare: bool) -> float:
    return float(row.stated >= 0.5) if bare else row.stated


def held_out(rows: Sequence[Asked], *, bare: bool = False) -> float | None:
    """AUROC of chances from weights fitted without the tenth that a row is in."""
    chances = [0.0] * len(rows)
    for fold in range(FOLDS):
        weights = fit([row for place, row in enumerate(rows) if place % FOLDS != fold], bare=bare)
        for place in range(fold, len(rows), FOLDS):
            row = rows[place]
            chances[place] = weights.chance(row.max_sim, _said(row, bare))
    return auroc(chances, [row.answerable for row in rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    files: list[Path] = parser.parse_args().files
    answerability = Answerability(TokenEncoder())
    sets = [read(file, answerability) for file in files]
    rows = [row for each in sets for row in each]
    for file, each in zip(files, sets, strict=True):
        answerable = sum(row.answerable for row in each)
        print(f"{file.parent.name}: {answerable} answerable, {len(each) - answerable} not")
    for bare in (False, True):
        told = held_out(rows, bare=bare) or 0.0
        print(f"AUROC, held out{', bare yes or no' * bare}: {told:.3f}")
    about = f"Fitted on {len(rows)} questions by python -m eval.benchmarks.answerable_fit."
    fitted = AnswerabilityWeights(
        about=about, from_probability=fit(rows), from_reply=fit(rows, bare=True)
    )
    ANSWERABILITY_FILE.write_text(fitted.model_dump_json(indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
