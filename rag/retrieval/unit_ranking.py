"""Units of documents: which may answer, ranked by relevance, or for a summary."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import log1p
from typing import TYPE_CHECKING

from rag.models.token_embeddings import TokenEmbeddings, TokenEncoder
from rag.query.answer_type import AnswerType, expected_answer_type
from rag.store.documents import Library
from rag.text.quantities import find_quantities
from rag.text.sentences import needs_context
from rag.text.spaceless import has_spaceless
from rag.text.speakers import speeches, turns
from rag.text.tokens import content_keys
from rag.text.units import Unit, ends_sentence, in_context, is_numbered, parse_units
from rag.thresholds import EVIDENCE, SUMMARY
from rag.types import Document, Embedder, Hit, Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MIN_PLAIN_SHARE = 0.4  # of words that are neither capitalised nor figures; German has the fewest
MAX_FIGURES, MAX_WORDS = 3, 40  # of one unit that count
_SET_OFF = re.compile(r"(\*\*?|__?)[^*_]+\1(?=\W*\w)")  # the beginning, not the whole of a question


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit of a document that could be cited."""

    document: Document
    unit: Unit
    hit_score: float = 0.0
    """Of the chunk that it was found in, 0..1."""

    @property
    def span(self) -> Span:
        return Span(self.document.id, self.unit.start, self.unit.end)

    @property
    def text(self) -> str:
        return self.unit.text(self.document.text)

    @property
    def paragraph(self) -> tuple[str, int]:
        """Its document and the number of its paragraph there."""
        return self.document.id, self.unit.paragraph

    @property
    def section(self) -> tuple[str, ...]:
        """The headings above it, and whose turn it is in a dialogue."""
        return *self.unit.headings, turns(self.document.text).get(self.unit, "")

    @property
    def is_front(self) -> bool:
        """True where it stands before the text of its document, such as a byline."""
        return self.unit.start < text_start(self.document)

    @property
    def is_aside(self) -> bool:
        """True where it says nothing of the subject: front matter, and a sentence of names alone,
        such as the credit of a picture."""
        words = re.findall(r"[^\W_]+", self.text)
        is_names = self.unit.role == "sentence" and all(word.istitle() for word in words)
        return self.is_front or is_names

    @property
    def is_running_text(self) -> bool:
        """False of a table row, and of a line that is mostly names, dates and figures, such as a
        byline or those present at a meeting."""
        words = [word.lstrip("*_“\"'(") for word in self.text.split()]
        plain = sum(word[:1].isalpha() and not word[0].isupper() for word in words)
        return self.unit.role != "row" and plain >= MIN_PLAIN_SHARE * len(words)

    @property
    def is_long(self) -> bool:
        """True of a unit that can say something by itself."""
        return len(self.text.split()) >= SUMMARY.min_words or has_spaceless(self.text)

    def in_context(self) -> str:
        """The unit with the title of its document, its headings and what it leans on."""
        return in_context(self.unit, self.document.text, self.document.title)

    def as_read(self) -> str:
        """The unit as a language model reads it: a sentence with what it leans on, a list item or
        table row with its title and headings too. A title before a sentence that stands alone
        makes a small model say more often that it answers, whether it does or not."""
        if self.unit.role == "sentence":
            below = [each for each in self.unit.headings if each != self.document.title]
            return in_context(replace(self.unit, headings=tuple(below)), self.document.text)
        return self.in_context()


@dataclass(frozen=True, slots=True)
class Evidence:
    """A candidate with how well it serves the answer."""

    candidate: Candidate
    relevance: float
    """About 0..1, higher is better."""
    vector: NDArray[np.float32] = field(repr=False, compare=False)
    """Of the unit, L2-normalised."""

    @property
    def span(self) -> Span:
        return self.candidate.span


def text_start(document: Document) -> int:
    """Where the text of a document begins: its first long sentence, list, table or section; before
    it stand its title, author, date and the like."""
    for unit in parse_units(document.text):
        candidate = Candidate(document, unit)
        is_sentence = unit.is_evidence and candidate.is_running_text and candidate.is_long
        is_section = unit.role == "heading" and document.text[: unit.start].endswith("# ")
        if unit.start > EVIDENCE.max_front_chars:
            return 0  # lines all through, such as a poem
        if (is_sentence and ends_sentence(candidate.text)) or unit.role in ("item", "row"):
            return unit.start
        if is_section and unit.start > len("# "):
            return unit.start
    return 0


# --- candidates -------------------------------------------------------------------------------


def units_of_hits(hits: Sequence[Hit], library: Library, limit: int) -> list[Candidate]:
    """The units that lie in the best hits, at most `limit`, with the scores of their hits; a list
    that a hit touches is taken whole, because it answers as a whole. Context alone is never a
    candidate. Raises `LibraryError`."""
    documents: dict[str, Document] = {}
    found: dict[Span, Candidate] = {}
    for hit in hits:
        if len(found) >= limit:
            break
        span = hit.chunk.span
        document = documents.setdefault(span.document_id, library.document(span.document_id))
        units = parse_units(document.text)
        touched = {unit for unit in units if unit.start < span.end and unit.end > span.start}
        lists = {unit.list_number for unit in touched} - {None}
        for unit in units:
            if unit.is_evidence and (unit in touched or unit.list_number in lists):
                candidate = Candidate(document, unit, hit.score)
                found.setdefault(candidate.span, candidate)
    return list(found.values())[:limit]


def units_of_document(document: Document, limit: int) -> list[Candidate]:
    """The units of the text of a document in its order; of a long one the first third of `limit`,
    and the rest evenly from what follows."""
    start = text_start(document)
    found = [unit for unit in parse_units(document.text) if unit.is_evidence]
    units = [unit for unit in found if unit.start >= start] or found
    if len(units) > limit:
        first = limit // 3
        step = (len(units) - first) / (limit - first)
        units = units[:first] + [units[first + int(n * step)] for n in range(limit - first)]
    return [Candidate(document, unit) for unit in units]


def in_document_order(evidence: Iterable[Evidence]) -> list[Evidence]:
    """By document, that of the most relevant first, and within one by place."""
    given = list(evidence)
    best: dict[str, float] = {}
    for each in given:
        id = each.span.document_id
        best[id] = max(each.relevance, best.get(id, each.relevance))
    return sorted(given, key=lambda each: (-best[each.span.document_id], each.span))


# --- ranking ----------------------------------------------------------------------------------


def rank_units(
    question: str, candidates: Sequence[Candidate], encoder: TokenEncoder, context: str = ""
) -> list[Evidence]:
    """The candidates by relevance to the question, ties in the order of the documents. A `context`
    that it is asked in counts too.

    Relevance is the MaxSim (Khattab and Zaharia 2020) of the question in the unit's own tokens, in
    the unit as it is read in its context, and in the paragraph's candidates together, since what is
    asked is often told in the sentence beside; each the mean of that with every token alike and
    that with rare tokens counting more. Small weights are for the question's words in it and in its
    document, for the score of the chunk, and for a number where one is asked for. Raises
    `ModelFileError`.
    """
    if not candidates:
        return []
    behind_context = f"{context} {question}".strip()
    documents = {each.document.id: each.document for each in candidates}
    fronts = {id: front_matter(each) for id, each in documents.items()}
    asked, wider, *read = encoder.encode(
        [
            *(question, behind_context),
            *fronts.values(),
            *(each.in_context() for each in candidates),
        ]
    )
    read_fronts, read = dict(zip(fronts, read, strict=False)), read[len(fronts) :]
    first = [_first_own_token(*each) for each in zip(candidates, read, strict=True)]
    likeness = _likenesses(asked, candidates, read, first, read_fronts)
    if context:
        in_context = _likenesses(wider, candidates, read, first, read_fronts)
        likeness += EVIDENCE.context_weight * (in_context - likeness)
    wanted = content_keys(question)
    words = [
        content_keys(f"{fronts[each.document.id]}\n{each.in_context()}") for each in candidates
    ]
    rarity = rarity_of(wanted, words)
    whole = _shares_of_documents(wanted, documents)
    kind = expected_answer_type(question)
    evidence = [
        Evidence(
            candidate,
            float(alike)
            + EVIDENCE.words_weight * sum(rarity[word] for word in sorted(rarity.keys() & held))
            + EVIDENCE.document_weight * whole[candidate.document.id]
            + EVIDENCE.hit_weight * candidate.hit_score
            + _amount_bonus(candidate.text, kind),
            mean_vector(tokens.vectors[start:]),
        )
        for candidate, tokens, start, alike, held in zip(
            candidates, read, first, likeness, words, strict=True
        )
    ]
    return sorted(evidence, key=lambda each: (-each.relevance, each.span))


def _first_own_token(candidate: Candidate, read: TokenEmbeddings) -> int:
    """Where the unit itself begins, which stands behind its context; 0 where it was too long to be
    read to its end."""
    start = len(candidate.in_context()) - len(" ".join(candidate.text.split())) - 1
    return next((n for n, place in enumerate(read.offsets) if place[0] >= start), 0)


def front_matter(document: Document) -> str:
    """What a document says of itself before its text, such as its author and date, in one line; ""
    for most."""
    return " ".join(document.text[: text_start(document)].split())


def _likenesses(
    asked: TokenEmbeddings,
    candidates: Sequence[Candidate],
    read: Sequence[TokenEmbeddings],
    first: Sequence[int],
    fronts: Mapping[str, TokenEmbeddings],
) -> NDArray[np.float64]:
    """How like the question each candidate is, -1..1: of its own tokens, which begin at `first`,
    of all that was `read` of it, and of all that was read of its paragraph, weighed together. What
    a unit does not say of a question the front matter of its document may, which is in `fronts`.
    -1 for all where the question has no token."""
    import numpy as np

    if not len(asked.vectors):
        return np.full(len(candidates), -1.0)
    told = {id: _nearest(asked, each.vectors) for id, each in fronts.items()}
    untold = _nearest(asked, asked.vectors[:0])
    own, whole = [], []
    paragraphs: dict[object, NDArray[np.float32]] = {}
    for candidate, tokens, start in zip(candidates, read, first, strict=True):
        least = untold if candidate.is_front else told.get(candidate.document.id, untold)
        own.append(np.maximum(least, _nearest(asked, tokens.vectors[start:])))
        whole.append(np.maximum(own[-1], _nearest(asked, tokens.vectors[:start])))
        before = paragraphs.get(candidate.paragraph, whole[-1])
        paragraphs[candidate.paragraph] = np.maximum(before, whole[-1])
    beside = [paragraphs[candidate.paragraph] for candidate in candidates]
    in_context = 1 - EVIDENCE.own_weight - EVIDENCE.paragraph_weight
    return (
        EVIDENCE.own_weight * _max_sim(asked, own)
        + in_context * _max_sim(asked, whole)
        + EVIDENCE.paragraph_weight * _max_sim(asked, beside)
    )


def _nearest(asked: TokenEmbeddings, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """For each token of a question the cosine similarity to the nearest of `vectors`; -1 of
    none."""
    nearest: NDArray[np.float32] = (asked.vectors @ vectors.T).max(axis=1, initial=-1.0)
    return nearest


def _max_sim(asked: TokenEmbeddings, nearest: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
    """The mean over a question's tokens of each row of `nearest`; half of it with every token
    alike, half weighted by rarity."""
    import numpy as np

    rows = np.array(nearest, np.float64)
    weights = asked.weights if asked.weights.any() else None
    means: NDArray[np.float64] = rows.mean(axis=1) + np.average(rows, axis=1, weights=weights)
    return means / 2


def mean_vector(tokens: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of vectors of tokens, L2-normalised; zero where there are none."""
    import numpy as np

    mean: NDArray[np.float32] = tokens.sum(axis=0)
    return mean / max(float(np.linalg.norm(mean)), 1e-9)


def rarity_of(wanted: Set[str], held: Sequence[Set[str]]) -> Mapping[str, float]:
    """A weight for each word that is wanted, together 1: rare ones weigh more."""
    weights = {
        word: log1p(len(held) / (1 + sum(word in each for each in held))) for word in sorted(wanted)
    }
    total = sum(weights.values())
    return {word: weight / total for word, weight in weights.items()}


def _shares_of_documents(
    wanted: set[str], documents: Mapping[str, Document]
) -> Mapping[str, float]:
    """The share of the words that are wanted in each document, 0..1, by weight: a question about
    the Hallams is about the document that names them once."""
    words = {
        id: _document_keys(f"{each.title}\n{each.text[: EVIDENCE.max_document_chars]}")
        for id, each in documents.items()
    }
    rarity = rarity_of(wanted, list(words.values()))
    return {id: sum(rarity[word] for word in wanted & own) for id, own in words.items()}


@lru_cache(maxsize=256)
def _document_keys(text: str) -> frozenset[str]:
    return frozenset(content_keys(text))


def _amount_bonus(text: str, kind: AnswerType) -> float:
    return EVIDENCE.amount_bonus if kind == "number" and find_quantities(text) else 0.0


def rank_for_summary(candidates: Sequence[Candidate], embedder: Embedder) -> list[Evidence]:
    """The candidates, of one document in its order, as evidence of what it says: what matters most
    first. What stands early, opens a section or is set off by its author ("**Decision:**") counts
    for more, and so do figures, length, and likeness to the title and to the whole; what cannot be
    read alone counts for less. Long running text alone is taken, where there is any."""
    running = [each for each in candidates if each.is_running_text]
    running = [each for each in running if each.is_long] or running or list(candidates)
    if not running:
        return []
    import numpy as np

    texts = [running[0].document.title, *(each.text for each in running)]
    title, *vectors = np.array(embedder.embed(texts), np.float32)
    centre = np.mean(vectors, axis=0)
    topic = SUMMARY.title_weight * title + SUMMARY.centre_weight * centre / np.linalg.norm(centre)
    evidence = []
    for place, (candidate, vector) in enumerate(zip(running, vectors, strict=True)):
        before = running[place - 1] if place else None
        opens = before is None or before.section != candidate.section
        score = (
            float(vector @ topic)
            + SUMMARY.early_weight * (1 - place / len(running))
            + SUMMARY.opening_weight * opens
            + _weight_by_form(candidate)
        )
        evidence.append(Evidence(candidate, score, vector))
    return sorted(evidence, key=lambda each: (-each.relevance, each.span))


def _weight_by_form(candidate: Candidate) -> float:
    text = candidate.text
    speech = speeches(candidate.document.text).get(candidate.unit)
    goes_on = speech is not None and speech.goes_on
    speaks = speech is not None and speech.has_words
    is_item = candidate.unit.role == "item" and bool(candidate.unit.leans_on)
    is_step = is_numbered(candidate.unit, candidate.document.text)
    is_set_off = bool(_SET_OFF.match(text)) and not speaks
    return (
        SUMMARY.figure_weight * min(len(find_quantities(text)), MAX_FIGURES)
        + SUMMARY.word_weight * min(len(text.split()), MAX_WORDS)
        + SUMMARY.set_off_weight * is_set_off
        - SUMMARY.leaning_malus * (is_item or is_step or needs_context(text))
        - SUMMARY.quotation_malus * goes_on
    )
