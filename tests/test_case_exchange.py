"""Cases go to the formats of other evaluation tools and come back with their evidence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from typer.testing import CliRunner

import ui.cli
from eval.cases import load_cases
from eval.reviewing.exchange import DECLINE, Format, export_cases, import_cases
from eval.reviewing.review_file import ReviewError
from rag.assistant import Assistant
from rag.internals import build
from rag.settings import load_settings

SOLD = "The windmill of Terp was sold in 1911."
SAILS = "It has four sails of oak."
TEXT = f"{SOLD} {SAILS} The miller keeps ducks."
FORMATS: tuple[Format, ...] = get_args(Format)


def quote(text: str) -> dict[str, str]:
    return {"document_id": "mill.txt", "quote": text}


ROWS: list[dict[str, Any]] = [
    {"id": "sold", "question": "When was the windmill of Terp sold?", "answerable": True,
     "gold": ["1911"], "points": [{"quotes": [quote(SOLD)]}], "evidence": [quote(SOLD)],
     "tags": ["fact"]},
    {"id": "about", "question": "What is said of the windmill?", "answerable": True,
     "points": [{"quotes": [quote(SOLD)]}, {"quotes": [quote(SAILS)]}],
     "evidence": [quote(SOLD), quote(SAILS)], "tags": ["summary"]},
    {"id": "burnt", "question": "When did the windmill burn?", "answerable": False,
     "tags": ["unanswerable", "near-miss"]},
]  # fmt: skip


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    folder = tmp_path_factory.mktemp("exchange")
    (folder / "mill.txt").write_text(TEXT, "utf-8")
    with build(load_settings(model="none", data_dir=folder / "data")) as made:
        list(made.index([folder / "mill.txt"]))
        yield made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    review = {"decision": "dropped", "reviewer": "Ana", "at": "2026-11-29T10:00:00Z"}
    rows = [*ROWS, ROWS[0] | {"id": "dropped", "review": review}]
    path = tmp_path / "cases.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_each_format_has_the_fields_of_its_tool(file: Path) -> None:
    lines = {form: export_cases(file, form).text.splitlines() for form in FORMATS}
    ragas = json.loads(lines["ragas"][0])
    assert ragas == {
        "user_input": ROWS[0]["question"], "reference": "1911", "reference_contexts": [SOLD],
    }  # fmt: skip
    goldens = json.loads("\n".join(lines["deepeval"]))
    assert [each["expected_output"] for each in goldens] == ["1911", f"{SOLD} {SAILS}", DECLINE]
    assert goldens[1]["context"] == [SOLD, SAILS]
    assert goldens[2]["additional_metadata"]["answerable"] is False
    for form, asked, answered in [
        ("langsmith", "inputs", "outputs"),
        ("phoenix", "input", "output"),
    ]:
        sample = json.loads(lines[form][0])  # type: ignore[index]
        assert sample[asked] == {"question": ROWS[0]["question"]}
        assert sample[answered] == {"answer": "1911", "contexts": [SOLD]}
        assert sample["metadata"]["tags"] == ["fact"]


@pytest.mark.parametrize("form", FORMATS)
def test_what_was_written_comes_back_as_cases_with_evidence(
    form: Format, file: Path, assistant: Assistant, tmp_path: Path
) -> None:
    found = import_cases(export_cases(file, form).text, form, assistant)
    back = tmp_path / "back.jsonl"
    back.write_text("".join(json.dumps(row) + "\n" for row in found.rows), "utf-8")
    cases = load_cases(back, lambda id: assistant.library.document(id).text)
    assert [case.question for case in cases] == [row["question"] for row in ROWS]
    assert [case.answerable for case in cases] == [True, True, False]
    assert [assistant.library.text(span) for span in cases[1].evidence] == [SOLD, SAILS]
    assert cases[0].gold == ("1911",)
    assert not found.left_out


def test_without_contexts_a_sentence_that_holds_the_reference_is_the_evidence(
    assistant: Assistant,
) -> None:
    sample = {"user_input": "When was the windmill of Terp sold?", "reference": "1911"}
    (row,) = import_cases(json.dumps(sample), "ragas", assistant).rows
    assert row["evidence"] == [quote(SOLD)]


def test_what_no_article_states_is_left_out_and_counted(assistant: Assistant) -> None:
    samples = [
        {
            "user_input": "Who baked?",
            "reference": "Nobody at all",
            "reference_contexts": ["Bread."],
        },
        {"user_input": "Who?", "reference": ""},
        {"user_input": "When was the windmill of Terp sold?", "reference": "1911"},
    ]
    found = import_cases("\n".join(map(json.dumps, samples)), "ragas", assistant)
    assert len(found.rows) == 1
    assert found.left_out.total() == 2
    with pytest.raises(ReviewError, match=r"no case \(2 left out: no article states"):
        import_cases("\n".join(map(json.dumps, samples[:2])), "ragas", assistant)
    with pytest.raises(ReviewError, match="it is empty"):
        import_cases("[]", "ragas", assistant)


@pytest.mark.parametrize("text", ["{oops", '{"question": "?"}', "[1]", '{"user_input": ["a"]}'])
def test_a_file_of_another_format_is_refused(text: str, assistant: Assistant) -> None:
    with pytest.raises(ReviewError, match="format of ragas"):
        import_cases(text, "ragas", assistant)


def test_the_commands_write_new_files_only(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "ragas.jsonl"

    def run(*said: str) -> int:
        result = CliRunner().invoke(ui.cli.app, ["eval", *said])
        ends.append(result.stderr)
        return result.exit_code

    ends: list[str] = []
    assert run("export", str(file), "--out", str(out)) == 0
    assert ends[-1] == f"3 cases in {out}. 1 left out: dropped in review.\n"
    assert len(out.read_text("utf-8").splitlines()) == 3
    before = out.read_bytes()
    assert run("export", str(file), "--out", str(out), "--format", "phoenix") == 1
    assert out.read_bytes() == before
    assert run("import", str(tmp_path / "none.jsonl"), "--out", str(tmp_path / "x")) == 1
