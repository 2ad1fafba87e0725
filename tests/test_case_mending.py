"""Cases whose source changed: what they quote is found again, marked anew, or left marked."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

import ui.cli
from eval.cases import CaseError, checked_row, load_cases
from eval.reviewing.finding import (
    MAX_FOUND,
    find_again,
    find_sentences,
    lost_quotes,
    states_its_answer,
)
from eval.reviewing.marking import with_quote, without_quote
from rag.internals import build
from rag.settings import load_settings
from rag.types import Document

OLD = "The gate of Olm was built in 1611. It has two towers. A clock was added in 1840.\n"
BUILT, TOWERS, CLOCK = OLD.strip().replace(". ", ".\n").split("\n")


def document(text: str, id: str = "gate.txt") -> Document:
    return Document.of(id, "The gate of Olm", id, text)


def found(quote: str, *texts: str) -> list[tuple[str, bool]]:
    documents = [document(text, f"{n}.txt") for n, text in enumerate(texts)]
    return [
        (
            documents[int(each.span.document_id[0])].text[each.span.start : each.span.end],
            each.is_same,
        )
        for each in find_again(quote, documents)
    ]


# --- finding ----------------------------------------------------------------------------------


def test_the_same_words_are_found_with_other_spaces_signs_and_capitals() -> None:
    now = "Olm today. The GATE of\nOlm – was built in 1611! It has two towers."
    assert found(BUILT, now) == [("The GATE of\nOlm – was built in 1611!", True)]


def test_the_same_words_in_another_article_are_found() -> None:
    assert found(TOWERS, "Nothing of it.", f"Of gates. {TOWERS}") == [(TOWERS, True)]


def test_words_that_stand_twice_now_get_the_sentences_beside_them() -> None:
    twice = f"Of Olm. {TOWERS} The bridge is old. {TOWERS} The end."
    assert found(TOWERS, twice) == [
        (f"Of Olm. {TOWERS} The bridge is old.", True),
        (f"The bridge is old. {TOWERS} The end.", True),
    ]


def test_without_the_same_words_the_nearest_sentences_come_best_first() -> None:
    now = "Olm has a gate. The gate of Olm was built in 1622 by masons. Pears are sold there."
    assert found(BUILT, now) == [
        ("The gate of Olm was built in 1622 by masons.", False),
        ("Olm has a gate.", False),
    ]


def test_nothing_is_found_where_nothing_is_like_it() -> None:
    assert found(BUILT, "Pears are sold in Oster.", "") == []
    assert found("…", "Pears are sold in Oster …") == []


words = st.sampled_from(["gate", "Olm", "was", "built", "in", "1611", ".", "\n", "It", "two", "—"])
texts = st.lists(words, max_size=30).map(" ".join)


@given(texts, st.lists(texts, max_size=3))
def test_whatever_is_found_stands_once_in_its_document(quote: str, articles: list[str]) -> None:
    documents = [document(text, f"{n}.txt") for n, text in enumerate(articles)]
    again = find_again(quote, documents)
    assert len(again) <= MAX_FOUND
    for span in [each.span for each in again] + find_sentences(quote, documents):
        text = documents[int(span.document_id[0])].text
        assert text.count(text[span.start : span.end]) == 1
        assert text[span.start : span.end].strip()


def test_lost_quotes_are_those_that_do_not_stand_once() -> None:
    line = case("built", "When?", BUILT, TOWERS, CLOCK)
    now, gone = {"gate.txt": f"{BUILT} {TOWERS} {TOWERS}"}, dict[str, str]()
    assert [each["quote"] for each in lost_quotes(line, now.__getitem__)] == [TOWERS, CLOCK]
    assert len(lost_quotes(line, gone.__getitem__)) == 3


def test_a_quote_is_exchanged_or_removed_and_the_other_places_stay() -> None:
    one, two, new = ({"document_id": "gate.txt", "quote": each} for each in (BUILT, TOWERS, CLOCK))
    line = {
        "points": [{"quotes": [one, two]}, {"quotes": [two], "optional": True}],
        "evidence": [one, two],
    }
    assert with_quote(line, two, new) == {
        "points": [{"quotes": [one, new]}, {"quotes": [new], "optional": True}],
        "evidence": [one, new],
    }
    assert with_quote(line, two, one)["evidence"] == [one]
    assert without_quote(line, two) == {"points": [{"quotes": [one]}], "evidence": [one]}


# --- the terminal -----------------------------------------------------------------------------

NEW = {
    "gate.txt": "Once there was a town. The gate of  Olm was built in 1611.\n\n"
    "It has three high towers. A clock was added in 1840. The clock was added in 1840.\n",
    "moat.txt": "The moat of Olm is deep.\n",
}


def case(id: str, question: str, *quotes: str) -> dict[str, Any]:
    evidence = [{"document_id": "gate.txt", "quote": quote} for quote in quotes]
    points = [{"quotes": [each]} for each in evidence]
    return {
        "id": id, "question": question, "answerable": True, "tags": ["fact"], "points": points,
        "evidence": evidence,
    }  # fmt: skip


Review = Callable[..., Result]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "cases.jsonl"
    cases = [
        case("built", "When was the gate of Olm built?", BUILT),
        case("all", "What is it?", BUILT, TOWERS),
    ]
    made.write_text("".join(json.dumps(row) + "\n" for row in cases), "utf-8")
    return made


def rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def quotes(file: Path, place: int) -> list[str]:
    return [each["quotes"][0]["quote"] for each in rows(file)[place]["points"]]


@pytest.fixture
def review(tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> Review:
    """`footnote eval review` over the articles as they are now, with these keys."""
    (tmp_path / "in").mkdir()
    for name, text in NEW.items():
        (tmp_path / "in" / name).write_text(text, "utf-8")
    monkeypatch.setenv("FOOTNOTE_MODEL", "none")
    with build(load_settings()) as assistant:
        list(assistant.index([tmp_path / "in"]))

    def run(keys: str) -> Result:
        monkeypatch.setattr("sys.stdin", io.StringIO(keys))
        said = ["eval", "review", str(file), "--reviewer", "Ana"]
        return CliRunner().invoke(ui.cli.app, said, input=keys)

    return run


def text_of(id: str) -> str:
    return NEW[id]


FOUND = "The gate of  Olm was built in 1611."
THREE = "It has three high towers."


def test_a_changed_case_is_found_again_and_counts_as_edited(review: Review, file: Path) -> None:
    before = file.read_bytes()
    with pytest.raises(CaseError, match="does not contain"):
        load_cases(file, text_of)
    shown = review("fq")
    assert f"Lost: {BUILT}" in shown.stdout
    assert f"[[{FOUND}]]" in shown.stdout
    assert file.read_bytes() == before  # nothing is taken by itself
    again = review("fynfyyq")
    assert "1 of 1, the same words: " in again.stdout
    assert "1 of 1, nearly the same: " in again.stdout
    assert [quotes(file, 0), quotes(file, 1)] == [[FOUND], [FOUND, THREE]]
    assert [row["review"]["decision"] for row in rows(file)] == ["edited", "edited"]
    assert len(load_cases(file, text_of)) == 2


def test_what_is_half_found_stays_marked_and_can_be_taken_back(review: Review, file: Path) -> None:
    before = rows(file)
    result = review("nfynq")
    assert quotes(file, 1) == [FOUND, TOWERS]
    assert "review" not in rows(file)[1]
    assert "all: its source changed" in result.stdout
    review("nfyuq")
    assert quotes(file, 1) == [FOUND, TOWERS]
    assert rows(file)[0] == before[0]


def test_another_sentence_is_marked_by_its_words(review: Review, file: Path) -> None:
    result = review("mhigh towers\n1\nq")
    assert f"1  {THREE} (" in result.stdout
    assert quotes(file, 0) == [THREE]
    assert rows(file)[0]["review"]["decision"] == "edited"


def test_of_a_case_that_is_whole_a_key_point_is_put_in_place_or_added(
    review: Review, file: Path
) -> None:
    review("fyq")
    review("bm1\nhigh towers\n1\nq")
    assert quotes(file, 0) == [THREE]
    review("bm\nmoat\n1\nq")
    assert quotes(file, 0) == [THREE, "The moat of Olm is deep."]
    assert rows(file)[0]["evidence"][1]["document_id"].endswith("moat.txt")


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("mzebra\n", "No sentence has such words"),
        ("mhigh towers\n7\n", "There is no number '7'"),
        ("mhigh towers\n\n", ""),
        ("fz", "y takes it"),
        ("f", "y takes it"),
        ("x", "Keep a question and a key point"),
    ],
)
def test_what_is_not_chosen_changes_nothing(
    keys: str, said: str, review: Review, file: Path
) -> None:
    before = file.read_bytes()
    result = review(f"{keys}q")
    assert result.exit_code == 0
    assert said in result.stderr
    assert file.read_bytes() == before


def test_a_lost_key_point_is_removed_where_others_are_left(review: Review, file: Path) -> None:
    review("nfynxq")
    assert quotes(file, 1) == [FOUND]
    assert rows(file)[1]["review"]["decision"] == "edited"


def test_a_decided_case_whose_source_changed_is_shown_again(review: Review, file: Path) -> None:
    at = "2026-11-29T12:00:00Z"
    decided = [
        row | {"review": {"decision": decision, "reviewer": "Ana", "at": at}}
        for row, decision in zip(rows(file), ("dropped", "accepted"), strict=True)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in decided), "utf-8")
    result = review("q")
    assert "2 of 2" in result.stdout
    assert "f finds it again" in result.stdout


def test_a_right_answer_that_does_not_stand_in_the_new_evidence_is_told_and_changed(
    review: Review, file: Path
) -> None:
    row = case("towers", "How many towers has it?", TOWERS) | {"gold": ["two towers"]}
    file.write_text(json.dumps(row) + "\n", "utf-8")
    result = review("fye\n\nthree towers | three high towers\nq")
    assert result.stdout.count("It does not stand in the evidence: e changes it.") == 1
    assert rows(file)[0]["gold"] == ["three towers", "three high towers"]


@pytest.mark.parametrize(
    ("gold", "stands"),
    [(["1611"], True), (["1612", "1611"], True), (["1612"], False), (["no"], True), ([], True)],
)
def test_right_answers_are_looked_for_in_the_evidence(gold: list[str], stands: bool) -> None:
    row = checked_row(case("built", "When?", BUILT) | {"gold": gold})
    assert states_its_answer(row) is stands
