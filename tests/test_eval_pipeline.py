"""The whole of `footnote eval` over golden questions, with a model that reads its prompt."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from eval import run as running
from eval.compare.baseline import write_baseline
from eval.compare.diff import diff_folders
from eval.compare.gate import check_run
from eval.metrics import METRICS
from eval.run import GOLDEN, run_golden
from eval.runs.listing import REPORT, RESULTS, SUMMARY, list_runs
from rag.models import embeddings
from rag.settings import Settings
from rag.types import Embedder
from tests.asking import LARGE, settings_for
from tests.fakes import ScriptedServer
from tests.scripted import ReadingModel

pytest_plugins = ["tests.seeds"]


class Page(HTMLParser):
    """What a page would fetch, and what it says."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [value or "" for name, value in attrs if name in ("src", "srcset", "data")]
        self.fetched += [value or "" for name, value in attrs if (tag, name) == ("link", "href")]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def golden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, embedder: Embedder) -> list[str]:
    """Every fourth golden question, the ids; embedded once for all tests."""
    lines = GOLDEN.read_text("utf-8").splitlines(keepends=True)[::4]
    file = tmp_path / GOLDEN.name
    file.write_text("".join(lines), "utf-8")
    monkeypatch.setattr(running, "GOLDEN", file)
    monkeypatch.setattr(embeddings, "build_embedder", lambda settings: embedder)
    return [json.loads(line)["id"] for line in lines]


def evaluated(settings: Settings, out: Path) -> Path:
    assert run_golden(settings, None, out) == 0
    return out


def test_a_run_is_kept_whole_compared_and_held_to_a_baseline(
    golden: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(golden) >= 40
    kept = tmp_path / "runs"
    with ScriptedServer([ReadingModel()]) as server:
        settings = settings_for(server, LARGE)
        first, second = (evaluated(settings, kept / name) for name in ("first", "second"))
    told = capsys.readouterr().out
    assert "answerable: right" in told
    assert "unanswerable: declined" in told
    assert not settings.data_dir.exists()  # the person's own index is left alone

    assert {RESULTS, SUMMARY, REPORT} <= {path.name for path in first.iterdir()}
    (run,) = (run for run in list_runs(kept) if run.name == "first")
    assert run.summary
    assert (run.fault, run.summary.cases, run.results().faults) == ("", len(golden), ())
    entries = run.results().entries
    assert [entry.result.id for entry in entries] == golden
    assert {entry.result.outcome for entry in entries} == {"right", "wrong", "declined"}
    assert all(entry.result.scores.keys() == METRICS.keys() for entry in entries)
    assert all(entry.result.cluster for entry in entries)
    _check_report(first / REPORT)

    found = diff_folders(first, second)
    assert (found.pairs, found.flips, found.warnings) == (len(golden), (), ())
    moved = {each.metric for each in found.changes if each.before != each.after}
    assert not {name for name in moved if METRICS[name].deterministic}

    write_baseline(first, tmp_path / "baseline.json")
    assert check_run(tmp_path / "baseline.json", second) == 0
    assert f"Compared: {len(golden)} cases of {len(golden)}" in capsys.readouterr().out


def _check_report(file: Path) -> None:
    page = Page(file.read_text("utf-8"))
    assert not [each for each in page.fetched if not each.startswith("data:")]
    assert "what tariff rate applies to fentanyl?" in page.text
    assert "20% rate just for the fentanyl demands" in page.text
