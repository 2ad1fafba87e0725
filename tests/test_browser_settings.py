"""The settings and the keyboard shortcuts, in a browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.asking import FENTANYL, RATE
from tests.browser import AT_FIRST, DESKTOP, PHONE, SAID, Model, Site, Visit

pytest_plugins = ["tests.seeds", "tests.chromium"]


def is_dark(page: Page) -> bool:
    return bool(
        page.evaluate(
            "() => { const [r, g, b] = getComputedStyle(document.body).backgroundColor"
            ".match(/\\d+/g); return Number(r) + Number(g) + Number(b) < 200; }"
        )
    )


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_what_is_chosen_takes_effect_and_stays(running: Site, visit: Visit, viewport: dict) -> None:  # type: ignore[type-arg]
    window = visit(running.url, viewport=viewport).window()
    page = window.page
    opener, dialog = page.get_by_role("button", name="Settings"), page.locator("#fn-settings")
    opener.focus()
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    dialog.get_by_role("radio", name="Dark").check()
    dialog.get_by_role("radio", name="Larger").check()
    assert is_dark(page)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()
    window.reload()
    assert is_dark(page)
    assert page.locator(".fn-empty").evaluate("(e) => getComputedStyle(e).zoom") == "1.3"
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    opener.click()
    expect(dialog.get_by_role("radio", name="Dark")).to_be_checked()
    with page.expect_navigation():
        dialog.get_by_label("Language").select_option("de")
    window.wait()
    expect(page.get_by_role("button", name="Einstellungen")).to_be_visible()
    expect(window.box).to_have_attribute("placeholder", "Fragen Sie die Artikel etwas")
    assert page.evaluate("() => document.documentElement.lang") == "de"


def test_the_passages_below_an_answer_are_as_chosen(
    running: Site, visit: Visit, model: Model
) -> None:
    window = visit(running.url).window()
    page = window.page
    model.says(SAID)
    window.ask(FENTANYL)
    passages = window.live.locator(".fn-passage").first
    expect(passages).to_be_hidden()
    for choice, is_shown in (("Open", True), ("Hidden", False), ("Folded", False)):
        page.get_by_role("button", name="Settings").click()
        page.locator("#fn-settings").get_by_role("radio", name=choice).check()
        page.keyboard.press("Escape")
        expect(passages).to_be_visible(visible=is_shown)
        summary = window.live.locator(".fn-evidence summary")
        expect(summary).to_be_visible(visible=choice != "Hidden")


def test_shortcuts_do_what_the_list_says(running: Site, visit: Visit, model: Model) -> None:
    window = visit(running.url).window()
    page = window.page
    model.says(f"{AT_FIRST} {SAID}")
    window.ask(FENTANYL)
    window.box.evaluate("(box) => box.blur()")
    page.keyboard.press("j")
    expect(window.chip(0)).to_be_focused()
    page.keyboard.press("j")
    expect(window.chip(1)).to_be_focused()
    page.keyboard.press("o")
    assert window.lit() == RATE
    page.keyboard.press("k")
    expect(window.pane.locator(".fn-current").first).to_contain_text("In February")
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    expect(page.locator("#fn-search :is(input, textarea)")).to_be_focused()
    page.locator("#fn-search :is(input, textarea)").evaluate("(box) => box.blur()")
    page.keyboard.press("?")
    expect(page.locator("#fn-shortcuts")).to_be_visible()
    page.keyboard.press("n")  # nothing acts behind a dialog
    page.keyboard.press("Escape")
    expect(window.live).to_be_visible()
    page.keyboard.press("n")
    expect(page.locator("#fn-live .fn-empty")).to_be_visible()
    expect(window.box).to_be_focused()
    window.box.evaluate("(box) => box.blur()")
    page.keyboard.press(",")
    expect(page.locator("#fn-settings")).to_be_visible()
    page.keyboard.press("Escape")
    window.tab("Evals")
    page.keyboard.press("/")
    expect(window.box).to_be_focused()


def test_shortcuts_leave_typing_alone_and_can_be_turned_off(running: Site, visit: Visit) -> None:
    window = visit(running.url).window()
    page = window.page
    window.box.click()
    page.keyboard.type("/nsjko,?")
    expect(window.box).to_have_value("/nsjko,?")
    expect(page.locator("dialog[open]")).to_have_count(0)
    window.box.evaluate("(box) => box.blur()")
    for combination in ("Control+/", "Alt+n", "Control+,"):
        page.keyboard.press(combination)
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.keyboard.press(",")
    dialog = page.locator("#fn-settings")
    dialog.get_by_role("radio", name="Off").check()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("dialog[open]")).to_have_count(0)
    window.reload()
    window.box.evaluate("(box) => box.blur()")
    page.keyboard.press(",")
    expect(page.locator("dialog[open]")).to_have_count(0)
