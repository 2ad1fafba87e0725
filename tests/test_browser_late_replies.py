"""What a person does while a reply of the server is late is done all the same, and in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.asking import FENTANYL
from tests.browser import AT_FIRST, SAID, Model, Site, Window
from ui.web.conversation_parts import ConversationParts
from ui.web.indexing_jobs import IndexingJobs
from ui.web.page_actions import PageActions
from ui.web.source_pane import SourcePane

pytest_plugins = ["tests.seeds", "tests.chromium"]


class Late:
    """A method of the server whose first call waits until it is released."""

    def __init__(self, method: Callable[..., Any]) -> None:
        self.method = method
        self.began, self.may_go_on = threading.Event(), threading.Event()

    def __get__(self, instance: Any, _: type) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            given = self.method(instance, *args, **options)
            if not self.began.is_set():
                self.began.set()
                self.may_go_on.wait(30)
            return given

        return call


MakeLate = Callable[[type, str], Late]


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeLate]:
    made: list[Late] = []

    def make(owner: type, name: str) -> Late:
        made.append(Late(getattr(owner, name)))
        monkeypatch.setattr(owner, name, made[-1])
        return made[-1]

    yield make
    for each in made:
        each.may_go_on.set()


def send(window: Window, kind: str, **data: str) -> None:
    """Send an act to the server, as the page's scripts do."""
    window.page.evaluate("([kind, data]) => window.footnoteTrigger(kind, data)", [kind, data])


def test_new_is_not_lost_while_the_page_looks_for_changes(
    window: Window, model: Model, late: MakeLate
) -> None:
    model.says(SAID)
    window.ask(FENTANYL)
    refresh = late(PageActions, "_refresh")
    send(window, "input", act="refresh", list="", thread="")
    assert refresh.began.wait(30)
    window.do("new", "#fn-sidebar")
    refresh.may_go_on.set()
    expect(window.page.locator("#fn-live .fn-empty")).to_be_visible()
    expect(window.past).to_have_count(0)
    window.page.wait_for_url("**/")
    model.says("Wang Xiaohong is China's minister of public security. [1]")
    window.ask("Who is Wang Xiaohong?")
    expect(window.list).to_have_count(2)


def test_what_is_done_meanwhile_is_done_in_order(
    window: Window, model: Model, late: MakeLate
) -> None:
    model.says(SAID)
    window.ask(FENTANYL)
    act = late(PageActions, "_act_on_list")
    conversation = window.list.locator("xpath=ancestor::*[@data-conversation][1]")
    id = conversation.first.get_attribute("data-conversation") or ""
    send(window, "input", act="rename", conversation=id, title="Duties")
    assert act.began.wait(30)
    window.do("thumb")
    send(window, "input", act="rename", conversation=id, title="Rates of duty")
    act.may_go_on.set()
    expect(window.list).to_contain_text("Rates of duty")
    expect(window.live.locator("[data-thumb=up]")).to_have_attribute("aria-pressed", "true")


def test_two_sources_are_removed_though_the_first_takes_its_time(
    running: Site, window: Window, late: MakeLate, tmp_path: Path
) -> None:
    for name in ("larks.txt", "rooks.txt"):
        (tmp_path / name).write_text(f"About {name}\n\nThey fly over the fields of Orno.\n")
    list(running.assistant.index([tmp_path]))
    ids = running.assistant.library.ids_by_source()
    first, second = (ids[str(tmp_path / name)] for name in ("larks.txt", "rooks.txt"))
    act = late(IndexingJobs, "act")
    send(window, "change", act="remove-source", document=first)
    assert act.began.wait(30)
    send(window, "change", act="remove-source", document=second)
    act.may_go_on.set()
    expect(window.notice).to_contain_text("About rooks.txt was removed")
    assert not {first, second} & running.assistant.library.digests().keys()


def test_the_source_that_was_chosen_last_is_shown(
    window: Window, model: Model, late: MakeLate
) -> None:
    model.says(f"{AT_FIRST} {SAID}")
    window.ask(FENTANYL)
    show = late(SourcePane, "show")
    window.chip(0).click()
    assert show.began.wait(30)
    window.chip(1).click()
    show.may_go_on.set()
    expect(window.pane.locator("[data-place]")).to_have_text("2 of 2")
    expect(window.chip(1)).to_have_class("fn-chip fn-chip-open")


def test_new_shows_an_empty_page_though_a_step_of_the_answer_is_late(
    window: Window, model: Model, late: MakeLate
) -> None:
    may_speak = model.says_later(SAID)
    step = late(ConversationParts, "live")
    window.put(FENTANYL)
    assert step.began.wait(30)
    expect(window.list).to_have_count(1)
    window.do("new", "#fn-sidebar")
    expect(window.page.locator("#fn-live .fn-empty")).to_be_visible()
    expect(window.page.locator("#fn-conversations .fn-answering")).to_have_count(1)
    step.may_go_on.set()
    may_speak.set()
    expect(window.page.locator("#fn-conversations .fn-answering")).to_have_count(0)
    expect(window.page.locator("#fn-live .fn-empty")).to_be_visible()
    window.do("conversation", "#fn-conversations")
    expect(window.live).to_contain_text("20%")


def test_what_is_written_and_asked_after_new_is_of_the_new_conversation(
    window: Window, model: Model, late: MakeLate
) -> None:
    model.says(SAID)
    window.ask(FENTANYL)
    expect(window.box).to_have_value("")
    window.box.fill("half of a follow-up")
    act = late(PageActions, "_act_on_conversation")
    window.do("new", "#fn-sidebar")
    assert act.began.wait(30)
    expect(window.box).to_have_value("")
    model.says("Wang Xiaohong is China's minister of public security. [1]")
    before = window.shown
    window.put("Who is Wang Xiaohong?")
    act.may_go_on.set()
    window.answered(before)
    expect(window.past).to_have_count(0)
    expect(window.list).to_have_count(2)
    expect(window.box).to_have_value("")
    window.list.last.click()
    expect(window.live).to_contain_text("20%")
    expect(window.box).to_have_value("half of a follow-up")


@pytest.fixture
def two_talks(window: Window, model: Model) -> Window:
    """Two conversations, each with a draft, before an empty page; the second is listed first."""
    minister = "Wang Xiaohong is China's minister of public security. [1]"
    for said, question, draft in (
        (SAID, FENTANYL, "of the rate"),
        (minister, "Who is Wang Xiaohong?", "of the minister"),
    ):
        model.says(said)
        window.ask(question)
        expect(window.box).to_have_value("")
        window.box.fill(draft)
        window.do("new", "#fn-sidebar")
        expect(window.page.locator("#fn-live .fn-empty")).to_be_visible()
        expect(window.box).to_have_value("")
    return window


def test_of_two_conversations_the_one_opened_last_is_shown_and_both_keep_their_drafts(
    two_talks: Window, late: MakeLate
) -> None:
    window = two_talks
    act = late(PageActions, "_act_on_conversation")
    window.list.last.click()
    assert act.began.wait(30)
    window.list.first.click()
    act.may_go_on.set()
    expect(window.live).to_contain_text("minister of public security")
    expect(window.box).to_have_value("of the minister")
    window.list.last.click()
    expect(window.live).to_contain_text("20%")
    expect(window.box).to_have_value("of the rate")
    for shown in ("minister of public security", "20%"):
        window.page.go_back()
        expect(window.live).to_contain_text(shown)
    window.page.go_back()
    expect(window.page.locator("#fn-live .fn-empty")).to_be_visible()


def test_back_pressed_twice_goes_back_twice(two_talks: Window, late: MakeLate) -> None:
    window, page = two_talks, two_talks.page
    empty = page.locator("#fn-live .fn-empty")
    page.evaluate(
        """() => {
            const acted = window.footnoteActed;
            window.replies = 0;
            window.footnoteActed = (...given) => { acted(...given); window.replies += 1; };
        }"""
    )
    act = late(PageActions, "_act_on_conversation")
    page.go_back()
    assert act.began.wait(30)
    page.go_back()
    act.may_go_on.set()
    page.wait_for_function("window.replies > 1")
    expect(empty).to_be_visible()
    assert page.url.rstrip("/") == window.url
    page.go_forward()
    expect(window.live).to_contain_text("minister of public security")
    expect(window.box).to_have_value("of the minister")
    page.go_forward()
    expect(empty).to_be_visible()


def test_a_marked_sentence_that_is_saved_late_ends_no_other_marking(
    window: Window, model: Model
) -> None:
    page, held = window.page, list[Route]()
    model.says(SAID)
    window.ask(FENTANYL)
    page.locator("#fn-live [data-thumb=down]").click()
    window.live.locator(".fn-note summary").click()
    mark = window.live.get_by_role("button", name="Mark it in a source")
    mark.click()
    window.chip(0).click()
    window.lit()
    page.evaluate(
        """() => {
            const range = document.createRange();
            range.selectNodeContents(document.querySelector("#fn-pane .fn-current"));
            getSelection().removeAllRanges();
            getSelection().addRange(range);
        }"""
    )
    page.route("**/feedback/*", lambda route: held.append(route))
    with page.expect_request("**/feedback/*"):
        page.get_by_role("button", name="Use the selected sentence").click()
    page.locator(".fn-marking").get_by_role("button", name="Cancel").click()
    mark.click()
    held[0].continue_()
    expect(window.live.locator(".fn-saved")).to_contain_text("the right sentence")
    expect(page.locator(".fn-marking")).to_have_count(1)
    expect(mark).to_be_focused()
