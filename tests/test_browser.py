"""A person asks in a browser, and checks the answer in its source."""

from __future__ import annotations

import json
import threading
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, expect

from tests.asking import FENTANYL, RATE
from tests.browser import AT_FIRST, QUIET, SAID, Model, Person, Site, Visit, Window, executable
from tests.fakes import Hang, Reply, Request, Scripted

pytest_plugins = ["tests.seeds", "tests.chromium"]

# --- asking and checking ----------------------------------------------------------------------


def test_the_evidence_is_there_before_the_answer(window: Window, model: Model) -> None:
    may_speak = model.says_later(SAID)
    window.put(FENTANYL)
    expect(window.live.locator(".fn-passage").first).to_contain_text("fentanyl")
    expect(window.live).to_have_attribute("aria-busy", "true")
    assert not window.live.locator(".fn-claim").count()
    may_speak.set()
    answer = window.answered()
    expect(answer.locator(".fn-prose")).to_contain_text("20%")
    expect(answer.locator(".fn-stage")).to_contain_text("supported")
    expect(answer.locator(".fn-facts")).to_contain_text("scripted")
    expect(answer.locator(".fn-facts")).to_contain_text("machine")


def test_a_footnote_lights_up_the_very_words_that_were_cited(window: Window, model: Model) -> None:
    model.says(SAID)
    window.ask(FENTANYL)
    window.chip().click()
    assert window.lit() == RATE
    assert window.is_in_view("#fn-pane .fn-current", "#fn-source-pane")
    shown = window.pane.locator(".fn-text").evaluate("(text) => text.textContent")
    assert window.lit() in shown


def test_one_goes_from_one_cited_place_to_the_next(window: Window, model: Model) -> None:
    model.says(f"{AT_FIRST} {SAID}")
    window.ask(FENTANYL)
    window.chip(1).click()
    assert window.lit() == RATE
    place, marks = window.pane.locator("[data-place]"), window.pane.locator(".fn-mark")
    expect(place).to_have_text("2 of 2")
    faint = window.pane.locator(".fn-mark:not(.fn-current)")
    expect(faint).to_contain_text("an initial 10% tariff on Chinese goods")
    lit, other = (
        each.evaluate("(mark) => getComputedStyle(mark).backgroundColor")
        for each in (window.pane.locator(".fn-current").first, faint.first)
    )
    assert lit != other
    for act, now in (("Previous", "1 of 2"), ("Next", "2 of 2"), ("Next", "1 of 2")):
        window.pane.get_by_role("button", name=act).click()
        expect(place).to_have_text(now)
        assert window.is_in_view("#fn-pane .fn-current", "#fn-source-pane")
    assert "10%" in window.lit()
    assert marks.count() == 2


def test_pointing_at_a_footnote_shows_the_quote(window: Window, model: Model) -> None:
    model.says(SAID)
    tip = window.ask(FENTANYL).locator(".fn-claim [role=tooltip]").first
    expect(tip).to_be_hidden()
    window.chip().hover()
    expect(tip).to_be_visible()
    expect(tip).to_contain_text(RATE)
    window.box.hover()
    expect(tip).to_be_hidden()
    window.chip().focus()
    expect(tip).to_be_visible()


def test_a_footnote_is_a_link_that_opens_in_a_tab_of_its_own(window: Window, model: Model) -> None:
    model.says(SAID)
    window.ask(FENTANYL)
    with window.page.context.expect_page() as opened:
        window.chip().click(modifiers=["Control"])
    with opened.value as page:
        expect(page.locator("mark#fn-current")).to_have_text(RATE)
        expect(page.locator("mark#fn-current")).to_be_in_viewport()


def test_a_decline_says_why_and_shows_what_comes_nearest(window: Window, model: Model) -> None:
    model.says("NOT STATED")
    answer = window.ask("Who makes the best chocolate in Belgium?")
    expect(answer.locator(".fn-stage")).to_contain_text("Not answered")
    expect(answer.locator(".fn-declined")).to_contain_text("articles")
    expect(answer.locator(".fn-declined")).to_contain_text("Searched all sources")
    expect(answer.locator(".fn-evidence summary")).to_have_text("Nearest passages")
    passages = answer.locator(".fn-passage")
    assert passages.count() > 1
    for number in range(passages.count()):
        words = passages.nth(number).locator(".fn-extract").inner_text().split()[:6]
        passages.nth(number).locator("a").click()
        expect(window.pane.locator(".fn-current").first).to_contain_text(" ".join(words))


def test_a_follow_up_says_how_it_was_understood(window: Window, model: Model) -> None:
    model.says(SAID)
    window.ask(FENTANYL)
    model.says(SAID)
    answer = window.ask("and to Mexico?")
    expect(answer.locator(".fn-question")).to_have_text("and to Mexico?")
    read = "Asked as: what tariff rate applies to Mexico?"
    expect(answer.locator(".fn-aside")).to_have_text(read)
    expect(window.past).to_have_count(1)
    expect(window.past.locator(".fn-question")).to_have_text(FENTANYL)


def test_a_question_of_the_first_screen_is_asked_with_one_click(
    running: Site, window: Window, model: Model
) -> None:
    model.says(SAID)
    offered = window.page.locator("#fn-start .fn-example")
    questions = running.assistant.overviews.of_library().questions
    assert offered.all_text_contents() == list(questions)
    offered.first.click()
    expect(window.answered().locator(".fn-question")).to_have_text(questions[0])


def test_why_shows_how_the_answer_came_about(window: Window, model: Model) -> None:
    model.says(SAID)
    window.ask(FENTANYL)
    model.says(SAID)
    window.ask("which rate is it?")
    window.do("why")
    told = window.pane.locator(".fn-trace")
    expect(told).to_contain_text(FENTANYL)
    said = told.evaluate("(trace) => trace.textContent")
    for words in (FENTANYL, SAID, RATE):  # the question, the reply, a check
        assert words in said


# --- breaking off -----------------------------------------------------------------------------


def test_stop_ends_the_models_request_and_the_next_question_works(
    window: Window, model: Model
) -> None:
    model.says(Hang())
    window.put(FENTANYL)
    window.live.locator(".fn-passage").first.wait_for()
    window.page.get_by_role("button", name="Stop").click()
    assert model.dropped.wait(10)
    expect(window.live.locator(".fn-stage")).to_contain_text("Stopped")
    expect(window.page.get_by_role("button", name="Stop")).to_be_hidden()
    model.says(SAID)
    expect(window.ask(FENTANYL).locator(".fn-prose")).to_contain_text("20%")


def test_what_nobody_checked_does_not_outlive_stop(window: Window, model: Model) -> None:
    model.says(Reply.of(f"A 90% rate is unheard of. {SAID}", stalls_after=8))
    window.put(FENTANYL)
    expect(window.live.locator(".fn-draft")).to_contain_text("A 90% rate is unheard of.")
    expect(window.live.locator(".fn-checking")).to_be_visible()
    window.page.get_by_role("button", name="Stop").click()
    expect(window.answered().locator(".fn-stage")).to_contain_text("Nothing had been checked yet")
    expect(window.live).not_to_contain_text("unheard of")
    window.reload()
    expect(window.live.locator(".fn-stage")).to_contain_text("Stopped")


def test_a_second_enter_does_not_ask_twice(window: Window, model: Model) -> None:
    may_speak = model.says_later(SAID)
    window.box.fill(FENTANYL)
    for _ in range(2):
        with window.page.expect_response("**/queue/join*"):
            window.box.press("Enter")
    expect(window.live).to_have_attribute("aria-busy", "true")
    may_speak.set()
    window.answered()
    assert len(model.requests) == 1
    assert window.past.count() + window.live.count() == 1
    assert window.address.startswith("?c=")  # a reload brings the answer back


def test_a_question_without_words_is_not_asked(window: Window, model: Model) -> None:
    model.says(SAID)
    window.put("   ")
    expect(window.notice).to_contain_text("Write a question first")
    assert not model.requests


# --- several people ---------------------------------------------------------------------------


def test_two_people_at_once_see_their_own_alone(running: Site, visit: Visit, model: Model) -> None:
    both_asked, asked = threading.Barrier(2, timeout=30), []

    def reply(request: Request) -> Scripted:
        text = request["messages"][-1]["content"]
        asked.append(text)
        both_asked.wait()
        return SAID if "fentanyl?" in text else "Wang Xiaohong is a minister. [1]"

    model.says(reply)
    one, two = visit(running.url).window(), visit(running.url).window()
    one.put(FENTANYL)
    two.put("Who is Wang Xiaohong?")
    expect(one.answered().locator(".fn-prose")).to_contain_text("20%")
    expect(two.answered().locator(".fn-prose")).to_contain_text("Wang")
    for each, other in ((one, "Wang Xiaohong?"), (two, "tariff rate applies")):
        expect(each.list).to_have_count(1)
        assert other not in each.page.locator("#fn-thread, #fn-sidebar").first.inner_text()
        assert other not in each.page.locator("#fn-conversations").inner_text()
    one.open(two.address)
    expect(one.page.locator("#fn-live .fn-empty")).to_be_visible()
    assert len(asked) == 2


def test_the_browsers_own_log_names_no_other_host(
    chromium: Browser, running: Site, model: Model, tmp_path: Path
) -> None:
    log = tmp_path / "net.json"
    options = [*QUIET, f"--log-net-log={log}"]
    browser = chromium.browser_type.launch(executable_path=executable(), args=options)
    with closing(browser):
        window = Person(browser.new_context(), running.url).window()
        model.says(f"![x](https://example.com/x.png) {SAID} See https://example.com/.")
        window.ask(FENTANYL)
        window.chip().click()
        window.lit()
        for name in ("Evals", "Ask"):
            window.tab(name)
        window.reload()
    told = json.loads(log.read_text("utf-8"))
    start = told["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    jobs = [each.get("params", {}) for each in told["events"] if each["type"] == start]
    begun = [job for job in jobs if "url" in job]
    # What nobody began but Chromium itself, it asks of its maker.
    asked = [urlsplit(job["url"]) for job in begun if job["initiator"] != "not an origin"]
    assert len(asked) > 20
    assert {url.hostname for url in asked if url.scheme.startswith("http")} == {"127.0.0.1"}


def test_an_answer_that_one_leaves_comes_about_all_the_same(window: Window, model: Model) -> None:
    may_speak = model.says_later(SAID)
    window.put(FENTANYL)
    window.live.locator(".fn-passage").first.wait_for()
    window.do("new", "#fn-sidebar")
    empty = window.page.locator("#fn-live .fn-empty")
    expect(empty).to_be_visible()
    expect(window.list).to_contain_text("Answering")
    may_speak.set()
    expect(window.list).not_to_contain_text("Answering")
    expect(empty).to_be_visible()
    window.list.click()
    expect(window.live.locator(".fn-prose")).to_contain_text("20%")


def test_a_window_waits_for_one_answer_at_a_time(window: Window, model: Model) -> None:
    model.says(SAID)
    window.ask(FENTANYL)
    model.says(Hang())
    window.put("which rate is it?")
    expect(window.live).to_have_attribute("aria-busy", "true")
    for act in ("retry", "remove", "thumb"):
        window.do(act, "#fn-past")
        expect(window.notice).to_contain_text("Wait for the answer, or stop it first")
    window.page.get_by_role("button", name="Stop").click()
    expect(window.live.locator(".fn-stage")).to_contain_text("Stopped")
    expect(window.notice).to_be_empty()
    assert len(model.requests) == 1
    assert window.past.count() + window.live.count() == 2
