"""The card says how well scores agree with people, and against whom."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import pytest

from eval.scorer import model_card_output
from eval.scorer.containment_baseline import Containment
from eval.scorer.labelled_sets import LABELLED_SETS, LabelledError, read_set
from eval.scorer.model_card import (
    CONTAINMENT,
    HELD_OUT,
    IN_SAMPLE,
    HeldOutScores,
    JudgedTexts,
    ModelCard,
    Target,
    is_labelled_whole,
    measure_card,
    print_card,
    targets,
)
from eval.scorer.published_results import CARD_SETS, FALSE_ALARM_KINDS, MIN_CAUGHT
from eval.scorer.text_scores import CardError, ScoringSpeed, score_texts, scoring_speed
from eval.statistics.agreement import MEASURES
from rag.checking.scorer import TextKind, Weights
from tests.labelled_sets import put_all


@dataclass
class Words:
    """A scorer that knows whether the first word of a text is in its sources."""

    weights: Weights = field(
        default_factory=lambda: Weights(intercept=0, threshold=0.5, features={})
    )
    calls: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def score_text(self, text: str, sources: Sequence[str]) -> float:
        self.calls.append((text, tuple(sources)))
        found = any(text.split()[0].lower() in source.lower() for source in sources)
        return 0.9 if found else 0.1

    def score_worst_sentence(self, text: str, sources: Sequence[str]) -> float:
        return self.score_text(text, sources)

    def is_grounded(self, text: str, sources: Sequence[str], kind: TextKind) -> bool:
        return any(text.split()[0].lower() in source.lower() for source in sources)


def nested(scores: dict[str, list[float]]) -> HeldOutScores:
    """Scores by set, as the row of nested folds."""
    judged = {
        name: JudgedTexts(each, [score > 0.5 for score in each]) for name, each in scores.items()
    }
    return {HELD_OUT: judged}


@pytest.fixture
def made(tmp_path: Path) -> ModelCard:
    return measure_card(tmp_path, Words(), {}, sources=put_all(tmp_path))


def test_every_set_is_on_the_card_with_all_its_texts(made: ModelCard) -> None:
    assert {section.board.name: section.n for section in made.sections} == {
        "frank_cnndm": 4,
        "frank_bbc": 2,
        "wice": 2,
        "ragtruth_qa": 6,
        "qags_cnndm": 2,
        "mtrag": 4,
    }
    assert [section.documents for section in made.sections] == [2, 1, 1, 2, 2, 2]
    assert [section.ungrounded for section in made.sections] == [2, 1, 1, 2, 1, 2]


def test_ours_stands_beside_containment_at_its_own_threshold(made: ModelCard) -> None:
    for section in made.sections:
        ours, theirs = section.rows
        assert (ours.name, ours.threshold) == (IN_SAMPLE, 0.5)
        assert theirs.name == CONTAINMENT
        assert set(ours.figures) == set(MEASURES)
    section = made.sections[3]  # RAGTruth: an answer with one invented sentence begins well
    figures = [row.figures["auroc"] for row in section.rows]
    assert [figure and figure.mean for figure in figures] == [0.5, 1]
    assert section.gain is not None
    assert section.gain.mean == -0.5


def test_containment_is_given_the_best_threshold_of_each_set(made: ModelCard) -> None:
    qags = next(section for section in made.sections if section.board.name == "qags_cnndm")
    row = qags.rows[-1]  # the two summaries score 1 and 0.5
    assert row.threshold == 1
    figure = row.figures["balanced_accuracy"]
    assert figure is not None
    assert figure.mean == 1


def test_where_labels_are_of_the_whole_a_text_scores_its_worst_sentence(tmp_path: Path) -> None:
    class Apart(Words):
        def score_text(self, text: str, sources: Sequence[str]) -> float:
            self.calls.append(("whole", ()))
            return 0.9

        def score_worst_sentence(self, text: str, sources: Sequence[str]) -> float:
            self.calls.append(("worst", ()))
            return 0.1

    sources = put_all(tmp_path)
    for source in sources:
        scorer = Apart()
        boards = {board.worst for board in CARD_SETS if board.labelled == source.name}
        list(
            score_texts(
                source.name,
                read_set(source, tmp_path),
                scorer,
                worst=is_labelled_whole(source.name),
            )
        )
        assert {call for call, _ in scorer.calls} == {"worst" if True in boards else "whole"}
    assert {is_labelled_whole(source.name) for source in sources} == {True, False}


def test_spearman_stands_only_where_people_gave_a_scale(made: ModelCard) -> None:
    told = {s.board.name: s.rows[-1].figures["spearman"] is not None for s in made.sections}
    assert not told["wice"]
    assert not told["ragtruth_qa"]
    assert told["qags_cnndm"]
    assert told["mtrag"]


def test_held_out_scores_get_a_row_and_are_held_to_the_targets(tmp_path: Path) -> None:
    sources = put_all(tmp_path)
    rows = read_set(sources[0], tmp_path)
    held_out = {"frank_valid": [0.8 if row.label else 0.2 for row in rows]}
    cnndm, bbc, wice, *_ = measure_card(
        tmp_path, Words(), nested(held_out), sources=sources
    ).sections
    for section in (cnndm, bbc):
        assert [row.name for row in section.rows] == [HELD_OUT, IN_SAMPLE, CONTAINMENT]
        assert section.ours == HELD_OUT
        figure = section.rows[0].figures["auroc"]
        assert figure is not None
        assert figure.mean == 1
    assert wice.ours == IN_SAMPLE


def test_held_out_scores_are_matched_to_texts_by_place(tmp_path: Path) -> None:
    """The BBC half of FRANK comes after the other: its scores must be its own."""
    sources = put_all(tmp_path)
    held_out = {"frank_valid": [0.9, 0.1, 0.9, 0.1, 0.1, 0.9]}
    cnndm, bbc, *_ = measure_card(tmp_path, Words(), nested(held_out), sources=sources).sections
    figures = [section.rows[0].figures["auroc"] for section in (cnndm, bbc)]
    assert [figure and figure.mean for figure in figures] == [1, 0]


@pytest.mark.parametrize(
    ("held_out", "fault"),
    [
        ({"frank_valid": [0.5]}, "1 held-out scores for the 6 texts of frank_valid"),
        ({"frank": [0.5]}, "1 held-out scores for the 0 texts of frank"),
        ({"wice_dev": [0.5, float("nan")]}, "wice_dev, text dev2, is nan"),
        ({"wice_dev": [1.5, 0.5]}, "wice_dev, text dev1, is 1.5"),
    ],
)
def test_held_out_scores_of_other_texts_are_refused(
    tmp_path: Path, held_out: dict[str, list[float]], fault: str
) -> None:
    scorer = Words()
    with pytest.raises(CardError, match=fault):
        measure_card(tmp_path, scorer, nested(held_out), sources=put_all(tmp_path))
    assert not scorer.calls  # known before the work is done


def test_a_score_that_is_none_is_an_error_with_a_name(tmp_path: Path) -> None:
    class Broken(Words):
        def score_text(self, text: str, sources: Sequence[str]) -> float:
            return float("nan")

    with pytest.raises(CardError, match="frank_valid, text cnndm-0, is nan"):
        measure_card(tmp_path, Broken(), {}, sources=put_all(tmp_path))


def test_a_directory_that_lacks_a_set_is_refused_before_any_work(tmp_path: Path) -> None:
    sources, scorer = put_all(tmp_path), Words()
    (tmp_path / "mtrag_human" / sources[-1].file).unlink()
    with pytest.raises(LabelledError, match="mtrag_human"):
        measure_card(tmp_path, scorer, {}, sources=sources)
    assert not scorer.calls


def test_progress_is_told_to_the_end(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    sources = put_all(tmp_path)
    measure_card(
        tmp_path, Words(), {}, sources=sources, on_progress=lambda done, of: told.append((done, of))
    )
    assert told == [(number, 20) for number in range(1, 21)]


# --- speed ------------------------------------------------------------------------------------


def test_only_texts_whose_sources_were_seen_are_timed_as_warm(tmp_path: Path) -> None:
    rows = read_set(put_all(tmp_path)[2], tmp_path)  # six answers about the same passages
    ticks = count()
    given = list(score_texts("ragtruth_qa_dev", rows, Words(), clock=lambda: next(ticks) / 1000))
    assert [each.warm for each in given] == [False, True, True, True, True, True]
    assert [each.claims for each in given] == [1, 2, 1, 1, 2, 1]
    found = scoring_speed(given)
    assert found.claims == 7
    assert found.ms_per_claim == pytest.approx(5 / 7)  # each text takes a millisecond
    assert found.ms_per_claim_p95 == pytest.approx(1)
    assert found.ms_new_sources == pytest.approx(1)


def test_texts_of_the_same_sources_are_scored_together(tmp_path: Path) -> None:
    rows = read_set(put_all(tmp_path)[0], tmp_path)
    scorer = Words()
    mixed = [rows[0], rows[2], rows[1], rows[3]]
    given = list(score_texts("frank_valid", mixed, scorer))
    assert [each.index for each in given] == [0, 2, 1, 3]
    assert [text for text, _ in scorer.calls] == [row.text for row in rows[:4]]


def test_a_text_without_sources_says_nothing_of_speed(tmp_path: Path) -> None:
    row = replace(read_set(put_all(tmp_path)[0], tmp_path)[0], sources=())
    found = scoring_speed(
        list(score_texts("frank_valid", [row, replace(row, id="other")], Words()))
    )
    assert found == ScoringSpeed(None, None, 0, None)


# --- targets ----------------------------------------------------------------------------------


def test_a_target_is_met_at_its_edge_but_a_gain_must_be_one() -> None:
    assert Target("x", "at least", 70, 70.0).is_met
    assert not Target("x", "at least", 70, 69.9).is_met
    assert Target("x", "at most", 20, 20.0).is_met
    assert not Target("x", "at most", 20, 20.1).is_met
    assert not Target("x", "more than", 0, 0.0).is_met
    assert not Target("x", "at most", 20, None).is_met


def test_every_target_of_the_plan_is_asked_for(made: ModelCard) -> None:
    caught = tuple((kind, 1, 1) for kind in (*MIN_CAUGHT, "role"))
    alarms = tuple((kind, 0, 1) for kind in (*FALSE_ALARM_KINDS, "paraphrase"))
    asked = targets(replace(made, caught=caught, alarms=alarms))
    wanted = {(target.what, target.bound, target.wanted) for target in asked}
    assert {
        ("frank_cnndm: AUROC", "at least", 78),
        ("wice: balanced accuracy", "at least", 70),
        ("ragtruth_qa: AUROC", "at least", 82),
        ("qags_cnndm: Spearman", "at least", 65),
        ("mtrag: Spearman", "at least", 62),
        ("ms a claim", "at most", 20),
        ("caught: number", "at least", 98),
        ("caught: date", "at least", 98),
        ("caught: name", "at least", 90),
        ("caught: negation added", "at least", 90),
        ("false alarms: verbatim", "at most", 3),
    } <= wanted
    assert sum(target.bound == "more than" for target in asked) == len(CARD_SETS)
    assert not {target.what for target in asked} & {"caught: role", "false alarms: paraphrase"}


def test_every_labelled_set_has_its_place_on_the_card() -> None:
    assert {board.labelled for board in CARD_SETS} == {source.name for source in LABELLED_SETS}


def test_published_figures_are_percentages_with_a_source() -> None:
    anchors = [anchors for board in CARD_SETS for anchors in board.anchors]
    assert all(anchor.source and anchor.reached for anchor in anchors)
    assert all(1 < value < 100 for anchor in anchors for value in anchor.reached.values())


# --- what is printed --------------------------------------------------------------------------


def test_a_person_reads_it_in_eighty_columns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = put_all(tmp_path)
    held_out = {
        source.name: [0.1 + 0.8 * (n % 2) for n in range(source.n or 0)] for source in sources
    }
    caught, alarms = [("number", 99, 100), ("role", 1, 0)], [("verbatim", 4, 100)]
    code = print_card(
        tmp_path, Words(), held_out=nested(held_out), caught=caught, alarms=alarms, sources=sources
    )
    out = capsys.readouterr().out
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    assert "…" not in out
    assert "held to the rows of nested folds" in " ".join(out.split())
    for part in (
        "FRANK, CNN/DM",
        "MiniCheck 7B 83.0",
        "ours, nested folds",
        "containment",
        "ms a claim at most 20",
        "at least 98: met",
        "at most 3: missed",
    ):
        assert part in out


def test_without_held_out_scores_it_says_how_to_read_the_figures(made: ModelCard) -> None:
    told = " ".join(model_card_output.as_text(made).split())
    assert "There are no held-out scores: read these figures as too good." in told
    assert HELD_OUT not in told
    assert "Mutated claims" not in told


def test_a_program_reads_it_as_one_json_object(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = put_all(tmp_path)
    assert print_card(tmp_path, Words(), as_json=True, sources=sources) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == model_card_output.SCHEMA
    cnndm = told["sections"][0]
    assert cnndm["board"]["name"] == "frank_cnndm"
    assert cnndm["rows"][0]["figures"]["auroc"]["n"] == 4
    assert told["sections"][2]["rows"][0]["figures"]["spearman"] is None
    assert {target["met"] for target in told["targets"]} == {True, False}


def test_the_same_scorer_gives_the_same_card(tmp_path: Path) -> None:
    sources = put_all(tmp_path)
    one, other = (measure_card(tmp_path, Words(), {}, sources=sources) for _ in range(2))
    assert one.sections == other.sections


def test_containment_can_stand_on_the_card_itself(tmp_path: Path) -> None:
    """Then it gains nothing over itself, and no gain is met."""

    class Plain:
        weights = Weights(intercept=0, threshold=0.5, features={})

        def score_text(self, text: str, sources: Sequence[str]) -> float:
            return Containment().score_text(text, sources)

        def score_worst_sentence(self, text: str, sources: Sequence[str]) -> float:
            return Containment(worst=True).score_text(text, sources)

        def is_grounded(self, text: str, sources: Sequence[str], kind: TextKind) -> bool:
            return self.score_worst_sentence(text, sources) >= self.weights.threshold_of(kind)

    made = measure_card(tmp_path, Plain(), {}, sources=put_all(tmp_path))
    gains = [target for target in targets(made) if target.bound == "more than"]
    assert [target.reached for target in gains if target.reached] == []
    assert not any(target.is_met for target in gains)
