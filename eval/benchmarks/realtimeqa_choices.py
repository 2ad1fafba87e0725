"""RealTimeQA: choosing the right choice, or none of them.

Each question of the window as it is, and with a choice replaced by "None of the above", as the data
set has them both. No language model: `choices` decides, by weights that were fitted on the weeks
before the window.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from eval.benchmarks import multiple_choice, realtimeqa, realtimeqa_baselines
from eval.benchmarks.indexing import open_index
from eval.benchmarks.realtimeqa import NONE, WINDOW, QuizQuestion
from eval.benchmarks.result_tables import Line, Table
from eval.statistics.bootstrap import balanced_interval, mean_interval
from rag.assistant import Assistant
from rag.settings import Settings

NAME = "realtimeqa-choices"
WHOLE, GONE, THERE, MEAN = "as they are", "none right", "one right", "mean of both"
COLUMNS = (WHOLE, GONE, THERE, MEAN)

Picked = Mapping[str, int]  # the place of the choice, from 0, by question id


def measure(data: Path, settings: Settings, part: slice) -> list[Table]:
    """Multiple choice on the questions of the window that `part` takes. Raises `FootnoteError`."""
    quiz = realtimeqa.read(data)
    whole = realtimeqa.window(quiz)[part]
    without = realtimeqa.read_without(data, quiz.questions)
    ids = {question.id for question in whole}
    rest = [each for each in without if each.id.removesuffix("_nota") in ids]
    with open_index(realtimeqa.NAME, quiz.articles, settings) as assistant:
        picked = choose([*whole, *rest], assistant)
    baselines = realtimeqa_baselines.read(data, {each.week for each in whole})
    lines = [_line("Footnote, without a language model", picked, whole, rest)]
    lines += [
        _line(f"{name}, web search", each.picked, whole, rest) for name, each in baselines.items()
    ]
    title = f"RealTimeQA 2026, weeks {WINDOW[0]} to {WINDOW[1]}: multiple choice"
    return [Table(title, COLUMNS, tuple(lines), (), _notes(whole, rest))]


def choose(questions: Sequence[QuizQuestion], assistant: Assistant) -> dict[str, int]:
    """The choice for each question."""
    weights = multiple_choice.load_choice_model()
    return {each.id: _choice(each, assistant, weights) for each in questions}


def _choice(
    question: QuizQuestion, assistant: Assistant, weights: multiple_choice.ChoiceModel
) -> int:
    or_none = question.choices[-1] == NONE
    choices_stated = question.choices[:-1] if or_none else question.choices
    found = multiple_choice.choice_features(
        assistant, question.text, choices_stated, question.asked_on
    )
    return weights.choose(found, or_none=or_none)


def _line(
    name: str, picked: Picked, whole: Sequence[QuizQuestion], rest: Sequence[QuizQuestion]
) -> Line:
    gone = [each for each in rest if each.gold == NONE]
    there = [each for each in rest if each.gold != NONE]
    values, weeks = {}, {}
    for column, questions in ((WHOLE, whole), (GONE, gone), (THERE, there)):
        values[column] = [float(picked.get(each.id, -1) == each.right) for each in questions]
        weeks[column] = [each.week for each in questions]
    figures = {column: mean_interval(values[column], weeks[column]) for column in values}
    both = balanced_interval([(values[column], weeks[column]) for column in (GONE, THERE)])
    return Line(name, {**figures, MEAN: both})


def _notes(whole: Sequence[QuizQuestion], rest: Sequence[QuizQuestion]) -> tuple[str, ...]:
    weeks = len({each.week for each in whole})
    return (
        f"{len(whole)} questions of {weeks} weeks, which are the clusters; {len(rest)} of them"
        f' with a choice replaced by "{NONE}".',
        "Ours searches all articles of all weeks; the others were given what a web search found"
        ' for the question. No choice counts as wrong. Always "none" would have a mean of 50.',
    )
