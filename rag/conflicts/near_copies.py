"""Finds sentences, list items and table rows of other documents that say nearly the same words as a
cited one, but another number, date or name, or a "not".

Looked for in the whole library, without a language model: either of the two may have been selected
for the answer. Whether two units speak of one thing is read from what surrounds them. Where the
text around is copied as well, any such difference is a contradiction; records of a series
("Report 7", "Report 8"), and units under other headings, are not. A unit by itself must share
enough words with the other, and differ in nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from rag.conflicts.alignment import Alignment, align, word_keys
from rag.conflicts.contradictions import Contradiction, are_far_apart
from rag.conflicts.differences import Difference
from rag.conflicts.excerpts import ExcerptReader, Place, passage_of, series_marks
from rag.store.documents import Library
from rag.text.fingerprint import fingerprint
from rag.text.folding import fold, without_look_alikes
from rag.text.names import find_capitalised
from rag.text.tokens import without_possessive
from rag.text.units import parse_units
from rag.thresholds import CONFLICTS
from rag.types import Citation, Claim, Passage, Span

_SEARCHED = re.compile(r"[^\W_]+")
_WORD_BEFORE = re.compile(r"(\w+) $")


def find_near_copies(
    claims: Sequence[Claim],
    passages: Sequence[Passage],
    library: Library,
    document_ids: Collection[str] | None = None,
) -> list[Contradiction]:
    """The units of other documents that contradict what `claims` cite, each cited span once.

    `passages` are those found for the question; whatever else the library holds is searched too,
    or of it only `document_ids`. At most `CONFLICTS.max_cited` citations are compared. Raises
    `LibraryError`.
    """
    search = _Search(library, passages, document_ids)
    cited = dict.fromkeys(each for claim in claims for each in claim.citations)
    found: list[Contradiction] = []
    for citation in list(cited)[: CONFLICTS.max_cited]:
        known = any(citation.span.overlaps(each.other.span) for each in found)
        if not known and (contradiction := search.contradiction_of(citation)):
            found.append(contradiction)
    return found


class _Search:
    """Looks for near copies in one library; every document is read once."""

    def __init__(
        self, library: Library, passages: Sequence[Passage], only: Collection[str] | None
    ) -> None:
        self.library = library
        self.passages = passages
        self.only = only
        self.reader = ExcerptReader(library)

    def contradiction_of(self, citation: Citation) -> Contradiction | None:
        """The first copy that contradicts what is cited, if any."""
        for cited in self.reader.excerpt(citation.span).places_in(citation.span):
            for other in self._similar(cited):
                if difference := contradiction_between(cited, other):
                    passage = passage_of(other, self.passages)
                    quote = Citation(passage.number, other.span, other.quote)
                    return Contradiction(difference, citation, quote, passage)
        return None

    def _similar(self, cited: Place) -> Iterator[Place]:
        """The units of other documents that hold most of the words of one, each once."""
        words = word_keys(cited.quote)
        seen: set[Span] = set()
        for span in self._candidates(cited):
            if not _holds_like_unit(words, self.library.text(span)):
                continue  # before its document is read
            for other in self.reader.excerpt(span).places_in(span):
                if other.span not in seen and _mostly_in(words, other.quote):
                    seen.add(other.span)
                    yield other

    def _candidates(self, cited: Place) -> Iterator[Span]:
        own = cited.excerpt.document.id
        plain = fold(without_look_alikes(cited.quote))
        words = sorted(dict.fromkeys(_SEARCHED.findall(plain)), key=len, reverse=True)
        query = " ".join(words[: CONFLICTS.max_searched_words])  # long words are rare ones
        hits = self.library.search(query, CONFLICTS.max_searched, self.only)
        spans = [each.span for each in self.passages] + [each.chunk.span for each in hits]
        return (each for each in spans if each.document_id != own)


def _mostly_in(words: frozenset[str], text: str) -> bool:
    """True where a text holds so many words that it may be a copy with another name."""
    least = max(min(1, len(words)), CONFLICTS.min_words_in_copy * len(words) - 1)
    return len(words & word_keys(text)) >= least


def _holds_like_unit(words: frozenset[str], text: str) -> bool:
    return _mostly_in(words, text) and any(
        _mostly_in(words, each.text(text)) for each in parse_units(text)
    )


# --- whether two units speak of one thing -----------------------------------------------------


def contradiction_between(cited: Place, other: Place) -> Difference | None:
    """Where two units that say nearly the same cannot both be right; None where they may speak of
    two things."""
    found = align(cited.quote, other.quote)
    if not found.contradictions or found.unclear or not _is_near(found):
        return None
    surroundings = _Surroundings.of(cited, other)
    if surroundings.is_series or _have_other_subjects(cited, other, found):
        return None
    first = found.contradictions[0]
    if surroundings.is_copied_enough(first):
        return first
    return first if _stands_alone(cited, other, found) else None


def _is_near(found: Alignment) -> bool:
    return found.other <= found.shared // CONFLICTS.shared_per_other


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """Of the units around two others: how many are the same, and how many nearly, with other
    values."""

    same: int
    varied: int

    @classmethod
    def of(cls, cited: Place, other: Place) -> _Surroundings:
        ours, theirs = (each.around(CONFLICTS.units_around) for each in (cited, other))
        said = {fingerprint(each) for each in theirs}
        long = [each for each in ours if len(word_keys(each)) >= CONFLICTS.min_words_around]
        left = [each for each in long if fingerprint(each) not in said]
        return cls(len(long) - len(left), sum(_is_varied(each, theirs) for each in left))

    @property
    def is_series(self) -> bool:
        return self.varied > self.same

    @property
    def is_copied(self) -> bool:
        return self.same > self.varied

    def is_copied_enough(self, difference: Difference) -> bool:
        least = 2 if difference.point in ("name", "date") else 1
        return self.is_copied and self.same >= least


def _is_varied(unit: str, others: Sequence[str]) -> bool:
    words = word_keys(unit)
    alike = (align(unit, each) for each in others if _mostly_in(words, each))
    return any(_is_near(each) and (each.contradictions or each.unclear) for each in alike)


def _have_other_subjects(cited: Place, other: Place, found: Alignment) -> bool:
    """True where title or headings of each name something that the other document never does."""
    values = " ".join(f"{each.ours} {each.theirs}" for each in found.contradictions)
    changed = word_keys(values) | series_marks(values)
    sides = ((cited, other), (other, cited))
    return all(_own_subject(a, b) - changed for a, b in sides)


def _own_subject(place: Place, other: Place) -> frozenset[str]:
    """What title and headings of the one say that the other document never does: figures, words of
    the headings, and names in the title, because two people may title one subject otherwise."""
    ours, theirs = (each.headings for each in (place, other))
    named = _names(place.excerpt.document.title) & place.excerpt.names
    words = word_keys(" ".join([*place.unit.headings, *named]))
    return (words - other.excerpt.words) | (series_marks(ours) - series_marks(theirs))


def _names(text: str) -> frozenset[str]:
    return frozenset(without_possessive(each.text) for each in find_capitalised(text))


def _stands_alone(cited: Place, other: Place, found: Alignment) -> bool:
    """True where two units differ in one point and share enough to speak of one thing, whatever
    stands around them. What differs in a name or date only may be two facts: next to an unchanged
    figure it is taken for that."""
    documents = [each.excerpt.document for each in (cited, other)]
    if len(found.contradictions) > 1 or are_far_apart(*(each.published for each in documents)):
        return False
    leans_on = {fingerprint(each.unit.leans_on) for each in (cited, other)} - {""}
    if len(leans_on) > 1:
        return False
    (difference,) = found.contradictions
    if difference.point in ("name", "date"):
        least = (
            CONFLICTS.min_shared_by_figure if found.shared_values else CONFLICTS.min_shared_by_name
        )
        return found.shared >= least
    if difference.point == "number" and _is_label(cited.quote, *difference.our_place):
        return False
    context = (word_keys(each.headings) - word_keys(each.quote) for each in (cited, other))
    shared = found.shared + found.shared_units + len(frozenset.intersection(*context))
    return shared >= CONFLICTS.min_shared_in_copy


def _is_label(quote: str, start: int, end: int) -> bool:
    """True of the number in "Report 7 is …": it tells which one is meant."""
    before = _WORD_BEFORE.search(quote[:start])
    return before is not None and before[1][0].isupper() and quote[end : end + 1] == " "
