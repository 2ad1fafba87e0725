"""Metrics of one answered case.

Pure. A metric that does not apply to a case is None, "not scored": never 0 and never NaN. Of a
question that ended in an error only `errors` is scored.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product
from math import log2
from typing import Literal

from eval.cases import Case, is_right, normalise
from eval.key_points import AnswerContent, KeyPoint, content_of, is_made, is_stated
from eval.recording import Recording
from rag.internals import find_quantities
from rag.types import Answer, Citation, Claim, Hit, Passage, Span

Kind = Literal["share", "seconds", "tokens", "count"]
Scores = Mapping[str, float | None]
"""By metric name; None is "not scored"."""
Entails = Callable[[str, Sequence[str]], bool]
"""Whether these quotes together carry this claim."""

STAGES = (
    "rewrite",
    "retrieve",
    "select",
    "load model",
    "judge",
    "compose",
    "check",
    "repair",
    "compare",
)
POINT_METRICS = ("point_recall", "point_recall_stated", "point_precision", "lead_on_point")
MIN_POINTS = 0.5  # of the key points, for an answer to be right where a case has no gold
MAX_COMBINATIONS = 4096  # ways to join alternatives of several facts that are tried
_MARKER = re.compile(r"\[(\d{1,4})\]")


@dataclass(frozen=True, slots=True)
class Metric:
    """`better` is None where a value is only told. A `deterministic` one has no clock in it, so
    that the gate may hold a run to it. Of an `invariant` a single case below the best value is an
    error."""

    label: str  # for people: "evidence recall@5"
    kind: Kind
    better: Literal["higher", "lower"] | None
    deterministic: bool = True
    invariant: bool = False


def stage_metric(stage: str) -> str:
    """The metric of a stage of `Answer.timings`."""
    return f"seconds_{stage.replace(' ', '_')}"


METRICS: Mapping[str, Metric] = {
    "answer_right": Metric("answerable: right", "share", "higher"),
    "answers_question": Metric("answers that answer the question", "share", "higher"),
    "yes_wrong": Metric("answers marked as answering that do not", "share", "lower"),
    "token_f1": Metric("token F1 with the gold answer", "share", "higher"),
    "point_recall": Metric("key points made", "share", "higher"),
    "point_recall_stated": Metric("key points said in the answer's words", "share", "higher"),
    "point_precision": Metric("sentences that make a key point", "share", "higher"),
    "lead_on_point": Metric("first sentence makes a key point", "share", "higher"),
    "answered": Metric("answerable: answered", "share", "higher"),
    "declined_rightly": Metric("unanswerable: declined", "share", "higher"),
    "declined_falsely": Metric("answerable: declined", "share", "lower"),
    "errors": Metric("errors", "share", "lower"),
    "recall_at_1": Metric("evidence recall@1", "share", "higher"),
    "recall_at_5": Metric("evidence recall@5", "share", "higher"),
    "recall_at_10": Metric("evidence recall@10", "share", "higher"),
    "mrr": Metric("reciprocal rank of the evidence", "share", "higher"),
    "ndcg_at_10": Metric("evidence nDCG@10", "share", "higher"),
    "evidence_selected": Metric("evidence shown to the model", "share", "higher"),
    "quotes_exact": Metric("answers with every quote exact", "share", "higher", invariant=True),
    "dead_markers": Metric("markers that lead nowhere", "count", "lower", invariant=True),
    "dropped_markers": Metric("markers out of range, dropped", "count", "lower"),
    "citation_recall": Metric("citation recall (ALCE)", "share", "higher"),
    "citation_precision": Metric("citation precision (ALCE)", "share", "higher"),
    "gold_citation_recall": Metric("gold evidence cited", "share", "higher"),
    "gold_citation_precision": Metric("citations on gold evidence", "share", "higher"),
    "claims_supported": Metric("sentences supported", "share", "higher"),
    "claims_partial": Metric("sentences partly supported", "share", None),
    "claims_unsupported": Metric("sentences not supported", "share", "lower"),
    "ticks_wrong": Metric("ticks at sentences that their quotes do not carry", "share", "lower"),
    "numbers_cited": Metric("numbers that stand in the quotes", "share", "higher"),
    "answer_words": Metric("words an answer", "count", None),
    "prompt_tokens": Metric("tokens read", "tokens", None),
    "completion_tokens": Metric("tokens written", "tokens", None),
    "seconds": Metric("time a question", "seconds", "lower", deterministic=False),
    **{
        stage_metric(stage): Metric(f"time to {stage}", "seconds", "lower", deterministic=False)
        for stage in STAGES
    },
}
"""By name as in results.jsonl, in the order shown."""


def score_case(case: Case, observed: Recording, entails: Entails) -> dict[str, float | None]:
    """Every metric of `METRICS` for one case, in that order."""
    answer, found = observed.answer, dict[str, float | None](errors=1.0)
    if answer:
        found = {
            "errors": 0.0,
            **_outcome(case, answer),
            **retrieval_scores(case.evidence, observed.hits),
            "evidence_selected": share_covered(case.evidence, _spans(observed.passages)),
            **_costs(observed, answer),
        }
        if answer.claims:
            found |= _answering(case, answer)
        if answer.status == "answered":
            found |= _citing(case, observed, answer, entails) | _grounding(answer)
    return {name: found.get(name) for name in METRICS}


# --- answers and declines ---------------------------------------------------------------------


def _outcome(case: Case, answer: Answer) -> dict[str, float | None]:
    declined = float(answer.status == "declined")
    if not case.answerable:
        return {"declined_rightly": declined}
    return {
        "answer_right": float(_is_right(case, answer)),
        **point_scores(case, answer),
        "token_f1": token_f1(case, answer.text),
        "answered": 1.0 - declined,
        "declined_falsely": declined,
    }


def _is_right(case: Case, answer: Answer) -> bool:
    """By the gold of the case, or, where it has none, by at least half of its key points."""
    if case.groups:
        return is_right(case, answer.text)
    return (point_scores(case, answer)["point_recall"] or 0.0) >= MIN_POINTS


def point_scores(case: Case, answer: Answer) -> dict[str, float | None]:
    """Recall and precision over key points, as nuggets are scored (Voorhees 2003; recall of claims
    in ALCE, Gao et al. 2023). All None where the case has no required point.

    Recall is the share of the required points that the answer makes by citing or stating them, and
    `point_recall_stated` that of those it states. Precision is the share of its sentences that
    make a point, required or not; of a summary, every sentence from the article of a point does.
    `lead_on_point` is 1 where the first sentence makes one. It cannot see a true sentence that the
    drafter or reviewer did not think of.
    """
    if not case.required:
        return dict.fromkeys(POINT_METRICS)
    content = content_of(answer)
    claims = answer.claims if answer.status == "answered" else ()
    on_point = [float(_makes_point(case, claim)) for claim in claims]
    return {
        "point_recall": _mean(float(is_made(point, content)) for point in case.required),
        "point_recall_stated": _mean(
            float(is_stated(point, content.sentences)) for point in case.required
        ),
        "point_precision": _mean(on_point),
        "lead_on_point": on_point[0] if on_point else None,
    }


def _makes_point(case: Case, claim: Claim) -> bool:
    cited = tuple(citation.span for citation in claim.citations)
    content = AnswerContent(cited, (claim.text,))
    return any(_is_of(point, case, content) for point in case.points)


def _is_of(point: KeyPoint, case: Case, content: AnswerContent) -> bool:
    places = [quote.span for quote in point.quotes]
    if "summary" in case.tags:
        documents = {span.document_id for span in places}
        return any(span.document_id in documents for span in content.cited)
    touches = any(span.overlaps(place) for span in content.cited for place in places)
    return touches or is_stated(point, content.sentences)


def _answering(case: Case, answer: Answer) -> dict[str, float | None]:
    """`answers_question`: 1 where the first sentence of an answer says something of what is asked,
    0.5 where only a later one does, else 0, as for a question that the articles do not answer.
    `yes_wrong` is 1 where that is 0 and yet the answer is marked as answering the question."""
    on_point = [_is_on_point(case, claim) for claim in answer.claims]
    value = 1.0 if on_point[:1] == [True] else 0.5 * any(on_point)
    return {
        "answers_question": value,
        "yes_wrong": float(value == 0 and answer.answers == "yes"),
    }


def _is_on_point(case: Case, claim: Claim) -> bool:
    """True where a sentence makes a key point or holds a gold answer of one fact asked for."""
    facts = (replace(case, gold=group, all=()) for group in case.groups)
    return _makes_point(case, claim) or any(is_right(fact, claim.text) for fact in facts)


def token_f1(case: Case, answer_text: str) -> float | None:
    """The best F1 of shared tokens with a gold answer, 0..1, as in SQuAD (Rajpurkar et al. 2016);
    where several facts are asked for, with one alternative of each joined. None without gold."""
    answer_tokens = Counter(normalise(answer_text).split())
    golds = (" ".join(joined) for joined in islice(product(*case.groups), MAX_COMBINATIONS))
    found = (
        [_f1(Counter(normalise(gold).split()), answer_tokens) for gold in golds]
        if case.groups
        else []
    )
    return max(found, default=None)


def _f1(gold: Counter[str], answer_tokens: Counter[str]) -> float:
    shared = (gold & answer_tokens).total()
    return 2 * shared / (gold.total() + answer_tokens.total()) if shared else 0.0


# --- retrieval --------------------------------------------------------------------------------


def retrieval_scores(evidence: Sequence[Span], hits: Sequence[Hit]) -> dict[str, float | None]:
    """Recall at 1, 5 and 10, MRR and nDCG at 10 of `hits`, best first; a hit is relevant where it
    overlaps a gold span of `evidence`. All None without evidence."""
    spans = [hit.chunk.span for hit in hits]
    ranks = [_rank(gold, spans) for gold in evidence]
    found = [rank for rank in ranks if rank]
    return {
        "recall_at_1": share_covered(evidence, spans[:1]),
        "recall_at_5": share_covered(evidence, spans[:5]),
        "recall_at_10": share_covered(evidence, spans[:10]),
        "mrr": (1 / min(found) if found else 0.0) if evidence else None,
        "ndcg_at_10": _ndcg(ranks, 10),
    }


def share_covered(evidence: Sequence[Span], spans: Sequence[Span]) -> float | None:
    """Share of the gold spans that one of `spans` overlaps; None without gold."""
    if not evidence:
        return None
    return sum(any(gold.overlaps(span) for span in spans) for gold in evidence) / len(evidence)


def _rank(gold: Span, spans: Sequence[Span]) -> int | None:
    """From 1: the first of `spans` that overlaps `gold`."""
    return next((rank for rank, span in enumerate(spans, 1) if gold.overlaps(span)), None)


def _ndcg(ranks: Sequence[int | None], k: int) -> float | None:
    """nDCG (Järvelin and Kekäläinen 2002) with the gold spans as what is to be gained: each counts
    once, at the rank that found it. At best they come one after the other from the first rank;
    a hit that holds several can beat that, and 1 is the most."""
    if not ranks:
        return None
    gained = sum(1 / log2(1 + rank) for rank in ranks if rank and rank <= k)
    ideal = sum(1 / log2(1 + rank) for rank in range(1, min(len(ranks), k) + 1))
    return min(1.0, gained / ideal)


# --- citations --------------------------------------------------------------------------------


def _citing(
    case: Case, observed: Recording, answer: Answer, entails: Entails
) -> dict[str, float | None]:
    citations = _citations(answer)
    spans = [citation.span for citation in citations]
    judged = [alce_scores(claim, entails) for claim in answer.claims]
    on_gold = [float(any(span.overlaps(gold) for gold in case.evidence)) for span in spans]
    return {
        "quotes_exact": float(not observed.inexact_citations) if citations else None,
        "dead_markers": float(dead_markers(answer)),
        "dropped_markers": float(answer.dropped_markers),
        "citation_recall": _mean(recall for recall, _ in judged),
        "citation_precision": _mean(each for _, precise in judged for each in precise),
        "ticks_wrong": _mean(
            1.0 - recall
            for claim, (recall, _) in zip(answer.claims, judged, strict=True)
            if claim.support == "supported"
        ),
        "numbers_cited": numbers_cited(answer.claims),
        "gold_citation_recall": share_covered(case.evidence, spans),
        "gold_citation_precision": _mean(on_gold) if case.evidence else None,
    }


def numbers_cited(claims: Sequence[Claim]) -> float | None:
    """The share of the numbers of all claims that stand in the quotes of their claim; None without
    a number. It asks nothing of the program's own checks, so that it notices when they fail."""
    found = [
        number in {each.value for quote in claim.citations for each in find_quantities(quote.quote)}
        for claim in claims
        for number in {each.value for each in find_quantities(claim.text)}
    ]
    return _mean(map(float, found))


def alce_scores(claim: Claim, entails: Entails) -> tuple[float, list[float]]:
    """The citation recall of a claim, and the precision of each of its citations, as ALCE defines
    them (Gao et al. 2023, "Enabling Large Language Models to Generate Text with Citations").

    Recall is 1 if the citations together entail the claim. A citation is precise if they do, and
    it alone entails the claim, or without it the others no longer do.
    """
    quotes = [citation.quote for citation in claim.citations]
    if not quotes or not entails(claim.text, quotes):
        return 0.0, [0.0] * len(quotes)
    return 1.0, [float(_is_relevant(claim.text, quotes, n, entails)) for n in range(len(quotes))]


def _is_relevant(claim: str, quotes: Sequence[str], number: int, entails: Entails) -> bool:
    rest = [*quotes[:number], *quotes[number + 1 :]]
    # One alone is all there is, and all together entail the claim.
    return not rest or entails(claim, [quotes[number]]) or not entails(claim, rest)


def dead_markers(answer: Answer) -> int:
    """How many markers stand in the answer's text that lead to no citation, or to one that does
    not lie in the passage of that number."""
    passages = {passage.number: passage.span for passage in answer.passages}
    live = {
        citation.number
        for citation in _citations(answer)
        if citation.number in passages and passages[citation.number].contains(citation.span)
    }
    return sum(int(number) not in live for number in _MARKER.findall(answer.text))


def _citations(answer: Answer) -> list[Citation]:
    return [citation for claim in answer.claims for citation in claim.citations]


def _spans(passages: Iterable[Passage]) -> list[Span]:
    return [passage.span for passage in passages]


# --- grounding, time and tokens ---------------------------------------------------------------


def _grounding(answer: Answer) -> dict[str, float | None]:
    supports = [claim.support for claim in answer.claims]
    return {
        **{
            f"claims_{support}": _mean(float(each == support) for each in supports)
            for support in ("supported", "partial", "unsupported")
        },
        "answer_words": float(sum(len(claim.text.split()) for claim in answer.claims)),
    }


def _costs(observed: Recording, answer: Answer) -> dict[str, float | None]:
    usage = answer.usage
    counted = bool(usage.prompt_tokens or usage.completion_tokens or not observed.model_calls)
    return {  # a server that counts nothing is no server that reads nothing
        "prompt_tokens": float(usage.prompt_tokens) if counted else None,
        "completion_tokens": float(usage.completion_tokens) if counted else None,
        "seconds": observed.seconds,
        **{stage_metric(stage): passed for stage, passed in answer.timings.items()},
    }


def _mean(values: Iterable[float]) -> float | None:
    known = list(values)
    return sum(known) / len(known) if known else None
