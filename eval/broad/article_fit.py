"""Fits the weights with which `rag.answering.article_chance` trusts what is said of an article.

``python -m eval.broad.article_fit`` fits ``rag/answering/article_chance.json`` on
``article_replies.jsonl``: questions whose article the embedded model was asked about as a whole,
and whether what was cited for its reply answers. They are those of the golden set, every second one
of the broad and the fresh set, and 90 that two people who knew nothing of the program asked in
other words than pages of their own; what answers these was judged by a reader, and their pages are
not kept. With ``--ask`` the model is asked the others anew first, half an hour on two cores. Every
set counts the same. Logistic regression with an L2 penalty.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from eval.broad.questions import SETS, SetName, load_questions
from eval.broad.run import open_broad_index
from eval.cases import Case, is_right, load_cases
from eval.fitting import FREE, fit_logistic
from eval.key_points import AnswerContent, KeyPoint, is_made
from eval.run import GOLDEN
from eval.statistics.agreement import auroc
from rag.assistant import Assistant
from rag.internals import (
    ARTICLE_CHANCE_FILE,
    ArticleReader,
    ArticleReading,
    ArticleWeights,
    Checker,
    QueryPlan,
    load_article_weights,
    log_odds,
    select_evidence,
)
from rag.settings import Settings
from rag.types import Claim

REPLIES = Path(__file__).with_name("article_replies.jsonl")
PENALTY = 1.0  # beside a set's weight of 100
SET_WEIGHT = 100.0
UNASKED = ("summary", "conversation", "two_part", "follow_up")  # kinds


@dataclass(frozen=True, slots=True)
class ArticleReply:
    """What was said of an article. `right` where what is cited for it answers the question."""

    set: str
    id: str
    answerable: bool
    right: bool
    p_stated: float
    p_confirmed: float
    p_answered: float


def ask() -> Iterator[ArticleReply]:
    """The replies to the questions of each set that something is cited for. Raises what asking
    does."""
    with open_broad_index(Settings(), ()) as assistant:
        cases = load_cases(GOLDEN, lambda id: assistant.library.document(id).text)
        for case in cases:
            if not case.history:
                yield from _asked("golden", case, assistant)
    names: tuple[SetName, ...] = ("broad", "fresh")
    for name in names:
        file, articles = SETS[name]
        with open_broad_index(Settings(), articles) as assistant:
            questions = load_questions(file, lambda id: assistant.library.document(id).text)
            for each in [each for each in questions if each.kind not in UNASKED][::2]:
                case = Case(each.id, each.text, bool(each.required), points=each.required)
                yield from _asked("broad", case, assistant)


def _asked(name: str, case: Case, assistant: Assistant) -> Iterator[ArticleReply]:
    reading = _read(case.question, assistant)
    if reading.claims:
        right = _answers(case, reading.claims)
        found = (reading.p_stated, reading.p_confirmed, reading.p_answered)
        yield ArticleReply(
            name, case.id, case.answerable, right, *(round(each, 4) for each in found)
        )


def _read(question: str, assistant: Assistant) -> ArticleReading:
    """What the model says of the article of the best passages, however unlikely."""
    passages = select_evidence(
        question,
        assistant.search(question).hits,
        library=assistant.library,
        encoder=assistant.scorer.encoder,
        budget_tokens=assistant.model.budget_tokens,
        join=False,
    ).passages
    checker = Checker(assistant.library, assistant.scorer)
    reader = ArticleReader(assistant.library, checker, load_article_weights())
    plan = QueryPlan(question, question, (question,))
    steps = reader.read(plan, passages, None, assistant.model.get(), 0.0)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            reading: ArticleReading = end.value
            return reading


def _answers(case: Case, claims: Sequence[Claim]) -> bool:
    """True where the claims have the gold answer, or make a key point where there is none."""
    sentences = tuple(claim.text for claim in claims)
    if case.groups:
        return is_right(case, " ".join(sentences))
    cited = tuple(citation.span for claim in claims for citation in claim.citations)
    content = AnswerContent(cited, sentences)
    points: tuple[KeyPoint, ...] = case.required
    return any(is_made(point, content) for point in points)


def fit(replies: Sequence[ArticleReply]) -> ArticleWeights:
    """The weights for these replies."""
    import numpy as np

    values = np.array([[1.0, *_features(each)] for each in replies])
    truth = np.array([float(each.right) for each in replies])
    counts = {each.set: sum(other.set == each.set for other in replies) for each in replies}
    weights = np.array([SET_WEIGHT / counts[each.set] for each in replies])
    penalty = np.array([FREE, PENALTY, PENALTY, PENALTY]) * values.var(axis=0).clip(FREE)
    found = [round(float(each), 4) for each in fit_logistic(values, truth, weights, penalty)]
    intercept, p_stated, p_confirmed, p_answered = found
    about = f"Fitted on {len(replies)} replies by python -m eval.broad.article_fit."
    return ArticleWeights(
        about=about,
        intercept=intercept,
        p_stated=p_stated,
        p_confirmed=p_confirmed,
        p_answered=p_answered,
    )


def _features(reply: ArticleReply) -> list[float]:
    return [log_odds(each) for each in (reply.p_stated, reply.p_confirmed, reply.p_answered)]


def chances_left_out(replies: Sequence[ArticleReply]) -> list[float]:
    """The chance of each reply by weights that were fitted without its set."""
    names = {each.set for each in replies}
    weights = {name: fit([each for each in replies if each.set != name]) for name in names}
    return [
        weights[each.set].chance(each.p_stated, each.p_confirmed, each.p_answered)
        for each in replies
    ]


def read_replies(file: Path = REPLIES) -> list[ArticleReply]:
    """The replies that were kept."""
    return [ArticleReply(**json.loads(line)) for line in file.read_text("utf-8").splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ask", action="store_true", help="ask the model anew first")
    replies = read_replies()
    if parser.parse_args().ask:
        asked: list[ArticleReply] = []
        for reply in ask():
            asked.append(reply)
            print(reply, flush=True)
        sets = {each.set for each in asked}
        replies = asked + [each for each in replies if each.set not in sets]
        lines = (json.dumps(asdict(each)) + "\n" for each in replies)
        REPLIES.write_text("".join(lines), "utf-8")
    chances = chances_left_out(replies)
    for name in dict.fromkeys(each.set for each in replies):
        own = [
            (c, each.right) for c, each in zip(chances, replies, strict=True) if each.set == name
        ]
        found = auroc([c for c, _ in own], [right for _, right in own]) or 0.0
        right = sum(right for _, right in own)
        print(f"{name}: {right} right, {len(own) - right} not; AUROC, left out: {found:.3f}")
    ARTICLE_CHANCE_FILE.write_text(fit(replies).model_dump_json(indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
