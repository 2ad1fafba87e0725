"""What a document and the library are about: quoted points, topics, and questions to ask next."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.answering.overviews import MAX_LISTED, MAX_POINTS, Overviews
from rag.assistant import Assistant
from rag.errors import NoSuchDocument
from rag.models.provider import NoModel
from rag.settings import load_settings
from rag.store.documents import Library
from rag.store.vectors import VectorStore
from rag.types import Answer, Citation, Claim, Embedder, Span

pytest_plugins = ["tests.seeds"]

MILL = """The mill of Marlow

The mill of Marlow was closed because the stones were worn. It had ground rye for two hundred years.
"The mill pond will be a park," said Ida Brandel, a surveyor. The mill pond was dug in 1740.
The Marlow Weir was rebuilt in 1911. Nobody knows who carved the door of the old house.
"""
BELL = """The bell of Corvin

The Corvin Bell was cast in 1740. It hangs above the mill pond, and the mill pond carries its sound.
"""


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "mill.txt").write_text(MILL)
    return folder


@pytest.fixture
def assistant(tmp_path: Path, embedder: Embedder, articles: Path) -> Iterator[Assistant]:
    settings = load_settings(data_dir=tmp_path / "data", model="none")
    library = Library.open(settings.library_path)
    vectors = VectorStore.open(tmp_path / "data" / "vectors", embedder.name)
    with Assistant(settings, library, vectors, embedder, NoModel(settings)) as opened:
        list(opened.index([articles]))
        yield opened


def answer(question: str, *spans: Span) -> Answer:
    claims = [Claim("x", (Citation(1, span, "x"),)) for span in spans]
    return Answer(question, "x", tuple(claims), (), "answered", None, "none")


def cited(text: str, words: str, document_id: str = "mill.txt") -> Span:
    start = text.index(words)
    return Span(document_id, start, start + len(words))


def test_a_document_is_summed_up_by_its_own_words(assistant: Assistant) -> None:
    found = assistant.overviews.of_document("mill.txt")
    assert 1 <= len(found.points) <= MAX_POINTS
    assert [each.span for each in found.points] == sorted(each.span for each in found.points)
    for point in found.points:
        assert assistant.library.text(point.span) == point.text
    assert "mill pond" in found.topics
    assert "Why was the mill of Marlow closed?" in found.questions
    with pytest.raises(NoSuchDocument):
        assistant.overviews.of_document("none.txt")


class Refusing:
    """An embedder that nobody may ask."""

    name, dimensions = "refusing", 2

    def embed(self, texts: list[str]) -> list[list[float]]:
        raise AssertionError(texts)


def test_points_are_chosen_once_and_after_indexing_for_a_few(assistant: Assistant) -> None:
    unasked = Overviews(assistant.library, Refusing())  # type: ignore[arg-type]
    assert unasked.of_document("mill.txt") == assistant.overviews.of_document("mill.txt")
    assert unasked.of_library().listed[0].point


def test_few_documents_are_listed_each_with_a_point(assistant: Assistant, articles: Path) -> None:
    (articles / "bell.txt").write_text(BELL)
    list(assistant.index([articles]))
    found = assistant.overviews.of_library()
    assert [each.title for each in found.listed] == ["The bell of Corvin", "The mill of Marlow"]
    assert all(each.point and each.point.text in MILL + BELL for each in found.listed)
    assert found.documents == 2
    assert ("mill pond", 2) in found.topics
    assert "When was the Corvin Bell cast?" in found.questions


def test_many_documents_are_counted_by_topic(assistant: Assistant, articles: Path) -> None:
    for number in range(MAX_LISTED):
        (articles / f"bell{number}.txt").write_text(BELL.replace("1740", str(1740 + number)))
    list(assistant.index([articles]))
    found = assistant.overviews.of_library()
    assert (found.documents, found.listed) == (MAX_LISTED + 1, ())
    assert ("mill pond", MAX_LISTED + 1) in found.topics
    assert all(documents > 1 for _, documents in found.topics)


def test_an_empty_library_is_about_nothing(tmp_path: Path, embedder: Embedder) -> None:
    with Library.open(tmp_path / "empty.db") as empty:
        found = Overviews(empty, embedder).of_library()
    assert (found.documents, found.listed, found.topics, found.questions) == (0, (), (), ())


def test_documents_of_an_older_version_get_topics_with_the_next_run(
    assistant: Assistant, articles: Path
) -> None:
    for table in ("topics", "overviews"):
        assistant.library.database.rows(f"DELETE FROM {table}")
    before = assistant.overviews.of_document("mill.txt")
    assert before.points
    assert before.topics == ()
    list(assistant.index([articles]))
    assert "mill pond" in assistant.overviews.of_document("mill.txt").topics


# --- questions to ask next ----------------------------------------------------------------------


def test_the_cited_documents_are_asked_what_the_answer_does_not_say(assistant: Assistant) -> None:
    given = answer("Why was the mill closed?", cited(MILL, "was closed because"))
    found = assistant.overviews.related_questions(given)
    assert set(found) >= {"What did Ida Brandel say?", "When was the Marlow Weir rebuilt?"}
    assert "Why was the mill of Marlow closed?" not in found


def test_what_was_asked_is_not_suggested_in_other_words(assistant: Assistant) -> None:
    given = answer("When was the Marlow weir rebuilt", cited(MILL, "It had ground rye"))
    found = assistant.overviews.related_questions(given, ["what did ida brandel say"])
    assert found
    assert not [each for each in found if "Weir" in each or "Brandel" in each]


def test_others_with_the_same_topic_are_asked_after_the_cited_ones(
    assistant: Assistant, articles: Path
) -> None:
    (articles / "bell.txt").write_text(BELL)
    list(assistant.index([articles]))
    asked = ["Why was the mill of Marlow closed?", "What did Ida Brandel say?"]
    given = answer("When was the Marlow Weir rebuilt?", cited(MILL, "rebuilt in 1911"))
    found = assistant.overviews.related_questions(given, asked)
    assert "When was the Corvin Bell cast?" in found


def test_a_source_that_is_gone_suggests_nothing(assistant: Assistant, articles: Path) -> None:
    given = answer("Why was the mill closed?", Span("gone.txt", 0, 9))
    assert assistant.overviews.related_questions(given) == ()
    shutil.rmtree(articles)
    assistant.remove("mill.txt")
    given = answer("Why was the mill closed?", cited(MILL, "was closed because"))
    assert assistant.overviews.related_questions(given) == ()


def test_a_source_that_is_removed_while_the_library_is_looked_at_is_left_out(
    assistant: Assistant, articles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (articles / "bell.txt").write_text(BELL)
    list(assistant.index([articles]))
    library = assistant.library
    known, recent = library.digests(), library.recent_ids(MAX_LISTED)
    assistant.remove("bell.txt")
    expected = assistant.overviews.of_library()
    monkeypatch.setattr(library, "digests", lambda: known)
    monkeypatch.setattr(library, "recent_ids", lambda _: recent)
    monkeypatch.setattr(library.overviews, "without_points", lambda _: recent)
    found = assistant.overviews.of_library()
    assert (found.listed, found.questions) == (expected.listed, expected.questions)
    assistant.overviews.complete()
    given = answer("When was the Corvin Bell cast?", cited(BELL, "was cast", "bell.txt"))
    assert assistant.overviews.related_questions(given) == ()
