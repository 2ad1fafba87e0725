"""Which key points an answer makes: by its citations, or in its own words."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.benchmarks.cited_sentences import cited_sentences
from eval.broad import key_points
from eval.broad.questions import BroadQuestion
from eval.key_points import (
    AnswerContent,
    KeyPoint,
    Quote,
    content_of,
    is_cited,
    is_made,
    is_stated,
)
from rag import split_sentences
from rag.types import Answer, Citation, Claim, Span

LAKE = "The lake is 214 metres deep. It was lowered by 2.1 metres in 1911. Pike eat the whitefish."
MOOR = "The moor is wet. Cranes rest there in October on their way south."
TEXTS = {"lake.md": LAKE, "moor.md": MOOR}
SENTENCES = {
    id: [Span(id, start, end) for start, end in split_sentences(text)] for id, text in TEXTS.items()
}


def span(quote: str, id: str = "lake.md") -> Span:
    start = TEXTS[id].index(quote)
    return Span(id, start, start + len(quote))


def point(*quotes: str, id: str = "lake.md", optional: bool = False) -> KeyPoint:
    return KeyPoint(tuple(Quote(span(quote, id), quote) for quote in quotes), optional)


DEEP = point("The lake is 214 metres deep")
LOWERED = point("It was lowered by 2.1 metres in 1911")
CRANES = point("Cranes rest there in October", id="moor.md")


def question(*points: KeyPoint, about: Sequence[str] = ()) -> BroadQuestion:
    return BroadQuestion("q", "fact", "What?", points, about=frozenset(about))


def citing(*spans: Span) -> AnswerContent:
    return AnswerContent(cited=spans)


def saying(*sentences: str) -> AnswerContent:
    return AnswerContent(sentences=sentences)


# --- a point ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "made"),
    [(26, True), (17, True), (16, False)],  # of 27 characters: all but one, 63 %, 59 %
)
def test_a_point_is_made_by_a_citation_of_most_of_it(length: int, made: bool) -> None:
    assert len(DEEP.quotes[0].text) == 27
    assert is_made(DEEP, citing(Span("lake.md", 0, length))) is made


def test_citations_cover_a_point_together_but_not_by_repeating_each_other() -> None:
    halves = Span("lake.md", 0, 14), Span("lake.md", 14, 27)
    assert not is_cited(DEEP, halves[:1])
    assert not is_cited(DEEP, [halves[0]] * 3)
    assert is_cited(DEEP, halves)


def test_the_same_characters_of_another_document_are_another_place() -> None:
    assert not is_cited(DEEP, [Span("moor.md", 0, 27)])


def test_any_place_that_states_a_point_will_do() -> None:
    either = KeyPoint(DEEP.quotes + CRANES.quotes)
    assert is_cited(either, [span("Cranes rest there in October", "moor.md")])


@pytest.mark.parametrize(
    ("said", "made"),
    [
        ("In 1911 the lake was lowered by 2.1 metres.", True),
        ("In 1912 the lake was lowered by 2.1 metres.", False),
        ("In 1911 something happened to its 2.1 metres.", False),  # "lowered" is missing
        ("It was lowered.", False),
    ],
)
def test_a_point_is_stated_by_a_sentence_with_its_numbers_and_most_of_its_words(
    said: str, made: bool
) -> None:
    assert is_made(LOWERED, saying(said)) is made


def test_words_scattered_over_sentences_state_nothing() -> None:
    assert not is_stated(LOWERED, ["It was lowered.", "By 2.1 metres.", "In 1911."])


def test_a_point_of_a_single_word_is_not_stated_by_that_word() -> None:
    assert not is_stated(point("Pike"), ["A pike is a fish."])
    assert is_cited(point("Pike"), [span("Pike eat the whitefish.")])


# --- an answer --------------------------------------------------------------------------------


def test_recall_counts_required_points_only() -> None:
    asked = question(DEEP, LOWERED, point("Pike eat the whitefish", optional=True))
    assert key_points.point_recall(asked, citing(span("The lake is 214 metres deep."))) == 0.5
    assert key_points.point_recall(asked, citing(span("Pike eat the whitefish."))) == 0
    assert key_points.point_recall(question(), citing(span("Pike"))) is None


def test_recall_in_words_leaves_citations_aside() -> None:
    content = AnswerContent((span(LAKE),), ("It was lowered by 2.1 metres in 1911.",))
    asked = question(DEEP, LOWERED)
    assert key_points.point_recall(asked, content) == 1
    assert key_points.stated_recall(asked, content) == 0.5


def test_precision_counts_cited_sentences_once_each() -> None:
    asked = question(DEEP, point("Pike eat", optional=True))
    cited = citing(span("214 metres deep"), span("The lake is 214"), span("Pike eat the whitefish"))
    assert key_points.point_precision(asked, cited, SENTENCES) == 1
    strays = citing(
        *cited.cited, span("The moor is wet.", "moor.md"), span("It was lowered by 2.1")
    )
    assert key_points.point_precision(asked, strays, SENTENCES) == 0.5
    assert key_points.point_precision(asked, citing(), SENTENCES) is None


def test_each_sentence_of_what_is_to_be_summarised_is_to_the_point() -> None:
    content = citing(span("Pike eat the whitefish."), span("The moor is wet.", "moor.md"))
    asked = question(DEEP, about=["lake.md"])
    assert key_points.point_precision(asked, content, SENTENCES) == 0.5


def answer(status: str, *claims: Claim) -> Answer:
    text = "\n".join(claim.marked() for claim in claims)
    return Answer("What?", text, claims, (), status, None, "model")  # type: ignore[arg-type]


def test_an_answer_is_read_without_its_markers() -> None:
    cited = Citation(1, span("The lake is 214 metres deep."), "The lake is 214 metres deep.")
    told = content_of(answer("answered", Claim("It is 214 metres deep.", (cited,)), Claim("So.")))
    assert told.cited == (cited.span,)
    assert told.sentences == ("It is 214 metres deep.", "So.")


def test_what_a_declined_answer_shows_counts_for_nothing() -> None:
    cited = Citation(1, span("The lake is 214 metres deep."), "The lake is 214 metres deep.")
    assert content_of(answer("declined", Claim("It is deep.", (cited,)))) == AnswerContent()


# --- cited sentences --------------------------------------------------------------------------


def test_a_clause_counts_for_its_sentence_and_a_stray_character_for_nothing() -> None:
    first, second, third = SENTENCES["lake.md"]
    assert cited_sentences([span("deep")], SENTENCES["lake.md"]) == {first}
    across = Span("lake.md", first.start, second.start + 2)
    assert cited_sentences([across], SENTENCES["lake.md"]) == {first}
    assert cited_sentences([span(LAKE)], SENTENCES["lake.md"]) == {first, second, third}
    assert cited_sentences([Span("lake.md", 3, 3)], SENTENCES["lake.md"]) == set()


@given(st.integers(0, len(LAKE)), st.integers(0, len(LAKE)))
def test_whoever_cites_more_makes_no_fewer_points(one: int, other: int) -> None:
    less = Span("lake.md", min(one, other), max(one, other))
    more = Span("lake.md", less.start // 2, len(LAKE))
    for each in (DEEP, LOWERED):
        assert is_cited(each, [more]) >= is_cited(each, [less])
