"""The facts an answer must contain to be right, from one that a person liked or corrected.

Pure. Facts come as groups: one alternative of each group must stand in the answer, as
`eval.cases.is_right` reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from eval.cases import Case, Tag, is_right, normalise
from rag.internals import (
    DATE_WORDS,
    AnswerType,
    Name,
    content_stems,
    expected_answer_type,
    find_names,
    find_quantities,
    has_negation,
)
from rag.types import Answer, Claim

Groups = tuple[tuple[str, ...], ...]
Sort = Literal["number", "date", "name"]

_WANTED: dict[AnswerType, tuple[Sort, ...]] = {
    "number": ("number",),
    "time": ("date", "number"),
    "year": ("number",),
    "person": ("name",),
}
_TAGS: dict[AnswerType, Tag] = {
    "number": "number",
    "time": "date",
    "year": "date",
    "person": "name",
    "yes-no": "yes-no",
}
_PLACE = re.compile(r"(?:and |but |so )?(?:where|which|in which)\b", re.IGNORECASE)
_JOINT = re.compile(r"[,;:—–]\s+|[—–]|\s(?:and|but|while|whereas|although|though|as)\s")
_COMPLAINTS = frozenset(
    "bad false incorrect irrelevant nonsense useless wrong incomplete misleading".split()
)


@dataclass(frozen=True, slots=True)
class _Fact:
    """A number, date or name that stands in a text at ``[start, end)``."""

    text: str
    sort: Sort
    start: int
    end: int


def from_answer(question: str, answer: Answer) -> tuple[Groups, Claim] | None:
    """The facts in an answer that is right, else its wording, and the claim that they are from.

    None where nothing in it can be looked for.
    """
    for groups, claim in _readings(question, answer):
        if groups and groups[0] and is_right(_case(groups), answer.text):
            return groups, claim
    return None


def _readings(question: str, answer: Answer) -> Iterable[tuple[Groups, Claim]]:
    """What could be looked for, the most specific first, and the claim that it is from."""
    cited = sorted(
        (claim for claim in answer.claims if claim.citations),
        key=lambda claim: claim.support != "supported",
    )
    if expected_answer_type(question) == "yes-no":
        yield from ((_verdict(answer.text), claim) for claim in cited[:1])
    yield from ((_requested_facts(question, claim), claim) for claim in cited)
    yield from ((_wording(claim), claim) for claim in cited)


def _case(groups: Groups) -> Case:
    return Case("any", "any", answerable=True, all=groups)


def tags(question: str) -> list[Tag]:
    """The tag of a case for the kind of answer that `question` asks for; none for an open one."""
    kind = expected_answer_type(question)
    return [_TAGS[kind]] if kind in _TAGS else []


def _requested_facts(question: str, claim: Claim) -> Groups:
    """The facts of `claim` that answer `question`: of the kind that it asks for, in the cited
    text too, and not in the question itself. All of them are wanted that stand in the clause
    closest to the question's words, none of another clause: in "125% for duties and 20% for
    fentanyl" one of the two numbers is wrong.

    Empty where the question is open ("why", "what did he say") or the claim has no such fact.
    """
    kind = expected_answer_type(question)
    wanted = _WANTED.get(kind, ("name",) if _PLACE.match(question.strip()) else ())
    quotes = [citation.quote for citation in claim.citations]
    fitting = [
        fact
        for fact in _facts(claim.text)
        if fact.sort in wanted
        and any(_contains(quote, fact.text) for quote in quotes)
        and not _is_in_question(fact, question)
    ]
    return tuple(_alternatives(fact) for fact in _closest(question, claim.text, fitting))


def _is_in_question(fact: _Fact, question: str) -> bool:
    """True when the question names it; of a name one word is enough."""
    parts = fact.text.split() if fact.sort == "name" else [fact.text]
    return any(_contains(question, part) for part in parts)


def _alternatives(fact: _Fact) -> tuple[str, ...]:
    """A long name is right without its title, too: "Treasury Secretary Scott Bessent"."""
    words = fact.text.split()
    if fact.sort == "name" and len(words) > 2:
        return fact.text, " ".join(words[-2:])
    return (fact.text,)


def _verdict(answer: str) -> Groups:
    """The "yes" or "no" that an answer opens with; empty where it opens with neither."""
    first = normalise(answer).split()[:1]
    return ((first[0],),) if first in (["yes"], ["no"]) else ()


def _wording(claim: Claim) -> Groups:
    """The sentence itself, or the cited one: what is left where nothing shorter would do."""
    words = [claim.text, *(citation.quote for citation in claim.citations[:1])]
    return (tuple(dict.fromkeys(text for text in words if _says_something(text))),)


def from_note(note: str, sentence: str) -> Groups:
    """What a person noted as the right answer, where `sentence` states it: the note as it is, or
    else the numbers, dates and names in it. Empty where the sentence does not state it.

    A note that denies something ("not 125%") is only taken as it is.
    """
    if is_complaint(note):
        return ()
    if _contains(sentence, note):
        return ((note,),)
    found = _facts(note, starts=frozenset())
    if has_negation(note) or not all(_contains(sentence, fact.text) for fact in found):
        return ()
    return tuple(_alternatives(fact) for fact in found)


def is_complaint(note: str) -> bool:
    """True for "wrong", "no!" and the like: it says that an answer is bad, not which is right."""
    if find_quantities(note):
        return False
    named = {name.text.lower() for name in find_names(note, starts=frozenset())}
    meant = {word for word in re.findall(r"[^\W\d_]+", note.lower()) if content_stems(word)}
    return named | meant <= _COMPLAINTS


def _contains(text: str, phrase: str) -> bool:
    """True when the words and numbers of `phrase` stand in `text`, whole and in that order."""
    return _says_something(phrase) and normalise(phrase) in normalise(text)


def _says_something(text: str) -> bool:
    return bool(normalise(text).strip())


def _facts(text: str, *, starts: frozenset[int] = frozenset({0})) -> list[_Fact]:
    """The numbers, dates and names of `text` in order; see `rag.text.names.find_names` for
    `starts`."""
    numbers = [_Fact(q.text, "number", q.start, q.end) for q in find_quantities(text)]
    return sorted([*numbers, *_names(text, starts)], key=lambda fact: fact.start)


def _names(text: str, starts: frozenset[int]) -> Iterator[_Fact]:
    """Dates, and runs of names that stand next to each other: "Scott Bessent" is one."""
    run: list[Name] = []
    for name in find_names(text, starts=starts):
        if run and (name.start - run[-1].end > 1 or _is_date(name) or _is_date(run[-1])):
            yield _named(text, run)
            run = []
        run.append(name)
    if run:
        yield _named(text, run)


def _named(text: str, run: Sequence[Name]) -> _Fact:
    start, end = run[0].start, run[-1].end
    words = re.sub(r"['’]s$", "", text[start:end])
    return _Fact(words, "date" if _is_date(run[0]) else "name", start, end)


def _is_date(name: Name) -> bool:
    return name.text.lower() in DATE_WORDS


def _closest(question: str, text: str, found: Sequence[_Fact]) -> list[_Fact]:
    """Those of `found` that stand in one clause: the one that shares most with the question, and
    of equals the first."""
    wanted = set(content_stems(question))
    ends = [joint.start() for joint in _JOINT.finditer(text)]
    clauses: dict[int, list[_Fact]] = {}
    for fact in found:
        clauses.setdefault(sum(end <= fact.start for end in ends), []).append(fact)
    cuts = [0, *ends, len(text)]

    def shared(clause: int) -> int:
        return len(wanted & set(content_stems(text[cuts[clause] : cuts[clause + 1]])))

    return clauses[max(clauses, key=shared)] if clauses else []
