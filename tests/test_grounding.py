"""A score is a chance: of the same bytes always the same, high for what the source says."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.checking import scorer as scorer_module
from rag.checking.features import NAMES, Features, Name
from rag.checking.scorer import (
    WEIGHTS,
    Scorer,
    Weight,
    Weights,
    least,
    load_scorer_weights,
    overall,
    sentences,
)
from rag.errors import ModelFileError
from rag.thresholds import CHECKING

STORM = (
    "The harbour of Lisbon closed on Tuesday after a storm damaged three cranes. Repairs will cost"
    " 4.5 million euros, the port authority said. No ship was lost. Officials hope to reopen the"
    " northern quay by Friday."
)
VERBATIM = sentences(STORM)
BANANAS = "Bananas are a good source of potassium and grow in warm countries."
OTHER = "The harbour of Bergen raised its fees, and two captains complained to the ministry."


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer()


# --- the shipped weights ----------------------------------------------------------------------


@pytest.mark.parametrize("text", VERBATIM)
def test_what_the_source_says_word_for_word_is_grounded(scorer: Scorer, text: str) -> None:
    assert scorer.score_claim(text, [STORM]) > scorer.threshold + 0.2
    assert scorer.score_worst_sentence(text, [STORM]) == scorer.score_claim(text, [STORM])


@pytest.mark.parametrize("text", VERBATIM)
def test_the_same_sentence_of_another_source_is_not(scorer: Scorer, text: str) -> None:
    assert scorer.score_claim(text, [BANANAS]) < scorer.threshold - 0.2
    assert scorer.score_claim(BANANAS, [text]) < scorer.threshold - 0.2


def test_a_changed_number_scores_less(scorer: Scorer) -> None:
    right = scorer.score_claim(VERBATIM[1], [STORM])
    assert scorer.score_claim(VERBATIM[1].replace("4.5", "9.5"), [STORM]) < right


def test_two_sentences_fused_score_less_than_each(scorer: Scorer) -> None:
    fused = "No ship was lost after a storm damaged the northern quay by Friday."
    assert scorer.score_claim(fused, [STORM]) < min(
        scorer.score_claim(text, [STORM]) for text in VERBATIM
    )


def test_an_invented_sentence_pulls_the_worst_down_below_the_threshold(scorer: Scorer) -> None:
    true = " ".join(VERBATIM[:2])
    invented = f"{true} The mayor resigned over bribes that he had taken from a bank."
    assert scorer.score_worst_sentence(true, [STORM]) > scorer.threshold
    assert scorer.score_worst_sentence(invented, [STORM]) < scorer.threshold
    assert scorer.score_text(true, [STORM]) > scorer.score_text(invented, [STORM])
    assert scorer.score_text(invented, [STORM]) > scorer.score_worst_sentence(invented, [STORM])


def test_the_worst_of_a_text_is_its_worst_sentence(scorer: Scorer) -> None:
    text = f"{VERBATIM[0]} {OTHER} {BANANAS}"
    each = [scorer.score_claim(sentence, [STORM]) for sentence in sentences(text)]
    assert len(each) == 3
    assert scorer.score_worst_sentence(text, [STORM]) == min(each)


def test_sources_that_say_nothing_of_it_leave_a_claim_grounded(scorer: Scorer) -> None:
    assert scorer.score_claim(VERBATIM[0], [BANANAS, STORM, OTHER]) > scorer.threshold


def test_what_is_said_after_a_hundred_other_sentences_is_found(scorer: Scorer) -> None:
    pages = [f"Ship number {n} sailed to port {n + 7}." for n in range(100)]
    source = " ".join([*pages, VERBATIM[2], *pages])
    assert len(sentences(source)) > CHECKING.max_source_sentences
    assert scorer.score_claim(VERBATIM[2], [source]) > scorer.threshold


# --- nothing to stand on ----------------------------------------------------------------------


@pytest.mark.parametrize("sources", [[], [""], ["", " \n\t"], ["..."], ["🎉 – ?!"]])
def test_without_a_word_in_the_sources_nothing_is_grounded(
    scorer: Scorer, sources: list[str]
) -> None:
    for score in (scorer.score_claim, scorer.score_text, scorer.score_worst_sentence):
        assert score(VERBATIM[0], sources) == 0
    assert scorer.log_odds(VERBATIM[0], sources) == []


@pytest.mark.parametrize("text", ["", " ", "...", "🎉", "?!\n—"])
def test_a_text_without_a_word_has_no_score(scorer: Scorer, text: str) -> None:
    for score in (scorer.score_claim, scorer.score_text, scorer.score_worst_sentence):
        assert score(text, [STORM]) == 0
    assert sentences(text) == []


def test_a_sentence_without_a_word_is_no_part_of_a_text(scorer: Scorer) -> None:
    starred = f"{VERBATIM[0]}\n\n***\n\n🎉"
    assert sentences(starred) == [VERBATIM[0]]
    plain = scorer.score_worst_sentence(VERBATIM[0], [STORM])
    assert scorer.score_worst_sentence(starred, [STORM]) == plain


# --- the same bytes, the same score -----------------------------------------------------------

PAIRS = [
    (claim, source)
    for claim in (*VERBATIM, BANANAS, OTHER, "No ship was lost. Bananas were.")
    for source in (STORM, OTHER, BANANAS)
]


def scores(scorer: Scorer, pair: tuple[str, str]) -> tuple[float, float, float]:
    claim, source = pair
    return (
        scorer.score_claim(claim, [source]),
        scorer.score_text(claim, [source]),
        scorer.score_worst_sentence(claim, [source]),
    )


@pytest.fixture(scope="module")
def expected() -> dict[tuple[str, str], tuple[float, float, float]]:
    return {pair: scores(Scorer(), pair) for pair in PAIRS}


def test_whatever_was_asked_before_in_whatever_order(
    expected: dict[tuple[str, str], tuple[float, float, float]],
) -> None:
    scorer = Scorer()
    for seed in range(2):
        order = list(PAIRS)
        Random(seed).shuffle(order)
        assert {pair: scores(scorer, pair) for pair in order} == expected


def test_a_claim_has_the_same_features_alone_and_among_others(scorer: Scorer) -> None:
    claims = [*VERBATIM, BANANAS, OTHER]
    together = Scorer().features(claims, [STORM, OTHER])
    for claim, found in zip(claims, together, strict=True):
        assert scorer.features([claim], [STORM, OTHER]) == [found]


def test_several_threads_get_the_same_scores_from_one_scorer(
    expected: dict[tuple[str, str], tuple[float, float, float]],
) -> None:
    scorer, wrong, done = Scorer(), list[object](), list[int]()

    def ask(seed: int) -> None:
        order = list(PAIRS)
        Random(seed).shuffle(order)
        wrong.extend(pair for pair in order if scores(scorer, pair) != expected[pair])
        done.append(seed)

    threads = [Thread(target=ask, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [0, 1, 2, 3]
    assert not wrong


# --- anything may be asked --------------------------------------------------------------------

_HARD = [
    "\ud800",
    "🎉",
    "👩‍👩‍👧",
    "\u202e",
    "\0",
    "\x1b[2J",
    "港口关闭",
    "ميناء",
    "पत्तन",
    "İ",
    "ﬁ",
    "½",
    "٣",
]
_Text = st.lists(
    st.one_of(
        st.sampled_from(_HARD),
        st.sampled_from("The ferry sank on Monday . 12% 1e999 not".split()),
        st.text(st.characters(), max_size=5),
    ),
    max_size=8,
).map(" ".join)


@settings(max_examples=40)
@given(_Text, st.lists(_Text, max_size=2))
def test_every_score_is_a_chance_whatever_is_asked(text: str, sources: Sequence[str]) -> None:
    for score in (_SHARED.score_claim, _SHARED.score_text, _SHARED.score_worst_sentence):
        assert 0 <= score(text, sources) <= 1


_SHARED = Scorer()  # reads nothing until it is asked


@pytest.mark.parametrize(
    "text",
    [
        "ferry " * 10_000,
        " ".join(f"word{n}" for n in range(10_000)),
        "x" * 60_000,
        "9" * 5_000,
        "🎉" * 10_000 + " ferry",
        "港" * 10_000,
        "\ud800" * 1_000 + "a",
    ],
    ids=["one word", "many words", "one long word", "digits", "emoji", "no spaces", "surrogates"],
)
def test_a_sentence_may_be_of_any_length(scorer: Scorer, text: str) -> None:
    for claim, source in ((text, STORM), (VERBATIM[0], text), (text, text)):
        assert 0 <= scorer.score_claim(claim, [source]) <= 1
    assert scorer.score_claim(text, [STORM]) < scorer.threshold


# --- from features to a score -----------------------------------------------------------------


def weights(**more: float) -> Weights:
    """Of `aligned` 2 for a spread of 0.5 around 0.5, and nothing else but what is given."""
    found: dict[Name, Weight] = {name: Weight(mean=0, spread=1, weight=0) for name in NAMES}
    found["aligned"] = Weight(mean=0.5, spread=0.5, weight=2, when_copied=more.get("copied", 0))
    found["copied"] = Weight(mean=0.5, spread=0.25, weight=0)
    return Weights(intercept=more.get("intercept", 0), threshold=0.5, features=found)


def found(aligned: float, copied: float = 0.5) -> Features:
    return dict.fromkeys(NAMES, 0.0) | {"aligned": aligned, "copied": copied}


def test_log_odds_are_worked_out_by_hand() -> None:
    assert weights().log_odds(found(0.5)) == 0
    assert weights(intercept=0.3).log_odds(found(1.0)) == pytest.approx(2.3)
    assert weights().log_odds(found(0.0)) == pytest.approx(-2)
    # copied 0.75 is one spread above the mean, so the weight is 2 - 1.5
    assert weights(copied=-1.5).log_odds(found(1.0, 0.75)) == pytest.approx(0.5)
    assert weights(copied=-1.5).log_odds(found(1.0, 0.5)) == pytest.approx(2)


def test_a_text_on_the_whole_is_the_mean_of_softened_chances() -> None:
    assert overall([0.0]) == 0.5
    assert overall([2.0, -2.0]) == 0.5
    assert overall([2.0]) == round(1 / (1 + math.exp(-1)), 4)
    assert overall([2.0, 0.0]) == round((1 / (1 + math.exp(-1)) + 0.5) / 2, 4)
    assert least([2.0, 0.0]) == 0.5
    assert least([2.0]) == round(1 / (1 + math.exp(-2)), 4)
    assert overall([]) == least([]) == 0


@given(st.lists(st.floats(allow_nan=False), max_size=5))
def test_any_log_odds_make_a_chance(odds: list[float]) -> None:
    assert 0 <= overall(odds) <= 1
    assert 0 <= least(odds) <= 1


# --- the file of weights ----------------------------------------------------------------------


def test_the_shipped_weights_are_whole() -> None:
    found = load_scorer_weights()
    assert tuple(found.features) == NAMES
    assert 0 < found.threshold < 1
    assert found == load_scorer_weights(WEIGHTS)
    assert Scorer().threshold == found.threshold


def shipped(**changes: Any) -> str:
    return json.dumps(json.loads(WEIGHTS.read_text("utf-8")) | changes)


def changed(name: str, **changes: Any) -> str:
    held = json.loads(WEIGHTS.read_text("utf-8"))["features"]
    return shipped(features=held | {name: held.get(name, held["runs"]) | changes})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{}",
        "[]",
        "null",
        "[" * 50_000,
        '{"schema": "footnote.eval/2", "cases": 3}',
        shipped(extra=1),
        shipped(threshold=1.5),
        shipped(threshold=None),
        shipped(features={}),
        shipped(features=[]),
        changed("aligned", weight="much"),
        changed("aligned", weight=float("nan")),
        changed("aligned", spread=0),
        changed("aligned", extra=0),
        changed("a feature of a later version"),
        shipped(features={"aligned": {"mean": 0, "spread": 1, "weight": 1}}),
    ],
)
def test_weights_that_are_damaged_or_foreign_are_told_with_their_remedy(
    text: str, tmp_path: Path
) -> None:
    file = tmp_path / "scorer.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ModelFileError) as caught:
        load_scorer_weights(file)
    assert caught.value.problem == "The fitted weights scorer.json are missing or damaged."
    assert "Reinstall Footnote" in caught.value.remedy


def test_weights_that_are_missing_or_no_text_are_told_too(tmp_path: Path) -> None:
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe{}")
    for name in ("none.json", "bytes.json", "."):
        with pytest.raises(ModelFileError, match="missing or damaged"):
            load_scorer_weights(tmp_path / name)


def test_a_scorer_without_its_weights_is_not_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def missing() -> Weights:
        return load_scorer_weights(tmp_path / "scorer.json")

    monkeypatch.setattr(scorer_module, "load_scorer_weights", missing)
    with pytest.raises(ModelFileError, match="missing or damaged"):
        Scorer()
