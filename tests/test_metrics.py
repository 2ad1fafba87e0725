"""What a case scores: by hand, and never a 0 where a metric does not apply."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from math import log2
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.cases import Case
from eval.metrics import (
    METRICS,
    STAGES,
    alce_scores,
    dead_markers,
    numbers_cited,
    retrieval_scores,
    score_case,
    token_f1,
)
from eval.recording import Recording
from eval.statistics.clusters import FEW_DOCUMENTS, cluster_cases
from rag.events import ModelCalled
from rag.types import Answer, Chunk, Citation, Claim, Hit, Passage, Span, Usage

RAG = Path(__file__).parents[1] / "rag"
GOLD = Span("a.txt", 100, 150)
KNOWN = Case("known", "What rate?", True, ("20%",), evidence=(GOLD,))
UNKNOWN = Case("unknown", "What of soy?", False)


def quote(start: int, number: int = 1, document: str = "a.txt") -> Citation:
    text = f"quote at {start}"
    return Citation(number, Span(document, start, start + len(text)), text)


def answer(*claims: Claim, **more: Any) -> Answer:
    text = " ".join(claim.marked() for claim in claims)
    passage = Passage(1, Span("a.txt", 0, 400), "x" * 400, "A", "a.txt", 1.0)
    facts: dict[str, Any] = {"status": "answered", "reason": None, "model": "quoter"} | more
    return Answer("What rate?", text, claims, (passage,), **facts)


RIGHT = answer(Claim("It is 20%.", (quote(110),), "supported"))
DECLINED = replace(answer(), status="declined", reason="not stated")


def hits(*spans: tuple[int, int]) -> tuple[Hit, ...]:
    return tuple(
        Hit(Chunk(f"{start}", Span("a.txt", start, end)), 1.0, "fused") for start, end in spans
    )


def always(claim: str, quotes: Sequence[str]) -> bool:
    return True


def never(claim: str, quotes: Sequence[str]) -> bool:
    return False


def scored(case: Case, observed: Recording) -> dict[str, float]:
    """Those that apply."""
    found = score_case(case, observed, always)
    return {name: score for name, score in found.items() if score is not None}


# --- what applies -----------------------------------------------------------------------------


@pytest.mark.parametrize("case", [KNOWN, UNKNOWN])
@pytest.mark.parametrize("said", [None, RIGHT, DECLINED])
def test_every_metric_has_its_place_in_every_row(case: Case, said: Answer | None) -> None:
    assert tuple(score_case(case, Recording(answer=said), always)) == tuple(METRICS)


def test_of_an_error_nothing_else_is_scored() -> None:
    seen = Recording(hits=hits((100, 150)), error="The model broke off.", seconds=3.0)
    assert scored(KNOWN, seen) == {"errors": 1.0}
    assert scored(UNKNOWN, seen) == {"errors": 1.0}


def test_a_right_answer_scores_what_is_asked_of_it() -> None:
    found = scored(KNOWN, Recording(hits=hits((100, 150)), answer=RIGHT))
    assert found["answer_right"] == found["answered"] == found["recall_at_1"] == 1.0
    assert found["errors"] == found["declined_falsely"] == 0.0
    assert found["quotes_exact"] == found["claims_supported"] == 1.0
    assert "declined_rightly" not in found


def test_a_false_decline_is_no_right_answer_and_has_no_citations() -> None:
    found = scored(KNOWN, Recording(hits=hits((100, 150)), answer=DECLINED))
    assert (found["answer_right"], found["token_f1"]) == (0.0, 0.0)
    assert (found["answered"], found["declined_falsely"]) == (0.0, 1.0)
    assert found["recall_at_1"] == 1.0  # retrieval did its part
    for name in METRICS:
        if re.match("citation|gold|claims|quotes|dead|dropped|answer_words", name):
            assert name not in found


def test_an_unanswerable_case_scores_only_whether_it_was_declined() -> None:
    assert scored(UNKNOWN, Recording(answer=DECLINED))["declined_rightly"] == 1.0
    made_up = scored(UNKNOWN, Recording(hits=hits((0, 9)), answer=RIGHT))
    assert made_up["declined_rightly"] == 0.0
    for name in ("answer_right", "token_f1", "answered", "recall_at_5", "gold_citation_recall"):
        assert name not in made_up
    assert made_up["claims_supported"] == 1.0


def test_tokens_that_a_server_did_not_count_are_not_scored() -> None:
    asked = (ModelCalled("answer", (), "It is 20%."),)
    silent = scored(KNOWN, Recording(model_calls=asked, answer=RIGHT))
    assert "prompt_tokens" not in silent
    counting = replace(RIGHT, usage=Usage(800, 100, 20))
    told = scored(KNOWN, Recording(model_calls=asked, answer=counting))
    assert (told["prompt_tokens"], told["completion_tokens"]) == (800.0, 20.0)
    unasked = scored(UNKNOWN, Recording(answer=DECLINED))  # declined before the model was needed
    assert unasked["prompt_tokens"] == 0.0


def test_every_stage_that_is_timed_has_a_metric() -> None:
    timed = {
        stage
        for file in RAG.rglob("*.py")
        for stage in re.findall(r"\btimed(?:_call)?\(\s*\"([^\"]+)\",", file.read_text("utf-8"))
    }
    assert timed == set(STAGES)
    slow = replace(RIGHT, timings={"load model": 2.5, "check": 0.1})
    found = scored(KNOWN, Recording(answer=slow, seconds=3.0))
    assert (found["seconds"], found["seconds_load_model"], found["seconds_check"]) == (3, 2.5, 0.1)
    assert "seconds_repair" not in found


def test_a_clock_is_in_no_deterministic_metric() -> None:
    clocked = {name for name, metric in METRICS.items() if metric.kind == "seconds"}
    assert {name for name, metric in METRICS.items() if not metric.deterministic} == clocked
    assert all(metric.better for metric in METRICS.values() if metric.invariant)


# --- words ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "text", "f1"),
    [
        (KNOWN, "20% [1]", 1.0),
        (KNOWN, "It is 20%.", 0.5),
        (KNOWN, "It is 120%.", 0.0),
        (KNOWN, "", 0.0),
        (replace(KNOWN, gold=("a long way off", "20 percent")), "20%", 1.0),
        (replace(KNOWN, gold=(), all=(("20%", "a fifth"), ("China",))), "A fifth, China", 1.0),
        (replace(KNOWN, gold=(), all=(("20%",), ("China",))), "20%", 2 / 3),
        (replace(KNOWN, gold=("to be or to be",)), "to be", 4 / 7),  # each token counts once
        (UNKNOWN, "20%", None),
    ],
)
def test_token_f1_is_the_best_over_the_golds(case: Case, text: str, f1: float | None) -> None:
    assert token_f1(case, text) == (None if f1 is None else pytest.approx(f1))


def test_very_many_ways_to_join_facts_are_not_all_tried() -> None:
    facts = tuple(tuple(f"{fact}{way}" for way in "abcdefgh") for fact in "123456789")
    assert token_f1(replace(KNOWN, gold=(), all=facts), "1a 2a") == pytest.approx(4 / 11)


# --- retrieval --------------------------------------------------------------------------------

OTHER = Span("a.txt", 500, 560)


def test_recall_counts_gold_spans_and_not_hits() -> None:
    found = retrieval_scores(
        [GOLD, OTHER], hits((90, 110), (140, 160), (0, 9), (0, 9), (0, 9), (559, 600))
    )
    assert (found["recall_at_1"], found["recall_at_5"], found["recall_at_10"]) == (0.5, 0.5, 1.0)


@pytest.mark.parametrize(
    ("found", "mrr", "ndcg"),
    [
        ([(0, 50), (100, 150)], 1 / 2, 1 / log2(3)),
        ([(0, 100), (150, 200)], 0.0, 0.0),  # they touch it and share no character
        ([(149, 200)], 1.0, 1.0),
        ([(0, 9)] * 10 + [(100, 150)], 1 / 11, 0.0),
        ([], 0.0, 0.0),
    ],
)
def test_a_hit_is_relevant_where_it_overlaps_the_evidence(
    found: list[tuple[int, int]], mrr: float, ndcg: float
) -> None:
    told = retrieval_scores([GOLD], hits(*found))
    assert told["mrr"] == pytest.approx(mrr)
    assert told["ndcg_at_10"] == pytest.approx(ndcg)


def test_a_gold_span_is_gained_once() -> None:
    twice = retrieval_scores([GOLD, OTHER], hits((100, 150), (100, 150), (500, 560)))
    ideal = 1 + 1 / log2(3)
    assert twice["ndcg_at_10"] == pytest.approx((1 + 1 / log2(4)) / ideal)
    both = retrieval_scores([GOLD, OTHER], hits((0, 600)))  # better than one after the other
    assert both["ndcg_at_10"] == 1.0


def test_without_evidence_retrieval_is_not_scored() -> None:
    assert set(retrieval_scores([], hits((0, 9))).values()) == {None}


def test_other_documents_do_not_overlap() -> None:
    assert retrieval_scores([Span("b.txt", 100, 150)], hits((100, 150)))["recall_at_10"] == 0.0


@given(
    st.lists(st.tuples(st.integers(0, 90), st.integers(1, 30)), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(0, 90), st.integers(1, 30)), max_size=14),
)
def test_retrieval_scores_are_shares_and_more_hits_do_no_harm(
    gold: list[tuple[int, int]], places: list[tuple[int, int]]
) -> None:
    evidence = [Span("a.txt", start, start + length) for start, length in gold]
    found = hits(*((start, start + length) for start, length in places))
    told, fewer = retrieval_scores(evidence, found), retrieval_scores(evidence, found[:-1])
    for name, score in told.items():
        assert score is not None
        assert 0 <= (fewer[name] or 0.0) <= score <= 1


def test_evidence_that_the_budget_cut_off_was_not_selected() -> None:
    shown = Passage(1, Span("a.txt", 0, 50), "x" * 50, "A", "a.txt", 1.0)
    lost = replace(shown, number=2, span=Span("a.txt", 100, 150))
    seen = Recording(passages=(shown,), cut=(lost,), answer=RIGHT)
    assert scored(KNOWN, seen)["evidence_selected"] == 0.0
    assert scored(KNOWN, replace(seen, passages=(shown, lost)))["evidence_selected"] == 1.0


# --- citations --------------------------------------------------------------------------------


def carrying(*groups: str) -> Any:
    """Entails where all the quotes of a group are there."""

    def entails(claim: str, quotes: Sequence[str]) -> bool:
        return any(set(group) <= set(quotes) for group in groups)

    return entails


def citing(*quotes: str) -> Claim:
    return Claim("c", tuple(Citation(1, Span("a.txt", 0, len(q)), q) for q in quotes))


@pytest.mark.parametrize(
    ("quotes", "groups", "recall", "precision"),
    [
        ("a", ["a"], 1.0, [1.0]),
        ("a", [], 0.0, [0.0]),
        ("", ["a"], 0.0, []),
        ("ab", ["a"], 1.0, [1.0, 0.0]),  # b adds nothing
        ("ab", ["ab"], 1.0, [1.0, 1.0]),  # neither is enough alone
        ("ab", ["a", "b"], 1.0, [1.0, 1.0]),  # each would do
        ("abc", ["ab"], 1.0, [1.0, 1.0, 0.0]),
        ("abc", ["d"], 0.0, [0.0, 0.0, 0.0]),
    ],
)
def test_citations_are_judged_as_alce_does(
    quotes: str, groups: list[str], recall: float, precision: list[float]
) -> None:
    assert alce_scores(citing(*quotes), carrying(*groups)) == (recall, precision)


def test_citation_scores_are_means_over_claims_and_over_citations() -> None:
    said = answer(citing("a", "b"), citing("x"), citing())
    found = score_case(KNOWN, Recording(answer=said), carrying("a"))
    assert found["citation_recall"] == pytest.approx(1 / 3)
    assert found["citation_precision"] == pytest.approx(1 / 3)


def test_an_answer_without_citations_has_no_precision() -> None:
    found = score_case(KNOWN, Recording(answer=answer(Claim("It is 20%."))), always)
    assert (found["citation_recall"], found["gold_citation_recall"]) == (0.0, 0.0)
    assert found["citation_precision"] is found["gold_citation_precision"] is None
    assert found["quotes_exact"] is None


def test_a_scorer_that_accepts_nothing_finds_no_citation_right() -> None:
    found = score_case(KNOWN, Recording(answer=RIGHT), never)
    assert (found["citation_recall"], found["citation_precision"]) == (0.0, 0.0)


def test_citations_are_held_against_the_gold_evidence() -> None:
    said = answer(Claim("It is 20%.", (quote(110), quote(140), quote(300))))
    case = replace(KNOWN, evidence=(GOLD, OTHER))
    found = scored(case, Recording(answer=said))
    assert found["gold_citation_recall"] == 0.5
    assert found["gold_citation_precision"] == pytest.approx(2 / 3)


def test_one_quote_that_is_not_the_stored_text_breaks_the_answer() -> None:
    said = answer(Claim("It is 20%.", (quote(110), quote(140))))
    assert scored(KNOWN, Recording(answer=said))["quotes_exact"] == 1.0
    broken = Recording(answer=said, inexact_citations=(quote(140),))
    assert scored(KNOWN, broken)["quotes_exact"] == 0.0


@pytest.mark.parametrize(
    ("said", "dead"),
    [
        (RIGHT, 0),
        (answer(Claim("It is 20%.", (quote(110, number=2),))), 1),  # there is no passage 2
        (answer(Claim("It is 20%.", (quote(395),))), 1),  # it goes on after its passage
        (answer(Claim("It is 20%.", (quote(110, document="b.txt"),))), 1),
        (answer(Claim("It is 20% [3].", (quote(110),))), 1),
        (answer(Claim("It is 20%.", (quote(110), quote(140)))), 0),
        (answer(Claim("In [brackets] and [2024-01].", (quote(110),))), 0),
    ],
)
def test_a_marker_is_dead_where_it_leads_to_no_passage(said: Answer, dead: int) -> None:
    assert dead_markers(said) == dead
    assert scored(KNOWN, Recording(answer=said))["dead_markers"] == dead


def test_markers_that_never_reached_the_screen_are_counted_apart() -> None:
    found = scored(KNOWN, Recording(answer=replace(RIGHT, dropped_markers=2)))
    assert (found["dropped_markers"], found["dead_markers"]) == (2.0, 0.0)
    assert METRICS["dead_markers"].invariant
    assert not METRICS["dropped_markers"].invariant


def test_sentences_are_shared_out_by_support() -> None:
    kinds = ("supported", "partial", "unsupported", "supported")
    said = answer(*(Claim("Two words.", (quote(110),), kind) for kind in kinds))  # type: ignore[arg-type]
    found = scored(KNOWN, Recording(answer=said))
    shares = [found[f"claims_{kind}"] for kind in ("supported", "partial", "unsupported")]
    assert shares == [0.5, 0.25, 0.25]
    assert found["answer_words"] == 8.0  # markers are no words


# --- clusters ---------------------------------------------------------------------------------


def case(id: str, *evidence: Span) -> Case:
    return Case(id, "?", bool(evidence), ("x",) if evidence else (), evidence=evidence)


def test_in_a_few_documents_questions_of_one_sentence_stay_together() -> None:
    cases = [
        case("a", Span("a.txt", 0, 50), Span("a.txt", 900, 950)),
        case("b", Span("a.txt", 40, 90)),
        case("c", Span("a.txt", 80, 120)),  # by way of b
        case("d", Span("a.txt", 120, 150)),
        case("e", Span("b.txt", 0, 50)),
        case("f"),
        case("g"),
    ]
    found = cluster_cases(cases)
    assert found.unit == "evidence"
    of = found.of
    assert of["a"] == of["b"] == of["c"]
    assert len({of["a"], of["d"], of["e"], of["f"], of["g"]}) == 5


def test_in_many_documents_questions_of_one_document_stay_together() -> None:
    cases = [case(str(n), Span(f"{n}.txt", 0, 9)) for n in range(FEW_DOCUMENTS)]
    cases += [case("more", Span("0.txt", 500, 509)), case("none")]
    found = cluster_cases(cases)
    assert found.unit == "document"
    assert found.of["more"] == found.of["0"]
    assert len(set(found.of.values())) == FEW_DOCUMENTS + 1
    assert cluster_cases(cases[1:]).unit == "document"
    assert cluster_cases(cases[1:-2]).unit == "evidence"


# --- numbers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "share"),
    [
        ([], None),
        ([("It rose.", ["It rose by 4%."])], None),
        ([("It rose by 4%.", ["It rose by 4%."])], 1),
        ([("It rose by four percent.", ["It rose by 4%."])], 1),
        ([("It rose by 4%.", ["It rose by 5%."])], 0),
        ([("It rose by 4%.", [])], 0),
        ([("It rose by 4% to $84.", ["It rose by 4%."])], 1 / 2),
        ([("It rose by 4% to $84.", ["It rose by 4%.", "It closed at $84."])], 1),
        ([("4% and again 4%, not 5%.", ["It was 4%."])], 1 / 2),  # each number once
        ([("It is 1.2 million.", ["It is 1,200,000."])], 1),
        # the quotes of another claim do not count
        ([("It is 4%.", ["It is 5%."]), ("It is 5%.", ["It is 4%."])], 0),
        ([("It is 4%.", ["It is 4%."]), ("It is 5, 6 and 7.", ["It is 4%."])], 1 / 4),
    ],
)
def test_numbers_stand_in_the_quotes_of_their_claim(
    claims: list[tuple[str, list[str]]], share: float | None
) -> None:
    told = [Claim(text, tuple(map(cited, quotes))) for text, quotes in claims]
    assert numbers_cited(told) == share


def cited(text: str) -> Citation:
    return Citation(1, Span("a.txt", 0, len(text)), text)


def test_a_wrong_number_shows_though_the_checks_call_it_supported() -> None:
    wrong = answer(Claim("It is 20%.", (cited("It is 30%."),), "supported"))
    found = scored(KNOWN, Recording(answer=wrong))
    assert (found["claims_supported"], found["numbers_cited"]) == (1, 0)
    assert "numbers_cited" not in scored(KNOWN, Recording(answer=DECLINED))
