"""Makes a follow-up understandable without the conversation, by words of the last turns.

A question leans on the conversation where it is a fragment ("and why?", "in 2019?"), where a
pronoun stands for something that it does not name, or where it has hardly a word of its own ("Do
ministers agree?"). What it leans on is put in its place. Where that may be one of several things,
each reading is given, for the articles to choose; where it cannot be put into words, the last turn
is given as the context in which to look.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rag.query.answer_type import expected_answer_type
from rag.text.language import STOP_WORDS
from rag.text.names import COMMON_NAME_WORDS, find_capitalised, find_names, sentence_starts
from rag.text.negation import has_negation
from rag.text.sentences import PRONOUNS, split_sentences
from rag.text.tokens import content_keys
from rag.thresholds import QUERY
from rag.types import Turn

MIN_STATEMENT_WORDS = 3  # of an answer that says something by itself: not "Six crowns."
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

_GOES_ON = re.compile(r"^(?:(?:and|but|so|or|also|then|well|(?:what|how) about)\b[,:]?\s+)+", re.I)
_ASKS = re.compile(rf"^(?:{QUESTION_WORDS}|{AUXILIARIES})\b", re.I)
_PREPOSITIONAL = re.compile(
    rf"^(?P<preposition>{_PREPOSITIONS})\s+(?!(?:{QUESTION_WORDS})\b)", re.I
)
_PRONOUN = re.compile(rf"\b(?:{_PERSONS}|{_THINGS}|{_DEMONSTRATIVES})\b", re.I)
_PERSON = re.compile(rf"\b(?:{_PERSONS})\b", re.I)
_REPLACEABLE = re.compile(rf"\b(?:{PRONOUNS})\b", re.I)
_POINTS_BACK = re.compile(  # at what was answered: "who said that?", "how did that happen?"
    rf"(?:\b(?P<auxiliary>{AUXILIARIES})\s+)?\b(?P<back>{_DEMONSTRATIVES})\b"
    rf"(?=\W*$|\s+(?:{AUXILIARIES}|{_PREPOSITIONS}|more|less)\b"
    r"|(?(auxiliary)\s+[\w'’-]+\W*$|(?!)))",
    re.I,
)
_ALONE = re.compile(  # "why not?", "since when?", "for how long?"
    rf"(?:(?:{_PREPOSITIONS})\s+)?(?:why|when|where|how(?:\s+(?:long|often|much|many|far))?)"
    r"(?P<not>\s+not)?(?=\W*$)",
    re.I,
)
_AFTER_PREPOSITION = re.compile(rf"\b(?:{_PREPOSITIONS})\s+(?:the\s+|an?\s+)?$", re.I)
_ARTICLE = re.compile(r"\b(?:the|an?)\s+(?=\w)", re.I)
_ASKS_FOR_IT = re.compile(r"^(?:who|what|which)\b", re.I)
_WORD = re.compile(r"[^\W_]+(?:[’'.-][^\W_]+)*")
_NUMBERED = re.compile(r"(?:\s\d+)?")
_YEAR = re.compile(r"\b[12]\d{3}\b")


@dataclass(frozen=True, slots=True)
class Resolved:
    """A question made to stand alone."""

    readings: tuple[str, ...]
    """The ways in which it can be read, likeliest first; one where that is sure."""
    context: str = ""
    """What was asked and answered before, where the question has to be looked for with it."""
    phrase: str = ""
    """What the last question is asked of anew, where that is all that was typed: "and tools?"."""

    @property
    def standalone(self) -> str:
        """The likeliest reading."""
        return self.readings[0]


@dataclass(frozen=True, slots=True)
class _Name:
    text: str
    start: int


def resolve(question: str, history: Sequence[Turn], source: str = "") -> Resolved:
    """`question` as it can be understood without `history`, the turns before it, oldest first;
    unchanged where it stands alone. `source` is the text that the last answers cite: a phrase of
    the conversation ends where the source no longer has it. No model is asked."""
    recent = history[-QUERY.max_past_turns :]
    if not recent or not leans_on_conversation(question):
        return Resolved((question,))
    before = resolve(recent[-1].question, recent[:-1], source).standalone
    full = _first_sentence(recent[-1].answer)
    answer = without_opening(re.sub(r"^(?:yes|no)\b[,.]?\s+", "", full, flags=re.I))
    context = _shortened(f"{_ask(before)} {answer}")
    asked = without_opening(question)
    if _is_phrase(question, asked):
        readings = _with_phrase(before, asked) or [_ask(asked)]
        return Resolved(_different(readings), context if len(readings) > 1 else "", asked)
    holds = expected_answer_type(before) == "yes-no" and not has_negation(full)
    about = before if holds else f"is it that {_lowered(_bare(answer))}"
    readings = _with_statement(asked, about, answer) or _with_antecedent(
        asked, before, answer, source
    )
    return Resolved(_different(readings), context)


def without_opening(question: str) -> str:
    """The question without the words that join it to the last one: "and", "what about"."""
    return _GOES_ON.sub("", question.strip())


def _different(readings: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(readings))[: QUERY.max_readings]


def leans_on_conversation(question: str) -> bool:
    """True where a question, asked in a conversation, cannot be understood alone."""
    asked = without_opening(question)
    if _is_phrase(question, asked):
        return True
    if has_open_pronoun(asked) or _POINTS_BACK.search(asked):
        return True
    return not find_names(asked) and len(content_keys(asked)) < QUERY.min_words_without_pronoun


def has_open_pronoun(question: str) -> bool:
    """True where a pronoun stands for something that the question does not name before it, and the
    question has too few other words to find its articles."""
    if len(content_keys(question)) >= QUERY.min_words_of_own:
        return False
    named = [name.start for name in find_names(question)]
    return any(not named or each.start() < min(named) for each in _PRONOUN.finditer(question))


def _is_phrase(question: str, asked: str) -> bool:
    """True for "and tools?", "what about tools?", "in March?": they ask the last question again."""
    goes_on = asked != question.strip()
    starts = bool(_PREPOSITIONAL.match(asked)) and len(asked.split()) <= QUERY.max_phrase_words
    return not _ASKS.match(asked) and bool(content_keys(asked)) and (goes_on or starts)


# --- the last question, asked of something else -----------------------------------------------


def _with_phrase(before: str, phrase: str) -> list[str]:
    """The last question with the phrase for what it may stand for: the one name or year that is
    like it, the end that begins with the same preposition, else any of its words in a row."""
    ours, theirs = _names(phrase), _names(before)
    if len(ours) == 1 and (parallel := _parallel(ours[0], theirs)):
        return [_ask(before[: parallel.start] + ours[0].text + before[_end(parallel) :])]
    year = _YEAR.search(phrase)
    if year and len(_YEAR.findall(before)) == 1:
        return [_ask(_YEAR.sub(year[0], before))]
    if found := _PREPOSITIONAL.match(phrase):
        last = re.compile(rf"\b{found['preposition']}(?:\s+[\w'’-]+){{1,3}}\W*$", re.I)
        return [_ask(f"{last.sub('', _bare(before)).rstrip()} {_bare(phrase)}")]
    return [
        _ask(before[:start] + _in_place_of(before[start:end], _bare(phrase)) + before[end:])
        for start, end in _content_runs(before)
    ]


def _in_place_of(run: str, phrase: str) -> str:
    """ "the old one" for "the new bridge" is "the old bridge"."""
    return re.sub(r"\bone$", run.split()[-1], phrase)


def _content_runs(text: str) -> Iterator[tuple[int, int]]:
    """Where words stand that a phrase may replace: words in a row that carry meaning, from the
    first of them to each ("adults", "adults pay"), or with an article to the last."""
    run: list[re.Match[str]] = []
    for word in [*_WORD.finditer(text), None]:
        if word and content_keys(word[0]):
            run.append(word)
            continue
        start = _from_article(text, run[0].start()) if run else 0
        is_led = bool(run) and start < run[0].start()
        yield from ((start, each.end()) for each in (run[-1:] if is_led else run))
        run = []


def _from_article(text: str, start: int) -> int:
    return next((m.start() for m in _ARTICLE.finditer(text) if m.end() == start), start)


def _parallel(name: _Name, candidates: Sequence[_Name]) -> _Name | None:
    """The candidate that shares a word with `name`, or the only one there is."""
    words = set(name.text.split())
    alike = [each for each in candidates if words & set(each.text.split())] or candidates
    return alike[0] if len(alike) == 1 else None


# --- what was answered ------------------------------------------------------------------------


def _with_statement(asked: str, about: str, answer: str) -> list[str]:
    """The question about the last answer as a whole, "who said that?"; a bare "why?" of what is
    talked `about`, a question without its question word."""
    statement = _bare(answer)
    if len(statement.split()) < MIN_STATEMENT_WORDS:
        return []
    if alone := _ALONE.fullmatch(_bare(asked)):
        asks = alone[0].removesuffix(alone["not"] or "")
        return [f"{asks} {_lowered(_bare(about))}?"]
    back = _POINTS_BACK.search(asked)
    if not back:
        return []
    start, end = back.span("back")
    is_object = end == len(_bare(asked)) and not _AFTER_PREPOSITION.search(asked[:start])
    said = f"that {_lowered(statement)}" if is_object else f"“{statement}”"
    return [_ask(asked[:start] + said + asked[end:])]


# --- pronouns ---------------------------------------------------------------------------------


def _with_antecedent(asked: str, before: str, answer: str, source: str) -> list[str]:
    """The question with each thing or person that its pronoun may stand for, likeliest first; and
    as it is, where none is sure."""
    pronoun = _REPLACEABLE.search(asked)
    if pronoun is None:
        return [_ask(asked)]
    # What a question asks for by "who", "what" or "which" is what is talked about next, unless it
    # has no word but the name of that: "Who is Ada Holm?".
    own = content_keys(" ".join(name.text for name in _names(before)))
    is_named = bool(own) and content_keys(before) <= own
    asks_for_it = bool(_ASKS_FOR_IT.match(before)) and not is_named
    texts = [answer, before] if asks_for_it else [before, answer]
    if _PERSON.search(asked):
        found = [name for text in texts for name in _persons(text)]
        known = frozenset() if found else _inner_names(source)
        found = found or [name.text for text in texts for name in _names(text, known)]
    else:
        found = [thing for text in texts for thing in _things(text, source)]
    is_sure = len(set(found)) == 1 and not asks_for_it
    readings = [_put(each, asked, pronoun) for each in found]
    return readings if is_sure else [*readings, _ask(asked)]


def _put(antecedent: str, asked: str, pronoun: re.Match[str]) -> str:
    """ "What does its seal cost?" as "What does the pump's seal cost?"."""
    follows = re.match(r"\s+\w", asked[pronoun.end() :])
    word = pronoun[0].lower()
    owns = word in ("his", "its", "their") or (word == "her" and follows)
    return _ask(
        asked[: pronoun.start()] + antecedent + ("'s" if owns else "") + asked[pronoun.end() :]
    )


def _persons(text: str) -> list[str]:
    """Names of two words or more that have no article and no word such as "lake"."""
    return [
        name.text
        for name in _names(text)
        if re.fullmatch(r"\D+ \D+", name.text)
        and not re.search(r"\b(?:the|of|for) $", text[: name.start], re.I)
        and not COMMON_NAME_WORDS & set(name.text.lower().split())
    ]


def _things(text: str, source: str) -> list[str]:
    """What "it" may stand for: the names of a text that are no persons, and what has an article;
    not what stands after a preposition, because that is seldom meant."""
    persons = _persons(text)
    names = [name for name in _names(text) if name.text not in persons]
    found = {name.start: _with_article(text, name) for name in names}
    for article in _ARTICLE.finditer(text):
        phrase = f"the {_phrase_at(text, article.end(), source)}"
        if len(phrase) > max(len("the "), len(found.get(article.end(), ""))):
            found[article.end()] = phrase  # "the Saturday market" rather than "the Saturday"
    return [found[start] for start in sorted(found) if not _AFTER_PREPOSITION.search(text[:start])]


def _phrase_at(text: str, start: int, source: str) -> str:
    """The longest run of words at `start` that `source` has too, outside `text` where that is taken
    from it; the last word of the text even where it has not."""
    known = _flat(source).replace(_flat(text), " ")
    words = list(_WORD.finditer(text, start))[: QUERY.max_phrase_words]
    for last in reversed(words):
        run = text[start : last.end()]
        if content_keys(last[0]) and f" {_flat(run).strip()} " in known:
            return run
    return words[0][0] if len(words) == 1 else ""


def _flat(text: str) -> str:
    return f" {' '.join(_WORD.findall(text.lower()))} "


def _inner_names(source: str) -> frozenset[str]:
    """The names that a text has within its sentences."""
    read = source[: QUERY.max_name_chars]
    return frozenset(each.text for each in find_names(read, starts=sentence_starts(read)))


def _names(text: str, known: frozenset[str] = frozenset()) -> list[_Name]:
    """Names of one or several words, with the number after it: "Model 40". Of the words that begin
    a sentence those are names that are `known` as such."""
    starts = frozenset(start for start, _ in split_sentences(text))
    sure = find_names(text, starts=starts)
    before_name = {name.start - 1 for name in sure}
    runs: list[_Name] = []
    for name in find_capitalised(text):
        if name not in sure and name.end not in before_name and name.text not in known:
            continue  # a capital for its place
        number = _NUMBERED.match(text, name.end)
        end = number.end() if number else name.end
        if runs and text[_end(runs[-1]) : name.start] in ("", " ", "-", "' ", "’ "):
            runs[-1] = _Name(text[runs[-1].start : end], runs[-1].start)
        else:
            runs.append(_Name(text[name.start : end], name.start))
    return runs


def _end(name: _Name) -> int:
    return name.start + len(name.text)


def _with_article(text: str, name: _Name) -> str:
    return ("the " if text[: name.start].lower().endswith("the ") else "") + name.text


# --- words ------------------------------------------------------------------------------------


def _shortened(text: str) -> str:
    flat = " ".join(text.split())
    if len(flat) > QUERY.max_context_chars:
        flat = flat[: QUERY.max_context_chars].rsplit(" ", 1)[0]
    return flat


def _first_sentence(answer: str) -> str:
    """Of an answer in Markdown, without its markers and its headings; with a "yes" before it."""
    text = re.sub(r"\s*\[\d+\]", "", answer[: 10 * QUERY.max_context_chars])
    text = re.sub(r"^\*\*.*\*\*$", "", text, flags=re.M).strip(" \n-*#")
    sentences = [text[start:end] for start, end in split_sentences(text)][:2]
    bare = len(sentences) > 1 and re.fullmatch(r"(?:yes|no)[.!]", sentences[0], re.I)
    return _shortened(" ".join(sentences if bare else sentences[:1]))


def _lowered(text: str) -> str:
    """With a small letter where a sentence begins with a word of little meaning: "The lock"."""
    first, _, rest = text.partition(" ")
    return f"{first.lower()} {rest}" if first.lower() in STOP_WORDS else text


def _bare(text: str) -> str:
    return text.strip().rstrip("?!. ")


def _ask(text: str) -> str:
    plain = text.strip()
    return plain if plain.endswith("?") else f"{_bare(plain)}?"
