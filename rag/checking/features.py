"""Features of a claim and its source, by which `rag.checking.scorer` judges it.

Each compares one claim with some sentences of its source: by their words, numbers and what the
rules object to, or by the vectors of their tokens.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, get_args

from rag.checking import rules
from rag.models.token_embeddings import TokenEmbeddings
from rag.text.quantities import find_quantities
from rag.text.synonyms import are_synonyms
from rag.text.tokens import content_stems
from rag.thresholds import CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Name = Literal[
    "aligned", "runs", "pairs", "copied", "density", "numbers", "missing", "meta", "hard", "soft"
]
NAMES: tuple[Name, ...] = get_args(Name)
Features = Mapping[Name, float]


_WORDS = re.compile(r"[^\W_]+(?:[.,]\d+)*")
# Sentences about the sources themselves: "The passages do not say", "I hope this helps".
_META = re.compile(
    r"(?i)\b(?:passages?|context|documents?|provided information|information provided|unable to"
    r" answer|(?:is|are|was) (?:not|no) (?:mention|specif|stat|provid|enough|explicit|clear"
    r"|information)\w*|do(?:n't| not) have|not (?:enough|explicitly|specifically)|does not"
    r" (?:mention|provide|specif|contain|say|state|discuss)\w*|based on|according to"
    r"|cannot (?:answer|provide|determine)|sorry|let me know|help you|i hope)\b"
)


@dataclass(frozen=True, slots=True, eq=False)
class AnalysedSentence:
    """A sentence with all that is compared."""

    text: str
    words: tuple[str, ...]  # in lower case
    stems: tuple[str, ...]  # of the words that carry meaning
    numbers: frozenset[float]
    states: TokenEmbeddings


def analyse(text: str, states: TokenEmbeddings) -> AnalysedSentence:
    """The sentence `text` with its words, stems and numbers."""
    words = tuple(_WORDS.findall(text.lower()))
    numbers = frozenset(round(each.value, 6) for each in find_quantities(text))
    return AnalysedSentence(text, words, tuple(content_stems(text)), numbers, states)


def features(claim: AnalysedSentence, source: Sequence[AnalysedSentence]) -> dict[Name, float]:
    """Every feature of `claim` against the sentences of `source`, of which there is one or more.

    Shares and similarities are 0..1, counts from 0; only the four last and `missing` speak against
    a claim, or about it. A claim that is all stop words is carried by any source.
    """
    import numpy as np

    similarity = claim.states.vectors @ np.concatenate([s.states.vectors for s in source]).T
    aligned, nearest = _aligned(similarity, claim, source)
    stems = {stem for sentence in source for stem in sentence.stems}
    density, copied = _density(claim, source)
    quotes = [source[index].text for index in nearest]
    reasons = rules.reasons_against(claim.text, quotes, " ".join(each.text for each in source))
    hard = sum(reason.hard for reason in reasons)
    return {
        "aligned": aligned,
        "runs": _runs(similarity),
        "pairs": _weakest_pair(claim, source),
        "copied": copied,
        "density": density,
        "numbers": _numbers(claim, source),
        "missing": float(sum(_is_missing(stem, stems) for stem in dict.fromkeys(claim.stems))),
        "meta": float(bool(_META.search(claim.text))),
        "hard": float(min(hard, CHECKING.max_reasons)),
        "soft": float(min(len(reasons) - hard, CHECKING.max_reasons)),
    }


# --- by vectors -------------------------------------------------------------------------------


def _aligned(
    similarity: NDArray[np.float32], claim: AnalysedSentence, source: Sequence[AnalysedSentence]
) -> tuple[float, list[int]]:
    """The mean similarity of the claim's tokens to the most similar ones of a few sentences of the
    source; and which these are, best first (greedily, so the first is the best single one)."""
    import numpy as np

    if not similarity.size:
        return 0.0, [0]
    lengths = [len(sentence.states.weights) for sentence in source]
    filled = [index for index, length in enumerate(lengths) if length]
    starts = np.cumsum([0, *(lengths[index] for index in filled)])[:-1]
    nearest = np.maximum.reduceat(similarity, starts, axis=1)  # (tokens of the claim, sentences)
    weights = claim.states.weights + 1e-6
    weights = weights / weights.sum()
    best, chosen = np.full(len(weights), -1.0, np.float32), list[int]()
    for _ in range(min(CHECKING.max_quotes, len(filled))):
        gained = np.maximum(best[:, None], nearest).T @ weights
        gained[chosen] = -2
        chosen.append(int(gained.argmax()))
        best = np.maximum(best, nearest[:, chosen[-1]])
    return float(best @ weights), [filled[index] for index in chosen]


def _runs(similarity: NDArray[np.float32]) -> float:
    """The mean over three tokens in a row of their similarity to the most similar three in a row of
    the source."""
    if min(similarity.shape) < 3:
        return float(similarity.max(axis=1).mean()) if similarity.size else 0.0
    three = similarity[:-2, :-2] + similarity[1:-1, 1:-1] + similarity[2:, 2:]
    return float(three.max(axis=1).mean() / 3)


# --- by words ---------------------------------------------------------------------------------


def _weakest_pair(claim: AnalysedSentence, source: Sequence[AnalysedSentence]) -> float:
    """The least that two neighbouring words of the claim have to do with each other in the source:
    1 for neighbours there too, 0 where one is missing. Fused sentences show here. Of a single word:
    whether the source has it."""
    places: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for number, sentence in enumerate(source):
        for place, stem in enumerate(sentence.stems):
            places[stem].append((number, place))
    pairs = set(pairwise(claim.stems))
    alone = float(all(stem in places for stem in claim.stems))
    return min((_nearness(places[first], places[second]) for first, second in pairs), default=alone)


def _nearness(firsts: Sequence[tuple[int, int]], seconds: Sequence[tuple[int, int]]) -> float:
    """Of two words by their places, in order. Only the two places around the wanted one can be the
    nearest, so that a word that stands there ten thousand times takes no square of that."""
    step, best = 1, 0.0
    if len(seconds) < len(firsts):
        firsts, seconds, step = seconds, firsts, -1
    for sentence, place in firsts:
        at = bisect_left(seconds, (sentence, place + step))
        for other, there in seconds[max(at - 1, 0) : at + 1]:
            if other == sentence:
                best = max(best, 1 - 0.1 * min(abs(there - place - step), 5))
            elif abs(other - sentence) == 1:
                best = max(best, 0.25)
    return best


def _density(claim: AnalysedSentence, source: Sequence[AnalysedSentence]) -> tuple[float, float]:
    """The extractive density of Grusky et al. (2018), scaled to 0..1, and the share of the words
    that stand in runs of at least four that a sentence of the source has too."""
    lengths = list(_copied_lengths(claim.words, [sentence.words for sentence in source]))
    words = len(claim.words) or 1
    density = sum(length**2 for length in lengths) / words
    copied = sum(length for length in lengths if length >= CHECKING.min_copied_run) / words
    return min(density, CHECKING.max_density) / CHECKING.max_density, copied


def _copied_lengths(words: Sequence[str], sentences: Sequence[Sequence[str]]) -> Iterator[int]:
    """The lengths of the runs of `words` that some sentence has, the longest first come."""
    places: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for number, sentence in enumerate(sentences):
        for place, word in enumerate(sentence):
            places[word].append((number, place))
    at = 0
    while at < len(words):
        longest = 0
        for number, place in places[words[at]]:
            sentence, length = sentences[number], 0
            most = min(len(words) - at, len(sentence) - place)
            if most <= longest:
                continue
            while length < most and words[at + length] == sentence[place + length]:
                length += 1
            longest = max(longest, length)
        if longest:
            yield longest
        at += max(longest, 1)


def _numbers(claim: AnalysedSentence, source: Sequence[AnalysedSentence]) -> float:
    """The share of the claim's numbers that the source has; 1 for a claim without any."""
    if not claim.numbers:
        return 1.0
    in_source = frozenset[float]().union(*(sentence.numbers for sentence in source))
    return len(claim.numbers & in_source) / len(claim.numbers)


def _is_missing(stem: str, stems: set[str]) -> bool:
    return stem not in stems and not any(are_synonyms(stem, other) for other in stems)
