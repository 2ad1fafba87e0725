"""The rail of sources in a browser: what is asked, what is added, and what came of it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.asking import FENTANYL
from tests.browser import PHONE, SAID, Model, Site, Visit, Window
from tests.test_browser_input import file

pytest_plugins = ["tests.seeds", "tests.chromium"]

LIMIT = "#fn-limit-open"


def give(page: Page, kind: str, target: str, name: str, text: str) -> None:
    """Hand a file to the page as a drop or a paste does."""
    page.evaluate(
        """([kind, target, name, text]) => {
            const data = new DataTransfer();
            data.items.add(new File([text], name));
            const options = { bubbles: true, cancelable: true };
            const event = kind === "paste"
                ? new ClipboardEvent("paste", { ...options, clipboardData: data })
                : new DragEvent(kind, { ...options, dataTransfer: data });
            document.querySelector(target).dispatchEvent(event);
        }""",
        [kind, target, name, text],
    )


def test_ticks_limit_the_question_and_are_always_seen(
    running: Site, window: Window, model: Model
) -> None:
    page = window.page
    expect(page.locator(LIMIT)).to_have_text("Asks all sources")
    expect(page.locator("#fn-rail-count")).to_have_text("All 2 sources")
    window.sources.filter(has_text="Chinese Official seeks").locator("input").uncheck()
    expect(page.locator("#fn-rail-count")).to_have_text("1 of 2 sources")
    expect(page.locator(LIMIT)).to_have_text("Asks 1 of 2 sources")
    model.says(SAID)
    answer = window.ask(FENTANYL)
    expect(answer).to_contain_text("Asked of 1 source only")
    window.reload()
    expect(page.locator(LIMIT)).to_have_text("Asks 1 of 2 sources")
    page.locator("#fn-rail-all").check()
    expect(page.locator(LIMIT)).to_have_text("Asks all sources")
    page.locator("#fn-rail-all").uncheck()
    expect(page.locator(LIMIT)).to_have_text("Asks 0 of 2 sources")
    window.put(FENTANYL)
    expect(window.notice).to_contain_text("Tick at least one")
    page.get_by_role("button", name="Ask all", exact=True).click()
    expect(page.locator(LIMIT)).to_have_text("Asks all sources")


def test_a_source_tells_what_it_is_about_and_opens_there(window: Window) -> None:
    source = window.about("Chinese Official")
    point = source.locator(".fn-point").first
    said = point.text_content() or ""
    point.click()
    expect(window.pane).to_contain_text(said)
    source.locator(".fn-topic").first.click()
    window.page.locator(".fn-rail-only button").click()
    expect(window.page.locator(LIMIT)).to_contain_text(" of 2 sources")


def test_files_are_dropped_and_pasted_and_told_of_after_a_reload(
    running: Site, window: Window
) -> None:
    page = window.page
    give(page, "drop", "#fn-thread", "dropped.txt", "About kites\n\nA kite flies.\n")
    expect(window.job).to_contain_text("dropped.txt added")
    give(page, "paste", "#fn-question textarea", "pasted.png", "x")
    expect(window.job).to_contain_text("pasted.png is of an unknown kind")
    expect(window.sources.first).to_contain_text("About kites")
    expect(page.locator("#fn-start")).to_contain_text("About kites")
    window.reload()
    expect(window.job).to_contain_text("pasted.png is of an unknown kind")
    expect(page.locator(".fn-jobs-past")).to_contain_text("dropped.txt")
    running.assistant.remove("dropped.txt")


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(window: Window) -> None:
    window.page.evaluate("() => { document.querySelector('.fn-rail').dataset.mostBytes = '10'; }")
    give(window.page, "drop", "#fn-thread", "long.txt", "Longer than ten bytes.")
    expect(window.page.locator("#fn-rail-note")).to_contain_text("long.txt is over")


def test_an_address_in_the_question_box_is_offered_as_a_source(window: Window) -> None:
    window.box.fill("what is at http://127.0.0.1:9/ now?")
    expect(window.page.locator("#fn-offer")).to_be_hidden()
    window.box.fill("http://127.0.0.1:9/page")
    expect(window.page.locator("#fn-offer")).to_be_visible()
    window.box.press("Enter")
    expect(window.box).to_have_value("")
    expect(window.job).to_contain_text("127.0.0.1 is not a public address")
    expect(window.page.locator("#fn-offer")).to_be_hidden()


@pytest.fixture
def phone(running: Site, visit: Visit) -> Window:
    return visit(running.url, viewport=PHONE, has_touch=True, reduced_motion="reduce").window()


def test_on_a_phone_the_rail_is_a_sheet_that_the_keyboard_can_use(
    phone: Window, running: Site
) -> None:
    page = phone.page
    expect(phone.sources.first).not_to_be_visible()
    opener = page.locator(LIMIT)
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#fn-rail-all")).to_be_focused()
    page.keyboard.press("Space")
    expect(opener).to_have_text("Asks 0 of 2 sources")
    page.keyboard.press("Space")
    page.keyboard.press("Escape")
    expect(phone.sources.first).not_to_be_visible()
    expect(opener).to_be_focused()
    phone.upload(file("drums.txt", "About drums\n\nA drum is loud.\n"))
    expect(opener).to_have_text("Asks all sources")
    page.get_by_role("button", name="Add sources").click()
    expect(page.get_by_role("button", name="Choose files")).to_be_in_viewport()
    expect(phone.job).to_contain_text("drums.txt added")
    running.assistant.remove("drums.txt")
