"""Whole answers to ClapNQ beside the annotators' own, on a tiny set, by a scripted model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from eval.benchmarks import clapnq, clapnq_long
from eval.benchmarks.clapnq_long import ANSWERED, DECLINED, ROUGE, SENTENCES, WORDS
from eval.benchmarks.dataset_files import EvalDataError
from eval.benchmarks.result_tables import Table, format_table
from eval.statistics.bootstrap import Interval
from rag.settings import Settings
from tests import benchmark_sets as sets
from tests.asking import LARGE, prompt, settings_for
from tests.fakes import Request, Scripted, ScriptedServer

ALL = slice(None)
BUILT = "The lighthouse of Ferrow was built in 1874 ."
LAMP = "Its lamp burned rape oil until 1901 ."
KEEPER = "The last keeper left it in 1968 ."
MILL = "The mill at Ostby grinds rye ."
PAGE = (BUILT, LAMP, KEEPER)


def row(id: str, question: str, sentences: tuple[str, ...], *outputs: tuple[str, ...]) -> sets.Row:
    """`outputs` are answers, each followed by the sentences marked for it."""
    text = " ".join(sentences)
    meta = {"round": 2}
    return {
        "id": id,
        "input": question,
        "passages": [{"title": f"Page of {id}", "text": text, "sentences": list(sentences)}],
        "output": [
            {"answer": answer, "selected_sentences": list(marked), "meta": meta}
            for answer, *marked in outputs
        ],
    }


@pytest.fixture
def data(tmp_path: Path) -> Path:
    yes = [
        row("a1", "when was the lighthouse of ferrow built", PAGE, ("Built in 1874 .", BUILT)),
        row("a2", "which oil burned in the lamp until 1901", PAGE, ("Rape oil .", LAMP),
            ("Until 1901 rape oil , then it was left .", LAMP, KEEPER)),
    ]  # fmt: skip
    no = [row("n1", "who owns the mill", (MILL,), ("",))]
    return sets.clapnq(tmp_path / "set", yes, no)


REPLIES: dict[str, Scripted] = {"built": f"{BUILT} [1]", "lamp": "NOT STATED", "mill": "NOT STATED"}


def reply(request: Request) -> Scripted:
    question = prompt(request).rpartition("Question:")[2]
    return next(said for word, said in REPLIES.items() if word in question)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer([reply]) as scripted:
        yield scripted


def figures(table: Table, name: str) -> dict[str, tuple[float, int] | None]:
    (line,) = (each for each in table.lines if each.name == name)
    return {
        column: (round(found.mean, 3), found.n) if isinstance(found, Interval) else None
        for column, found in line.figures.items()
    }


def test_without_a_model_sentences_of_the_passage_are_the_answer(
    data: Path, settings: Settings
) -> None:
    (table,) = clapnq_long.baselines(data, settings, ALL)
    whole = figures(table, "the whole passage")
    assert whole[SENTENCES] == (round((2 / 4 + 4 / 5) / 2, 3), 2)
    assert whole[WORDS] == (25, 2)
    best = figures(table, "best 1 of its sentences by MiniLM")
    assert best[SENTENCES] == (1, 2)
    assert best[WORDS] == (8.5, 2)
    own = figures(table, "an annotator's sentences")
    assert own[SENTENCES] == (1, 2)
    # "built in 1874" of 8 words and 3; "rape oil" of 7 words and 2, or more of the other reference
    assert own[ROUGE] == (round((2 * 3 / 11 + 2 * 2 / 9) / 2, 3), 2)
    assert own[DECLINED] == (0, 2)
    assert "25.0 [25.0, 25.0] n=2" in format_table(table)  # words are no percentage


def test_a_part_is_of_the_answerable_questions(data: Path, settings: Settings) -> None:
    (table,) = clapnq_long.baselines(data, settings, slice(1, 2))
    assert figures(table, "an annotator's sentences")[ROUGE] == (round(2 * 2 / 9, 3), 1)


def test_the_assistant_is_asked_of_the_passage_and_of_all(
    data: Path, server: ScriptedServer, tmp_path: Path
) -> None:
    chosen = settings_for(server, LARGE, data_dir=tmp_path / "data")
    given, pooled = clapnq_long.answers(data, chosen, ALL)
    for table in (given, pooled):
        told = figures(table, "the assistant")
        assert told[DECLINED] == (0.5, 2)
        assert told[ROUGE] == (round(2 * 3 / 11 / 2, 3), 2)
        assert told[ANSWERED] == (round(2 * 3 / 11, 3), 1)
        assert told[SENTENCES] == (0.5, 2)
        assert told[WORDS] == (9, 1)
        assert table.errors == 0
    assert figures(pooled, "best 3 sentences by MiniLM of the passage found first")[DECLINED]
    requests = len(server.requests)
    assert requests == 4
    clapnq_long.answers(data, chosen, ALL)
    clapnq.given(data, chosen, ALL)  # asks only what cannot be answered
    assert len(server.requests) == requests + 1


@pytest.mark.parametrize(
    ("marked", "sentences", "said"),
    [("Nowhere .", PAGE, "no such sentence"), (BUILT, (BUILT, LAMP, "More ."), "not the text")],
)
def test_sentences_that_are_not_of_the_passage_are_named(
    marked: str, sentences: tuple[str, ...], said: str, settings: Settings, tmp_path: Path
) -> None:
    bad = row("a1", "when was it built", PAGE, ("In 1874 .", marked))
    bad["passages"][0]["sentences"] = list(sentences)
    folder = sets.clapnq(tmp_path, [bad])
    with pytest.raises(EvalDataError, match=f"line 1: .*{said}"):
        clapnq_long.baselines(folder, settings, ALL)
