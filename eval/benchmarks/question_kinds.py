"""Labelled questions: the kind of answer that each wants, and how well kinds are recognised.

The classifier of `rag.query.question_kind` is fitted on `QUESTIONS`. `TEST` has other subjects; it
was written later, and nothing was chosen on it. Both were written for this purpose, as people type:
with and without capitals and punctuation, as orders, in fragments, with slips, as follow-ups, in
English, German, Spanish and French. A line:

    {"question": "When did it open and why?", "kind": "fact", "language": "en", "subject": "dams"}

The words decide, not what an answer might hold. Politeness, greetings before a question and frames
("could you tell me", "do you know", "I wonder") count for nothing; of several questions the first
decides.

- *fact*: one name, number, date, place or thing. Who, when, where, how much, how many, how long
  (old, far, often …), which or what with a singular ("which engine", "what colour"), "what is X",
  "what does X mean", "what does X do", definitions, "who is X", "name the capital", "who said
  that?", the best or the largest of all, two values of one attribute ("steel or brass?"), and "what
  did X discover" of a person.
- *yes_no*: yes or no settles it, also for comparisons ("is X bigger than Y?"), "true or false",
  "check whether …", "…, right?", "still alive?".
- *explanation*: why, how (manner, method, instructions), how come, explain, describe a process,
  cause, reason, purpose, role, effect, consequence, importance, "what makes / led to / is behind",
  "what happens if", "what should I do". Reasons, causes, effects and consequences in the plural
  too ("what are the reasons for …"), unless "list" or "name" stands before them.
- *list*: list, name (several), which or what with a plural ("which lines", "what steps") or a
  collection ("what equipment"), "what are the" with a plural, "who are the members", examples,
  kinds, pros and cons of one thing, "what else". A plural noun wins over a speaker ("what
  objections did they raise"). "What are tardigrades?" is a definition: fact.
- *statement*: what a person, group, report, law or manual says, writes, thinks, wants, promises,
  finds, recommends; an opinion, position, reaction, comment ("how did X react / respond /
  justify"); "did X say anything about …". "According to X, …" changes nothing: the rest decides.
- *comparison*: compare, differ, difference, versus, in common, A or B (which of two), "more … than"
  unless yes or no settles it, before and after, then and now, "how has X changed", "what changed".
- *summary*: summarize, overview, gist, key or main points, in short, tl;dr, what a text is about or
  says on the whole, "tell me about X", "describe" a thing, what happened, what is going on, the
  latest, the background, the story, "tell me more", "go on".
- *keyword*: words to look for, without a verb or question word: "solvik bridge toll", "and in
  May?". A phrase that names the form of the answer has that kind: "definition of", "list of",
  "types of", "reasons for", "how to", "overview of", "X versus Y".
- *conversation*: to the assistant itself: greetings, thanks, goodbye, praise, complaint, what it is
  and can do, how to use it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from eval.benchmarks.dataset_files import NonBlank, Record, read_jsonl
from eval.statistics.bootstrap import Interval, mean_interval
from rag.internals import ANSWER_KINDS, AnswerKind

QUESTIONS = Path(__file__).parents[1] / "cases" / "question_kinds.jsonl"
TEST = QUESTIONS.with_stem("question_kinds_test")


class LabelledQuestion(Record):
    """A question and the kind of answer that it wants."""

    question: NonBlank
    kind: AnswerKind
    language: Literal["en", "de", "es", "fr"]
    subject: NonBlank


def read_questions(file: Path = QUESTIONS) -> list[LabelledQuestion]:
    """The questions of a file, in its order. Raises `EvalDataError`."""
    return [question for _, question in read_jsonl(file, LabelledQuestion)]


@dataclass(frozen=True, slots=True)
class Recognition:
    """How often questions were given the kind that they are labelled with."""

    accuracy: Interval
    macro_f1: float
    """The mean of F1, 0..1, over the kinds that occur."""
    confusion: dict[AnswerKind, dict[AnswerKind, int]]
    """How many questions labelled with a kind (first key) were given a kind (second key)."""


def measure_recognition(
    questions: Sequence[LabelledQuestion], given: Sequence[AnswerKind]
) -> Recognition:
    """Compares the labels with the kinds that were `given`; the interval is drawn by subject.
    Raises `ValueError` for lists of different lengths and for no question."""
    confusion = {kind: dict.fromkeys(ANSWER_KINDS, 0) for kind in ANSWER_KINDS}
    for question, kind in zip(questions, given, strict=True):
        confusion[question.kind][kind] += 1
    right = [float(q.kind == kind) for q, kind in zip(questions, given, strict=True)]
    accuracy = mean_interval(right, [question.subject for question in questions])
    if accuracy is None:
        raise ValueError("no question to compare")
    occurring = {question.kind for question in questions}
    macro_f1 = sum(_f1(confusion, kind) for kind in occurring) / len(occurring)
    return Recognition(accuracy, macro_f1, confusion)


def _f1(confusion: dict[AnswerKind, dict[AnswerKind, int]], kind: AnswerKind) -> float:
    labelled = sum(confusion[kind].values())
    given = sum(row[kind] for row in confusion.values())
    return 2 * confusion[kind][kind] / (labelled + given)


def confusion_table(found: Recognition) -> str:
    """The confusion in Markdown: a row for each labelled kind, a column for each given one."""
    rows = [["labelled, given:", *ANSWER_KINDS], ["---"] * (1 + len(ANSWER_KINDS))]
    rows += [[kind, *map(str, given.values())] for kind, given in found.confusion.items()]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
