"""`footnote migrate`: all comes along, the two are compared, and nothing is half moved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import rag
import ui.cli
from rag.assistant import SEEDS, Assistant
from rag.errors import LibraryError
from rag.settings import Settings
from rag.types import Span
from tests.conftest import load_settings
from tests.test_history import ME, asked
from ui.records.feedback import Feedback, FeedbackStore
from ui.records.history import History
from ui.records.share_links import ShareLinks

Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path / "data", model="none")


@pytest.fixture
def database(folder: Settings, database_url: str) -> Settings:
    return load_settings(data_dir=folder.data_dir, database_url=database_url, model="none")


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("FOOTNOTE_DATABASE_URL", database_url)
    monkeypatch.setenv("FOOTNOTE_MODEL", "none")

    def invoke(*command: str) -> Result:
        return CliRunner().invoke(ui.cli.app, list(command))

    return invoke


@pytest.fixture
def filled(folder: Settings, tmp_path: Path) -> Settings:
    """A folder with articles, a document that was removed, conversations, feedback and a job."""
    articles = tmp_path / "articles"
    articles.mkdir()
    for number in range(3):
        (articles / f"{number}.txt").write_text(f"The weir {number} is long. It is of copper.")
    with rag.open(folder) as assistant:
        list(assistant.index([articles, *sorted(SEEDS.glob("*.txt"))]))
        assistant.remove("1.txt")
        assistant.jobs.store.submit([articles])
    with History.from_settings(folder) as history:
        talk = history.put(ME, None, asked(1), {"steps": [1]})
        for number in range(2, 5):
            history.put(ME, talk, asked(number))
        history.undo(ME, talk)
        history.rename(ME, talk, "Named")
        links = ShareLinks.from_settings(folder, history)
        links.share(ME, talk)
        links.close()
    feedback = FeedbackStore.from_settings(folder)
    feedback.put(ME, "1", Feedback("wrong", "b", (Span("a", 1, 2), "q")))
    feedback.close()
    return folder


@pytest.fixture
def two(filled: Settings, database: Settings) -> Iterator[tuple[Assistant, Assistant]]:
    with rag.open(filled) as old, rag.open(database) as new:
        yield old, new


def test_all_moves_to_the_database_and_back(
    filled: Settings, database: Settings, run: Run, tmp_path: Path
) -> None:
    ran = run("migrate", "database")
    assert ran.exit_code == 0, ran.output
    assert "rankings of all 157 golden questions" in ran.output
    with History.from_settings(database) as history:
        (talk,) = history.conversations(ME)
        assert (talk.title, talk.exchanges) == ("Named", 3)
        assert history.redo(ME, talk.id) == [asked(4)]
        history.put(ME, talk.id, asked(5))  # rows are numbered on
        assert history.exchanges(ME, talk.id)[-1] == asked(5)
        links = ShareLinks.from_settings(database, history)
        assert links.of(ME, talk.id)
        links.close()
    with rag.open(database) as assistant:
        job = assistant.jobs.store.submit([])
        assert job.id == 2
        assert assistant.library.files.former()[0].id == "1.txt"
    ran = run("--data-dir", str(tmp_path / "other"), "migrate", "folder")
    assert ran.exit_code == 0, ran.output
    with History.from_settings(load_settings(data_dir=tmp_path / "other")) as history:
        assert history.exchanges(ME, talk.id)[-1] == asked(5)


def test_a_copy_that_broke_off_goes_on(two: tuple[Assistant, Assistant]) -> None:
    old, new = two

    def stop(done: int, of: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rag.copy_index(old, new, stop)
    assert len(new.library.digests()) == 2
    assert "Only in one" in next(rag.differences(old, new, []))
    assert rag.copy_index(old, new) == rag.copy_index(old, new)
    assert list(rag.differences(old, new, ["what is the weir of?"])) == []
    assert new.library.recent_ids(9) == old.library.recent_ids(9)


def test_what_differs_is_named(two: tuple[Assistant, Assistant]) -> None:
    old, new = two
    rag.copy_index(old, new)
    id = next(iter(new.library.digests()))
    rows = new.library.database.rows
    ((chunk,),) = rows("SELECT id FROM chunks WHERE document_id = ? LIMIT 1", id)
    rows("UPDATE documents SET text = replace(text, 'e', 'o') WHERE id = ?", id)
    rows("UPDATE vectors SET embedding = embedding + embedding WHERE chunk_id = ?", chunk)
    rows("DELETE FROM words WHERE term = 'fentanyl'")
    found = list(rag.differences(old, new, ["what tariff rate applies to fentanyl?"]))
    assert f"Not the same: {id}" in found
    assert f"Another vector: chunk {chunk}" in found
    assert any(line.startswith("Other ranking (lexical)") for line in found)


def test_nothing_is_copied_over_something_else(
    filled: Settings, database: Settings, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "else.txt").write_text("Something else.")
    with rag.open(database) as assistant:
        list(assistant.index([tmp_path / "else.txt"]))
    ran = run("migrate", "database")
    assert ran.exit_code == LibraryError.exit_code
    with rag.open(database) as assistant:
        assert list(assistant.library.digests()) == ["else.txt"]
        assistant.remove("else.txt")
    with History.from_settings(database) as history:
        history.put(ME, None, asked(9))
    ran = run("migrate", "database")
    assert ran.exit_code == LibraryError.exit_code
    with History.from_settings(database) as history:
        assert [each.exchanges for each in history.conversations(ME)] == [1]


def test_without_a_database_it_says_what_to_set(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FOOTNOTE_DATABASE_URL")
    ran = run("migrate", "database")
    assert ran.exit_code == 17
    assert "FOOTNOTE_DATABASE_URL" in ran.output
