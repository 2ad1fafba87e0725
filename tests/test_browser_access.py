"""The page without a mouse, on a phone, in the dark, and as axe-core sees it."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from tests.asking import FENTANYL, RATE
from tests.browser import AT_FIRST, PHONE, SAID, Model, Site, Visit, Window
from tests.run_folders import declined, keep, right

pytest_plugins = ["tests.seeds", "tests.chromium"]

MOST_TABS = 60  # presses of Tab, on the way to a thing
COLOURS = ["color-contrast", "link-in-text-block"]  # rules that see the dark
AT_REST = "() => document.getAnimations().every((each) => each.playState !== 'running')"


@pytest.fixture
def phone(running: Site, visit: Visit) -> Window:
    return visit(running.url, viewport=PHONE, has_touch=True, is_mobile=True).window()


# --- with keys, on a phone, in the dark -------------------------------------------------------


def walk(page: Page, key: str, wanted: str) -> None:
    """Press `key` until what has the focus matches `wanted`."""
    for _ in range(MOST_TABS):
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", wanted):
            return
        page.keyboard.press(key)
    pytest.fail(f"{MOST_TABS} presses of {key} do not reach {wanted}")


def test_everything_can_be_done_with_keys(window: Window, model: Model) -> None:
    page = window.page
    model.says(SAID)
    page.keyboard.press("/")
    page.keyboard.type(FENTANYL)
    page.keyboard.press("Enter")
    window.answered()
    walk(page, "Shift+Tab", ".fn-chip")
    page.keyboard.press("Enter")
    assert window.lit() == RATE
    expect(window.pane.locator(".fn-current").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(window.chip()).to_be_focused()
    walk(page, "Tab", "[data-act=thumb]")
    page.keyboard.press("Enter")
    expect(window.live.locator("[data-act=thumb]").first).to_have_attribute("aria-pressed", "true")
    walk(page, "Tab", "#fn-question textarea")


def test_on_a_phone_the_source_is_a_sheet_over_the_conversation(
    phone: Window, model: Model
) -> None:
    page, side = phone.page, phone.page.locator("#fn-source-pane")
    model.says(f"{AT_FIRST} {SAID}")
    phone.ask(FENTANYL)
    expect(side).not_to_be_visible()
    phone.chip(1).tap()
    assert phone.lit() == RATE
    expect(side).to_be_in_viewport(ratio=1)
    assert phone.is_in_view("#fn-pane .fn-current", "#fn-source-pane")
    assert side.bounding_box()["width"] == PHONE["width"]  # type: ignore[index]
    page.get_by_role("button", name="Previous").tap()
    expect(phone.pane.locator("[data-place]")).to_have_text("1 of 2")
    page.get_by_role("button", name="Close the source", exact=True).tap()
    expect(side).not_to_be_visible()
    expect(phone.chip(0)).to_be_focused()  # of the footnote that was open last
    page.keyboard.press("Enter")
    expect(side).to_be_in_viewport(ratio=1)
    expect(phone.pane.locator(".fn-current").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(side).not_to_be_visible()
    expect(phone.chip(0)).to_be_focused()


def test_back_closes_a_sheet_that_was_opened_while_it_was_closing(
    phone: Window, model: Model
) -> None:
    page, side = phone.page, phone.page.locator("#fn-source-pane")
    model.says(f"{AT_FIRST} {SAID}")
    phone.ask(FENTANYL)
    address = phone.address
    phone.chip(0).tap()
    phone.lit()
    expect(side).to_be_in_viewport(ratio=1)
    page.evaluate(
        """() => {
            document.querySelector("#fn-source-pane [data-act=close]").click();
            document.querySelectorAll("#fn-live .fn-chip")[1].click();
        }"""
    )
    expect(phone.pane.locator("[data-place]")).to_have_text("2 of 2")
    page.wait_for_function("() => history.state?.fnSheet")
    page.go_back()
    expect(side).not_to_be_visible()
    assert phone.address == address
    expect(phone.live).to_have_count(1)


def test_a_phone_shows_it_all_without_scrolling_sideways(phone: Window, model: Model) -> None:
    page = phone.page

    def is_too_wide() -> bool:
        return bool(page.evaluate("() => document.documentElement.scrollWidth > innerWidth"))

    assert not is_too_wide()
    model.says(f"{AT_FIRST} {SAID} {'Donaudampfschifffahrtsgesellschaft' * 9}. [1]")
    phone.ask(FENTANYL)
    assert not is_too_wide()
    page.locator("[data-act=sidebar]").tap()
    expect(phone.list).to_be_in_viewport(ratio=1)
    assert not is_too_wide()
    phone.list.tap()
    expect(phone.list).not_to_be_visible()
    page.locator(".fn-sidebar-toggle [data-rail=open]").tap()
    expect(phone.sources.first).to_be_in_viewport()
    assert not is_too_wide()
    page.keyboard.press("Escape")
    expect(phone.sources.first).not_to_be_visible()
    phone.tab("Evals")
    expect(page.locator("#fn-evals")).not_to_be_empty()
    assert not is_too_wide()


def test_where_the_system_is_dark_the_page_is_dark(
    running: Site, visit: Visit, model: Model
) -> None:
    window = visit(running.url, color_scheme="dark").window()
    model.says(SAID)
    window.ask(FENTANYL)
    window.chip().click()
    window.lit()
    for element in (".fn-claim-text", "#fn-pane .fn-text", "#fn-pane .fn-current", ".fn-brand"):
        ink, ground = lightness(window.page, element)
        assert ground < 0.25, element
        assert (ink + 0.05) / (ground + 0.05) >= 4.5, element
    check(window, "answered, in the dark", runOnly=COLOURS)
    window.about("Chinese Official")
    check(window, "what a source is about, in the dark", runOnly=COLOURS)
    window.tab("Evals")
    expect(window.page.locator("#fn-evals [data-act=run]").first).to_be_visible()
    check(window, "evals, in the dark", runOnly=COLOURS)


def lightness(page: Page, element: str) -> tuple[float, float]:
    """Relative luminance (WCAG 2) of an element's text and of what is behind it, 0 to 1."""
    found = page.locator(element).first.evaluate(
        """(element) => {
            const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
            const painted = (...colours) => {
                for (const each of colours) {
                    pen.fillStyle = each;
                    pen.fillRect(0, 0, 1, 1);
                }
                return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
            };
            const layers = [];
            for (let at = element; at; at = at.parentElement)
                layers.unshift(getComputedStyle(at).backgroundColor);
            return [painted(...layers, getComputedStyle(element).color), painted(...layers)];
        }"""
    )
    ink, ground = (luminance(colour) for colour in found)
    return ink, ground


def luminance(colour: list[int]) -> float:
    parts = [each / 255 for each in colour]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


# --- axe-core ---------------------------------------------------------------------------------


@pytest.fixture(scope="module", autouse=True)
def _run_of_the_evals(running: Site) -> None:
    keep(running.folder / "evals", [right(), declined("cheese", answerable=False)])


def check(window: Window, what: str, **options: Any) -> None:
    """Whatever moves has come to rest: axe-core sees what is there at one moment."""
    window.page.wait_for_function(AT_REST)
    found = Axe().run(window.page, options=options).response
    assert found["passes"]  # it did look
    faults = [
        f"{what}: {each['id']} ({each['impact']}): {node['html'][:200]} {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]
    assert not faults, "\n".join(faults)


def test_axe_finds_nothing_on_the_page(window: Window, running: Site, model: Model) -> None:
    check(window, "empty")
    model.says(f"{AT_FIRST} {SAID}")
    window.ask(FENTANYL)
    window.do("thumb")
    expect(window.live.locator(".fn-note input")).to_be_visible()
    window.chip().click()
    window.lit()
    check(window, "answered")
    window.do("why")
    expect(window.pane.locator(".fn-trace")).to_be_visible()
    model.says("NOT STATED")
    window.ask("Who makes the best chocolate?")
    window.do("edit")
    expect(window.notice).to_contain_text("replaces")
    check(window, "declined, with the trace of an answer")
    window.about("Chinese Official")
    window.page.get_by_role("button", name="Add", exact=True).click()
    window.page.get_by_role("button", name="Add the page").click()
    expect(window.page.locator("#fn-rail-note")).to_contain_text("Write the address")
    check(window, "sources")
    window.tab("Evals")
    report = window.page.locator("#fn-evals [data-act=run]").first
    expect(report).to_be_visible()
    check(window, "evals")
    window.page.goto(f"{running.url}/{report.get_attribute('href')}")
    check(window, "the report of a run")


LOOKS: dict[str, dict[str, Any]] = {
    "desk": {"viewport": {"width": 1280, "height": 800}},
    "desk, dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "phone": {"viewport": PHONE, "has_touch": True, "is_mobile": True},
    "phone, dark": {
        "viewport": PHONE,
        "has_touch": True,
        "is_mobile": True,
        "color_scheme": "dark",
    },
    "zoomed to 200 %": {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2},
}


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_in_any_look(
    running: Site, visit: Visit, model: Model, look: str
) -> None:
    window = visit(running.url, reduced_motion="reduce", **LOOKS[look]).window()
    page = window.page
    check(window, "empty")
    page.get_by_role("button", name="Settings").click()
    check(window, "settings")
    page.get_by_role("button", name="Show the list").click()
    expect(page.locator("#fn-shortcuts")).to_be_visible()
    check(window, "keyboard shortcuts")
    page.keyboard.press("Escape")
    model.says(f"{AT_FIRST} {SAID}")
    window.ask(FENTANYL)
    check(window, "answered")
    if (toggle := page.locator("[data-act=sidebar]")).is_visible():
        toggle.click()
    expect(window.list.first).to_be_visible()
    check(window, "with the list of conversations")
    window.chip().click()
    window.lit()
    check(window, "the source")
    page.keyboard.press("Escape")
    window.do("why")
    expect(window.pane.locator(".fn-trace")).to_be_visible()
    check(window, "the trace")
    page.keyboard.press("Escape")
    if (opener := page.locator(".fn-sidebar-toggle [data-rail=open]")).is_visible():
        opener.click()
    expect(page.locator("#fn-rail-list .fn-source").first).to_be_visible()
    check(window, "sources")
    page.keyboard.press("Escape")
    window.tab("Evals")
    expect(page.locator("#fn-evals [data-act=run]").first).to_be_visible()
    check(window, "evals")
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
