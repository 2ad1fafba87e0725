"""The measures of the benchmarks, their tables, and the reading of their files."""

from __future__ import annotations

import json
from math import log2
from pathlib import Path

import pytest

from eval.benchmarks import dataset_files, result_tables
from eval.benchmarks.dataset_files import EvalDataError
from eval.benchmarks.metrics import (
    contains_phrase,
    exact_match,
    ndcg,
    recall,
    reciprocal_rank,
    set_f1,
    token_f1,
)
from eval.benchmarks.result_tables import Anchor, Line, Table
from eval.benchmarks.run import run_benchmark
from eval.cases import normalise
from eval.statistics.bootstrap import Interval
from rag.settings import Settings

# --- measures ---------------------------------------------------------------------------------


def test_ndcg_is_the_gain_by_rank_over_the_best_there_could_be() -> None:
    ideal = 1 + 1 / log2(3)
    assert ndcg(["x", "a", "b"], {"a", "b"}) == pytest.approx((1 / log2(3) + 1 / 2) / ideal)
    assert ndcg(["a", "b", "x"], {"a", "b"}) == 1
    assert ndcg(["x", "y"], {"a"}) == 0


def test_ndcg_stops_at_k_and_expects_no_more_than_k() -> None:
    assert ndcg(["x", "a"], {"a"}, k=1) == 0
    assert ndcg(["a", "b"], {"a", "b", "c"}, k=2) == 1


def test_recall_counts_what_is_among_the_first() -> None:
    assert recall(["x", "a", "b"], {"a", "b"}, 2) == 0.5
    assert recall(["x", "a", "b"], {"a", "b"}, 3) == 1


def test_the_reciprocal_rank_is_that_of_the_first_found() -> None:
    assert reciprocal_rank(["x", "a", "b"], {"a", "b"}) == 0.5
    assert reciprocal_rank(["x"], {"a"}) == 0


def test_sets_are_compared_with_the_gold_set_that_they_fit_best() -> None:
    assert set_f1({1, 2, 3}, [{1, 9}, {2, 3}]) == pytest.approx(0.8)
    assert set_f1({1}, [set(), {2}]) == 0


@pytest.mark.parametrize(
    ("answer", "gold", "f1"),
    [
        ("The Tarn bridge. [1]", "Tarn bridge", 1),
        ("It was the Tarn bridge", "a Tarn bridge", 2 * 2 / (4 + 2)),
        ("120", "20", 0),
        ("", "Tarn", 0),
    ],
)
def test_token_f1_is_squads(answer: str, gold: str, f1: float) -> None:
    assert token_f1(answer, gold) == pytest.approx(f1)


def test_an_exact_match_is_one_of_all_words() -> None:
    assert exact_match("The Tarn Bridge. [2]", "Tarn bridge") == 1
    assert exact_match("Tarn", "Tarn bridge") == 0


def test_a_phrase_is_held_in_whole_words_and_an_empty_one_never() -> None:
    assert contains_phrase(normalise("It cost 20% more"), normalise("20%"))
    assert not contains_phrase(normalise("It cost 120% more"), normalise("20%"))
    assert not contains_phrase(normalise("It cost more"), normalise("?"))


# --- tables -----------------------------------------------------------------------------------


def test_a_table_shows_each_figure_with_its_interval_and_n_and_the_anchors_under_them() -> None:
    whole = Table(
        "Title",
        ("one", "two"),
        (Line("ours", {"one": Interval(0.5, 0.4, 0.6, 30, 7)}, [0.010, 0.020, 0.030]),),
        (Anchor("theirs", {"two": 0.25}),),
        ("a note",),
    )
    title, _, head, ours, mark, theirs, _, note = result_tables.format_table(whole).splitlines()
    assert (title, mark, note) == ("Title", "Anchors:", "a note")
    assert head.split() == ["one", "two", "ms", "p50,", "p95"]
    assert ours.split("  ")[0] == "ours"
    assert "50.0 [40.0, 60.0] n=30" in ours
    assert "n/a" in ours
    assert "20.0, 30.0" in ours
    assert theirs.index("25.0") == head.index("two")
    plain = result_tables.table_to_json(whole)
    figure = plain["lines"][0]["figures"]["one"]
    assert figure == {"mean": 0.5, "low": 0.4, "high": 0.6, "n": 30, "clusters": 7}
    assert json.loads(json.dumps(plain)) == plain


# --- reading ----------------------------------------------------------------------------------


class _Row(dataset_files.Record):
    id: dataset_files.NonBlank
    size: int


class _Cells(dataset_files.Record):
    id: dataset_files.NonBlank
    word: str


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 3: Invalid JSON"),
        ('{"id": "b"}', "line 3: size: Field required"),
        ('{"id": "b", "size": 1, "more": 2}', "line 3: more: Extra inputs"),
        ('{"id": "b", "size": "1"}', "line 3: size: Input should be a valid integer"),
        ('{"id": " ", "size": 1}', "line 3: id: "),
        ("[1]", "line 3: "),
    ],
)
def test_a_bad_line_is_named(line: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(f'{{"id": "a\u2028", "size": 1}}\n\n{line}\n', encoding="utf-8")
    with pytest.raises(EvalDataError) as error:
        dataset_files.read_jsonl(file, _Row)
    assert f"rows.jsonl, {said}" in str(error.value)


def test_good_lines_are_read_with_their_numbers(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('\ufeff{"id": "a\u2028b", "size": 1}\n\n{"id": "c", "size": 2}', "utf-8")
    assert [(n, row.id) for n, row in dataset_files.read_jsonl(file, _Row)] == [
        (1, "a\u2028b"),
        (3, "c"),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id\na\n", "line 1: it does not name the field word"),
        ("id,word,more\na,b,c\n", "line 1: it names an unknown field 'more'"),
        ("id,word,word\na,b,c\n", "line 1: it names a field twice"),
        ('id,word\na,"b\nc"\na\n', "line 4: it has 1 fields, not 2"),
        ('id,word\na,"b\n', "line 2: unexpected end of data"),
        ("id,word\n,b\n", "line 2: id: "),
    ],
)
def test_a_bad_table_is_named(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(EvalDataError) as error:
        dataset_files.read_csv(file, _Cells)
    assert f"rows.csv, {said}" in str(error.value)


def test_a_file_that_is_missing_empty_or_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("\n")
    (tmp_path / "bytes.jsonl").write_bytes(b"\xff\xfe\x00")
    for name in ("missing", "empty", "bytes"):
        with pytest.raises(EvalDataError, match=f"{name}.jsonl"):
            dataset_files.read_jsonl(tmp_path / f"{name}.jsonl", _Row)
    with pytest.raises(EvalDataError, match="no folder"):
        dataset_files.find_files(tmp_path / "nowhere", "*_qa.jsonl")
    with pytest.raises(EvalDataError, match="no file"):
        dataset_files.find_files(tmp_path, "*_qa.jsonl")


def test_a_message_holds_nothing_that_acts_on_the_terminal(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("id,word,\x1b[31mred\na,b,c\n", encoding="utf-8")
    with pytest.raises(EvalDataError) as error:
        dataset_files.read_csv(file, _Cells)
    assert str(error.value).isprintable()
    assert "red" in str(error.value)


@pytest.mark.parametrize(
    ("name", "answers", "limit", "said"),
    [
        ("nothing", False, None, "no data set 'nothing'"),
        ("scifact", True, None, "scifact has no answers"),
        ("clapnq", False, 0, "limit of at least 1"),
    ],
)
def test_what_cannot_be_measured_is_said(
    name: str, answers: bool, limit: int | None, said: str, settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(EvalDataError) as error:
        run_benchmark(name, tmp_path, settings, answers=answers, limit=limit)
    assert said in str(error.value)
