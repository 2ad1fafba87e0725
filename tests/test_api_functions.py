"""What other programs get: plain functions, and the same over Gradio's API with its own client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest

from rag.assistant import Assistant
from rag.errors import FootnoteError, ModelUnreachable, QuestionError
from rag.settings import Settings
from rag.settings import load_settings as load_settings
from rag.types import Turn
from tests.serving import Quoter, served, site
from ui.api.functions import ApiFunctions
from ui.api.schemas import Cited
from ui.questions.runner import QuestionRunner
from ui.records import export

QUESTION = "What tariff rate applies to fentanyl?"


@pytest.fixture
def assistant(settings: Settings) -> Iterator[Quoter]:
    with Quoter(settings) as assistant:
        yield assistant


@pytest.fixture
def functions(assistant: Quoter) -> ApiFunctions:
    return ApiFunctions(cast(Assistant, assistant), QuestionRunner(assistant, 1))


def place(functions: ApiFunctions) -> Cited:
    found = functions.ask(QUESTION)["claims"][0]["citations"][0]
    return {key: found[key] for key in Cited.__annotations__}  # type: ignore


# --- ask ---------------------------------------------------------------------------------------


def test_asking_gives_the_answer_document(functions: ApiFunctions, assistant: Quoter) -> None:
    answer = functions.ask(QUESTION)
    assert answer["status"] == "answered"
    for claim in answer["claims"]:
        for citation in claim["citations"]:
            text = assistant.library.document(citation["document_id"]).text
            assert text[citation["start"] : citation["end"]] == citation["quote"]


def test_a_decline_is_an_answer(functions: ApiFunctions) -> None:
    answer = functions.ask("What is unknown about tariffs?")
    assert (answer["status"], answer["reason"]) == ("declined", "not stated")


def test_documents_and_history_are_passed_on(functions: ApiFunctions, assistant: Quoter) -> None:
    one = assistant.library.summaries()[1].id
    answer = functions.ask("And fentanyl?", [one], [{"question": "Tariffs?", "answer": "Yes."}])
    assert {passage["document_id"] for passage in answer["passages"]} == {one}
    assert assistant.asked == [("And fentanyl?", (Turn("Tariffs?", "Yes."),))]


@pytest.mark.parametrize(
    "given",
    [
        {"history": [{"question": "Tariffs?"}]},
        {"history": ["Tariffs?"]},
        {"history": [{"question": 1, "answer": None}]},
        {"document_ids": "one"},
        {"document_ids": [None]},
    ],
)
def test_what_does_not_fit_the_schema_is_said(functions: ApiFunctions, given: Any) -> None:
    with pytest.raises(QuestionError, match=next(iter(given))):
        functions.ask(QUESTION, **given)


def test_what_goes_wrong_is_one_message(settings: Settings) -> None:
    with Quoter(settings, ModelUnreachable("The model died.", "Start it again.")) as assistant:
        functions = ApiFunctions(cast(Assistant, assistant), QuestionRunner(assistant, 1))
        with pytest.raises(FootnoteError) as caught:
            functions.ask(QUESTION)
        assert str(caught.value) == "The model died. Start it again."
        assert caught.value.remedy == "Start it again."
        with pytest.raises(FootnoteError, match="empty"):
            functions.ask("  ")


# --- verify ------------------------------------------------------------------------------------


def exported(functions: ApiFunctions) -> str:
    return export.export_markdown([functions.runner.answer(QUESTION)])


def test_the_footnotes_of_an_export_hold(functions: ApiFunctions) -> None:
    footnotes = functions.verify(exported(functions))
    assert [note["state"] for note in footnotes] == ["same", "same"]
    assert [note["number"] for note in footnotes] == [1, 2]
    assert "20% rate" in footnotes[0]["quote"]
    assert footnotes[0]["start_now"] == footnotes[0]["start"]


def test_a_source_that_is_gone_is_told(functions: ApiFunctions, assistant: Quoter) -> None:
    text = exported(functions)
    gone = functions.verify(text)[0]["document_id"]
    assistant.remove(gone)
    first = functions.verify(text)[0]
    assert (first["state"], first["start_now"], first["end_now"]) == ("gone", None, None)


def test_a_text_without_footnotes_is_an_error(functions: ApiFunctions) -> None:
    with pytest.raises(FootnoteError, match="no footnotes"):
        functions.verify("Rates rose.")
    with pytest.raises(FootnoteError, match="most"):
        functions.verify("x" * 5_000_001)


# --- check -------------------------------------------------------------------------------------


def test_a_claim_that_its_quote_carries_is_supported(functions: ApiFunctions) -> None:
    found = functions.check("A 20% rate was just for the fentanyl demands.", [place(functions)])
    assert found["support"] == "supported"
    assert [each["state"] for each in found["citations"]] == ["same"]


def test_another_number_is_not(functions: ApiFunctions) -> None:
    found = functions.check("A 35% rate was just for the fentanyl demands.", [place(functions)])
    assert found["support"] == "unsupported"
    assert any("35" in reason for reason in found["reasons"])


def test_a_quote_is_found_where_it_stands(functions: ApiFunctions) -> None:
    right = place(functions)
    wrong: Cited = {**right, "start": right["start"] + 7, "end": right["end"] + 7}
    found = functions.check("A 20% rate was for the fentanyl demands.", [wrong])
    assert found["citations"] == [{**right, "state": "moved"}]


def test_a_quote_that_was_made_up_does_not_count(functions: ApiFunctions) -> None:
    quote = "A 35% rate applies to fentanyl."
    made_up: Cited = {**place(functions), "quote": quote}
    nowhere: Cited = {**made_up, "document_id": "nowhere"}
    found = functions.check(quote, [made_up, nowhere])
    assert found["support"] == "unsupported"
    assert [each["state"] for each in found["citations"]] == ["changed", "gone"]


@pytest.mark.parametrize(
    "fault", [{"start": -1}, {"end": 0}, {"start": "one"}, {"quote": None}, {"document_id": 7}]
)
def test_a_citation_must_be_one(functions: ApiFunctions, fault: Any) -> None:
    with pytest.raises(QuestionError):
        functions.check("Rates rose.", [{**place(functions), **fault}])
    with pytest.raises(QuestionError):
        functions.check("Rates rose.", [place(functions)] * 101)


# --- over Gradio -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from gradio_client import Client  # type: ignore[import-untyped]

    folder = tmp_path_factory.mktemp("programs")
    with site(load_settings(data_dir=folder)) as built, served(built.app) as url:
        yield Client(url, verbose=False, analytics_enabled=False)


def test_gradios_client_asks_and_checks(client: Any) -> None:
    answer = client.predict(QUESTION, api_name="/ask")
    cited = answer["claims"][0]["citations"][0]
    assert "20%" in cited["quote"]
    found = client.predict("A 20% rate for fentanyl demands.", [cited], api_name="/check")
    assert found["support"] == "supported"


def test_gradios_endpoints_are_named_and_typed(client: Any) -> None:
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    parameters = {p["parameter_name"]: p for p in endpoints["/ask"]["parameters"]}
    assert set(parameters) == {"question", "document_ids", "history"}
    assert not parameters["question"]["parameter_has_default"]
    assert parameters["document_ids"]["parameter_has_default"]
    returned = endpoints["/ask"]["returns"][0]["type"]
    assert set(returned["properties"]) >= {"status", "text", "claims", "chance"}
    verified = endpoints["/verify"]["returns"][0]["type"]
    assert verified["items"]["properties"]["state"]["enum"][0] == "same"
