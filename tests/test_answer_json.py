"""The one JSON document of an answer."""

from __future__ import annotations

import json
from dataclasses import replace

from rag.answer_json import SCHEMA, to_json
from rag.types import Answer, Citation, Claim, Passage, Span, Usage

TEXT = "Duties were 125%. A 20% rate was for fentanyl."
PASSAGES = (
    Passage(1, Span("b.txt", 0, 6), "Other.", "Other title", "/x/b.txt", 0.9),
    Passage(2, Span("a.txt", 10, 10 + len(TEXT)), TEXT, "Title “A”", "/x/a.txt", 0.5),
)
QUOTE = Citation(2, Span("a.txt", 28, 10 + len(TEXT)), TEXT[18:])
CLAIM = Claim("It is 20%.", (QUOTE,), "partial", ("the source says more",), "model", 0.75)
ANSWER = Answer(
    question="What rate?",
    text="It is 20%. [2]",
    claims=(CLAIM,),
    passages=PASSAGES,
    status="answered",
    reason=None,
    model="scripted",
    usage=Usage(7, 3, 2),
    timings={"retrieve": 0.04},
    dropped_markers=1,
)
DECLINED = replace(ANSWER, text="", claims=(), status="declined", reason="not stated")


def test_an_answer_is_written_in_full() -> None:
    assert to_json(ANSWER) == {
        "schema": SCHEMA,
        "question": "What rate?",
        "status": "answered",
        "reason": None,
        "text": "It is 20%. [2]",
        "claims": [
            {
                "text": "It is 20%.",
                "support": "partial",
                "reasons": ["the source says more"],
                "origin": "model",
                "score": 0.75,
                "citations": [
                    {
                        "number": 2,
                        "title": "Title “A”",
                        "source": "/x/a.txt",
                        "document_id": "a.txt",
                        "start": 28,
                        "end": 56,
                        "quote": "A 20% rate was for fentanyl.",
                    }
                ],
            }
        ],
        "passages": [
            {
                "number": 1,
                "title": "Other title",
                "source": "/x/b.txt",
                "document_id": "b.txt",
                "start": 0,
                "end": 6,
                "text": "Other.",
                "score": 0.9,
            },
            {
                "number": 2,
                "title": "Title “A”",
                "source": "/x/a.txt",
                "document_id": "a.txt",
                "start": 10,
                "end": 56,
                "text": TEXT,
                "score": 0.5,
            },
        ],
        "model": "scripted",
        "usage": {"prompt_tokens": 7, "cached_tokens": 3, "completion_tokens": 2},
        "timings_s": {"retrieve": 0.04},
        "dropped_markers": 1,
    }


def test_a_quote_is_as_long_as_its_span_says() -> None:
    (written,) = to_json(ANSWER)["claims"][0]["citations"]
    assert written["end"] - written["start"] == len(written["quote"])


def test_a_declined_answer_keeps_its_reason_and_what_was_looked_at() -> None:
    written = to_json(DECLINED)
    assert (written["status"], written["reason"]) == ("declined", "not stated")
    assert (written["text"], written["claims"]) == ("", [])
    assert len(written["passages"]) == 2


def test_what_is_written_can_be_read_back() -> None:
    for answer in (ANSWER, DECLINED):
        assert json.loads(json.dumps(to_json(answer))) == to_json(answer)


def test_answers_of_either_kind_have_the_same_keys() -> None:
    assert to_json(ANSWER).keys() == to_json(DECLINED).keys()
