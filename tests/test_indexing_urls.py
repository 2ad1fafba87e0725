"""Web pages enter the index like files, and leave it only when a person says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

import tests.assistants
import ui.cli
import ui.cli.options
from rag.events import Failed, IngestEvent
from rag.ingest.pipeline import remove
from rag.ingest.web import Page, fetch_page
from rag.settings import Settings
from rag.store.documents import Library
from rag.types import Document
from tests.assistants import QuotingAssistant
from tests.test_fetch import anywhere, reply, served
from tests.test_ingest import Index, kinds, long_text, write
from ui.shell.index_report import split_paths_and_urls, stored_files

LOCAL = partial(fetch_page, is_allowed=anywhere)


def page(text: str, title: str = "Wheat") -> bytes:
    return reply(f"<title>{title}</title><article><p>{text}</p></article>".encode())


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    made = Index(tmp_path / "home")
    yield made
    made.close()


def run(
    index: Index, *urls: str, paths: tuple[Path, ...] = (), fetch: Callable[[str], Page] = LOCAL
) -> list[IngestEvent]:
    return list(index.start(*paths, urls=urls, fetch=fetch))


def test_a_page_is_added_updated_and_passed_over(index: Index) -> None:
    pages = {"wheat": page("The price of wheat rose by 5% in May.")}
    with served(by_path=pages) as server:
        url = f"{server.url}/wheat"
        assert kinds(run(index, f"{url}#top", url)) == {"Added": [url]}
        assert kinds(run(index, url)) == {"Skipped": [url]}
        pages["wheat"] = page("The price of wheat fell by 7% in June.")
        assert kinds(run(index, url)) == {"Updated": [url]}
    document = index.library.document(url)
    assert (document.source, document.title) == (url, "Wheat")
    assert "7%" in document.text
    assert index.library.search("June", 3)
    assert not index.library.search("May", 3)
    index.check()


def test_a_page_that_cannot_be_fetched_keeps_its_old_version(index: Index) -> None:
    with served(page("The price of wheat rose by 5% in May.")) as server:
        run(index, server.url)
    [id] = index.ids()
    assert kinds(run(index, server.url)) == {"Failed": [id]}
    with served(reply(b"gone", "404 Not Found")) as server:
        [failed] = run(index, server.url)
        assert isinstance(failed, Failed)
        assert "status 404" in failed.error
    assert index.library.search("wheat", 3)
    index.check()


def test_one_bad_address_is_not_the_end(index: Index, tmp_path: Path) -> None:
    file = write(tmp_path / "files" / "a.txt", "Copper\n\nThe price of copper fell.")
    with served(page(long_text(9))) as server:
        bad = "file:///etc/passwd"
        events = kinds(run(index, bad, server.url, paths=(file,)))
        assert events == {"Added": ["a.txt", f"{server.url}/"], "Failed": [bad]}
    index.check()


def test_this_machine_is_refused_by_default(index: Index) -> None:
    with served(page("Secret.")) as server:
        [failed] = run(index, server.url, fetch=fetch_page)
        assert isinstance(failed, Failed)
        assert "127.0.0.1 is not a public address" in failed.error
        assert server.requests == []
    assert index.ids() == []


def test_a_page_is_not_removed_because_no_file_has_its_name(index: Index, tmp_path: Path) -> None:
    file = write(tmp_path / "files" / "a.txt", "Copper\n\nThe price of copper fell.")
    with served(page("The price of wheat rose.")) as server:
        run(index, server.url, paths=(file,))
    url = f"{server.url}/"
    file.unlink()
    assert kinds(run(index, paths=tuple(stored_files(index.library)))) == {"Removed": ["a.txt"]}
    assert run(index, paths=(tmp_path / "files",)) == []
    assert index.ids() == [url]
    how = {"library": index.library, "vectors": index.vectors, "lock": index.lock}
    remove(url, **how)  # type: ignore[arg-type]
    assert index.ids() == []
    index.check()


def test_progress_names_the_page_before_it_is_fetched(index: Index) -> None:
    with served(page("The price of wheat rose.")) as server:
        run(index, server.url)
        assert index.progress[0] == (0, None, f"{server.url}/")
        assert index.progress[-1] == (1, None, "Wheat")


# --- the command line ------------------------------------------------------------------------


def test_urls_are_distinguished_from_paths() -> None:
    given = ["a.txt", "https://example.org/a//b", "HTTP://x", "https.md"]
    paths = [Path("a.txt"), Path("https.md")]
    assert split_paths_and_urls(given) == (paths, ["https://example.org/a//b", "HTTP://x"])


def test_stored_files_are_no_web_pages(tmp_path: Path) -> None:
    with Library.open(tmp_path / "library.db") as library:
        library.put(Document.of("https://x.org/a#1", "A", "https://x.org/a#1", "text"), [])
        assert stored_files(library) == []
        library.put(Document.of("b.txt", "B", "/home/b.txt", "text"), [])
        assert stored_files(library) == [Path("/home/b.txt")]


def test_the_command_fetches_pages_once_and_then_leaves_the_network_alone(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setattr(ui.cli.options, "build_assistant", lambda *_: QuotingAssistant(settings))
    monkeypatch.setattr(tests.assistants, "fetch_page", LOCAL)
    with served(page("The price of wheat rose by 5% in May.")) as server:
        told = CliRunner().invoke(ui.cli.app, ["index", f"{server.url}/wheat"])
        assert told.exit_code == 0
        assert f"added    {server.url}/wheat" in told.stdout
        told = CliRunner().invoke(ui.cli.app, ["index"])
        assert told.exit_code == 0
        assert "The index holds 1 document" in told.stdout
        assert len(server.requests) == 1


def test_the_command_names_a_page_that_failed(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setattr(ui.cli.options, "build_assistant", lambda *_: QuotingAssistant(settings))
    told = CliRunner().invoke(ui.cli.app, ["index", "http://127.0.0.1/"])
    assert told.exit_code == 4
    assert "failed   http://127.0.0.1/: 127.0.0.1 is not a public address." in told.stderr
    with Library.open(settings.library_path) as library:
        assert library.digests() == {}
