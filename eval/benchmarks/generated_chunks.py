"""Documents by the hundred thousand, with the statistics of real ones.

Texts are walks over the words of real articles: each word follows the one before it as often as it
does there, so that words are as frequent as they are there. A word that occurs once there stands
for all rare ones (Good-Turing), of which a larger collection has ever more: it is written with an
ending that is drawn by Zipf's law. Vectors lie around those of real chunks, at a distance and in
directions drawn from their own covariance: embedding so many texts would take hours. The vector of
a chunk has nothing to do with its words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from rag.internals import chunk_document, embedding_text
from rag.types import Chunk, Document, Embedder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CHUNKS_A_DOCUMENT = 5
_CHAINS = 64  # walked side by side
_TITLE_WORDS = 8
_ZIPF = 1.3  # exponent of how often an ending is drawn
_MAX_ENDINGS = 1_000_000
_SPREAD = 0.55  # of a document around a real chunk, and of a chunk around its document, in standard
# deviations of the real ones: a chunk has a cosine of about 0.8 with the real one
_FIRST_DAY, _DAYS = date(2016, 1, 1), 3_650
_SYLLABLES = tuple(f"{consonant}{vowel}" for consonant in "bdkl" for vowel in "aeio")


@dataclass(frozen=True, slots=True)
class ChunkedDocument:
    document: Document
    chunks: tuple[Chunk, ...]


class ChunkGenerator:
    """Draws documents, and vectors, after real `documents`. The same each time for a seed."""

    def __init__(self, documents: Sequence[Document], embedder: Embedder) -> None:
        import numpy as np

        chunked = [(each, chunk) for each in documents for chunk in chunk_document(each)]
        texts = [each.text[chunk.span.start : chunk.span.end] for each, chunk in chunked]
        words = " ".join(texts).split()
        self._words, self._tokens, counts = np.unique(
            np.array(words, dtype=object), return_inverse=True, return_counts=True
        )
        self._is_rare = counts == 1
        self._places = np.argsort(self._tokens, kind="stable")  # of each word, one after the other
        self._counts = counts
        self._firsts = np.cumsum(counts) - counts
        self._lengths = np.array([len(text.split()) for text in texts])
        found = embedder.embed([embedding_text(each, chunk) for each, chunk in chunked])
        self._real = np.array(found, dtype=np.float32)
        self._deviations = (self._real - self._real.mean(axis=0)) / len(found) ** 0.5

    def documents(self, first: int, count: int) -> list[ChunkedDocument]:
        """So many documents, numbered from `first`, of which the draw depends."""
        import numpy as np

        rng = np.random.default_rng([1, first])
        lengths = rng.choice(self._lengths, size=(count, CHUNKS_A_DOCUMENT))
        pieces = self._pieces(lengths.ravel().tolist(), rng)
        days = rng.integers(_DAYS, size=count).tolist()
        return [
            _document(first + at, [next(pieces) for _ in range(CHUNKS_A_DOCUMENT)], day)
            for at, day in enumerate(days)
        ]

    def vectors(self, documents: int, seed: int) -> NDArray[np.float32]:
        """The vectors of the chunks of so many documents, of length 1, a row for each."""
        import numpy as np

        rng = np.random.default_rng([2, seed])
        around = self._real[rng.integers(len(self._real), size=documents)]
        around = around + self._noise(documents, rng)
        found = np.repeat(around, CHUNKS_A_DOCUMENT, axis=0)
        found += self._noise(len(found), rng)
        unit: NDArray[np.float32] = found / np.linalg.norm(found, axis=1, keepdims=True)
        return unit

    def _noise(self, rows: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """Deviations with the covariance of the real vectors."""
        import numpy as np

        drawn = rng.standard_normal((rows, len(self._deviations)), dtype=np.float32)
        noise: NDArray[np.float32] = _SPREAD * (drawn @ self._deviations)
        return noise

    def _pieces(self, lengths: Sequence[int], rng: np.random.Generator) -> Iterator[str]:
        """Texts of so many words each, one after the other."""
        drawn = self._walk(sum(lengths), rng)
        words = self._words[drawn].tolist()
        rare = self._is_rare[drawn].nonzero()[0]
        for at, ending in zip(rare.tolist(), rng.zipf(_ZIPF, size=len(rare)).tolist(), strict=True):
            words[at] = _with_ending(words[at], (ending - 1) % _MAX_ENDINGS)
        start = 0
        for length in lengths:
            yield " ".join(words[start : start + length])
            start += length

    def _walk(self, length: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """So many words, as their numbers."""
        import numpy as np

        steps = -(-length // _CHAINS)
        found = np.empty((_CHAINS, steps), dtype=np.int64)
        places = rng.integers(len(self._tokens), size=_CHAINS)
        for step in range(steps):
            words = found[:, step] = self._tokens[places]
            chosen = (rng.random(_CHAINS) * self._counts[words]).astype(np.int64)
            places = (self._places[self._firsts[words] + chosen] + 1) % len(self._tokens)
        return found.ravel()[:length]


def document_id(number: int) -> str:
    """What the document of this number is called."""
    return f"{number}.txt"


def _document(number: int, pieces: Sequence[str], day: int) -> ChunkedDocument:
    text = "\n\n".join(pieces)
    title = " ".join(pieces[0].split()[:_TITLE_WORDS])
    published = (_FIRST_DAY + timedelta(days=day)).isoformat()
    id = document_id(number)
    document = Document.of(id, title, id, text, published)
    chunks, start = list[Chunk](), 0
    for piece in pieces:
        chunks.append(Chunk.of(document, start, start + len(piece)))
        start += len(piece) + 2
    return ChunkedDocument(document, tuple(chunks))


def _with_ending(word: str, number: int) -> str:
    """Another word, for each number from 1; its punctuation stays at its end."""
    ending = ""
    while number:
        number, syllable = divmod(number, len(_SYLLABLES))
        ending += _SYLLABLES[syllable]
    return re.sub(r"(?<=\w)(?=\W*$)", ending, word, count=1)
