"""Features of two sentences, by which `pair_scorer` judges whether they speak of the same thing.

For each point in which the two could contradict each other (`differences`): how similar the rest of
their words are, by the vectors of their tokens, and what else the two share or do not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal, get_args

from rag.conflicts.differences import (
    Difference,
    Point,
    are_comparable,
    count_agreements,
    is_named_in,
)
from rag.models.token_embeddings import TokenEmbeddings
from rag.text.hedges import is_hedged
from rag.text.sentence_parser import Interval, ParsedSentence, parse_sentence
from rag.text.synonyms import may_be_same_event
from rag.text.tokens import plain_words, stem
from rag.thresholds import CONFLICTS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Feature = Literal[
    "number", "name", "date", "similarity", "context_similarity", "shared_names",
    "unshared_names", "shared_figures", "one_time_event", "other_number", "other_name",
    "other_date", "other_period", "other_part", "hedged",
]  # fmt: skip
NAMES: tuple[Feature, ...] = get_args(Feature)
Features = Mapping[Feature, float]
PairFeatures = tuple[Difference, dict[Feature, float]]

_MIN_WEIGHT = 0.1  # of a stop word, beside up to 10 of a rare one
_MAX_UNSHARED = 4.0  # names of one sentence only, that count
_MAX_SHARED = 2.0  # shared names, or shared figures and dates, that count

_WORD = re.compile(r"[^\W_]+(?:[.,:'’-][^\W_]+)*")
# Parts and kinds of a thing, of which a figure may be.
_PART = re.compile(
    r"(?i)\b(?:wom[ae]n|m[ae]n|children|adults?|girls?|boys?|(?:nor|sou)th(?:ern)?|(?:ea|we)st(?:ern)?"
    r"|first|second|third|fourth|half-time|quarter|half|semi-final|final|among|including|of the"
    r"|alone|part|phase|arm|senior|opening|aftershock|each|per|average|total|worldwide|global"
    r"|others?|additional|more)\b"
)
# What happens once, or has one place and one doer; other things happen again, or elsewhere.
_ONE_TIME_EVENTS = frozenset(
    """die kill murder bear found open reopen build sign begin start end launch collaps discov find
    invent win beat defeat sentenc introduc appoint name choos elect succeed replac hold happen
    strike crash sink design write direct buy acquir headquart identifi buri reach effect make move
    creat marri debut premier""".split()
)


@dataclass(frozen=True, slots=True, eq=False)
class SentenceWords:
    """A sentence by its words: `vectors` (words, 384), L2-normalised, and what each weighs."""

    sentence: ParsedSentence
    places: list[Interval]
    vectors: NDArray[np.float32]
    weights: NDArray[np.float32]

    def at(self, place: Interval) -> list[int]:
        start, end = place
        return [n for n, (a, b) in enumerate(self.places) if a < end and b > start]


def embed_words(text: str, states: TokenEmbeddings) -> SentenceWords:
    """The words of `text` that the network read, each by the tokens that it has."""
    import numpy as np

    places, vectors, weights = [], [], []
    for match in _WORD.finditer(text):
        start, end = match.span()
        own = [n for n, (a, b) in enumerate(states.offsets) if a < end and b > start]
        if own:
            places.append(match.span())
            vectors.append(states.vectors[own].mean(axis=0))
            weights.append(states.weights[own].max() + _MIN_WEIGHT)
    found = np.array(vectors, np.float32).reshape(-1, states.vectors.shape[1])
    found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)
    return SentenceWords(parse_sentence(text), places, found, np.array(weights, np.float32))


class Pair:
    """Two sentences of different sources."""

    def __init__(self, ours: SentenceWords, theirs: SentenceWords) -> None:
        self.ours, self.theirs = ours, theirs
        self.similarity = ours.vectors @ theirs.vectors.T

    def features(self, found: Sequence[Difference]) -> list[PairFeatures]:
        """Those of each point whose words the network encoded."""
        encoded = [
            each
            for each in found
            if self.ours.at(each.our_place) and self.theirs.at(each.their_place)
        ]
        near = {each: self._context_similarity(each, near=True) for each in encoded}
        common = self._of_sentences() if encoded else {}
        return [(each, {**common, **self._of_point(each, near)}) for each in encoded]

    def _of_point(
        self, point: Difference, near: Mapping[Difference, float]
    ) -> dict[Feature, float]:
        """Those that differ between points."""
        other = partial(self._rival_similarity, point, near)
        once = point.point == "name" and _share_a_one_time_event(
            self.ours.sentence, self.theirs.sentence
        )
        return {
            "number": float(point.point == "number"),
            "name": float(point.point == "name"),
            "date": float(point.point == "date"),
            "context_similarity": self._context_similarity(point),
            "one_time_event": float(once),
            "other_number": other("number"),
            "other_name": other("name"),
            "other_date": other("date"),
        }

    def _of_sentences(self) -> dict[Feature, float]:
        """Those that are the same for every point."""
        ours, theirs = self.ours.sentence, self.theirs.sentence
        parts = [{stem(w.lower()) for w in _PART.findall(each.text)} for each in (ours, theirs)]
        timed = all(each.periods or each.dates for each in (ours, theirs))
        return {
            "similarity": self._whole_similarity(),
            "shared_names": min(sum(is_named_in(name, theirs) for name in ours.names), _MAX_SHARED),
            "unshared_names": min(_unshared(ours, theirs), _unshared(theirs, ours), _MAX_UNSHARED),
            "shared_figures": min(count_agreements(ours, theirs), _MAX_SHARED),
            "other_period": float(timed and ours.periods != theirs.periods),
            "other_part": float(bool(parts[0] - parts[1])) + float(bool(parts[1] - parts[0])),
            "hedged": float(sum(is_hedged(each.text) for each in (ours, theirs))),
        }

    def _whole_similarity(self) -> float:
        """The cosine of the weighted means of their words."""
        import numpy as np

        a, b = (each.weights @ each.vectors for each in (self.ours, self.theirs))
        return float(a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-9))

    def _context_similarity(self, point: Difference, near: bool = False) -> float:
        """The mean similarity of the words beside those of a point to the most similar ones of the
        other sentence, for the sentence where it is less; with `near`, of the few words around the
        point only, the mean for both."""
        places = self.ours.at(point.our_place), self.theirs.at(point.their_place)
        ours, theirs = (
            [n for n in range(size) if n not in own and (not near or _around(n, own))]
            for size, own in zip(self.similarity.shape, places, strict=True)
        )
        if not ours or not theirs:
            return 0.0
        rest = self.similarity[ours][:, theirs]
        our_weights, their_weights = self.ours.weights[ours], self.theirs.weights[theirs]
        means = (
            float(rest.max(axis=1) @ our_weights / our_weights.sum()),
            float(rest.max(axis=0) @ their_weights / their_weights.sum()),
        )
        return sum(means) / 2 if near else min(means)

    def _rival_similarity(
        self, point: Difference, near: Mapping[Difference, float], kind: Point
    ) -> float:
        """How similar the words around another point of a kind are in both: then they may speak of
        two things."""
        others = [
            value
            for each, value in near.items()
            if each.point == kind
            and not (kind == point.point and _share_a_place(each, point))
            and (kind != "number" or self._comparable(each))
        ]
        return max(others, default=0.0)

    def _comparable(self, found: Difference) -> bool:
        return are_comparable(found, self.ours.sentence, self.theirs.sentence)


def _around(place: int, own: Sequence[int]) -> bool:
    return own[0] - CONFLICTS.window_words <= place <= own[-1] + CONFLICTS.window_words


def _unshared(ours: ParsedSentence, theirs: ParsedSentence) -> float:
    """How many names of the first the second does not have."""
    return float(sum(not is_named_in(name, theirs) for name in ours.names))


def _share_a_place(a: Difference, b: Difference) -> bool:
    return a.our_place == b.our_place or a.their_place == b.their_place


def _share_a_one_time_event(ours: ParsedSentence, theirs: ParsedSentence) -> bool:
    first, second = (
        {stem(word) for word in plain_words(each.text)} & _ONE_TIME_EVENTS
        for each in (ours, theirs)
    )
    return any(may_be_same_event(a, b) for a in first for b in second)
