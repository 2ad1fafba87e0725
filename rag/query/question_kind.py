"""The kind of answer that a question wants, by its wording.

A multinomial logistic model over words, pieces of words and the vector of the question, fitted by
``python -m eval.benchmarks.question_kinds_fit`` on labelled questions.
`eval.benchmarks.question_kinds` says what each kind means, the file of weights how well they are
recognised. Upper and lower case, accents and punctuation count for nothing: the model reads
`fold_question`.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import mul
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field

from rag.models.fitted_weights import Finite, FrozenModel, load_weights

AnswerKind = Literal[
    "fact",
    "yes_no",
    "explanation",
    "list",
    "statement",
    "comparison",
    "summary",
    "keyword",
    "conversation",
]
KINDS: tuple[AnswerKind, ...] = get_args(AnswerKind)

WEIGHTS = Path(__file__).with_suffix(".json")
COMMAND = "python -m eval.benchmarks.question_kinds_fit"
MIN_CUE_WEIGHT = 1.4  # of a word, for the log-odds of its kind: "contrast", but not "before"
VECTOR_SIZE = 384  # numbers in a vector of all-MiniLM-L6-v2


@dataclass(frozen=True, slots=True)
class QuestionKind:
    """The likeliest kind and the next, each with its probability, 0..1."""

    kind: AnswerKind
    probability: float
    runner_up: AnswerKind
    runner_up_probability: float


def question_kind(question: str, vector: Sequence[float] | None = None) -> QuestionKind:
    """The kind of answer that `question` wants; of several questions, that of the first.

    `vector` is that of `fold_question(question)` by the embedded all-MiniLM-L6-v2. Without it the
    wording alone decides, which is right less often. A follow-up of a word or two is read as it
    stands; a question without a word gets a kind of low probability.

    Raises `ModelFileError` when the weights are missing or damaged, `ValueError` for a vector of
    another length than `VECTOR_SIZE`.
    """
    found = load_kind_weights().probabilities(question, vector)
    kind, runner_up = sorted(found, key=found.__getitem__, reverse=True)[:2]
    return QuestionKind(kind, found[kind], runner_up, found[runner_up])


# --- the model --------------------------------------------------------------------------------

Row = Annotated[tuple[Finite, ...], Field(min_length=len(KINDS), max_length=len(KINDS))]
Column = Annotated[tuple[Finite, ...], Field(min_length=VECTOR_SIZE, max_length=VECTOR_SIZE)]


class KindWeights(FrozenModel):
    """The fitted model: of each feature a weight for each kind, in the order of `KINDS`."""

    about: str = ""
    intercept: Row
    vector: Annotated[tuple[Column, ...], Field(min_length=len(KINDS), max_length=len(KINDS))]
    features: dict[str, Row]

    def probabilities(
        self, question: str, vector: Sequence[float] | None = None
    ) -> dict[AnswerKind, float]:
        """The probability of each kind. Raises `ValueError` as `question_kind`."""
        scores = list(self.intercept)
        found = wording_features(fold_question(question).split(), self.features)
        for name, value in scale_features(found, self.features).items():
            for place, weight in enumerate(self.features[name]):
                scores[place] += weight * value
        if vector is not None:
            if len(vector) != VECTOR_SIZE:
                raise ValueError(f"a vector of {len(vector)} numbers, not of {VECTOR_SIZE}")
            for place, column in enumerate(self.vector):
                scores[place] += sum(map(mul, column, vector))
        return dict(zip(KINDS, _softmax(scores), strict=True))


def _softmax(scores: Sequence[float]) -> list[float]:
    highest = max(scores)
    parts = [math.exp(score - highest) for score in scores]
    whole = sum(parts)
    return [part / whole for part in parts]


@cache
def load_kind_weights(file: Path = WEIGHTS) -> KindWeights:
    """The fitted weights. Raises `ModelFileError`."""
    return load_weights(KindWeights, file, COMMAND, ("^", "$"))


@cache
def cue_words(kind: AnswerKind) -> frozenset[str]:
    """The words that tell this kind by themselves, such as "compare" and "difference" for a
    comparison: each weighs `MIN_CUE_WEIGHT` more for it than for any other kind. Raises
    `ModelFileError`."""
    place = KINDS.index(kind)
    return frozenset(
        word
        for word, row in load_kind_weights().features.items()
        if word.isalpha() and row[place] - max(row[:place] + row[place + 1 :]) >= MIN_CUE_WEIGHT
    )


# --- reading a question -----------------------------------------------------------------------

_INVISIBLE = {"Mn", "Me", "Cf"}  # accents, enclosing marks, soft hyphens and zero-width characters
_CONTRACTION = re.compile(r"['’ʼ`´](?=(?:s|t|re|ve|ll|d|m)\b)")
_WORD = re.compile(r"[^\W_]+")
_ENDING = re.compile(r"(?<=..)(?:(?<![siu])s|ing|ed|ly|tion|er|est)$")
_LONGEST_RUN = 3  # words
_PIECE_LETTERS = (3, 4, 5)
_PIECE_VALUE = 0.5  # beside 1 of a run of words


def fold_question(question: str) -> str:
    """The words of a question without case, accents and punctuation, one space between them.

    An apostrophe before an English ending is left out ("what's" is "whats", as many type it); other
    punctuation divides words.
    """
    plain = unicodedata.normalize("NFKD", question)
    shown = "".join(c for c in plain if unicodedata.category(c) not in _INVISIBLE)
    # Upper case first: "ß" and "SS", "ı" and "I" are spellings of one word.
    return " ".join(_WORD.findall(_CONTRACTION.sub("", shown.upper().casefold())))


def wording_features(words: Sequence[str], known: Container[str]) -> dict[str, float]:
    """What the model reads of folded words.

    Runs of one to three words, "^" and "$" at the ends, with "#" for a number and "*" and an ending
    ("*s", "*ed") for a word that is not `known`; pieces of words, marked ":"; how many words there
    are, known and not.
    """
    shown = [_masked(word, known) for word in words]
    found = dict.fromkeys(_runs(["^", *shown, "$"]), 1.0)
    found |= dict.fromkeys(_pieces(words), _PIECE_VALUE)
    unknown = sum(each[0] in "#*" for each in shown)
    found[f"words={min(len(words), 12)}"] = 1.0
    found[f"unknown={min(unknown, 6)}"] = 1.0
    found[f"known={min(len(words) - unknown, 8)}"] = 1.0
    return found


def scale_features(found: Mapping[str, float], names: Container[str]) -> dict[str, float]:
    """The features that are among `names`, as a vector of length 1."""
    kept = {name: value for name, value in found.items() if name in names}
    length = math.hypot(*kept.values()) or 1.0
    return {name: value / length for name, value in kept.items()}


def _masked(word: str, known: Container[str]) -> str:
    if any(map(str.isdigit, word)):
        return "#"
    if word in known:
        return word
    ending = _ENDING.search(word)
    return f"*{ending[0]}" if ending else "*"


def _runs(words: Sequence[str]) -> Iterator[str]:
    for length in range(1, _LONGEST_RUN + 1):
        for start in range(len(words) - length + 1):
            yield " ".join(words[start : start + length])


def _pieces(words: Sequence[str]) -> Iterator[str]:
    for word in words:
        whole = f"<{word}>"
        for length in _PIECE_LETTERS:
            for start in range(len(whole) - length + 1):
                yield f":{whole[start : start + length]}"
