"""What the page does when a person acts on it, without a browser: parts of HTML come back."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from rag.assistant import Assistant
from rag.errors import LibraryError, ModelInterrupted, NoSuchDocument, QuestionError
from rag.events import IngestEvent
from rag.settings import Settings
from rag.types import Document, Span
from tests.assistants import SEEDS
from tests.html_tree import parse
from tests.serving import Quoter
from tests.waiting import until
from ui.page_settings import PageSettings, using_settings
from ui.questions.exchange import Exchange
from ui.questions.exchange_json import BROKE_OFF
from ui.questions.model_status import ModelStatus
from ui.questions.runner import QuestionRunner
from ui.records.feedback import Feedback
from ui.records.feedback_cases import ReviewedCase
from ui.records.history import History, HistoryError, NoSuchConversation, NoSuchExchange
from ui.views import page_frame, review_list
from ui.views.conversation_list import PAGE
from ui.web.browser_windows import BrowserWindow
from ui.web.conversation_parts import GONE, MAX_PAST_SHOWN
from ui.web.indexing_jobs import IndexingJobs
from ui.web.page_actions import BUSY, DELETED, PageActions
from ui.web.source_pane import SourcePane

ME, OTHER = BrowserWindow("ann", "1"), BrowserWindow("bob", "2")
QUESTION = "what tariff rate applies to fentanyl?"
LATER = "Who is Wang Xiaohong?"
DIES = ModelInterrupted("The model's reply broke off.", "Ask again.")


@pytest.fixture
def assistant(settings: Settings) -> Iterator[Quoter]:
    with Quoter(settings) as quoter:
        yield quoter


@pytest.fixture
def page(assistant: Quoter, tmp_path: Path) -> Iterator[PageActions]:
    with History.open(tmp_path / "history.sqlite3") as history:
        runner = QuestionRunner(assistant, 2)
        yield PageActions(cast(Assistant, assistant), runner, history)
        runner.close()


def asked(
    page: PageActions,
    question: str,
    conversation: str = "",
    window: BrowserWindow = ME,
    **more: Any,
) -> Any:
    """The page at the end of an answer: all that changed, the last of each part."""
    shown: dict[str, Any] = {}
    for parts in page.ask(window, question, conversation, **more):
        shown |= parts
    return shown


def questions(page: PageActions, conversation: str, window: BrowserWindow = ME) -> list[str]:
    return [each.question for each in page.history.exchanges(window.owner, conversation)]


def last(page: PageActions, conversation: str, window: BrowserWindow = ME) -> str:
    """The id of the last exchange."""
    return page.history.exchanges(window.owner, conversation)[-1].id


# --- asking -----------------------------------------------------------------------------------


def test_an_answer_is_shown_and_kept(page: PageActions) -> None:
    shown = asked(page, QUESTION)
    assert QUESTION in shown["live"]
    assert 'data-act="cite"' in shown["live"]
    assert shown["question"] == shown["editing"] == shown["notice"] == ""
    assert questions(page, shown["conversation"]) == [QUESTION]
    assert 'aria-current="true"' in shown["conversations"]
    assert page.open_conversation(ME, shown["conversation"])["live"] == shown["live"]


def test_the_next_question_goes_to_the_same_conversation_and_knows_what_was_said(
    page: PageActions, assistant: Quoter
) -> None:
    talk = asked(page, QUESTION)["conversation"]
    shown = asked(page, LATER, talk)
    assert shown["conversation"] == talk
    assert QUESTION in shown["past"]
    assert LATER in shown["live"]
    assert questions(page, talk) == [QUESTION, LATER]
    (turn,) = assistant.asked[-1][1]
    assert turn.question == QUESTION
    assert turn.answer


@pytest.mark.parametrize(
    ("question", "more", "told"),
    [
        ("  \n", {}, "Write a question first"),
        (QUESTION, {"document_ids": ["gone.txt"]}, "are gone; choose others"),
        ("a" * 2001, {}, "has 2,001 characters; 2,000 are allowed"),
    ],
)
def test_what_cannot_be_asked_is_told(
    page: PageActions, assistant: Quoter, question: str, more: Any, told: str
) -> None:
    assert told in asked(page, question, **more)["notice"]
    assert not assistant.asked
    assert not page.history.conversations(ME.owner)


def test_a_question_may_be_limited_to_some_sources(page: PageActions, assistant: Quoter) -> None:
    (one, other) = assistant.library.digests()
    talk = asked(page, QUESTION, document_ids=[one, "gone.txt"])["conversation"]
    (exchange,) = page.history.exchanges(ME.owner, talk)
    assert exchange.document_ids == (one,)
    assert {each.span.document_id for each in exchange.evidence} == {one}
    assert other not in exchange.digests


def test_an_answer_goes_on_when_its_window_is_closed_and_is_there_afterwards(
    page: PageActions,
) -> None:
    following = page.ask(ME, f"slow {QUESTION}")
    for parts in following:
        if "fn-claim" in str(parts.get("live", "")):
            break
    following.close()  # type: ignore[attr-defined]
    assert page.windows.followed(ME) is None
    (talk,) = page.history.conversations(ME.owner)
    later = BrowserWindow(ME.owner, "after a reload")
    opened = page.open_conversation(later, talk.id)
    assert f'data-follow="{talk.id}"' in opened["live"]
    assert "Answering" in opened["conversations"]
    assert page.open_conversation(OTHER, talk.id)["conversation"] == ""
    shown: dict[str, Any] = {}
    for parts in page.follow(later, talk.id):
        shown |= parts
    (exchange,) = page.history.exchanges(ME.owner, talk.id)
    assert (exchange.state, exchange.error) == ("done", "")
    assert shown["live"] == page.open_conversation(ME, talk.id)["live"]
    assert "Answering" not in shown["conversations"]


def test_who_follows_what_is_over_sees_it(page: PageActions) -> None:
    talk = asked(page, QUESTION)["conversation"]
    (shown,) = page.follow(ME, talk)
    assert shown["live"] == page.open_conversation(ME, talk)["live"]
    (nothing,) = page.follow(OTHER, talk)
    assert nothing["conversation"] == ""


def test_stop_works_from_a_window_that_came_later(page: PageActions) -> None:
    following = waiting(page)
    (talk,) = page.history.conversations(ME.owner)
    later = BrowserWindow(ME.owner, "another")
    watching = page.follow(later, talk.id)
    next(watching)
    page.stop(OTHER)
    assert page.questions.of_conversation(ME.owner, talk.id)
    page.stop(later)
    assert "Stopped." in [*watching][-1]["live"]
    following.close()


def test_a_server_that_ends_leaves_the_question_with_what_was_checked(
    page: PageActions, tmp_path: Path
) -> None:
    talk = asked(page, QUESTION)["conversation"]
    following = waiting(page, conversation=talk)
    until(lambda: bool(page.history.exchanges(ME.owner, talk)[-1].claims))  # it is shown sooner
    with History.open(tmp_path / "history.sqlite3") as another:  # as if this process were killed
        killed = another.exchanges(ME.owner, talk)[-1]
    page.runner.close()
    *_, shown = following
    ended = page.history.exchanges(ME.owner, talk)[-1]
    for exchange in (killed, ended):
        assert (exchange.state, exchange.error) == ("failed", BROKE_OFF)
        assert len(exchange.claims) == 1
    assert BROKE_OFF in shown["live"]
    assert 'data-act="retry"' in shown["live"]


def test_an_edited_question_outlives_a_server_that_ends(page: PageActions) -> None:
    talk = asked(page, QUESTION)["conversation"]
    following = page.ask(ME, f"endless {QUESTION}", talk, replacing=last(page, talk))
    for parts in following:
        if "fn-claim" in str(parts.get("live", "")):
            break
    page.runner.close()
    list(following)
    assert questions(page, talk) == [QUESTION, f"endless {QUESTION}"]


def test_while_a_model_is_silent_there_are_still_places_to_close_at(page: PageActions) -> None:
    """Gradio ends a question whose window was closed between two values, and only there."""
    silent = 0
    following = page.ask(ME, f"endless {QUESTION}")
    for parts in following:
        silent += not parts
        if silent == 2:
            break
    following.close()  # type: ignore[attr-defined]
    assert silent == 2
    (waits,) = page.questions.conversations(ME.owner)
    page.act(ME, {"act": "delete", "conversation": waits}, waits)


def test_stop_ends_the_question_of_this_window_only(page: PageActions) -> None:
    done: dict[BrowserWindow, Any] = {}
    there = threading.Semaphore(0)

    def follow(window: BrowserWindow) -> None:
        for parts in page.ask(window, f"endless {QUESTION}"):
            if "fn-claim" in str(parts.get("live", "")):
                there.release()
            done[window] = parts

    threads = {window: threading.Thread(target=follow, args=(window,)) for window in (ME, OTHER)}
    for thread in threads.values():
        thread.start()
    for _ in threads:
        assert there.acquire(timeout=20)
    page.stop(ME)
    threads[ME].join(20)
    assert "Stopped." in done[ME]["live"]
    assert threads[OTHER].is_alive()
    page.stop(OTHER)
    threads[OTHER].join(20)
    page.stop(OTHER)  # again, it does nothing


# --- one question at a time -------------------------------------------------------------------


def waiting(
    page: PageActions, question: str = f"endless {QUESTION}", conversation: str = ""
) -> Any:
    """A question on its way, its first sentence written."""
    following = page.ask(ME, question, conversation)
    for parts in following:
        if "fn-claim" in str(parts.get("live", "")):
            return following
    raise AssertionError("it ended")


def test_a_window_that_waits_asks_nothing_else(page: PageActions, assistant: Quoter) -> None:
    talk = asked(page, QUESTION)["conversation"]
    following = waiting(page, conversation=talk)
    assert asked(page, f"endless {QUESTION}", talk) == {}  # Enter, pressed twice
    assert BUSY in asked(page, LATER, talk)["notice"]
    kept = last(page, talk)
    elsewhere = BrowserWindow(ME.owner, "another tab")
    assert BUSY in asked(page, LATER, talk, window=elsewhere)["notice"]
    for act in ("undo", "redo", "remove", "edit", "thumb", "note"):
        shown = page.act(elsewhere, {"act": act, "exchange": kept, "thumb": "up"}, talk)
        assert list(shown) == ["notice"]
        assert BUSY in shown["notice"]
    assert len(assistant.asked) == 2
    page.stop(ME)
    list(following)
    assert questions(page, talk) == [QUESTION, f"endless {QUESTION}"]


def test_a_window_that_leaves_is_left_alone_and_the_answer_is_kept(page: PageActions) -> None:
    talk = asked(page, QUESTION)["conversation"]
    following = waiting(page)
    shown = page.act(ME, {"act": "conversation", "conversation": talk}, "")
    assert QUESTION in shown["live"]
    assert "endless" not in shown["live"]
    assert [*following] == []
    assert LATER in asked(page, LATER, talk)["live"]
    assert len(page.history.conversations(ME.owner)) == 2
    (waits,) = page.questions.conversations(ME.owner)
    assert waits != talk
    page.act(ME, {"act": "delete", "conversation": waits}, talk)
    assert not page.questions.conversations(ME.owner)


def test_two_windows_of_one_browser_wait_apart(page: PageActions) -> None:
    following = waiting(page)
    elsewhere = BrowserWindow(ME.owner, "another tab")
    assert LATER in asked(page, LATER, window=elsewhere)["live"]
    page.stop(ME)
    list(following)


def test_the_next_question_may_be_asked_as_soon_as_the_answer_is_over(page: PageActions) -> None:
    stream = page.ask(ME, QUESTION)
    talk = next(parts["conversation"] for parts in stream if "conversation" in parts)
    under_way = page.windows.followed(ME)
    assert under_way is not None
    list(under_way.active.watch())  # over, but its stream to the window has not ended
    shown = asked(page, LATER, talk)
    assert shown["notice"] == ""
    assert questions(page, talk) == [QUESTION, LATER]
    for _ in stream:  # the window shows the later question, and goes on to
        pass
    assert page.windows.followed(ME) is None


# --- replacing --------------------------------------------------------------------------------


def test_an_edited_question_replaces_the_old_one_and_what_followed_it(page: PageActions) -> None:
    talk = asked(page, QUESTION)["conversation"]
    first = last(page, talk)
    asked(page, LATER, talk)
    shown = page.act(ME, {"act": "edit", "exchange": first}, talk)
    assert (shown["question"], shown["editing"]) == (QUESTION, first)
    assert "the question after it" in shown["notice"] or "1 question after it" in shown["notice"]
    asked(page, "tariff on goods", talk, replacing=first)
    assert questions(page, talk) == ["tariff on goods"]
    assert page.act(ME, {"act": "keep"}, talk) == {"editing": "", "notice": "", "question": ""}


def test_a_failure_replaces_nothing_that_was_said(page: PageActions, assistant: Quoter) -> None:
    talk = asked(page, QUESTION)["conversation"]
    first = last(page, talk)
    asked(page, LATER, talk)
    assistant.fault = DIES
    shown = asked(page, "tariff on goods", talk, replacing=first)
    assert questions(page, talk) == [QUESTION, LATER]
    assert QUESTION in shown["past"]
    assert LATER in shown["live"]
    assert "broke off" in shown["notice"]
    assert (shown["question"], shown["editing"]) == ("tariff on goods", first)


def test_a_failure_replaces_an_earlier_one(page: PageActions, assistant: Quoter) -> None:
    assistant.fault = DIES
    talk = asked(page, QUESTION)["conversation"]
    failed = last(page, talk)
    assert page.history.find(ME.owner, failed).state == "failed"
    assistant.fault = DIES
    list(page.ask_again(ME, talk, failed))
    assert questions(page, talk) == [QUESTION]
    assert last(page, talk) != failed
    list(page.ask_again(ME, talk, last(page, talk)))
    assert page.history.find(ME.owner, last(page, talk)).state == "done"
    assert questions(page, talk) == [QUESTION]


def test_a_failure_forgets_no_answer_that_follows_it(page: PageActions, assistant: Quoter) -> None:
    assistant.fault = DIES
    talk = asked(page, QUESTION)["conversation"]
    failed = last(page, talk)
    asked(page, LATER, talk)
    assistant.fault = DIES
    list(page.ask_again(ME, talk, failed))
    assert questions(page, talk) == [QUESTION, LATER]


# --- undoing ----------------------------------------------------------------------------------


def test_undo_takes_one_question_back_and_redo_returns_it(page: PageActions) -> None:
    talk = asked(page, QUESTION)["conversation"]
    asked(page, LATER, talk)
    shown = page.act(ME, {"act": "undo"}, talk)
    assert shown["question"] == LATER
    assert QUESTION in shown["live"]
    assert "1 question<" in shown["conversations"]
    assert questions(page, talk) == [QUESTION]
    shown = page.act(ME, {"act": "redo"}, talk, written=LATER)
    assert shown["question"] == ""
    assert questions(page, talk) == [QUESTION, LATER]
    for _ in range(3):
        shown = page.act(ME, {"act": "undo"}, talk, written="something else")
        assert "question" not in shown
    assert questions(page, talk) == []
    assert "Redo question" in shown["live"]
    assert "question" not in page.act(ME, {"act": "redo"}, talk, written="something else")
    assert questions(page, talk) == [QUESTION]


def test_a_replaced_answer_comes_back_with_those_after_it(page: PageActions) -> None:
    talk = asked(page, QUESTION)["conversation"]
    first = last(page, talk)
    asked(page, LATER, talk)
    shown = asked(page, "tariff on goods", talk, replacing=first)
    assert 'data-act="undo"' in shown["notice"]
    shown = page.act(ME, {"act": "undo"}, talk)
    assert shown["question"] == "tariff on goods"
    assert questions(page, talk) == [QUESTION, LATER]


def test_a_deleted_exchange_comes_back(page: PageActions) -> None:
    talk = asked(page, QUESTION)["conversation"]
    first = last(page, talk)
    asked(page, LATER, talk)
    shown = page.act(ME, {"act": "remove", "exchange": first}, talk)
    assert "Deleted." in shown["notice"]
    assert 'data-act="undo"' in shown["notice"]
    assert (questions(page, talk), shown["past"]) == ([LATER], "")
    shown = page.act(ME, {"act": "undo"}, talk)
    assert questions(page, talk) == [QUESTION, LATER]
    assert "question" not in shown


def test_a_deleted_conversation_comes_back(page: PageActions) -> None:
    talk = asked(page, QUESTION)["conversation"]
    shown = page.act(ME, {"act": "delete", "conversation": talk}, talk)
    assert "Conversation deleted." in shown["notice"]
    assert f'data-act="restore" data-conversation="{talk}"' in shown["notice"]
    with pytest.raises(NoSuchConversation):
        page.act(OTHER, {"act": "restore", "conversation": talk}, "")
    assert GONE in page.open_conversation(ME, talk)["notice"]
    shown = page.act(ME, {"act": "restore", "conversation": talk}, "")
    assert (shown["conversation"], shown["notice"]) == (talk, "")
    assert QUESTION in shown["live"]
    assert talk in shown["conversations"]


def test_deleting_a_conversation_stops_its_question_and_undo_brings_both_back(
    page: PageActions,
) -> None:
    following = waiting(page)
    (talk,) = page.questions.conversations(ME.owner)
    page.act(ME, {"act": "delete", "conversation": talk}, talk)
    assert [*following] == []
    assert page.history.conversations(ME.owner) == []
    shown = page.act(ME, {"act": "restore", "conversation": talk}, "")
    assert "Stopped." in shown["live"]


# --- two windows ------------------------------------------------------------------------------


def test_a_window_refreshes_what_changed_in_another(page: PageActions) -> None:
    talk = asked(page, QUESTION)["conversation"]

    def refreshed(versions: tuple[int, int]) -> Any:
        data = {"act": "refresh", "list": str(versions[0]), "thread": str(versions[1])}
        return page.act(BrowserWindow(ME.owner, "2"), data, talk)

    before = page.history.versions(ME.owner, talk)
    assert refreshed(before) == {}
    other = asked(page, LATER)["conversation"]
    assert list(refreshed(before)) == ["conversations"]
    asked(page, LATER, talk)
    shown = refreshed(before)
    assert QUESTION in shown["past"]
    assert LATER in shown["live"]
    now = page.history.versions(ME.owner, talk)
    page.history.set_thumb(ME.owner, last(page, talk), "up")
    assert 'aria-pressed="true"' in refreshed(now)["live"]
    page.act(ME, {"act": "delete", "conversation": talk}, other)
    shown = refreshed(now)
    assert (shown["conversation"], shown["past"]) == ("", "")
    assert DELETED in shown["notice"]
    assert talk not in shown["conversations"]


def test_what_a_window_follows_is_not_overtaken_by_a_refresh(page: PageActions) -> None:
    """The window hears of the change that its own question makes, before its stream shows it."""
    talk = asked(page, QUESTION)["conversation"]
    of_list, of_thread = page.history.versions(ME.owner, talk)
    following = waiting(page, conversation=talk)
    data = {"act": "refresh", "list": str(of_list), "thread": str(of_thread)}
    assert page.history.versions(ME.owner, talk) != (of_list, of_thread)
    assert list(page.act(ME, data, talk)) == ["conversations"]
    assert "endless" in page.act(BrowserWindow(ME.owner, "2"), data, talk)["live"]
    page.stop(ME)
    *_, last_parts = following
    assert "Stopped." in last_parts["live"]
    assert "Stopped." in page.act(ME, data, talk)["live"]  # where the stream had broken


# --- the list ---------------------------------------------------------------------------------


def test_three_thousand_conversations_are_listed_a_page_at_a_time(page: PageActions) -> None:
    ids = []
    page.history._database.rows("PRAGMA synchronous = OFF")
    for number in range(3000):
        exchange = Exchange(f"{number:016x}", f"About harbour {number}?", state="stopped")
        ids.append(page.history.put(ME.owner, None, exchange))
    began_s = time.perf_counter()
    shown = page.open_conversation(ME, ids[5])["conversations"]
    assert time.perf_counter() - began_s < 1
    assert shown.count("fn-row-title") == PAGE
    assert "About harbour 2999?" in shown
    shown = page.act(ME, {"act": "more"}, ids[5])["conversations"]
    assert shown.count("fn-row-title") == 2 * PAGE
    assert page.act(OTHER, {"act": "more"}, "")["conversations"].count("fn-row-title") == 0
    found = page.search(ME, "", "harbour 2017 about")["conversations"]
    assert "About harbour 2017?" in found


def test_the_list_stays_filtered_while_one_acts_in_it(page: PageActions) -> None:
    first, second = asked(page, QUESTION)["conversation"], asked(page, LATER)["conversation"]
    data = {"act": "rename", "conversation": first, "title": "Duties"}
    page.search(ME, second, "duties")
    for shown in (page.act(ME, data, second), asked(page, QUESTION, second)):
        assert (first in shown["conversations"], second in shown["conversations"]) == (True, False)
    assert second in page.search(ME, second, "")["conversations"]


# --- what belongs to whom ---------------------------------------------------------------------


def test_nobody_reaches_what_is_anothers(page: PageActions) -> None:
    talk = asked(page, QUESTION)["conversation"]
    exchange = last(page, talk)
    assert (
        QUESTION not in str(page.open_conversation(OTHER, talk)["live"]).partition("fn-examples")[0]
    )
    assert page.open_conversation(OTHER, talk)["conversation"] == ""
    for act in ("thumb", "note"):
        with pytest.raises(NoSuchExchange):
            page.act(OTHER, {"act": act, "exchange": exchange, "thumb": "up"}, talk)
    with pytest.raises(NoSuchExchange):
        list(page.ask_again(OTHER, talk, exchange))
    with pytest.raises(NoSuchExchange):
        page.exchange(OTHER, exchange)
    page.act(OTHER, {"act": "delete", "conversation": talk}, talk)
    assert asked(page, LATER, talk, window=OTHER)["conversation"] != talk
    assert questions(page, talk) == [QUESTION]


def test_an_exchange_on_its_way_can_be_opened_by_its_owner_alone(page: PageActions) -> None:
    following = waiting(page)
    running = page.windows.followed(ME)
    assert running
    shown = page.exchange(BrowserWindow(ME.owner, "another"), running.exchange.id)
    assert (shown.question, shown.is_over) == (f"endless {QUESTION}", False)
    with pytest.raises(NoSuchExchange):
        page.exchange(BrowserWindow(OTHER.owner, ME.tab), running.exchange.id)
    page.stop(ME)
    list(following)


@pytest.mark.parametrize("data", [{}, {"act": "fly"}, {"act": "edit", "exchange": "no such"}])
def test_an_act_that_means_nothing_changes_nothing(page: PageActions, data: dict[str, str]) -> None:
    talk = asked(page, QUESTION)["conversation"]
    assert page.act(ME, data, talk) == {}


# --- the list, thumbs -------------------------------------------------------------------------


def test_conversations_are_searched_renamed_and_deleted(page: PageActions) -> None:
    first, second = asked(page, QUESTION)["conversation"], asked(page, LATER)["conversation"]
    assert first in page.search(ME, second, "fentanyl?")["conversations"]
    assert "No conversation holds" in page.search(ME, second, "zebra")["conversations"]
    page.search(ME, second, "")
    rename = {"act": "rename", "conversation": first, "title": "Duties"}
    assert "Duties" in page.act(ME, rename, second)["conversations"]
    kept = page.act(ME, {"act": "delete", "conversation": first}, second)
    assert sorted(kept) == ["conversations", "notice"]
    left = page.act(ME, {"act": "delete", "conversation": second}, second)
    assert (left["conversation"], left["past"]) == ("", "")
    assert "fn-empty" in left["live"]
    page.act(ME, {"act": "delete", "conversation": second}, second)  # in another window


def test_a_thumb_given_again_is_taken_back(page: PageActions) -> None:
    talk = asked(page, QUESTION)["conversation"]
    exchange = last(page, talk)
    thumb = {"act": "thumb", "exchange": exchange, "thumb": "up"}
    assert 'aria-pressed="true"' in page.act(ME, thumb, talk)["live"]
    page.act(ME, {"act": "note", "exchange": exchange, "note": "so it is"}, talk)
    kept = page.history.find(ME.owner, exchange)
    assert (kept.thumb, kept.note) == ("up", "so it is")
    page.act(ME, {**thumb, "thumb": "down"}, talk)
    assert page.history.find(ME.owner, exchange).thumb == "down"
    assert 'aria-pressed="true"' not in page.act(ME, {**thumb, "thumb": "down"}, talk)["live"]
    assert page.history.find(ME.owner, exchange).thumb is None


def test_the_evals_offer_the_cases_that_thumbs_make(page: PageActions) -> None:
    talk = asked(page, QUESTION)["conversation"]
    assert "export/cases.jsonl" not in page.evals_tab(ME.owner)
    page.act(ME, {"act": "thumb", "exchange": last(page, talk), "thumb": "up"}, talk)
    assert "Cases from your thumbs" in page.evals_tab(ME.owner)
    assert "Cases from your thumbs" not in page.evals_tab(OTHER.owner)


def test_a_history_that_cannot_be_written_is_an_error_after_the_answer(page: PageActions) -> None:
    page.history._database.rows("PRAGMA query_only = ON")
    following, shown = page.ask(ME, QUESTION), ""
    while "fn-facts" not in shown:  # the answer is over
        shown = str(next(following).get("live", ""))
    with pytest.raises(HistoryError):
        next(following)
    assert 'data-act="cite"' in shown
    assert page.windows.followed(ME) is None


# --- the source pane --------------------------------------------------------------------------


@pytest.fixture
def pane(page: PageActions) -> SourcePane:
    return SourcePane(page.assistant.library, page)


def test_a_citation_a_passage_and_a_document_open_in_the_pane(
    page: PageActions, pane: SourcePane
) -> None:
    talk = asked(page, QUESTION)["conversation"]
    (exchange,) = page.history.exchanges(ME.owner, talk)
    (quote, *_) = [citation.quote for claim in exchange.claims for citation in claim.citations]
    at = {"exchange": exchange.id, "claim": "0", "citation": "0", "passage": "1"}
    assert f'id="fn-current" tabindex="-1">{quote[:20]}' in pane.show(ME, {"act": "cite", **at})
    assert "fn-current" in pane.show(ME, {"act": "passage", **at})
    document = exchange.claims[0].citations[0].span.document_id
    whole = pane.show(ME, {"act": "source", "document": document})
    assert "fn-mark" not in whole
    assert quote[:20] in whole
    with pytest.raises(NoSuchExchange):
        pane.show(OTHER, {"act": "cite", **at})


@pytest.mark.parametrize("index", ["9", "-1", "", "x", "1e3", "²", "٣", "9" * 40])
def test_a_link_to_nothing_says_so(page: PageActions, pane: SourcePane, index: str) -> None:
    exchange = last(page, asked(page, QUESTION)["conversation"])
    at = {"exchange": exchange, "claim": index, "citation": index, "passage": index}
    assert "no such citation" in pane.show(ME, {"act": "cite", **at})
    assert "no such citation" in pane.show(ME, {"act": "passage", **at})


def test_a_source_that_is_gone_leaves_its_quote(page: PageActions, pane: SourcePane) -> None:
    talk = asked(page, QUESTION)["conversation"]
    (exchange,) = page.history.exchanges(ME.owner, talk)
    citation = exchange.claims[0].citations[0]
    page.assistant.library.remove(citation.span.document_id)
    at = {"act": "cite", "exchange": exchange.id, "claim": "0", "citation": "0"}
    assert "was removed" in pane.show(ME, at)
    assert page.parts.citation_states(exchange)["0.0"] == "gone"
    assert "There is no source" in pane.show(ME, {"act": "source", "document": "gone.txt"})


def test_why_tells_how_an_answer_came_about(page: PageActions, pane: SourcePane) -> None:
    talk = asked(page, QUESTION)["conversation"]
    exchange = last(page, talk)
    assert QUESTION in pane.show(ME, {"act": "why", "exchange": exchange})
    page.history._database.rows("UPDATE records SET trace = NULL")
    assert "was not kept" in pane.show(ME, {"act": "why", "exchange": exchange})


# --- sources in -------------------------------------------------------------------------------


@pytest.fixture
def indexing(assistant: Quoter, tmp_path: Path) -> IndexingJobs:
    return IndexingJobs(cast(Assistant, assistant), tmp_path / "articles")


def ended(indexing: IndexingJobs) -> str:
    """The jobs as the page shows them, once all have ended."""
    for _ in range(600):
        html, is_active, _line = indexing.render()
        if not is_active:
            return html
        time.sleep(0.05)
    raise AssertionError(html)


def test_files_are_kept_and_indexed_and_each_is_told_of(
    indexing: IndexingJobs, assistant: Quoter, tmp_path: Path
) -> None:
    good, bad = tmp_path / "tea.txt", tmp_path / "tea.png"
    good.write_text("Tea is dear.\n", "utf-8")
    bad.write_bytes(b"x")
    assert indexing.add_files([str(good), str(bad)]) == {"files": None}
    told = parse(ended(indexing)).text
    assert "tea.png is of an unknown kind" in told
    assert "tea.txt added" in told
    assert "Done: 1 added, 1 with a problem." in told
    assert "Try again" not in told
    assert (indexing.folder / "tea.txt").read_text("utf-8") == "Tea is dear.\n"
    assert "was removed" in indexing.act({"act": "remove-source", "document": "tea.txt"})["notice"]
    assert not (indexing.folder / "tea.txt").exists()
    assert "tea.txt" not in assistant.library.digests()


def test_what_came_of_files_is_told_after_a_restart(
    indexing: IndexingJobs, assistant: Quoter, tmp_path: Path
) -> None:
    (tmp_path / "tea.txt").write_text("Tea is dear.\n", "utf-8")
    indexing.add_files([str(tmp_path / "tea.txt"), str(tmp_path / "none.txt")])
    before = ended(indexing)
    assert ended(IndexingJobs(cast(Assistant, assistant), indexing.folder)) == before


def test_an_address_that_fails_is_told_and_may_be_tried_again(
    indexing: IndexingJobs, assistant: Quoter
) -> None:
    indexing.act({"act": "add-address", "address": " http://127.0.0.1/ "})
    told = parse(ended(indexing))
    assert "is not a public address" in told.text
    (again,) = told.all(act="resume-job")
    indexing.act({"act": "resume-job", "document": again.attrs["data-document"]})
    ended(indexing)
    assert [job.urls for job in assistant.jobs.store.jobs()] == [("http://127.0.0.1/",)] * 2


def test_a_job_of_another_program_is_taken_up_and_shown(
    indexing: IndexingJobs, assistant: Quoter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tea.txt").write_text("Tea is dear.\n", "utf-8")
    assert indexing.render() == ("", False, "")
    shown, put = threading.Event(), assistant._put

    def put_when_shown(document: Document) -> IngestEvent:
        assert shown.wait(30)
        return put(document)

    monkeypatch.setattr(assistant, "_put", put_when_shown)
    job = assistant.jobs.store.submit([tmp_path / "tea.txt"])
    html, is_active, line = indexing.render()
    shown.set()
    assert is_active
    assert line
    assert [each.attrs["data-document"] for each in parse(html).all(act="cancel-job")] == ["1"]
    assert "tea.txt added" in parse(ended(indexing)).text
    assert assistant.jobs.store.job(job.id).state == "done"


def test_a_job_is_cancelled_and_resumed_from_the_page(
    indexing: IndexingJobs, assistant: Quoter, tmp_path: Path
) -> None:
    (tmp_path / "tea.txt").write_text("Tea is dear.\n", "utf-8")
    job = assistant.jobs.store.submit([tmp_path / "tea.txt"])
    indexing.act({"act": "cancel-job", "document": str(job.id)})
    assert assistant.jobs.store.job(job.id).state == "cancelled"
    told = parse(ended(indexing))
    assert "Cancelled: 1 not reached." in told.text
    assert "tea.txt not reached" in told.text
    (resume,) = told.all(act="resume-job")
    indexing.act({"act": "resume-job", "document": resume.attrs["data-document"]})
    assert "tea.txt added" in parse(ended(indexing)).text


@pytest.mark.parametrize("id", ["", "7", "x", "１", "9" * 30])
def test_a_job_that_there_is_not_is_told(indexing: IndexingJobs, id: str) -> None:
    for act in ("cancel-job", "resume-job"):
        with pytest.raises(LibraryError, match="no job"):
            indexing.act({"act": act, "document": id})


def test_nothing_given_does_nothing(indexing: IndexingJobs, assistant: Quoter) -> None:
    indexing.add_files(None)
    assert assistant.jobs.store.jobs() == []
    with pytest.raises(NoSuchDocument):
        indexing.act({"act": "remove-source", "document": "no such"})


def test_an_indexing_that_breaks_is_told_and_ends(
    indexing: IndexingJobs, assistant: Quoter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    monkeypatch.setattr(assistant, "_put", broken)
    (tmp_path / "tea.txt").write_text("Tea is dear.\n", "utf-8")
    indexing.add_files([str(tmp_path / "tea.txt")])
    assert "Indexing failed (MemoryError)" in parse(ended(indexing)).text


NEWS, REPORT = sorted(file.name for file in SEEDS.glob("*.txt"))


@pytest.mark.parametrize(
    ("limit", "chosen"),
    [
        ("", []),
        (None, []),
        ("no json", []),
        ("[1]", []),
        ('{"only": 3}', []),
        ('{"without": []}', []),
        (f'{{"only": ["{NEWS}", "gone.txt"]}}', [NEWS]),
        (f'{{"without": ["{NEWS}", "gone.txt"]}}', [REPORT]),
        (f'{{"only": ["{NEWS}", "{REPORT}"]}}', []),
    ],
)
def test_a_question_is_limited_to_what_is_ticked(
    indexing: IndexingJobs, limit: str | None, chosen: list[str]
) -> None:
    assert indexing.chosen(limit) == chosen


@pytest.mark.parametrize("limit", ['{"only": []}', f'{{"without": ["{NEWS}", "{REPORT}"]}}'])
def test_a_question_to_no_source_is_refused(indexing: IndexingJobs, limit: str) -> None:
    with pytest.raises(QuestionError, match="Tick at least one"):
        indexing.chosen(limit)


def test_the_first_screen_is_about_these_articles(page: PageActions, assistant: Quoter) -> None:
    shown = parse(page.open_conversation(ME)["live"])
    for id in (NEWS, REPORT):
        assert assistant.library.document(id).title[:40] in shown.text
    assert shown.all(act="example")
    assert all(each.attrs["data-question"] for each in shown.all(act="example"))


def test_each_request_is_answered_in_its_own_language(page: PageActions) -> None:
    with using_settings(PageSettings(language="de")):
        talk = asked(page, QUESTION)
    assert "auf diesem Rechner" in talk["live"]
    assert "on this machine" in page.open_conversation(ME, talk["conversation"])["live"]


def test_below_the_last_answer_stand_related_questions(page: PageActions) -> None:
    talk = asked(page, QUESTION)["conversation"]
    shown = asked(page, LATER, talk)
    (related,) = parse(shown["live"]).all(cls="fn-related")
    found = [each.attrs["data-question"] for each in related.all(act="example")]
    assert 1 <= len(found) <= 3
    assert not {QUESTION, LATER} & set(found)
    assert "fn-related" not in shown["past"]


# --- the frame --------------------------------------------------------------------------------

NASTY = "<script>alert(1)</script>\x07\u202e'\""


def test_what_is_said_around_the_conversation_is_escaped() -> None:
    nasty = Exchange("0" * 16, NASTY, "done", thumb="down", note=NASTY)
    given = Feedback("wrong", NASTY, (Span("x", 0, 1), NASTY), "accepted", NASTY, (NASTY,))
    made = [ReviewedCase(nasty, given, None, NASTY)]
    warm = ModelStatus(ready=True, text=NASTY)
    for shown in (
        page_frame.notice(NASTY),
        page_frame.model_status(warm, NASTY, NASTY),
        page_frame.model_status(ModelStatus(False, "", NASTY), NASTY, NASTY),
        review_list.render_review(made),
        page_frame.save_links(NASTY),
    ):
        assert "<script>" not in shown
        assert "\x07" not in shown
        assert "\u202e" not in shown


def test_the_status_says_by_shape_and_word_how_the_model_is() -> None:
    good, fair, bad = (
        page_frame.model_status(warm, "qwen", "Text stays on this machine.")
        for warm in (
            ModelStatus(True, "ready"),
            ModelStatus(False, "Loading the language model…"),
            ModelStatus(False, "x", "The model file is missing. Install it."),
        )
    )
    assert "●" in good
    assert "qwen is ready. Text stays on this machine." in good
    assert "◌" in fair
    assert "Loading the language model… Text stays on this machine." in fair
    assert "✗" in bad
    assert "The model file is missing. Install it." in bad


def test_a_notice_is_read_out_and_an_empty_one_is_not_there() -> None:
    assert 'role="alert"' in page_frame.notice("Mind the gap.")
    assert page_frame.notice("") == ""
    assert "and the 2 questions after it" in page_frame.replacing_notice(2)
    assert "after it" not in page_frame.replacing_notice(0)


# --- a long conversation -----------------------------------------------------------------------


def test_of_a_long_conversation_the_last_questions_are_shown_until_one_asks_for_more(
    page: PageActions,
) -> None:
    now = ""
    for number in range(MAX_PAST_SHOWN + 3):
        now = asked(page, f"what tariff rate applies to fentanyl {number}?", now)["conversation"]
    shown = page.open_conversation(ME, now)["past"]
    assert "Show 2 earlier questions" in shown
    assert shown.count("<article") == MAX_PAST_SHOWN
    whole = page.act(ME, {"act": "earlier"}, now)["past"]
    assert whole.count("<article") == MAX_PAST_SHOWN + 2
    assert "earlier question" not in whole
