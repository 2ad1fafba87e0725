"""What does axe-core find on the page? Nothing serious."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.asking import FENTANYL
from tests.browser import PHONE, Model, Site, Visit, Window
from tests.kept import declined, keep, right

pytest_plugins = ["tests.seeds", "tests.chromium"]

SAID = "In February Trump imposed an initial 10% tariff. [1] A 20% rate applies to fentanyl. [1]"
SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module", autouse=True)
def _run_of_the_evals(running: Site) -> None:
    keep(running.folder / "evals", [right(), declined("cheese", answerable=False)])


def check(window: Window, what: str) -> None:
    found = Axe().run(window.page).response
    assert len(found["passes"]) > 10  # it did look
    faults = [
        f"{what}: {each['id']} ({each['impact']}): {node['html'][:200]} {node['failureSummary']}"
        for each in found["violations"]
        if each["impact"] in SERIOUS
        for node in each["nodes"]
    ]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_the_page(
    running: Site, visit: Visit, model: Model, scheme: str
) -> None:
    window = visit(running.url, color_scheme=scheme, reduced_motion="reduce").window()
    check(window, "empty")
    model.says(SAID)
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
    check(window, "declined, with the trace of an answer")
    window.do("edit")
    expect(window.notice).to_contain_text("replaces")
    window.tab("Sources")
    expect(window.page.locator("#fn-table .fn-source").first).to_be_visible()
    window.page.get_by_role("button", name="Add the page").click()
    expect(window.progress).to_contain_text("Write the address")
    check(window, "sources")
    window.tab("Evals")
    expect(window.page.locator("#fn-evals .fn-thumbs")).to_be_visible()
    check(window, "evals")
    window.page.goto(f"{running.url}/{window.page.locator('[data-act=run]').get_attribute('href')}")
    check(window, "the report of a run")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_a_phone(
    running: Site, visit: Visit, model: Model, scheme: str
) -> None:
    window = visit(
        running.url, viewport=PHONE, color_scheme=scheme, reduced_motion="reduce", has_touch=True
    ).window()
    model.says(SAID)
    window.ask(FENTANYL)
    window.page.locator("[data-act=shelf]").tap()
    expect(window.list.first).to_be_visible()
    check(window, "answered, with the list of conversations")
    window.chip().tap()
    window.lit()
    check(window, "the source")
