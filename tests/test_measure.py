"""The card of the scorer that ships, from labelled sets, changed sentences and wrong answers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from eval.scorer import cached_features, corrupted_answers, evaluate
from eval.scorer.cached_features import CachingScorer
from eval.scorer.calibration import ALL_SETS
from eval.scorer.labelled_sets import LabelledError, LabelledSet, read_set
from eval.scorer.model_card import HELD_OUT, SET_LEFT_OUT
from eval.scorer.mutations.generate import Check, Rate, count_rates
from rag.checking.scorer import Scorer
from tests.labelled_sets import OIL, RAIN, put_all

ARTICLE = (
    f"{OIL} {RAIN} The port of Bergen raised its fees by 12% in March 2024, and Captain Nils Berg"
    " did not complain. The mayor of Oslo, Anna Lund, opened a new museum on Friday. The company"
    " sold 4.5 million tonnes of salmon to Poland last year."
)
WRONG = "answer: number changed"


def few_answers(check: Check, seed: int = 0) -> dict[str, Rate]:
    """Two right answers and two wrong ones, for some three hundred of each kind."""
    quote, changed = "Oil prices rose 4% on Monday.", WRONG.removeprefix("answer: ")
    told = [
        *[(corrupted_answers.RIGHT, text) for text in (quote, "Oil prices rose on Monday.")],
        *[(changed, quote.replace("4", each)) for each in "79"],
    ]
    return count_rates((kind, check(text, [quote], OIL).support) for kind, text in told)


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[LabelledSet]:
    """Five small sets below ``tmp_path / "sets"``, and one short article beside them."""
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "one.txt").write_text(ARTICLE, encoding="utf-8")
    monkeypatch.setattr(evaluate, "SEEDS", tmp_path / "seeds")
    monkeypatch.setattr(evaluate, "PER_KIND", 2)
    monkeypatch.setattr(corrupted_answers, "detection_rates", few_answers)
    return put_all(tmp_path / "sets")


def test_a_person_sees_every_set_with_held_out_rows_counts_and_targets(
    tmp_path: Path, sources: list[LabelledSet], capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate.evaluate_scorer(tmp_path / "sets", sources=sources) == 0
    shown = capsys.readouterr()
    told = " ".join(shown.out.split())
    for part in (
        "FRANK, CNN/DM",
        "WiCE",
        HELD_OUT,
        "ours, in-sample",
        SET_LEFT_OUT,
        "containment",
        "Calibration, by nested folds",
        "ms a claim at most 20",
        "number",
        WRONG,
        "answer: right answers",
        "at least 98: met",
    ):
        assert part in told
    assert "There are no held-out scores" not in told
    assert "Changed sentences and corrupted answers" in shown.err


def test_parts_that_were_kept_back_are_scored_by_what_ships(
    tmp_path: Path, sources: list[LabelledSet], capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(tmp_path / "sets" / "mtrag_human")
    assert evaluate.evaluate_kept_back(tmp_path / "sets") == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "Nothing was fitted or chosen on these texts." in told
    assert "ours, kept back" in told
    assert HELD_OUT not in told
    assert "MTRAG" not in told


def test_a_program_sees_the_same(
    tmp_path: Path, sources: list[LabelledSet], capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate.evaluate_scorer(tmp_path / "sets", as_json=True, sources=sources) == 0
    told = json.loads(capsys.readouterr().out)
    assert {section["ours"] for section in told["sections"]} == {HELD_OUT}
    copied, written = (section["rows"][0]["threshold"] for section in told["sections"][:2])
    weights = Scorer().weights
    assert (copied, written) == (weights.threshold_copied, weights.threshold_written)
    assert [*told["targets"][0]] == ["what", "bound", "wanted", "reached", "met"]


def test_a_set_that_is_missing_is_told_before_anything_is_scored(
    tmp_path: Path, sources: list[LabelledSet], capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(tmp_path / "sets" / "mtrag_human")
    with pytest.raises(LabelledError, match="mtrag_human"):
        evaluate.evaluate_scorer(tmp_path / "sets", sources=sources)
    assert capsys.readouterr().err == ""


def test_the_public_sets_themselves_are_asked_for(tmp_path: Path) -> None:
    put_all(tmp_path)  # far fewer texts than the sets hold
    with pytest.raises(LabelledError, match="frank_valid"):
        evaluate.evaluate_scorer(tmp_path)


def test_changed_sentences_are_caught_and_true_ones_are_not(sources: list[LabelledSet]) -> None:
    caught, alarms = evaluate.count_caught([ARTICLE])
    kinds = {kind: (n, of) for kind, n, of in caught}
    assert kinds["number"] == (2, 2)
    assert kinds[WRONG] == (2, 2)
    assert all(0 <= n <= of <= 2 for n, of in kinds.values())
    true = {kind: (n, of) for kind, n, of in alarms}
    assert true["verbatim"] == (0, 2)
    assert true[f"answer: {corrupted_answers.RIGHT}"] == (0, 2)
    assert not true.keys() & kinds.keys()


def test_calibration_is_told_for_all_sets_and_for_each(
    tmp_path: Path, sources: list[LabelledSet]
) -> None:
    sets = {each.name: read_set(each, tmp_path / "sets") for each in sources}
    rows, calibration = evaluate.held_out_rows(sets, CachingScorer())
    assert list(rows) == [HELD_OUT, SET_LEFT_OUT]
    assert all(set(row) == set(sets) for row in rows.values())
    assert calibration[0].name == ALL_SETS
    assert calibration[0].n == sum(each.n for each in calibration[1:])
    assert {each.name for each in calibration[1:]} <= set(sets)
    assert all(sum(bin.n for bin in each.bins) == each.n for each in calibration)
    wice = next(each for each in calibration if each.name == "wice_dev")
    assert (wice.n, wice.true) == (2, 0.5)


def test_features_are_kept_for_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = CachingScorer(tmp_path).features(["It fell."], ["It fell on Sunday."])
    monkeypatch.setattr(Scorer, "_read", lambda self, texts: pytest.fail("read again"))
    assert CachingScorer(tmp_path).features(["It fell."], ["It fell on Sunday."]) == first


def test_a_damaged_line_of_kept_features_is_made_again(tmp_path: Path) -> None:
    first = CachingScorer(tmp_path).features(["It fell."], ["It fell on Sunday."])
    (file,) = tmp_path.iterdir()
    for damaged in (file.read_bytes()[:40], b'["a", [[1, 2]]]', b"\xff\x00", b"[]", b'{"a": 1}'):
        file.write_bytes(damaged + b"\n")
        assert CachingScorer(tmp_path).features(["It fell."], ["It fell on Sunday."]) == first


def test_features_of_other_code_are_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    CachingScorer(tmp_path).features(["It fell."], ["It fell on Sunday."])
    monkeypatch.setattr(cached_features, "code_digest", lambda: "another")
    CachingScorer(tmp_path).features(["It fell."], ["It fell on Sunday."])
    assert len(list(tmp_path.iterdir())) == 2


def test_what_was_scored_is_not_read_again() -> None:
    scorer = CachingScorer()
    first = scorer.features(["It fell."], ["It fell on Sunday."])
    assert scorer.features(["It fell."], ["It fell on Sunday."]) is first
    assert scorer.features(["It fell."], ["It rose."]) != first
    assert first == Scorer().features(["It fell."], ["It fell on Sunday."])
