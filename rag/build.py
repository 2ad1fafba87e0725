"""Makes an assistant from settings: its library, vectors, embedder and model."""

from __future__ import annotations

from rag.assistant import Assistant
from rag.models import embeddings
from rag.models.provider import (
    HostedProvider,
    LocalProvider,
    ModelProvider,
    NoModel,
    ProgressCallback,
)
from rag.settings import Settings
from rag.store.opening import open_library, open_vectors


def build(settings: Settings, on_progress: ProgressCallback | None = None) -> Assistant:
    """An assistant over the library that the settings name. Its model starts when first needed.

    `on_progress` is called while the file of the local model is joined, the one long step. Raises
    `LibraryError`, and `ModelError` when the embedder cannot be used.
    """
    library = open_library(settings)
    embedder = embeddings.build_embedder(settings)
    vectors = open_vectors(settings, library, embedder.name)
    return Assistant(settings, library, vectors, embedder, _provider(settings, on_progress))


def _provider(settings: Settings, on_progress: ProgressCallback | None) -> ModelProvider:
    if settings.provider == "local":
        return LocalProvider(settings, on_progress)
    return NoModel(settings) if settings.provider == "none" else HostedProvider(settings)
