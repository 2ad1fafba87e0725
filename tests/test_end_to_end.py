"""Does the installed command answer from the articles with the model it comes with?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.asking import FENTANYL, NEWS, RATE
from tests.processes import MARK, running

pytestmark = pytest.mark.slow

FOOTNOTE = Path(sys.executable).with_name("footnote")
SEED = Path(__file__).parents[1] / "seeds" / NEWS
PATIENCE_S = 600


def asked(question: str, tmp_path: Path) -> dict[str, Any]:
    """What ``footnote ask --json`` prints, once it and all its processes have ended."""
    ran = subprocess.run(
        [FOOTNOTE, "ask", question, "--json"],
        env=os.environ | {"FOOTNOTE_DATA_DIR": str(tmp_path / "data"), MARK: str(tmp_path)},
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr.decode()
    assert not running(str(tmp_path))
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


def test_the_fentanyl_question_is_answered_and_points_at_its_sentence(tmp_path: Path) -> None:
    answer = asked(FENTANYL, tmp_path)
    assert answer["status"] == "answered"
    assert "20%" in answer["text"]
    citation = answer["claims"][0]["citations"][0]  # further sentences complete it
    assert citation["quote"] == RATE
    assert citation["document_id"] == NEWS
    text = SEED.read_text("utf-8")
    start = text.index(RATE)
    assert (citation["start"], citation["end"]) == (start, start + len(RATE))


def test_a_question_that_the_articles_do_not_answer_is_declined(tmp_path: Path) -> None:
    answer = asked("Which company makes the best chocolate in Belgium?", tmp_path)
    assert (answer["status"], answer["text"], answer["claims"]) == ("declined", "", [])


def test_a_process_that_is_left_over_would_be_noticed(tmp_path: Path) -> None:
    if not Path("/proc/self/environ").exists():
        pytest.skip("this system does not show the environment of a process")
    command = [sys.executable, "-c", "print('here', flush=True); input()"]
    environment = os.environ | {MARK: str(tmp_path)}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert running(str(tmp_path))
        child.communicate(b"\n")
    assert not running(str(tmp_path))
