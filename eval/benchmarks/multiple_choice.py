"""Chooses the answer to a multiple-choice question by what the articles say.

No language model: each choice is looked for by itself, in what the index finds for the question
and for the question with the choice. Three features say how well a sentence states it; a choice is
worth their weighted sum, and "none of the above" what no choice must fall below. The weights are in
``multiple_choice.json`` and are fitted by ``python -m eval.benchmarks.multiple_choice_fit``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import log1p, sqrt
from pathlib import Path
from typing import Literal, get_args

from pydantic import ValidationError

from eval.benchmarks.dataset_files import EvalDataError
from rag import split_sentences
from rag.assistant import Assistant
from rag.internals import Finite, FrozenModel, Weight, content_stems, find_quantities
from rag.types import Span

WEIGHTS = Path(__file__).with_suffix(".json")
MAX_QUESTION_HITS, MAX_CHOICE_HITS = (
    100,
    60,
)  # chunks found for the question, and for it with one choice
EMBEDDED_SENTENCES = 3  # sentences whose meaning is compared
MAX_EMBEDDED_CHARS = 600  # of a sentence that is embedded: no more is read of it
RECENT_DAYS = range(-1, 15)  # before the question: quizzes ask about "this week"

Name = Literal["near", "first", "alike"]
NAMES: tuple[Name, ...] = get_args(Name)
Features = Mapping[Name, float]


class ChoiceModel(FrozenModel):
    """The fitted model. `none` is what "none of the above" is worth."""

    about: str = ""
    none: Finite
    features: dict[Name, Weight]

    def worth(self, found: Features) -> float:
        """Of one choice; a choice is chosen with odds of e to the power of that (McFadden 1974)."""
        return sum(
            each.weight * each.standardized(found[name]) for name, each in self.features.items()
        )

    def choose(self, found: Sequence[Features], *, or_none: bool = False) -> int:
        """The best choice, the first of equals; with `or_none` also `len(found)`, for none."""
        worths = [*map(self.worth, found), *([self.none] if or_none else [])]
        return max(range(len(worths)), key=lambda place: (worths[place], -place))


def load_choice_model(file: Path = WEIGHTS) -> ChoiceModel:
    """The fitted weights. Raises `EvalDataError`."""
    try:
        return ChoiceModel.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise EvalDataError(
            f"The weights of the choices, {file.name}, cannot be read.",
            "Fit them anew: python -m eval.benchmarks.multiple_choice_fit --data DIR.",
        ) from error


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: str
    words: frozenset[str]
    around: frozenset[str]  # with those of both neighbours and the title
    recent: bool


def choice_features(
    assistant: Assistant, question: str, choices: Sequence[str], asked_on: date
) -> list[Features]:
    """Of each choice, from the question and that choice alone. Raises `FootnoteError`."""
    reader = _Reader(assistant, asked_on)
    spans = reader.spans(question, MAX_QUESTION_HITS)
    rarity = _rarity([reader.words(span) for span in spans])
    statements = [_statements(reader, spans, question, choice, rarity) for choice in choices]
    alike = _alike(assistant, question, choices, [nearest for _, _, nearest in statements])
    return [
        {"near": near, "first": first, "alike": likeness}
        for (near, first, _), likeness in zip(statements, alike, strict=True)
    ]


class _Reader:
    """The sentences of the index, each chunk cut once."""

    def __init__(self, assistant: Assistant, asked_on: date) -> None:
        self._library = assistant.library
        self._asked_on = asked_on
        self._read: dict[Span, list[_Sentence]] = {}

    def spans(self, query: str, k: int) -> list[Span]:
        """The `k` best chunks by their words."""
        return [hit.chunk.span for hit in self._library.search(query, k)]

    def sentences(self, span: Span) -> list[_Sentence]:
        if span not in self._read:
            self._read[span] = self._cut(span)
        return self._read[span]

    def words(self, span: Span) -> frozenset[str]:
        """All words of a chunk, with its title's."""
        return frozenset[str]().union(*(each.around for each in self.sentences(span)))

    def _cut(self, span: Span) -> list[_Sentence]:
        text, document = self._library.text(span), self._library.document(span.document_id)
        texts = [text[start:end] for start, end in split_sentences(text)]
        words = [_words(each) for each in texts]
        title, recent = _words(document.title), _is_recent(document.published, self._asked_on)
        return [
            _Sentence(each, words[n], title.union(*words[max(n - 1, 0) : n + 2]), recent)
            for n, each in enumerate(texts)
        ]


def _words(text: str) -> frozenset[str]:
    """Stems that carry meaning, and numbers by their value."""
    numbers = (f"{each.value:g}" for each in find_quantities(text))
    return frozenset([*content_stems(text), *numbers, *re.findall(r"\b\d+\b", text)])


def _is_recent(published: str | None, asked_on: date) -> bool:
    try:
        return (asked_on - date.fromisoformat(published or "")).days in RECENT_DAYS
    except ValueError:
        return False


def _rarity(chunks: Sequence[frozenset[str]]) -> Callable[[str], float]:
    counts = Counter(word for words in chunks for word in words)
    return lambda word: log1p(len(chunks) / (1 + counts[word]))


# --- the features -----------------------------------------------------------------------------


def _statements(
    reader: _Reader,
    spans: Sequence[Span],
    question: str,
    choice: str,
    rarity: Callable[[str], float],
) -> tuple[float, float, list[tuple[float, str]]]:
    """How much of the question stands near the choice (0..1), how early the choice comes among
    recent sentences ranked by the question (0..1), and the sentences that state it best, each with
    the share of the choice that it holds."""
    both = dict.fromkeys([*spans, *reader.spans(f"{question} {choice}", MAX_CHOICE_HITS)])
    found = [each for span in both for each in reader.sentences(span)]
    question_words, chosen = _words(question), _words(choice)
    share = _share(chosen - question_words or chosen, rarity)
    beside, wanted = _share(question_words - chosen, rarity), _share(question_words, rarity)

    def near(each: _Sentence) -> float:
        return (beside(each.words) + beside(each.around)) / 2 * share(each.words)

    stating = sorted((each for each in found if share(each.words)), key=lambda e: -near(e))
    recent = sorted(
        (each for each in found if each.recent),
        key=lambda each: -(wanted(each.words) + wanted(each.around)),
    )
    first = max((share(e.words) / sqrt(rank) for rank, e in enumerate(recent, 1)), default=0.0)
    best = [
        (share(each.words), each.text[:MAX_EMBEDDED_CHARS]) for each in stating[:EMBEDDED_SENTENCES]
    ]
    return (near(stating[0]) if stating else 0.0), first, best


def _share(
    wanted: Iterable[str], rarity: Callable[[str], float]
) -> Callable[[frozenset[str]], float]:
    """How much of the `wanted` words others hold, 0..1, rare ones weighing more."""
    weights = {word: rarity(word) for word in wanted}
    total = sum(weights.values()) or 1.0
    return lambda words: sum(weights[word] for word in weights.keys() & words) / total


def _alike(
    assistant: Assistant,
    question: str,
    choices: Sequence[str],
    stating: Sequence[Sequence[tuple[float, str]]],
) -> list[float]:
    """The best cosine similarity of the question with each choice to a sentence that states it,
    times the share of the choice that it states."""
    texts = [f"{question} {choice}" for choice in choices]
    vectors = iter(assistant.embedder.embed([*texts, *(t for each in stating for _, t in each)]))
    wanted = [next(vectors) for _ in choices]
    return [
        max((share * _dot(own, next(vectors)) for share, _ in each), default=0.0)
        for own, each in zip(wanted, stating, strict=True)
    ]


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
