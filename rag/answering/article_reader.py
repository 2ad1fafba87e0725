"""An answer from a whole article, or from the parts of a long one that are most relevant.

A small model that reads one passage at a time says of many reworded questions that the passage does
not answer. Of an article as a whole it knows more, and what it writes then is checked against each
of the article's units. The article stands at the beginning of the prompt, so that a server keeps
it for the next question.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace

from rag.answering.acceptance import (
    has_what_was_asked,
    is_acceptable,
    without_wrong_yes,
)
from rag.answering.article_chance import ArticleWeights
from rag.answering.attempts import Attempt, without_outdated
from rag.answering.bounds import check_with_bounds
from rag.answering.draft import Step, timed_call
from rag.answering.model_requests import (
    answer_article,
    ask_if_answered,
    ask_if_article_answers,
    ask_if_article_states,
)
from rag.checking.checker import Checker
from rag.checking.citations import (
    CandidateSentence,
    DraftSentence,
    candidate_sentences,
    find_passage,
    parse_reply,
)
from rag.checking.question_match import adds_information
from rag.checking.verdict import coverage, quote_as_claim
from rag.query.plan import QueryPlan
from rag.retrieval.unit_ranking import Candidate
from rag.store.documents import Library
from rag.text.dates import TimeRange
from rag.text.machine_orders import is_order
from rag.text.quantities import find_quantities, same_amount
from rag.text.sentences import find_pronouns, needs_context
from rag.text.tokens import estimate_tokens
from rag.text.units import Unit, parse_units
from rag.thresholds import ARTICLE, CHECKING
from rag.types import ChatModel, Claim, Document, Passage

UNREAD_ROLES = frozenset(["instruction", "disguised", "unseen"])
"""Of units that no model is shown."""


@dataclass(frozen=True, slots=True)
class ArticleReading:
    """What a model says of an article."""

    p_stated: float = 0.0
    """The probability, 0..1, of the model that it does not reply that the article does not
    answer."""
    p_confirmed: float = 0.0
    """That of "yes" to whether the article states its reply."""
    p_answered: float = 0.0
    """That of "yes" to whether what is cited states the answer."""
    chance: float = 0.0
    """That the claims answer, 0..1, by these three."""
    claims: tuple[Claim, ...] = ()
    """The sentences of its reply that the article supports, else the sentences of the article that
    have its answer; none where these are not likely to answer."""
    passages: tuple[Passage, ...] = ()
    """Those that were there, and behind them what is cited beside them; without claims first what
    the reply was likely taken from."""


@dataclass(frozen=True, slots=True)
class ArticleReader:
    """Answers questions from whole articles of one library."""

    library: Library
    checker: Checker
    weights: ArticleWeights

    def read(
        self,
        plan: QueryPlan,
        passages: Sequence[Passage],
        time_range: TimeRange | None,
        model: ChatModel,
        min_chance: float = ARTICLE.min_chance,
    ) -> Generator[Step, None, ArticleReading]:
        """The first reading of the articles of the best passages that has claims; else the first.
        What is too old for the time asked about is not read, and nothing is claimed that answers
        with a chance, 0..1, below `min_chance`. Raises `LibraryError` and what `ChatModel.stream`
        does."""
        readings: list[ArticleReading] = []
        for id in _documents_to_read(without_outdated(passages, time_range)):
            document = self.library.document(id)
            reading = yield from self._read_one(plan, document, passages, model, min_chance)
            if reading.claims:
                return reading
            readings.append(reading)
        return readings[0] if readings else ArticleReading(passages=tuple(passages))

    def _read_one(
        self,
        plan: QueryPlan,
        document: Document,
        passages: Sequence[Passage],
        model: ChatModel,
        min_chance: float,
    ) -> Generator[Step, None, ArticleReading]:
        """What the model says of one document."""
        question = plan.standalone
        units = units_to_read(document, passages)
        text = article_text(document, units)
        stated = yield from timed_call(
            "judge", lambda: ask_if_article_answers(question, text, model)
        )
        yield stated
        written = yield from timed_call("compose", lambda: answer_article(question, text, model))
        yield written
        reply = without_wrong_yes(question, written.reply)
        confirmed = yield from timed_call(
            "judge", lambda: ask_if_article_states(question, text, written.reply, model)
        )
        yield confirmed
        p_confirmed = confirmed.probability or 0.0
        own = _numbered(document, units, passages)
        candidates = candidate_sentences(own)
        nearest = _nearest(question, reply, candidates, own, passages)
        claims = self._claims(question, reply, candidates, own, p_confirmed)
        text_of_claims = " ".join(each.text for each in claims)
        is_answer = adds_information(question, text_of_claims) and has_what_was_asked(
            question, text_of_claims
        )
        if not claims or not is_answer:
            return nearest
        cited = {each.number for claim in claims for each in claim.citations}
        shown = [each for each in own if each.number in cited]
        answered = yield from timed_call("judge", lambda: ask_if_answered(question, shown, model))
        yield answered
        p_stated, p_answered = stated.probability or 0.0, answered.probability or 0.0
        chance = self.weights.chance(p_stated, p_confirmed, p_answered)
        is_quoted = all(claim.origin == "closest" for claim in claims)
        if chance < min_chance * (ARTICLE.quoted_factor if is_quoted else 1):
            return nearest
        reading = ArticleReading(
            p_stated, p_confirmed, p_answered, chance, passages=tuple(passages)
        )
        return _with_claims(reading, claims, own)

    def _claims(
        self,
        question: str,
        reply: str,
        candidates: Sequence[CandidateSentence],
        own: Sequence[Passage],
        p_confirmed: float,
    ) -> list[Claim]:
        """The sentences of a reply that stand, and what is quoted in place of the others."""
        attempt = Attempt(own, 1.0 if p_confirmed >= ARTICLE.sure_p_confirmed else 0.0)
        context = " ".join(each.text for each in own)
        claims: list[Claim] = []
        for sentence in parse_reply(reply, 0)[0]:
            readings = list(self._readings(question, sentence, candidates))
            standing = (
                claim
                for claim in readings
                if claim.support != "unsupported" and claim.citations
                if is_acceptable(question, claim, context, attempt)
            )
            if claim := next(standing, None):
                claims.append(replace(claim, origin="model"))
            elif not any(map(_joins_sentences, readings)):
                claims += self._quoted(question, sentence.text, candidates)
        return _each_place_once(claims)

    def _readings(
        self, question: str, sentence: DraftSentence, candidates: Sequence[CandidateSentence]
    ) -> Iterator[Claim]:
        """A sentence as a claim: cited as any, and from what has most of its answer."""
        yield check_with_bounds(self.checker, sentence, candidates)
        found, _ = find_passage(sentence.text, question, candidates)
        citations = tuple(each.citation for each in found)
        verdict = self.checker.check_against(sentence.text, [each.span for each in citations])
        claim = Claim(
            sentence.text,
            citations,
            verdict.support,
            verdict.reasons,
            score=round(verdict.score, 3),
        )
        yield replace(claim, support="unsupported") if _joins_sentences(claim) else claim

    def _quoted(
        self, question: str, sentence: str, candidates: Sequence[CandidateSentence]
    ) -> list[Claim]:
        """The sentences of the article that have what a sentence of a reply says which does not
        stand; none where a number or a name of it, which is not that of the question, is of
        something else."""
        found, share = find_passage(sentence, question, candidates)
        if not found or share < ARTICLE.min_share_quoted:
            return []
        said = without_numbers_of(question, sentence)
        verdict = self.checker.check_against(said, [each.citation.span for each in found])
        if verdict.score <= CHECKING.max_score_against_rules:
            return []
        return [quote_as_claim(each.citation) for each in found]


def without_numbers_of(question: str, sentence: str) -> str:
    """A sentence without the numbers that it takes from the question."""
    asked = {each.text for each in find_quantities(question)}
    for each in reversed(find_quantities(sentence)):
        if each.text in asked:
            sentence = sentence[: each.start] + sentence[each.end :]
    return sentence


def _joins_sentences(claim: Claim) -> bool:
    """True of a claim that has words, or a number, from beside the sentence that carries it, where
    one of what it cites does not refer to those before it: what joins them is the model's own."""
    quotes = [citation.quote for citation in claim.citations]
    if all(needs_context(each) or find_pronouns(each) for each in quotes[1:]):
        return False
    carrier = max(quotes, key=lambda quote: coverage(claim.text, [quote]))
    carried, least = coverage(claim.text, [carrier]), CHECKING.min_supported_coverage
    if carried < least:
        return coverage(claim.text, quotes) - carried >= 1 - least
    numbers = find_quantities(carrier)
    return not all(
        any(same_amount(each, other) for other in numbers) for each in find_quantities(claim.text)
    )


def _each_place_once(claims: Sequence[Claim]) -> list[Claim]:
    """The claims but quotations of what another one cites."""
    kept: list[Claim] = []
    for claim in claims:
        others = [each for each in claims if each.origin == "model"] + kept
        cited = [citation.span for each in others for citation in each.citations]
        own = [citation.span for citation in claim.citations]
        if claim.origin == "model" or not any(a.overlaps(b) for a in own for b in cited):
            kept.append(claim)
    return kept


def _documents_to_read(passages: Sequence[Passage]) -> list[str]:
    """Of the best passage, and the next that is nearly as relevant."""
    scores: dict[str, float] = {}
    for each in passages:
        id = each.span.document_id
        scores[id] = max(each.score, scores.get(id, 0.0))
    best_first = sorted(scores, key=lambda id: -scores[id])
    near = [id for id in best_first if scores[id] >= ARTICLE.close_to_best * scores[best_first[0]]]
    return near[: ARTICLE.max_articles]


def units_to_read(document: Document, passages: Sequence[Passage]) -> list[Unit]:
    """What a model is shown of a document, in its order: all of it, or, where that is too long, the
    passages with what stands around them, best first."""
    units = [
        unit
        for unit in parse_units(document.text)
        if unit.role not in UNREAD_ROLES and not is_order(unit.text(document.text))
    ]
    costs = [estimate_tokens(unit.text(document.text)) for unit in units]
    if sum(costs) <= ARTICLE.max_tokens:
        return units
    left, chosen = ARTICLE.max_part_tokens, set[int]()
    for each in passages:
        if each.span.document_id != document.id:
            continue
        for place in _places_near(units, each.span.start):
            left -= 0 if place in chosen else costs[place]
            if left < 0:
                return [units[place] for place in sorted(chosen)]
            chosen.add(place)
    return [units[place] for place in sorted(chosen)]


def _places_near(units: Sequence[Unit], start: int) -> list[int]:
    """The numbers of the unit at `start` and of those beside it, nearest first."""
    middle = max(bisect_right(units, start, key=lambda unit: unit.start) - 1, 0)
    first, last = max(middle - ARTICLE.reach, 0), min(middle + ARTICLE.reach, len(units) - 1)
    return sorted(range(first, last + 1), key=lambda place: abs(place - middle))


def article_text(document: Document, units: Sequence[Unit]) -> str:
    """The title and the units as running text, a line for each paragraph, heading, item and row."""
    lines: list[str] = [] if is_order(document.title) else [document.title]
    before: Unit | None = None
    for unit in units:
        text = " ".join(unit.text(document.text).split())
        goes_on = before is not None and before.paragraph == unit.paragraph
        if goes_on and unit.list_number is None and unit.role != "heading":
            lines[-1] += f" {text}"
        elif text != document.title:
            lines.append(text)
        before = unit
    return "\n".join(lines)


def _numbered(
    document: Document, units: Sequence[Unit], passages: Sequence[Passage]
) -> list[Passage]:
    """The units that may be cited as passages: those that are among `passages` as there, the others
    numbered on."""
    known = {each.span: each for each in passages}
    found: list[Passage] = []
    for candidate in (Candidate(document, unit) for unit in units if unit.is_evidence):
        number = len(known) + len(found) + 1
        found.append(
            known.get(candidate.span)
            or Passage(
                number,
                candidate.span,
                candidate.text,
                document.title,
                document.source,
                0.0,
                document.published,
                candidate.as_read(),
            )
        )
    return found


def _nearest(
    question: str,
    reply: str,
    candidates: Sequence[CandidateSentence],
    own: Sequence[Passage],
    passages: Sequence[Passage],
) -> ArticleReading:
    """Without claims, and with the passages that a reply was likely taken from before the others.
    For a person who is told nothing these are worth reading first."""
    found = [find_passage(each.text, question, candidates) for each in parse_reply(reply, 0)[0]]
    run, _ = max(found, key=lambda each: each[1], default=((), 0.0))
    numbers = {each.number for each in run}
    ordered = {each.span: each for each in own if each.number in numbers}
    ordered |= {each.span: each for each in passages if each.span not in ordered}
    numbered = (replace(each, number=n) for n, each in enumerate(ordered.values(), start=1))
    return ArticleReading(passages=tuple(numbered))


def _with_claims(
    reading: ArticleReading, claims: Sequence[Claim], own: Sequence[Passage]
) -> ArticleReading:
    """The reading with claims, and behind its passages those of `own` that they cite, numbered
    without a gap."""
    known = {each.number for each in reading.passages}
    cited = {each.number for claim in claims for each in claim.citations} - known
    added = [each for each in own if each.number in cited]
    first = len(reading.passages) + 1
    numbers = {each.number: number for number, each in enumerate(added, start=first)}
    renumbered = (
        replace(
            claim,
            citations=tuple(
                replace(each, number=numbers.get(each.number, each.number))
                for each in claim.citations
            ),
        )
        for claim in claims
    )
    more = (replace(each, number=numbers[each.number]) for each in added)
    return replace(reading, claims=tuple(renumbered), passages=(*reading.passages, *more))
