"""Several settings on the same cases: who wins where, and what a CI server is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner, Result

import ui.cli
from eval import run as running
from eval.cases import Case
from eval.compare import command
from eval.compare.junit import comparison_to_junit
from eval.compare.loading import ComparedRun
from eval.compare.settings_files import read_settings
from eval.compare.several import ALL, Comparison, compare_settings, comparison_to_json
from eval.recording import Recording, record_answer
from rag.assistant import Assistant
from rag.errors import SettingsError
from rag.internals import build
from rag.settings import load_settings
from tests.compared_runs import entry, summary


def run_of(name: str, right: dict[str, bool], **more: Any) -> ComparedRun:
    """A run of cases "fact-1", "list-2", …, each right or wrong."""
    entries = {}
    for id, is_right in right.items():
        made = entry(id, "right" if is_right else "wrong", answer_right=float(is_right))
        row = replace(made.result, tags=(id.split("-")[0],))
        entries[id] = replace(made, result=row)
    return ComparedRun(name, entries, summary(len(entries), **more))


def cases(facts: int, lists: int, *, facts_right: bool, lists_right: bool) -> dict[str, bool]:
    return {f"fact-{n}": facts_right for n in range(facts)} | {
        f"list-{n}": lists_right for n in range(lists)
    }


@pytest.fixture
def found() -> Comparison:
    """B wins lists and loses facts."""
    a = run_of("a", cases(8, 7, facts_right=True, lists_right=False))
    b = run_of("b", cases(8, 7, facts_right=False, lists_right=True))
    return compare_settings([a, b])


def test_the_winner_is_named_by_kind_only_beyond_noise(found: Comparison) -> None:
    by_kind = {row.kind: row for row in found.kinds}
    assert list(by_kind) == [ALL, "fact", "list"]
    assert (by_kind["fact"].shares, by_kind["fact"].best) == ((1.0, 0.0), "a")
    assert (by_kind["list"].shares, by_kind["list"].best) == ((0.0, 1.0), "b")
    assert by_kind[ALL].best == ""
    assert by_kind[ALL].n == 15


def test_a_few_cases_name_no_winner() -> None:
    runs = [run_of(name, {f"fact-{n}": name == "b" for n in range(5)}) for name in "ab"]
    assert [row.best for row in compare_settings(runs).kinds] == ["", ""]


def test_of_three_runs_each_is_compared_with_the_first() -> None:
    runs = [run_of(name, cases(8, 0, facts_right=name == "c", lists_right=True)) for name in "abc"]
    found = compare_settings(runs)
    (row, _) = found.kinds
    assert [each and each.mean for each in row.differences] == [0.0, 1.0]
    assert row.best == "c"
    assert [(diff.before, diff.after) for diff in found.diffs] == [("a", "b"), ("a", "c")]
    assert not found.is_worse


def test_a_regression_is_what_is_worse_beyond_noise() -> None:
    a = run_of("a", cases(8, 0, facts_right=True, lists_right=True))
    worse = compare_settings([a, run_of("b", dict.fromkeys(a.entries, False))])
    assert worse.is_worse
    assert [failure.metric for failure in worse.regressions[0]] == ["answer_right"]
    one_of_eight = dict.fromkeys(a.entries, True) | {"fact-0": False}
    assert not compare_settings([a, run_of("b", one_of_eight)]).is_worse


def test_missing_cases_are_a_regression_and_never_a_smaller_number() -> None:
    a = run_of("a", cases(8, 0, facts_right=True, lists_right=True))
    b = run_of("b", cases(6, 0, facts_right=True, lists_right=True))
    found = compare_settings([a, b])
    assert found.is_worse
    assert "lacks 2 cases" in found.regressions[0][0].text


def test_junit_has_a_case_each_and_fails_what_was_right_and_what_got_worse(
    found: Comparison,
) -> None:
    root = ElementTree.fromstring(comparison_to_junit(found))
    (suite,) = root.findall("testsuite")
    names = {case.get("name"): case for case in suite.findall("testcase")}
    assert names["fact-0"].find("failure") is not None
    assert names["list-0"].find("failure") is None
    assert suite.get("failures") == "8"
    assert suite.get("tests") == str(len(suite)) == "15"


def test_junit_says_of_each_case_what_came_of_it() -> None:
    a = run_of("a", {"fact-1": False, "fact-2": True, "fact-3": True})
    b = run_of("b", {"fact-1": False, "fact-2": True})
    spoilt = "It is \x00 20% <b> \ud800."
    broken = replace(b.entries["fact-2"].result, outcome="error", text=spoilt)
    entries = b.entries | {"fact-2": replace(b.entries["fact-2"], result=broken)}
    found = compare_settings([a, replace(b, entries=entries)])
    root = ElementTree.fromstring(comparison_to_junit(found))
    tags = {
        case.get("name"): [child.tag for child in case]
        for case in root.iter("testcase")
        if case.get("classname") == "fact"
    }
    assert tags == {"fact-1": ["skipped"], "fact-2": ["error"], "fact-3": ["error"]}


def test_json_has_the_kinds_the_differences_and_the_regressions(found: Comparison) -> None:
    document = json.loads(json.dumps(comparison_to_json(found)))
    assert document["schema"] == "footnote.compare/1"
    assert [run["name"] for run in document["runs"]] == ["a", "b"]
    assert document["kinds"][1]["differences"][0]["mean"] == -1.0
    assert len(document["differences"][0]["flips"]) == 15
    assert document["regressions"] == {"b": []}


# --- files of settings ------------------------------------------------------------------------


def written(file: Path, text: str) -> Path:
    file.write_text(text, "utf-8")
    return file


def test_a_file_says_settings_with_or_without_their_prefix(tmp_path: Path) -> None:
    plain = written(tmp_path / "plain.toml", 'model = "none"\nk = 7\n')
    long = written(tmp_path / "long.toml", 'FOOTNOTE_MODEL = "none"\nFOOTNOTE_K = 7\n')
    one, other = read_settings([plain, long], tmp_path / "data")
    assert one.settings == other.settings
    assert (one.settings.k, one.settings.data_dir) == (7, tmp_path / "data")
    assert one.digest == other.digest


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("k = ", "cannot be read as TOML"),
        ("kk = 3", "no setting kk"),
        ("k = 0", "k: Input should be greater"),
        ("\xff", "cannot be read as TOML"),
    ],
)
def test_a_bad_file_of_settings_is_named(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingsError, match=r"bad\.toml") as caught:
        read_settings([tmp_path / "bad.toml"], tmp_path)
    assert said in str(caught.value)


def test_prompts_are_looked_for_beside_the_file_that_names_them(tmp_path: Path) -> None:
    file = written(tmp_path / "short.toml", 'prompts_dir = "short"\n')
    (only,) = read_settings([file], tmp_path)
    assert only.settings.prompts_dir == tmp_path / "short"


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    files = [written(tmp_path / each / "a.toml", "k = 3") for each in (".", "more")]
    with pytest.raises(SettingsError, match="one name"):
        read_settings(files, tmp_path)


# --- the command ------------------------------------------------------------------------------

ARTICLE = "The mill of Orm was built in 1702. The mill of Orm has 12 rooms. It belongs to a baker."
Compare = Callable[..., Result]


@pytest.fixture
def compare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Compare:
    """`footnote eval compare` of two settings over an index of one article."""
    (tmp_path / "in").mkdir()
    written(tmp_path / "in" / "mill.txt", ARTICLE)
    with build(load_settings(model="none")) as assistant:
        list(assistant.index([tmp_path / "in"]))
    quote = {"document_id": "mill.txt", "quote": "The mill of Orm was built in 1702."}
    rows = [
        {"id": "built", "question": "When was the mill of Orm built?", "answerable": True,
         "gold": ["1702"], "points": [{"quotes": [quote]}], "evidence": [quote], "tags": ["fact"]},
        {"id": "sold", "question": "Who sold the castle of Vard?", "answerable": False,
         "tags": ["unanswerable"]},
    ]  # fmt: skip
    own = written(tmp_path / "own.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    files = [written(tmp_path / f"k{k}.toml", f'model = "none"\nk = {k}\n') for k in (20, 3)]

    def run(*more: str) -> Result:
        said = ["eval", "compare", *map(str, files), "--cases", str(own), *more]
        return CliRunner().invoke(ui.cli.app, said)

    return run


def test_two_settings_are_run_compared_written_and_not_run_again(
    compare: Compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, as_json, junit = (tmp_path / name for name in ("out", "c.json", "c.xml"))
    options = ["--out", str(out), "--json", str(as_json), "--junit", str(junit)]
    first = compare(*options, "--fail-on-regression")
    assert first.exit_code == 0, first.stderr
    assert "Came out as they should, by kind of question" in first.stdout
    assert "k 20 and 3" in first.stdout
    kinds = {row["kind"]: row for row in json.loads(as_json.read_text("utf-8"))["kinds"]}
    assert kinds["fact"]["shares"] == [1.0, 1.0]
    assert ElementTree.parse(junit).getroot().tag == "testsuites"

    def never(*_: object, **__: object) -> int:
        raise AssertionError("a finished run was made again")

    monkeypatch.setattr(running, "run_cases", never)
    again = compare(*options)
    assert again.exit_code == 0
    assert again.stdout == first.stdout


def test_a_run_that_broke_off_is_gone_on_with(compare: Compare, tmp_path: Path) -> None:
    out = tmp_path / "out"
    compare("--out", str(out))
    results = out / "k3" / "results.jsonl"
    lines = results.read_text("utf-8").splitlines(keepends=True)
    results.write_text(lines[0] + lines[1][:20], "utf-8")  # killed while it wrote
    (out / "k3" / "summary.json").unlink()
    again = compare("--out", str(out))
    assert again.exit_code == 0, again.stderr
    assert results.read_text("utf-8").splitlines(keepends=True)[0] == lines[0]
    assert len(results.read_text("utf-8").splitlines()) == 2


def test_other_cases_are_asked_anew_in_the_same_folder(compare: Compare, tmp_path: Path) -> None:
    out, own = tmp_path / "out", tmp_path / "own.jsonl"
    compare("--out", str(out))
    own.write_text(own.read_text("utf-8").splitlines(keepends=True)[0], "utf-8")
    again = compare("--out", str(out))
    assert again.exit_code == 0, again.stderr
    assert len((out / "k3" / "results.jsonl").read_text("utf-8").splitlines()) == 1


def test_cases_that_ended_in_an_error_are_asked_again_and_no_others(
    compare: Compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, asked = tmp_path / "out", list[str]()

    def failing(case: Case, assistant: Assistant) -> Recording:
        if case.id == "built":
            return Recording(error="No server answers.")
        return record_answer(case, assistant)

    def counted(case: Case, assistant: Assistant) -> Recording:
        asked.append(case.id)
        return record_answer(case, assistant)

    monkeypatch.setattr(running, "record_answer", failing)
    assert "built" in compare("--out", str(out)).stdout
    monkeypatch.setattr(running, "record_answer", counted)
    again = compare("--out", str(out))
    assert "k3: asking 1 questions" in again.stderr
    assert asked == ["built", "built"]  # with either of the settings
    assert "ended in an error" not in again.stdout
    compare("--out", str(out))
    assert len(asked) == 2


def test_cases_are_looked_up_for_all_settings_before_one_is_asked(
    compare: Compare, tmp_path: Path
) -> None:
    (tmp_path / "k3.toml").write_text(f'model = "none"\ndata_dir = "{tmp_path / "other"}"\n')
    result = compare("--out", str(tmp_path / "out"))
    assert result.exit_code == 1
    assert "there is no document 'mill.txt'" in result.stderr
    assert "asking" not in result.stderr


@pytest.mark.parametrize(("options", "code"), [([], 0), (["--fail-on-regression"], 1)])
def test_the_exit_code_tells_a_regression_where_it_is_asked_to(
    options: list[str], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = run_of("a", cases(8, 0, facts_right=True, lists_right=True))
    runs = {"a": a, "b": run_of("b", dict.fromkeys(a.entries, False))}
    monkeypatch.setattr(command, "check_cases", lambda given, cases: None)
    monkeypatch.setattr(command, "run_settings", lambda given, cases, out: runs[given.name])
    files = [str(written(tmp_path / f"{name}.toml", "k = 3")) for name in runs]
    result = CliRunner().invoke(
        ui.cli.app, ["eval", "compare", *files, "--cases", "own.jsonl", *options]
    )
    assert result.exit_code == code
    assert "WORSE answerable: right" in result.stdout


def test_one_file_is_no_comparison_and_cases_are_needed(tmp_path: Path) -> None:
    one = str(written(tmp_path / "a.toml", "k = 3"))
    for said in (["compare", one, "--cases", one], ["compare", one, one]):
        result = CliRunner().invoke(ui.cli.app, ["eval", *said])
        assert result.exit_code == 2
        assert "Usage" in result.stderr
