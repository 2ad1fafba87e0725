"""Summaries of documents: what matters most in each, quoted, in its order, without a model."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace

from rag.answering.draft import AnswerDraft
from rag.answering.points import PointGroup, Points, cite_points
from rag.query.requested_length import RequestedLength
from rag.query.validation import topic_words
from rag.retrieval.diversity import choose_diverse
from rag.retrieval.unit_ranking import (
    Candidate,
    Evidence,
    in_document_order,
    rank_for_summary,
    rarity_of,
    units_of_document,
)
from rag.store.documents import Library
from rag.text.fingerprint import fingerprint
from rag.text.sentences import is_question
from rag.text.tokens import content_keys
from rag.text.units import Unit
from rag.thresholds import SUMMARY
from rag.types import Document, Embedder, Hit


def summarize(
    draft: AnswerDraft,
    library: Library,
    embedder: Embedder,
    document_ids: Sequence[str],
    detail: int = 1,
    about: str = "",
    length: RequestedLength | None = None,
) -> AnswerDraft:
    """The draft with points of these documents: a group for each, below its title where there are
    several; of many documents, one point each of the newest, below how many these are. `length`
    says how many points are wanted, `detail` multiplies them. Of a document with sections on the
    topic that it is `about`, the points are from those.

    Passages are numbered in the order in which they are cited. Raises `NoSuchDocument`,
    `LibraryError`, and what the embedder raises.
    """
    shown, some = newest(library, document_ids)
    shares = _points_of_each(len(shown), length)
    groups = []
    for id, points in zip(shown, shares, strict=True):
        if not points:
            continue
        document = library.document(id)
        heading = some or (document.title if len(shown) > 1 else "")
        chosen = key_points(document, embedder, detail * points, about)
        groups.append(PointGroup(heading, tuple(in_document_order(chosen))))
    passages, claims = cite_points(Points(tuple(groups)))
    return replace(draft, passages=passages, claims=claims)


def _points_of_each(documents: int, length: RequestedLength | None) -> list[int]:
    """How many points each of so many documents has; the first ones have one more where a length
    that is wanted of all cannot be shared out evenly."""
    if length is None:
        points = SUMMARY.max_points if documents == 1 else 3 if documents <= 3 else 1
        return [points] * documents
    if length.of_each:
        return [length.points] * documents
    each, more = divmod(length.points, max(1, documents))
    return [each + (place < more) for place in range(documents)]


def newest(library: Library, document_ids: Sequence[str]) -> tuple[Sequence[str], str]:
    """The ids, and ""; of many documents those of the newest, and how many of how many these
    are. Raises `LibraryError`."""
    most = SUMMARY.max_documents
    if len(document_ids) <= most:
        return document_ids, ""
    published = library.published()
    by_day = sorted(document_ids, key=lambda id: published.get(id, ""), reverse=True)
    return by_day[:most], f"{most} of {len(document_ids):,} articles"


def documents_of_topic(hits: Sequence[Hit]) -> list[str]:
    """The documents that a topic is about: that of the best hit, and a few about as good."""
    least = SUMMARY.min_topic_share * hits[0].score if hits else 0.0
    near = (hit.chunk.span.document_id for hit in hits if hit.score >= least)
    return list(dict.fromkeys(near))[: SUMMARY.max_topic_documents]


def key_points(
    document: Document, embedder: Embedder, limit: int, about: str = ""
) -> list[Evidence]:
    """Units from all over a document that say what matters in it and differ, the best first; at
    most `limit`, and fewer of a short one. The title as a sentence of the text is none, unless
    there is no other."""
    title = fingerprint(document.title)
    units = units_of_document(document, SUMMARY.max_document_units)
    if limit == 1:
        units = units[: SUMMARY.line_units]
    below = [each for each in units if not title or not fingerprint(each.text).endswith(title)]
    units = below or units
    part = _on_topic(units, document, about)
    ranked = rank_for_summary(part, embedder)
    if len(part) == len(units):  # of a part, all that there is room for is wanted
        limit = min(limit, max(3, len(ranked) // SUMMARY.units_per_point))
    return choose_diverse(
        ranked,
        limit,
        SUMMARY.relevance_weight,
        SUMMARY.same_section_malus,
        SUMMARY.near_malus,
    )


def _on_topic(units: Sequence[Candidate], document: Document, about: str) -> Sequence[Candidate]:
    """The units of the part of a document that is `about` a topic: of the sections whose heading,
    or the question that they answer, has a word of it that the title has not, else of the
    paragraphs that have most of those that its opening has not. All of them where there are no two
    such units, and where other sections speak of it as much: the whole document is about it
    then."""
    wanted = content_keys(topic_words(about)) - content_keys(document.title)
    if not wanted or not units:
        return units
    found = [each for each in units if wanted & content_keys(_above(each.unit))]
    named = wanted & {key for each in found for key in content_keys(_above(each.unit))}
    speak = [each for each in units if named & content_keys(each.text)]
    elsewhere = [each for each in speak if each not in found]
    if len(found) > 1 and 2 * len(elsewhere) <= len(speak):
        return found
    opening = [each.unit.end for each in units if each.paragraph == units[0].paragraph]
    return _paragraphs_with(wanted - content_keys(document.text[: opening[-1]]), units)


def _paragraphs_with(wanted: Set[str], units: Sequence[Candidate]) -> Sequence[Candidate]:
    """The units of the paragraphs that have about as much as the best of the words that are
    wanted, rare ones counting more; all of them where none has several, or half of that, or most
    have. One word names the document rather than a part of it: "the stove guide"."""
    words: dict[int, set[str]] = {}
    for each in units:
        words.setdefault(each.unit.paragraph, set()).update(content_keys(each.text))
    rarity = rarity_of(wanted, list(words.values()))
    shares = {n: sum(rarity[word] for word in wanted & own) for n, own in words.items()}
    if max(len(wanted & own) for own in words.values()) < SUMMARY.min_topic_word_count:
        return units
    least = max(SUMMARY.min_topic_words, SUMMARY.close_to_best_paragraph * max(shares.values()))
    found = [each for each in units if shares[each.unit.paragraph] >= least]
    return found if 1 < len(found) <= len(units) / 2 else units


def _above(unit: Unit) -> str:
    asked = [unit.leans_on] if is_question(unit.leans_on) else []
    return " ".join([*unit.headings, *asked])
