"""The rules of the values that everything else passes around."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.types import Chunk, Citation, Claim, Document, Span

CLAIM = "A 20% rate applies."


def spans(document_id: str = "a") -> st.SearchStrategy[Span]:
    ends = st.tuples(st.integers(0, 12), st.integers(0, 12)).map(sorted)
    return ends.map(lambda pair: Span(document_id, pair[0], pair[1]))


def characters(span: Span) -> set[int]:
    return set(range(span.start, span.end))


# --- spans ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (4, 3), (-2, -1)])
def test_a_span_that_runs_backwards_or_before_the_text_is_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="not a span"):
        Span("a", start, end)


def test_a_span_is_as_long_as_its_characters() -> None:
    assert len(Span("a", 3, 8)) == 5
    assert len(Span("a", 3, 3)) == 0


@given(one=spans(), other=spans())
def test_spans_overlap_when_they_share_a_character(one: Span, other: Span) -> None:
    shared = bool(characters(one) & characters(other))
    if len(one) and len(other):
        assert one.overlaps(other) == shared
    assert one.overlaps(other) == other.overlaps(one)


@given(one=spans(), other=spans())
def test_a_span_contains_what_has_no_character_outside_it(one: Span, other: Span) -> None:
    if len(other):
        assert one.contains(other) == (characters(other) <= characters(one))
    assert one.contains(one)


@given(one=spans("a"), other=spans("b"))
def test_spans_of_two_documents_have_nothing_in_common(one: Span, other: Span) -> None:
    assert not one.overlaps(other)
    assert not one.contains(other)


def test_spans_that_only_touch_do_not_overlap() -> None:
    assert not Span("a", 0, 5).overlaps(Span("a", 5, 9))


def test_spans_sort_by_document_and_place() -> None:
    some = [Span("b", 0, 1), Span("a", 5, 9), Span("a", 0, 9), Span("a", 0, 2)]
    assert sorted(some) == [Span("a", 0, 2), Span("a", 0, 9), Span("a", 5, 9), Span("b", 0, 1)]


def test_values_do_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Span("a", 0, 1).end = 2  # type: ignore[misc]


# --- documents and chunks ---------------------------------------------------------------------


@pytest.mark.parametrize("odd", ["\ud800", "a\udfffb", "\udc80\ud800"])
def test_a_lone_surrogate_becomes_something_that_can_be_stored(odd: str) -> None:
    document = Document.of(f"{odd}.txt", f"Title {odd}", f"/x/{odd}", f"Text {odd}.")
    for text in (document.id, document.title, document.source, document.text):
        assert "\ufffd" in text
        text.encode("utf-8")


def test_a_pair_of_surrogates_can_be_stored_too() -> None:
    text = Document.of("a", "t", "s", "\ud83d\ude42").text
    assert text.encode("utf-8").decode() == text


@given(text=st.text(), title=st.text())
def test_any_other_text_is_kept_as_it_is(text: str, title: str) -> None:
    document = Document.of("a", title, "s", text)
    assert (document.title, document.text) == (title, text)


def test_a_digest_depends_on_title_and_text_alone() -> None:
    digest = Document.of("a", "Title", "s", "Text").digest
    assert Document.of("b", "Title", "elsewhere", "Text", "2025-05-02").digest == digest
    assert (
        len(
            {
                digest,
                *(
                    Document.of("a", t, "s", x).digest
                    for t, x in [("Title", "Text."), ("Titl", "eText"), ("TitleT", "ext")]
                ),
            }
        )
        == 4
    )
    assert len(digest) == 64


def test_a_chunks_id_is_that_of_its_document_version_and_place() -> None:
    document = Document.of("a", "Title", "s", "Some text.")
    chunk = Chunk.of(document, 0, 4)
    assert chunk == Chunk.of(document, 0, 4)
    assert chunk.span == Span("a", 0, 4)
    others = [
        Chunk.of(document, 0, 5),
        Chunk.of(document, 1, 4),
        Chunk.of(Document.of("b", "Title", "s", "Some text."), 0, 4),
        Chunk.of(Document.of("a", "Title", "s", "Some text!"), 0, 4),
    ]
    assert len({chunk.id, *(other.id for other in others)}) == 5


# --- claims -----------------------------------------------------------------------------------


def citation(number: int) -> Citation:
    return Citation(number, Span("a", 0, 3), "abc")


@pytest.mark.parametrize(
    ("numbers", "marked"),
    [
        ([], CLAIM),
        ([1], f"{CLAIM} [1]"),
        ([1, 3], f"{CLAIM} [1][3]"),
        ([3, 1, 3, 1], f"{CLAIM} [3][1]"),
    ],
)
def test_a_claim_is_marked_once_for_each_passage_it_cites(numbers: list[int], marked: str) -> None:
    assert Claim(CLAIM, tuple(map(citation, numbers))).marked() == marked


def test_a_claim_is_unchecked_until_it_is_checked() -> None:
    assert Claim(CLAIM).support == "unchecked"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("See ![x](https://a.example/p.png).", r"See !\[x](https\://a.example/p.png). [1]"),
        ("See [the list][2] and [1].", r"See \[the list][2] and [1]. [1]"),
        ("<img src=x> is an image, 3 < 4.", r"\<img src=x> is an image, 3 < 4. [1]"),
        ("Prices [in crowns] rose (twice).", "Prices [in crowns] rose (twice). [1]"),
    ],
)
def test_what_a_source_says_never_becomes_a_link_a_picture_or_html(text: str, shown: str) -> None:
    cited = Citation(1, Span("a", 0, 1), "x")
    assert Claim(text, (cited,)).marked() == shown
