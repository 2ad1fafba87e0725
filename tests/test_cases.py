"""Do the cases load as written, and is a right answer told from a wrong one?"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from eval.cases import Case, CaseError, is_right, load_cases
from rag.errors import NoSuchDocument
from rag.types import Span, Turn

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "eval" / "cases" / "seeds.jsonl"
TEXT = "Rates rose — a lot. A 20% rate “just” for fentanyl. Rates fell."
ROW: dict[str, Any] = {
    "id": "rate",
    "question": "what rate?",
    "gold": ["20%"],
    "evidence": [{"document_id": "a.txt", "quote": "A 20% rate “just” for fentanyl."}],
    "tags": ["fact"],
    "answerable": True,
}
DECLINE: dict[str, Any] = {"id": "sun", "question": "sunny?", "answerable": False}


def text_of(document_id: str) -> str:
    return {"a.txt": TEXT}[document_id]


def seed_text(document_id: str) -> str:
    return (ROOT / "seeds" / document_id).read_text(encoding="utf-8")


def written(tmp_path: Path, *lines: str | dict[str, Any]) -> Path:
    path = tmp_path / "set.jsonl"
    text = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    return path


def case(*gold: str, all: tuple[tuple[str, ...], ...] = (), answerable: bool = True) -> Case:
    return Case("c", "?", answerable, gold, all)


# --- loading ---------------------------------------------------------------------------------


def test_a_quote_becomes_the_span_of_its_characters(tmp_path: Path) -> None:
    (loaded,) = load_cases(written(tmp_path, ROW), text_of)
    (span,) = loaded.evidence
    assert TEXT[span.start : span.end] == "A 20% rate “just” for fentanyl."
    assert span == Span("a.txt", 20, 51)


def test_every_field_arrives_in_file_order_without_blank_lines(tmp_path: Path) -> None:
    row = ROW | {
        "history": [{"question": "which duty?", "answer": "The fentanyl one."}],
        "note": "a note",
    }
    first, loaded = load_cases(written(tmp_path, DECLINE, "", row), text_of)
    assert first == Case("sun", "sunny?", False)
    assert (loaded.id, loaded.question, loaded.answerable) == ("rate", "what rate?", True)
    assert loaded.history == (Turn("which duty?", "The fentanyl one."),)
    assert (loaded.gold, loaded.tags, loaded.note) == (("20%",), ("fact",), "a note")


def test_all_replaces_gold(tmp_path: Path) -> None:
    row = {name: value for name, value in ROW.items() if name != "gold"}
    (loaded,) = load_cases(written(tmp_path, row | {"all": [["20%"], ["fentanyl"]]}), text_of)
    assert loaded.groups == (("20%",), ("fentanyl",))


def test_a_line_separator_inside_a_string_does_not_split_the_line(tmp_path: Path) -> None:
    line = json.dumps(DECLINE | {"note": "one\u2028two"}, ensure_ascii=False)
    (loaded,) = load_cases(written(tmp_path, line), text_of)
    assert loaded.note == "one\u2028two"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"gold": []}, "needs gold and evidence"),
        ({"evidence": []}, "needs gold and evidence"),
        ({"answerable": False}, "neither gold nor evidence"),
        ({"all": [["x"]]}, 'both "gold" and "all"'),
        ({"gold": [], "all": [["x"], []]}, "empty group"),
        ({"gold": ["20%", "?"]}, "without a word or number"),
        ({"colour": "red"}, "colour"),
        ({"tags": ["facts"]}, "tags"),
        ({"answerable": "yes"}, "answerable"),
        ({"id": "Two words"}, "id"),
        ({"evidence": [{"document_id": "a.txt", "quote": "a 30% rate"}]}, "does not contain"),
        ({"evidence": [{"document_id": "a.txt", "quote": "Rates"}]}, "more than once"),
        ({"evidence": [{"document_id": "b.txt", "quote": "Rates"}]}, "no document 'b.txt'"),
    ],
)
def test_a_faulty_case_is_named(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    row = ROW | change
    path = written(tmp_path, DECLINE, row)
    with pytest.raises(CaseError) as caught:
        load_cases(path, text_of)
    assert caught.value.problem.startswith(f"set.jsonl, line 2, case {row['id']}: ")
    assert said in caught.value.problem
    assert caught.value.remedy


def test_all_cases_whose_source_changed_are_counted_and_the_remedy_is_named(tmp_path: Path) -> None:
    changed = [{"document_id": "a.txt", "quote": "a 30% rate"}]
    rows = [ROW | {"id": f"case-{n}", "evidence": changed} for n in range(3)]
    with pytest.raises(CaseError) as caught:
        load_cases(written(tmp_path, DECLINE, *rows), text_of)
    assert "line 2, case case-0: " in caught.value.problem
    assert caught.value.problem.endswith("So it is with 2 more of 4.")
    assert "footnote eval review" in caught.value.remedy


def test_overlapping_occurrences_count_as_two(tmp_path: Path) -> None:
    row = ROW | {"evidence": [{"document_id": "a.txt", "quote": "aba"}]}
    with pytest.raises(CaseError, match="more than once"):
        load_cases(written(tmp_path, row), lambda _: "ababa")


def test_a_document_the_library_does_not_know_is_a_case_error(tmp_path: Path) -> None:
    def missing(document_id: str) -> str:
        raise NoSuchDocument(f"There is no {document_id}.", "Index it.")

    with pytest.raises(CaseError, match="no document"):
        load_cases(written(tmp_path, ROW), missing)


def test_a_repeated_id_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="line 2, case rate: an earlier line has the same id"):
        load_cases(written(tmp_path, ROW, ROW), text_of)


@pytest.mark.parametrize("line", ['{"id": "x",', "[]", "null", "not json"])
def test_a_malformed_line_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(CaseError, match=r"set\.jsonl, line 2"):
        load_cases(written(tmp_path, ROW, line), text_of)


def test_control_characters_do_not_reach_the_message(tmp_path: Path) -> None:
    row = ROW | {"evidence": [{"document_id": "a.txt", "quote": "x"}], "\x1b[31m": 1}
    with pytest.raises(CaseError) as caught:
        load_cases(written(tmp_path, row), text_of)
    assert caught.value.problem.isprintable()


def test_a_file_that_is_missing_or_empty_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="cannot be read"):
        load_cases(tmp_path / "none.jsonl", text_of)
    with pytest.raises(CaseError, match="holds no case"):
        load_cases(written(tmp_path, ""), text_of)


# --- judging ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gold", "answers"),
    [
        ("20%", ["A 20% rate applies. [1]", "It is **20** per cent.", "20.0%", "—20%"]),
        ("20 percent", ["20%[2]", "20-percent"]),
        ("122,000,000", ["as many as 122000000"]),
        ("122 million", ["122\u00a0million Americans"]),
        ("78", ["the 78-year-old president"]),
        ("America's problem", ["It called it “America’s problem.”"]),
        ("multi-step", ["a multi‑step process"]),
        ("US or a third country", ["either in the U.S. or a third country"]),
        ("Wang Xiaohong", ["WANG  XIAOHONG’s"]),
        ("1/3", ["about 1/3", "⅓ of it"]),
        ("demand", ["American _demand_"]),
    ],
)
def test_a_right_answer_is_recognised_however_it_is_written(gold: str, answers: list[str]) -> None:
    assert [answer for answer in answers if not is_right(case("other", gold), answer)] == []


@pytest.mark.parametrize(
    ("gold", "answers"),
    [
        ("20%", ["120%", "20.5%", "3.20%", "10-20%", "20%–25%", "-20%", "20", ""]),
        ("20%", ["20 percentage points"]),
        ("10", ["100", "10%", "10,000", "$10", "10th", "10.5"]),
        ("1", ["It is so [1]."]),
        ("1/3", ["1, 3"]),
        ("122 million", ["1,122 million"]),
        ("US", ["used thus"]),
    ],
)
def test_part_of_a_word_or_number_is_not_a_match(gold: str, answers: list[str]) -> None:
    assert [answer for answer in answers if is_right(case(gold), answer)] == []


def test_every_group_must_be_met() -> None:
    both = case(all=(("20%",), ("demand", "appetite")))
    assert is_right(both, "The rate is 20%, and the driver is appetite.")
    assert not is_right(both, "The rate is 20%.")
    assert not is_right(both, "The driver is demand.")


def test_yes_and_no_count_only_as_the_first_word() -> None:
    negative = case("no", "no harm")
    assert is_right(negative, "No, it does not.")
    assert is_right(negative, "They see no harm in it.")
    assert not is_right(negative, "There is no word on it.")
    assert not is_right(case("yes"), "Yesterday")


def test_the_opposite_verdict_is_wrong_whatever_follows() -> None:
    assert not is_right(case("yes", "could meet"), "No, although they could meet.")
    assert not is_right(case("no", "no harm"), "**Yes**, though some say no harm.")
    assert is_right(case("could meet"), "No date is set, but they could meet.")


def test_no_answer_to_an_unanswerable_case_is_right() -> None:
    assert not is_right(case(answerable=False), "Anything at all.")
    assert not is_right(case(answerable=False), "")


# --- the shipped set -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped() -> list[Case]:
    return load_cases(SHIPPED, seed_text)


def quotes(one: Case) -> list[str]:
    return [seed_text(span.document_id)[span.start : span.end] for span in one.evidence]


def test_the_shipped_set_is_large_and_varied(shipped: list[Case]) -> None:
    answerable = Counter(one.answerable for one in shipped)
    assert answerable[True] >= 56
    assert answerable[False] >= 28
    tags = Counter(tag for one in shipped for tag in one.tags)
    assert min(tags.values()) >= 5


def test_the_first_case_is_the_question_of_the_house(shipped: list[Case]) -> None:
    first = shipped[0]
    assert first.question == "what tariff rate applies to fentanyl?"
    assert first.gold == ("20%", "20 percent")
    assert quotes(first) == [
        "That was later hiked to 125% for reciprocal duties and a 20% rate just for the "
        "fentanyl demands."
    ]


def test_gold_is_met_by_its_own_evidence(shipped: list[Case]) -> None:
    unmet = [
        one.id for one in shipped if one.answerable and not is_right(one, " ".join(quotes(one)))
    ]
    assert unmet == []


def test_no_question_contains_its_own_answer(shipped: list[Case]) -> None:
    assert [one.id for one in shipped if is_right(one, one.question)] == []


def test_evidence_stays_within_one_line(shipped: list[Case]) -> None:
    for one in shipped:
        assert all("\n" not in quote and quote == quote.strip() for quote in quotes(one))


def test_tags_agree_with_the_cases(shipped: list[Case]) -> None:
    for one in shipped:
        documents = {span.document_id for span in one.evidence}
        assert ("unanswerable" in one.tags) == (not one.answerable), one.id
        assert ("follow-up" in one.tags) == bool(one.history), one.id
        assert ("two-source" in one.tags) == (len(documents) == 2), one.id
        assert ("yes-no" in one.tags and one.answerable) == bool({"yes", "no"} & set(one.gold)), (
            one.id
        )


def test_no_question_is_asked_twice(shipped: list[Case]) -> None:
    asked = Counter((one.question.casefold(), one.history) for one in shipped)
    assert max(asked.values()) == 1


@pytest.mark.parametrize(
    ("id", "right", "wrong"),
    [
        ("fentanyl-rate", "A rate of 20 percent.", "It reached 145% on some goods."),
        ("reciprocal-rate", "They were hiked to 125%.", "They stand at 20%."),
        ("initial-rate", "An initial 10% tariff.", "A tariff of 125%."),
        ("seized-share", "About a third of it.", "It would be in a third country."),
        ("bessent-outlet", "Fox Business Network.", "The photo is by Fox News."),
        ("bessent-first", "The two need to deescalate.", "It is a multi-step process."),
        ("demand", "Demand in the United States.", "The fentanyl demands."),
        ("meet-soon", "Yes.", "No, he could meet nobody."),
        ("twenty-reciprocal", "No, that is 125%.", "Yes, 20% for the fentanyl demands."),
        ("bessent-confident", "No, he is confident.", "He is not confident."),
        ("media-harm", "They say there is no harm.", "Yes, they do."),
        ("label-and-driver", "“America’s problem”, driven by demand.", "“America’s problem”."),
    ],
)
def test_the_shipped_gold_tells_right_from_wrong(
    shipped: list[Case], id: str, right: str, wrong: str
) -> None:
    (one,) = (one for one in shipped if one.id == id)
    assert is_right(one, right)
    assert not is_right(one, wrong)
