"""The two seed articles, indexed once a test run with the real library, vectors and embedder.

A plugin: name it in `pytest_plugins`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rag.assistant import SEEDS
from rag.models import embeddings
from rag.store.documents import Library
from rag.store.vectors import VectorStore
from rag.types import Embedder
from tests.asking import Index, Remembering
from tests.fakes import ScriptedServer


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    return Remembering(embeddings.local_embedder())


@pytest.fixture(scope="session")
def seeds(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Index]:
    folder = tmp_path_factory.mktemp("seeds")
    library = Library.open(folder / "library.sqlite3")
    vectors = VectorStore.open(folder / "vectors", embedder.name)
    index = Index(library, vectors, embedder)
    with ScriptedServer() as server, index.assistant(server, data_dir=folder) as assistant:
        list(assistant.index(sorted(SEEDS.glob("*.txt"))))
        yield index
