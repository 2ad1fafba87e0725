"""Cases with key points load beside those with gold, and are scored by the points they name."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from eval.cases import CaseError, load_cases, read_rows
from eval.metrics import score_case
from eval.recording import Recording
from eval.runs.conditions import _case_key
from rag.types import Answer, Citation, Claim, Span

OPENED = "The mill of Tarn opened in 1874."
OWNER = "Its owner was a widow from the coast."
BURNT = "It burnt down in the winter of 1902."
TEXT = f"{OPENED} {OWNER} {BURNT} Nobody lives there."


def point(quote: str, *, optional: bool = False) -> dict[str, Any]:
    return {"quotes": [{"document_id": "mill.txt", "quote": quote}], "optional": optional}


ROW: dict[str, Any] = {
    "id": "mill",
    "question": "What became of the mill of Tarn?",
    "points": [point(OPENED), point(BURNT), point(OWNER, optional=True)],
    "evidence": [{"document_id": "mill.txt", "quote": OPENED}],
    "tags": ["explanation"],
    "answerable": True,
}


def written(folder: Path, *rows: dict[str, Any]) -> Path:
    file = folder / "own.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return file


def text_of(id: str) -> str:
    return {"mill.txt": TEXT}[id]


def answer(*cited: str, status: str = "answered") -> Answer:
    """Each sentence cites itself where the article has it."""
    claims = []
    for text in cited:
        start = TEXT.find(text)
        span = Span("mill.txt", start, start + len(text)) if start >= 0 else None
        claims.append(Claim(text, (Citation(1, span, text),) if span else ()))
    said = " ".join(f"{claim.text} [1]" for claim in claims)
    reason = None if status == "answered" else "not stated"
    return Answer("?", said, tuple(claims), (), status, reason, "m")  # type: ignore[arg-type]


def scores(folder: Path, given: Answer, **change: Any) -> dict[str, float | None]:
    (case,) = load_cases(written(folder, ROW | change), text_of)
    return score_case(case, Recording(answer=given), lambda claim, quotes: True)


@pytest.mark.parametrize(
    ("said", "recall", "precision", "right"),
    [
        ((OPENED, BURNT), 1.0, 1.0, 1.0),
        ((OPENED, "Nobody lives there."), 0.5, 0.5, 1.0),  # half is enough without gold
        ((OWNER,), 0.0, 1.0, 0.0),  # an optional point is to the point, and not needed
        (("Nobody lives there.",), 0.0, 0.0, 0.0),
    ],
)
def test_recall_counts_required_points_and_precision_sentences_that_make_any(
    said: tuple[str, ...], recall: float, precision: float, right: float, tmp_path: Path
) -> None:
    found = scores(tmp_path, answer(*said))
    assert found["point_recall"] == recall
    assert found["point_precision"] == precision
    assert found["answer_right"] == right


def test_a_point_in_the_answers_own_words_counts_as_made(tmp_path: Path) -> None:
    found = scores(tmp_path, answer("In 1874 the mill of Tarn opened."))
    assert found["point_recall"] == found["point_recall_stated"] == 0.5


def test_gold_decides_what_is_right_where_there_is_any(tmp_path: Path) -> None:
    found = scores(tmp_path, answer(OPENED, BURNT), gold=["1911"])
    assert (found["answer_right"], found["point_recall"]) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("said", "value"),
    [((OWNER, BURNT), 1.0), (("Nobody lives there.", BURNT), 0.5), (("Nobody lives there.",), 0.0)],
)
def test_an_answer_answers_with_its_first_sentence_or_a_later_one_or_not(
    said: tuple[str, ...], value: float, tmp_path: Path
) -> None:
    found = scores(tmp_path, answer(*said))
    assert found["answers_question"] == value
    assert found["yes_wrong"] == 0.0  # it is marked as unsure
    marked = scores(tmp_path, replace(answer(*said), answers="yes"))
    assert marked["yes_wrong"] == float(value == 0)


def test_a_gold_answer_of_one_fact_of_two_answers_and_nothing_answers_what_no_article_does(
    tmp_path: Path,
) -> None:
    facts: dict[str, Any] = {"points": [], "all": [["1874"], ["1902"]]}
    found = scores(tmp_path, answer("Nobody lives there.", BURNT), **facts)
    assert (found["answer_right"], found["answers_question"]) == (0.0, 0.5)
    near_miss: dict[str, Any] = {"points": [], "evidence": [], "tags": [], "answerable": False}
    assert scores(tmp_path, answer(OPENED), **near_miss)["answers_question"] == 0.0
    assert scores(tmp_path, answer(status="declined"))["answers_question"] is None


def test_a_declined_answer_makes_no_point_and_a_case_without_points_scores_none(
    tmp_path: Path,
) -> None:
    found = scores(tmp_path, answer(OPENED, status="declined"))
    assert (found["point_recall"], found["point_precision"]) == (0.0, None)
    plain = scores(tmp_path, answer(OPENED), points=[], gold=["1874"])
    assert plain["point_recall"] is plain["point_precision"] is None


def test_every_sentence_of_the_article_is_to_the_point_of_its_summary(tmp_path: Path) -> None:
    said = answer(OPENED, "Nobody lives there.")
    assert scores(tmp_path, said, tags=["summary"])["point_precision"] == 1.0
    assert scores(tmp_path, said)["point_precision"] == 0.5


def test_a_point_whose_quote_is_gone_names_its_line(tmp_path: Path) -> None:
    file = written(tmp_path, ROW | {"points": [point("It was sold.")]})
    with pytest.raises(CaseError, match=r"own\.jsonl, line 1, case mill: mill\.txt does not con"):
        load_cases(file, text_of)
    assert len(read_rows(file)) == 1  # who reviews it can still read it


def test_optional_points_alone_make_no_answerable_case(tmp_path: Path) -> None:
    file = written(tmp_path, ROW | {"points": [point(OPENED, optional=True)]})
    with pytest.raises(CaseError, match="a key point and evidence"):
        load_cases(file, text_of)


def test_what_a_reviewer_dropped_is_not_asked(tmp_path: Path) -> None:
    review = {"decision": "dropped", "reviewer": "ana", "at": "2026-11-29T10:00:00Z"}
    kept = ROW | {"id": "kept", "review": review | {"decision": "accepted"}}
    file = written(tmp_path, ROW | {"review": review}, kept)
    assert [case.id for case in load_cases(file, text_of)] == ["kept"]
    with pytest.raises(CaseError, match="every case of the file was dropped"):
        load_cases(written(tmp_path, ROW | {"review": review}), text_of)


def test_other_points_are_other_conditions(tmp_path: Path) -> None:
    (first,) = load_cases(written(tmp_path, ROW), text_of)
    (other,) = load_cases(written(tmp_path, ROW | {"points": [point(BURNT)]}), text_of)
    assert _case_key(first) != _case_key(other)
