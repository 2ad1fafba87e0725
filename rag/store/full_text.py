"""What enters the full-text index of a text, and what a query looks for in it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.text.folding import fold, without_accents
from rag.text.language import is_stop_word, language_of
from rag.text.quantities import without_separators
from rag.text.spaceless import RUN, pairs_of_run, spaced_out
from rag.text.tokens import stem

MAX_QUERY_WORDS = 200  # of one search

_WORD = re.compile(r"\w+(?:[.'’]\w+)*")
# Words joined by dashes, dots or slashes: an id of a part, a version or a case, where they hold a
# digit.
_JOINED_RUN = re.compile(r"[\w\-\u2010-\u2015\u2212/.]+")
_JOINED = re.compile(r"\w\W\w")


def searchable(text: str) -> str:
    """`text` as it is indexed: folded, with its numbers without separators of thousands, and a word
    for each character of a script without spaces.

    The index of a library is made of it: whoever changes it gives `library_schema` a new version.
    """
    text = fold(text)
    return spaced_out(without_separators(text, language_of(text)))


@dataclass(frozen=True, slots=True)
class QueryTerm:
    """Words that a query looks for side by side; those of a prefix may go on."""

    text: str
    is_prefix: bool = False


def query_terms(query: str) -> list[QueryTerm]:
    """What a query looks for, any of it; nothing where it has no words.

    Function words are left out unless there is nothing else, or they alone are in capitals (WHO,
    IT). A dot or apostrophe inside a word makes it a phrase (U.S, don't), and so are two
    neighbouring characters of a script without spaces. The pieces of an id (GT-4471-A) are looked
    for side by side, too. Words of another language than English match all that begins with their
    stem, as the index has English stems.
    """
    query = fold(query)
    language = language_of(query)
    query = without_separators(query, language)
    pairs = [pair for run in RUN.finditer(query) for pair in pairs_of_run(run[0])]
    words = list(dict.fromkeys(_WORD.findall(RUN.sub(" ", query) if pairs else query)))
    tells = not query.isupper()  # capitals tell an acronym
    content = [
        word
        for word in words
        if not is_stop_word(word.lower(), language) or (tells and len(word) > 1 and word.isupper())
    ]
    terms = [_term(word, language) for word in content or ([] if pairs else words)]
    terms += [QueryTerm(" ".join(pair)) for pair in dict.fromkeys(pairs)]
    runs = (run for run in _JOINED_RUN.findall(query) if _JOINED.search(run))
    terms += [QueryTerm(run) for run in runs if any(map(str.isdigit, run))]
    return list(dict.fromkeys(terms))[:MAX_QUERY_WORDS]


def _term(word: str, language: str) -> QueryTerm:
    if language == "en" or not word.isalpha():
        return QueryTerm(word)
    return QueryTerm(without_accents(stem(word.lower(), language)), is_prefix=True)
