"""SciFact: finding the abstract that a scientific claim cites among 5,183.

The 300 claims of the validation split with the abstracts that they cite, as in BEIR's SciFact
(Thakur et al. 2021): every judgement counts 1. The CSV has a row for each claim and piece of
evidence, so a claim stands in several.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from eval.benchmarks import dataset_files as reading
from eval.benchmarks.indexing import DatasetText, open_index
from eval.benchmarks.metrics import ndcg, recall, reciprocal_rank
from eval.benchmarks.rankers import Ranker, rank_all, rankers
from eval.benchmarks.result_tables import Anchor, Line, Table, mean_line
from rag.settings import Settings

NAME = "scifact"
CLAIMS, CORPUS = "claims_validation.csv", "corpus_train.csv"
COLUMNS = ("nDCG@10", "recall@10", "MRR")
ANCHORS = (
    Anchor("FTS5 BM25 with porter", {"nDCG@10": 0.682}),
    Anchor("int8 MiniLM", {"nDCG@10": 0.642}),
    Anchor("the two by reciprocal rank", {"nDCG@10": 0.714}),
    Anchor("bge-small, by its authors", {"nDCG@10": 0.713}),
)

# An abstract is written as numpy writes an array of strings: ['One.'\n 'Two.']
_STRING = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")


class _Abstract(reading.Record):
    doc_id: reading.NonBlank
    title: str
    abstract: str
    structured: str


class _Claim(reading.Record):
    id: reading.NonBlank
    claim: reading.NonBlank
    evidence_doc_id: str
    evidence_label: str
    evidence_sentences: str
    cited_doc_ids: str


def texts(data: Path) -> list[DatasetText]:
    """Every abstract, its sentences joined by a space. Raises `EvalDataError`."""
    path = data / CORPUS
    found: dict[str, DatasetText] = {}
    for line, row in reading.read_csv(path, _Abstract):
        if row.doc_id in found or not row.doc_id.isalnum():
            raise reading.line_error(
                path, line, f"doc_id: {row.doc_id!r} stands twice, or is no id"
            )
        found[row.doc_id] = DatasetText(row.doc_id, row.title, _sentences(path, line, row.abstract))
    return list(found.values())


def _sentences(path: Path, line: int, array: str) -> str:
    text = ""
    if not _STRING.sub("", array).strip("[] \n"):
        with suppress(ValueError, SyntaxError):
            sentences = [str(ast.literal_eval(each)) for each in _STRING.findall(array)]
            text = " ".join(" ".join(sentences).split())
    if not text:
        raise reading.line_error(path, line, "abstract: it is no list of sentences")
    return text


@dataclass(frozen=True, slots=True)
class Claim:
    id: str
    text: str
    cited: frozenset[str]  # ids of abstracts


def claims(data: Path, known: Collection[str]) -> list[Claim]:
    """The claims in file order, each once; every abstract that they cite is among the `known`.
    Raises `EvalDataError`."""
    path = data / CLAIMS
    found: dict[str, Claim] = {}
    for line, row in reading.read_csv(path, _Claim):
        if not re.fullmatch(r"\[[\d\s]+\]", row.cited_doc_ids):
            raise reading.line_error(path, line, "cited_doc_ids: it is no list of ids")
        cited = frozenset(re.findall(r"\d+", row.cited_doc_ids))
        for id in sorted(cited - set(known)) or ([] if cited else ["nothing"]):
            raise reading.line_error(path, line, f"it cites {id}, which {CORPUS} does not hold")
        claim = Claim(row.id, row.claim, cited)
        if found.setdefault(row.id, claim) != claim:
            raise reading.line_error(path, line, "it differs from an earlier line of the same id")
    return list(found.values())


def retrieval(data: Path, settings: Settings, part: slice) -> list[Table]:
    """nDCG@10, recall@10 and MRR of the claims that `part` takes. Raises `FootnoteError`."""
    corpus = texts(data)
    queries = claims(data, {text.id for text in corpus})[part]
    with open_index(NAME, corpus, settings) as assistant, rankers(assistant, corpus) as ways:
        lines = [_line(name, ranker, queries) for name, ranker in ways.items()]
    judged = sum(len(claim.cited) for claim in queries)
    note = f"{len(queries)} claims, {judged} judgements, {len(corpus):,} abstracts; clusters: "
    title = "SciFact: the abstract that a claim cites"
    return [Table(title, COLUMNS, tuple(lines), ANCHORS, (f"{note}the first abstract cited.",))]


def _line(name: str, ranker: Ranker, queries: Sequence[Claim]) -> Line:
    found = rank_all(ranker, [claim.text for claim in queries])
    pairs = [(each.ids, claim.cited) for each, claim in zip(found, queries, strict=True)]
    values = {
        "nDCG@10": [ndcg(ids, cited, 10) for ids, cited in pairs],
        "recall@10": [recall(ids, cited, 10) for ids, cited in pairs],
        "MRR": [reciprocal_rank(ids, cited) for ids, cited in pairs],
    }
    return mean_line(
        name, values, [min(c.cited) for c in queries], [each.seconds for each in found]
    )
