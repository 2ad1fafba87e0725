"""Topics of a document: the names and phrases that it keeps coming back to.

Two statistics find them, and no list of words but the stop words: how often a phrase comes back
by itself, not as a part of a longer one (its C-value: Frantzi, Ananiadou and Mima 2000), and how
alike it is to the document as a whole.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from math import log1p, log2

from rag.store.overviews import Topic
from rag.text.fingerprint import fingerprint
from rag.text.folding import fold
from rag.text.language import language_of
from rag.text.tokens import WORD, content_stem, content_stems, without_possessive
from rag.text.units import parse_units
from rag.types import Document

MAX_TOPICS = 6  # of one document
MAX_CANDIDATES = 16  # whose likeness to the document is looked at
MAX_CHARS = 40_000  # of one document that are read
MAX_WORDS = 3  # of a topic
MIN_LETTERS = 3  # of each of its words
MIN_COUNT = 2  # how often a topic occurs
TITLE_WEIGHT = 2.0  # times which what stands in the title counts
MIN_LIKENESS = 0.2
"""Cosine similarity of topic and document. On 17 articles on different subjects what is less alike
was a word of another subject ("added", "minutes", "top") three times of four."""

_Words = tuple[str, ...]  # the stems of a phrase
_Run = list[tuple[str, str]]  # words that carry meaning in a row: as written, and their stems


def topic_candidates(document: Document) -> list[Topic]:
    """Phrases of a document that come back, weighted by their C-value, the heaviest first; none of
    a text in which nothing comes back. Linear in the text."""
    text = document.text[:MAX_CHARS]
    language = language_of(text)
    counts: Counter[_Words] = Counter()
    written: dict[_Words, Counter[str]] = defaultdict(Counter)
    for run in _runs(text, document.title, language):
        for start, end in _parts(len(run)):
            key = tuple(stem for _, stem in run[start:end])
            counts[key] += 1
            written[key][" ".join(word for word, _ in run[start:end])] += 1
    title = set(content_stems(document.title, language))
    weights = {
        key: value * (TITLE_WEIGHT if title.issuperset(key) else 1.0)
        for key, value in _c_values(counts).items()
    }
    heaviest = sorted(weights, key=lambda key: (-weights[key], key))[:MAX_CANDIDATES]
    return [Topic(" ".join(key), _usual_form(written[key]), weights[key]) for key in heaviest]


def choose_topics(
    candidates: Sequence[Topic],
    vectors: Sequence[Sequence[float]],
    document_vector: Sequence[float],
) -> list[Topic]:
    """At most `MAX_TOPICS` of `candidates`, the most telling first; of two phrases of which one is
    part of the other, the more telling. `vectors` are those of the candidates, L2-normalised;
    `document_vector` is in the direction of the document."""
    import numpy as np

    if not candidates:
        return []
    centre = np.array(document_vector, np.float32)
    likeness = np.array(vectors, np.float32) @ centre / max(float(np.linalg.norm(centre)), 1e-9)
    found = [
        Topic(each.key, each.text, float(alike) * log1p(each.weight))
        for each, alike in zip(candidates, likeness, strict=True)
        if alike >= MIN_LIKENESS
    ]
    chosen: list[Topic] = []
    for each in sorted(found, key=lambda topic: (-topic.weight, topic.key)):
        words = set(each.key.split(" "))
        others = [set(other.key.split(" ")) for other in chosen]
        if not any(words <= other or other <= words for other in others):
            chosen.append(each)
    return chosen[:MAX_TOPICS]


def _c_values(counts: Mapping[_Words, int]) -> dict[_Words, float]:
    """Of each phrase that comes back: how often it stands by itself, more for more words."""
    repeated = {key: count for key, count in counts.items() if count >= MIN_COUNT}
    longer: dict[_Words, list[int]] = defaultdict(list)
    for key, count in repeated.items():
        for part in {key[start:end] for start, end in _parts(len(key))} - {key}:
            longer[part].append(count)
    found = {}
    for key, count in repeated.items():
        inside = longer[key]
        alone = count - sum(inside) / len(inside) if inside else count
        if alone >= 1:
            found[key] = log2(1 + len(key)) * alone
    return found


def _parts(words: int) -> Iterator[tuple[int, int]]:
    """Where each part of so many words begins and ends that a topic could be."""
    for start in range(words):
        for end in range(start + 1, min(words, start + MAX_WORDS) + 1):
            yield start, end


def _runs(text: str, title: str, language: str) -> Iterator[_Run]:
    """Words that carry meaning and have nothing but spaces between them. The title is left out:
    it counts by its weight."""
    same = fingerprint(title)
    for unit in parse_units(text):
        piece = fold(unit.text(text))
        if same and fingerprint(piece) == same:
            continue
        run: _Run = []
        end = 0
        for found in WORD.finditer(piece):
            if run and piece[end : found.start()].strip():
                yield run
                run = []
            stem = content_stem(found[0], language)
            if stem and len(found[0]) >= MIN_LETTERS:
                run.append((found[0], stem))
            elif run:
                yield run
                run = []
            end = found.end()
        if run:
            yield run


def _usual_form(written: Mapping[str, int]) -> str:
    """As a phrase is written most often; in small letters where that is as usual."""
    usual = max(written, key=lambda text: (written[text], text.islower(), text))
    return without_possessive(usual)
