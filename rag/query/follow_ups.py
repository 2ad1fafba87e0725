"""Makes a follow-up understandable without the conversation, by words of the last turns.

A question leans on the conversation where it is a fragment ("and why?", "in 2019?"), where a
pronoun stands for something that it does not name, or where it has hardly a word of its own ("Do
ministers agree?"). What it leans on is put in its place where there is but one candidate, and
otherwise added in brackets: "What does it cost? (When does the pool open?)".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.query.answer_type import expected_answer_type
from rag.text.language import STOP_WORDS
from rag.text.names import COMMON_NAME_WORDS, find_capitalised, find_names
from rag.text.sentences import split_sentences
from rag.text.tokens import content_keys
from rag.thresholds import QUERY
from rag.types import Turn

QUESTION_WORDS = "what|who|whom|whose|which|where|when|why|how"
AUXILIARIES = (
    "is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|shall|may|might|must"
)
_PREPOSITIONS = (
    "about|after|against|at|before|below|between|by|during|for|from|in|of|on|since|to|under|until"
    "|with|without"
)
_PERSONS = "he|him|his|she|her|hers"
_THINGS = "it|its|they|them|their|theirs|one|ones|there|both|others"
_DEMONSTRATIVES = "this|that|these|those"

_CONNECTIVE = re.compile(r"^(?:(?:and|but|so|or|also|then|ok(?:ay)?|well)\b[,:]?\s+)+", re.I)
_WHAT_ABOUT = re.compile(r"^(?:what|how) about\s+", re.I)
_ASKS = re.compile(rf"^(?:{QUESTION_WORDS}|{AUXILIARIES})\b", re.I)
_PREPOSITIONAL = re.compile(
    rf"^(?P<preposition>{_PREPOSITIONS})\s+(?!(?:{QUESTION_WORDS})\b)", re.I
)
_PRONOUN = re.compile(rf"\b(?:{_PERSONS}|{_THINGS}|{_DEMONSTRATIVES})\b", re.I)
_PERSON = re.compile(rf"\b(?:{_PERSONS})\b", re.I)
_SINGULAR = re.compile(r"\b(?:he|him|his|she|her|it|its)\b", re.I)
_POINTS_BACK = re.compile(  # at what was answered: "who said that?", "is that much?"
    rf"\b(?:{_DEMONSTRATIVES})\b(?=\W*$|\s+(?:{AUXILIARIES}|{_PREPOSITIONS})\b)"
    rf"|^(?:(?:{QUESTION_WORDS})\s+)?(?:{AUXILIARIES})\s+(?:{_DEMONSTRATIVES})\b",
    re.I,
)
_ADVERBIAL = re.compile(rf"^(?:why|when|where|how)\s+(?=(?:{AUXILIARIES})\b)", re.I)
_AFTER_PREPOSITION = re.compile(rf"\b(?:{_PREPOSITIONS})\s+(?:the\s+|an?\s+)?$", re.I)
_ASKS_FOR_NOUN = re.compile(rf"^(?:what|which)\s+(?!(?:{AUXILIARIES})\b)", re.I)
_NUMBERED = re.compile(r"(?:\s\d+)?")
_YEAR = re.compile(r"\b[12]\d{3}\b")


@dataclass(frozen=True, slots=True)
class Resolved:
    """A question made to stand alone."""

    standalone: str
    needs_model: bool = False
    """True where a pronoun may stand for one of several persons: a model may do better."""


@dataclass(frozen=True, slots=True)
class _Name:
    text: str
    start: int


def resolve(question: str, history: Sequence[Turn]) -> Resolved:
    """`question` as it can be understood without `history`, the turns before it, oldest first;
    unchanged where it stands alone. No model is asked."""
    recent = history[-QUERY.max_past_turns :]
    if not recent or not leans_on_conversation(question):
        return Resolved(question)
    before, answer = resolve(recent[-1].question, recent[:-1]).standalone, recent[-1].answer
    asked = _CONNECTIVE.sub("", question.strip())
    phrase = _WHAT_ABOUT.sub("", asked)
    if _is_phrase(question, asked, phrase):
        return Resolved(_with_phrase(before, phrase))
    if (
        has_open_pronoun(asked)
        and content_keys(asked)
        and content_keys(asked) <= content_keys(before)
    ):
        return Resolved(_ask(before))  # "which rate is it?" after "what rate applies to tea?"
    if _POINTS_BACK.search(asked):
        return Resolved(_with_context(asked, f"{_ask(before)} {_first_sentence(answer)}"))
    if _PRONOUN.search(asked):
        return _with_antecedent(asked, before, answer)
    if not content_keys(asked) and _ADVERBIAL.match(before) and len(asked.split()) == 1:
        return Resolved(_ADVERBIAL.sub(f"{_bare(asked)} ", before))
    return Resolved(_with_context(asked, _ask(before)))


def leans_on_conversation(question: str) -> bool:
    """True where a question, asked in a conversation, cannot be understood alone."""
    asked = _CONNECTIVE.sub("", question.strip())
    if _is_phrase(question, asked, _WHAT_ABOUT.sub("", asked)):
        return True
    if has_open_pronoun(asked):
        return True
    return not find_names(asked) and len(content_keys(asked)) < QUERY.min_words_without_pronoun


def has_open_pronoun(question: str) -> bool:
    """True where a pronoun stands for something that the question does not name before it, and the
    question has too few other words to find its articles."""
    if len(content_keys(question)) >= QUERY.min_words_of_own:
        return False
    named = [name.start for name in find_names(question)]
    return any(not named or each.start() < min(named) for each in _PRONOUN.finditer(question))


def _is_phrase(question: str, asked: str, phrase: str) -> bool:
    """True for "and tools?", "what about tools?", "in March?": they ask the last question again."""
    continues = asked != question.strip() or phrase != asked
    starts = bool(_PREPOSITIONAL.match(phrase)) and len(phrase.split()) <= QUERY.max_phrase_words
    return not _ASKS.match(phrase) and bool(content_keys(phrase)) and (continues or starts)


def _with_phrase(before: str, phrase: str) -> str:
    """The last question asked of something else."""
    ours, theirs = _names(phrase), _names(before)
    if len(ours) == 1 and (parallel := _parallel(ours[0], theirs)):
        return _ask(before[: parallel.start] + ours[0].text + before[_end(parallel) :])
    year = _YEAR.search(phrase)
    if year and len(_YEAR.findall(before)) == 1:
        return _ask(_YEAR.sub(year[0], before))
    if found := _PREPOSITIONAL.match(phrase):
        last = re.compile(rf"\b{found['preposition']}(?:\s+[\w'’-]+){{1,3}}\W*$", re.I)
        return _ask(f"{last.sub('', _bare(before)).rstrip()} {_bare(phrase)}")
    return _with_context(f"What about {_bare(phrase)}?", _ask(before))


def _parallel(name: _Name, candidates: Sequence[_Name]) -> _Name | None:
    """The candidate that shares a word with `name`, or the only one there is."""
    words = set(name.text.split())
    alike = [each for each in candidates if words & set(each.text.split())] or candidates
    return alike[0] if len(alike) == 1 else None


def _with_antecedent(asked: str, before: str, answer: str) -> Resolved:
    """The question with what its pronoun stands for."""
    person = bool(_PERSON.search(asked))
    texts = [before, _first_sentence(answer)]
    if person and expected_answer_type(before) == "person":
        texts.reverse()
    for text in texts if person else texts[:1]:
        found = _persons(text) if person else _things(text)
        if len(found) == 1 and len(_SINGULAR.findall(asked)) == 1:
            return Resolved(_put(found[0], asked))
        if found:
            break
    context = _ask(before)
    if not _names(before):
        named = ", ".join(dict.fromkeys(name.text for name in _names(_first_sentence(answer))))
        context = f"{context} {named}".strip()
    return Resolved(_with_context(asked, context), needs_model=person and len(found) > 1)


def _put(antecedent: str, asked: str) -> str:
    """ "What does its seal cost?" as "What does the pump's seal cost?"."""
    found = _SINGULAR.search(asked)
    assert found is not None
    follows = re.match(r"\s+\w", asked[found.end() :])
    owns = found[0].lower() in ("his", "its") or (found[0].lower() == "her" and follows)
    return asked[: found.start()] + antecedent + ("'s" if owns else "") + asked[found.end() :]


def _names(text: str) -> list[_Name]:
    """Names of one or several words, with the number after it: "Model 40"."""
    starts = frozenset(start for start, _ in split_sentences(text))
    sure = find_names(text, starts=starts)
    before_name = {name.start - 1 for name in sure}
    runs: list[_Name] = []
    for name in find_capitalised(text):
        if name not in sure and name.end not in before_name:
            continue  # a capital for its place
        number = _NUMBERED.match(text, name.end)
        end = number.end() if number else name.end
        if runs and name.start - _end(runs[-1]) <= 1:
            runs[-1] = _Name(text[runs[-1].start : end], runs[-1].start)
        else:
            runs.append(_Name(text[name.start : end], name.start))
    return runs


def _end(name: _Name) -> int:
    return name.start + len(name.text)


def _persons(text: str) -> list[str]:
    """Names of two words or more that have no article and no word such as "lake"."""
    return list(
        dict.fromkeys(
            name.text
            for name in _names(text)
            if re.fullmatch(r"\D+ \D+", name.text)
            and not re.search(r"\b(?:the|of) $", text[: name.start], re.I)
            and not COMMON_NAME_WORDS & set(name.text.lower().split())
        )
    )


def _things(text: str) -> list[str]:
    """What "it" may stand for in a question: its names and what has an article. A phrase of which
    the end is not known is given empty, and one after a preposition as well: it is seldom meant."""
    persons = _persons(text)
    names = [name for name in _names(text) if name.text not in persons]
    found = [
        "" if _AFTER_PREPOSITION.search(text[: name.start]) else _with_article(text, name)
        for name in names
    ]
    if _ASKS_FOR_NOUN.match(text):
        found.append("")
    for article in re.finditer(r"\b(?:the|an?)\s+(?=\w)", text, re.I):
        if not any(name.start == article.end() for name in names):
            tail = re.fullmatch(r"[\w'’-]+\W*", text[article.end() :])
            oblique = _AFTER_PREPOSITION.search(text[: article.start()])
            found.append(f"the {_bare(tail[0])}" if tail and not oblique else "")
    return found if all(found) else [*found, ""]


def _with_article(text: str, name: _Name) -> str:
    return ("the " if text[: name.start].lower().endswith("the ") else "") + name.text


def _with_context(asked: str, context: str) -> str:
    flat = " ".join(context.replace("(", "").replace(")", "").split())
    if len(flat) > QUERY.max_context_chars:
        flat = flat[: QUERY.max_context_chars].rsplit(" ", 1)[0]
    first, _, rest = flat.partition(" ")
    if first.lower() in STOP_WORDS or not rest[:1].isupper():
        first = first[:1].lower() + first[1:]
    return f"{_ask(asked)} ({first} {rest})".replace(" )", ")") if flat else _ask(asked)


def _first_sentence(answer: str) -> str:
    """Of an answer in Markdown, without its markers."""
    text = re.sub(r"\s*\[\d+\]", "", answer[: 10 * QUERY.max_context_chars]).strip(" \n-*#")
    return next((text[start:end].strip() for start, end in split_sentences(text)), "")


def _bare(text: str) -> str:
    return text.strip().rstrip("?!. ")


def _ask(text: str) -> str:
    plain = text.strip()
    return plain if plain.endswith(("?", ")")) else f"{_bare(plain)}?"
