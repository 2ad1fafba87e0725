"""RAGTruth-QA: what is asked, what the checks are held against, and which labels count."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eval.benchmarks import ragtruth
from eval.benchmarks.answers import SHARE
from eval.benchmarks.dataset_files import EvalDataError
from eval.benchmarks.result_tables import Table
from eval.benchmarks.run import run_benchmark
from rag.settings import Settings
from tests.asking import LARGE, prompt, settings_for
from tests.benchmark_sets import FERRY, LIGHT, MILL, write_jsonl
from tests.fakes import Request, Scripted, ScriptedServer

Row = dict[str, Any]
REPLIES: dict[str, Scripted] = {
    "lighthouse": f"{LIGHT} [1]",
    "mill": f"{MILL} [2]",
    "ferry": "NOT STATED",
}


def row(id: int, question: str, *passages: str) -> Row:
    given = "".join(f"passage {n}:{text}\n\n" for n, text in enumerate(passages, start=1))
    said = [{"response": "Who knows.", "model": "other", "labels": []}]
    return {
        "source_id": id,
        "source": {"question": question, "passages": given},
        "responses": said,
    }


def rows() -> list[Row]:
    return [
        row(11, "when was the lighthouse of ferrow built", LIGHT, "Ferrow is an island."),
        row(12, "what does the mill at ostby grind", "Ostby is a village.", MILL),
        row(13, "what does the ferry to holm cost", FERRY),
    ]


def folder(path: Path, lines: list[Row] | None = None) -> Path:
    write_jsonl(path / ragtruth.FILE, rows() if lines is None else lines)
    return path


def reply(request: Request) -> Scripted:
    question = prompt(request).rpartition("Question:")[2]
    return next(said for word, said in REPLIES.items() if word in question)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer([reply]) as scripted:
        yield scripted


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def chosen(server: ScriptedServer, index: Path) -> Settings:
    """With the index of earlier tests, without their answers."""
    for answered in index.glob("benchmarks/*-answers-*"):
        shutil.rmtree(answered)
    return settings_for(server, LARGE, data_dir=index)


@pytest.fixture
def labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "labels.jsonl"
    monkeypatch.setattr(ragtruth, "LABELS", file)
    return file


def figures(table: Table) -> dict[str, tuple[float, int] | None]:
    told = {line.name: line.figures[SHARE] for line in table.lines}
    return {
        name: (round(found.mean, 4), found.n) if found else None for name, found in told.items()
    }


def measured(data: Path, settings: Settings) -> tuple[dict[str, tuple[float, int] | None], Table]:
    (table,) = ragtruth.answers(data, settings, slice(None))
    return figures(table), table


def sheet(settings: Settings) -> str:
    (file,) = settings.data_dir.glob("benchmarks/ragtruth-answers-*/sheet.md")
    return file.read_text("utf-8")


def test_each_question_is_asked_of_its_own_passages(
    server: ScriptedServer, chosen: Settings, tmp_path: Path, labels: Path
) -> None:
    measured(folder(tmp_path), chosen)
    asked = [prompt(request) for request in server.requests]
    assert [LIGHT in each for each in asked] == [True, False, False]
    assert [MILL in each for each in asked] == [False, True, False]


def test_answers_declines_and_reserves_are_counted(
    chosen: Settings, tmp_path: Path, labels: Path
) -> None:
    told, table = measured(folder(tmp_path), chosen)
    assert told["answered"] == (round(2 / 3, 4), 3)
    assert told["declined"] == (round(1 / 3, 4), 3)
    by_quotes = next(value for name, value in told.items() if "by its quotes" in name)
    assert by_quotes == (0, 2)
    assert told["the same: by the whole passages"] == (0, 2)
    assert told[ragtruth.INVENTED] is None
    assert table.errors == 0
    assert "0 of 2 answers" in table.notes[0]


def test_a_claim_that_the_scorer_does_not_support_is_found(
    chosen: Settings, tmp_path: Path, labels: Path
) -> None:
    """The rows on disk are changed to say more than their quotes do."""
    data = folder(tmp_path)
    measured(data, chosen)
    (file,) = chosen.data_dir.glob("benchmarks/ragtruth-answers-*/results.jsonl")
    before = file.read_text("utf-8")
    lines = [json.loads(line) for line in before.splitlines()]
    lines[0]["answer"]["claims"][0]["text"] = "Whales were hunted by seven kings of Norway."
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    told, _ = measured(data, chosen)
    file.write_text(before, encoding="utf-8")
    assert next(value for name, value in told.items() if "by its quotes" in name) == (0.5, 2)
    assert told["the same: by the whole passages"] == (0.5, 2)


def test_a_label_counts_for_the_answer_that_was_read_and_for_no_other(
    chosen: Settings, tmp_path: Path, labels: Path
) -> None:
    data, said = folder(tmp_path), f"{LIGHT} [1]"
    read = {"source_id": 11, "sha256": ragtruth.digest(said), "label": "faithful", "why": "as said"}
    other = {"source_id": 12, "sha256": ragtruth.digest("else"), "label": "invented", "why": "?"}
    write_jsonl(labels, [read, other])
    told, table = measured(data, chosen)
    assert told[ragtruth.INVENTED] == (0, 1)
    assert "1 of 2 answers" in table.notes[0]
    write_jsonl(labels, [read | {"label": "invented"}])
    assert measured(data, chosen)[0][ragtruth.INVENTED] == (1, 1)


def test_the_sheet_shows_what_a_reader_needs_in_an_order_of_chance(
    chosen: Settings, tmp_path: Path, labels: Path
) -> None:
    data = folder(tmp_path)
    measured(data, chosen)
    first = sheet(chosen)
    for text in (LIGHT, "Ostby is a village.", ragtruth.digest(f"{MILL} [1]"), "none yet"):
        assert text in first
    assert FERRY not in first  # it was declined
    measured(data, chosen)
    assert sheet(chosen) == first


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ({"source_id": 11}, "line 1: it is no label"),
        (
            {"source_id": 11, "sha256": "0" * 64, "label": "fine", "why": "x"},
            "line 1: it is no label",
        ),
    ],
)
def test_a_line_that_is_no_label_is_named(tmp_path: Path, line: Row, problem: str) -> None:
    with pytest.raises(EvalDataError, match=problem):
        ragtruth.read_labels(write_jsonl(tmp_path / "labels.jsonl", [line]))


def test_two_labels_of_one_answer_are_an_error(tmp_path: Path) -> None:
    label = {"source_id": 11, "sha256": "0" * 64, "label": "faithful", "why": "x"}
    with pytest.raises(EvalDataError, match="line 2: an earlier line"):
        ragtruth.read_labels(write_jsonl(tmp_path / "labels.jsonl", [label, label]))


def test_the_labels_beside_the_code_can_be_read() -> None:
    assert len(ragtruth.read_labels(ragtruth.LABELS)) >= 0


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (
            [row(11, "when?", LIGHT) | {"source": {"question": "q", "passages": "none"}}],
            "passage 1",
        ),
        ([row(11, "when?", LIGHT), row(11, "who?", MILL)], "line 2: source_id"),
        ([{"source_id": 11}], "line 1: source"),
    ],
)
def test_a_malformed_set_is_an_error(tmp_path: Path, lines: list[Row], problem: str) -> None:
    with pytest.raises(EvalDataError, match=problem):
        ragtruth.read(folder(tmp_path, lines))


def test_it_has_answers_only(chosen: Settings, tmp_path: Path, labels: Path) -> None:
    with pytest.raises(EvalDataError, match="no retrieval"):
        run_benchmark("ragtruth", folder(tmp_path), chosen)
    assert run_benchmark("ragtruth", folder(tmp_path), chosen, answers=True, limit=1) == 0
