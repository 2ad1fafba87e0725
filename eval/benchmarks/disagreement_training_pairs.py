"""The pairs of sentences on which the weights of `rag.conflicts.pair_scorer` are fitted.

The cases that are shipped, and sentences of news articles beside the nearest of other articles,
which as good as never contradict each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from math import log
from random import Random

from eval.benchmarks import dataset_files as reading
from eval.benchmarks import realtimeqa
from eval.benchmarks.disagreement import CASES, FREER, Case
from rag import split_sentences
from rag.internals import PairFeatures, PairScorer, Point, are_far_apart, content_stems

FOLDS = 10
CITED = 300  # sentences of articles, each beside
NEAREST = 48  # of other articles
_MOST_POINTS = 15_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """A point in which two sentences could contradict each other; `truth` says whether they do."""

    point: Point
    found: PairFeatures
    truth: bool


@dataclass(frozen=True, slots=True)
class Planted:
    """A case of set 0 or 1 with the points of each sentence of its second article, the one that
    contradicts first."""

    set: int
    id: str
    differs: Point | None
    sentences: list[list[Candidate]]

    @property
    def fold(self) -> int:
        return sha256(f"{self.set}\0{self.id}".encode()).digest()[0] % FOLDS

    def learnt(self) -> Iterator[Candidate]:
        """All but other points of the sentence that contradicts: they may or may not be right."""
        for number, points in enumerate(self.sentences):
            yield from (
                each for each in points if number or not self.differs or each.point == self.differs
            )


def read_cases(judge: PairScorer) -> list[Planted]:
    """Both sets that are shipped."""
    files = (CASES, FREER)
    return [
        _planted(number, case, judge)
        for number, file in enumerate(files)
        for _, case in reading.read_jsonl(file, Case)
    ]


def _planted(number: int, case: Case, judge: PairScorer) -> Planted:
    texts = [case.second[start:end] for start, end in split_sentences(case.second)]
    texts.sort(key=lambda text: text != case.other)
    sentences = [
        [
            Candidate(point.point, found, place == 0 and point.point == case.differs)
            for point, found in judge.features(case.cited, text)
        ]
        for place, text in enumerate(texts)
    ]
    return Planted(number, case.id, case.differs, sentences)


def read_articles(quiz: realtimeqa.Quiz, judge: PairScorer, seed: int = 0) -> list[Candidate]:
    """Points of sentences of articles beside the nearest of others; none is a contradiction."""
    found = [
        Candidate(point.point, features, False)
        for one, other in neighbours(quiz, seed)
        for point, features in judge.features(one, other)
    ]
    Random(seed).shuffle(found)  # noqa: S311
    return found[:_MOST_POINTS]


def neighbours(quiz: realtimeqa.Quiz, seed: int = 0) -> Iterator[tuple[str, str]]:
    """Sentences by chance, each with those of other articles that share most of its rare words."""
    known = [
        (text.id, text.published, text.text[start:end])
        for text in quiz.articles
        for start, end in split_sentences(text.text)
        if 40 <= end - start <= 400
    ]
    stems = [frozenset(content_stems(sentence)) for _, _, sentence in known]
    places: dict[str, list[int]] = defaultdict(list)
    for place, own in enumerate(stems):
        for stem in own:
            places[stem].append(place)
    for place in Random(seed).sample(range(len(known)), CITED):  # noqa: S311
        near: dict[int, float] = defaultdict(float)
        for stem in sorted(stems[place]):
            for other in places[stem]:
                near[other] += log(len(known) / len(places[stem]))
        article, published, sentence = known[place]
        others = (known[other] for other in sorted(near, key=lambda each: (-near[each], each)))
        allowed = (
            text
            for id, when, text in others
            if id != article and text != sentence and not are_far_apart(published, when)
        )
        yield from ((sentence, text) for text in list(dict.fromkeys(allowed))[:NEAREST])
