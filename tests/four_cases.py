"""What stands for a set of cases that a scripted model answers in all ways?

Fixtures: of four `cases` one is answered right, one declined rightly, one answered wrong, and one
ends in an error; `server` is their model.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from eval.cases import Case
from tests.asking import FENTANYL, RATE, STATED, Index, prompt
from tests.fakes import Request, Scripted, ScriptedServer, Status


def reply(request: Request) -> Scripted:
    """Right about the rate, wrong about the official, nothing about soy, and no answer at all
    to a question about shipping."""
    question = prompt(request).rpartition("Question:")[2]
    if "shipping" in question:
        return Status(400, "no more answers")
    if "soy" in question:
        return "NOT STATED"
    return f"{STATED} [1]"


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer([reply]) as scripted:
        yield scripted


@pytest.fixture
def cases(seeds: Index) -> list[Case]:
    evidence = (seeds.passage(RATE).span,)
    return [
        Case("rate", FENTANYL, True, ("20%",), evidence=evidence, tags=("number",)),
        Case("soy", "what tariff rate applies to soy?", False, tags=("near-miss",)),
        Case("duties", "what rate are the reciprocal duties?", True, ("125%",), tags=("number",)),
        Case("error", "how much has shipping fallen?", True, ("50%",), tags=("number",)),
    ]
