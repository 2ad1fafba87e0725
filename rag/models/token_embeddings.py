"""What does each token of a sentence mean where it stands?

The states of the embedded MiniLM, one for each token: two tokens are alike when they mean the same
in like company. A sentence is always read on its own, so its states never depend on what else is
asked, and they are kept for the sentences met last.
"""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

from rag.models.embeddings import MiniLM, length_batches
from rag.text.tokens import STOP_WORDS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_CACHED_SENTENCES = 2_048  # sentences; of 25 tokens they take about 80 MB

# The vocabulary lists its pieces by frequency, after the letters and signs: a late one is rare.
_FIRST_PIECE = 996


@dataclass(frozen=True, slots=True, eq=False)
class TokenEmbeddings:
    """The tokens of a sentence, markers aside: `vectors` (tokens, 384), L2-normalised, and their
    `weights` (tokens,), by rarity and never negative; a stop word or a sign weighs nothing."""

    vectors: NDArray[np.float32]
    weights: NDArray[np.float32]
    offsets: Sequence[tuple[int, int]] = ()  # of each token in the sentence, in characters


class TokenEncoder:
    """Reads sentences, of each at most its first 254 tokens. Any thread may use it.

    Raises `ModelFileError` when the MiniLM is not installed.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, TokenEmbeddings] = OrderedDict()
        self._lock = Lock()

    def encode(self, sentences: Sequence[str]) -> list[TokenEmbeddings]:
        """Those of each sentence, in order."""
        with self._lock:
            found = {text: self._kept[text] for text in sentences if text in self._kept}
        new = [text for text in dict.fromkeys(sentences) if text not in found]
        found |= zip(new, self._encode(new), strict=True)
        with self._lock:
            for text in found:
                self._kept[text] = found[text]
                self._kept.move_to_end(text)
            while len(self._kept) > MAX_CACHED_SENTENCES:
                self._kept.popitem(last=False)
        return [found[text] for text in sentences]

    def _encode(self, sentences: Sequence[str]) -> list[TokenEmbeddings]:
        import numpy as np

        network = _network()
        tokens = network.encoded(sentences)
        found: dict[int, TokenEmbeddings] = {}
        for batch in length_batches([len(each.ids) for each in tokens]):
            states = network.states([tokens[index].ids for index in batch])
            for index, rows in zip(batch, states, strict=True):
                own = rows[1 : len(tokens[index].ids) - 1]
                lengths = np.linalg.norm(own, axis=1, keepdims=True)
                unit = (own / np.maximum(lengths, 1e-9)).astype(np.float32)
                weights = _weights(tokens[index].ids, tokens[index].tokens)
                found[index] = TokenEmbeddings(unit, weights, tokens[index].offsets[1:-1])
        return [found[index] for index in range(len(tokens))]


@cache
def _network() -> MiniLM:
    """One for the whole process; loads at its first use."""
    return MiniLM(min(2, os.cpu_count() or 1))


def _weights(ids: Sequence[int], pieces: Sequence[str]) -> NDArray[np.float32]:
    """Of the pieces between the two markers."""
    import numpy as np

    spoken = [bool(re.search(r"\w", each)) and each not in STOP_WORDS for each in pieces[1:-1]]
    rarity = np.log1p(np.maximum(np.array(ids[1:-1], np.float32) - (_FIRST_PIECE - 1), 0))
    weights: NDArray[np.float32] = np.where(np.array(spoken, bool), rarity, 0).astype(np.float32)
    return weights
