"""The parts, put together as the settings say."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import SecretStr

import rag
from rag.assistant import SEEDS, Assistant
from rag.build import build
from rag.errors import ModelError, ModelFileError, NoSuchDocument
from rag.events import Added, Removed, Skipped, Updated
from rag.models import chat, gguf_files, llama_server
from rag.models.provider import HostedProvider, LocalProvider
from rag.settings import load_settings
from rag.store.documents import Library
from rag.types import Message
from tests.asking import FENTANYL, LARGE, NEWS, RATE, REPORT, STATED, settings_for
from tests.fakes import ScriptedServer

pytest_plugins = ["tests.seeds"]


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({}, LocalProvider),
        ({"model": "local", "api_key": "k"}, LocalProvider),
        ({"model_path": "/m.gguf"}, LocalProvider),
        ({"llm_base_url": "http://127.0.0.1:9/v1"}, HostedProvider),
        ({"api_key": "k"}, HostedProvider),
    ],
)
def test_the_settings_say_where_the_model_runs(given: dict[str, str], kind: type) -> None:
    with build(load_settings(**given)) as assistant:
        assert isinstance(assistant.model, kind)
        assert assistant.model.name


def test_a_model_is_called_by_its_settings_name() -> None:
    assert HostedProvider(load_settings(api_key="k", model="some-model")).name == "some-model"
    assert HostedProvider(load_settings(api_key="k")).name == "gpt-6-luna"
    assert LocalProvider(load_settings(model_path="/models/mine.gguf"), None).name == "mine"


def test_a_models_budget_is_known_before_it_is_there() -> None:
    with ScriptedServer() as server:
        for budget in (None, 700):
            given = {"llm_base_url": server.base_url, "model": "m", "budget_tokens": budget}
            model = HostedProvider(load_settings(**given))
            before = model.budget_tokens
            assert before == model.get().budget_tokens == (budget or chat.HOSTED_BUDGET_TOKENS)
    assert LocalProvider(load_settings(), None).budget_tokens == chat.LOCAL_BUDGET_TOKENS
    assert LocalProvider(load_settings(budget_tokens=700), None).budget_tokens == 700


def test_while_one_thread_starts_the_model_no_other_waits_to_begin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, go = threading.Event(), threading.Event()

    def joined(*_: object) -> Path:
        begun.set()
        go.wait(10)
        raise ModelFileError("The model is missing.", "Install it.")

    monkeypatch.setattr(gguf_files, "model_file", joined)
    model = LocalProvider(load_settings(), None)
    with ThreadPoolExecutor(1) as threads:
        starting = threads.submit(model.warm)
        assert begun.wait(10)
        model.warm()
        assert not starting.done()
        go.set()
        assert isinstance(starting.exception(), ModelFileError)
    with pytest.raises(ModelFileError):  # who needs it hears why it is not there
        model.get()


class Process:
    """Stands in for a `LocalServer` whose process may end."""

    api_key = "key"

    def __init__(self, url: str) -> None:
        self.url, self.has_ended, self.is_closed = url, False, False

    def wait_until_loaded(self) -> str:
        return self.url

    def restore_state(self, name: str) -> bool:
        return True

    def close(self) -> None:
        self.is_closed = True


def test_a_model_whose_process_died_is_started_anew_for_the_next_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[Process] = []
    with ScriptedServer(["One."]) as first, ScriptedServer(["Two."]) as second:
        urls = iter([first.base_url, second.base_url])

        def start(*_: object) -> Process:
            started.append(Process(next(urls)))
            return started[-1]

        monkeypatch.setattr(gguf_files, "model_file", lambda *_: Path("m.gguf"))
        monkeypatch.setattr(llama_server, "start_server", start)
        model = LocalProvider(load_settings(), None)
        assert reply_of(model) == reply_of(model) == "One."
        started[0].has_ended = True
        assert reply_of(model) == "Two."
        assert [each.is_closed for each in started] == [True, False]


def reply_of(model: LocalProvider) -> str:
    deltas = model.get().stream([Message("user", "?")], max_tokens=9)
    return "".join(delta.text for delta in deltas)


def test_the_models_of_a_server_are_listed_once() -> None:
    with ScriptedServer([STATED], models=["first", "second"]) as server:
        model = HostedProvider(load_settings(llm_base_url=server.base_url))
        assert model.get() is model.get()
        assert model.name == "first"
        assert len(server.keys) == 1


def test_nothing_runs_before_the_first_question(tmp_path: Path) -> None:
    """A model file that is not there is only missed when it is needed."""
    with build(load_settings(model_path=tmp_path / "missing.gguf")) as assistant:
        assistant.ensure_seeds()
        with pytest.raises(ModelFileError):
            assistant.ask(FENTANYL)


def test_a_program_needs_no_more_than_the_package(tmp_path: Path) -> None:
    with rag.open(data_dir=tmp_path, model="some-model", api_key="k") as assistant:
        assert isinstance(assistant, rag.Assistant)
        assert assistant.settings == rag.Settings(
            data_dir=tmp_path, model="some-model", api_key=SecretStr("k")
        )
        with pytest.raises(rag.FootnoteError):
            assistant.ask("")
    settings = rag.Settings(data_dir=tmp_path, model="another-model", llm_base_url="http://h/v1")
    with rag.open(settings) as assistant:
        assert assistant.settings is settings
    assert all(hasattr(rag, name) for name in rag.__all__)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = rag.nonsense  # type: ignore[attr-defined]


def test_opening_with_a_bad_setting_names_it(tmp_path: Path) -> None:
    with pytest.raises(rag.SettingsError, match=r"\bk: .*FOOTNOTE_"):
        rag.open(data_dir=tmp_path, k=0)
    with pytest.raises(rag.SettingsError, match=r"no setting modle\. The settings are .*\bmodel\b"):
        rag.open(data_dir=tmp_path, modle="some-model")


def test_an_index_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "library.sqlite3")) as newer:
        newer.execute("PRAGMA user_version = 99")
    with pytest.raises(rag.LibraryError, match=r"newer Footnote .*Upgrade Footnote, or set "):
        rag.open(data_dir=tmp_path)
    with closing(sqlite3.connect(tmp_path / "library.sqlite3")) as newer:
        assert newer.execute("PRAGMA user_version").fetchone() == (99,)


def test_a_closed_assistant_says_how_to_open_another(own: Path, tmp_path: Path) -> None:
    with rag.open(data_dir=tmp_path / "data", model="some-model", api_key="k") as assistant:
        indexing = assistant.index([own])
        assert isinstance(next(indexing), Added)
    calls: list[Callable[[], object]] = [
        lambda: assistant.ask(FENTANYL),
        lambda: list(assistant.stream(FENTANYL)),
        lambda: list(indexing),
        lambda: list(assistant.index([own])),
        lambda: assistant.remove(NEWS),
        assistant.rebuild,
        assistant.ensure_seeds,
    ]
    for call in calls:
        with pytest.raises(rag.LibraryError, match=r"is closed\. Open it again with rag\.open"):
            call()
    assistant.close()
    with rag.open(data_dir=tmp_path / "data", model="some-model", api_key="k") as again:
        assert again.library.count_chunks()


def test_a_closed_local_model_is_not_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    monkeypatch.setattr(gguf_files, "model_file", lambda *_: Path("m.gguf"))
    monkeypatch.setattr(llama_server, "start_server", lambda *given: started.append(given))
    model = LocalProvider(load_settings(), None)
    model.close()
    for call in (model.warm, model.get):
        with pytest.raises(ModelError, match=r"is closed\. Open it again with rag\.open"):
            call()
    assert not started


def test_a_local_model_that_is_closed_while_its_file_is_joined_is_not_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[object] = []
    model = LocalProvider(load_settings(), None)

    def join(*_: object) -> Path:
        model.close()
        return Path("m.gguf")

    monkeypatch.setattr(gguf_files, "model_file", join)
    monkeypatch.setattr(llama_server, "start_server", lambda *given: started.append(given))
    with pytest.raises(ModelError, match="is closed"):
        model.warm()
    assert not started


def test_the_package_loads_nothing_by_itself() -> None:
    code = "import sys, rag; print(*[name for name in sys.modules if name.startswith('rag.')])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""


def test_what_was_indexed_is_there_after_a_restart() -> None:
    with ScriptedServer([f"{STATED} [1]"]) as server:
        settings = settings_for(server, LARGE)
        with build(settings) as assistant:
            assert assistant.ensure_seeds()
        with build(settings) as again:
            assert not again.ensure_seeds()
            answer = again.ask(FENTANYL)
    assert [citation.quote for citation in answer.claims[0].citations] == [RATE]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with the two articles, to be changed."""
    folder = tmp_path / "articles"
    folder.mkdir()
    for seed in SEEDS.glob("*.txt"):
        (folder / seed.name).write_bytes(seed.read_bytes())
    return folder


def ask_after(assistant: Assistant, folder: Path) -> set[str]:
    """The documents that an answer can rest on, once the folder is indexed again."""
    list(assistant.index([folder]))
    return {passage.span.document_id for passage in assistant.ask(FENTANYL).passages}


def test_indexing_follows_the_files(own: Path) -> None:
    with ScriptedServer(["NOT STATED"]) as server, build(settings_for(server, LARGE)) as assistant:
        assert {type(event) for event in assistant.index([own])} == {Added}
        assert {type(event) for event in assistant.index([own])} == {Skipped}
        (own / NEWS).write_text("The fentanyl tariff rate is 30% now.")
        assert Updated(NEWS, 1) in list(assistant.index([own]))
        assert assistant.ask(FENTANYL).passages[0].text.startswith("The fentanyl tariff rate is 30")
        (own / NEWS).unlink()
        assert ask_after(assistant, own) == {REPORT}


def test_a_removed_document_is_forgotten(own: Path) -> None:
    with ScriptedServer(["NOT STATED"]) as server, build(settings_for(server, LARGE)) as assistant:
        list(assistant.index([own]))
        assert assistant.remove(NEWS) == Removed(NEWS)
        assert {p.span.document_id for p in assistant.ask(FENTANYL).passages} == {REPORT}
        with pytest.raises(NoSuchDocument):
            assistant.remove(NEWS)


def test_embedding_anew_changes_no_answer(own: Path) -> None:
    with ScriptedServer([f"{STATED} [1]"]) as server:
        settings = settings_for(server, LARGE)
        with build(settings) as assistant:
            list(assistant.index([own]))
            before = assistant.ask(FENTANYL)
            assert assistant.rebuild() == assistant.library.count_chunks() > 0
            after = assistant.ask(FENTANYL)
    assert (after.text, after.passages) == (before.text, before.passages)
    with Library.open(settings.data_dir / "library.sqlite3") as library:
        assert library.count_chunks()
