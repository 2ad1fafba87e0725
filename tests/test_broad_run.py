"""The broad set is asked, by a scripted model, and what is answered is kept to be read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from eval.broad import run
from eval.broad.questions import SETS, BroadSetError
from eval.run import EXIT_INTERRUPTED
from rag.errors import ModelError
from rag.settings import load_settings
from tests.asking import LARGE, prompt, settings_for
from tests.fakes import Request, Scripted, ScriptedServer, Status

LAKE = "# Lake Vann\n\nThe lake of Vann is 214 metres deep. Pike live in the lake of Vann.\n"
DEEP, PIKE = "The lake of Vann is 214 metres deep.", "Pike live in the lake of Vann."


def row(id: str, kind: str, question: str, *quotes: str) -> dict[str, Any]:
    points = [{"quotes": [{"document_id": "lake.md", "quote": quote}]} for quote in quotes]
    return {"id": id, "kind": kind, "question": question, "points": points}


ROWS = [
    row("fact-1", "fact", "How deep is the lake of Vann?", DEEP),
    row("list-1", "list", "Which fish live in the lake of Vann and how deep is it?", PIKE, DEEP),
    row("unanswerable-1", "unanswerable", "Who owns the mill of Vann?"),
    row("fact-2", "fact", "Which ferry crosses the lake of Vann?", PIKE),
]
REPLIES: dict[str, Scripted] = {
    "How deep": f"{DEEP} [1]",
    "Which fish": f"{PIKE} [1]",
    "mill": "NOT STATED",
    "ferry": Status(400, "no more answers"),
}
Ask = Callable[..., int]


def reply(request: Request) -> Scripted:
    question = prompt(request).rpartition("Question:")[2]
    return next(said for word, said in reversed(REPLIES.items()) if word in question)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer([reply]) as scripted:
        yield scripted


@pytest.fixture
def ask(server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Asks a set of one article and four questions."""
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "lake.md").write_text(LAKE, encoding="utf-8")
    lines = "".join(json.dumps(each) + "\n" for each in ROWS)
    (tmp_path / "questions.jsonl").write_text(lines, encoding="utf-8")
    monkeypatch.setattr(run, "ARTICLES", tmp_path / "articles")
    monkeypatch.setitem(SETS, "broad", (tmp_path / "questions.jsonl", ()))

    def asked(**chosen: Any) -> int:
        return run.run_broad(settings_for(server, LARGE, data_dir=tmp_path / "data"), **chosen)

    return asked


def figures(said: str, table: int, line: str) -> dict[str, Any]:
    lines = json.loads(said)["tables"][table]["lines"]
    found: dict[str, Any] = next(each["figures"] for each in lines if each["name"] == line)
    return found


def test_key_points_declines_and_errors_are_counted(
    ask: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(as_json=True) == 1  # for the question that failed
    said = capsys.readouterr().out
    assert figures(said, 0, "fact")["recall"]["mean"] == 1
    assert figures(said, 0, "list")["recall"]["mean"] == 0.5
    assert figures(said, 0, "all of these")["precision"]["mean"] == 1
    assert figures(said, 1, "unanswerable: declined")["%"]["mean"] == 1
    assert figures(said, 1, "errors")["%"]["mean"] == 0.25


def test_the_answers_are_kept_with_what_they_miss_and_only_failures_are_asked_again(
    ask: Ask, server: ScriptedServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "answers.jsonl"
    ask(out=out)
    first = capsys.readouterr().out
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [each["id"] for each in rows] == [each["id"] for each in ROWS]
    assert [each["outcome"] for each in rows] == ["answered", "answered", "declined", "error"]
    assert rows[1]["missed"] == [DEEP]
    assert [each["first_seconds"] is not None for each in rows] == [True, True, False, False]
    assert rows[1]["answer"]["claims"][0]["citations"][0]["quote"] == PIKE
    with out.open("a", encoding="utf-8") as file:
        file.write('{"id": "cut sho')
    asked = len(server.requests)
    ask(out=out)
    assert {prompt(each).rpartition("Question:")[2] for each in server.requests[asked:]} == {
        prompt(server.requests[-1]).rpartition("Question:")[2]
    }
    assert "ferry" in prompt(server.requests[-1])
    assert len(out.read_text("utf-8").splitlines()) == len(ROWS) + 1
    points = first.partition("What an answer costs")[0]
    assert capsys.readouterr().out.startswith(points)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"conditions": "of another day", "id": "fact-1"}\n', "another version or model"),
        ("[1]\n", "cannot be read"),
        ("no JSON\n", "cannot be read"),
    ],
)
def test_a_file_of_something_else_is_refused_before_anything_is_asked(
    content: str, said: str, ask: Ask, server: ScriptedServer, tmp_path: Path
) -> None:
    out = tmp_path / "answers.jsonl"
    out.write_text(content, encoding="utf-8")
    with pytest.raises(BroadSetError, match=said):
        ask(out=out)
    assert not server.requests
    assert out.read_text("utf-8") == content


def test_a_part_is_the_first_or_from_all_over_the_file(
    ask: Ask, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for chosen, ids in (({"limit": 1}, ["fact-1"]), ({"sample": 2}, ["fact-1", "unanswerable-1"])):
        out = tmp_path / f"{len(ids)}.jsonl"
        assert ask(out=out, **chosen) == 0
        rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
        assert [each["id"] for each in rows] == ids


def test_an_interruption_leaves_what_was_answered(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = run.ask_question

    def interrupted(question: Any, assistant: Any) -> Any:
        if question.id == "list-1":
            raise KeyboardInterrupt
        return whole(question, assistant)

    monkeypatch.setattr(run, "ask_question", interrupted)
    out = tmp_path / "answers.jsonl"
    assert ask(out=out) == EXIT_INTERRUPTED
    assert len(out.read_text("utf-8").splitlines()) == 1
    assert "Stopped" in capsys.readouterr().err


def test_without_a_model_nothing_is_asked(ask: Ask, tmp_path: Path) -> None:
    missing = load_settings(data_dir=tmp_path / "data", model_path=tmp_path / "none.gguf")
    out = tmp_path / "answers.jsonl"
    with pytest.raises(ModelError):
        run.run_broad(missing, out=out)
    assert not out.exists()
