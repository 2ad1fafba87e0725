"""Conversations for tests of the exports: answers over the seed articles, with true spans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rag.ingest.readers import read_file
from rag.store.documents import Library
from rag.types import Answer, Chunk, Citation, Claim, Document, Passage, Span, Support
from ui.questions.exchange import Exchange

SEEDS = Path(__file__).parents[1] / "seeds"
RATE = "That was later hiked to 125% for reciprocal duties and a 20% rate just for the fentanyl"
SEIZED = "But enough fentanyl has already been seized so far this year by the feds to kill as many"
PRESSURE = "The U.S. has imposed high tariffs on Chinese goods, including measures aimed at"
ASKED_AT = "2025-05-03T14:05:09Z"


def documents() -> list[Document]:
    """The two seed articles."""
    return [document for path in sorted(SEEDS.glob("*.txt")) for document in read_file(path)]


def put(library: Library, *documents: Document) -> None:
    library.embedder = "none"
    for document in documents:
        library.put(document, [Chunk.of(document, 0, len(document.text))])


def cite(document: Document, beginning: str, number: int = 1) -> Citation:
    """The line of `document` that begins so."""
    start = document.text.index(beginning)
    end = document.text.find("\n", start)
    end = len(document.text) if end < 0 else end
    return Citation(number, Span(document.id, start, end), document.text[start:end])


def claim(
    text: str, *citations: Citation, support: Support = "supported", reasons: Sequence[str] = ()
) -> Claim:
    return Claim(text, citations, support, tuple(reasons), "model", 0.9)


def exchange(
    question: str, claims: Sequence[Claim], sources: Sequence[Document], id: str = "0" * 16
) -> Exchange:
    """A question that was answered with `claims` from `sources`."""
    passages = tuple(
        Passage(number, Span(each.id, 0, len(each.text)), each.text, each.title, each.source, 1.0)
        for number, each in enumerate(sources, 1)
    )
    text = " ".join(claim.text for claim in claims)
    answer = Answer(question, text, tuple(claims), passages, "answered", None, "a small model")
    return Exchange(
        id,
        question,
        "done",
        claims=answer.claims,
        evidence=passages,
        answer=answer,
        digests={each.id: each.digest for each in sources},
        asked_at=ASKED_AT,
    )


def declined(question: str) -> Exchange:
    answer = Answer(question, "", (), (), "declined", "not stated", "a small model")
    return Exchange("d" * 16, question, "done", answer=answer, asked_at=ASKED_AT)


def conversation() -> list[Exchange]:
    """Answers of every kind; the first and second cite the same span."""
    report, summary = documents()
    rate, seized, pressure = cite(report, RATE), cite(report, SEIZED), cite(summary, PRESSURE, 2)
    first = exchange(
        "What tariff rate applies to fentanyl?",
        [
            claim("A 20% rate applies to the fentanyl demands.", rate),
            claim(
                "High tariffs on Chinese goods include measures against fentanyl since 2019.",
                *(pressure, rate),
                support="partial",
                reasons=["the number 2019 is not in the source"],
            ),
        ],
        (report, summary),
    )
    second = exchange(
        "How much fentanyl was seized, and what is the rate?",
        [
            claim("Enough was seized this year to kill as many as 122 million Americans.", seized),
            claim("The rate is 20%.", rate),
            claim("It will fall next year.", support="unsupported", reasons=["no source says so"]),
        ],
        (report,),
        "1" * 16,
    )
    stopped = replace(first, id="2" * 16, state="stopped", answer=None, claims=first.claims[:1])
    failed = Exchange(
        "3" * 16, "And in Canada?", "failed", error="No server answered. Start it.", removed=2
    )
    return [first, replace(second, removed=1), declined("Who won the cup?"), stopped, failed]
