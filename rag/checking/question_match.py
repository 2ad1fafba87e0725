"""How a text matches a question: words in common, unknown names, a short answer within it.

A small model that finds no answer makes one up, or says the question again; these tell.
"""

from __future__ import annotations

import re
import unicodedata

from rag.query.answer_type import expected_answer_type, says_when
from rag.text.dates import DATE_WORDS
from rag.text.folding import fold, without_accents
from rag.text.language import STOP_WORDS, language_of
from rag.text.names import (
    capitals_tell_names,
    find_names,
    name_keys,
    name_keys_in,
    sentence_starts,
)
from rag.text.quantities import find_quantities
from rag.text.sentences import is_question, split_sentences
from rag.text.tokens import content_keys, content_stems
from rag.thresholds import CHECKING

_FRACTION = re.compile(r"\b(\d{1,2})[/⁄]([1-9]\d?)\b")


def unknown_names(question: str, source: str) -> list[str]:
    """The names in a question that its source does not know, accents aside; none where capitals
    tell no names (see `capitals_tell_names`)."""
    asking = _asking(question)
    source = without_accents(fold(source))
    if not capitals_tell_names(asking, source):
        return []
    known = name_keys_in(source)
    words = {word.lower() for word in re.findall(r"\w+", source)}

    def knows(name: str) -> bool:
        dated = name.lower() in DATE_WORDS
        short = dated and not words.isdisjoint({name.lower()[:3], name.lower()[:4]})  # "Sept."
        return short or bool(name_keys(name) & known) or name.lower() in words

    names = [name.text for name in find_names(asking, starts=sentence_starts(asking))]
    return [name for name in names if not all(map(knows, _name_parts(name)))]


def _asking(message: str) -> str:
    """The sentences of a message that ask, without whom they speak to ("Dear Ann Lee, …"); all of
    it where none does."""
    message = _SPOKEN_TO.sub("", message) if _speaks_to_someone(message) else message
    sentences = [message[start:end] for start, end in split_sentences(message)]
    return " ".join(each for each in sentences if is_question(each)) or message


# One word and up to three in capitals before the first comma: "Hello Ann Lee, how …".
_SPOKEN_TO = re.compile(r"^\W*([^\W\d_]+)((?: [^\W\d_]\S*){0,3})[,!]\s+(?=\S)")


def _speaks_to_someone(message: str) -> bool:
    """False for "In Norway, how …": a preposition begins a sentence that goes on."""
    opening = _SPOKEN_TO.match(message)
    if not opening or opening[1].lower() in STOP_WORDS:
        return False
    return all(word[:1].isupper() for word in opening[2].split())


def short_answer_overlap(question: str, short: str, text: str) -> float:
    """Share, 0..1, of what a short answer adds to the question that `text` holds; 0 where it adds
    nothing. A small model that finds no answer makes one up, or says the question again."""
    language = language_of(f"{question} {text}")
    in_text, named = _keys(text, language), name_keys_in(text)
    new = _keys(short, language) - _keys(question, language)
    found = sum(key in in_text or bool(name_keys(key) & named) for key in new)
    return found / len(new) if new else 0.0


def is_plausible_short_answer(question: str, short: str, text: str) -> bool:
    """True when a short answer may be one: a "yes" or "no" need not stand anywhere."""
    return (
        expected_answer_type(question) == "yes-no"
        or short_answer_overlap(question, short, text) >= CHECKING.min_short_answer_overlap
    )


def _keys(text: str, language: str) -> set[str]:
    """As `content_keys`, with "1/3" and "⅓" as "a third"."""
    plain = _FRACTION.sub(
        lambda found: f"{int(found[1]) / int(found[2]):g}", unicodedata.normalize("NFKC", text)
    )
    return content_keys(plain, language)


def _name_parts(name: str) -> list[str]:
    """What must be known of a name: of "York-area" only "York"."""
    plain = without_accents(name)
    parts = [part for part in plain.split("-") if part[:1].isupper() or part.isdigit()]
    return parts or [plain]


def adds_information(question: str, text: str) -> bool:
    """True when `text` says more than the question: a headline such as "Ferries That Serve Soup"
    has all of its words and answers nothing. To a yes-or-no question any text may be the answer."""
    if expected_answer_type(question) == "yes-no" or find_quantities(text) or says_when(text):
        return True
    language = language_of(f"{question} {text}")
    new = set(content_stems(text, language)) - set(content_stems(question, language))
    words = [each for each in re.findall(r"[^\W\d_]+", text) if each.lower() not in STOP_WORDS]
    is_headline = len(words) > 1 and all(each[0].isupper() for each in words)
    return len(new) >= (CHECKING.min_new_words_in_headline if is_headline else 1)


def question_overlap(question: str, source: str) -> float:
    """Share of the question's words that the source holds, 0..1; 1 for a question without any."""
    language = language_of(f"{question} {source}")
    stems, in_source = set(content_stems(question, language)), set(content_stems(source, language))
    named = name_keys_in(source)
    found = sum(stem in in_source or bool(name_keys(stem) & named) for stem in stems)
    return found / len(stems) if stems else 1.0
