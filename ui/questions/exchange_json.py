"""An exchange as one JSON document, written and read back."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from rag.serialization import (
    AnswerJson,
    ClaimJson,
    JsonObject,
    PassageJson,
    check_citation_numbers,
    claims_to_json,
    passages_to_json,
    validate_document,
)
from rag.serialization import answer_to_json as answer_to_json
from ui.questions.exchange import Exchange, State, Thumb

SCHEMA = "footnote.exchange/1"
BROKE_OFF = "The answer was interrupted when the server ended. Ask again."
_OVER = ("done", "stopped", "failed")


def exchange_to_json(exchange: Exchange) -> dict[str, Any]:
    """All of `exchange`: only strings, numbers, lists and objects.

    Each citation of its claims lies in a passage of its evidence.
    """
    return {
        "schema": SCHEMA,
        "id": exchange.id,
        "question": exchange.question,
        "state": exchange.state,
        "ahead": exchange.ahead,
        "asked_as": exchange.rewritten_as,
        "evidence": passages_to_json(exchange.evidence),
        "draft": exchange.draft,
        "claims": claims_to_json(exchange.claims, exchange.evidence),
        "removed": exchange.removed,
        "answer": answer_to_json(exchange.answer) if exchange.answer else None,
        "error": exchange.error,
        "digests": dict(exchange.digests),
        "asked_at": exchange.asked_at,
        "document_ids": list(exchange.document_ids),
        "thumb": exchange.thumb,
        "note": exchange.note,
    }


def exchange_from_json(document: object) -> Exchange:
    """The exchange that `exchange_to_json` wrote as `document`.

    One that was under way comes back as "failed", without what was not checked: nobody answers it
    any more.
    Raises `rag.serialization.FormatError` for what is not such a document.
    """
    return validate_document(_Exchange, document, SCHEMA).read()


class _Exchange(JsonObject):
    form: Literal["footnote.exchange/1"] = Field(alias="schema")
    id: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
    question: str
    state: State
    ahead: int
    asked_as: str | None
    evidence: list[PassageJson]
    draft: str
    claims: list[ClaimJson]
    removed: int
    answer: AnswerJson | None
    error: str
    digests: dict[str, str]
    asked_at: str
    document_ids: list[str]
    thumb: Thumb | None
    note: str

    @model_validator(mode="after")
    def _cites_its_evidence(self) -> Self:
        check_citation_numbers(self.claims, self.evidence)
        return self

    def read(self) -> Exchange:
        over = self.state in _OVER
        return Exchange(
            id=self.id,
            question=self.question,
            state=self.state if over else "failed",
            ahead=self.ahead if over else 0,
            rewritten_as=self.asked_as,
            evidence=tuple(passage.to_passage() for passage in self.evidence),
            draft=self.draft if over else "",
            claims=tuple(claim.to_claim() for claim in self.claims),
            removed=self.removed,
            answer=self.answer.to_answer() if self.answer else None,
            error=self.error if over else BROKE_OFF,
            digests=self.digests,
            asked_at=self.asked_at,
            document_ids=tuple(self.document_ids),
            thumb=self.thumb,
            note=self.note,
        )
