"""What is one ranking, one answer, or one set of scores worth?

Pure. A ranking is a list of ids, best first; every figure is between 0 and 1.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Sequence
from math import log2
from typing import TYPE_CHECKING

from eval.cases import normalise
from eval.statistics.bootstrap import Interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Picked = NDArray[np.intp]  # which rows are counted, some of them more than once

DRAWS = 2000
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
    said, wanted = _tokens(answer), _tokens(gold)
    shared = sum((Counter(said) & Counter(wanted)).values())
    return 2 * shared / (len(said) + len(wanted)) if shared else 0.0


def exact_match(answer: str, gold: str) -> float:
    """1 where the words are the same, without articles and markers, else 0."""
    return float(_tokens(answer) == _tokens(gold))


def _tokens(text: str) -> list[str]:
    return _ARTICLES.sub(" ", normalise(text)).split()


def auroc(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float | None:
    """The share of pairs in which the positive one has the higher score, ties counting half;
    None without such pairs."""
    import numpy as np

    yes, no = scores[positive], np.sort(scores[~positive])
    if not len(yes) or not len(no):
        return None
    below = np.searchsorted(no, yes, "left") + np.searchsorted(no, yes, "right")
    return float(below.mean() / (2 * len(no)))


def bootstrap_interval(
    statistic: Callable[[Picked], float | None], clusters: Sequence[str], draws: int = DRAWS
) -> Interval | None:
    """`statistic` of all rows, for what is no mean of them, with its 95 % bootstrap interval over
    whole clusters. `statistic` takes the indices of the rows to count; draws for which it is
    None are left out. None where it is None of all rows."""
    import numpy as np

    value = statistic(np.arange(len(clusters)))
    if value is None:
        return None
    names = {name: number for number, name in enumerate(sorted(set(clusters)))}
    numbers = np.array([names[cluster] for cluster in clusters])
    members = [np.flatnonzero(numbers == number) for number in range(len(names))]
    chance = np.random.default_rng(0)
    drawn = (
        statistic(np.concatenate([members[i] for i in chance.integers(0, len(names), len(names))]))
        for _ in range(draws)
    )
    told = [each for each in drawn if each is not None]
    low, high = (float(edge) for edge in np.percentile(told, [2.5, 97.5]))
    return Interval(value, low, high, len(clusters), len(names))


def auroc_interval(
    scores: Sequence[float], positive: Sequence[bool], clusters: Sequence[str]
) -> Interval | None:
    """`auroc` with its interval."""
    import numpy as np

    values, wanted = np.array(scores, np.float64), np.array(positive, np.bool_)
    return bootstrap_interval(lambda picked: auroc(values[picked], wanted[picked]), clusters)
