"""WiCE: finding the sentences of a cited page that support a Wikipedia sentence.

The development split of the claims (Kamoi et al. 2023). Three sentences are taken of each page, as
an answer would select them, and compared with the gold set that they agree with most; every gold
set alone supports the claim. Claims without any supporting sentence have nothing to find.
"""

from __future__ import annotations

import tempfile
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from eval.benchmarks import dataset_files as reading
from eval.benchmarks.indexing import DatasetText, document_id, documents, open_index
from eval.benchmarks.metrics import set_f1
from eval.benchmarks.result_tables import Anchor, Line, Table, mean_line
from rag import Library
from rag.assistant import Assistant
from rag.internals import Retriever, select_evidence
from rag.settings import Settings
from rag.types import Chunk, Span

NAME = "wice"
CLAIMS = "entailment_retrieval_claim_dev.jsonl"
TAKEN = 3  # sentences of a page
JOINT = "\n\n"  # between the sentences of a page
COLUMNS = (f"F1@{TAKEN}", "any hit")
ANCHORS = (Anchor("BM25 on the test half", {COLUMNS[0]: 0.554, COLUMNS[1]: 0.939}),)


class _Meta(reading.Record):
    id: reading.NonBlank
    claim_title: str
    claim_section: str
    claim_context: str


class _Line(reading.Record):
    label: str
    supporting_sentences: tuple[tuple[int, ...], ...]
    claim: reading.NonBlank
    evidence: tuple[str, ...]
    meta: _Meta


@dataclass(frozen=True, slots=True)
class Page:
    """A cited page; its text is its `sentences`, joined."""

    text: DatasetText
    sentences: tuple[str, ...]

    def numbers(self, span: Span) -> range:
        """The sentences that a span of the page reaches into, from 0."""
        lengths = (len(sentence) + len(JOINT) for sentence in self.sentences[:-1])
        starts = list(accumulate(lengths, initial=0))
        return range(bisect_right(starts, span.start) - 1, bisect_right(starts, span.end - 1))


@dataclass(frozen=True, slots=True)
class Claim:
    """`gold` are sets of sentences of `page`, each of which supports the claim by itself."""

    text: str
    page: Page
    gold: tuple[frozenset[int], ...]


def read(data: Path) -> list[Claim]:
    """Every claim; pages with the same text are one. Raises `EvalDataError`."""
    path = data / CLAIMS
    pages: dict[str, Page] = {}
    claims, ids = [], set()
    for number, row in reading.read_jsonl(path, _Line):
        if row.meta.id in ids:
            raise reading.line_error(path, number, "meta.id: an earlier line has the same")
        ids.add(row.meta.id)
        if not all(0 <= i < len(row.evidence) for each in row.supporting_sentences for i in each):
            raise reading.line_error(
                path, number, "supporting_sentences: there is no such sentence"
            )
        sentences = tuple(map(_plain, row.evidence))
        whole = JOINT.join(sentences)
        if not whole.strip():
            raise reading.line_error(path, number, "evidence: it has no text")
        page = pages.setdefault(whole, Page(DatasetText(str(len(pages)), "", whole), sentences))
        gold = tuple(frozenset(each) for each in row.supporting_sentences if each)
        claims.append(Claim(row.claim, page, gold))
    return claims


def _plain(sentence: str) -> str:
    """As the index would store it: one line, without control characters."""
    return "".join(char for char in " ".join(sentence.split()) if char.isprintable())


def retrieval(data: Path, settings: Settings, part: slice) -> list[Table]:
    """F1 and hits of three sentences for the claims that `part` takes. Raises `FootnoteError`."""
    claims_read = read(data)
    queries = [claim for claim in claims_read[part] if claim.gold]
    pages = {claim.page.text.id: claim.page.text for claim in claims_read}
    with open_index(NAME, list(pages.values()), settings) as assistant, _sentences() as bm25:
        ours = _selecting(assistant)
        lines = (
            _line("BM25 of the page's sentences", queries, lambda claim: _by_words(bm25, claim)),
            _line("selected as in answers", queries, ours),
        )
    left_out = len(claims_read[part]) - len(queries)
    note = f"{len(queries)} claims, {len(pages)} pages, which are the clusters; {left_out} claims"
    title = "WiCE: the supporting sentences of the cited page"
    notes = (f"{note} without a supporting sentence have nothing to find.",)
    return [Table(title, COLUMNS, lines, ANCHORS, notes)]


_Finder = Callable[[Claim], Sequence[int]]  # sentences of a claim's page, best first


def _line(name: str, queries: Sequence[Claim], find: _Finder) -> Line:
    found, seconds = [], []
    for claim in [*queries[:1], *queries]:  # the first loads things, and is not counted
        started = time.perf_counter()
        found.append(set(list(dict.fromkeys(find(claim)))[:TAKEN]))
        seconds.append(time.perf_counter() - started)
    pairs = list(zip(found[1:], queries, strict=True))
    values = {
        COLUMNS[0]: [set_f1(three, claim.gold) for three, claim in pairs],
        COLUMNS[1]: [float(any(three & each for each in claim.gold)) for three, claim in pairs],
    }
    return mean_line(name, values, [claim.page.text.id for claim in queries], seconds[1:])


def _selecting(assistant: Assistant) -> _Finder:
    """The sentences that an answer from this page alone would be made from, in their order. One
    token of budget: the rest of the ranking is told as cut."""
    retriever = Retriever(assistant.library, assistant.vectors, assistant.embedder)

    def find(claim: Claim) -> list[int]:
        page = document_id(claim.page.text.id)
        hits = retriever.retrieve(claim.text, assistant.settings.k, [page]).hits
        selected = select_evidence(
            claim.text,
            hits,
            library=assistant.library,
            encoder=assistant.scorer.encoder,
            budget_tokens=1,
            join=False,
        )
        passages = [*selected.passages, *selected.cut]
        return [number for passage in passages for number in claim.page.numbers(passage.span)]

    return find


@contextmanager
def _sentences() -> Iterator[Library]:
    """A full-text index for the sentences of one page at a time."""
    with (
        tempfile.TemporaryDirectory(prefix="footnote-bench-") as folder,
        Library.open(Path(folder) / "library.sqlite3") as library,
    ):
        yield library


def _by_words(library: Library, claim: Claim) -> list[int]:
    """BM25 over the page alone: what is rare is rare in it."""
    document = next(documents([claim.page.text]))
    chunks, start = [], 0
    for sentence in claim.page.sentences:
        if sentence:
            chunks.append(Chunk.of(document, start, start + len(sentence)))
        start += len(sentence) + len(JOINT)
    library.put(document, chunks)
    hits = library.search(claim.text, TAKEN)
    library.remove(document.id)
    return [number for hit in hits for number in claim.page.numbers(hit.chunk.span)]
