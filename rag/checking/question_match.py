"""How a text matches a question: words in common, unknown names, a short answer within it.

A small model that finds no answer makes one up, or says the question again; these tell.
"""

from __future__ import annotations

import re
import unicodedata

from rag.query.answer_type import expected_answer_type, says_when
from rag.text.dates import DATE_WORDS
from rag.text.names import find_names, name_keys, name_keys_in
from rag.text.quantities import find_quantities
from rag.text.tokens import STOP_WORDS, content_keys, content_stems
from rag.thresholds import CHECKING

_FRACTION = re.compile(r"\b(\d{1,2})[/⁄]([1-9]\d?)\b")


def unknown_names(question: str, source: str) -> list[str]:
    """The names in a question that its source does not know, accents aside."""
    source = _without_accents(source)
    known = name_keys_in(source)
    words = {word.lower() for word in re.findall(r"\w+", source)}

    def knows(name: str) -> bool:
        dated = name.lower() in DATE_WORDS
        short = dated and not words.isdisjoint({name.lower()[:3], name.lower()[:4]})  # "Sept."
        return short or bool(name_keys(name) & known) or name.lower() in words

    names = [name.text for name in find_names(question)]
    return [name for name in names if not all(map(knows, _name_parts(name)))]


def short_answer_overlap(question: str, short: str, text: str) -> float:
    """Share, 0..1, of what a short answer adds to the question that `text` holds; 0 where it adds
    nothing. A small model that finds no answer makes one up, or says the question again."""
    in_text, named = _keys(text), name_keys_in(_without_accents(text))
    new = _keys(short) - _keys(question)
    found = sum(key in in_text or bool(name_keys(key) & named) for key in new)
    return found / len(new) if new else 0.0


def is_plausible_short_answer(question: str, short: str, text: str) -> bool:
    """True when a short answer may be one: a "yes" or "no" need not stand anywhere."""
    return (
        expected_answer_type(question) == "yes-no"
        or short_answer_overlap(question, short, text) >= CHECKING.min_short_answer_overlap
    )


def _keys(text: str) -> set[str]:
    """As `content_keys`, without accents, and "1/3" as "a third"."""
    plain = _FRACTION.sub(
        lambda found: f"{int(found[1]) / int(found[2]):g}", _without_accents(text)
    )
    return content_keys(plain)


def _name_parts(name: str) -> list[str]:
    """What must be known of a name: of "York-area" only "York"."""
    plain = _without_accents(name)
    parts = [part for part in plain.split("-") if part[:1].isupper() or part.isdigit()]
    return parts or [plain]


def _without_accents(text: str) -> str:
    """The text without accents: reporters leave them out."""
    parts = unicodedata.normalize("NFKD", text)
    return "".join(part for part in parts if not unicodedata.combining(part))


def adds_information(question: str, text: str) -> bool:
    """True when `text` says more than the question: a headline such as "Ferries That Serve Soup"
    has all of its words and answers nothing. To a yes-or-no question any text may be the answer."""
    if expected_answer_type(question) == "yes-no" or find_quantities(text) or says_when(text):
        return True
    new = set(content_stems(text)) - set(content_stems(question))
    words = [each for each in re.findall(r"[^\W\d_]+", text) if each.lower() not in STOP_WORDS]
    is_headline = len(words) > 1 and all(each[0].isupper() for each in words)
    return len(new) >= (CHECKING.min_new_words_in_headline if is_headline else 1)


def question_overlap(question: str, source: str) -> float:
    """Share of the question's words that the source holds, 0..1; 1 for a question without any."""
    stems, in_source = set(content_stems(question)), set(content_stems(source))
    named = name_keys_in(source)
    found = sum(stem in in_source or bool(name_keys(stem) & named) for stem in stems)
    return found / len(stems) if stems else 1.0
