"""Tells sentences that give orders to a language model, by a fitted model of their words.

A logistic regression on the stems of a sentence and their pairs, fitted by
``python -m eval.attack.orders_fit``; the weights are in ``machine_orders.json``, for anyone to
read. Marks of chat templates, which no article has, need no model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path

from rag.text.folding import fold, without_look_alikes
from rag.text.tokens import stem

WEIGHTS = Path(__file__).with_suffix(".json")
_WORD = re.compile(r"[^\W\d_]+")
_TEMPLATE = re.compile(
    r"<\|[a-z_]{3,20}\|>|\[/?INST\]|<</?SYS>>"
    r"|^\W*(?:system|assistant|instructions?)\s*:\s*you\b",
    re.IGNORECASE,
)
_MAX_CHARS = 1_000  # of one sentence, that are read


def order_features(sentence: str) -> frozenset[str]:
    """The stems of a sentence, the first one with a ``^``, and pairs of neighbours."""
    plain = without_look_alikes(fold(sentence[:_MAX_CHARS])).lower()
    words = [stem(word) for word in _WORD.findall(plain)]
    pairs = (f"{first} {second}" for first, second in pairwise(words))
    return frozenset([*words, *pairs, *(f"^{word}" for word in words[:1])])


@lru_cache(maxsize=4_096)
def is_order(sentence: str) -> bool:
    """True of a sentence that tells a language model what to do, by itself or in what stands before
    or behind a colon: what it is told to say has words of all kinds."""
    if _TEMPLATE.search(fold(sentence[:_MAX_CHARS])):
        return True
    weights, threshold = _weights()
    return any(
        sum(weights.get(each, 0.0) for each in order_features(part)) >= threshold
        for part in dict.fromkeys([sentence, *sentence[:_MAX_CHARS].split(": ")])
    )


@cache
def _weights() -> tuple[Mapping[str, float], float]:
    """The weight of each feature, and the least sum of an order."""
    stored = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    return stored["weights"], stored["threshold"]
