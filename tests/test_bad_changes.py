"""A change that makes the answers worse is caught by the gate, by the metric that should.

Every second golden case is asked over the real pipeline; the model is a script that reads its
prompt (`tests.scripted`). Each test makes one thing worse and names the metrics that must fail.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from eval import run as running
from eval.cases import Case, load_cases
from eval.compare.baseline import make_baseline
from eval.compare.gate import GateResult, check_against_baseline
from eval.compare.loading import ComparedRun
from eval.key_points import KeyPoint, Quote
from eval.metrics import METRICS
from eval.run import GOLDEN
from eval.runs.results import CaseRecord
from rag import prompts
from rag.answering.draft import AnswerDraft
from rag.assistant import SEEDS, Assistant
from rag.checking import checker, citations, verdict
from rag.checking.citations import CandidateSentence, DraftSentence
from rag.checking.scorer import Scorer
from rag.checking.verdict import Above, Around, Verdict
from rag.ingest import chunking, preparation
from rag.prompts import prompt_text
from rag.retrieval import evidence, hybrid, unit_ranking
from rag.settings import load_settings as load_settings
from rag.store.documents import Library
from rag.store.vectors import VectorStore
from rag.types import (
    Answer,
    Answers,
    Chunk,
    Citation,
    Claim,
    Document,
    Embedder,
    Hit,
    Span,
    Support,
    Usage,
)
from tests.asking import Index
from tests.compared_runs import rescored, side
from tests.scripted import ReadingModel, inventing

pytest_plugins = ["tests.seeds"]


def asked(cases: Sequence[Case], asking: Assistant) -> ComparedRun:
    """A run, as the gate takes it."""
    rows = running.run_cases(cases, asking)
    return side(*(CaseRecord(row, case.question) for row, case in zip(rows, cases, strict=True)))


@pytest.fixture(scope="module")
def cases(seeds: Index) -> list[Case]:
    return load_cases(GOLDEN, lambda id: seeds.library.document(id).text)[::2]


@pytest.fixture(scope="module")
def before(seeds: Index, cases: list[Case]) -> ComparedRun:
    """The pipeline as it is."""
    return run(seeds, cases, ReadingModel())


def run(index: Index, cases: Sequence[Case], model: ReadingModel) -> ComparedRun:
    return asked(cases, assistant(index, model))


def assistant(index: Index, model: ReadingModel, **more: Any) -> Assistant:
    settings = load_settings(**more)
    return Assistant(settings, index.library, index.vectors, index.embedder, model)


def held(before: ComparedRun, after: ComparedRun) -> GateResult:
    return check_against_baseline(make_baseline(before), after)


# --- no false alarm ---------------------------------------------------------------------------


def test_the_same_run_twice_is_the_same_and_passes(
    seeds: Index, cases: list[Case], before: ComparedRun
) -> None:
    again = run(seeds, cases, ReadingModel())
    steady = [name for name, metric in METRICS.items() if metric.deterministic]
    for id, case in before.cases.items():
        assert [again.cases[id].scores[name] for name in steady] == [
            case.scores[name] for name in steady
        ]
    assert held(before, again).failures == ()


def test_the_script_answers_well_enough_to_be_worth_guarding(before: ComparedRun) -> None:
    """A metric that is at its worst already cannot fall."""

    def mean(name: str) -> float:
        known = [case.scores[name] for case in before.cases.values()]
        values = [value for value in known if value is not None]
        return sum(values) / len(values)

    for name in ("answer_right", "declined_rightly", "recall_at_1", "gold_citation_recall"):
        assert 0.5 < mean(name) < 1, name
    for name in ("recall_at_5", "evidence_selected", "citation_recall", "quotes_exact"):
        assert mean(name) > 0.9, name


def test_one_answer_more_or_less_is_noise(before: ComparedRun) -> None:
    right = [id for id, case in before.cases.items() if case.outcome == "right"]
    entries = dict(before.entries)
    entries[right[0]] = rescored(entries[right[0]], answer_right=0.0, token_f1=0.0)
    assert held(before, replace(before, entries=entries)).failures == ()


# --- one thing made worse ---------------------------------------------------------------------


def finished_with(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[Citation, Sequence[Citation]], Citation]
) -> None:
    """Every citation of an answer goes through `change`, with all that could be cited, in order."""
    to_answer = AnswerDraft.to_answer

    def worse(draft: AnswerDraft, usage: Usage, timings: dict[str, float]) -> Answer:
        known = [each.citation for each in citations.candidate_sentences(draft.passages)]
        claims = tuple(
            replace(claim, citations=tuple(change(each, known) for each in claim.citations))
            for claim in draft.claims
        )
        return to_answer(replace(draft, claims=claims), usage, timings)

    monkeypatch.setattr(AnswerDraft, "to_answer", worse)


def test_citations_that_point_at_the_next_sentence(
    seeds: Index, cases: list[Case], before: ComparedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished_with(monkeypatch, lambda each, known: dict(pairwise(known)).get(each, each))
    found = held(before, run(seeds, cases, ReadingModel()))
    expected = {"citation_recall", "citation_precision", "numbers_cited", "ticks_wrong"}
    assert expected | {"gold_citation_recall", "gold_citation_precision"} == found.metrics


def test_spans_that_are_off_by_a_character(
    seeds: Index, cases: list[Case], before: ComparedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def off(each: Citation, _: Sequence[Citation]) -> Citation:
        span = each.span
        return replace(each, span=Span(span.document_id, span.start + 1, span.end))

    finished_with(monkeypatch, off)
    assert held(before, run(seeds, cases, ReadingModel())).metrics == {"quotes_exact"}


def test_markers_that_lead_nowhere(
    seeds: Index, cases: list[Case], before: ComparedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished_with(monkeypatch, lambda each, _: replace(each, number=each.number + 7))
    assert held(before, run(seeds, cases, ReadingModel())).metrics == {"dead_markers"}


@pytest.fixture(scope="module")
def of_numbers(seeds: Index) -> list[Case]:
    """Every golden case whose answer is a number or a date."""
    known = load_cases(GOLDEN, lambda id: seeds.library.document(id).text)
    return [case for case in known if case.answerable and {"number", "date"} & set(case.tags)]


@pytest.fixture(scope="module")
def mended(seeds: Index, of_numbers: list[Case]) -> ComparedRun:
    """A model that invents every number, and the checks that catch it."""
    return run(seeds, of_numbers, ReadingModel(inventing))


def test_checks_switched_off_under_a_model_that_invents_numbers(
    seeds: Index, of_numbers: list[Case], mended: ComparedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = verdict.cite_and_check

    def believing(
        draft: DraftSentence,
        candidates: Sequence[CandidateSentence],
        around: Around,
        scorer: Scorer,
        above: Above,
    ) -> Claim:
        found = judge(draft, candidates, around, scorer, above)
        return replace(found, support="supported", reasons=())

    monkeypatch.setattr(checker, "cite_and_check", believing)
    found = held(mended, run(seeds, of_numbers, ReadingModel(inventing)))
    assert {"citation_recall", "citation_precision", "answer_right"} <= found.metrics


def test_checks_that_call_everything_supported_even_to_the_evals(
    seeds: Index, of_numbers: list[Case], mended: ComparedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The evals ask the rules and the scorer themselves, so they still see it."""
    monkeypatch.setattr(verdict, "check_claim", lambda *_, **__: Verdict("supported", (), 1.0))
    found = held(mended, run(seeds, of_numbers, ReadingModel(inventing)))
    assert {"answer_right", "citation_recall"} <= found.metrics


def test_a_prompt_that_does_not_say_how_to_decline(
    seeds: Index, cases: list[Case], before: ComparedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = prompt_text

    def unsaid(name: str) -> str:
        lines = written(name).splitlines(keepends=True)
        return "".join(line for line in lines if "NOT STATED" not in line)

    assert unsaid("answer") != written("answer")
    monkeypatch.setattr(prompts, "prompt_text", unsaid)
    found = held(before, run(seeds, cases, ReadingModel()))
    assert "declined_rightly" in found.metrics
    assert not {"recall_at_1", "quotes_exact"} & found.metrics


def test_chunks_cut_short_when_indexed(
    embedder: Embedder,
    cases: list[Case],
    before: ComparedRun,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    def halved(document: Document, *more: Any) -> list[Chunk]:
        spans = [each.span for each in chunking.chunk_document(document, *more)]
        return [Chunk.of(document, s.start, s.start + len(s) // 2) for s in spans]

    monkeypatch.setattr(preparation, "chunk_document", halved)
    library = Library.open(tmp_path / "library.sqlite3")
    index = Index(library, VectorStore.open(tmp_path / "vectors", embedder.name), embedder)
    with assistant(index, ReadingModel(), data_dir=tmp_path) as asking:
        list(asking.index(sorted(SEEDS.glob("*.txt"))))
        found = held(before, asked(cases, asking))
    assert {"recall_at_5", "recall_at_10", "evidence_selected", "answer_right"} <= found.metrics


def test_hits_in_the_reverse_order(
    seeds: Index, cases: list[Case], before: ComparedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    fuse = hybrid.fuse_scores

    def reversed_(*rankings: list[Hit]) -> tuple[Hit, ...]:
        return fuse(*rankings)[::-1]

    monkeypatch.setattr(hybrid, "fuse_scores", reversed_)
    found = held(before, run(seeds, cases, ReadingModel()))
    assert {"recall_at_1", "recall_at_5", "mrr", "ndcg_at_10"} <= found.metrics
    assert not {"quotes_exact", "citation_recall"} & found.metrics


def test_a_selection_that_drops_the_best_sentence(
    seeds: Index, cases: list[Case], before: ComparedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    rank = unit_ranking.rank_units
    monkeypatch.setattr(evidence, "rank_units", lambda *given: rank(*given)[1:])
    found = held(before, run(seeds, cases, ReadingModel()))
    assert {"evidence_selected", "answer_right"} <= found.metrics
    assert not {"recall_at_1", "quotes_exact"} & found.metrics


# --- key points and ticks ---------------------------------------------------------------------


Claims = tuple[Claim, ...]
Change = Callable[[Claims, list[Citation]], Claims]


@pytest.fixture(scope="module")
def with_points(seeds: Index, cases: list[Case]) -> list[Case]:
    """Answerable golden cases, what they have as evidence as their key points."""
    text = seeds.library.text
    return [
        replace(case, points=tuple(KeyPoint((Quote(span, text(span)),)) for span in case.evidence))
        for case in cases
        if case.answerable
    ][:14]


def run_with(seeds: Index, cases: Sequence[Case], change: Change) -> ComparedRun:
    """A run in which the claims of every answer go through `change`, with all that could be cited,
    in order."""
    to_answer = AnswerDraft.to_answer

    def changed(draft: AnswerDraft, usage: Usage, timings: dict[str, float]) -> Answer:
        known = [each.citation for each in citations.candidate_sentences(draft.passages)]
        claims = change(draft.claims, known) if draft.claims else ()
        return to_answer(replace(draft, claims=claims), usage, timings)

    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(AnswerDraft, "to_answer", changed)
        return run(seeds, cases, ReadingModel())


def stray(claims: Claims, known: list[Citation]) -> Claim:
    """A true sentence from elsewhere in the passages, with its quote and a tick."""
    cited = {each.span for claim in claims for each in claim.citations}
    found = next((each for each in reversed(known) if each.span not in cited), known[-1])
    return Claim(found.quote, (found,), "supported")


def led_astray(claims: Claims, known: list[Citation]) -> Claims:
    return (stray(claims, known), *claims)


@pytest.fixture(scope="module")
def astray(seeds: Index, with_points: list[Case]) -> ComparedRun:
    return run_with(seeds, with_points, led_astray)


def test_a_lead_that_misses_the_point(
    seeds: Index, with_points: list[Case], astray: ComparedRun
) -> None:
    found = held(run(seeds, with_points, ReadingModel()), astray)
    assert {"lead_on_point", "answers_question"} <= found.metrics
    assert not {"point_recall", "quotes_exact", "citation_recall", "ticks_wrong"} & found.metrics


def test_a_dropped_key_point(seeds: Index, with_points: list[Case], astray: ComparedRun) -> None:
    dropped = run_with(seeds, with_points, lambda *given: led_astray(*given)[:1])
    found = held(astray, dropped)
    assert "point_recall" in found.metrics
    assert not {"lead_on_point", "quotes_exact", "citation_recall", "ticks_wrong"} & found.metrics


def test_a_wrong_tick(seeds: Index, with_points: list[Case]) -> None:
    """The same sentence that its quote does not carry, once without a tick and once with one."""

    def unfounded(support: Support) -> Change:
        text = "The moon weighs 4,711 tons."
        return lambda claims, known: (*claims, Claim(text, (known[0],), support))

    runs = [
        run_with(seeds, with_points, unfounded(support)) for support in ("unsupported", "supported")
    ]
    assert held(*runs).metrics == {"ticks_wrong"}


def test_answers_beside_the_point_that_say_that_they_answer(
    seeds: Index, with_points: list[Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same answers, once marked as unsure and once as answering the question."""

    def marked(answers: Answers) -> ComparedRun:
        monkeypatch.setattr(AnswerDraft, "_answers", lambda _: answers)
        return run_with(seeds, with_points, lambda *given: (stray(*given),))

    assert held(marked("unsure"), marked("yes")).metrics == {"yes_wrong"}
