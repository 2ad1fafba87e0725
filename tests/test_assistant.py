"""Asking from end to end, over the seed articles, real search, and a model that says its script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from rag.assistant import SEEDS, Assistant
from rag.errors import (
    EmbedderMismatch,
    EmptyLibrary,
    ModelInterrupted,
    NoSuchDocument,
    QuestionError,
)
from rag.events import (
    Checked,
    Event,
    Finished,
    ModelCalled,
    Retrieved,
    Rewritten,
    Selected,
    Token,
)
from rag.settings import load_settings
from rag.store.documents import Library
from rag.store.vectors import VectorStore
from rag.types import Answer, ChatModel, Span, Turn
from tests.asking import (
    FENTANYL,
    LARGE,
    NEWS,
    RATE,
    REPORT,
    SMALL,
    STATED,
    WRONG,
    Index,
    prompt,
    script,
)
from tests.fakes import Reply, ScriptedServer

pytest_plugins = ["tests.seeds"]

BESSENT = "who is the Treasury Secretary?"
SIZES = pytest.mark.parametrize("budget", [LARGE, SMALL], ids=["large", "small"])


@pytest.fixture
def answering() -> Iterator[ScriptedServer]:
    """Says the rate, in whatever way it is asked."""
    with ScriptedServer(script(f"{STATED} [1]", knows="20% rate")) as server:
        yield server


@pytest.fixture
def assistant_of_my_own(seeds: Index, answering: ScriptedServer) -> Iterator[Assistant]:
    """Over an index in the test's own data directory, with nothing in it."""
    shared = seeds.assistant(answering)
    folder = shared.settings.data_dir
    own = Assistant(
        shared.settings,
        Library.open(folder / "library.sqlite3"),
        VectorStore.open(folder / "vectors", seeds.embedder.name),
        seeds.embedder,
        shared.model,
    )
    with own:
        yield own


def finished(events: list[Event]) -> Answer:
    assert isinstance(events[-1], Finished)
    return events[-1].answer


def checked(events: list[Event]) -> list[Checked]:
    return [event for event in events if isinstance(event, Checked)]


# --- an answer --------------------------------------------------------------------------------


@SIZES
def test_the_answer_rests_on_the_one_sentence_that_states_it(
    seeds: Index, answering: ScriptedServer, budget: int
) -> None:
    answer = seeds.assistant(answering, budget).ask(FENTANYL)
    assert answer.status == "answered"
    assert answer.text.split("\n")[0] == f"{STATED} [1]"
    claim, *points = answer.claims
    assert all(point.group == "" for point in points)
    assert (claim.support, claim.origin) == ("supported", "model")
    (citation,) = claim.citations
    assert citation.quote == RATE
    assert citation.span.document_id == NEWS
    assert seeds.library.text(citation.span) == RATE
    assert seeds.assistant(answering).quote_holds(citation)


@SIZES
def test_a_source_that_is_removed_while_it_is_read_leaves_the_answer_to_the_others(
    seeds: Index,
    assistant_of_my_own: Assistant,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    answering: ScriptedServer,
    budget: int,
) -> None:
    own = Assistant(
        seeds.assistant(answering, budget).settings,
        assistant_of_my_own.library,
        assistant_of_my_own.vectors,
        assistant_of_my_own.embedder,
        seeds.assistant(answering, budget).model,
    )
    report = tmp_path / "report.txt"
    report.write_text("What tariff rate applies to fentanyl, a report asked.\n", "utf-8")
    list(own.index([*sorted(SEEDS.glob("*.txt")), report]))
    search, gone = Assistant.search, list[str]()

    def search_and_remove(self: Assistant, *given: Any, **more: Any) -> Retrieved:
        found = search(self, *given, **more)
        if report.name in self.library.digests():
            assert report.name in {hit.chunk.span.document_id for hit in found.hits}
            self.library.remove(report.name)
            gone.append(report.name)
        return found

    monkeypatch.setattr(Assistant, "search", search_and_remove)
    answer = own.ask(FENTANYL)
    assert gone == [report.name]
    assert answer.text.split("\n")[0] == f"{STATED} [1]"
    assert report.name not in {each.span.document_id for each in answer.passages}
    # One that the conversation is about is forgotten.
    list(own.index([report]))
    cited = Span(report.name, 0, 31)
    turn = Turn("What is reported?", "A report asked.", (cited,))
    again = own.ask("and how high is it?", [turn])
    assert gone == [report.name] * 2
    assert report.name not in {each.span.document_id for each in again.passages}
    # A source that was named is missed.
    list(own.index([report]))
    with pytest.raises(NoSuchDocument):
        own.ask(FENTANYL, document_ids=[report.name])


@SIZES
def test_events_come_in_the_designs_order_and_end_with_the_answer(
    seeds: Index, answering: ScriptedServer, budget: int
) -> None:
    events = list(seeds.assistant(answering, budget).stream(FENTANYL))
    kinds = [kind for kind, _ in groupby(type(event) for event in events)]
    judged = [ModelCalled] if budget == SMALL else []
    assert kinds == [Retrieved, Selected, *judged, Token, ModelCalled, Checked, Finished]
    tokens = "".join(event.text for event in events if isinstance(event, Token))
    assert tokens == f"{STATED} [1]"
    texts = [each.claim.text for each in checked(events)]
    assert [claim.text for claim in finished(events).claims] == texts
    *_, selected = [event.passages for event in events if isinstance(event, Selected)]
    assert {each.span for each in selected} == {p.span for p in finished(events).passages}


@SIZES
def test_asking_gives_what_the_stream_ends_with(
    seeds: Index, answering: ScriptedServer, budget: int
) -> None:
    assistant = seeds.assistant(answering, budget)
    streamed, asked = finished(list(assistant.stream(FENTANYL))), assistant.ask(FENTANYL)
    for name in ("question", "text", "claims", "passages", "status", "reason", "model", "usage"):
        assert getattr(asked, name) == getattr(streamed, name)


def test_an_answer_says_who_wrote_it_and_what_it_took(
    seeds: Index, answering: ScriptedServer
) -> None:
    answer = seeds.assistant(answering).ask(f"  {FENTANYL}\n ")
    assert answer.question == FENTANYL
    assert answer.model == "scripted"
    assert (answer.usage.prompt_tokens, answer.usage.cached_tokens) == (7, 3)
    assert answer.usage.completion_tokens == len(f"{STATED} [1]".split())
    assert {"retrieve", "select", "compose", "check"} <= answer.timings.keys()
    assert all(seconds >= 0 for seconds in answer.timings.values())


def test_what_the_source_does_not_say_is_removed_and_the_rest_is_kept(seeds: Index) -> None:
    invented = "The minister resigned in Geneva over 300 visas."
    with ScriptedServer([f"{STATED} [1] {invented} [2]"]) as server:
        events = list(seeds.assistant(server).stream(FENTANYL))
    assert [(each.claim.text, each.action) for each in checked(events)] == [
        (STATED, "kept"),
        (invented, "removed"),
    ]
    assert finished(events).text == f"{STATED} [1]"


@SIZES
def test_a_wrong_number_is_mended_from_its_own_evidence(seeds: Index, budget: int) -> None:
    with ScriptedServer(script(WRONG, STATED, knows="20% rate")) as server:
        events = list(seeds.assistant(server, budget).stream(FENTANYL))
    each = checked(events)[0]
    assert (each.action, each.claim.text) == ("repaired", STATED)
    assert finished(events).claims[0].citations[0].quote == RATE


@SIZES
def test_a_number_that_stays_wrong_gives_way_to_the_source_itself(
    seeds: Index, budget: int
) -> None:
    with ScriptedServer(script(WRONG, knows="20% rate")) as server:
        events = list(seeds.assistant(server, budget).stream(FENTANYL))
    each = checked(events)[0]
    assert (each.action, each.claim.text) == ("repaired", f"“{RATE}”")
    answer = finished(events)
    assert answer.text.split("\n")[0] == f"“{RATE}” [1]"
    assert (answer.claims[0].support, answer.claims[0].citations[0].quote) == ("supported", RATE)


def test_a_marker_that_names_no_passage_is_counted_and_not_shown(seeds: Index) -> None:
    with ScriptedServer([f"{STATED} [99]"]) as server:
        answer = seeds.assistant(server).ask(FENTANYL)
    assert answer.dropped_markers == 1
    assert answer.text == f"{STATED} [1]"
    assert answer.claims[0].origin == "matched"


def test_only_the_named_documents_are_asked(seeds: Index, answering: ScriptedServer) -> None:
    events = list(seeds.assistant(answering).stream(FENTANYL, document_ids=[REPORT]))
    answer = finished(events)
    assert {passage.span.document_id for passage in answer.passages} == {REPORT}
    assert RATE not in prompt(answering.requests[0])
    assert "20%" not in answer.text


# --- what the model was asked -----------------------------------------------------------------


def consulted(events: Sequence[Event]) -> list[ModelCalled]:
    return [event for event in events if isinstance(event, ModelCalled)]


@SIZES
def test_each_request_to_the_model_is_told_with_its_whole_reply(
    seeds: Index, answering: ScriptedServer, budget: int
) -> None:
    events = list(seeds.assistant(answering, budget).stream(FENTANYL))
    told = consulted(events)
    assert [prompt(request) for request in answering.requests] == [
        "\n".join(message.content for message in each.messages) for each in told
    ]
    *judged, answered = told
    assert (answered.purpose, answered.reply) == ("answer", f"{STATED} [1]")
    assert answered.probability is None
    assert {each.purpose for each in judged} == ({"judge", "extract"} if budget == SMALL else set())
    assert all(0 <= (each.probability or 0) <= 1 for each in judged)


def test_a_reply_that_declines_is_told_as_it_was_written(seeds: Index) -> None:
    with ScriptedServer(["NOT STATED."]) as server:
        events = list(seeds.assistant(server).stream(FENTANYL))
    assert [(each.purpose, each.reply) for each in consulted(events)] == [("answer", "NOT STATED.")]


def test_the_answer_counts_the_tokens_of_every_request(seeds: Index) -> None:
    """Of the rewriting, each yes or no, the reply and its mending."""
    with ScriptedServer(["What rate applies to fentanyl?", WRONG, STATED]) as server:
        large = list(seeds.assistant(server).stream("which rate did he name?", HISTORY))
    assert [each.purpose for each in consulted(large)] == ["rewrite", "answer", "repair"]
    assert finished(large).usage.prompt_tokens == 3 * 7
    words = sum(len(each.reply.split()) for each in consulted(large))
    assert finished(large).usage.completion_tokens == words
    with ScriptedServer(script(WRONG, STATED, knows="20% rate")) as server:
        small = list(seeds.assistant(server, SMALL).stream(FENTANYL))
        assert len(server.requests) > 2
    assert finished(small).usage.prompt_tokens == len(server.requests) * 7


def test_what_mending_asked_comes_before_the_mended_sentence(seeds: Index) -> None:
    with ScriptedServer([WRONG, STATED]) as server:
        events = list(seeds.assistant(server).stream(FENTANYL))
    kinds = [kind for kind, _ in groupby(type(event) for event in events)]
    assert kinds == [Retrieved, Selected, Token, ModelCalled, Checked, Finished]
    assert [each.reply for each in consulted(events)] == [WRONG, STATED]


def test_the_search_is_told_with_both_rankings_and_what_was_cut(
    seeds: Index, answering: ScriptedServer
) -> None:
    retrieved, selected, *_ = seeds.assistant(answering, SMALL).stream(FENTANYL)
    assert isinstance(retrieved, Retrieved)
    assert retrieved.hits
    assert retrieved.dense
    assert retrieved.lexical
    assert isinstance(selected, Selected)
    assert selected.cut


class Late:
    """A model that is not there before it is wanted."""

    def __init__(self, chat: ChatModel) -> None:
        self._chat = chat
        self.name, self.budget_tokens = chat.name, chat.budget_tokens
        self.loaded = 0

    def warm(self) -> None:
        """Takes no time."""

    def get(self) -> ChatModel:
        self.loaded += 1
        return self._chat

    def close(self) -> None:
        """Holds nothing."""


@SIZES
def test_the_passages_are_shown_before_the_model_is_there(
    seeds: Index, answering: ScriptedServer, budget: int
) -> None:
    assistant = seeds.assistant(answering, budget)
    assistant.model = late = Late(assistant.model.get())
    events = assistant.stream(FENTANYL)
    assert [type(next(events)), type(next(events))] == [Retrieved, Selected]
    assert late.loaded == 0
    answer = finished(list(events))
    assert late.loaded == 1
    assert {"retrieve", "select", "load model", "compose"} <= answer.timings.keys()


# --- what cannot be asked ---------------------------------------------------------------------


@pytest.mark.parametrize("question", ["", " \n\t ", "why? " * 401])
def test_no_question_and_an_endless_one_are_refused(
    seeds: Index, answering: ScriptedServer, question: str
) -> None:
    with pytest.raises(QuestionError):
        seeds.assistant(answering).ask(question)
    assert not answering.requests


def test_an_unknown_document_is_an_error(seeds: Index, answering: ScriptedServer) -> None:
    with pytest.raises(NoSuchDocument, match="gone"):
        seeds.assistant(answering).ask(FENTANYL, document_ids=["gone.txt"])


def test_an_empty_index_says_how_to_fill_it(
    seeds: Index, answering: ScriptedServer, assistant_of_my_own: Assistant
) -> None:
    with pytest.raises(EmptyLibrary, match="footnote index"):
        assistant_of_my_own.ask(FENTANYL)


def test_an_index_of_another_embedder_is_not_searched(
    seeds: Index, answering: ScriptedServer
) -> None:
    assistant = seeds.assistant(answering)
    library = Library.open(load_settings().data_dir / "library.sqlite3")
    library.embedder = "another/3"
    library.put(seeds.library.document(NEWS), seeds.library.chunks(NEWS))
    assistant.library = library
    with pytest.raises(EmbedderMismatch, match="--rebuild"):
        assistant.ask(FENTANYL)
    library.close()


# --- a conversation ---------------------------------------------------------------------------

HISTORY = [
    Turn("What rate applies to fentanyl?", STATED),
    Turn("Who may meet Wang Xiaohong?", "Scott Bessent may meet Wang Xiaohong about fentanyl."),
]


def test_a_follow_up_is_made_to_stand_alone_before_the_search(seeds: Index) -> None:
    """A pronoun that may stand for one of two persons is left to the model."""
    alone = "What rate applies to fentanyl?"
    with ScriptedServer([alone, f"{STATED} [1]"]) as server:
        events = list(seeds.assistant(server).stream("what rate did he name?", HISTORY))
        assert STATED in prompt(server.requests[0])
        assert f"Question: {alone}" in prompt(server.requests[1])
    assert [type(event) for event in events[:3]] == [ModelCalled, Rewritten, Retrieved]
    assert events[1] == Rewritten(alone)
    answer = finished(events)
    assert (answer.question, answer.status) == ("what rate did he name?", "answered")
    assert "rewrite" in answer.timings


def test_a_follow_up_is_not_turned_into_another_question(seeds: Index) -> None:
    with ScriptedServer(["What did Macron say about cheese?", f"{STATED} [1]"]) as server:
        events = list(seeds.assistant(server).stream("what rate did he name?", HISTORY))
        assert "Macron" not in prompt(server.requests[1])
    assert isinstance(events[1], Rewritten)
    assert "Macron" not in events[1].question


def test_a_follow_up_that_words_make_stand_alone_needs_no_model(seeds: Index) -> None:
    with ScriptedServer([f"{STATED} [1]"]) as server:
        events = list(seeds.assistant(server).stream("and why?", HISTORY[:1]))
        assert len(server.requests) == 1
    assert isinstance(events[0], Rewritten)
    assert "fentanyl" in events[0].question


def test_without_a_history_nothing_is_rewritten(seeds: Index, answering: ScriptedServer) -> None:
    events = list(seeds.assistant(answering).stream(FENTANYL))
    assert not [event for event in events if isinstance(event, Rewritten)]
    assert len(answering.requests) == 1


@pytest.mark.parametrize(
    "question", ["Who is the Treasury Secretary", "who is the treasury secretary?"]
)
def test_a_follow_up_that_is_read_as_it_stands_is_not_said_again(
    seeds: Index, answering: ScriptedServer, question: str
) -> None:
    events = list(seeds.assistant(answering).stream(question, HISTORY))
    assert not [event for event in events if isinstance(event, Rewritten)]


# --- breaking off -----------------------------------------------------------------------------


def test_closing_the_stream_ends_the_models_request(seeds: Index) -> None:
    endless = Reply([" word"] * 2000, pause_s=0.01)
    with ScriptedServer([endless]) as server:
        events = seeds.assistant(server, max_tokens=2000).stream(FENTANYL)
        for event in events:
            if isinstance(event, Token):
                break
        events.close()  # type: ignore[attr-defined]
        assert server.dropped.wait(10)


def test_a_reply_that_breaks_off_is_an_error_and_the_next_question_works(seeds: Index) -> None:
    with ScriptedServer([Reply.of(STATED, breaks_after=3), f"{STATED} [1]"]) as server:
        assistant = seeds.assistant(server)
        with pytest.raises(ModelInterrupted):
            assistant.ask(FENTANYL)
        assert assistant.ask(FENTANYL).status == "answered"


def test_of_a_long_conversation_only_the_last_turns_are_read(
    seeds: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded: list[str] = []

    def embed(texts: Sequence[str]) -> list[list[float]]:
        embedded.extend(texts)
        return own(texts)

    own = seeds.embedder.embed
    history = [Turn(f"Who reported inquiry {n}?", "A paper did.") for n in range(50)]
    with ScriptedServer(["Yes"]) as server:
        assistant = seeds.assistant(server, SMALL)
        monkeypatch.setattr(assistant.embedder, "embed", embed)
        assistant.ask("Summarize the articles", [*history, Turn("Thanks!", "You are welcome.")])
    read = {text.split()[-1] for text in embedded if "inquiry" in text}
    assert read & set(map(str, range(50))) == {"49", "48", "47"}
