"""What is compared of a claim and its source, worked out by hand.

Here two tokens are alike only where they are the same word: its state is a direction of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.checking import features
from rag.checking.features import NAMES, AnalysedSentence, Name
from rag.models.token_embeddings import TokenEmbeddings

WORDS = "ferry harbour bridge tunnel castle museum garden market".split()
_PLACES = {word: place for place, word in enumerate(WORDS)}


def states_of(text: str) -> TokenEmbeddings:
    words = text.lower().replace(".", " ").replace(",", " ").split()
    vectors = np.zeros((len(words), 384), np.float32)
    for row, word in enumerate(words):
        vectors[row, _PLACES.setdefault(word, len(_PLACES))] = 1
    return TokenEmbeddings(vectors, np.ones(len(words), np.float32))


def read(text: str) -> AnalysedSentence:
    return features.analyse(text, states_of(text))


def found(claim: str, *source: str) -> dict[Name, float]:
    return features.features(read(claim), [read(text) for text in source])


def test_of_a_sentence_its_words_stems_and_numbers_are_read() -> None:
    made = read("The Ferries paid 1,200 euros, 4.5% more.")
    assert made.words == ("the", "ferries", "paid", "1,200", "euros", "4.5", "more")
    assert made.stems[:2] == ("ferri", "pay")
    assert made.numbers == {1200.0, 4.5}


def test_a_sentence_is_all_in_itself() -> None:
    text = "ferry harbour bridge 12 tunnel castle"
    assert found(text, text) == {
        "aligned": 1.0,
        "runs": 1.0,
        "pairs": 1.0,
        "copied": 1.0,
        "density": 6 / 30,
        "numbers": 1.0,
        "missing": 0.0,
        "meta": 0.0,
        "hard": 0.0,
        "soft": 0.0,
    }


def test_every_feature_is_there_under_its_name() -> None:
    assert tuple(found("ferry", "castle")) == NAMES


# --- likened ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claim", "source", "aligned"),
    [
        ("ferry harbour bridge", ["ferry bridge castle"], 2 / 3),
        ("ferry harbour", ["ferry castle", "harbour museum"], 1),
        ("ferry harbour bridge tunnel", ["ferry", "harbour", "bridge", "tunnel"], 3 / 4),
        ("ferry", ["castle"], 0),
    ],
)
def test_a_claim_is_aligned_with_at_most_three_sentences(
    claim: str, source: list[str], aligned: float
) -> None:
    assert found(claim, *source)["aligned"] == pytest.approx(aligned, abs=1e-4)


def test_no_sentence_is_taken_twice_though_the_first_is_enough() -> None:
    claim = read("ferry harbour")
    source = [read(text) for text in ("ferry castle", "ferry harbour", "", "museum")]
    likeness = claim.states.vectors @ np.concatenate([s.states.vectors for s in source]).T
    aligned, nearest = features._aligned(likeness, claim, source)
    assert aligned == pytest.approx(1)
    assert nearest == [1, 0, 3]


def test_a_token_counts_by_its_weight() -> None:
    claim = read("ferry harbour")
    claim.states.weights[:] = [3, 1]
    both = [features.features(claim, [read(text)])["aligned"] for text in ("ferry", "harbour")]
    assert both == pytest.approx([3 / 4, 1 / 4], abs=1e-4)


@pytest.mark.parametrize(
    ("claim", "source", "runs"),
    [
        ("ferry harbour bridge", "ferry harbour bridge castle", 1),
        ("ferry harbour bridge", "bridge harbour ferry", 1 / 3),
        ("ferry harbour bridge tunnel", "ferry harbour bridge castle", (1 + 2 / 3) / 2),
        ("ferry harbour", "harbour castle garden", 1 / 2),  # too short for three in a row
    ],
)
def test_runs_are_three_tokens_in_the_same_order(claim: str, source: str, runs: float) -> None:
    assert found(claim, source)["runs"] == pytest.approx(runs)


@pytest.mark.parametrize(("claim", "source"), [("...", "ferry"), ("ferry", "..."), ("", "")])
def test_a_sentence_without_a_token_is_like_none(claim: str, source: str) -> None:
    made = found(claim, source)
    assert (made["aligned"], made["runs"], made["copied"]) == (0, 0, 0)


# --- counted ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "pairs"),
    [
        (["ferry harbour"], 1),
        (["ferry castle harbour"], 0.9),
        (["harbour ferry"], 0.8),
        (["ferry castle museum garden market tunnel bridge harbour"], 0.5),
        (["ferry castle", "harbour museum"], 0.25),  # fused from two sentences
        (["ferry castle", "market", "harbour museum"], 0),
        (["ferry castle"], 0),
        (["ferry castle harbour", "ferry harbour"], 1),  # wherever they are nearest
    ],
)
def test_neighbours_of_the_claim_are_near_each_other_in_the_source(
    source: list[str], pairs: float
) -> None:
    assert found("ferry harbour", *source)["pairs"] == pytest.approx(pairs)


def test_the_weakest_pair_decides() -> None:
    source = ["ferry harbour bridge", "tunnel castle museum"]
    assert found("ferry harbour bridge", *source)["pairs"] == 1
    assert found("ferry harbour tunnel", *source)["pairs"] == 0.25
    # A single word has no neighbour: whether the source has it decides.
    assert found("ferry", "castle")["pairs"] == 0
    assert found("ferry", "castle ferry")["pairs"] == 1


_Sentence = st.lists(st.sampled_from(WORDS[:4]), max_size=7).map(" ".join)


@settings(max_examples=60)
@given(_Sentence, st.lists(_Sentence, min_size=1, max_size=3))
def test_places_and_runs_are_found_as_by_looking_at_all(claim: str, source: list[str]) -> None:
    made = found(claim, *source)
    assert made["pairs"] == pytest.approx(_plain_pairs(claim.split(), source))
    lengths = list(_plain_lengths(claim.split(), source))
    words = len(claim.split()) or 1
    assert made["density"] == pytest.approx(sum(n * n for n in lengths) / words / 30)
    assert made["copied"] == pytest.approx(sum(n for n in lengths if n >= 4) / words)


def _plain_pairs(words: Sequence[str], source: Sequence[str]) -> float:
    cut = [text.split() for text in source]
    where = [(s, place, word) for s, text in enumerate(cut) for place, word in enumerate(text)]
    least = 1.0 if len(words) != 1 or words[0] in " ".join(source).split() else 0.0
    for one, other in pairwise(words):
        best = 0.0
        for s, place, word in where:
            for t, there, another in where:
                if (word, another) == (one, other) and abs(s - t) <= 1:
                    near = 0.25 if s != t else 1 - 0.1 * min(abs(there - place - 1), 5)
                    best = max(best, near)
        least = min(least, best)
    return least


def _plain_lengths(words: Sequence[str], source: Sequence[str]) -> Iterator[int]:
    padded = [f" {text} " for text in source]
    at = 0
    while at < len(words):
        ends = range(at + 1, len(words) + 1)
        held = [e for e in ends if any(f" {' '.join(words[at:e])} " in text for text in padded)]
        if held:
            yield max(held) - at
        at = max([at + 1, *held])


def test_density_is_of_squares_and_only_long_runs_are_copied() -> None:
    claim = "ferry harbour bridge tunnel castle museum"
    made = found(claim, "ferry harbour bridge tunnel", "castle museum")
    assert made["density"] == pytest.approx((16 + 4) / 6 / 30)
    assert made["copied"] == pytest.approx(4 / 6)
    assert found("garden market", "ferry")["density"] == 0


def test_density_has_its_most() -> None:
    text = " ".join(WORDS * 6)  # 48 words in a row
    assert found(text, text)["density"] == 1


@pytest.mark.parametrize(
    ("claim", "numbers"),
    [
        ("ferry", 1),
        ("the ferry paid 12 euros", 1),
        ("the ferry paid twelve euros", 1),
        ("the ferry paid 13 euros", 0),
        ("the ferry paid 12 euros and 99 more", 1 / 2),
    ],
)
def test_numbers_are_the_share_that_the_source_states(claim: str, numbers: float) -> None:
    assert found(claim, "the ferry paid 12 euros", "castle 30")["numbers"] == numbers


def test_missing_counts_each_word_once_and_knows_its_other_forms() -> None:
    assert found("ferry castle castle museum", "ferry harbour")["missing"] == 2
    assert found("the tariffs ended", "a duty finished")["missing"] == 0
    assert found("it was so", "ferry")["missing"] == 0


@pytest.mark.parametrize(
    ("claim", "meta"),
    [
        ("The passages do not say who sank.", 1),
        ("I hope this helps!", 1),
        ("It is not mentioned.", 1),
        ("According to the minister, it sank.", 1),
        ("The ferry sank in a passageway.", 0),
        ("The ferry sank.", 0),
    ],
)
def test_meta_is_a_sentence_about_the_sources(claim: str, meta: float) -> None:
    assert found(claim, "The ferry sank.")["meta"] == meta


def test_what_the_rules_object_to_is_counted_by_its_weight() -> None:
    changed = found("The ferry sank on Monday.", "The ferry sank on Friday.")
    assert changed["hard"] >= 1
    hedged = found("The ferry sank.", "The ferry may have sunk.")
    assert (hedged["hard"], hedged["soft"] >= 1) == (0, True)


def test_a_word_said_thousands_of_times_takes_no_square_of_that() -> None:
    """Cubed, as it once was, this would not end."""
    text = "ferry harbour " * 1_000
    made = found(text, text + "castle")
    assert (made["pairs"], made["copied"]) == (1, 1)
