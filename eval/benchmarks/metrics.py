"""Scores of one ranking and of one answer of a benchmark.

Pure. A ranking is a list of ids, best first; every figure is between 0 and 1.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Hashable, Sequence
from math import log2

from eval.cases import normalise

_ARTICLES = re.compile(r" (?:(?:an?|the) )+")


def ndcg(ranking: Sequence[str], relevant: Collection[str], k: int = 10) -> float:
    """nDCG@k where all that is relevant gains 1, as trec_eval and BEIR have it."""
    gained = sum(1 / log2(rank + 1) for rank, id in enumerate(ranking[:k], 1) if id in relevant)
    ideal = sum(1 / log2(rank + 1) for rank in range(1, min(k, len(relevant)) + 1))
    return gained / ideal if ideal else 0.0


def recall(ranking: Sequence[str], relevant: Collection[str], k: int) -> float:
    """The share of what is relevant that is among the first `k`."""
    return len(set(ranking[:k]) & set(relevant)) / len(relevant) if relevant else 0.0


def reciprocal_rank(ranking: Sequence[str], relevant: Collection[str]) -> float:
    """1 / the rank of the first that is relevant; 0 where none is."""
    return next((1 / rank for rank, id in enumerate(ranking, 1) if id in relevant), 0.0)


def set_f1(found: Collection[Hashable], gold: Sequence[Collection[Hashable]]) -> float:
    """F1 of a set against the gold set that it agrees with most."""
    shared = (2 * len(set(found) & set(each)) / (len(found) + len(each)) for each in gold if each)
    return max(shared, default=0.0)


def contains_phrase(text: str, phrase: str) -> bool:
    """True when a text, normalised, holds a phrase as whole words. Both from `normalise`."""
    return bool(phrase.strip()) and phrase in text


def token_f1(answer: str, gold: str) -> float:
    """SQuAD's F1 of the words in common (Rajpurkar et al. 2016), without articles and markers."""
    words, wanted = _tokens(answer), _tokens(gold)
    shared = sum((Counter(words) & Counter(wanted)).values())
    return 2 * shared / (len(words) + len(wanted)) if shared else 0.0


def exact_match(answer: str, gold: str) -> float:
    """1 where the words are the same, without articles and markers, else 0."""
    return float(_tokens(answer) == _tokens(gold))


def _tokens(text: str) -> list[str]:
    return _ARTICLES.sub(" ", normalise(text)).split()
