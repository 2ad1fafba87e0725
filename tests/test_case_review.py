"""Drafted cases are accepted, edited and dropped in a terminal, and nothing of that is lost."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import ui.cli
from eval.cases import CaseError, load_cases
from eval.reviewing.agreement import agreement_lines, compare_reviews
from eval.reviewing.review_file import ReviewError, ReviewFile, open_review
from rag.internals import build
from rag.settings import load_settings
from ui.shell import case_review

TEXT = "The gate of Olm was built in 1611. It has two towers. A clock was added in 1840.\n"
BUILT, TOWERS, CLOCK = TEXT.strip().replace(". ", ".\n").split("\n")
NOW = datetime(2026, 11, 29, 12, 30, tzinfo=UTC)


def case(id: str, question: str, quote: str = "", **more: Any) -> dict[str, Any]:
    evidence = [{"document_id": "gate.txt", "quote": quote}]
    answered = {"points": [{"quotes": evidence}], "evidence": evidence} if quote else {}
    tags = ["fact"] if quote else ["unanswerable", "near-miss"]
    return {
        "id": id, "question": question, "answerable": bool(quote), "tags": tags, **answered, **more,
    }  # fmt: skip


CASES = [
    case("built", "When was the gate of Olm built?", BUILT),
    case("towers", "How many towers has the gate?", TOWERS, note="Drafted."),
    case("moat", "Who dug the moat of Olm?"),
    case("clock", "When was a clock added?", CLOCK),
]
Review = Callable[..., Result]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "cases.jsonl", CASES)


def written(file: Path, rows: list[dict[str, Any]]) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def decisions(file: Path) -> list[str | None]:
    return [row.get("review", {}).get("decision") for row in rows(file)]


def text_of(id: str) -> str:
    return {"gate.txt": TEXT}[id]


@pytest.fixture
def opened(file: Path) -> Iterator[ReviewFile]:
    with open_review(file, text_of, lambda: NOW) as found:
        yield found


# --- the file ---------------------------------------------------------------------------------


def test_a_decision_is_in_the_file_at_once_with_who_and_when(
    opened: ReviewFile, file: Path
) -> None:
    opened.decide(0, "accepted", "Ana")
    assert rows(file)[0] == CASES[0] | {
        "review": {"decision": "accepted", "reviewer": "Ana", "at": "2026-11-29T12:30:00+00:00"}
    }
    assert rows(file)[1:] == CASES[1:]
    assert opened.next_open() == 1
    assert [path.name for path in file.parent.iterdir() if path.name.endswith(".part")] == []


def test_an_edit_keeps_the_question_before_it_and_changes_the_kind(
    opened: ReviewFile, file: Path
) -> None:
    opened.decide(1, "edited", "Ana", question="How many towers?", kind="keyword")
    edited = rows(file)[1]
    assert (edited["question"], edited["tags"]) == ("How many towers?", ["keyword"])
    assert edited["review"]["was"] == "How many towers has the gate?"
    assert [each.id for each in load_cases(file, text_of)] == ["built", "towers", "moat", "clock"]


def test_what_is_dropped_stays_in_the_file_and_is_not_asked(opened: ReviewFile, file: Path) -> None:
    opened.decide(2, "dropped", "Ana")
    assert len(rows(file)) == 4
    assert [each.id for each in load_cases(file, text_of)] == ["built", "towers", "clock"]


def test_undo_takes_back_one_decision_after_the_other(opened: ReviewFile, file: Path) -> None:
    before = rows(file)
    opened.decide(0, "accepted", "Ana")
    opened.decide(1, "edited", "Ana", question="Towers?")
    assert opened.undo() == 1
    assert decisions(file) == ["accepted", None, None, None]
    assert opened.undo() == 0
    assert rows(file) == before
    assert opened.undo() is None


def test_a_kind_that_would_turn_an_answer_into_none_is_refused(opened: ReviewFile) -> None:
    with pytest.raises(ReviewError, match="cannot become unanswerable"):
        opened.decide(0, "edited", "Ana", kind="unanswerable")
    with pytest.raises(ReviewError, match="or the other way round"):
        opened.decide(2, "edited", "Ana", kind="fact")


def test_a_case_whose_source_changed_is_marked_and_can_only_be_dropped(file: Path) -> None:
    with open_review(file, lambda id: TEXT.replace("two towers", "three towers")) as found:
        assert [bool(each.changed) for each in found.cases] == [False, True, False, False]
        assert "does not contain" in found.cases[1].changed
        with pytest.raises(ReviewError, match="source of towers changed"):
            found.decide(1, "accepted", "Ana")
        found.decide(1, "dropped", "Ana")
    assert decisions(file)[1] == "dropped"


def test_a_second_review_at_once_is_refused_and_later_it_is_not(
    opened: ReviewFile, file: Path
) -> None:
    with pytest.raises(ReviewError, match="being reviewed"), open_review(file, text_of):
        pass
    opened.decide(0, "accepted", "Ana")  # the first one goes on


def test_the_lock_ends_with_the_review(file: Path) -> None:
    for _ in range(2):
        with open_review(file, text_of):
            pass
    assert [path.name for path in file.parent.iterdir()] == ["cases.jsonl"]


def test_a_file_changed_meanwhile_is_not_overwritten(opened: ReviewFile, file: Path) -> None:
    opened.decide(0, "accepted", "Ana")
    by_hand = rows(file)
    by_hand[3]["question"] = "When was the clock added?"
    written(file, by_hand)
    with pytest.raises(ReviewError, match="changed by another program"):
        opened.decide(1, "accepted", "Ana")
    assert rows(file) == by_hand


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("{oops", "line 3"),
        (json.dumps(CASES[0]), "an earlier line has the same id"),
        (json.dumps(CASES[2] | {"id": "x", "review": {"decision": "maybe"}}), "review.decision"),
    ],
)
def test_a_line_spoilt_by_hand_is_named_and_nothing_is_written(
    bad: str, said: str, file: Path
) -> None:
    lines = file.read_text("utf-8").splitlines()
    file.write_text("\n".join([*lines[:2], bad, *lines[2:]]), "utf-8")
    before = file.read_bytes()
    with (
        pytest.raises(CaseError, match=r"cases\.jsonl, line 3") as caught,
        open_review(file, text_of),
    ):
        pass
    assert said in str(caught.value)
    assert file.read_bytes() == before


# --- two reviewers ----------------------------------------------------------------------------


def reviewed(file: Path, reviewer: str, *said: str) -> Path:
    for row, decision in zip(changed := rows(file), said, strict=True):
        if decision:
            at = "2026-11-29T12:00:00Z"
            row["review"] = {"decision": decision, "reviewer": reviewer, "at": at}
    return written(file.with_name(f"{reviewer}.jsonl"), changed)


def test_the_agreement_of_two_reviewers_is_told_with_what_they_differ_on(file: Path) -> None:
    ours = reviewed(file, "Ana", "accepted", "dropped", "accepted", "accepted")
    theirs = reviewed(file, "Ben", "accepted", "dropped", "dropped", "")
    found = compare_reviews(ours, theirs)
    assert found.agreement.kappa == pytest.approx(0.4)
    assert (found.differing, found.only_one) == (("moat",), ("clock",))
    said = "\n".join(agreement_lines(found))
    assert "Ana (rows) and Ben (columns), 3 cases" in said
    assert "Cohen's kappa: 0.40" in said
    assert "They differ on: moat." in said


def test_reviews_without_a_common_case_are_no_agreement(file: Path) -> None:
    ours = reviewed(file, "Ana", "accepted", "", "", "")
    theirs = reviewed(file, "Ben", "", "accepted", "", "")
    with pytest.raises(ReviewError, match="No case was decided both"):
        compare_reviews(ours, theirs)


# --- the terminal -----------------------------------------------------------------------------


@pytest.fixture
def review(tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> Review:
    """`footnote eval review` over an index of the article, with these keys."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "gate.txt").write_text(TEXT, "utf-8")
    monkeypatch.setenv("FOOTNOTE_MODEL", "none")
    with build(load_settings()) as assistant:
        list(assistant.index([tmp_path / "in" / "gate.txt"]))

    def run(keys: str, *more: str) -> Result:
        monkeypatch.setattr("sys.stdin", io.StringIO(keys))
        said = ["eval", "review", str(file), "--reviewer", "Ana", *more]
        return CliRunner().invoke(ui.cli.app, said, input=keys)

    return run


def test_keys_decide_and_the_evidence_is_shown_in_its_source(review: Review, file: Path) -> None:
    result = review("aeHow many towers has it?\nkeyword\ndq")
    assert result.exit_code == 0
    assert f"[[{BUILT}]] It has two towers." in result.stdout
    assert "The articles should not answer it." in result.stdout
    assert "Nearest: " in result.stdout
    assert "4 cases: 1 accepted, 1 edited, 1 dropped, 1 open." in result.stdout
    assert decisions(file) == ["accepted", "edited", "dropped", None]
    assert rows(file)[1]["question"] == "How many towers has it?"


def test_it_goes_on_where_it_was_left(review: Review, file: Path) -> None:
    review("aaq")
    again = review("q")
    assert "3 of 4" in again.stdout
    assert "When was the gate of Olm built?" not in again.stdout
    assert decisions(file) == ["accepted", "accepted", None, None]


def test_undo_next_and_back_move_among_cases(review: Review, file: Path) -> None:
    result = review("aundbq")
    assert decisions(file) == [None, "dropped", None, None]
    assert result.stdout.count("1 of 4") == 2
    assert "Nothing is left to undo" in review("uq").stderr


def test_the_end_of_the_keys_ends_the_review_and_an_unknown_key_names_the_keys(
    review: Review, file: Path
) -> None:
    result = review("x")
    assert result.exit_code == 0
    assert "a accept  e edit" in result.stderr
    assert decisions(file) == [None] * 4


def test_an_unknown_kind_changes_nothing(review: Review, file: Path) -> None:
    result = review("eTowers?\nriddle\nq")
    assert "There is no kind 'riddle'" in result.stderr
    assert rows(file) == CASES


def test_when_all_is_decided_the_next_command_is_named(review: Review) -> None:
    result = review("aaaa")
    assert "4 cases: 4 accepted." in result.stdout
    assert "footnote eval --cases" in result.stdout


def test_a_changed_source_is_a_marked_row(review: Review, file: Path) -> None:
    spoilt = rows(file)
    spoilt[0]["evidence"][0]["quote"] = "The gate of Olm was built in 1622."
    written(file, spoilt)
    result = review("aq")
    assert "! Its source changed" in result.stdout
    assert "The source of built changed" in result.stderr
    assert decisions(file)[0] is None
    assert "built: its source changed" in result.stdout
    assert "4 cases: 3 accepted, 1 dropped." in (ended := review("daaa").stdout)
    assert "built: its source changed" not in ended  # what is not asked needs no source


def test_agreement_is_printed_by_the_command(review: Review, file: Path) -> None:
    theirs = reviewed(file, "Ben", "accepted", "accepted", "dropped", "accepted")
    review("aada")
    result = review("", "--agreement", str(theirs))
    assert result.exit_code == 0
    assert "Cohen's kappa: 1.00" in result.stdout


def test_text_of_documents_cannot_act_on_the_terminal(review: Review, file: Path) -> None:
    spoilt = rows(file)
    spoilt[0]["question"] = "When?\x1b[2J\u202e"
    written(file, spoilt)
    assert "\x1b" not in review("q").stdout


def test_who_reviews_must_be_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise OSError

    monkeypatch.setattr(case_review, "getuser", nobody)
    with pytest.raises(ReviewError, match="--reviewer NAME"):
        case_review.login_name()
