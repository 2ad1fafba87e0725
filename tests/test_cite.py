"""Which characters of the passages carry each sentence of the reply?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rag.checking import citations
from rag.checking.citations import parse_reply
from rag.text.sentences import needs_context, split_sentences
from rag.types import Passage, Span

SEEDS = Path(__file__).parent.parent / "seeds"
WORDS = "The ferry left Oslo at 9 on Monday. It carried 40 cars, and “nobody” was late! U.S. Why?"

prose = st.lists(st.sampled_from(WORDS.split()), max_size=60).map(" ".join)
replies = st.text(alphabet="ab.A 1[]2,3【】^\n ", max_size=120) | prose


def passage(text: str, number: int = 1, document: str = "a", start: int = 0) -> Passage:
    return Passage(
        number, Span(document, start, start + len(text)), text, "Title", "source", score=1.0
    )


LIST_MARK = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s|^\s*#|\*\*", re.MULTILINE)


@given(st.lists(prose, min_size=1, max_size=4), replies)
def test_every_quote_is_the_text_at_its_span(texts: list[str], reply: str) -> None:
    whole = "\n".join(texts)
    at, passages = 0, []
    for number, text in enumerate(texts, 1):
        passages.append(passage(text, number, start=at))
        at += len(text) + 1
    candidates = citations.candidate_sentences(passages)
    for draft in citations.parse_reply(reply, len(texts))[0]:
        for found in citations.find_citations(draft.text, draft.numbers, candidates):
            span = found.citation.span
            assert whole[span.start : span.end] == found.citation.quote
            assert passages[found.number - 1].span.contains(span)


@given(replies, st.integers(0, 3))
def test_read_loses_and_invents_nothing_but_markers(reply: str, passages: int) -> None:
    assume(not LIST_MARK.search(reply))
    drafts, _ = citations.parse_reply(reply, passages)
    kept = "".join("".join(draft.text.split()) for draft in drafts)
    without = re.sub(r"[\[【]\s?\^?\d{1,4}(?:\s?[,;–-]\s?\d{1,4})*\s?[\]】]", "", reply)
    assert kept == "".join(without.split())


@given(st.lists(st.integers(0, 9), max_size=6), st.integers(0, 5))
def test_markers_out_of_range_are_counted_and_never_used(marks: list[int], passages: int) -> None:
    reply = "It rained" + "".join(f"[{n}]" for n in marks) + "."
    drafts, dropped = citations.parse_reply(reply, passages)
    assert dropped == sum(not 1 <= n <= passages for n in marks)
    assert drafts[0].numbers == {n for n in marks if 1 <= n <= passages}


@pytest.mark.parametrize(
    ("reply", "numbers"),
    [
        ("It rained. [1] It snowed. [2]", [{1}, {2}]),
        ("It rained [1, 2]. It snowed [3].", [{1, 2}, {3}]),
        ("It rained.【2】", [{2}]),
        ("It rained [^3].", [{3}]),
        ("It rained.", [set()]),
        ("It rained in [sic] May [1].", [{1}]),
    ],
)
def test_markers_belong_to_the_sentence_before_them(reply: str, numbers: list[set[int]]) -> None:
    assert [set(draft.numbers) for draft in citations.parse_reply(reply, 3)[0]] == numbers


@pytest.mark.parametrize("path", sorted(SEEDS.glob("*.txt")), ids=lambda path: path.name)
def test_a_sentence_of_the_source_is_anchored_to_itself(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    candidates = citations.candidate_sentences([passage(text)])
    for start, end in split_sentences(text):
        found = citations.find_citations(text[start:end], frozenset(), candidates)
        assert found[0].citation.span == Span("a", start, end)


def test_a_repeated_sentence_is_found_inside_the_given_passages() -> None:
    line = "The bridge opened in 1932."
    whole = f"{line} Much later it closed. {line}"
    second = whole.rindex(line)
    candidates = citations.candidate_sentences([passage(line, start=second)])
    found = citations.find_citations(line, frozenset({1}), candidates)
    assert found[0].citation.span == Span("a", second, second + len(line))


def test_the_passage_that_the_model_named_wins_a_tie() -> None:
    texts = ["The bridge opened in 1932.", "The bridge opened in 1932."]
    candidates = citations.candidate_sentences(
        [passage(t, n, f"d{n}") for n, t in enumerate(texts, 1)]
    )
    for number in (1, 2):
        found = citations.find_citations(
            "The bridge opened in 1932.", frozenset({number}), candidates
        )
        assert found[0].number == number


def test_a_sentence_that_leans_brings_the_one_that_says_what_it_leans_on() -> None:
    text = "The Harbour Bridge is old. It opened in 1932."
    found = citations.find_citations(
        "The Harbour Bridge opened in 1932.", frozenset(), _candidates(text)
    )
    assert [each.citation.quote for each in found] == [
        "It opened in 1932.",
        "The Harbour Bridge is old.",
    ]


def test_a_sentence_before_that_adds_nothing_is_not_cited() -> None:
    text = "Rain fell on Tuesday. It opened in 1932."
    found = citations.find_citations("It opened in 1932.", frozenset(), _candidates(text))
    assert [each.citation.quote for each in found] == ["It opened in 1932."]


@pytest.mark.parametrize("claim", ["Bananas are yellow.", "", "It is so.", "?"])
def test_nothing_is_cited_for_what_resembles_nothing(claim: str) -> None:
    assert (
        citations.find_citations(claim, frozenset(), _candidates("The bridge opened in 1932."))
        == ()
    )
    assert citations.find_citations(claim, frozenset({1}), []) == ()


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("That was later raised to 5%.", True),
        ("“It is late,” she said.", True),
        ("But he disagreed.", True),
        ("The ministry added that talks would go on.", True),
        ("Thatcher resigned.", False),
        ("Sweden joined in 2024.", False),
    ],
)
def test_leans_knows_what_needs_the_sentence_before(sentence: str, expected: bool) -> None:
    assert needs_context(sentence) is expected


@pytest.mark.parametrize(
    "text", [" " * 50_000, "[1" * 20_000, "[1" + " ,1" * 20_000, "[1" + " " * 50_000]
)
def test_hostile_replies_are_read(text: str) -> None:
    drafts, dropped = citations.parse_reply(text, 1)
    assert dropped == 0
    assert all(draft.numbers <= {1} for draft in drafts)


def _candidates(text: str) -> list[citations.CandidateSentence]:
    return citations.candidate_sentences([passage(text)])


# --- lists in a reply -------------------------------------------------------------------------


def groups(reply: str) -> list[tuple[str | None, str, frozenset[int]]]:
    return [(each.group, each.text, each.numbers) for each in parse_reply(reply, 9)[0]]


def test_points_of_a_reply_keep_their_headings() -> None:
    reply = "They differ in age. [1]\n\n**The old mill**\n- Built in 1740. [2]\n* Of oak. [3]\n"
    reply += "## The new mill\n1. Built in 1990. [4]\n"
    assert groups(reply) == [
        (None, "They differ in age.", frozenset({1})),
        ("The old mill", "Built in 1740.", frozenset({2})),
        ("The old mill", "Of oak.", frozenset({3})),
        ("The new mill", "Built in 1990.", frozenset({4})),
    ]


def test_a_list_without_a_heading_is_a_list() -> None:
    assert [each[0] for each in groups("- One mill. [1]\n- Two mills. [2]")] == ["", ""]
    assert [each[0] for each in groups("One mill. [1] Two mills - both old. [2]")] == [None, None]


@given(st.text(alphabet="ab.*-#1) [1]\n", max_size=80))
def test_any_reply_can_be_read(reply: str) -> None:
    for group, text, numbers in groups(reply):
        assert text.strip()
        assert group is None or group == group.strip()
        assert numbers <= {1}
