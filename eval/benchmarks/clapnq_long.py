"""ClapNQ: whole answers beside the annotators' own, and the sentences that they rest on.

The answerable questions of the development split (Rosenthal et al. 2024), whose annotators marked
the sentences of the passage that answer, and wrote an answer from them. Beside the assistant stand
answers that need no model: the sentences of the passage that MiniLM finds most like the question,
the whole passage, and the sentences that an annotator marked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.benchmarks import clapnq
from eval.benchmarks.answers import RESULTS, answers_folder, ask_questions, count_errors
from eval.benchmarks.cited_sentences import cited_sentences
from eval.benchmarks.clapnq import Case
from eval.benchmarks.indexing import document_id, open_index
from eval.benchmarks.metrics import set_f1
from eval.benchmarks.result_tables import Line, Table
from eval.benchmarks.rouge import rouge_l
from eval.statistics.bootstrap import Interval, mean_interval
from rag.assistant import Assistant
from rag.internals import build_embedder
from rag.serialization import answer_from_json
from rag.settings import Settings
from rag.types import Answer, Embedder, Span

NAME = "clapnq-long"
ROUGE, ANSWERED, SENTENCES, WORDS, DECLINED = COLUMNS = (
    "ROUGE-L",
    "ROUGE-L, answered",
    "F1 of sentences",
    "words",
    "declined",
)
BEST = (1, 2, 3)
_MARKER = re.compile(r"\s*\[\d+(?:,\s*\d+)*\]")


@dataclass(frozen=True, slots=True)
class LongAnswer:
    """What a question got: a text, and the sentences of passages that it rests on. Without `text`
    it was declined, or ended in an error."""

    text: str
    sentences: frozenset[Span] = frozenset()
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class _Passages:
    """Where the sentences of each passage are, by its id in the index, in order."""

    spans: Mapping[str, tuple[Span, ...]]
    texts: Mapping[Span, str]

    def of(self, case: Case) -> tuple[Span, ...]:
        return self.spans[document_id(case.passage)]

    def marked(self, case: Case) -> list[frozenset[Span]]:
        """The sentences that each annotator marked."""
        by_text = {self.texts[span]: span for span in self.of(case)}
        return [frozenset(by_text[each] for each in marked) for marked in case.selected if marked]

    def joined(self, sentences: Sequence[Span]) -> LongAnswer:
        """These sentences of one passage as an answer, in the order of the passage."""
        ordered = sorted(sentences)
        return LongAnswer(" ".join(self.texts[span] for span in ordered), frozenset(ordered))


def baselines(data: Path, settings: Settings, part: slice) -> list[Table]:
    """The answers that need no model, to the answerable questions that `part` takes, from their
    passage. Raises `FootnoteError`."""
    dataset = clapnq.read(data)
    cases = _answerable(dataset)[part]
    passages = _passages(dataset)
    rows = _given_baselines(cases, passages, build_embedder(settings))
    return [_table("ClapNQ, its passage given: whole answers", cases, passages, rows)]


def answers(data: Path, settings: Settings, part: slice) -> list[Table]:
    """The same beside the assistant's answers, from their passage and from all passages. An answer
    that `clapnq-given` or `clapnq-pooled` has kept is not asked for again. Raises
    `FootnoteError`."""
    dataset = clapnq.read(data)
    cases = _answerable(dataset)[part]
    passages = _passages(dataset)
    with open_index(clapnq.NAME, dataset.passages, settings) as assistant:
        given, given_errors = _assistant_answers(
            dataset, clapnq.GIVEN, part, assistant, settings, passages
        )
        pooled, pooled_errors = _assistant_answers(
            dataset, clapnq.POOLED, part, assistant, settings, passages
        )
        alone = _given_baselines(cases, passages, assistant.embedder)
        found = _found_baseline(cases, passages, assistant)
    title = "ClapNQ, its passage given: whole answers"
    over_all = f"ClapNQ, all {len(dataset.passages)} passages: whole answers"
    return [
        _table(title, cases, passages, {"the assistant": given} | alone, given_errors),
        _table(over_all, cases, passages, {"the assistant": pooled} | found, pooled_errors),
    ]


def _answerable(dataset: clapnq.ClapNQ) -> list[Case]:
    return [case for case in dataset.cases if case.gold]


def _passages(dataset: clapnq.ClapNQ) -> _Passages:
    passages = {passage.id: passage.text for passage in dataset.passages}
    spans: dict[str, tuple[Span, ...]] = {}
    texts: dict[Span, str] = {}
    for case in dataset.cases:
        id, text = document_id(case.passage), passages[case.passage]
        if id not in spans:
            spans[id] = tuple(_places(id, case.sentences, text))
            texts |= {span: text[span.start : span.end] for span in spans[id]}
    return _Passages(spans, texts)


def _places(id: str, sentences: Sequence[str], text: str) -> Iterator[Span]:
    end = 0
    for sentence in sentences:
        start = text.index(sentence, end)
        end = start + len(sentence)
        yield Span(id, start, end)


# --- the assistant ----------------------------------------------------------------------------


def _assistant_answers(
    dataset: clapnq.ClapNQ,
    name: str,
    part: slice,
    assistant: Assistant,
    settings: Settings,
    passages: _Passages,
) -> tuple[list[LongAnswer], int]:
    """An answer for each question, and how many ended in an error. `name` says whether the passage
    is given; the answers are kept where the benchmark of that name keeps its own."""
    everything = clapnq.questions_of(dataset.cases, name)
    folder = answers_folder(name, everything, assistant, settings)
    answerable = [question for question in everything if question.gold]
    answered = ask_questions(name, answerable, part, assistant, settings, folder)
    answers = _read_answers(folder / RESULTS)
    read = [
        _read_answer(answers.get(each.question.id), each.row.seconds, passages) for each in answered
    ]
    return read, count_errors(answered)


def _read_answers(file: Path) -> dict[str, Answer]:
    """The last answer to each question."""
    rows = [json.loads(line) for line in file.read_bytes().split(b"\n") if line]
    return {row["id"]: answer_from_json(row["answer"]) for row in rows if row["answer"]}


def _read_answer(answer: Answer | None, seconds: float, passages: _Passages) -> LongAnswer:
    if answer is None or answer.status == "declined":
        return LongAnswer("", seconds=seconds)
    cited = [citation.span for claim in answer.claims for citation in claim.citations]
    documents = {span.document_id for span in cited}
    known = [sentence for id in sorted(documents) for sentence in passages.spans[id]]
    sentences = frozenset(cited_sentences(cited, known))
    return LongAnswer(_MARKER.sub("", answer.text), sentences, seconds)


# --- without a model --------------------------------------------------------------------------


def _given_baselines(
    cases: Sequence[Case], passages: _Passages, embedder: Embedder
) -> dict[str, list[LongAnswer]]:
    ranked = _rank_sentences(cases, [passages.of(case) for case in cases], passages, embedder)
    marked = [next(iter(passages.marked(case)), frozenset[Span]()) for case in cases]
    return {
        **{
            f"best {count} of its sentences by MiniLM": [
                passages.joined(each[:count]) for each in ranked
            ]
            for count in BEST
        },
        "the whole passage": [passages.joined(passages.of(case)) for case in cases],
        "an annotator's sentences": [passages.joined(sorted(each)) for each in marked],
    }


def _found_baseline(
    cases: Sequence[Case], passages: _Passages, assistant: Assistant
) -> dict[str, list[LongAnswer]]:
    """The best sentences of the passage that is found first."""
    found = [assistant.search(case.question).hits for case in cases]
    places = [passages.spans[hits[0].chunk.span.document_id] if hits else () for hits in found]
    ranked = _rank_sentences(cases, places, passages, assistant.embedder)
    count = BEST[-1]
    name = f"best {count} sentences by MiniLM of the passage found first"
    return {name: [passages.joined(each[:count]) for each in ranked]}


def _rank_sentences(
    cases: Sequence[Case],
    sentences: Sequence[Sequence[Span]],
    passages: _Passages,
    embedder: Embedder,
) -> list[list[Span]]:
    """The sentences beside each question, those most like it first."""
    import numpy as np

    distinct = list(dict.fromkeys(span for each in sentences for span in each))
    rows = embedder.embed([passages.texts[span] for span in distinct])
    vectors = dict(zip(distinct, map(np.array, rows), strict=True))
    questions = map(np.array, embedder.embed([case.question for case in cases]))
    return [
        sorted(each, key=lambda span: -float(vectors[span] @ question))
        for question, each in zip(questions, sentences, strict=True)
    ]


# --- the table --------------------------------------------------------------------------------


def _table(
    title: str,
    cases: Sequence[Case],
    passages: _Passages,
    rows: Mapping[str, Sequence[LongAnswer]],
    failed: int = 0,
) -> Table:
    lines = tuple(_line(name, cases, found, passages) for name, found in rows.items())
    notes = (
        f"{len(cases)} answerable questions; clusters: the page. Without an answer a question"
        f" scores 0 under {ROUGE} and {SENTENCES}.",
        "ROUGE-L: stemmed F1, the best of the references. F1 of sentences: those cited against"
        " those that an annotator marked, the best of the annotators. Words: of answers, split at"
        " spaces; the passages have a space before each punctuation mark.",
    )
    return Table(title, COLUMNS, lines, (), notes, failed, counts=frozenset({WORDS}))


def _line(
    name: str, cases: Sequence[Case], found: Sequence[LongAnswer], passages: _Passages
) -> Line:
    pairs = list(zip(cases, found, strict=True))
    answered = [(case, each) for case, each in pairs if each.text]

    def mean(
        measure: Callable[[Case, LongAnswer], float], of: Sequence[tuple[Case, LongAnswer]] = pairs
    ) -> Interval | None:
        return mean_interval([measure(*pair) for pair in of], [case.title for case, _ in of])

    return Line(
        name,
        {
            ROUGE: mean(_rouge),
            ANSWERED: mean(_rouge, answered),
            SENTENCES: mean(lambda case, each: set_f1(each.sentences, passages.marked(case))),
            WORDS: mean(lambda _, each: len(each.text.split()), answered),
            DECLINED: mean(lambda _, each: float(not each.text)),
        },
        [each.seconds for each in found if each.seconds is not None],
    )


def _rouge(case: Case, answer: LongAnswer) -> float:
    return rouge_l(answer.text, case.gold)
