"""What every test stands on: no network, and settings of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import wraps
from pathlib import Path

import hypothesis
import pytest

import tests.offline.sitecustomize  # noqa: F401  (blocks every socket but loopback)
from rag.models.token_embeddings import TokenEmbeddings, TokenEncoder
from rag.settings import Settings
from rag.settings import load_settings as load_settings
from tests.postgres_server import PostgresServer, running_server

OFFLINE = Path(__file__).parent / "offline"
# How long an example takes says something of the machine, and nothing of the code.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")
MAX_REMEMBERED = 5_000  # sentences; their vectors take about 200 MB


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the developer's settings reaches a test; children are offline too."""
    for name in list(os.environ):
        if name.startswith(("FOOTNOTE_", "OPENAI_", "OTEL_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("FOOTNOTE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PYTHONPATH", str(OFFLINE))


@pytest.fixture(scope="session", autouse=True)
def _remembered_token_embeddings() -> Iterator[None]:
    """No sentence is encoded twice: the tests ask the same articles again and again, each with an
    assistant of its own, which took more than half of the time of tests/test_assistant.py."""
    remembered: dict[str, TokenEmbeddings] = {}
    encode = TokenEncoder._encode

    @wraps(encode)
    def encode_once(encoder: TokenEncoder, sentences: Sequence[str]) -> list[TokenEmbeddings]:
        known = {text: remembered[text] for text in sentences if text in remembered}
        new = [text for text in dict.fromkeys(sentences) if text not in known]
        known |= zip(new, encode(encoder, new) if new else [], strict=True)
        if len(remembered) + len(new) <= MAX_REMEMBERED:
            remembered.update(known)
        return [known[text] for text in sentences]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TokenEncoder, "_encode", encode_once)
        yield


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path / "data")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A Postgres server, started when a test first needs it."""
    with running_server() as server:
        yield server


@pytest.fixture
def database_url(postgres: PostgresServer) -> Iterator[str]:
    """The address of an empty database of that server."""
    url = postgres.new_database()
    yield url
    postgres.drop_database(url)
