"""What people said is read as they said it, and nothing of it is lost in silence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.scorer.labelled_sets import LABELLED_SETS, LabelledError, read_set, sets_kept_back
from tests.labelled_sets import (
    OIL,
    RAIN,
    frank,
    mark,
    mtrag,
    put,
    put_all,
    qags,
    ragtruth,
    source,
    wice,
)


def test_a_summary_of_frank_belongs_to_its_article_and_its_half(tmp_path: Path) -> None:
    put(tmp_path, "frank_valid", frank(0, "Oil rose.", 1.0), frank(3, "It snowed.", 0.5, "bbc"))
    one, other = read_set(source("frank_valid", 2), tmp_path)
    assert (one.document, one.sources, one.label, one.scale) == ("article-0", (OIL,), True, 1.0)
    assert (one.subset, other.subset) == ("cnndm", "bbc")
    assert (other.label, other.scale) == (False, 0.5)


@pytest.mark.parametrize(
    ("label", "grounded"),
    [("supported", True), ("partially_supported", False), ("not_supported", False)],
)
def test_a_claim_of_wice_is_grounded_only_as_a_whole(
    tmp_path: Path, label: str, grounded: bool
) -> None:
    put(tmp_path, "wice_dev", wice(1, "It rained.", label))
    (row,) = read_set(source("wice_dev", 1), tmp_path)
    assert (row.id, row.document, row.text) == ("dev1", "The flood", "It rained.")
    assert row.label is grounded
    assert row.scale is None
    assert row.sources == (f"Menu\n\n{RAIN}",)


def test_an_answer_of_ragtruth_with_any_mark_is_not_grounded(tmp_path: Path) -> None:
    subtle = mark("Subtle Baseless Info", implicit=True)
    answers = [("a", "Oil rose.", []), ("b", "Gold rose.", [mark()]), ("c", "Tin.", [subtle])]
    put(tmp_path, "ragtruth_qa_dev", ragtruth(7, answers))
    rows = read_set(source("ragtruth_qa_dev", 3), tmp_path)
    assert [row.label for row in rows] == [True, False, False]
    assert {row.document for row in rows} == {"7"}
    assert [row.id for row in rows] == ["7:a", "7:b", "7:c"]


def test_the_passages_of_ragtruth_keep_their_order_and_lose_their_numbers(tmp_path: Path) -> None:
    put(tmp_path, "ragtruth_qa_dev", ragtruth(7, [("a", "Oil rose.", [])]))
    (row,) = read_set(source("ragtruth_qa_dev", 1), tmp_path)
    assert row.sources == (OIL, RAIN)


def test_a_majority_decides_each_sentence_of_qags(tmp_path: Path) -> None:
    put(tmp_path, "qags_cnndm", qags({"A.": "yyn", "B.": "ynn", "C.": "yyy", "D.": "yn"}))
    (row,) = read_set(source("qags_cnndm", 1), tmp_path)
    assert row.scale == 0.5  # a tie is no majority
    assert row.label is False
    assert row.text == "A. B. C. D."


def test_ratings_of_mtrag_are_averaged_and_belong_to_a_conversation(tmp_path: Path) -> None:
    rated = [
        ("talk<::>1", "m", "Oil rose.", ["4", "3", "2"]),
        ("talk<::>10", "m", "Sure!", ["2", "3"]),
    ]
    put(tmp_path, "mtrag_human", mtrag(rated))
    one, other = read_set(source("mtrag_human", 2), tmp_path)
    assert (one.scale, one.label, one.sources) == (2 / 3, True, (RAIN, OIL))  # 3 of 1..4
    assert (other.scale, other.label, other.sources) == (0.5, False, ())
    assert one.document == other.document == "talk"


def test_the_places_that_people_marked_are_kept(tmp_path: Path) -> None:
    put(tmp_path, "qags_cnndm", qags({"A fell.": "yyy", "B rose.": "nnn"}))
    (row,) = read_set(source("qags_cnndm", 1), tmp_path)
    assert row.faults is not None
    assert [row.text[start:end] for start, end in row.faults] == ["B rose."]


def test_each_set_is_known_by_its_size() -> None:
    sizes = {each.name: each.n for each in LABELLED_SETS}
    assert sizes == {
        "frank_valid": 671,
        "wice_dev": 349,
        "ragtruth_qa_dev": 411,
        "qags_cnndm": 235,
        "mtrag_human": 477,
    }


@pytest.mark.parametrize("n", [1, 3])
def test_a_set_of_another_size_is_refused(tmp_path: Path, n: int) -> None:
    put(tmp_path, "frank_valid", frank(0, "Oil rose.", 1.0), frank(1, "Oil fell.", 0.0))
    with pytest.raises(LabelledError, match=rf"holds 2 labelled texts where the set has {n}"):
        read_set(source("frank_valid", n), tmp_path)


@pytest.mark.parametrize("name", [each.name for each in LABELLED_SETS])
def test_a_file_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(LabelledError, match=rf"^{name}/.*cannot be read.*unchanged"):
        read_set(source(name, 1), tmp_path)


def test_a_text_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "frank_valid", frank(0, "Oil rose.", 1.0), frank(0, "Oil rose.", 1.0))
    with pytest.raises(LabelledError, match="cnndm-0 is there twice"):
        read_set(source("frank_valid", 2), tmp_path)


@pytest.mark.parametrize(
    ("name", "line", "fault"),
    [
        ("frank_valid", "{broken", "line 2: Invalid JSON"),
        ("frank_valid", json.dumps({**frank(1, "x", 0.0), "label": 2}), "line 2: label"),
        ("frank_valid", json.dumps({**frank(1, "x", 0.0), "factuality": 1.5}), "line 2: factual"),
        ("frank_valid", json.dumps(frank(1, " ", 0.0)), "line 2: summary"),
        ("wice_dev", json.dumps(wice(1, "x", "perhaps")), "line 2: label"),
        ("ragtruth_qa_dev", json.dumps(ragtruth(1, [])), "line 2: responses"),
        ("qags_cnndm", json.dumps(qags({"x": ""})), r"line 2: summary_sentences\.0\.responses"),
        ("mtrag_human", "{}", "Invalid JSON"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, name: str, line: str, fault: str) -> None:
    good = {
        "frank_valid": frank(0, "Oil rose.", 1.0),
        "wice_dev": wice(0, "Oil rose.", "supported"),
        "ragtruth_qa_dev": ragtruth(0, [("a", "Oil rose.", [])]),
        "qags_cnndm": qags({"Oil rose.": "yyy"}),
        "mtrag_human": {},
    }
    put(tmp_path, name, good[name], line)
    with pytest.raises(LabelledError, match=fault):
        read_set(source(name, 2), tmp_path)


def test_passages_without_numbers_are_refused(tmp_path: Path) -> None:
    row = ragtruth(7, [("a", "Oil rose.", [])])
    put(tmp_path, "ragtruth_qa_dev", {**row, "source": {"question": "?", "passages": "Oil."}})
    with pytest.raises(LabelledError, match=r"line 1: source\.passages has no"):
        read_set(source("ragtruth_qa_dev", 1), tmp_path)


def test_an_answer_without_its_task_or_passage_is_refused(tmp_path: Path) -> None:
    held = dict(mtrag([("talk<::>1", "m", "Oil rose.", ["4"])]))
    put(tmp_path, "mtrag_human", json.dumps({**held, "documents": []}))
    with pytest.raises(LabelledError, match="evaluation 1: there is no 'rain'"):
        read_set(source("mtrag_human", 1), tmp_path)
    put(tmp_path, "mtrag_human", json.dumps({**held, "tasks": []}))
    with pytest.raises(LabelledError, match="evaluation 1: there is no 'talk<::>1'"):
        read_set(source("mtrag_human", 1), tmp_path)


def test_a_fault_does_not_bring_control_characters(tmp_path: Path) -> None:
    held = dict(mtrag([("talk<::>1", "m", "Oil rose.", ["4"])]))
    task = {"task_id": "talk<::>1", "contexts": [{"document_id": "\x1b[31mred"}]}
    put(tmp_path, "mtrag_human", json.dumps({**held, "tasks": [task]}))
    with pytest.raises(LabelledError) as raised:
        read_set(source("mtrag_human", 1), tmp_path)
    assert "\x1b" not in str(raised.value)


def test_a_line_separator_inside_a_text_does_not_end_the_line(tmp_path: Path) -> None:
    line = json.dumps(frank(0, "Oil\u2028rose.", 1.0), ensure_ascii=False)
    put(tmp_path, "frank_valid", line)
    assert read_set(source("frank_valid", 1), tmp_path)[0].text == "Oil\u2028rose."


def test_every_set_can_be_read(tmp_path: Path) -> None:
    rows = {each.name: read_set(each, tmp_path) for each in put_all(tmp_path)}
    assert set(rows) == {each.name for each in LABELLED_SETS}
    assert all({row.label for row in found} == {True, False} for found in rows.values())


def test_other_parts_of_the_sets_may_be_of_any_length(tmp_path: Path) -> None:
    put(tmp_path, "ragtruth_qa_dev", ragtruth(7, [("a", "Oil rose.", [])]))
    (found,) = sets_kept_back(tmp_path)
    assert (found.name, found.n) == ("ragtruth_qa_dev", None)
    assert len(read_set(found, tmp_path)) == 1
    with pytest.raises(LabelledError, match="holds no labelled set"):
        sets_kept_back(tmp_path / "elsewhere")
