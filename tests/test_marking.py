"""What is marked in a source becomes a quote at exactly that place, or is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.cases import checked_row
from eval.reviewing.marking import (
    MAX_MARKED_CHARS,
    MarkingError,
    marked_span,
    quotes_of,
    with_point,
    without_point,
)
from rag.types import Document

TEXT = (
    "# The gate\n\nThe gate of Olm was built in 1611 😀. It has two towers. It is old.\n\n"
    "- one clock\n- two bells\n\nIt is old.\n"
)
GATE = Document.of("gate.md", "The gate", "gate.md", TEXT)


def mark(words: str, text: str = TEXT, *, sentences: bool = False) -> str:
    document = Document.of("gate.md", "The gate", "gate.md", text)
    start = text.index(words)
    span = marked_span(document, start, start + len(words), words, sentences=sentences)
    return text[span.start : span.end]


def fault(start: int, end: int, words: str, text: str = TEXT) -> str:
    document = Document.of("gate.md", "The gate", "gate.md", text)
    with pytest.raises(MarkingError) as caught:
        marked_span(document, start, end, words)
    return caught.value.fault


def test_exact_characters_are_kept_without_the_space_around_them() -> None:
    assert mark(" two towers. ") == "two towers."
    assert mark("1611 😀") == "1611 😀"


def test_a_mark_is_snapped_to_the_sentences_that_it_touches() -> None:
    assert mark("two tow", sentences=True) == "It has two towers."
    whole = mark("1611 😀. It", sentences=True)
    assert whole == "The gate of Olm was built in 1611 😀. It has two towers."
    assert mark("clock", sentences=True).endswith("one clock")


@pytest.mark.parametrize(
    ("start", "end", "words", "expected"),
    [
        (0, 5, "other", "elsewhere"),
        (-3, 2, "x", "elsewhere"),
        (5, 5, "", "elsewhere"),
        (0, 10**9, TEXT, "elsewhere"),
        (TEXT.index("\n\n"), TEXT.index("\n\n") + 2, "\n\n", "nothing"),
    ],
)
def test_a_mark_that_is_not_in_the_source_is_refused(
    start: int, end: int, words: str, expected: str
) -> None:
    assert fault(start, end, words) == expected


def test_words_that_stand_there_twice_point_at_no_place() -> None:
    start = TEXT.index("It is old.")
    assert fault(start, start + 10, "It is old.") == "several"


def test_a_whole_article_is_no_quote() -> None:
    text = "".join(f"Word {n}. " for n in range(2_000))
    assert fault(0, MAX_MARKED_CHARS + 3, text[: MAX_MARKED_CHARS + 3], text) == "too long"


@given(st.data(), st.text(min_size=1, max_size=80))
def test_whatever_is_marked_the_span_gives_the_quote(data: st.DataObject, text: str) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    document = Document.of("a.txt", "A", "a.txt", text)
    for sentences in (False, True):
        try:
            span = marked_span(document, start, end, text[start:end], sentences=sentences)
        except MarkingError:
            continue
        quote = text[span.start : span.end]
        assert quote.strip() == quote
        assert len(re.findall(f"(?={re.escape(quote)})", text)) == 1
        assert sentences or quote == text[start:end].strip()
        assert span.start < end
        assert start < span.end


# --- key points -------------------------------------------------------------------------------


def line(*points: tuple[str, bool], **more: Any) -> dict[str, Any]:
    rows: list[dict[str, Any]] = [
        {"quotes": [{"document_id": "gate.md", "quote": quote}]}
        | ({"optional": True} if optional else {})
        for quote, optional in points
    ]
    required = [row["quotes"][0] for row in rows if not row.get("optional")]
    return {
        "id": "a", "question": "A?", "answerable": True, "points": rows, "evidence": required,
        **more,
    }  # fmt: skip


def quotes(found: dict[str, Any]) -> list[str]:
    return [each["quote"] for point in quotes_of(found) for each in point]


def test_a_quote_takes_the_place_of_a_key_point_and_evidence_follows() -> None:
    found = with_point(line(("one", False), ("two", True)), "b.md", "new", 0)
    assert quotes(found) == ["new", "two"]
    assert found["evidence"] == [{"document_id": "b.md", "quote": "new"}]
    assert [row.get("optional", False) for row in found["points"]] == [False, True]
    assert with_point(found, "b.md", "newer", 1)["points"][1]["optional"] is True
    checked_row(found)


def test_a_quote_is_added_once() -> None:
    found = with_point(line(("one", False)), "gate.md", "two")
    assert quotes(found) == ["one", "two"]
    assert with_point(found, "gate.md", "two") == found


def test_a_case_without_key_points_has_its_evidence_in_their_place() -> None:
    case = line(gold=["20"])
    case = case | {"evidence": [{"document_id": "gate.md", "quote": "one"}]}
    del case["points"]
    found = with_point(case, "gate.md", "two")
    assert quotes(found) == ["one", "two"]
    assert quotes(without_point(found, 0)) == ["two"]
    assert "points" not in found


def test_a_key_point_is_removed_with_its_evidence() -> None:
    found = without_point(line(("one", False), ("two", False)), 0)
    assert (quotes(found), len(found["evidence"])) == (["two"], 1)
    with pytest.raises(IndexError):
        without_point(found, 5)
