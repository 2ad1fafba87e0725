"""What one answer to a question of the broad set scores.

Pure. A score that does not apply to a question or an answer is None, "not scored", never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from eval.broad.key_points import (
    Sentences,
    point_precision,
    point_recall,
    stated_recall,
)
from eval.broad.questions import BroadQuestion
from eval.key_points import content_of, is_made
from rag.types import Answer

Scores = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class BroadResult:
    """One question and what came of it: an answer, or the `error` that it ended in.

    `seconds` is the whole time, `first_seconds` that to the first cited sentence, if there is one.
    """

    question: BroadQuestion
    answer: Answer | None
    error: str = ""
    seconds: float = 0.0
    first_seconds: float | None = None


def score_result(result: BroadResult, sentences: Sentences) -> dict[str, float | None]:
    """Shares 0..1, counts and seconds, by name; without an answer `errors` alone is scored."""
    question, answer = result.question, result.answer
    if answer is None:
        return {"errors": 1.0}
    content = content_of(answer)
    recall = point_recall(question, content)
    answered = answer.status == "answered"
    return {
        "errors": 0.0,
        "recall": recall,
        "stated_recall": stated_recall(question, content),
        "every_point": None if recall is None else float(recall == 1),
        "precision": None if recall is None else point_precision(question, content, sentences),
        "verdict_right": _verdict_right(question, answer),
        "misses_but_says_yes": _misses_but_says_yes(question, answer),
        "makes_point": _makes_any_point(question, answer),
        "words": float(len(" ".join(content.sentences).split())) if answered else None,
        "tokens_read": float(answer.usage.prompt_tokens),
        "tokens_written": float(answer.usage.completion_tokens),
        "seconds": result.seconds,
        "first_seconds": result.first_seconds,
        **_outcome(question, answer),
    }


def _outcome(question: BroadQuestion, answer: Answer) -> dict[str, float | None]:
    declined = answer.status == "declined"
    if question.kind == "conversation":
        cited = any(claim.citations for claim in answer.claims)
        return {"replied": float(not declined and not cited)}
    if question.required:
        return {"declined_wrongly": float(declined)}
    if question.kind == "unanswerable":
        return {"declined_rightly": float(declined)}
    return {
        "premise_declined": float(declined),
        "premise_declined_or_corrected": float(declined or _makes_a_point(question, answer)),
    }


def _makes_a_point(question: BroadQuestion, answer: Answer) -> bool:
    content = content_of(answer)
    return any(is_made(point, content) for point in question.points)


def _makes_any_point(question: BroadQuestion, answer: Answer) -> float | None:
    """Of answers to questions: 1 where a point is made. None is where there is no answer."""
    if question.kind == "conversation" or answer.status == "declined":
        return None
    return float(_makes_a_point(question, answer))


def _verdict_right(question: BroadQuestion, answer: Answer) -> float | None:
    """Whether an answer that begins with yes or no begins with the right one."""
    first = answer.text.lstrip("*_ ").partition(" ")[0].strip(",.:;*_").lower()
    if question.verdict is None or answer.status == "declined" or first not in ("yes", "no"):
        return None
    return float(first == question.verdict)


def _misses_but_says_yes(question: BroadQuestion, answer: Answer) -> float | None:
    """Of answers that say of themselves that they answer: 1 where no point is made."""
    if answer.answers != "yes" or question.kind == "conversation":
        return None
    return float(not _makes_a_point(question, answer))
