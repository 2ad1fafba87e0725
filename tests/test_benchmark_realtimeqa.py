"""RealTimeQA's open answers and multiple choice, on a tiny set of our own with a real index."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from eval.benchmarks import (
    multiple_choice,
    realtimeqa,
    realtimeqa_baselines,
    realtimeqa_choices,
    realtimeqa_open,
)
from eval.benchmarks.answers import SHARE
from eval.benchmarks.dataset_files import EvalDataError
from eval.benchmarks.indexing import DatasetText, open_index
from eval.benchmarks.multiple_choice import ChoiceModel, Features
from eval.benchmarks.multiple_choice_fit import SolvedQuestion, fit
from eval.benchmarks.realtimeqa import NONE
from eval.benchmarks.result_tables import Table
from eval.fitting import write_weights
from eval.statistics.bootstrap import Interval
from rag.models.fitted_weights import Weight
from rag.settings import Settings
from rag.settings import load_settings as load_settings
from tests import benchmark_sets as sets
from tests.asking import LARGE, prompt, settings_for
from tests.benchmark_sets import BRIDGE
from tests.fakes import Request, Scripted, ScriptedServer


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings whose data directory keeps the indexes from test to test."""
    return load_settings(data_dir=tmp_path_factory.mktemp("kept"))


@pytest.fixture
def quiz(tmp_path: Path) -> Path:
    """The tiny quiz, each question also with a choice replaced."""
    folder = sets.quiz(tmp_path / "set")
    early = sets.quiz_row("20260320_0_nota", "What swam across the lake?", ["A dog", NONE], 1)
    bridge = sets.quiz_row("20260327_0_nota", "Which bridge did a storm close?", ["Tarn", NONE], 0)
    final = "Which mayor had patience in the chess final?"
    nowhere = sets.quiz_row("20260327_1_nota", final, ["Vera Holt", NONE], 1)
    sets.write_jsonl(folder / "20260320_qa_nota.jsonl", [early])
    sets.write_jsonl(folder / "20260327_qa_nota.jsonl", [bridge, nowhere])
    return folder


def baseline(folder: Path, picked: list[str], without: list[str], said: list[str]) -> None:
    """A model's answers to the two questions of the window."""
    results = folder / "baseline_results" / "2026"
    ids = ["20260327_0", "20260327_1"]
    for name, rows in (
        ("qa_lab_wise-1_gcs", [(id, [each]) for id, each in zip(ids, picked, strict=True)]),
        (
            "qa_nota_lab_wise-1_gcs",
            [(f"{id}_nota", [each]) for id, each in zip(ids, without, strict=True)],
        ),
        ("qa_lab_wise-1_gcs_gen", list(zip(ids, said, strict=True))),
    ):
        written = [{"question_id": id, "prediction": prediction} for id, prediction in rows]
        sets.write_jsonl(results / f"20260327_{name}.jsonl", written)


def figures(table: Table, name: str) -> dict[str, tuple[float, int]]:
    (found,) = (line.figures for line in table.lines if line.name == name)
    return {
        column: (round(each.mean, 4), each.n)
        for column, each in found.items()
        if isinstance(each, Interval)
    }


# --- reading ----------------------------------------------------------------------------------


def test_a_question_without_one_of_its_choices_keeps_its_day(quiz: Path) -> None:
    whole = realtimeqa.read(quiz).questions
    without = realtimeqa.read_without(quiz, whole)
    assert [(each.id, each.gold, each.asked_on) for each in without] == [
        ("20260320_0_nota", NONE, date(2026, 3, 27)),
        ("20260327_0_nota", "Tarn", date(2026, 3, 27)),
        ("20260327_1_nota", NONE, date(2026, 3, 27)),
    ]


def test_a_date_with_slashes_is_a_date(quiz: Path) -> None:
    file = quiz / "20260320_qa.jsonl"
    file.write_text(file.read_text("utf-8").replace("2026-03-27", "2026/03/26"), "utf-8")
    assert realtimeqa.read(quiz).questions[0].asked_on == date(2026, 3, 26)


@pytest.mark.parametrize(
    ("choices", "id", "said"),
    [
        (["A dog", "A robot"], "20260320_0_nota", "line 1: no question"),
        (["A dog", NONE], "20260320_9_nota", "line 1: no question"),
    ],
)
def test_what_is_no_question_without_a_choice_is_named(
    choices: list[str], id: str, said: str, quiz: Path
) -> None:
    row = sets.quiz_row(id, "What swam across the lake?", choices, 1)
    sets.write_jsonl(quiz / "20260320_qa_nota.jsonl", [row])
    with pytest.raises(EvalDataError, match=said):
        realtimeqa.read_without(quiz, realtimeqa.read(quiz).questions)


def test_every_question_is_there_without_a_choice(quiz: Path) -> None:
    row = sets.quiz_row("20260327_0_nota", "Which bridge did a storm close?", ["Tarn", NONE], 0)
    sets.write_jsonl(quiz / "20260327_qa_nota.jsonl", [row])
    with pytest.raises(EvalDataError, match="without 20260327_1"):
        realtimeqa.read_without(quiz, realtimeqa.read(quiz).questions)


# --- multiple choice --------------------------------------------------------------------------

NEWS = [
    DatasetText("1", "A bridge", BRIDGE, "2026-03-25"),
    DatasetText("2", "Old news", "A storm closed the Holm bridge on Monday.", "2019-01-02"),
    DatasetText("3", "Boats", "Holt is also a maker of boats.", "2026-03-25"),
]


def test_a_choice_that_a_sentence_states_is_told_from_one_that_stands_elsewhere(
    kept: Settings,
) -> None:
    with open_index("news", NEWS, kept) as assistant:
        question = "Which bridge did a storm close this week?"
        day = date(2026, 3, 27)
        tarn, holt, nowhere = multiple_choice.choice_features(
            assistant, question, ["Tarn", "Holt", "Zug"], day
        )
    assert tarn["near"] > holt["near"] > 0
    assert tarn["first"] == 1 > holt["first"] > 0
    assert tarn["alike"] > holt["alike"]
    assert set(nowhere.values()) == {0.0}


def test_only_recent_articles_are_first(kept: Settings) -> None:
    with open_index("news", NEWS, kept) as assistant:
        question = "Which bridge did a storm close?"
        (then,) = multiple_choice.choice_features(assistant, question, ["Holm"], date(2019, 1, 4))
        (now,) = multiple_choice.choice_features(assistant, question, ["Holm"], date(2026, 3, 27))
    assert then["first"] == 1
    assert now["first"] == 0
    assert now["near"] == then["near"] > 0


def test_a_choice_does_not_change_what_the_others_are_worth(kept: Settings) -> None:
    with open_index("news", NEWS, kept) as assistant:
        question, day = "Which bridge did a storm close?", date(2026, 3, 27)
        both = multiple_choice.choice_features(assistant, question, ["Tarn", "Holm"], day)
        (alone,) = multiple_choice.choice_features(assistant, question, ["Holm"], day)
    assert both[1] == pytest.approx(alone)


def test_none_is_chosen_where_no_choice_is_worth_as_much() -> None:
    weights = ChoiceModel(none=1, features={"near": Weight(mean=0, spread=0.5, weight=1)})
    low, high = stated(0.1), stated(0.6)
    assert weights.choose([low, high]) == 1
    assert weights.choose([low, high], or_none=True) == 1
    assert weights.choose([low, low]) == 0
    assert weights.choose([low, low], or_none=True) == 2


def test_the_shipped_weights_are_read_and_broken_ones_are_named(tmp_path: Path) -> None:
    assert set(multiple_choice.load_choice_model().features) == set(multiple_choice.NAMES)
    broken = tmp_path / "choices.json"
    broken.write_text('{"none": "much"}', "utf-8")
    with pytest.raises(EvalDataError, match="multiple_choice_fit"):
        multiple_choice.load_choice_model(broken)


def test_the_window_is_chosen_for_and_stands_beside_other_models(
    quiz: Path, kept: Settings
) -> None:
    baseline(quiz, picked=["1", "2"], without=["2", "2"], said=["Tarn", "Vera Holt"])
    (table,) = realtimeqa_choices.measure(quiz, kept, slice(None))
    whole, gone, there, mean = realtimeqa_choices.COLUMNS
    ours = figures(table, "Footnote, without a language model")
    assert ours[whole] == (0.5, 2)  # no article knows the chess final
    assert ours[there] == (1, 1)
    theirs = figures(table, "wise-1, web search")
    assert theirs == {whole: (0.5, 2), gone: (1, 1), there: (0, 1), mean: (0.5, 2)}


def test_a_limit_leaves_out_the_same_questions_without_a_choice(quiz: Path, kept: Settings) -> None:
    (table,) = realtimeqa_choices.measure(quiz, kept, slice(1))
    (ours,) = table.lines  # no results of others are there
    assert ours.figures[realtimeqa_choices.GONE] is None
    assert figures(table, ours.name)[realtimeqa_choices.THERE][1] == 1


# --- fitting ----------------------------------------------------------------------------------


def stated(near: float) -> Features:
    return {"near": near, "first": 0.5, "alike": 0.5}


def test_fitting_finds_what_tells_the_right_choice(tmp_path: Path) -> None:
    solved = [
        SolvedQuestion([stated(0.9), stated(0.1), stated(0.2)], 0),
        SolvedQuestion([stated(0.3), stated(0.8), stated(0.0)], 1),
        SolvedQuestion([stated(0.1), stated(0.2), stated(0.7)], 2),
    ]
    weights = fit(solved)
    assert weights.features["near"].weight > 0.5
    assert abs(weights.features["first"].weight) < 1e-6
    assert all(weights.choose(each.found, or_none=True) == each.right for each in solved)
    assert weights.choose([stated(0.1), stated(0.2)], or_none=True) == 2
    write_weights(weights, tmp_path / "w.json")
    assert multiple_choice.load_choice_model(tmp_path / "w.json") == weights


def test_nothing_cannot_be_fitted_on() -> None:
    with pytest.raises(ValueError, match="no question"):
        fit([])


# --- open answers -----------------------------------------------------------------------------


def reply(request: Request) -> Scripted:
    """Right about the bridge, wrong about the final."""
    question = prompt(request).rpartition("Question:")[2]
    if "bridge" in question:
        return f"{BRIDGE.partition('.')[0]}. [1]"
    return "The mayor, Vera Holt, asked for patience. [1]"


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer([reply]) as scripted:
        yield scripted


def test_open_answers_are_measured_whole_and_short(
    server: ScriptedServer, quiz: Path, tmp_path: Path
) -> None:
    baseline(quiz, picked=["1", "2"], without=["2", "2"], said=["the Tarn", ""])
    chosen = settings_for(server, LARGE, data_dir=tmp_path / "kept")
    ours, theirs = realtimeqa_open.answers(quiz, chosen, slice(None))
    told = {line.name: figures(ours, line.name)[SHARE] for line in ours.lines}
    assert told["answered"] == (1, 2)
    assert told["holds the right choice, answered"] == (0.5, 2)
    assert told[realtimeqa_open.WRONG] == (0.5, 2)
    # "A storm closed the Tarn bridge on Tuesday" without its articles, against "Tarn"
    assert told["token F1, whole answer, all questions"] == (round((2 / (6 + 1)) / 2, 4), 2)
    assert told[realtimeqa_open.SHORT] == (0.5, 2)
    assert told["exact match, short answer, all questions"] == (0.5, 2)
    assert not any("What swam" in prompt(each) for each in server.requests)
    assert figures(theirs, "wise-1")["token F1"] == (0.5, 2)
    assert figures(theirs, "wise-1")["holds it"] == (0.5, 2)


def test_what_is_not_answered_scores_nothing_and_is_not_wrong(quiz: Path, tmp_path: Path) -> None:
    with ScriptedServer(["NOT STATED"]) as silent:
        chosen = settings_for(silent, LARGE, data_dir=tmp_path / "kept")
        ours, theirs = realtimeqa_open.answers(quiz, chosen, slice(None))
    told = {line.name: line.figures[SHARE] for line in ours.lines}
    zero = told[realtimeqa_open.SHORT]
    assert isinstance(zero, Interval)
    assert (zero.mean, zero.n) == (0, 2)
    assert told[realtimeqa_open.WRONG] is None
    assert theirs.lines == ()


def test_a_baseline_lacks_no_week(quiz: Path) -> None:
    baseline(quiz, picked=["1", "2"], without=["2", "2"], said=["Tarn", ""])
    for file in (quiz / "baseline_results" / "2026").glob("*_gen.jsonl"):
        file.unlink()
    assert realtimeqa_baselines.read(quiz, {"20260327"}) == {}
    assert realtimeqa_baselines.read(quiz, set()) == {}
