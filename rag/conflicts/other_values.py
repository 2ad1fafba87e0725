"""Finds the number or date with which another document answers the same question otherwise.

For questions that ask for a number or a time. Without a language model: both units must speak of
what is asked for, by the question's words and names in them and their context, and each must have
one value of the kind that is wanted; figures and names of the question tell the records of a series
apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.conflicts.contradictions import Contradiction
from rag.conflicts.differences import Difference, Point, are_comparable, find_differences
from rag.conflicts.excerpts import ExcerptReader, Place, passage_of, series_marks
from rag.query.answer_type import AnswerType, expected_answer_type
from rag.store.documents import Library
from rag.text.names import find_names, name_keys
from rag.text.quantities import find_quantities
from rag.text.sentence_parser import ParsedSentence, parse_sentence
from rag.text.tokens import content_stems
from rag.text.units import in_context
from rag.thresholds import CONFLICTS
from rag.types import Citation, Claim, Passage

_FRAME = frozenset(content_stems("number amount date day"))  # say what kind of value is wanted
_POINTS: dict[AnswerType, Point] = {"number": "number", "time": "date", "year": "date"}


def find_other_values(
    question: str, claims: Sequence[Claim], passages: Sequence[Passage], library: Library
) -> list[Contradiction]:
    """Values of other documents, among `passages`, that answer the question otherwise than what
    `claims` cite, each value once; none where it does not ask for a number or a time. Raises
    `LibraryError`."""
    point = _POINTS.get(expected_answer_type(question))
    if point is None:
        return []
    asked, reader = _Asked.of(question, point), ExcerptReader(library)
    others = [
        place
        for passage in passages
        for place in reader.excerpt(passage.span).places_in(passage.span)
        if asked.is_answered_by(place)
    ]
    found: dict[str, Contradiction] = {}
    cited = dict.fromkeys(each for claim in claims for each in claim.citations)
    for citation in list(cited)[: CONFLICTS.max_cited]:
        for own in reader.excerpt(citation.span).places_in(citation.span):
            if not asked.is_answered_by(own):
                continue
            for other in others:
                difference = asked.difference(own, other)
                if difference and difference.theirs not in found:
                    passage = passage_of(other, passages)
                    quote = Citation(passage.number, other.span, other.quote)
                    found[difference.theirs] = Contradiction(difference, citation, quote, passage)
        if found:
            break
    return list(found.values())


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a question asks for: `point`, of something with these words, names, figures and marks of
    a series."""

    point: Point
    words: frozenset[str]
    names: tuple[frozenset[str], ...]
    figures: frozenset[float]
    marks: frozenset[str]

    @classmethod
    def of(cls, question: str, point: Point) -> _Asked:
        return cls(
            point,
            frozenset(content_stems(question)) - _FRAME,
            tuple(frozenset(name_keys(each.text)) for each in find_names(question)),
            frozenset(each.value for each in find_quantities(question)),
            series_marks(question),
        )

    def is_answered_by(self, place: Place) -> bool:
        """True where a unit in its context speaks of what is asked for."""
        document = place.excerpt.document
        read = in_context(place.unit, place.excerpt.text, document.title)
        read = " ".join([read, *place.around(CONFLICTS.units_around_answer)])
        held = set(content_stems(read))
        if len(self.words & held) < CONFLICTS.min_question_words * len(self.words):
            return False
        known = {
            key for each in find_names(read, starts=frozenset()) for key in name_keys(each.text)
        }
        return all(keys & known for keys in self.names) and self.marks <= series_marks(read)

    def difference(self, own: Place, other: Place) -> Difference | None:
        """The one value of each that is asked for, where both cannot be right."""
        if own.excerpt.document.id == other.excerpt.document.id:
            return None
        ours, theirs = parse_sentence(own.quote), parse_sentence(other.quote)
        found = [
            each
            for each in find_differences(own.quote, other.quote)
            if each.point == self.point
            and not _is_marker(own.quote, each.our_place)
            and not _is_marker(other.quote, each.their_place)
            and self._is_asked(each, ours, theirs)
        ]
        return found[0] if len(found) == 1 else None

    def _is_asked(self, found: Difference, ours: ParsedSentence, theirs: ParsedSentence) -> bool:
        if self.point == "date":
            return len(ours.dates) == len(theirs.dates) == 1
        return are_comparable(found, ours, theirs) and all(
            self._counts(sentence, place)
            for sentence, place in ((ours, found.our_place), (theirs, found.their_place))
        )

    def _counts(self, sentence: ParsedSentence, place: tuple[int, int]) -> bool:
        """True of the only figure of a sentence, and of one that counts what is asked for."""
        figures = [each for each in sentence.figures if each.value not in self.figures]
        (figure,) = (each for each in sentence.figures if each.place == place)
        named = figure.counted | set(content_stems(figure.text))
        return len(figures) == 1 or bool(named & self.words)


def _is_marker(quote: str, place: tuple[int, int]) -> bool:
    """True of the number in "[1]", which names a source."""
    return quote[: place[0]].endswith("[") and quote[place[1] :].startswith("]")
