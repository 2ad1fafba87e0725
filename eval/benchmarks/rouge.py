"""ROUGE-L: how much of a text and a reference is the same words in the same order.

Lin (2004), as the library rouge-score computes it with `use_stemmer`: the F1 of the longest common
subsequence of words of ASCII letters and digits, those of more than three characters stemmed by
Porter's first algorithm. Other scripts have no words here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

_WORD = re.compile(r"[a-z0-9]+")
_MIN_STEMMED = 4  # characters


def rouge_l(text: str, references: Iterable[str]) -> float:
    """F1, 0..1, of `text` and the reference that it agrees with most; 0 without a reference."""
    words = _stemmed_words(text)
    return max((_f1(words, _stemmed_words(each)) for each in references), default=0.0)


def _f1(words: Sequence[str], reference: Sequence[str]) -> float:
    common = common_subsequence(words, reference)
    return 2 * common / (len(words) + len(reference)) if common else 0.0


def common_subsequence(left: Sequence[str], right: Sequence[str]) -> int:
    """The length of the longest one, by dynamic programming over one row."""
    lengths = [0] * (len(right) + 1)
    for word in left:
        diagonal = 0
        for place, other in enumerate(right, start=1):
            above = lengths[place]
            lengths[place] = diagonal + 1 if word == other else max(above, lengths[place - 1])
            diagonal = above
    return lengths[-1]


def _stemmed_words(text: str) -> list[str]:
    return [_stem(word) for word in _WORD.findall(text.lower())]


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    import snowballstemmer

    if len(word) < _MIN_STEMMED:
        return word
    stemmed: str = snowballstemmer.stemmer("porter").stemWord(word)
    return stemmed
