"""Token embeddings of a sentence are the same whatever else is encoded before or beside it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from inspect import unwrap
from random import Random

import numpy as np
import pytest

from rag.assistant import SEEDS
from rag.errors import ModelFileError
from rag.models import embeddings, token_embeddings
from rag.models.token_embeddings import TokenEmbeddings, TokenEncoder
from rag.text.sentences import split_sentences


@pytest.fixture(autouse=True)
def _encodes_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here the encoder is tested, so nothing is remembered from other tests."""
    monkeypatch.setattr(TokenEncoder, "_encode", unwrap(TokenEncoder._encode))


class Counting(TokenEncoder):
    """Records which sentences it had to encode."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []

    def _encode(self, sentences: Sequence[str]) -> list[TokenEmbeddings]:
        self.read += sentences
        return super()._encode(sentences)


def texts() -> list[str]:
    text = min(SEEDS.glob("*.txt")).read_text(encoding="utf-8")
    return [text[start:end] for start, end in split_sentences(text)][:16]


def same(one: TokenEmbeddings, other: TokenEmbeddings) -> bool:
    return np.array_equal(one.vectors, other.vectors) and np.array_equal(one.weights, other.weights)


@pytest.fixture(scope="module")
def alone() -> dict[str, TokenEmbeddings]:
    """Each sentence, read by itself."""
    return {text: TokenEncoder().encode([text])[0] for text in texts()}


def test_a_token_has_a_unit_vector_and_a_weight() -> None:
    (found,) = TokenEncoder().encode(["The ferry sank off Vardø, they said."])
    assert found.vectors.shape == (len(found.weights), 384)
    assert np.allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-5)
    assert (found.weights >= 0).all()


def test_a_rare_word_weighs_more_than_a_common_one_and_a_stop_word_nothing() -> None:
    (found,) = TokenEncoder().encode(["the people, zoology"])
    the, people, comma, *zoology = found.weights.tolist()
    assert the == comma == 0
    assert 0 < people < max(zoology)


def test_the_same_sentence_has_the_same_embeddings_in_any_order_and_batch(
    alone: dict[str, TokenEmbeddings],
) -> None:
    for seed in range(3):
        chance, order = Random(seed), list(alone)
        chance.shuffle(order)
        encoder = TokenEncoder()
        while order:
            asked = [order.pop() for _ in range(min(len(order), chance.randint(1, 7)))]
            asked += chance.sample(list(alone), 2)
            found = encoder.encode(asked)
            assert all(same(each, alone[text]) for text, each in zip(asked, found, strict=True))


def test_several_threads_may_use_one_encoder(
    alone: dict[str, TokenEmbeddings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_embeddings, "MAX_CACHED_TOKENS", 150)
    encoder = TokenEncoder()

    def encode(seed: int) -> None:
        order = list(alone)
        Random(seed).shuffle(order)
        for text, each in zip(order, encoder.encode(order), strict=True):
            assert same(each, alone[text])

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(encode, range(4)))


def test_a_sentence_is_encoded_once() -> None:
    encoder = Counting()
    first, again = encoder.encode(["It rained.", "It rained."])
    assert first is again
    assert encoder.encode(["It rained."])[0] is first
    assert encoder.read == ["It rained."]


def test_the_sentence_used_longest_ago_is_dropped_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(token_embeddings, "MAX_CACHED_TOKENS", 2)
    encoder = Counting()
    for text in ("one", "two", "one", "three", "one"):
        encoder.encode([text])
    assert encoder.read == ["one", "two", "three"]
    encoder.encode(["two"])
    assert encoder.read[-1] == "two"


def test_long_sentences_do_not_fill_the_memory_more_than_short_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(token_embeddings, "MAX_CACHED_TOKENS", 100)
    encoder = Counting()
    for length in [*range(1, 60), 59, 3, 200]:
        encoder.encode([" ".join(["ferry"] * length)])
        cached = sum(len(each.vectors) for each in encoder._cache.values())
        assert cached == encoder._cached_tokens <= 100
    assert not encoder._cache  # the last sentence alone was too long
    encoder.encode(["ferry"])
    assert encoder._cached_tokens == 1


def test_more_sentences_at_once_than_the_cache_holds_are_all_encoded(
    alone: dict[str, TokenEmbeddings], monkeypatch: pytest.MonkeyPatch
) -> None:
    most = sum(len(each.weights) for each in list(alone.values())[:3])
    monkeypatch.setattr(token_embeddings, "MAX_CACHED_TOKENS", most)
    encoder = Counting()
    encoder.encode(list(alone)[:3])  # known, and pushed out by those that come after them
    found = encoder.encode(list(alone))
    assert all(same(each, alone[text]) for text, each in zip(alone, found, strict=True))
    assert len(encoder.read) == len(alone)


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("  \n", 0), ("ferry " * 10_000, 254), ("\ud800", 1)]
)
def test_a_text_may_be_empty_or_of_any_length(text: str, tokens: int) -> None:
    (found,) = TokenEncoder().encode([text])
    assert found.vectors.shape == (tokens, 384)
    assert found.weights.shape == (tokens,)


def test_no_sentences_have_no_embeddings() -> None:
    assert TokenEncoder().encode([]) == []


def test_a_network_that_is_not_installed_is_an_error_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(embeddings, "find_spec", lambda package: None)
    monkeypatch.setattr(
        token_embeddings, "_shared_network", token_embeddings._shared_network.__wrapped__
    )
    with pytest.raises(ModelFileError, match=r"not installed\. Reinstall it"):
        TokenEncoder().encode(["It rained."])
