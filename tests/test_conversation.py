"""What is said to a greeting and about a declined question, and which questions are offered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.answering.conversation import explain_decline, reply, suggest_questions
from rag.ingest.suggestions import suggest
from rag.store.documents import Library
from rag.types import Chunk, Document, Passage, Span

BELLS = "The Corvin Bell was cast in 1740. Nobody knows why. “I do,” said Ida Brandel, a smith."
MILLS = "The mill of Marlow was closed because the stones were worn."
PLAIN = "Nothing here has the form of an answer."


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "library.db") as opened:
        add(opened, "bells", BELLS, "2020-01-01")
        add(opened, "mills", MILLS, "2021-01-01")
        add(opened, "plain", PLAIN, None)
        yield opened


def add(library: Library, id: str, text: str, published: str | None) -> None:
    document = Document.of(id, f"About {id}", f"/{id}", text, published)
    library.put(document, [Chunk.of(document, 0, len(text))], suggest(document))


def near(id: str, start: int, end: int) -> Passage:
    return Passage(1, Span(id, start, end), "", f"About {id}", f"/{id}", 1.0)


def test_a_greeting_is_answered_with_what_can_be_asked(library: Library) -> None:
    assert "questions about 3 articles" in reply("hello", library)
    assert reply("many thanks!", library).startswith("You are welcome.")


def test_each_document_suggests_one_question_first_the_newest_before_the_others(
    library: Library,
) -> None:
    assert suggest_questions(library) == (
        "Why was the mill of Marlow closed?",
        "When was the Corvin Bell cast?",
        "What is “About plain” about?",
    )
    assert suggest_questions(library, limit=1) == ("Why was the mill of Marlow closed?",)


def test_the_documents_and_units_of_the_nearest_passages_suggest_first(library: Library) -> None:
    smith = near("bells", BELLS.index("“I do"), len(BELLS))
    assert suggest_questions(library, [smith])[0] == "What did Ida Brandel say?"


def test_the_declined_question_is_not_suggested(library: Library) -> None:
    declined = "Why was the mill of Marlow closed?"
    assert declined not in suggest_questions(library, limit=9, declined=declined)


def test_nothing_indexed_suggests_nothing(tmp_path: Path) -> None:
    with Library.open(tmp_path / "empty.db") as empty:
        assert suggest_questions(empty) == ()


def test_a_decline_says_what_was_looked_for_and_where_the_nearest_passages_are_from() -> None:
    passages = [near("bells", 0, 9), near("bells", 10, 19), near("mills", 0, 9)]
    assert explain_decline("not stated", "who rang it?", passages) == (
        "No passage of the articles was found that states it. Looked for: “who rang it?”."
        " The nearest passages are from “About bells” and “About mills”."
    )
    assert explain_decline("nothing retrieved", "gnu?") == (
        "Nothing in the articles matches the question. Looked for: “gnu?”."
    )
