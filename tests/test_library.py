"""Library: what is stored is returned, character for character, all or nothing."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rag.errors import LibraryBusy, LibraryError, NoSuchDocument
from rag.store import documents
from rag.store.documents import DocumentSummary, Library, SuggestedQuestion
from rag.store.library_schema import FORMAT, VERSION
from rag.store.opening import open_library
from rag.store.overviews import Topic
from rag.types import Chunk, Document, Span
from tests.conftest import load_settings

TEXTS = st.text(
    st.one_of(st.characters(), st.sampled_from("\0\n ae\u0301é🎉👩‍👧\u202eﬁ\ud800'\"*")),
    max_size=80,
)


Again = Callable[[], Library]


@pytest.fixture(params=["sqlite", "postgres"])
def again(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Again]:
    """Opens one library, again and again, as other processes do."""
    opened: list[Library] = []
    url = request.getfixturevalue("database_url") if request.param == "postgres" else None
    found = load_settings(data_dir=tmp_path / "made", database_url=url)

    def another() -> Library:
        opened.append(open_library(found))
        return opened[-1]

    yield another
    for each in opened:
        each.close()


@pytest.fixture
def library(again: Again) -> Library:
    return again()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "made" / "library.db") as opened:
        yield opened


def document(id: str, text: str, title: str = "A title") -> Document:
    return Document.of(id, title, f"/texts/{id}", text, "2025-05-02")


def chunks(of: Document, length: int = 20) -> list[Chunk]:
    return [
        Chunk.of(of, start, min(start + length, len(of.text)))
        for start in range(0, len(of.text), length)
    ]


def put(library: Library, id: str, text: str, title: str = "A title") -> Document:
    made = document(id, text, title)
    library.put(made, chunks(made))
    return made


def put_whole(library: Library, id: str, text: str) -> None:
    """Store a text in one chunk."""
    made = document(id, text, "A title")
    library.put(made, chunks(made, len(text)))


def check_integrity(path: Path) -> None:
    """Raises when the full-text index does not match the documents, or the file is damaged."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for name, function in FORMAT.functions.items():
            connection.create_function(name, -1, function)
        connection.execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


# --- documents and chunks --------------------------------------------------------------------


def test_a_stored_document_comes_back_whole(library: Library) -> None:
    stored = put(library, "news/a.txt", "A 20% tariff applies.\nThe rest is exempt.")
    assert library.document("news/a.txt") == stored
    assert library.chunks("news/a.txt") == chunks(stored)
    assert library.digests() == {"news/a.txt": stored.digest}
    assert library.ids_by_source() == {"/texts/news/a.txt": "news/a.txt"}
    assert library.summaries() == [
        DocumentSummary("news/a.txt", "A title", stored.source, "2025-05-02", 41, 3, stored.digest)
    ]


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(TEXTS, TEXTS, st.integers(0, 80), st.integers(0, 80))
@example("a\0b🎉e\u0301", "T\0", 1, 5)
def test_the_text_of_a_span_is_the_slice_of_the_document(
    library: Library, text: str, title: str, start: int, end: int
) -> None:
    stored = document("d", text, title)
    start, end = sorted((min(start, len(stored.text)), min(end, len(stored.text))))
    library.put(stored, [Chunk.of(stored, start, end)])
    assert library.text(Span("d", start, end)) == stored.text[start:end]
    assert library.document("d") == stored
    assert library.summaries()[0].characters == len(stored.text)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.tuples(TEXTS, TEXTS)), max_size=8))
@example([("a", ("!", "")), ("a", ("?", "")), ("b", ("", ""))])
@example([("a", ("one\0two", "T")), ("a", ("one\0three", "T")), ("b", ("x", "y")), ("a", None)])
def test_any_series_of_changes_keeps_the_full_text_index_whole(
    library: Library, changes: list[tuple[str, tuple[str, str] | None]]
) -> None:
    for id in library.digests():  # of an earlier example
        library.remove(id)
    expected: dict[str, Document] = {}
    for id, content in changes:
        if content is not None:
            expected[id] = put(library, id, *content)
        elif expected.pop(id, None):
            library.remove(id)
    assert {id: library.document(id) for id in library.digests()} == expected
    assert library.count_chunks() == sum(len(chunks(d)) for d in expected.values())
    assert library.check.text_index_is_whole()
    assert not library.check.damage()


def test_the_integrity_check_of_these_tests_notices_a_difference(
    sqlite: Library, tmp_path: Path
) -> None:
    put(sqlite, "a", "some words")
    path = tmp_path / "made" / "library.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE documents SET text = 'other words'")
    with pytest.raises(sqlite3.DatabaseError):
        check_integrity(path)


def test_a_new_version_replaces_the_old_one_and_its_chunks(library: Library) -> None:
    old = put(library, "a", "The old text speaks of wheat and nothing else.")
    assert library.text(Span("a", 0, 7)) == "The old"
    new = put(library, "a", "The new text speaks of copper.")
    assert library.text(Span("a", 0, 7)) == "The new"
    assert library.search("wheat", 5) == []
    assert library.chunk_ids() == {chunk.id for chunk in chunks(new)}
    assert library.chunks_by_id([chunk.id for chunk in chunks(old)]) == {}


def test_a_change_by_another_process_is_seen_at_once(library: Library, again: Again) -> None:
    put(library, "a", "first")
    assert library.text(Span("a", 0, 5)) == "first"
    put(again(), "a", "other")
    assert library.text(Span("a", 0, 5)) == "other"


def test_dates_of_some_documents_and_the_last_of_all(library: Library) -> None:
    assert library.newest_published() is None
    for id, published in (("a", "2024-05-01"), ("b", None), ("c", "2023-12-31")):
        dated = Document.of(id, "A title", f"/{id}", "words", published)
        library.put(dated, chunks(dated))
    assert library.newest_published() == "2024-05-01"
    assert library.published() == {"a": "2024-05-01", "c": "2023-12-31"}
    assert library.published(["b", "c", "unknown"]) == {"c": "2023-12-31"}
    assert library.published([]) == {}


def test_texts_of_many_spans_are_those_of_each(
    library: Library, again: Again, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "MAX_READ_TOGETHER", 40)
    names = [f"{number}.txt" for number in range(2 * documents.MAX_CACHED_TEXTS)]
    for number, name in enumerate(names):
        put(library, name, f"{name} has " + "words and \0 " * (number % 7) + "an end")
    spans = [Span(name, start, start + 9) for start in (0, 4) for name in names]
    for _ in range(2):  # read, and in part from the cache
        assert library.texts(spans) == [library.text(span) for span in spans]
    put(again(), names[-1], "another text by another process")
    assert library.texts(spans[-1:]) == ["her text "]
    assert library.texts([]) == []
    with pytest.raises(LibraryError, match="ask again"):
        library.texts([Span(names[0], 0, 1_000)])
    with pytest.raises(NoSuchDocument):
        library.texts([*spans, Span("unknown", 0, 1)])


def test_more_documents_than_the_cache_holds_keep_their_texts(library: Library) -> None:
    for number in range(40):
        put(library, f"d{number}", f"text {number:02}")
    for number in [*range(40), *range(40)]:
        assert library.text(Span(f"d{number}", 5, 7)) == f"{number:02}"


def test_chunks_are_found_by_id(library: Library) -> None:
    known = chunks(put(library, "a", "x" * 50))
    found = library.chunks_by_id([known[1].id, "nobody's", known[0].id])
    assert found == {known[0].id: known[0], known[1].id: known[1]}
    assert library.chunk_ids() == {chunk.id for chunk in known}
    assert library.count_chunks() == 3


def test_a_removed_document_is_gone(library: Library) -> None:
    put(library, "a", "words of a")
    put(library, "b", "words of b")
    library.remove("a")
    assert list(library.digests()) == ["b"]
    assert {hit.chunk.span.document_id for hit in library.search("words", 9)} == {"b"}
    for ask in (
        lambda: library.remove("a"),
        lambda: library.document("a"),
        lambda: library.text(Span("a", 0, 1)),
    ):
        with pytest.raises(NoSuchDocument, match="a"):
            ask()
    assert library.chunks("a") == []


def test_a_span_beyond_the_text_is_an_error(library: Library) -> None:
    put(library, "a", "short")
    assert library.text(Span("a", 5, 5)) == ""
    with pytest.raises(LibraryError, match="5 characters, not 6"):
        library.text(Span("a", 0, 6))


def test_a_chunk_of_another_document_is_refused_and_nothing_changes(library: Library) -> None:
    kept = put(library, "a", "kept as it is")
    changed = document("a", "changed")
    with pytest.raises(ValueError, match="not a chunk"):
        library.put(changed, [*chunks(changed), Chunk("x", Span("a", 0, 99))])
    assert library.document("a") == kept
    assert library.search("kept", 3)


def test_the_embedder_is_remembered(library: Library, again: Again) -> None:
    assert library.embedder is None
    library.embedder = "minilm-384"
    library.embedder = "minilm-385"
    assert again().embedder == "minilm-385"


# --- search ----------------------------------------------------------------------------------


def found(library: Library, query: str, **options: object) -> list[str]:
    hits = library.search(query, 10, **options)  # type: ignore[arg-type]
    assert all(hit.found_by == "lexical" and hit.score > 0 for hit in hits)
    assert [(-h.score, h.chunk.id) for h in hits] == sorted((-h.score, h.chunk.id) for h in hits)
    return [hit.chunk.span.document_id for hit in hits]


def test_search_finds_the_words_in_any_form(library: Library) -> None:
    put(library, "a", "Tariffs were paused.")
    put(library, "b", "A café in Zürich.")
    put(library, "c", "Nothing of the kind.")
    assert found(library, "what is a tariff?") == ["a"]
    assert found(library, "ZURICH cafe\u0301") == ["b"]


def test_search_puts_the_chunk_with_more_of_the_words_first(library: Library) -> None:
    put(library, "one", "Copper was sold.")
    put(library, "both", "Copper and wheat.")
    put(library, "else", "Of other things.")
    assert found(library, "copper wheat") == ["both", "one"]


def test_a_word_in_the_title_counts_for_more(library: Library) -> None:
    put(library, "body", "Steel, they said.", title="Markets")
    put(library, "title", "Said they, today.", title="Steel")
    put(library, "else", "Of other things.", title="Weather")
    assert found(library, "steel", title_weight=5.0) == ["title", "body"]
    assert found(library, "steel", title_weight=0.1) == ["body", "title"]


def test_stop_words_count_only_when_there_is_nothing_else(library: Library) -> None:
    put(library, "a", "what is it that was")
    put(library, "b", "lithium")
    assert found(library, "what is the lithium") == ["b"]
    assert found(library, "what is it") == ["a"]


def test_capitals_are_names_not_stop_words(library: Library) -> None:
    put(library, "who", "The WHO said so.")
    put(library, "report", "A report appeared.")
    assert set(found(library, "report by WHO")) == {"who", "report"}


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("北岭隧道于2021年3月9日通车。", "隧道何时通车？"),
        ("海辺の美術館は10月に開館した。", "美術館はいつですか"),
        ("The light\u00adhouse is new.", "lighthouse"),
        ("It holds 1\u00a0250 boats.", "1,250"),
        ("It holds 1 250 boats.", "1250"),
        ("It holds 1,250 boats.", "1’250"),
        ("Die Brücken wurden gebaut.", "Wann wird die Brücke gebaut?"),
        ("Los puentes son nuevos.", "¿Cuándo se construyó el puente nuevo?"),
        ("Новые маяки построили в мае.", "Когда построили новый маяк?"),
        ("Zoe lives here.", "Zoë"),
    ],
)
def test_search_finds_words_as_other_scripts_and_languages_write_them(
    library: Library, text: str, query: str
) -> None:
    put(library, "other", "Nothing of the kind is here. 桥梁")
    put(library, "a", text)
    assert {hit.chunk.span.document_id for hit in library.search(query, 5)} == {"a"}


def test_a_query_in_capitals_has_stop_words_too(library: Library) -> None:
    put(library, "it", "It is what it is.")
    put(library, "ferry", "The ferry sails.")
    assert [hit.chunk.span.document_id for hit in library.search("WHAT IS THE FERRY", 5)] == [
        "ferry"
    ]


OLD_FULL_TEXT = """
DROP TABLE overviews;
DROP TABLE topics;
DROP TABLE files;
DROP TABLE roots;
DROP TABLE former_documents;
DROP INDEX documents_of_digest;
DROP INDEX documents_by_published;
DROP TABLE questions; DROP TABLE words; DROP VIEW passages;
CREATE VIEW passages AS
    SELECT row, title, piece(text, start, end) AS body
    FROM chunks JOIN documents ON documents.id = document_id;
CREATE VIRTUAL TABLE words USING fts5 (
    title, body, content = 'passages', content_rowid = 'row',
    tokenize = 'porter unicode61 remove_diacritics 2'
);
INSERT INTO words (words) VALUES ('rebuild');
PRAGMA user_version = 1
"""


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    """A file as version 1 made it."""
    path = tmp_path / "old.db"
    with Library.open(path) as library:
        put(library, "a", "北岭隧道于2021年3月9日通车。 The ferry sails.")
        for statement in OLD_FULL_TEXT.split(";"):
            library.database.rows(statement)
    return path


def test_the_full_text_index_of_an_older_version_is_made_anew(old_file: Path) -> None:
    with Library.open(old_file) as library:
        assert library.search("隧道", 5)
        assert library.search("ferries", 5)
        assert library.document("a").text.startswith("北岭隧道")
        put(library, "a", "Something else.")
        assert not library.search("ferries", 5)
        library.remove("a")
        assert [each.id for each in library.files.former()] == ["a"]
        assert library.files.states() == {}
    check_integrity(old_file)


def test_the_newest_date_is_looked_up_and_not_searched_for(old_file: Path) -> None:
    for _ in range(2):
        with Library.open(old_file) as library:
            plan = library.database.rows("EXPLAIN QUERY PLAN SELECT max(published) FROM documents")
            assert "documents_by_published" in str(plan)
            library.database.rows("DROP INDEX documents_by_published")
            library.database.rows("PRAGMA user_version = 4")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_of_an_older_version_that_may_only_be_read_is_searched_as_it_is(
    old_file: Path,
) -> None:
    old_file.chmod(0o444)
    old_file.parent.chmod(0o555)
    try:
        with Library.open(old_file) as library:
            assert library.search("ferries", 5)
    finally:
        old_file.parent.chmod(0o755)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("Der Turm ist 1.250 Meter hoch und von 1904.", "1250"),
        ("Der Turm ist 1.250 Meter hoch und von 1904.", "Wie hoch ist der 1 250 Meter hohe Turm?"),
        ("La tour coûte 4’500’000 francs par an.", "4,500,000"),
        ("The dam holds 3\u202f600 people.", "3'600"),
        ("The new tram\u00adline to Kelm\u200boor opens.", "tramline"),
        ("An e\ufb03cient o\ufb03ce.", "efficient"),
        ("Ｔｈｅ ｐｕｍｐ ｉｓ ｒｅｄ．", "pump"),
        (
            "Uudised: siin raamatukogudes on ja oli uusi raamatuid, aga mitte ajakirju.",
            "Kas siin on raamatukogu?",
        ),
    ],
)
def test_what_readers_do_not_tell_apart_is_found(library: Library, text: str, query: str) -> None:
    put_whole(library, "a", text)
    assert found(library, query) == ["a"]


@pytest.mark.parametrize("id", ["E-2051", "GT-3380-A", "5.2.0", "ISO/IEC-9075", "QX–12–7"])
def test_an_id_is_found_before_others_of_its_pieces(library: Library, id: str) -> None:
    put_whole(library, "a", f"The valve {id} is of brass.")
    pieces = [piece for piece in re.split(r"\W", id) if piece]
    put_whole(library, "b", f"The valve {' or '.join(reversed(pieces))} is of brass.")
    put_whole(
        library, "c", f"The valve {' and '.join(pieces)} is of brass; {' and '.join(pieces)}."
    )
    assert found(library, f"Of what is the valve {id}?")[0] == "a"


def test_search_stays_within_the_given_documents(library: Library) -> None:
    for id in "abc":
        put(library, id, "the same words")
    assert sorted(found(library, "words", document_ids=["a", "c", "nobody"])) == ["a", "c"]
    assert found(library, "words", document_ids=[]) == []


def test_equal_scores_are_ordered_by_chunk_id_and_cut_at_k(library: Library) -> None:
    for number in range(9):
        put(library, f"d{number}", "the same words")
    everything = [hit.chunk.id for hit in library.search("words", 20)]
    assert everything == sorted(library.chunk_ids())
    assert [hit.chunk.id for hit in library.search("words", 4)] == everything[:4]
    assert library.search("words", 0) == []


def test_words_behind_a_nul_are_found(library: Library) -> None:
    put(library, "a", "before\0behind")
    assert found(library, "behind") == ["a"]


@pytest.mark.parametrize(
    "query",
    ['"', "'", "a\0b", "*", "NEAR", "NEAR(a b)", "title:x", "a AND", "🎉", "-", "^", "", "\ud800x",
     "a" * 100_000, "w " * 50_000, " ".join(f"w{n}" for n in range(20_000)), "((((", "U.S."],
)  # fmt: skip
def test_no_query_is_an_error(library: Library, query: str) -> None:
    put(library, "a", "near a b and the U.S. w1")
    library.search(query, 5)


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(TEXTS)
def test_no_string_at_all_is_an_error(library: Library, query: str) -> None:
    library.search(query, 3)


# --- the file --------------------------------------------------------------------------------


def test_threads_may_share_a_library(library: Library) -> None:
    def work(name: str) -> None:
        for number in range(25):
            text = f"{name} {number} words"
            put(library, name, text)
            assert library.text(Span(name, 0, len(text))) == text
            assert library.search("words", 3)

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(work, ["one", "two", "three"]))
    assert len(library.digests()) == 3


def test_a_file_of_a_newer_footnote_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    Library.open(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(LibraryError, match="Upgrade"):
        Library.open(path)


@pytest.mark.parametrize(
    "junk", [b"this is no database at all" * 50, b"SQLite format 3\0" + b"x" * 500]
)
def test_a_file_that_is_no_database_is_named(tmp_path: Path, junk: bytes) -> None:
    (tmp_path / "library.db").write_bytes(junk)
    with pytest.raises(LibraryError, match=r"library.db is damaged"):
        Library.open(tmp_path / "library.db")


def test_a_damaged_page_is_an_error_not_a_traceback(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    with Library.open(path) as library:
        put(library, "a", "words " * 5000)
    content = bytearray(path.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    path.write_bytes(content)
    with (
        Library.open(path) as library,
        pytest.raises(LibraryError, match=r"damaged|cannot be used"),
    ):
        library.document("a")


def test_a_path_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LibraryError, match="cannot be opened"):
        Library.open(tmp_path / "file" / "library.db")
    with pytest.raises(LibraryError, match="cannot be opened"):
        Library.open(tmp_path)


def test_a_full_disk_keeps_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    with Library.open(path) as library:
        kept = put(library, "a", "kept " * 100)
        pages = library.database.rows("PRAGMA page_count")[0][0]
        library.database.rows(f"PRAGMA max_page_count = {pages + 3}")
        with pytest.raises(LibraryError, match=r"disk is full.*[Ff]ree some space"):
            put(library, "b", "too much " * 50_000)
        with pytest.raises(LibraryError, match="disk is full"):
            put(library, "a", "too much " * 50_000)
        assert library.document("a") == kept
        put(library, "a", "less")
    check_integrity(path)


def test_a_writer_elsewhere_makes_the_library_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.store.sqlite.BUSY_TIMEOUT_S", 0.05)
    path = tmp_path / "library.db"
    with Library.open(path) as library, closing(sqlite3.connect(path)) as other:
        put(library, "a", "words")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LibraryBusy, match="Try again"):
            put(library, "b", "words")
        assert found(library, "words") == ["a"]  # reading goes on
        other.rollback()
        put(library, "b", "words")


@pytest.fixture
def no_permission(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory that this process, from the yield on, may read and not write. Permissions do
    not bind root, so it becomes another user for a while."""
    folder = tmp_path_factory.mktemp("readonly")
    with Library.open(folder / "library.db") as library:
        put(library, "a", "words")
    folder.chmod(0o555)
    (folder / "library.db").chmod(0o444)
    above = [parent for parent in folder.parents if parent.stat().st_mode & 0o001 == 0]
    modes = [(parent, parent.stat().st_mode) for parent in above]
    user = os.geteuid()
    if user == 0:
        for parent, mode in modes:
            parent.chmod(mode | 0o011)
        os.seteuid(65534)
    yield folder
    os.seteuid(user)
    for parent, mode in modes:
        parent.chmod(mode)
    folder.chmod(0o755)


def test_a_library_that_may_not_be_written_can_be_read(no_permission: Path) -> None:
    with Library.open(no_permission / "library.db") as library:
        assert found(library, "words") == ["a"]
        assert library.text(Span("a", 0, 5)) == "words"
        with pytest.raises(LibraryError, match=r"may only be read.*write access"):
            put(library, "b", "more")
    with pytest.raises(LibraryError, match=r"cannot be opened.*write access"):
        Library.open(no_permission / "new.db")


def test_no_control_character_of_a_name_reaches_a_message(library: Library) -> None:
    with pytest.raises(NoSuchDocument) as caught:
        library.document("evil\x1b[31m\nname\u202e")
    assert str(caught.value).isprintable()


# --- questions that the documents answer -------------------------------------------------------


def test_questions_are_stored_and_removed_with_their_document(library: Library) -> None:
    made = document("a", "The bell was cast in 1740.")
    asked = [SuggestedQuestion("When was the bell cast?", Span("a", 0, 26))]
    library.put(made, chunks(made), asked)
    assert library.suggested_questions("a") == asked
    library.put(made, chunks(made))
    assert library.suggested_questions("a") == []
    library.put(made, chunks(made), asked)
    library.remove("a")
    assert library.suggested_questions("a") == []


def test_a_file_made_before_there_were_questions_is_read_and_gets_them(old_file: Path) -> None:
    with Library.open(old_file) as older:
        assert all(older.suggested_questions(id) == [] for id in older.digests())
        newer = document("b", "New text.")
        question = SuggestedQuestion("What is new?", Span("b", 0, 9))
        older.put(newer, chunks(newer), [question])
        assert older.suggested_questions("b") == [question]


# --- what the documents are about ---------------------------------------------------------------

TOPICS = [Topic("bell", "bells", 2.0), Topic("church tower", "church tower", 1.0)]


def test_topics_and_points_are_kept_and_removed_with_their_document(library: Library) -> None:
    made = document("a", "The bell was cast in 1740.")
    library.put(made, chunks(made), topics=TOPICS)
    library.overviews.put_points("a", made.digest, [Span("a", 4, 8)])
    assert library.overviews.topics("a") == TOPICS
    assert library.overviews.points("a") == [Span("a", 4, 8)]
    library.put(made, chunks(made), topics=TOPICS[:1])
    assert library.overviews.topics("a") == TOPICS[:1]
    assert library.overviews.points("a") is None
    library.remove("a")
    assert library.overviews.topics("a") == []
    assert library.overviews.common_topics(9) == []


def test_what_was_chosen_of_an_earlier_version_is_not_kept(library: Library) -> None:
    old = document("a", "The bell was cast in 1740.")
    new = put(library, "a", "It was sold.")
    library.overviews.put_topics("a", old.digest, TOPICS)
    library.overviews.put_topics("b", old.digest, TOPICS)
    assert library.overviews.topics("a") == []
    assert library.overviews.without_topics(9) == ["a"]
    library.overviews.put_topics("a", new.digest, TOPICS)
    library.overviews.put_points("a", old.digest, [Span("a", 0, 20)])
    assert library.overviews.points("a") is None


def test_a_topic_counts_its_documents_however_it_is_written(library: Library) -> None:
    for id, topics in (("a", TOPICS), ("b", [Topic("bell", "bell", 1.0)]), ("c", [])):
        made = document(id, f"Text {id}.")
        library.put(made, chunks(made), topics=topics)
    (_, most), *others = library.overviews.common_topics(9)
    assert (most, others) == (2, [("church tower", 1)])
    assert library.overviews.documents_with_topic("bells") == {"a", "b"}
    assert library.overviews.documents_with_topic("tower") == set()


def test_a_file_made_before_there_were_topics_is_read_and_gets_them(old_file: Path) -> None:
    with Library.open(old_file) as older:
        assert older.overviews.without_topics(9) == ["a"]
        assert older.overviews.points("a") is None
        older.overviews.put_topics("a", older.document("a").digest, TOPICS)
        assert older.overviews.topics("a") == TOPICS
        assert older.overviews.without_topics(9) == []
        assert older.overviews.without_points(9) == ["a"]
