"""A scorer without parameters: the share of an answer's words that its sources contain.

Of each sentence of the answer, the share of its content words found in the sources, and the share
of its pairs of neighbouring words; a sentence scores the mean of the two. An answer scores the
mean of its sentences, or its worst. Words are compared by their stems. Of the variants tried (raw
words, pairs of content words only, words and pairs pooled, other stop words) this one comes
closest to the published containment figures; on MTRAG it is stronger than they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from statistics import fmean

from rag import split_sentences
from rag.internals import STOP_WORDS, stem

_WORD = re.compile(r"[^\W_]+")  # "end.Next" is two words: some sources lack the space


@dataclass(frozen=True, slots=True)
class Containment:
    """`worst` takes the least contained sentence for the whole answer."""

    worst: bool = False

    def score_text(self, text: str, sources: Sequence[str]) -> float:
        """0..1, higher is more grounded: 0 without sources, 1 for a text that has no content
        word but a source to stand on."""
        if not any(source.strip() for source in sources):
            return 0.0
        source = _read_sources(tuple(sources))
        cut = (text[start:end] for start, end in split_sentences(text))
        shares = [found for part in cut if (found := _share(part, source)) is not None]
        choose: Callable[[list[float]], float] = min if self.worst else fmean
        return choose(shares) if shares else 1.0


@dataclass(frozen=True, slots=True)
class _Stated:
    words: frozenset[str]
    pairs: frozenset[tuple[str, str]]


@lru_cache(maxsize=64)
def _read_sources(sources: tuple[str, ...]) -> _Stated:
    """What the sources hold together; no pair spans two of them."""
    each = [[stem for _, stem in _words(source)] for source in sources]
    return _Stated(
        frozenset(word for words in each for word in words),
        frozenset(pair for words in each for pair in _pairs(words)),
    )


def _share(sentence: str, source: _Stated) -> float | None:
    """None for a sentence without a content word ("So it is.")."""
    words = _words(sentence)
    content = [stem for word, stem in words if word not in STOP_WORDS]
    if not content:
        return None
    single = fmean(word in source.words for word in content)
    pairs = _pairs([stem for _, stem in words])
    return (single + fmean(pair in source.pairs for pair in pairs)) / 2 if pairs else single


def _words(text: str) -> list[tuple[str, str]]:
    """Each word in lower case, and its stem."""
    return [(word, stem(word)) for word in _WORD.findall(text.lower())]


def _pairs(words: Sequence[str]) -> list[tuple[str, str]]:
    return list(pairwise(words))
