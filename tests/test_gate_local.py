"""The embedded model is not worse than the baseline on a fixed part of the golden set."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.compare.baseline import BASELINE, read_baseline
from eval.compare.gate import run_and_check
from rag.settings import Settings


def test_the_baseline_is_of_the_embedded_model_and_of_every_kind_of_question() -> None:
    baseline = read_baseline(BASELINE)
    assert "qwen" in baseline.conditions.model.lower()
    assert len(baseline.cases) >= 20
    outcomes = {case.outcome for case in baseline.cases.values()}
    assert {"right", "declined"} <= outcomes


@pytest.mark.slow
def test_the_embedded_model_passes_the_gate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    passed = run_and_check(BASELINE, Settings(data_dir=tmp_path))
    assert passed == 0, capsys.readouterr().out
