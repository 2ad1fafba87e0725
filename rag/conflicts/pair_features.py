"""What tells whether two sentences speak of the same thing?

Pure. For each point in which the two could contradict each other (`contrast`): how well the rest of
their words are met in the other (the states of their tokens), and what else the two share or do
not. What the features weigh is for `contradict`.
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

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Feature = Literal[
    "number", "name", "date", "likeness", "met", "names", "left", "agreed", "once",
    "other_number", "other_name", "other_date", "period", "part", "hedged",
]  # fmt: skip
NAMES: tuple[Feature, ...] = get_args(Feature)
Features = Mapping[Feature, float]
PairFeatures = tuple[Difference, dict[Feature, float]]

WINDOW = 3  # words on either side of a point
_LEAST_WEIGHT = 0.1  # of a stop word, beside up to 10 of a rare one
_MOST_LEFT = 4.0  # names of one sentence only, that count
_MOST = 2.0  # shared names, or shared figures and dates, that count

_WORD = re.compile(r"[^\W_]+(?:[.,:'’-][^\W_]+)*")
# Parts and kinds of a thing, of which a figure may be.
_PART = re.compile(
    r"(?i)\b(?:wom[ae]n|m[ae]n|children|adults?|girls?|boys?|(?:nor|sou)th(?:ern)?|(?:ea|we)st(?:ern)?"
    r"|first|second|third|fourth|half-time|quarter|half|semi-final|final|among|including|of the"
    r"|alone|part|phase|arm|senior|opening|aftershock|each|per|average|total|worldwide|global"
    r"|others?|additional|more)\b"
)
# What happens once, or has one place and one doer; other things happen again, or elsewhere.
_ONCE = frozenset(
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
            weights.append(states.weights[own].max() + _LEAST_WEIGHT)
    found = np.array(vectors, np.float32).reshape(-1, states.vectors.shape[1])
    found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)
    return SentenceWords(parse_sentence(text), places, found, np.array(weights, np.float32))


class Pair:
    """Two sentences of different sources."""

    def __init__(self, ours: SentenceWords, theirs: SentenceWords) -> None:
        self.ours, self.theirs = ours, theirs
        self.likeness = ours.vectors @ theirs.vectors.T

    def features(self, found: Sequence[Difference]) -> list[PairFeatures]:
        """Those of each point whose words the network read."""
        read = [
            each
            for each in found
            if self.ours.at(each.our_place) and self.theirs.at(each.their_place)
        ]
        near = {each: self._met(each, near=True) for each in read}
        whole = self._whole() if read else {}
        return [(each, {**whole, **self._of(each, near)}) for each in read]

    def _of(self, point: Difference, near: Mapping[Difference, float]) -> dict[Feature, float]:
        """What is about one of the points."""
        other = partial(self._other, point, near)
        once = point.point == "name" and _once(self.ours.sentence, self.theirs.sentence)
        return {
            "number": float(point.point == "number"),
            "name": float(point.point == "name"),
            "date": float(point.point == "date"),
            "met": self._met(point),
            "once": float(once),
            "other_number": other("number"),
            "other_name": other("name"),
            "other_date": other("date"),
        }

    def _whole(self) -> dict[Feature, float]:
        """What is the same whatever the point."""
        one, other = self.ours.sentence, self.theirs.sentence
        parts = [{stem(w.lower()) for w in _PART.findall(each.text)} for each in (one, other)]
        timed = all(each.periods or each.dates for each in (one, other))
        return {
            "likeness": self._likeness(),
            "names": min(sum(is_named_in(name, other) for name in one.names), _MOST),
            "left": min(_left(one, other), _left(other, one), _MOST_LEFT),
            "agreed": min(count_agreements(one, other), _MOST),
            "period": float(timed and one.periods != other.periods),
            "part": float(bool(parts[0] - parts[1])) + float(bool(parts[1] - parts[0])),
            "hedged": float(sum(is_hedged(each.text) for each in (one, other))),
        }

    def _likeness(self) -> float:
        """Of the two on the whole: the cosine of the weighted means of their words."""
        import numpy as np

        one, other = (each.weights @ each.vectors for each in (self.ours, self.theirs))
        return float(one @ other / max(float(np.linalg.norm(one) * np.linalg.norm(other)), 1e-9))

    def _met(self, point: Difference, near: bool = False) -> float:
        """How well the words beside those of a point are met in the other sentence, by the one
        that is met less; `near` for the few words around it only, and by both."""
        sides = self.ours.at(point.our_place), self.theirs.at(point.their_place)
        ones, others = (
            [n for n in range(size) if n not in own and (not near or _around(n, own))]
            for size, own in zip(self.likeness.shape, sides, strict=True)
        )
        if not ones or not others:
            return 0.0
        rest = self.likeness[ones][:, others]
        mine, yours = self.ours.weights[ones], self.theirs.weights[others]
        met = (
            float(rest.max(axis=1) @ mine / mine.sum()),
            float(rest.max(axis=0) @ yours / yours.sum()),
        )
        return sum(met) / 2 if near else min(met)

    def _other(self, point: Difference, near: Mapping[Difference, float], kind: Point) -> float:
        """How well another point of a kind stands in the same place in both: then they may speak
        of two things."""
        others = [
            value
            for each, value in near.items()
            if each.point == kind
            and not (kind == point.point and _touch(each, point))
            and (kind != "number" or self._comparable(each))
        ]
        return max(others, default=0.0)

    def _comparable(self, found: Difference) -> bool:
        return are_comparable(found, self.ours.sentence, self.theirs.sentence)


def _around(place: int, own: Sequence[int]) -> bool:
    return own[0] - WINDOW <= place <= own[-1] + WINDOW


def _left(ours: ParsedSentence, theirs: ParsedSentence) -> float:
    """How many names of the one the other does not have."""
    return float(sum(not is_named_in(name, theirs) for name in ours.names))


def _touch(one: Difference, other: Difference) -> bool:
    return one.our_place == other.our_place or one.their_place == other.their_place


def _once(ours: ParsedSentence, theirs: ParsedSentence) -> bool:
    both = ({stem(word) for word in plain_words(each.text)} & _ONCE for each in (ours, theirs))
    one, other = both
    return any(may_be_same_event(a, b) for a in one for b in other)
