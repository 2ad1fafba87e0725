"""Finds the quotes of a case again whose source changed: the same words at another place, or else
sentences that may have taken their place.

What is found is a quote that stands once in its document; a person decides whether it is taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from eval.cases import CaseRow, normalise
from eval.reviewing.marking import Quote, quotes_of, sentences_of
from eval.text_format import one_line
from rag.assistant import Assistant
from rag.errors import FootnoteError
from rag.internals import content_stems, language_of
from rag.types import Document, Span

MIN_SHARED = 0.4  # of the content words of a quote and a sentence that are in both
MAX_FOUND = 6
MAX_WIDER = 2  # sentences on either side, put to words that stand several times
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Found:
    """A place that a quote may be replaced by. `is_same` where it has the same words, whatever
    stands between them."""

    span: Span
    is_same: bool


def lost_quotes(line: Mapping[str, Any], text_of: Callable[[str], str]) -> list[Quote]:
    """The quotes of the key points and the evidence that do not stand in their document exactly
    once, each once, in order."""
    quotes = [quote for point in quotes_of(line) for quote in point] + list(line["evidence"])
    lost: list[Quote] = []
    for quote in quotes:
        if quote not in lost and not _stands_once(quote, text_of):
            lost.append(quote)
    return lost


def states_its_answer(row: CaseRow) -> bool:
    """False where none of the right answers of a case stands in its evidence, as where that was
    marked anew. True of "yes" and "no", which need not stand there."""
    told = [normalise(each.quote) for each in row.evidence]
    golds = [normalise(gold) for gold in row.gold]
    is_plain = not golds or {" yes ", " no "} == {*golds, " yes ", " no "}
    return is_plain or any(gold in quote for gold in golds for quote in told)


def documents_near(words: str, id: str, assistant: Assistant) -> list[Document]:
    """The document `id`, if it is there, then those that a search for `words` finds."""
    hits = assistant.search(one_line(words)).hits if words.strip() else ()
    ids = dict.fromkeys([id, *(hit.chunk.span.document_id for hit in hits)])
    found = []
    for each in ids:
        with suppress(FootnoteError, UnicodeEncodeError):  # gone, or a lone surrogate in its name
            found.append(assistant.library.document(each))
    return found


def find_again(quote: str, documents: Sequence[Document]) -> list[Found]:
    """Places for a lost quote, the best first: its own words in `documents`, in their order, then
    the sentences that share most words with it."""
    same = [Found(span, True) for document in documents for span in _same_words(quote, document)]
    found = same or [Found(span, False) for span in find_sentences(quote, documents, MIN_SHARED)]
    return found[:MAX_FOUND]


def find_sentences(
    words: str, documents: Sequence[Document], least: float = 0.0, most: int = MAX_FOUND
) -> list[Span]:
    """The sentences, list items and table rows that share words with `words`: of the content words
    of both more than the share `least` (0..1); those that share most first. Only such as stand once
    in their document."""
    scored: list[tuple[float, int, Span]] = []
    for place, document in enumerate(documents):
        language = language_of(document.text)
        wanted = set(content_stems(words, language))
        for start, end in sentences_of(document.text):
            own = set(content_stems(document.text[start:end], language))
            shared = len(wanted & own) / max(1, len(wanted | own))
            if shared > least and _is_unique(document.text, start, end):
                scored.append((-shared, place, Span(document.id, start, end)))
    return [span for _, _, span in sorted(scored)[:most]]


def _stands_once(quote: Quote, text_of: Callable[[str], str]) -> bool:
    try:
        text = text_of(quote["document_id"])
    except (FootnoteError, LookupError, OSError):
        return False
    start = text.find(quote["quote"])
    return start >= 0 and _is_unique(text, start, start + len(quote["quote"]))


def _same_words(quote: str, document: Document) -> Iterator[Span]:
    """Where the words of `quote` stand, with more around them until the quote is the only one."""
    words = _WORD.findall(quote)
    if not words:
        return
    pattern = re.compile(r"\W+".join(map(re.escape, words)), re.IGNORECASE)
    sentences = sentences_of(document.text)
    for match in pattern.finditer(document.text):
        widened = _unique_around(document.text, sentences, match.start(), match.end())
        if widened:
            yield Span(document.id, *widened)


def _unique_around(
    text: str, sentences: Sequence[tuple[int, int]], start: int, end: int
) -> tuple[int, int] | None:
    """The sentences that ``[start, end)`` touches, and as many beside them as make them unique."""
    touched = [at for at, each in enumerate(sentences) if each[0] < end and start < each[1]]
    if not touched:
        return (start, end) if _is_unique(text, start, end) else None
    for wider in range(MAX_WIDER + 1):
        first = sentences[max(0, touched[0] - wider)][0]
        last = sentences[min(len(sentences) - 1, touched[-1] + wider)][1]
        if _is_unique(text, first, last):
            return first, last
    return None


def _is_unique(text: str, start: int, end: int) -> bool:
    quote = text[start:end]
    return bool(quote.strip()) and text.find(quote, text.find(quote) + 1) < 0
