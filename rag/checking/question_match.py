"""How a text matches a question: words in common, unknown names, a short answer within it.

A small model that finds no answer makes one up, or says the question again; these tell.
"""

from __future__ import annotations

import re
import unicodedata

from rag.query.answer_type import expected_answer_type, says_when
from rag.text.names import DATE_WORDS, find_names, name_keys, name_keys_in
from rag.text.quantities import find_quantities
from rag.text.tokens import STOP_WORDS, content_keys, content_stems

MIN_SHORT_ANSWER_OVERLAP = 0.5  # of what a short answer adds to the question, in the text

MIN_NEW_WORDS_IN_HEADLINE = (
    2  # words beside the question's, in a line of capitalised words that may answer
)

_FRACTION = re.compile(r"\b(\d{1,2})[/⁄]([1-9]\d?)\b")


def unknown_names(question: str, source: str) -> list[str]:
    """The names in a question that its source does not know, accents aside."""
    source = _plain(source)
    known = name_keys_in(source)
    words = {word.lower() for word in re.findall(r"\w+", source)}

    def knows(name: str) -> bool:
        dated = name.lower() in DATE_WORDS
        short = dated and not words.isdisjoint({name.lower()[:3], name.lower()[:4]})  # "Sept."
        return short or bool(name_keys(name) & known) or name.lower() in words

    return [name.text for name in find_names(question) if not all(map(knows, _named(name.text)))]


def short_answer_overlap(question: str, short: str, text: str) -> float:
    """Share, 0..1, of what a short answer adds to the question that `text` holds; 0 where it adds
    nothing. A small model that finds no answer makes one up, or says the question again."""
    told, held = _keys(text), name_keys_in(_plain(text))
    new = _keys(short) - _keys(question)
    found = sum(word in told or bool(name_keys(word) & held) for word in new)
    return found / len(new) if new else 0.0


def is_plausible_short_answer(question: str, short: str, text: str) -> bool:
    """True when a short answer may be one: a "yes" or "no" need not stand anywhere."""
    return (
        expected_answer_type(question) == "yes-no"
        or short_answer_overlap(question, short, text) >= MIN_SHORT_ANSWER_OVERLAP
    )


def _keys(text: str) -> set[str]:
    """As `terms.told`, without accents, and "1/3" as "a third"."""
    plain = _FRACTION.sub(lambda found: f"{int(found[1]) / int(found[2]):g}", _plain(text))
    return content_keys(plain)


def _named(name: str) -> list[str]:
    """What must be known of a name: of "York-area" only "York"."""
    parts = [part for part in _plain(name).split("-") if part[:1].isupper() or part.isdigit()]
    return parts or [_plain(name)]


def _plain(text: str) -> str:
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
    headed = len(words) > 1 and all(each[0].isupper() for each in words)
    return len(new) >= (MIN_NEW_WORDS_IN_HEADLINE if headed else 1)


def question_overlap(question: str, source: str) -> float:
    """Share of the question's words that the source holds, 0..1; 1 for a question without any."""
    wanted = set(content_stems(question))
    held = set(content_stems(source))
    known = name_keys_in(source)
    found = sum(word in held or bool(name_keys(word) & known) for word in wanted)
    return found / len(wanted) if wanted else 1.0
