"""Answers to the golden questions with one thing spoilt, which must not pass as supported.

The right answers are the sentences of the seed articles that hold the evidence of the golden
questions, each cited to itself. A corruption spoils the claim or its citation; why the claim is
then unsupported by what it cites:

- number changed, name changed, negated: as in `mutations`;
- citation shifted: cited to the sentence before or after, that is no evidence of the question;
- citation to another article: cited to the sentence of the other article that resembles it least;
- answer to another question: cited to the evidence of this one;
- sentence invented: an appended sentence that neither article states, cited like the one before;
- merged facts: the subject of one sentence with the predicate of another, cited to both, where the
  subjects are nouns that share no word.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.cases import Case, load_cases
from eval.scorer.mutations import names, numbers, wording
from eval.scorer.mutations.generate import AROUND_CHARS, Check, Rate, count_rates
from eval.scorer.mutations.replacements import MutationContext, Replacements
from rag import split_sentences
from rag.assistant import SEEDS
from rag.internals import content_stems
from rag.types import Answer, Citation, Claim, Passage, Span, Support

RIGHT = "right answers"  # not corrupted: caught, they are false alarms
GOLDEN = Path(__file__).parents[1] / "cases" / "seeds.jsonl"

_Change = Callable[[str, MutationContext, random.Random], Replacements]
_CHANGED: dict[str, _Change] = {
    "number changed": numbers.change_number,
    "name changed": names.change_name,
    "negated": wording.add_negation,
}
_INVENTED = (
    "{name} resigned over the affair on Sunday.",
    "{name} is to pay a fine of $40 million.",
    "A court in Geneva has since ruled against {name}.",
    "According to {name}, the farms had been sold to a bank.",
)
_SUBJECT = re.compile(
    r"^(?!But|And|That|It\b)(?P<subject>[^,“”]{3,60}?) "
    r"(?P<predicate>(?:has|have|is|are|was|were|had|may|could|will|imposed|blames|insists|emerged)\b.+)$"
)


@dataclass(frozen=True, slots=True)
class CorruptedAnswer:
    """An answer whose claim at `index` is not supported by what it cites."""

    kind: str
    answer: Answer
    index: int


def seed_articles() -> dict[str, str]:
    """The seed articles by document id."""
    return {path.name: path.read_text("utf-8").strip() for path in sorted(SEEDS.glob("*.txt"))}


def right_answers(cases: Sequence[Case], articles: dict[str, str]) -> list[tuple[Case, Answer]]:
    """An answer to each answerable case: the sentences that hold its evidence, each cited to
    itself in an article that is passage 1."""
    found = []
    for case in cases:
        spans = [span for e in case.evidence for span in _sentences_of(e, articles)]
        if spans:
            claims = tuple(_claim(span, articles) for span in dict.fromkeys(spans))
            found.append((case, _answer(case.question, claims, articles)))
    return found


def _sentences_of(evidence: Span, articles: dict[str, str]) -> list[Span]:
    id = evidence.document_id
    return [s for s in _sentences(id, articles) if s.overlaps(evidence)]


def _sentences(id: str, articles: dict[str, str]) -> list[Span]:
    return [Span(id, start, end) for start, end in split_sentences(articles[id])]


def _claim(span: Span, articles: dict[str, str]) -> Claim:
    quote = articles[span.document_id][span.start : span.end]
    return Claim(quote, (Citation(_number(span.document_id, articles), span, quote),), "supported")


def _number(id: str, articles: dict[str, str]) -> int:
    return list(articles).index(id) + 1


def _answer(question: str, claims: tuple[Claim, ...], articles: dict[str, str]) -> Answer:
    passages = tuple(
        Passage(_number(id, articles), Span(id, 0, len(text)), text, id, id, 1.0)
        for id, text in articles.items()
    )
    text = " ".join(claim.marked() for claim in claims)
    return Answer(question, text, claims, passages, "answered", None, "corrupted")


# --- corruptions ------------------------------------------------------------------------------


def corrupt(
    answers: Sequence[tuple[Case, Answer]], articles: dict[str, str], seed: int = 0
) -> Iterator[CorruptedAnswer]:
    """Each way to spoil the first claim of each of `answers`, where it can be spoilt so."""
    for number, (case, answer) in enumerate(answers):
        chance = random.Random(f"{seed} {number}")  # noqa: S311
        other = chance.choice(answers)[1].claims[0]
        spoilt = [
            *_changed(answer.claims[0], articles, chance),
            *_recited(case, answer.claims[0], articles),
            *_exchanged(case, answer.claims[0], other),
        ]
        for kind, claim in spoilt:
            claims = (claim, *answer.claims[1:])
            yield CorruptedAnswer(kind, _answer(answer.question, claims, articles), 0)
        invented = _invented(answer.claims[-1], articles, chance)
        claims = (*answer.claims, invented)
        wrong = _answer(answer.question, claims, articles)
        yield CorruptedAnswer("sentence invented", wrong, len(answer.claims))


def _changed(
    claim: Claim, articles: dict[str, str], chance: random.Random
) -> Iterator[tuple[str, Claim]]:
    around = articles[claim.citations[0].span.document_id]
    strange = next(text for text in articles.values() if text != around)
    named, elsewhere = names.names_of(around), names.names_of(strange)
    context = MutationContext(named + elsewhere, elsewhere, (), around)
    for kind, change in _CHANGED.items():
        found = [c for c in change(claim.text, context, chance) if c.new not in claim.text]
        if found:
            start, end, new = chance.choice(found)
            text = claim.text[:start] + new + claim.text[end:]
            yield kind, Claim(text, claim.citations, "supported")


def _recited(case: Case, claim: Claim, articles: dict[str, str]) -> Iterator[tuple[str, Claim]]:
    """The claim under other citations, none of them evidence of the case."""
    span = claim.citations[0].span
    own = _sentences(span.document_id, articles)
    place = own.index(span)
    beside = [own[i] for i in (place + 1, place - 1) if 0 <= i < len(own)]
    free = [s for s in beside if not any(s.overlaps(e) for e in case.evidence)]
    if free:
        yield "citation shifted", _cited(claim, free[0], articles)
    words = set(content_stems(claim.text))
    strange = [s for id in articles if id != span.document_id for s in _sentences(id, articles)]
    least = min(strange, key=lambda s: len(words & set(content_stems(_text(s, articles)))))
    yield "citation to another article", _cited(claim, least, articles)


def _text(span: Span, articles: dict[str, str]) -> str:
    return articles[span.document_id][span.start : span.end]


def _cited(claim: Claim, span: Span, articles: dict[str, str]) -> Claim:
    return Claim(claim.text, _claim(span, articles).citations, "supported")


def _exchanged(case: Case, claim: Claim, other: Claim) -> Iterator[tuple[str, Claim]]:
    """The other's text, or its predicate, for the claim's own."""
    if any(c.span.overlaps(e) for c in other.citations for e in case.evidence):
        return
    yield "answer to another question", Claim(other.text, claim.citations, "supported")
    ours, theirs = _SUBJECT.match(claim.text), _SUBJECT.match(other.text)
    if not (ours and theirs):
        return
    subject, replaced = _words(ours["subject"]), _words(theirs["subject"])
    if subject and replaced and not subject & replaced:
        text = f"{ours['subject']} {theirs['predicate']}"
        yield "merged facts", Claim(text, claim.citations + other.citations, "supported")


def _words(text: str) -> set[str]:
    return set(content_stems(text))


def _invented(claim: Claim, articles: dict[str, str], chance: random.Random) -> Claim:
    named = names.names_of(articles[claim.citations[0].span.document_id])
    text = chance.choice(_INVENTED).format(name=chance.choice(named))
    return Claim(text, claim.citations, "supported")


# --- detection --------------------------------------------------------------------------------


def detection_rates(check: Check, seed: int = 0) -> dict[str, Rate]:
    """How many corrupted answers of each kind have a claim that `check` does not call "supported"
    by what it cites, which is also where ALCE's citation recall falls. "right answers" is the row
    of the answers as they were: there, each one caught is a false alarm."""
    articles = seed_articles()
    answers = right_answers(load_cases(GOLDEN, articles.__getitem__), articles)
    right = [CorruptedAnswer(RIGHT, answer, 0) for _, answer in answers]
    bad = [*right, *corrupt(answers, articles, seed)]
    return count_rates((each.kind, _support(check, each, articles)) for each in bad)


def _support(check: Check, corrupted: CorruptedAnswer, articles: dict[str, str]) -> Support:
    claim = corrupted.answer.claims[corrupted.index]
    span = claim.citations[0].span
    near = slice(max(0, span.start - AROUND_CHARS), span.end + AROUND_CHARS)
    quotes = [citation.quote for citation in claim.citations]
    return check(claim.text, quotes, articles[span.document_id][near]).support
