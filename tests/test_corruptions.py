"""Do known-bad answers score low?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from eval.cases import Case, load_cases
from eval.scorer import corrupted_answers
from eval.scorer.corrupted_answers import CorruptedAnswer
from rag.checking.verdict import check_claim
from rag.types import Answer, Support

KINDS = {
    "number changed", "name changed", "negated", "citation shifted", "citation to another article",
    "answer to another question", "merged facts", "sentence invented",
}  # fmt: skip

ARTICLES = corrupted_answers.seed_articles()
Right = list[tuple[Case, Answer]]


@pytest.fixture(scope="module")
def right() -> Right:
    cases = load_cases(corrupted_answers.GOLDEN, ARTICLES.__getitem__)
    return corrupted_answers.right_answers(cases, ARTICLES)


@pytest.fixture(scope="module")
def bad(right: Right) -> list[CorruptedAnswer]:
    return [each for seed in range(3) for each in corrupted_answers.corrupt(right, ARTICLES, seed)]


def test_a_right_answer_cites_its_evidence(right: Right) -> None:
    assert len(right) >= 80
    for case, answer in right:
        spans = [c.span for claim in answer.claims for c in claim.citations]
        assert all(any(e.overlaps(s) for s in spans) for e in case.evidence)


def test_every_citation_is_the_text_of_its_span(bad: list[CorruptedAnswer]) -> None:
    for each in bad:
        for claim in each.answer.claims:
            for c in claim.citations:
                assert ARTICLES[c.span.document_id][c.span.start : c.span.end] == c.quote
                assert each.answer.passages[c.number - 1].span.document_id == c.span.document_id


def test_every_kind_is_made_and_differs_from_the_right_answer(
    right: Right, bad: list[CorruptedAnswer]
) -> None:
    assert {each.kind for each in bad} == KINDS
    claims = {claim for _, answer in right for claim in answer.claims}
    assert all(each.answer.claims[each.index] not in claims for each in bad)


def test_a_shifted_citation_is_next_to_the_right_one_and_no_evidence(
    right: Right, bad: list[CorruptedAnswer]
) -> None:
    cases = {case.question: case for case, _ in right}
    for each in (each for each in bad if each.kind == "citation shifted"):
        (citation,) = each.answer.claims[0].citations
        evidence = cases[each.answer.question].evidence
        assert not any(citation.span.overlaps(e) for e in evidence)
        assert each.answer.claims[0].text != citation.quote


def test_the_same_seed_gives_the_same_answers(right: Right) -> None:
    once, again = (list(corrupted_answers.corrupt(right, ARTICLES, 4)) for _ in range(2))
    assert once == again


def test_bad_answers_are_detected_and_right_ones_are_not() -> None:
    rates = corrupted_answers.detection_rates(check_claim)
    assert rates.pop("right answers").caught == 0
    assert set(rates) == KINDS
    assert {kind: rate for kind, rate in rates.items() if rate.caught < rate.n} == {}


def test_a_check_that_believes_everything_detects_nothing() -> None:
    @dataclass(frozen=True)
    class Believed:
        support: Support = "supported"

    def believe(claim: str, quotes: Sequence[str], around: str) -> Believed:
        assert claim
        assert quotes
        return Believed()

    rates = corrupted_answers.detection_rates(believe)
    assert {rate.caught for rate in rates.values()} == {0}
