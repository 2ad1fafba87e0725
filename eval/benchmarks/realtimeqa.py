"""RealTimeQA: finding the news article that answers a quiz question.

The weekly quizzes of 2026 (Kasai et al. 2023) with the articles that a web search found for each
question. All articles are one pool, one for each address. An article counts as found when it holds
the right choice as it is written; how often it holds a wrong one shows how much of that is chance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

from eval.benchmarks import dataset_files as reading
from eval.benchmarks.indexing import DatasetText, open_index, text_ids
from eval.benchmarks.metrics import contains_phrase
from eval.benchmarks.rankers import Ranked, Ranker, rank_all, rankers
from eval.benchmarks.result_tables import Anchor, Line, Table, mean_line
from eval.cases import normalise
from rag.assistant import Assistant
from rag.internals import Retriever
from rag.settings import Settings

NAME = "realtimeqa"
WINDOW = ("20260327", "20260515")  # weeks, both among them
NONE = "None of the above"
DEPTHS = (1, 3, 5, 10)
COLUMNS = (*(f"@{k}" for k in DEPTHS), "@5 less wrong")
ANCHORS = (
    Anchor("full year: BM25", {"@1": 0.369, "@3": 0.517, "@5": 0.576, "@10": 0.655}),
    Anchor("full year: BM25 of chunks", {"@5": 0.443}),
    Anchor("full year: web-search list", {"@5": 0.524}),
    Anchor("full year: ceiling", {"@10": 0.857}),
)


def _dashed(value: object) -> object:
    return value.replace("/", "-") if isinstance(value, str) else value


_Date = Annotated[date, Field(strict=False), BeforeValidator(_dashed)]


class _Article(reading.Record):
    url: reading.NonBlank
    title: str
    text: str | None = None
    authors: tuple[str, ...] | None = None
    publish_date: str | None = None


class _Found(reading.Record):
    question_id: reading.NonBlank
    search_time: str
    search_result: tuple[_Article, ...]


class _Asked(reading.Record):
    question_id: reading.NonBlank
    question_date: _Date
    question_source: str
    question_url: str
    question_sentence: reading.NonBlank
    choices: tuple[str, ...] = Field(min_length=2)
    answer: tuple[Annotated[str, StringConstraints(pattern=r"^\d$")], ...] = Field(
        min_length=1, max_length=1
    )
    evidence: str


@dataclass(frozen=True, slots=True)
class QuizQuestion:
    """`found` is the question's own web-search list, best first: titles and texts. `choices` and
    `right`, an index into them from 0, are all that multiple choice needs."""

    id: str
    text: str
    choices: tuple[str, ...]
    right: int
    week: str  # as 20260327
    asked_on: date
    found: tuple[str, ...]

    @property
    def gold(self) -> str:
        return self.choices[self.right]

    @property
    def wrong(self) -> tuple[str, ...]:
        return (*self.choices[: self.right], *self.choices[self.right + 1 :])


@dataclass(frozen=True, slots=True)
class Quiz:
    """`articles` are the pool; `bare` counts search results that came without a text."""

    articles: list[DatasetText]
    questions: list[QuizQuestion]
    bare: int


def read(data: Path) -> Quiz:
    """Every week of the folder. Raises `EvalDataError`."""
    pool: dict[str, DatasetText] = {}
    questions: list[QuizQuestion] = []
    bare = 0
    for file in reading.find_files(data, "*_qa.jsonl"):
        week = file.name.partition("_")[0]
        lists = _lists(data / f"{week}_gcs.jsonl")
        for number, row in reading.read_jsonl(file, _Asked):
            articles = lists.pop(row.question_id, None)
            if articles is None:
                raise reading.line_error(
                    file, number, f"{week}_gcs.jsonl has no such question, or twice"
                )
            bare += _pooled(articles, pool)
            questions.append(_question(file, number, row, week, articles))
        if lists:
            raise reading.line_error(file, 1, f"it lacks {min(lists)}, which {week}_gcs.jsonl has")
    return Quiz(list(pool.values()), questions, bare)


def window(quiz: Quiz) -> list[QuizQuestion]:
    """The questions that are reported; whatever is fitted may use those before them."""
    return [each for each in quiz.questions if WINDOW[0] <= each.week <= WINDOW[1]]


def read_without(data: Path, questions: Sequence[QuizQuestion]) -> list[QuizQuestion]:
    """The same questions as the folder has them with a choice replaced by "None of the above", the
    last one; it is right where the right choice was replaced. Raises `EvalDataError`."""
    known = {each.id: each for each in questions}
    found = []
    for week in sorted({each.week for each in questions}):
        file = data / f"{week}_qa_nota.jsonl"
        for number, row in reading.read_jsonl(file, _Asked):
            whole = known.pop(row.question_id.removesuffix("_nota"), None)
            if whole is None or row.choices[-1] != NONE:
                raise reading.line_error(
                    file, number, f"no question of {week}_qa.jsonl without a choice"
                )
            right = _right(file, number, row)
            found.append(replace(whole, id=row.question_id, choices=row.choices, right=right))
    if known:
        raise reading.line_error(file, number, f"it ends without {min(known)}")
    return found


def _lists(path: Path) -> dict[str, tuple[_Article, ...]]:
    found: dict[str, tuple[_Article, ...]] = {}
    for number, row in reading.read_jsonl(path, _Found):
        if row.question_id in found:
            raise reading.line_error(path, number, "question_id: an earlier line has the same")
        found[row.question_id] = row.search_result
    return found


def _pooled(articles: Sequence[_Article], pool: dict[str, DatasetText]) -> int:
    """Add what has a text and a new address; return how many have no text."""
    bare = 0
    for article in articles:
        text = article.text or ""
        if not text.strip():
            bare += 1
        elif article.url not in pool:
            published = (article.publish_date or "").replace("/", "-") or None
            pool[article.url] = DatasetText(str(len(pool)), article.title, text, published)
    return bare


def _question(
    file: Path, number: int, row: _Asked, week: str, articles: Sequence[_Article]
) -> QuizQuestion:
    found = tuple(f"{article.title}\n{article.text or ''}" for article in articles)
    return QuizQuestion(
        row.question_id,
        row.question_sentence,
        row.choices,
        _right(file, number, row),
        week,
        row.question_date,
        found,
    )


def _right(file: Path, number: int, row: _Asked) -> int:
    right = int(row.answer[0])
    if right >= len(row.choices) or not normalise(row.choices[right]).strip():
        raise reading.line_error(file, number, "answer: there is no such choice, or it is empty")
    return right


# --- without a model --------------------------------------------------------------------------

_Texts = Callable[[int], Sequence[str]]  # from a question's number to texts, normalised, in order


def retrieval(data: Path, settings: Settings, part: slice) -> list[Table]:
    """The right choice among the first articles, for the questions that `part` takes. Raises
    `FootnoteError`."""
    quiz = read(data)
    questions = quiz.questions[part]
    pool = {each.id: normalise(f"{each.title}\n{each.text}") for each in quiz.articles}
    own = cache(lambda number: [normalise(text) for text in questions[number].found])
    texts = [question.text for question in questions]
    with (
        open_index(NAME, quiz.articles, settings) as assistant,
        rankers(assistant, quiz.articles) as ways,
    ):
        ways |= {"ours, asked on its day": _on_its_day(assistant, questions)}
        found = {name: rank_all(ranker, texts) for name, ranker in ways.items()}
    lines = [
        _line(name, questions, _looked_up(rankings, pool), [each.seconds for each in rankings])
        for name, rankings in found.items()
    ]
    lines += [
        _line("its own web-search list", questions, own),
        _ceiling(questions, list(pool.values())),
    ]
    title = "RealTimeQA 2026: the right choice in the first k articles"
    return [Table(title, COLUMNS, tuple(lines), ANCHORS, _notes(quiz, questions))]


def _on_its_day(assistant: Assistant, questions: Sequence[QuizQuestion]) -> Ranker:
    """Ours, where "this week" is the quiz's week: what an answer does that is asked for then."""
    days = {question.text: question.asked_on for question in questions}
    k = assistant.settings.k
    retriever = Retriever(assistant.library, assistant.vectors, assistant.embedder)
    return lambda query: text_ids(retriever.retrieve(query, k, None, days[query]).hits)


def _notes(quiz: Quiz, questions: Sequence[QuizQuestion]) -> tuple[str, ...]:
    weeks = len({each.week for each in questions})
    return (
        f"{len(questions)} questions of {weeks} weeks, which are the clusters;"
        f" {len(quiz.articles):,} articles; {quiz.bare} search results without a text.",
        '"less wrong": less the mean share of the wrong choices that the same articles hold.',
    )


def _looked_up(rankings: Sequence[Ranked], pool: dict[str, str]) -> _Texts:
    return lambda number: [pool[id] for id in rankings[number].ids[: max(DEPTHS)]]


def _line(
    name: str, questions: Sequence[QuizQuestion], texts: _Texts, seconds: Sequence[float] = ()
) -> Line:
    values: dict[str, list[float]] = {column: [] for column in COLUMNS}
    for number, question in enumerate(questions):
        found = texts(number)
        for k in DEPTHS:
            values[f"@{k}"].append(_contains(question.gold, found[:k]))
        values["@5 less wrong"].append(_less_wrong(question, found[:5]))
    return mean_line(name, values, [question.week for question in questions], seconds)


def _ceiling(questions: Sequence[QuizQuestion], pool: Sequence[str]) -> Line:
    """The right choice anywhere in the pool."""
    values = {"@10": [_contains(question.gold, pool) for question in questions]}
    return mean_line("ceiling: in any article", values, [question.week for question in questions])


def _contains(choice: str, texts: Sequence[str]) -> float:
    phrase = normalise(choice)
    return float(any(contains_phrase(text, phrase) for text in texts))


def _less_wrong(question: QuizQuestion, texts: Sequence[str]) -> float:
    wrong = [_contains(choice, texts) for choice in question.wrong]
    return _contains(question.gold, texts) - sum(wrong) / len(wrong)
