"""Token embeddings: a vector for each token of a sentence, in its context.

They are the last hidden states of the embedded MiniLM: two tokens are similar when they mean the
same in similar sentences. A sentence is always encoded on its own, so its embeddings never depend
on what else is encoded; those of the sentences used last are cached.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

from rag.models.cpu import usable_cores
from rag.models.embeddings import MiniLM, batches_by_length
from rag.text.language import STOP_WORDS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_CACHED_TOKENS = 16_384  # of sentences; their vectors take 25 MB

# The vocabulary lists its word pieces by frequency, after letters and signs: a late one is rare.
_FIRST_WORD_PIECE_ID = 996


@dataclass(frozen=True, slots=True, eq=False)
class TokenEmbeddings:
    """The tokens of a sentence, without the two markers around it.

    `vectors` (tokens, 384) are L2-normalised. `weights` (tokens,) grow with rarity: zero for stop
    words and signs, never negative. `offsets` are where each token stands, in characters.
    """

    vectors: NDArray[np.float32]
    weights: NDArray[np.float32]
    offsets: Sequence[tuple[int, int]] = ()


class TokenEncoder:
    """Encodes sentences, of each at most its first 254 tokens. Any thread may use it.

    Its methods raise `ModelFileError` when the MiniLM is not installed.
    """

    def __init__(self) -> None:
        self._cache: OrderedDict[str, TokenEmbeddings] = OrderedDict()
        self._cached_tokens = 0
        self._lock = Lock()

    def encode(self, sentences: Sequence[str]) -> list[TokenEmbeddings]:
        """The token embeddings of each sentence, in order."""
        with self._lock:
            found = {text: self._cache[text] for text in sentences if text in self._cache}
        new = [text for text in dict.fromkeys(sentences) if text not in found]
        found |= zip(new, self._encode(new), strict=True)
        with self._lock:
            for text in found:
                self._cached_tokens += 0 if text in self._cache else len(found[text].weights)
                self._cache[text] = found[text]
                self._cache.move_to_end(text)
            while self._cached_tokens > MAX_CACHED_TOKENS:
                _, oldest = self._cache.popitem(last=False)
                self._cached_tokens -= len(oldest.weights)
        return [found[text] for text in sentences]

    def _encode(self, sentences: Sequence[str]) -> list[TokenEmbeddings]:
        import numpy as np

        network = _shared_network()
        tokens = network.tokenize(sentences)
        found: dict[int, TokenEmbeddings] = {}
        for batch in batches_by_length([len(each.ids) for each in tokens]):
            states = network.hidden_states([tokens[index].ids for index in batch])
            for index, rows in zip(batch, states, strict=True):
                own = rows[1 : len(tokens[index].ids) - 1]
                lengths = np.linalg.norm(own, axis=1, keepdims=True)
                unit = (own / np.maximum(lengths, 1e-9)).astype(np.float32)
                weights = _token_weights(tokens[index].ids, tokens[index].tokens)
                found[index] = TokenEmbeddings(unit, weights, tokens[index].offsets[1:-1])
        return [found[index] for index in range(len(tokens))]


@cache
def _shared_network() -> MiniLM:
    """One for the whole process; it loads at its first use."""
    return MiniLM(min(2, usable_cores()))


def _token_weights(ids: Sequence[int], pieces: Sequence[str]) -> NDArray[np.float32]:
    """The weights of the tokens between the two markers."""
    import numpy as np

    is_word = [bool(re.search(r"\w", each)) and each not in STOP_WORDS for each in pieces[1:-1]]
    rarity = np.log1p(np.maximum(np.array(ids[1:-1], np.float32) - (_FIRST_WORD_PIECE_ID - 1), 0))
    weights: NDArray[np.float32] = np.where(np.array(is_word, bool), rarity, 0).astype(np.float32)
    return weights
