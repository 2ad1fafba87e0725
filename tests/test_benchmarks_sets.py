"""The adapters of the public data sets, on tiny sets of our own, with a real index."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eval.benchmarks import clapnq, indexing, realtimeqa, scifact, wice
from eval.benchmarks.dataset_files import EvalDataError
from eval.benchmarks.indexing import DatasetText, open_index
from eval.benchmarks.result_tables import Line, Table
from eval.benchmarks.run import run_benchmark
from eval.statistics.bootstrap import Interval
from rag.assistant import Assistant
from rag.events import IngestEvent
from rag.settings import Settings
from rag.settings import load_settings as load_settings
from rag.types import Span
from tests import benchmark_sets as sets
from tests.benchmark_sets import BRIDGE, PAGE, ROBOT

OURS = "fused as in answers, 20"


def line(table: Table, name: str) -> Line:
    return next(each for each in table.lines if each.name == name)


def figure(table: Table, name: str, column: str) -> tuple[float, int]:
    found = line(table, name).figures[column]
    assert isinstance(found, Interval)
    return round(found.mean, 4), found.n


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings whose data directory keeps the indexes from test to test."""
    return load_settings(data_dir=tmp_path_factory.mktemp("kept"))


# --- the index --------------------------------------------------------------------------------

TEXTS = [
    DatasetText("1", "Bark", "Willow bark eases pain."),
    DatasetText("2", "Bees", "Honeybees sleep."),
]


def test_texts_are_indexed_once_and_anew_when_they_change(
    kept: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    for texts, told in ((TEXTS, True), (TEXTS, False), (TEXTS[:1], True)):
        with open_index("tiny", texts, kept) as assistant:
            hits = assistant.library.search("bark", 5)
            assert indexing.text_ids(hits) == ["1"]
            span = hits[0].chunk.span
            assert span.document_id == indexing.document_id("1")
            assert assistant.library.text(span) == "Willow bark eases pain."
            assert len(assistant.vectors.ids()) == len(texts)
        assert ("Indexing" in capsys.readouterr().err) == told
    assert len(list((kept.data_dir / "benchmarks").glob("tiny-*"))) == 2


def test_an_index_that_was_interrupted_is_gone_on_with(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Assistant.index

    def broken(self: Assistant, *given: Any) -> Iterator[IngestEvent]:
        yield next(whole(self, *given))
        raise KeyboardInterrupt

    monkeypatch.setattr(Assistant, "index", broken)
    with pytest.raises(KeyboardInterrupt), open_index("tiny", TEXTS, settings):
        pass
    monkeypatch.undo()
    with open_index("tiny", TEXTS, settings) as assistant:
        assert len(assistant.library.digests()) == 2


def test_a_text_that_cannot_be_indexed_is_an_error(settings: Settings) -> None:
    with (
        pytest.raises(EvalDataError, match="line 2"),
        open_index("tiny", [TEXTS[0], DatasetText("2", "", " \x00")], settings),
    ):
        pass


# --- SciFact ----------------------------------------------------------------------------------


def test_scifact_counts_each_claim_and_each_abstract_once(tmp_path: Path) -> None:
    folder = sets.scifact(tmp_path)
    texts = scifact.texts(folder)
    assert [text.id for text in texts] == ["11", "12", "13"]
    assert texts[0].text == "Bark of willows eases pain. It doesn't cure a fever."
    claims = scifact.claims(folder, {"11", "12", "13"})
    assert [(claim.id, claim.cited) for claim in claims] == [
        ("1", frozenset({"11"})),
        ("2", frozenset({"12", "13"})),
    ]


def test_scifact_ranks_abstracts(kept: Settings, tmp_path: Path) -> None:
    (table,) = scifact.retrieval(sets.scifact(tmp_path), kept, slice(None))
    assert table.lines[0].name == "BM25, whole texts"
    assert table.lines[-1].name == OURS
    for each in table.lines:
        assert figure(table, each.name, "recall@10") == (1, 2)
        assert figure(table, each.name, "MRR") == (1, 2)
        assert len(each.seconds) == 2
    assert "2 claims, 3 judgements, 3 abstracts" in table.notes[0]


def test_scifact_misses_what_is_not_found(kept: Settings, tmp_path: Path) -> None:
    claims = [("1", "Honeybees sleep.", "[13]"), ("2", "Willow bark eases pain.", "[11]")]
    (table,) = scifact.retrieval(sets.scifact(tmp_path, claims=claims), kept, slice(None))
    assert figure(table, "BM25, whole texts", "nDCG@10") == (0.5, 2)
    (table,) = scifact.retrieval(tmp_path, kept, slice(1))
    assert figure(table, "BM25, whole texts", "nDCG@10") == (0, 1)


@pytest.mark.parametrize(
    ("abstract", "cited", "said"),
    [
        ("no array", "[11]", "corpus_train.csv, line 2: abstract"),
        ("['a' b 'c']", "[11]", "corpus_train.csv, line 2: abstract"),
        ("['']", "[11]", "corpus_train.csv, line 2: abstract"),
        (r"['\x']", "[11]", "corpus_train.csv, line 2: abstract"),
        ("['a']", "[99]", "claims_validation.csv, line 2: it cites 99"),
        ("['a']", "[]", "claims_validation.csv, line 2: cited_doc_ids"),
        ("['a']", "[ ]", "claims_validation.csv, line 2: it cites nothing"),
    ],
)
def test_scifact_names_what_is_wrong(
    abstract: str, cited: str, said: str, settings: Settings, tmp_path: Path
) -> None:
    folder = sets.scifact(tmp_path, {"11": ("T", abstract)}, [("1", "a claim", cited)])
    with pytest.raises(EvalDataError) as error:
        scifact.retrieval(folder, settings, slice(None))
    assert said in str(error.value)


def test_scifact_claims_of_one_id_agree(settings: Settings, tmp_path: Path) -> None:
    folder = sets.scifact(tmp_path, claims=[("1", "one", "[11]"), ("1", "other", "[11]")])
    with pytest.raises(EvalDataError, match="line 3: it differs"):
        scifact.retrieval(folder, settings, slice(None))


# --- ClapNQ -----------------------------------------------------------------------------------


def test_clapnq_pools_equal_passages_and_takes_both_kinds_in_turn(tmp_path: Path) -> None:
    told = clapnq.read(sets.clapnq(tmp_path))
    assert len(told.passages) == 3
    assert [case.id for case in told.cases] == ["a1", "n1", "a2", "n2"]
    assert told.cases[0].passage == told.cases[2].passage
    assert [bool(case.gold) for case in told.cases] == [True, False, True, False]


def test_clapnq_finds_the_passages_of_what_can_be_answered(kept: Settings, tmp_path: Path) -> None:
    found, apart = clapnq.retrieval(sets.clapnq(tmp_path), kept, slice(None))
    assert figure(found, OURS, "R@1") == (1, 2)
    assert "2 answerable questions, 3 passages" in found.notes[0]
    assert figure(apart, "BM25", "AUROC")[1] == 4


@pytest.mark.parametrize(
    ("yes", "no", "said"),
    [
        ([("a1", "q", "text", "")], None, "clapnq_dev_answerable.jsonl, line 1: output"),
        (None, [("n1", "q", "text", "x")], "clapnq_dev_unanswerable.jsonl, line 1: output"),
        ([("a", "q", "t", "x"), ("a", "r", "t", "x")], None, "line 2: id"),
        (None, [("a1", "q", "text", "")], "share a question"),
    ],
)
def test_clapnq_names_what_is_wrong(
    yes: list[tuple[str, ...]] | None,
    no: list[tuple[str, ...]] | None,
    said: str,
    tmp_path: Path,
) -> None:
    def rows(given: list[tuple[str, ...]] | None) -> list[sets.Row] | None:
        return None if given is None else [sets.clapnq_row(*each) for each in given]

    with pytest.raises(EvalDataError) as error:
        clapnq.read(sets.clapnq(tmp_path, rows(yes), rows(no)))
    assert said in str(error.value)


# --- RealTimeQA -------------------------------------------------------------------------------


def test_realtimeqa_pools_articles_by_address(tmp_path: Path) -> None:
    quiz = realtimeqa.read(sets.quiz(tmp_path))
    assert [(text.text, text.published) for text in quiz.articles] == [
        (ROBOT, "2026-03-27"),
        (BRIDGE, "2026-03-27"),
    ]
    assert quiz.bare == 1
    assert [(each.gold, each.week) for each in quiz.questions] == [
        ("A robot", "20260320"),
        ("Tarn", "20260327"),
        ("Ona Reed", "20260327"),
    ]


def test_realtimeqa_looks_for_the_right_choice_and_for_wrong_ones(
    kept: Settings, tmp_path: Path
) -> None:
    (table,) = realtimeqa.retrieval(sets.quiz(tmp_path), kept, slice(None))
    assert figure(table, OURS, "@1") == (round(2 / 3, 4), 3)
    own = "its own web-search list"
    assert figure(table, own, "@1") == (round(1 / 3, 4), 3)  # a result without a text comes first
    assert figure(table, own, "@3") == (round(2 / 3, 4), 3)
    # The robot counts 1; the bridge's article holds both choices; the chess one only the wrong.
    assert figure(table, own, "@5 less wrong") == (0, 3)
    assert figure(table, "ceiling: in any article", "@10") == (round(2 / 3, 4), 3)
    assert "3 questions of 2 weeks" in table.notes[0]
    assert "1 search results without a text" in table.notes[0]


def spoilt(folder: Path, name: str, change: dict[str, object]) -> Path:
    file = sets.quiz(folder) / name
    first, *rest = (json.loads(row) for row in file.read_text("utf-8").splitlines())
    sets.write_jsonl(file, [first | change, *rest])
    return folder


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("20260327_qa.jsonl", {"answer": ["2"]}, "20260327_qa.jsonl, line 1: answer"),
        ("20260327_qa.jsonl", {"answer": ["0", "1"]}, "20260327_qa.jsonl, line 1: answer"),
        ("20260327_qa.jsonl", {"choices": ["?", "Holt"]}, "20260327_qa.jsonl, line 1: answer"),
        ("20260327_qa.jsonl", {"more": 1}, "20260327_qa.jsonl, line 1: more"),
        ("20260327_gcs.jsonl", {"question_id": "z"}, "20260327_qa.jsonl, line 1: 20260327_gcs"),
        ("20260327_gcs.jsonl", {"question_id": "20260327_1"}, "gcs.jsonl, line 2: question_id"),
    ],
)
def test_realtimeqa_names_what_is_wrong(
    name: str, change: dict[str, object], said: str, tmp_path: Path
) -> None:
    with pytest.raises(EvalDataError) as error:
        realtimeqa.read(spoilt(tmp_path, name, change))
    assert said in str(error.value)


def test_realtimeqa_wants_a_question_for_each_list_and_a_list_for_each_week(tmp_path: Path) -> None:
    sets.quiz(tmp_path)
    more = [sets.found_row("20260320_0"), sets.found_row("20260320_1")]
    sets.write_jsonl(tmp_path / "20260320_gcs.jsonl", more)
    with pytest.raises(EvalDataError, match="lacks 20260320_1"):
        realtimeqa.read(tmp_path)
    (tmp_path / "20260320_gcs.jsonl").unlink()
    with pytest.raises(EvalDataError, match=r"20260320_gcs\.jsonl is missing"):
        realtimeqa.read(tmp_path)


# --- WiCE -------------------------------------------------------------------------------------


def test_wice_knows_the_sentences_of_a_page_by_their_characters(tmp_path: Path) -> None:
    page = wice.read(sets.wice(tmp_path))[0].page
    assert len(page.sentences) == len(PAGE)
    for number, sentence in enumerate(page.sentences):
        start = page.text.text.index(sentence)
        if sentence:
            assert list(page.numbers(Span("x", start, start + len(sentence)))) == [number]
    whole = page.numbers(Span("x", 0, len(page.text.text)))
    assert list(whole) == list(range(len(PAGE)))


def test_wice_stores_pages_as_they_are_measured(kept: Settings, tmp_path: Path) -> None:
    pages = [claim.page.text for claim in wice.read(sets.wice(tmp_path))][:1]
    with open_index("wice", pages, kept) as assistant:
        document = assistant.library.document(indexing.document_id(pages[0].id))
        assert document.text == pages[0].text


def test_wice_takes_three_sentences_and_counts_what_has_none(
    kept: Settings, tmp_path: Path
) -> None:
    (table,) = wice.retrieval(sets.wice(tmp_path), kept, slice(None))
    words, ours = (each.name for each in table.lines)
    assert figure(table, words, "F1@3") == (1, 1)  # only sentences 2 and 5 share a word
    assert figure(table, ours, "F1@3") == (0.8, 1)  # those two and another, of [2, 5]
    assert figure(table, ours, "any hit") == (1, 1)
    assert "1 claims, 1 pages" in table.notes[0]
    assert "1 claims without a supporting sentence" in table.notes[0]


def test_wice_counts_a_miss(kept: Settings, tmp_path: Path) -> None:
    rows = [sets.wice_row("d1", "The museum opened in 1931.", [[4]])]
    (table,) = wice.retrieval(sets.wice(tmp_path, rows), kept, slice(None))
    assert figure(table, "BM25 of the page's sentences", "any hit") == (0, 1)
    assert figure(table, "BM25 of the page's sentences", "F1@3") == (0, 1)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (sets.wice_row("d", "claim", [[6]]), "line 1: supporting_sentences"),
        (sets.wice_row("d", "claim", [[-1]]), "line 1: supporting_sentences"),
        (sets.wice_row("d", "claim", [[]], page=[" "]), "line 1: evidence"),
        (sets.wice_row("d", "claim", [[]]) | {"x": 1}, "line 1: x"),
    ],
)
def test_wice_names_what_is_wrong(row: sets.Row, said: str, tmp_path: Path) -> None:
    with pytest.raises(EvalDataError) as error:
        wice.read(sets.wice(tmp_path, [row]))
    assert said in str(error.value)


# --- the command ------------------------------------------------------------------------------


def test_a_bench_prints_its_tables_or_one_json_document(
    kept: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = sets.scifact(tmp_path)
    assert run_benchmark("scifact", folder, kept) == 0
    shown = capsys.readouterr().out
    assert "100.0 [100.0, 100.0] n=2" in shown
    assert "bge-small" in shown
    assert run_benchmark("scifact", folder, kept, as_json=True, limit=1) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["benchmark"] == "scifact"
    assert told["tables"][0]["lines"][0]["figures"]["MRR"]["n"] == 1
