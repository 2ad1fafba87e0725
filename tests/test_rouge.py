"""ROUGE-L as the library rouge-score computes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.benchmarks.rouge import rouge_l

# What rouge-score 0.1.2 gives, with use_stemmer.
PUBLISHED = [
    ("testing one two", "testing", 0.5),
    ("The cats were sitting on the mats.", "A cat sat on the mat", 0.6153846153846154),
    ("Prices rose by 4.5 % in U.S. cities", "prices in the cities rising 4.5 percent", 6 / 17),
    ("relational generalizations flies", "relate generalization fly", 2 / 3),
    ("b a c", "a b c", 2 / 3),
    ("für Käse", "fur Kase", 0.0),
]


@pytest.mark.parametrize(("text", "reference", "score"), PUBLISHED)
def test_it_agrees_with_the_library(text: str, reference: str, score: float) -> None:
    assert rouge_l(text, [reference]) == pytest.approx(score)


def test_the_best_reference_counts() -> None:
    assert rouge_l("a lake", ["no", "a lake", "the lake is deep"]) == 1
    assert rouge_l("a lake", []) == 0
    assert rouge_l("", ["a lake"]) == 0


@given(st.text(alphabet="ab c", max_size=20), st.text(alphabet="ab c", max_size=20))
def test_it_is_a_share_and_takes_no_side(one: str, other: str) -> None:
    score = rouge_l(one, [other])
    assert 0 <= score <= 1
    assert score == rouge_l(other, [one])
