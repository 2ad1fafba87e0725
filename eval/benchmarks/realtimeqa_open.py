"""RealTimeQA: open answers, whole and shortened to the few words of a quiz.

Open answers of a language model over all articles to the questions of the window. What counts is
the whole answer, and its short form: the few words that a quiz would print.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from eval.benchmarks import realtimeqa, realtimeqa_baselines
from eval.benchmarks.answer_matching import states_choice
from eval.benchmarks.answers import (
    SHARE,
    AnsweredQuestion,
    Question,
    ask_questions,
    count_errors,
    seconds_note,
    share_line,
)
from eval.benchmarks.indexing import open_index
from eval.benchmarks.metrics import contains_phrase, exact_match, token_f1
from eval.benchmarks.realtimeqa import NAME, WINDOW, QuizQuestion
from eval.benchmarks.realtimeqa_baselines import Baseline
from eval.benchmarks.result_tables import Line, Table, mean_line
from eval.benchmarks.short_answers import Similarity, extract_short_answer
from eval.cases import normalise
from rag.settings import Settings
from rag.types import Embedder

SHORT = "token F1, short answer, all questions"
WRONG = "wrong, answered"


def answers(data: Path, settings: Settings, part: slice) -> list[Table]:
    """Open answers to the questions of the window that `part` takes. Raises `FootnoteError`."""
    quiz = realtimeqa.read(data)
    window = realtimeqa.window(quiz)
    chosen = window[part]
    questions = [
        Question(each.id, each.text, (each.gold,), each.week, asked_on=each.asked_on)
        for each in window
    ]
    with open_index(NAME, quiz.articles, settings) as assistant:
        answered = ask_questions(f"{NAME}-open", questions, part, assistant, settings)
        shortened = _shortened(answered, liken(assistant.embedder))
    baselines = realtimeqa_baselines.read(data, {each.week for each in chosen})
    return [_ours(chosen, answered, shortened), _theirs(chosen, baselines)]


def liken(embedder: Embedder) -> Similarity:
    """Cosine similarities of texts."""

    def likenesses(text: str, others: Sequence[str]) -> list[float]:
        own, *vectors = embedder.embed([text, *others])
        return [sum(a * b for a, b in zip(own, each, strict=True)) for each in vectors]

    return likenesses


def _shortened(answered: Sequence[AnsweredQuestion], likenesses: Similarity) -> list[str]:
    """The short form of each answer: the model's own, or else by rules; "" where there is none."""
    return [
        each.row.short or extract_short_answer(each.question.text, each.row.text, likenesses)
        if each.has_outcome("answered")
        else ""
        for each in answered
    ]


def _ours(
    window: Sequence[QuizQuestion], answered: Sequence[AnsweredQuestion], shortened: list[str]
) -> Table:
    """A question that is not answered scores 0 among all questions."""
    places = [n for n, each in enumerate(answered) if each.has_outcome("answered")]
    some = [answered[n] for n in places]
    texts = [each.row.text if each.has_outcome("answered") else "" for each in answered]

    def of(texts: Sequence[str], measure: Callable[[str, QuizQuestion], float]) -> list[float]:
        return [measure(text, each) for text, each in zip(texts, window, strict=False)]

    def among_answered(values: Sequence[float]) -> list[float]:
        return [values[n] for n in places]

    usual, written = of(texts, _usual), of(texts, _written)
    lines = (
        share_line(SHORT, of(shortened, _f1), answered),
        share_line("exact match, short answer, all questions", of(shortened, _exact), answered),
        share_line("token F1, whole answer, all questions", of(texts, _f1), answered),
        share_line("token F1, short answer, answered", among_answered(of(shortened, _f1)), some),
        share_line("answered", [each.has_outcome("answered") for each in answered], answered),
        share_line("holds the right choice, answered", among_answered(usual), some),
        share_line("the same, as it is written", among_answered(written), some),
        share_line("short answer holds it, answered", among_answered(of(shortened, _usual)), some),
        share_line(WRONG, [1 - each for each in among_answered(usual)], some),
        share_line(
            "wrong, all questions",
            [a.has_outcome("answered") - right for a, right in zip(answered, usual, strict=True)],
            answered,
        ),
        share_line("errors", [each.has_outcome("error") for each in answered], answered),
    )
    title = f"RealTimeQA 2026, weeks {WINDOW[0]} to {WINDOW[1]}: open answers"
    notes = (f"{seconds_note(answered)} Clusters: the week.", _READING)
    return Table(title, (SHARE,), lines, (), notes, count_errors(answered))


_READING = (
    'Held, and so not wrong: in any usual form ("four" for "4", see eval/benchmarks/forms.py);'
    " as it is written is the stricter reading."
)
COLUMNS = ("token F1", "exact match", "holds it", "holds it as written")


def _theirs(window: Sequence[QuizQuestion], baselines: dict[str, Baseline]) -> Table:
    """The open answers of other models by the same measures, of all questions."""
    lines = tuple(_line(name, each, window) for name, each in baselines.items())
    title = "The same questions, answered by others with a web search for each: all questions"
    return Table(title, COLUMNS, lines, (), ("Their answers are short ones.",))


def _line(name: str, baseline: Baseline, window: Sequence[QuizQuestion]) -> Line:
    texts = [(baseline.answers.get(each.id, ""), each) for each in window]
    measures = zip(COLUMNS, (_f1, _exact, _usual, _written), strict=True)
    values = {column: [measure(*pair) for pair in texts] for column, measure in measures}
    return mean_line(name, values, [each.week for each in window])


def _f1(text: str, question: QuizQuestion) -> float:
    return token_f1(text, question.gold)


def _exact(text: str, question: QuizQuestion) -> float:
    return exact_match(text, question.gold)


def _usual(text: str, question: QuizQuestion) -> float:
    return float(states_choice(text, question.gold, question.choices, question.text))


def _written(text: str, question: QuizQuestion) -> float:
    return float(contains_phrase(normalise(text), normalise(question.gold)))
