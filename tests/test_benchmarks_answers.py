"""What is answered to the questions of public data sets, by a scripted model."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from eval.benchmarks import clapnq
from eval.benchmarks.answers import SHARE
from eval.benchmarks.dataset_files import EvalDataError
from eval.benchmarks.result_tables import Table
from eval.benchmarks.run import run_benchmark
from eval.statistics.bootstrap import Interval
from rag.errors import ModelError
from rag.settings import Settings
from tests import benchmark_sets as sets
from tests.asking import LARGE, prompt, settings_for
from tests.benchmark_sets import BRIDGE, LIGHT
from tests.fakes import Request, Scripted, ScriptedServer, Status

ALL = slice(None)


def reply(request: Request) -> Scripted:
    """Right about the lighthouse's year, silent about who built it, wrong about the mill's owner,
    and no answer about the ferry; right about the bridge, wrong about the final."""
    question = prompt(request).rpartition("Question:")[2]
    for word, said in REPLIES.items():
        if word in question:
            return said
    raise AssertionError(question)


REPLIES: dict[str, Scripted] = {
    "when was the lighthouse": f"{LIGHT} [1]",
    "who built": "NOT STATED",
    "mill": "The mill at Ostby grinds rye and barley. [1]",
    "ferry": Status(400, "no more answers"),
    "bridge": f"{BRIDGE.partition('.')[0]}. [1]",
    "chess": "The mayor, Vera Holt, asked for patience. [1]",
}


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer([reply]) as scripted:
        yield scripted


@pytest.fixture(scope="module")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def kept(indexes: Path) -> Path:
    """A data directory with the indexes of earlier tests, without their answers."""
    for folder in indexes.glob("benchmarks/*-answers-*"):
        shutil.rmtree(folder)
    return indexes


def settings(server: ScriptedServer, kept: Path) -> Settings:
    return settings_for(server, LARGE, data_dir=kept)


def figures(table: Table) -> dict[str, tuple[float, int] | None]:
    told = {line.name: line.figures[SHARE] for line in table.lines}
    return {
        name: (round(found.mean, 4), found.n) if isinstance(found, Interval) else None
        for name, found in told.items()
    }


def both(data: Path, settings: Settings, part: slice = ALL) -> list[Table]:
    return [*clapnq.given(data, settings, part), *clapnq.pooled(data, settings, part)]


def results(settings: Settings, name: str) -> Path:
    (file,) = settings.data_dir.glob(f"benchmarks/{name}-answers-*/results.jsonl")
    return file


def test_clapnq_counts_declines_attempts_and_errors(
    server: ScriptedServer, kept: Path, tmp_path: Path
) -> None:
    given, pooled = both(sets.clapnq(tmp_path / "set"), settings(server, kept))
    for table in (given, pooled):
        told = figures(table)
        assert told["unanswerable: declined (decline recall)"] == (0, 2)
        assert told["answerable: declined"] == (0.5, 2)
        assert told["answerable: answered"] == (0.5, 2)
        assert told["mean of correct declines and attempts"] == (0.25, 4)
        assert told["decline precision"] == (0, 1)
        assert told["errors"] == (0.25, 4)
        assert table.errors == 1
        assert (told["AUROC of the best BM25 score"] or (0, 0))[1] == 4


def test_clapnq_gives_the_passage_alone_or_all_of_them(
    server: ScriptedServer, kept: Path, tmp_path: Path
) -> None:
    both(sets.clapnq(tmp_path / "set"), settings(server, kept), slice(1))
    given, pooled = map(prompt, server.requests)
    assert LIGHT in given
    assert "<passage" in given
    assert given.count("</passage>") < pooled.count("</passage>")


def test_each_answer_is_a_line_and_a_second_start_asks_only_what_failed(
    server: ScriptedServer, kept: Path, tmp_path: Path
) -> None:
    chosen, data = settings(server, kept), sets.clapnq(tmp_path / "set")
    first = both(data, chosen)
    file = results(chosen, "clapnq-pooled")
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert [row["outcome"] for row in rows] == ["answered", "answered", "declined", "error"]
    assert rows[0]["answer"]["claims"][0]["citations"][0]["quote"] == LIGHT
    assert rows[0]["gold"] == ["In 1874."]
    assert "no more answers" in rows[3]["text"]
    assert json.loads((file.parent / "run.json").read_text("utf-8"))["model"] == "scripted"
    asked = len(server.requests)
    again = both(data, chosen)
    assert [figures(table) for table in again] == [figures(table) for table in first]
    assert ["ferry" in prompt(each) for each in server.requests[asked:]] == [True, True]


def test_a_run_that_was_killed_goes_on_behind_its_last_whole_line(
    server: ScriptedServer, kept: Path, tmp_path: Path
) -> None:
    chosen, data = settings(server, kept), sets.clapnq(tmp_path / "set")
    clapnq.given(data, chosen, slice(2))
    file = results(chosen, "clapnq-given")
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])
    asked = len(server.requests)
    clapnq.given(data, chosen, slice(2))
    assert ["mill" in prompt(each) for each in server.requests[asked:]] == [True]
    lines = file.read_text("utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["a1", "n1"]


def test_a_shorter_run_is_part_of_the_longer_one(
    server: ScriptedServer, kept: Path, tmp_path: Path
) -> None:
    chosen, data = settings(server, kept), sets.clapnq(tmp_path / "set")
    clapnq.given(data, chosen, slice(2))
    asked = len(server.requests)
    clapnq.given(data, chosen, slice(3))
    assert ["who built" in prompt(each) for each in server.requests[asked:]] == [True]


def test_the_questions_after_the_first_are_measured_alone(
    server: ScriptedServer, kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, chosen = sets.clapnq(tmp_path / "set"), settings(server, kept)
    run_benchmark("clapnq-given", data, chosen, answers=True, skip=1, limit=2, as_json=True)
    lines = results(chosen, clapnq.GIVEN).read_text("utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["n1", "a2"]
    shown = capsys.readouterr().out
    (table,) = json.loads(shown[shown.index("{") :])["tables"]
    counted = {line["name"]: line["figures"][SHARE]["n"] for line in table["lines"]}
    assert counted["errors"] == 2


def test_nothing_left_to_ask_is_an_error_and_no_empty_table(
    server: ScriptedServer, kept: Path, tmp_path: Path
) -> None:
    data, chosen = sets.clapnq(tmp_path / "set"), settings(server, kept)
    for name, asks in (("clapnq-given", True), ("clapnq", False)):
        with pytest.raises(EvalDataError, match="No question is left after the first 4"):
            run_benchmark(name, data, chosen, answers=asks, skip=4)


def test_other_settings_are_another_run(server: ScriptedServer, kept: Path, tmp_path: Path) -> None:
    chosen, data = settings(server, kept), sets.clapnq(tmp_path / "set")
    clapnq.given(data, chosen, slice(1))
    asked = len(server.requests)
    clapnq.given(data, chosen.model_copy(update={"max_tokens": 99}), slice(1))
    assert len(server.requests) == asked + 1
    assert len(list(chosen.data_dir.glob("benchmarks/clapnq-given-answers-*"))) == 2


def test_a_line_that_is_no_row_is_named(server: ScriptedServer, kept: Path, tmp_path: Path) -> None:
    chosen, data = settings(server, kept), sets.clapnq(tmp_path / "set")
    clapnq.given(data, chosen, slice(1))
    file = results(chosen, "clapnq-given")
    file.write_text("{}\n" + file.read_text("utf-8"), encoding="utf-8")
    with pytest.raises(EvalDataError, match="line 1 is no row"):
        clapnq.given(data, chosen, slice(1))


def test_a_model_that_cannot_be_had_is_an_error_and_no_row(kept: Path, tmp_path: Path) -> None:
    with ScriptedServer(key="secret") as refusing:
        chosen = settings_for(refusing, LARGE, data_dir=kept, model=None)
        with pytest.raises(ModelError):
            clapnq.given(sets.clapnq(tmp_path / "set"), chosen, ALL)
    assert not list(chosen.data_dir.glob("benchmarks/clapnq-given-answers-*"))


def test_a_bench_with_an_error_exits_with_one(
    server: ScriptedServer, kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, chosen = sets.clapnq(tmp_path / "set"), settings(server, kept)
    assert run_benchmark("clapnq-given", data, chosen, answers=True, limit=3) == 0
    assert run_benchmark("clapnq-given", data, chosen, answers=True, as_json=True) == 1
    shown = capsys.readouterr()
    start = shown.out.index("{")
    assert [table["errors"] for table in json.loads(shown.out[start:])["tables"]] == [1]
    assert "4/4 error" in shown.err
