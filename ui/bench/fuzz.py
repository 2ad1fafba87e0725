"""As `eval.robustness.fuzz`, and also exports, `verify` and the bodies of the APIs: ``python -m
ui.bench.fuzz --examples 1000``."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from eval.robustness.fuzz import TEXT, Target, run, targets
from rag.serialization import FormatError
from rag.types import Answer, Citation, Claim, Passage, Span
from ui.api.openai_json import parse_request
from ui.questions.exchange import Exchange
from ui.questions.exchange_json import exchange_from_json, exchange_to_json
from ui.records.export import export
from ui.records.footnotes import read_export

FIELDS = (
    *("messages", "model", "stream", "role", "content", "user", "system", "assistant", "footnote"),
    *("document_ids", "stream_options", "include_usage", "schema", "id", "question", "state"),
    *("evidence", "claims", "answer", "footnote.exchange/1", "done", "error", "digests"),
)
WORDS = st.one_of(st.sampled_from(FIELDS), TEXT)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), WORDS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=6),
    max_leaves=20,
)
KINDS = ("md", "html", "docx")


def _exchange(question: str, texts: list[str], said: str) -> Exchange:
    """An answer with a sentence of its own and a quotation of each text."""
    passages, claims = [], []
    for number, text in enumerate((each for each in texts if each), 1):
        span = Span(f"{said[:9]}{number}.txt", 0, len(text))
        passages.append(Passage(number, span, text, said, span.document_id, 0.5))
        citation = Citation(number, span, text)
        claims.append(Claim(text, (citation,), "supported", (), "model", 0.9))
    answer = Answer(question, said, tuple(claims), tuple(passages), "answered", None, said)
    return Exchange(
        "0123456789abcdef",
        question,
        state="done",
        evidence=tuple(passages),
        claims=tuple(claims),
        answer=answer,
        asked_at="2026-01-01T00:00:00+00:00",
    )


def _exported(given: tuple[str, list[str], str]) -> None:
    exchange = _exchange(*(_storable(each) for each in given))
    kept = exchange_from_json(json.loads(json.dumps(exchange_to_json(exchange))))
    assert kept.question == exchange.question
    for kind in KINDS:
        data = export(kind, [exchange], exchange.question)
        read = read_export(data if kind == "docx" else data.decode())
        assert len(read.footnotes) <= len(exchange.claims)


def _storable(given: Any) -> Any:
    """Texts without lone surrogates, which no stored text has."""
    if isinstance(given, str):
        return given.encode("utf-8", "replace").decode()
    return [_storable(each) for each in given]


def _stored(document: Any) -> None:
    try:
        exchange_from_json(document)
    except FormatError:
        return


def all_targets() -> list[Target]:
    """Those of `rag` and of `ui`."""
    bodies = JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=100)
    return [
        *targets(),
        Target("exports and verify", st.tuples(TEXT, st.lists(TEXT, max_size=3), TEXT), _exported),
        Target("verify of any text", TEXT, read_export),
        Target("verify of any Word file", st.binary(max_size=200).map(b"PK".__add__), read_export),
        Target("bodies of chat completions", bodies, parse_request),
        Target("stored exchanges", JSON, _stored),
    ]


if __name__ == "__main__":
    run(all_targets())
