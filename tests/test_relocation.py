"""A quote is found where it is now, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.store.documents import Library
from rag.store.relocation import Relocation, relocate, relocate_all
from rag.types import Citation, Document, Span
from tests.exports import RATE, SEIZED, cite, documents, put

NEW = "A paragraph that was added since.\n"
TWICE = "He said so.\n"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with Library.open(tmp_path_factory.mktemp("relocate") / "library.sqlite3") as opened:
        yield opened


def index_text(library: Library, text: str, id: str = "a.txt") -> None:
    put(library, Document.of(id, "A title", id, text))


def quoted(text: str, start: int, end: int, id: str = "a.txt") -> Citation:
    return Citation(1, Span(id, start, end), text[start:end])


def starts(found: list[Relocation]) -> list[int | None]:
    return [each.span.start if each.span else None for each in found]


def test_a_quote_of_an_unchanged_document_is_the_same(library: Library) -> None:
    report, _ = documents()
    put(library, report)
    citation = cite(report, RATE)
    assert relocate(citation, library) == Relocation("same", citation.span)


def test_a_quote_moves_with_a_paragraph_before_it(library: Library) -> None:
    report, _ = documents()
    index_text(library, NEW + report.text, report.id)
    citation = cite(report, RATE)
    found = relocate(citation, library)
    assert found.state == "moved"
    assert found.span is not None
    assert found.span.start == citation.span.start + len(NEW)
    assert library.text(found.span) == citation.quote


def test_only_exact_text_counts(library: Library) -> None:
    report, _ = documents()
    index_text(library, report.text.replace("a 20% rate", "a 25% rate"), report.id)
    assert relocate(cite(report, RATE), library) == Relocation("changed", None)
    assert relocate(cite(report, SEIZED), library).state == "same"


@pytest.mark.parametrize("id", ["gone.txt", "", "\ud800", "a\0b", "'; --"])
def test_a_document_that_is_not_there_is_gone(library: Library, id: str) -> None:
    assert relocate(Citation(1, Span(id, 0, 3), "abc"), library) == Relocation("gone", None)


def test_an_offset_beyond_the_text_finds_the_quote(library: Library) -> None:
    index_text(library, "one two")
    far = Citation(1, Span("a.txt", 10**30, 10**30 + 3), "two")
    assert relocate(far, library) == Relocation("moved", Span("a.txt", 4, 7))
    assert relocate(Citation(1, Span("a.txt", 9, 9), ""), library).state == "changed"


def test_a_span_whose_length_is_not_the_quotes_is_not_the_same(library: Library) -> None:
    index_text(library, "one two")
    found = relocate(Citation(1, Span("a.txt", 4, 6), "two"), library)
    assert found == Relocation("moved", Span("a.txt", 4, 7))


def test_the_nearest_of_several_occurrences_is_meant(library: Library) -> None:
    old = f"{TWICE}{'x' * 50}\n{TWICE}"
    index_text(library, "ab" + old)
    first, second = old.index(TWICE), old.rindex(TWICE)
    length = len(TWICE)
    assert starts([relocate(quoted(old, first, first + length), library)]) == [first + 2]
    assert starts([relocate(quoted(old, second, second + length), library)]) == [second + 2]


def test_neighbours_tell_which_of_several_occurrences_is_meant(library: Library) -> None:
    """The paragraph that was added is longer than the way from one occurrence to the other."""
    old = f"{TWICE}Then the rate rose.\n{TWICE}Then it fell.\n"
    added = "x" * 40 + "\n"
    index_text(library, added + old)
    second = quoted(old, old.rindex(TWICE), old.rindex(TWICE) + len(TWICE))
    fell = quoted(old, old.index("Then it fell."), len(old))
    right = (added + old).rindex(TWICE)
    assert starts([relocate(second, library)]) != [right]  # alone it cannot be known
    assert starts(relocate_all([second, fell], library))[0] == right
    assert starts(relocate_all([second], library, context=[fell])) == [right]


def test_a_passage_tells_which_of_several_occurrences_is_meant(library: Library) -> None:
    old = f"{TWICE}Then the rate rose.\n{TWICE}Then it fell.\n"
    new = "x" * 40 + "\n" + old.replace("it fell", "it sank")
    index_text(library, new)
    start = old.rindex(TWICE)
    passage = quoted(old, start - 10, start + len(TWICE))
    found = relocate_all([quoted(old, start, start + len(TWICE))], library, [passage])
    assert starts(found) == [new.rindex(TWICE)]


def test_each_occurrence_that_is_cited_keeps_its_place_among_them(library: Library) -> None:
    old = f"{TWICE}some words\n{TWICE}"
    new = "x" * 500 + old
    index_text(library, new)
    spans = [(0, len(TWICE)), (old.rindex(TWICE), len(old))]
    found = relocate_all([quoted(old, *span) for span in reversed(spans)], library)
    assert starts(found) == [new.rindex(TWICE), new.index(TWICE)]


def test_several_documents_are_looked_up_at_once(library: Library) -> None:
    index_text(library, "one two", "a.txt")
    index_text(library, "0 one", "b.txt")
    cited = [Citation(1, Span(id, 0, 3), "one") for id in ("b.txt", "none.txt", "a.txt", "b.txt")]
    states = [found.state for found in relocate_all(cited, library)]
    assert states == ["moved", "gone", "same", "moved"]
    assert relocate_all([], library) == []


def test_a_repetitive_text_takes_no_quadratic_time(library: Library) -> None:
    """The naive search backwards would compare each of these quotes at each of these places."""
    index_text(library, "a" * 2_000_000)
    quote = "a" * 20_000 + "b" + "a" * 20_000
    assert relocate(Citation(1, Span("a.txt", 10**6, 10**6 + 40_001), quote), library).span is None


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text("ab\n", max_size=30), st.text("ab\n", min_size=1, max_size=4), st.integers(0, 40))
def test_what_is_found_is_the_quote_and_nothing_is_nearer(
    library: Library, text: str, quote: str, start: int
) -> None:
    index_text(library, text)
    found = relocate(Citation(1, Span("a.txt", start, start + len(quote)), quote), library)
    ends = range(len(text) - len(quote) + 1)
    places = [place for place in ends if text[place : place + len(quote)] == quote]
    if found.span is None:
        assert found.state == "changed"
        assert not places
    else:
        assert library.text(found.span) == quote
        assert (found.state == "same") == (start in places)
        assert len(places) == 1 or found.span.start == min(places, key=lambda n: abs(n - start))
