"""How are the parts put together from the settings?

Everything that differs between a local and a hosted model is decided here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.assistant import Assistant
from rag.models import embeddings
from rag.models.provider import HostedProvider, LocalProvider, ProgressCallback
from rag.settings import Settings
from rag.store.documents import Library
from rag.store.vectors import VectorStore

if TYPE_CHECKING:
    pass


def build(settings: Settings, on_progress: ProgressCallback | None = None) -> Assistant:
    """An assistant over the library in `settings.data_dir`. Its model starts when first needed.

    `on_progress` hears of the one long step, joining the local model. Raises `LibraryError`.
    """
    library = Library.open(settings.library_path)
    embedder = embeddings.build_embedder(settings)
    vectors = VectorStore.open(settings.data_dir / "vectors", embedder.name)
    model = (
        LocalProvider(settings, on_progress)
        if settings.provider == "local"
        else HostedProvider(settings)
    )
    return Assistant(settings, library, vectors, embedder, model)
