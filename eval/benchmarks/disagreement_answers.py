"""Planted contradictions as an answer reports them, with a model asked of both articles.

The blind cases that come with a question, which was written by yet another hand. The model is asked
of the cited sentence and of the other article's as when an answer is made.
"""

from __future__ import annotations

import sys
import time
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from eval.benchmarks.disagreement import (
    BLIND,
    Case,
    Outcome,
    read_disagreement_cases,
    store_articles,
    tables,
)
from eval.benchmarks.result_tables import Table
from rag import Library
from rag.assistant import Assistant
from rag.internals import (
    Contradiction,
    GivenAnswer,
    SentenceInContext,
    ask_if_answered,
    ask_short_answer,
    build,
    expected_answer_type,
    find_other_answers,
    is_plausible_short_answer,
    read_in_context,
    sentences_of_others,
)
from rag.settings import Settings
from rag.types import ChatModel, Citation, Passage


def answers(data: Path, settings: Settings, part: slice) -> list[Table]:
    """Recall by point, and false alarms, on those of these cases that `part` takes,
    by who wrote them; `data` is not needed. Raises `FootnoteError`."""
    cases = [case for case in read_disagreement_cases(BLIND) if case.question][part]
    found: list[Outcome] = []
    with TemporaryDirectory() as folder, build(settings) as assistant:
        library = Library.open(Path(folder) / "library.sqlite3")
        try:
            for number, case in enumerate(cases, start=1):
                found.append(ask_case(case, library, assistant))
                difference = found[-1].contradiction.difference if found[-1].contradiction else None
                print(
                    f"{number:4}/{len(cases)} {case.id}: {difference}", file=sys.stderr, flush=True
                )
        finally:
            library.close()
    return tables({f"asked, hand {author}": list(each) for author, each in groupby(found, _author)})


def _author(found: Outcome) -> str:
    return found.case.id.partition("-")[0]


def ask_case(case: Case, library: Library, assistant: Assistant) -> Outcome:
    """Store both articles, and compare as an answer to the question does that cites the one."""
    claim, passages = store_articles(case, library)
    (cited,) = claim.citations
    started = time.perf_counter()
    found = _contradictions(case.question or "", cited, passages, library, assistant)
    return Outcome(case, found[0] if found else None, time.perf_counter() - started)


def _contradictions(
    question: str,
    cited: Citation,
    passages: list[Passage],
    library: Library,
    assistant: Assistant,
) -> list[Contradiction]:
    model = assistant.model.get()
    given = _given_answer(question, read_in_context(cited, passages, library), model)
    if given.short and not is_plausible_short_answer(question, given.short, cited.quote):
        return []  # no answer would be written from it
    others = sentences_of_others(cited, passages, library)
    steps = find_other_answers(question, given, others, model, assistant.answerability)
    return [each for each in steps if isinstance(each, Contradiction)]


def _given_answer(question: str, own: SentenceInContext, model: ChatModel) -> GivenAnswer:
    """What an answer from the cited sentence would rest on."""
    cited = own.cited
    shown = [Passage(cited.number, cited.span, cited.quote, "", "", 1.0)]
    p_answered = ask_if_answered(question, shown, model).probability or 0.0
    short = None
    if expected_answer_type(question) != "yes-no":
        short = ask_short_answer(question, shown, model).reply.strip()
    return GivenAnswer(own, short, p_answered)
