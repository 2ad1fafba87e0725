"""Postgres: the same answers as the files give, one writer at a time, and trouble has a remedy."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import rag
import ui.cli
from eval.cases import read_rows
from eval.run import GOLDEN
from rag.assistant import SEEDS
from rag.errors import FootnoteError, LibraryBusy, LibraryError, SettingsError
from rag.ingest.index_check import check_index
from rag.settings import Settings
from rag.store import postgres as postgres_module
from rag.store.documents import Library
from rag.store.library_schema import FORMAT, VERSION
from rag.store.opening import open_jobs, open_library, open_vectors
from rag.store.postgres import PostgresDatabase
from rag.types import Document
from tests.conftest import load_settings
from tests.exports import conversation
from tests.postgres_server import PostgresServer
from tests.serving import served, site
from tests.test_ingest import HashEmbedder, Index, long_text, write
from tests.test_library import TEXTS, chunks, document, put
from tests.test_vectors import add, cosine, vector
from ui.gate.sign_in import COOKIE, cookie_owner
from ui.records.feedback import FeedbackStore

ROOT = Path(__file__).parents[1]
FENTANYL = "what tariff rate applies to fentanyl?"
MakeSettings = Callable[..., Settings]


@pytest.fixture
def found(database_url: str, tmp_path: Path) -> Settings:
    """Settings with an empty database."""
    return load_settings(data_dir=tmp_path / "data", database_url=database_url, model="none")


@pytest.fixture
def library(found: Settings) -> Iterator[Library]:
    with open_library(found) as opened:
        yield opened


def name_of(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


# --- the same as the files -------------------------------------------------------------------


def test_the_same_question_has_the_same_answer_as_with_files(
    found: Settings, tmp_path: Path
) -> None:
    """By the command itself: `footnote ask --json`, but for the times."""
    assert found.database_url
    url = found.database_url.get_secret_value()
    answers = []
    for variables in ({}, {"FOOTNOTE_DATABASE_URL": url}):
        data = {"FOOTNOTE_DATA_DIR": str(tmp_path / str(len(variables))), "FOOTNOTE_MODEL": "none"}
        command = ["-c", "from ui.cli import app; app()", "ask", "--json", FENTANYL]
        ran = subprocess.run(
            [sys.executable, *command],
            env=os.environ | data | variables | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=False,
            cwd=tmp_path,
        )
        assert ran.returncode == 0, ran.stderr
        answers.append({**json.loads(ran.stdout), "timings_s": None})
    assert answers[0] == answers[1]
    assert "20%" in json.dumps(answers[0])
    assert not (tmp_path / "1" / "library.sqlite3").exists()


@pytest.fixture
def both(library: Library, tmp_path: Path) -> Iterator[tuple[Library, Library]]:
    """An empty library in a file, and one in Postgres."""
    with Library.open(tmp_path / "library.db") as file:
        yield file, library


def ranking(library: Library, query: str, ids: Sequence[str] | None = None) -> dict[str, float]:
    """The score of each chunk that is found, in the order of the ranking."""
    return {hit.chunk.id: hit.score for hit in library.search(query, 20, ids)}


def test_a_search_by_words_looks_up_some_documents_once_and_not_for_each_hit(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        put(library, str(number), f"Tariffs rose {number} times.")
    plans: list[str] = []

    def explained(sql: str, *values: object) -> list[tuple[object, ...]]:
        plans.extend(line for (line,) in library.database.rows(f"EXPLAIN {sql}", *values))
        return []

    monkeypatch.setattr(library._words, "_query", explained)
    library.search("tariffs rose", 5, ["0", "2"])
    assert "hashed SubPlan" in "\n".join(plans)


def assert_same_ranking(
    both: tuple[Library, Library], query: str, ids: Sequence[str] | None = None
) -> None:
    """The same chunks, scores and order; those with the same score may have changed places."""
    one, other = (ranking(library, query, ids) for library in both)
    assert one == pytest.approx(other, abs=1e-9)
    assert list(one.values()) == pytest.approx(list(other.values()), abs=1e-9)


def test_golden_questions_rank_as_in_fts5(both: tuple[Library, Library]) -> None:
    for library in both:
        for seed in sorted(SEEDS.glob("*.txt")):
            put(library, seed.name, seed.read_text("utf-8"), seed.stem)
    questions = [row.question for _, row in read_rows(GOLDEN)]
    assert len(questions) > 100
    for question in questions:
        assert_same_ranking(both, question)
    assert sum(bool(ranking(both[0], question)) for question in questions) > 100


WORDS = st.sampled_from(
    "! ? tariff Tariffs rate U.S. us don't GT-4471-A 20% 1,250 the and of steel copper ferry"
    " ferries 关税 美国对 Brücke Brücken puente пуск é e\u0301".split()
)
SENTENCES = st.lists(WORDS, max_size=9).map(" ".join)


@hypothesis_settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(SENTENCES, SENTENCES), min_size=1, max_size=8), SENTENCES)
def test_any_texts_rank_as_in_fts5(
    both: tuple[Library, Library], texts: list[tuple[str, str]], query: str
) -> None:
    for library in both:
        for id in library.digests():  # of an earlier example
            library.remove(id)
        for number, (title, text) in enumerate(texts):
            put(library, f"d{number}", text, title)
    assert_same_ranking(both, query)
    some = ["d0", "d2", "d9"]
    assert_same_ranking(both, query, some)
    assert both[0].has_word(query) == both[1].has_word(query)
    for letter in "tgf":
        ranges = (letter, 1, 20)
        assert both[0].stems_with_prefix(*ranges) == both[1].stems_with_prefix(*ranges)
    for stem in ("tariff", "ferri"):
        assert both[0].spellings_of_stem(stem, 9) == both[1].spellings_of_stem(stem, 9)


@hypothesis_settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(TEXTS)
def test_any_text_is_kept_to_the_character(found: Settings, library: Library, text: str) -> None:
    made = Document.of("d", text, text, f"{text}\x10\0\x100")
    library.put(made, chunks(made))
    assert library.document("d") == made
    assert library.ids_by_source() == {made.source: "d"}


def test_a_word_that_is_too_long_for_an_index_is_found_by_its_beginning(library: Library) -> None:
    whole = "x" * 50_000
    made = document("a", whole)
    library.put(made, chunks(made, len(whole)))
    assert library.search("x" * 300, 3)
    assert library.check.text_index_is_whole()


def test_the_check_of_the_text_index_notices_a_difference_and_mends_it(library: Library) -> None:
    put(library, "a", "some words of steel")
    put(library, "b", "other words of copper")
    assert library.check.text_index_is_whole()
    for change in (
        "DELETE FROM words WHERE term = 'steel'",
        "UPDATE text_totals SET words = words + 1",
        "INSERT INTO words VALUES ('steel', 999, 0, 1, 1, '{1}')",
        "UPDATE words SET places = '{7}' WHERE term = 'steel'",
    ):
        library.database.rows(change)
        assert not library.check.text_index_is_whole()
        library.check.rebuild_text_index()
        assert library.check.text_index_is_whole()
        assert len(library.search("steel words", 9)) == 2


# --- vectors ---------------------------------------------------------------------------------


def test_a_filter_of_very_many_vectors_loses_none(
    found: Settings, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wanted documents are far away from the question, behind thousands of nearer vectors."""
    vectors = open_vectors(found, library, "random/16")
    monkeypatch.setattr(vectors, "max_exact", 10)
    dice = random.Random(1)
    question = [1.0, *[0.0] * 15]
    near = rag.Document.of("near", "T", "/n", "x" * 4000)
    far = rag.Document.of("far", "T", "/f", "x" * 40)
    rows = [
        (chunk, [sign, *(dice.gauss(0, 0.1) for _ in range(15))])
        for made, sign in ((near, 1.0), (far, -1.0))
        for chunk in chunks(made, 1)
    ]
    vectors.add([chunk for chunk, _ in rows], [each for _, each in rows])
    library.database.rows("SET enable_seqscan = off")  # so that the index is used
    found_ids = [id for id, _ in vectors.search(question, 24, ["far"])]
    assert len(found_ids) == 24
    exact = sorted(
        ((cosine(question, each) / sum(x * x for x in each) ** 0.5, chunk.id)
         for chunk, each in rows if chunk.span.document_id == "far"),
        reverse=True,
    )  # fmt: skip
    assert len(set(found_ids) & {id for _, id in exact[:24]}) >= 23


def test_vectors_and_documents_change_together_or_not_at_all(
    found: Settings, library: Library
) -> None:
    vectors = open_vectors(found, library, "random/16")
    kept = put(library, "a", "kept as it is")
    add(vectors, "a", 3)
    before = vectors.ids()
    lock = library.server_lock("index")
    assert lock

    def break_off() -> None:
        with lock.change(1):
            add(vectors, "b", 3)
            put(library, "b", "never seen")
            library.remove("a")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert vectors.ids() == before
    assert library.digests() == {"a": kept.digest}
    assert [hit.chunk.span.document_id for hit in library.search("kept seen", 5)] == ["a"]


def test_vectors_longer_than_the_index_takes_are_searched_all(
    found: Settings, library: Library
) -> None:
    vectors = open_vectors(found, library, "large/2100")
    made = chunks(document("a", "x" * 30), 1)
    vectors.add(made, [vector(chunk.id, 2100) for chunk in made])
    assert vectors.search(vector(made[4].id, 2100), 1)[0][0] == made[4].id


# --- indexing, one writer at a time ----------------------------------------------------------


class PostgresIndex(Index):
    """As in the tests of indexing, in a database."""

    def __init__(self, settings: Settings) -> None:
        self.home = settings.data_dir
        self.embedder = HashEmbedder()
        self.library = open_library(settings)
        self.vectors = open_vectors(settings, self.library, self.embedder.name)  # type: ignore[assignment]
        self.lock = self.library.server_lock("index")  # type: ignore[assignment]
        self.progress = []


@pytest.fixture
def index(found: Settings) -> Iterator[PostgresIndex]:
    with closing(PostgresIndex(found)) as made:
        yield made


def test_files_are_added_changed_moved_and_removed(index: PostgresIndex, tmp_path: Path) -> None:
    files = tmp_path / "files"
    write(files / "a.txt", "The weir is long. It was built in 1871.")
    write(files / "b.txt", long_text(9))
    assert [type(each).__name__ for each in index.run(files)] == ["Added", "Added"]
    index.check()
    assert {type(each).__name__ for each in index.run(files)} == {"Skipped"}
    write(files / "a.txt", "The weir was sold. It is of copper.")
    (files / "b.txt").rename(files / "c.txt")
    assert {type(each).__name__ for each in index.run(files)} == {"Updated", "Moved"}
    index.check()
    assert index.library.search("copper", 3)
    (files / "a.txt").unlink()
    assert [type(each).__name__ for each in index.run(files)].count("Removed") == 1
    index.check()
    assert index.rebuild() == index.library.count_chunks()
    index.check()


def test_a_run_that_fails_keeps_the_old_version_whole(index: PostgresIndex, tmp_path: Path) -> None:
    files = tmp_path / "files"
    write(files / "a.txt", "The weir is long. It was built in 1871.")
    index.run(files)
    write(files / "a.txt", long_text(90))
    index.embedder.fails_at = len(index.embedder.calls) + 2
    with pytest.raises(FootnoteError):
        index.run(files)
    assert index.library.search("weir", 3)
    index.embedder.fails_at = 0
    index.run(files)
    index.check()
    assert not index.library.search("weir", 3)


def test_only_one_process_indexes_and_a_lost_one_makes_room(
    index: PostgresIndex, found: Settings, postgres: PostgresServer, tmp_path: Path
) -> None:
    write(tmp_path / "files" / "a.txt", "The weir is long. It was built in 1871.")
    with closing(PostgresIndex(found)) as other:
        run = other.lock.with_name(f"{other.lock.name}.run")
        with run.hold() as is_ours:  # type: ignore[attr-defined]
            assert is_ours
            with pytest.raises(LibraryBusy, match="Another process is changing this index"):
                index.run(tmp_path / "files")
            postgres.run(
                "SELECT pg_terminate_backend(pid, 20000) FROM pg_locks WHERE locktype = 'advisory'"
            )
            index.run(tmp_path / "files")
    assert index.ids() == ["a.txt"]


def test_a_change_waits_for_another_and_gives_up_in_time(library: Library) -> None:
    lock = library.server_lock("index")
    assert lock
    held_up, go_on = threading.Event(), threading.Event()

    def work() -> None:
        with lock.change(0):
            held_up.set()
            assert go_on.wait(20)

    with ThreadPoolExecutor(1) as threads:
        working = threads.submit(work)
        assert held_up.wait(20)
        with lock.change(0.1) as is_ours:
            assert not is_ours
        go_on.set()
        working.result()
    with lock.change(0) as is_ours:
        assert is_ours


def test_doctor_looks_at_the_database(index: PostgresIndex, found: Settings) -> None:
    index.library.embedder = "all-MiniLM-L6-v2-int8/384"
    states = {each.part: each for each in check_index(found)}
    assert "PostgreSQL" in states["database"].text
    assert {each.state for each in states.values()} <= {"fine", "mended"}


def test_a_browser_may_be_served_by_any_worker(found: Settings, tmp_path: Path) -> None:
    """Two programs with folders of their own over one database: what one was told, the other
    has."""
    other = found.model_copy(update={"data_dir": tmp_path / "other"})
    exchange = conversation()[0]
    with (
        site(found) as one,
        site(other) as two,
        served(one.app) as first,
        served(two.app) as second,
        httpx.Client(trust_env=False) as browser,
    ):
        browser.get(first)
        owner = cookie_owner(browser.cookies[COOKIE]) or ""
        talk = one.history.put(owner, None, exchange)
        one.history.set_thumb(owner, exchange.id, "down")
        browser.get(second)
        assert cookie_owner(browser.cookies[COOKIE]) == owner
        assert two.history.exchanges(owner, talk)[0].id == exchange.id
        said = {"reason": "wrong", "better": "It is 30%."}
        reply = browser.post(f"{second}/feedback/{exchange.id}", json=said)
        assert reply.status_code == 200, reply.text
        found_by_first = FeedbackStore.from_settings(found)
        assert found_by_first.get(owner, exchange.id).better == "It is 30%."
        found_by_first.close()
        assert two.assistant.library.digests() == one.assistant.library.digests() != {}


# --- opening ---------------------------------------------------------------------------------


def test_many_open_an_empty_database_at_once(found: Settings) -> None:
    with ThreadPoolExecutor(8) as threads:
        opened = list(threads.map(lambda _: open_library(found), range(8)))
    put(opened[0], "a", "words")
    assert all(each.search("words", 1) for each in opened)
    rows = opened[0].database.rows("SELECT name, version FROM formats")
    assert rows == [("index", VERSION)]
    for each in opened:
        each.close()
        each.close()
    with pytest.raises(LibraryError, match=r"closed.*Open it again"):
        opened[0].digests()


def test_tables_of_an_older_version_are_brought_up_to_date(database_url: str) -> None:
    from dataclasses import replace

    older = replace(FORMAT, version=VERSION - 1)
    PostgresDatabase.open(database_url, older).close()
    upgrades = {VERSION - 1: "ALTER TABLE documents ADD COLUMN added TEXT"}
    for _ in range(2):
        newer = replace(FORMAT, postgres_upgrades=upgrades)
        with closing(PostgresDatabase.open(database_url, newer)) as database:
            assert database.rows("SELECT added FROM documents") == []
            assert database.rows("SELECT version FROM formats") == [(VERSION,)]


def test_a_database_of_version_4_gets_its_index(
    found: Settings, postgres: PostgresServer, database_url: str
) -> None:
    open_library(found).close()
    name = name_of(database_url)
    postgres.run("DROP INDEX footnote.documents_by_published", name)
    postgres.run("UPDATE footnote.formats SET version = 4", name)
    open_library(found).close()
    assert postgres.run("SELECT version FROM footnote.formats", name) == [(VERSION,)]
    made = postgres.run("SELECT indexname FROM pg_indexes WHERE tablename = 'documents'", name)
    assert ("documents_by_published",) in made


def test_an_upgrade_that_fails_changes_nothing(database_url: str) -> None:
    from dataclasses import replace

    PostgresDatabase.open(database_url, replace(FORMAT, version=VERSION - 1)).close()
    wrong = "ALTER TABLE documents ADD COLUMN added TEXT; SELECT nonsense"
    with pytest.raises(LibraryError):
        PostgresDatabase.open(database_url, replace(FORMAT, postgres_upgrades={VERSION - 1: wrong}))
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT version FROM footnote.formats").fetchall()
        assert rows == [(VERSION - 1,)]
        names = connection.execute("SELECT * FROM footnote.documents").description or []
        assert "added" not in [each.name for each in names]


def test_the_tables_of_a_newer_footnote_are_left_alone(
    found: Settings, postgres: PostgresServer, database_url: str
) -> None:
    open_library(found).close()
    postgres.run(f"UPDATE footnote.formats SET version = {VERSION + 1}", name_of(database_url))
    with pytest.raises(LibraryError, match=r"newer Footnote.*Upgrade Footnote"):
        open_library(found)
    assert open_jobs(found).jobs() == []  # what it knows can still be used


# --- trouble ---------------------------------------------------------------------------------


def failing(settings: Settings) -> FootnoteError:
    """The error of opening; its words are one sentence and a remedy, without a password."""
    with pytest.raises(LibraryError) as caught:
        open_library(settings)
    assert "geheim" not in str(caught.value)
    assert str(caught.value).isprintable()
    assert caught.value.problem.endswith(".")
    assert caught.value.remedy.endswith(".")
    return caught.value


def test_a_database_that_is_down_is_named(tmp_path: Path) -> None:
    for where in (f"?host={tmp_path}", ""):
        url = f"postgresql://ann:geheim@{'' if where else '127.0.0.1:1'}/db{where}"
        error = failing(load_settings(database_url=url))
        assert "cannot be reached" in error.problem
        assert "FOOTNOTE_DATABASE_URL" in error.remedy


def test_a_database_that_does_not_answer_is_given_up() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        url = f"postgresql://ann:geheim@127.0.0.1:{port}/db?connect_timeout=2"
        assert "cannot be reached" in failing(load_settings(database_url=url)).problem


def test_a_wrong_password_and_an_unknown_database_are_named(postgres: PostgresServer) -> None:
    url = postgres.with_password("right")
    wrong = url.replace("right", "geheim")
    assert "password authentication failed" in failing(load_settings(database_url=wrong)).problem
    open_library(load_settings(database_url=url)).close()
    unknown = load_settings(database_url=postgres.url("nowhere"))
    assert "does not exist" in failing(unknown).problem


def test_a_database_without_pgvector_says_what_to_do(
    postgres: PostgresServer, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.run("CREATE USER plain")
    url = postgres.url(name_of(database_url), "plain")
    error = failing(load_settings(database_url=url))
    assert "no extension pgvector" in error.problem
    assert "CREATE EXTENSION vector" in error.remedy
    postgres.run("CREATE EXTENSION vector", name_of(database_url))
    assert "does not let this user" in failing(load_settings(database_url=url)).problem
    monkeypatch.setattr(postgres_module, "MIN_PGVECTOR", (9, 0))
    error = failing(load_settings(database_url=database_url))
    assert "too old" in error.problem
    postgres.run("DROP OWNED BY plain; DROP USER plain", name_of(database_url))


def test_a_database_that_may_only_be_read_is_read(
    found: Settings, postgres: PostgresServer, database_url: str
) -> None:
    name = name_of(database_url)
    postgres.run(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    assert "may only be read" in failing(found).problem
    postgres.run(f"ALTER DATABASE {name} SET default_transaction_read_only = off")
    with open_library(found) as library:
        put(library, "a", "words")
    postgres.run(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with open_library(found) as library:
        assert library.search("words", 3)
        with pytest.raises(LibraryError, match=r"may only be read.*primary server"):
            put(library, "b", "words")


def test_a_full_server_keeps_what_was_there(library: Library) -> None:
    """The server cannot be filled here: a trigger says what it says then."""
    kept = put(library, "a", "kept as it is")
    library.database.rows(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'no space left on device' USING errcode = '53100'; END $$"
    )
    library.database.rows(
        "CREATE TRIGGER full_disk BEFORE INSERT ON words EXECUTE FUNCTION full_disk()"
    )
    with pytest.raises(LibraryError, match=r"server is full.*Free some space"):
        put(library, "a", "something else")
    assert library.document("a") == kept
    assert library.search("kept", 3)
    library.database.rows("DROP TRIGGER full_disk ON words")
    put(library, "a", "something else")
    assert library.check.text_index_is_whole()


def test_a_slow_statement_is_given_up(library: Library) -> None:
    with library.transaction():
        library.database.rows("SET LOCAL statement_timeout = 50")
        with pytest.raises(LibraryError, match=r"took longer.*Try again"), library.transaction():
            library.database.rows("SELECT pg_sleep(20)")
        assert library.digests() == {}  # only the part of it is undone
    put(library, "a", "words")


def test_a_connection_lost_in_a_write_leaves_the_old_version(
    library: Library, postgres: PostgresServer
) -> None:
    kept = put(library, "a", "kept as it is")

    def lose_connection() -> None:
        ((pid,),) = library.database.rows("SELECT pg_backend_pid()")
        postgres.run(f"SELECT pg_terminate_backend({pid}, 10000)")

    def write(goes_on: bool) -> None:
        with library.transaction():
            put(library, "a", "something else")
            put(library, "b", "something more")
            lose_connection()
            if goes_on:
                put(library, "c", "something more")

    for goes_on in (True, False):  # in a statement, or when it is to be committed
        with pytest.raises(LibraryError, match=r"was lost.*Try again"):
            write(goes_on)
        assert library.document("a") == kept
        assert library.digests().keys() == {"a"}
    put(library, "b", "something more")
    assert library.check.text_index_is_whole()


def test_connections_that_were_lost_meanwhile_are_made_anew(
    library: Library, postgres: PostgresServer
) -> None:
    put(library, "a", "words")
    postgres.run(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
        " WHERE application_name = 'footnote'"
    )
    assert library.search("words", 3)


def test_a_url_that_is_none_is_refused_without_its_password() -> None:
    for url in ("mysql://ann:geheim@host/db", "postgresql://ann:geheim@[host/db"):
        with pytest.raises(SettingsError) as caught:
            open_library(load_settings(database_url=url))
        assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown", "host"),
    [
        ("postgresql://ann:geheim@db.example:5432/a?password=geheim", "db.example:5432/a", True),
        ("postgresql:///a?host=db.example&password=geheim", "postgresql:///a", True),
        ("postgresql://ann:geheim@127.0.0.1/a", "postgresql://127.0.0.1/a", False),
        ("postgresql:///a?host=/run/postgresql", "postgresql:///a", False),
    ],
)
def test_config_names_the_host_that_gets_text_and_no_password(
    url: str, shown: str, host: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_DATABASE_URL", url)
    monkeypatch.setenv("FOOTNOTE_MODEL", "none")
    told = CliRunner().invoke(ui.cli.app, ["config"]).output
    assert shown in told
    assert "geheim" not in told
    assert ("it is sent to db.example" in told) is host
    assert ("conversations, as text" in " ".join(told.split())) is host


# --- without it ------------------------------------------------------------------------------


def test_the_package_is_named_where_it_is_missing(
    found: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "rag.store.postgres", raising=False)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(SettingsError, match=r"footnote-qa\[postgres\]"):
        open_library(found)


def test_files_need_nothing_of_postgres(tmp_path: Path) -> None:
    program = (
        "import sys, rag\n"
        "sys.modules['psycopg'] = sys.modules['psycopg_pool'] = None\n"
        "with rag.open(model='none') as assistant:\n"
        "    assistant.ensure_seeds()\n"
        "    print(assistant.ask('what tariff rate applies to fentanyl?').text)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"FOOTNOTE_DATA_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "20%" in ran.stdout, ran.stderr
