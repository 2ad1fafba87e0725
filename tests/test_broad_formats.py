"""The set of formats holds together: each file is read, asked about, and has its quotes."""

from __future__ import annotations

import re

import pytest

from eval.broad.questions import FORMATS, BroadQuestion, load_questions
from rag.ingest.readers import FILE_SUFFIXES, read_file
from rag.text.language import language_of
from rag.types import Document

FILES = FORMATS / "files"


@pytest.fixture(scope="module")
def documents() -> dict[str, Document]:
    return {each.id: each for file in sorted(FILES.iterdir()) for each in read_file(file)}


@pytest.fixture(scope="module")
def questions(documents: dict[str, Document]) -> list[BroadQuestion]:
    """Loading checks that each quote stands in the text that the reader gives."""
    return load_questions(FORMATS / "questions.jsonl", lambda id: documents[id].text)


def test_there_is_a_file_of_each_kind_and_each_document_is_asked_about(
    documents: dict[str, Document], questions: list[BroadQuestion]
) -> None:
    assert {file.suffix for file in FILES.iterdir()} == set(FILE_SUFFIXES)
    assert {each.cluster for each in questions if each.points} == set(documents)
    assert len([each for each in questions if not each.points]) >= 3


def test_the_documents_are_in_eight_languages(documents: dict[str, Document]) -> None:
    texts = [each.text for each in documents.values()]
    assert {language_of(text) for text in texts} >= {"ar", "de", "en", "es", "fr", "ru"}
    assert sum("。" in text and not re.search("[ぁ-ヿ]", text) for text in texts) >= 3  # Chinese
    assert sum(bool(re.search("[ぁ-ヿ]", text)) for text in texts) >= 2  # Japanese


def test_the_files_are_small() -> None:
    assert sum(file.stat().st_size for file in FILES.iterdir()) < 500_000
