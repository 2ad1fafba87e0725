"""Is this a question that articles can answer?

Decided before anything is looked for, by the wording alone. What is no question at all is an error
that says what to do instead; what no article can be searched for, and what is an order, is
declined.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from rag.errors import QuestionError
from rag.query.answer_type import expected_answer_type
from rag.text.folding import fold
from rag.text.names import capitals_tell_names, find_names
from rag.text.quantities import find_quantities
from rag.text.sentences import is_question, split_sentences
from rag.text.tokens import content_stems
from rag.thresholds import QUERY
from rag.types import DeclineReason

_ADDRESS = re.compile(r"[<(]?(?:https?://|www\.)\S+", re.IGNORECASE)
_ASKING = re.compile(
    r"^\W*(?:(?:and|but|so|please|now|then)\W+)*(?:what|who|whom|whose|which|where|when|why|how|is"
    r"|are|was|were|do|does|did|has|have|had|can|could|will|would|should|may|might|tell|explain"
    r"|describe|list|name|give|find|show|summari[sz]e|compare|check|define|say)\b",
    re.IGNORECASE,
)
_SOURCES = r"(?:articles?|sources?|texts?|passages?|documents?|pieces?|pages?|news|context)"
# What tells the assistant to do something else than to answer from the articles: its own
# instructions, and sentences that begin with an order. "How do I bypass the rules?" asks.
_ORDER = re.compile(
    r"\byour\s+(?:\w+\s+)?(?:prompts?|instructions?)\b(?!\s+(?:for|on|about|to)\b)"
    r"|(?:^|[.!?;:]|,\s*(?:and|then)?)\W*(?:please\s+|now\s+)?(?:"
    r"(?:ignore|disregard|forget|bypass|override)\b(?:\s+\w+){0,4}\s+"
    rf"(?:{_SOURCES}|prompts?|instructions?|rules|guidelines|orders)\b"
    r"|(?:(?:say|pretend)\s+that|repeat\s+after\s+me|you\s+are\s+now|act\s+as)\b"
    r"|(?:write|compose|sing|tell|make\s+up|invent)\s+(?:me\s+|us\s+)?(?:an?|some)"
    r"\s+(?:\w+\s+)?(?:poem|song|story|joke|limerick|haiku|fairy\s+tale)\b)",
    re.IGNORECASE,
)


def validate_question(question: str, most_chars: int) -> str:
    """The question in one line, without invisible characters. Raises `QuestionError` for none, a
    long one, and what is none."""
    question = " ".join(fold(question).split())
    if not question:
        raise QuestionError("The question is empty.", "Ask something of the articles.")
    if len(question) > most_chars:
        raise QuestionError(
            f"The question has {len(question):,} characters; {most_chars:,} is the most.",
            "Shorten it, or index the text as an article and ask about it.",
        )
    check_is_question(question)
    return question


def check_is_question(question: str) -> None:
    """Raises `QuestionError` for signs without a word, a bare address, and a pasted text."""
    if not any(map(str.isalnum, question)):
        raise QuestionError(
            "The question holds no word.", "Ask something of the articles in words."
        )
    if not _ADDRESS.sub("", question).strip(" \t\n.,;:!?<>()"):
        raise QuestionError(
            "This is an address, not a question.",
            "Index the page with `footnote index URL`, or ask something in words.",
        )
    if _is_pasted(question):
        raise QuestionError(
            "This reads as a text, not as a question.",
            "Ask in a sentence or two, or index the text as an article and ask about it.",
        )


def _is_pasted(question: str) -> bool:
    """True for many words in sentences of which neither the first nor the last asks."""
    found = [question[start:end] for start, end in split_sentences(question)]
    long = len(found) >= QUERY.pasted_sentences and len(question.split()) >= QUERY.pasted_words
    ends = (found[0], found[-1])
    return long and not any(_ASKING.search(each) or is_question(each) for each in ends)


def has_words_to_look_for(question: str) -> bool:
    """False of "What is this about?": it names nothing, and has no word that says of what."""
    return bool(content_stems(question) or find_quantities(question) or find_names(question))


def reason_to_decline(question: str) -> DeclineReason | None:
    """Why nothing is looked for, where so: there is no word to look for, or the assistant is told
    to do something else than to answer from the articles.

    The question must stand alone: "Why?" asks something after another question.
    """
    if not has_words_to_look_for(question):
        return "nothing retrieved"
    return "not stated" if _ORDER.search(question) else None


_COUNTED = re.compile(r"\b(?:these|those|the)\s*$", re.IGNORECASE)  # before "two articles"
_DOCUMENTS = re.compile(rf"\b(?:these|those|{_SOURCES}|stories|files)\b", re.IGNORECASE)
# Stems of words that ask what documents are about, and of no topic.
_OF_DOCUMENTS = frozenset(
    """summari summar summaris overview key main point idea topic subject theme brief gist
    recap collect content cover happen sum pleas line sentenc bullet
    short tl dr everyth anyth got rundown rough""".split()
)


def asks_for_summary(question: str) -> bool:
    """True for "Summarize the articles" and "What are these about?": it is asked what the documents
    are about, and no word says which topic."""
    plain = question if capitals_tell_names(question, "") else question.lower()
    kind = expected_answer_type(plain)
    numbers = (each for each in find_quantities(plain) if not _COUNTED.search(plain[: each.start]))
    if find_names(plain) or any(numbers) or kind not in ("other", "yes-no"):
        return False
    if content_stems(plain):
        return not topic_words(plain)
    return kind == "other" and bool(_DOCUMENTS.search(plain))


def topic_words(question: str) -> str:
    """The words of a question that asks for a summary which say of what; "" where none does."""
    words = (each for each in re.findall(r"[\w'’-]+", question) if not _DOCUMENTS.fullmatch(each))
    return " ".join(word for word in words if set(content_stems(word)) - _OF_DOCUMENTS)


def in_another_script(question: str, texts: Iterable[str]) -> bool:
    """True when most letters of the question belong to a script of which `texts` hold none: no
    word of theirs can be compared with it, so no answer could be checked."""
    asked, known = _scripts(question), [_scripts(text) for text in texts]
    if not asked or not known:
        return False
    most = max(sorted(asked), key=lambda script: asked[script])
    return 2 * asked[most] > sum(asked.values()) and not any(most in each for each in known)


def _scripts(text: str) -> dict[str, int]:
    """How many letters of each script, by the first word of their names in Unicode."""
    counts: dict[str, int] = {}
    for letter in filter(str.isalpha, text):
        script = unicodedata.name(letter, "?").partition(" ")[0]
        counts[script] = counts.get(script, 0) + 1
    return counts
