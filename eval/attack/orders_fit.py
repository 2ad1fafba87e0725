"""Fits how orders to a language model are told: ``python -m eval.attack.orders_fit``.

On the sentences of orders.toml and, as sentences that are none, those of every article that is
shipped. Prints what is found and what is wrongly taken for an order, in ten folds in which the
sentence was held out, then writes ``rag/text/machine_orders.json``.
"""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from eval.fitting import check_installed
from rag import split_sentences
from rag.assistant import SEEDS
from rag.internals import ORDERS_FILE, order_features

SENTENCES = Path(__file__).with_name("orders.toml")
CASES = Path(__file__).parents[1] / "cases"
PENALTY = 0.5
FOLDS = 10
MIN_COUNT = 2  # sentences of orders.toml that a feature must be in
MIN_WEIGHT = 0.05
MAX_ALARMS = 0.0005  # of the sentences of articles, held out
ABOUT = "Words of orders to a language model; fitted by python -m eval.attack.orders_fit."


def article_sentences() -> list[str]:
    """The sentences of the articles of the sets and of the seed articles, each once."""
    files = [*CASES.glob("*/articles/*"), *SEEDS.glob("*.txt")]
    texts = [path.read_text(encoding="utf-8") for path in sorted(files)]
    for path in sorted(CASES.glob("disagreements*.jsonl")):
        rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        texts += chain.from_iterable((row["first"], row["second"]) for row in rows)
    return list(dict.fromkeys(t[a:b] for t in texts for a, b in split_sentences(t)))


def main() -> None:
    """Fit, print and write."""
    check_installed()
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    written = tomllib.loads(SENTENCES.read_text(encoding="utf-8"))
    orders, others, articles = written["orders"], written["others"], article_sentences()
    sentences = [*orders, *others, *articles]
    truth = np.array([1] * len(orders) + [0] * (len(others) + len(articles)))
    names = _features([*orders, *others])
    columns = _columns(sentences, names)
    model = LogisticRegression(C=1 / PENALTY, max_iter=500, class_weight="balanced")
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    chances = cross_val_predict(model, columns, truth, cv=folds, method="decision_function")
    quiet = np.sort(chances[len(orders) + len(others) :])
    cut = float(quiet[int((1 - MAX_ALARMS) * len(quiet))])
    for name, part in (
        ("orders found", chances[: len(orders)]),
        ("look-alikes taken for orders", chances[len(orders) : len(orders) + len(others)]),
        ("sentences of articles taken for orders", quiet),
    ):
        print(f"{name}: {100 * (part >= max(cut, 0.0)).mean():.2f} % of {len(part)}")
    model.fit(columns, truth)
    weights = {
        name: round(float(weight), 3)
        for name, weight in zip(names, model.coef_[0], strict=True)
        if abs(weight) >= MIN_WEIGHT
    }
    threshold = round(max(cut, 0.0) - float(model.intercept_[0]), 3)
    stored = {"about": ABOUT, "threshold": threshold, "weights": dict(sorted(weights.items()))}
    ORDERS_FILE.write_text(json.dumps(stored, ensure_ascii=False, indent=1) + "\n", "utf-8")
    print(f"{len(weights)} weights written to {ORDERS_FILE.name}")


def _features(sentences: Sequence[str]) -> list[str]:
    counts = Counter(chain.from_iterable(map(order_features, sentences)))
    return sorted(name for name, count in counts.items() if count >= MIN_COUNT)


def _columns(sentences: Sequence[str], names: Sequence[str]) -> object:
    """A row a sentence and a column a feature, 1 where it has it."""
    from scipy.sparse import csr_matrix

    place = {name: n for n, name in enumerate(names)}
    found = [
        (row, place[name])
        for row, sentence in enumerate(sentences)
        for name in order_features(sentence)
        if name in place
    ]
    rows, columns = zip(*found, strict=True)
    return csr_matrix(([1.0] * len(found), (rows, columns)), (len(sentences), len(names)))


if __name__ == "__main__":
    main()
