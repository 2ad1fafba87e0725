"""The benchmark of peers: each is measured on the same questions, and those missing are named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from eval.benchmarks import peers
from eval.benchmarks.peers import Found
from eval.benchmarks.postgres import GOLDEN
from eval.cases import read_rows
from rag.settings import Settings
from tests import benchmark_sets as sets


@pytest.fixture
def few_questions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lines = GOLDEN.read_text("utf-8").splitlines()[:3]
    (tmp_path / "cases.jsonl").write_text("\n".join(lines), "utf-8")
    monkeypatch.setattr(peers, "GOLDEN", tmp_path / "cases.jsonl")


@pytest.mark.usefixtures("few_questions")
def test_each_that_is_installed_is_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    absent = replace(peers.PEERS["Footnote"], packages=("nobody.has_this",))
    monkeypatch.setitem(peers.PEERS, "LangChain, Chroma", absent)
    (table,) = peers.measure(sets.scifact(tmp_path), Settings(model="none"), slice(0, 2))
    assert table.title == "4 texts, 3 golden questions, 1 claims"
    assert [line.name for line in table.lines] == ["Footnote", "LlamaIndex, Chroma"]
    assert "Not installed: LangChain, Chroma." in table.notes[-1]
    for line in table.lines:
        assert len(line.seconds) == 4
        figures = {name: figure.mean for name, figure in line.figures.items() if figure}
        assert figures[peers.ABSTRACT] == 1
        assert figures[peers.EVIDENCE] == 1
        for column in (peers.CHARACTERS, peers.SEARCH, peers.CHUNKS, peers.WALL, peers.DISK):
            assert figures[column] > 0


def test_evidence_counts_where_it_stands_whole_in_a_passage_of_its_document() -> None:
    row = read_rows(GOLDEN)[0][1]
    [evidence] = row.evidence
    name = Path(evidence.document_id).stem
    whole = evidence.quote.replace(" ", "\n", 1)
    assert peers.has_evidence(row, [Found("x", "no"), Found(name, f"before {whole} after")]) == 1
    assert peers.has_evidence(row, [Found("another", whole)]) == 0
    assert peers.has_evidence(row, [Found(name, whole[:-9]), Found(name, whole[9:])]) == 0
