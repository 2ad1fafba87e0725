"""Answers are copied, shared and judged in a browser, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Locator, Page, expect

from rag.assistant import Assistant
from rag.models.provider import HostedProvider
from rag.store.documents import Library
from rag.store.vectors import VectorStore
from tests.asking import FENTANYL, LARGE, RATE, Index, settings_for
from tests.browser import AT_FIRST, PHONE, SAID, Model, Person, Site, Visit, Window
from tests.serving import served
from ui.gate.sign_in import Access

pytest_plugins = ["tests.seeds", "tests.chromium"]

DESK = {"width": 1280, "height": 900}
TYPES = """async () => {
    const [item] = await navigator.clipboard.read();
    const html = await (await item.getType("text/html")).text();
    return [item.types, html, await navigator.clipboard.readText()];
}"""


@pytest.fixture(scope="module")
def shared(
    chromium: Browser, seeds: Index, model: Model, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """The application as others reach it."""
    from ui.web import server

    folder = tmp_path_factory.mktemp("shared")
    settings = settings_for(model, LARGE, data_dir=folder)
    library = Library.open(folder / "library.sqlite3")
    vectors = VectorStore.open(folder / "vectors", seeds.embedder.name)
    with Assistant(settings, library, vectors, seeds.embedder, HostedProvider(settings)) as made:
        made.ensure_seeds()
        web, runner, history = server.create_page(made, Access(hosts=frozenset()))
        with closing(history), closing(runner), served(web) as url:
            yield Site(url, made, history, folder)


def axe(page: Page, within: str) -> list[Any]:
    found = Axe().run(page, context=within).response["violations"]
    return [(each["id"], each["nodes"][0]["html"]) for each in found]


@pytest.mark.parametrize(
    "options", [{"viewport": DESK}, {"viewport": PHONE, "color_scheme": "dark", "has_touch": True}]
)
def test_an_answer_is_copied_shared_and_judged(
    shared: Site, visit: Visit, model: Model, options: dict[str, Any]
) -> None:
    person = visit(shared.url, **options)
    person.context.grant_permissions(["clipboard-read", "clipboard-write"])
    model.says(f"{AT_FIRST} {SAID}")
    window = person.window()
    window.ask(FENTANYL)
    copy(window)
    share(person, window)
    judge(window)


def copy(window: Window) -> None:
    button = window.live.locator("[data-act=copy]")
    button.click()
    expect(button).to_have_text("Copied")
    types, html, text = window.page.evaluate(TYPES)
    assert set(types) == {"text/plain", "text/html"}
    for copied in (html, text):
        assert RATE in copied
        assert "[1]" in copied
        assert "{" not in copied
    assert "<sup>" in html
    window.page.evaluate(
        "() => { navigator.clipboard.write = () => Promise.reject(new Error());"
        " document.execCommand = () => false }"
    )
    expect(button).to_have_text("Copy with footnotes")
    button.click()
    dialog = window.page.locator("dialog[open]")
    expect(dialog.get_by_role("textbox")).to_be_focused()
    assert axe(window.page, "dialog[open]") == []
    window.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(button).to_be_focused()


def share(person: Person, window: Window) -> None:
    if not window.page.locator("[data-act=share]").first.is_visible():
        window.page.locator("[data-act=sidebar]").click()
    window.page.locator("[data-act=share]").first.click()
    dialog = window.page.locator("dialog[open]")
    expect(dialog).to_contain_text("1 question")
    dialog.get_by_role("button", name="Make a link").click()
    expect(dialog.get_by_role("status")).to_contain_text("The link is ready.")
    assert axe(window.page, "dialog[open]") == []
    link = dialog.get_by_label("Link", exact=True).input_value()
    other = person.context.new_page()
    other.goto(link)
    expect(other.locator("main")).to_contain_text("20% rate")
    assert axe(other, "body") == []
    dialog.get_by_role("button", name="Withdraw link").click()
    expect(dialog.get_by_role("status")).to_contain_text("no longer works")
    reply = other.goto(link)
    assert reply
    assert reply.status == 404
    other.close()
    person.log.console.clear()  # the browser tells of the 404
    dialog.get_by_role("button", name="Close").click()


def form_below_answer(window: Window, model: Model) -> Locator:
    """The form for a note, once an answer has a thumb."""
    model.says(SAID)
    window.ask(FENTANYL)
    window.page.locator("#fn-live [data-thumb=down]").click()
    return window.live.locator(".fn-note")


def test_what_is_being_written_of_an_answer_stays_when_it_is_shown_anew(
    window: Window, model: Model
) -> None:
    form = form_below_answer(window, model)
    form.locator("input").fill("not quite")
    as_it_came = window.live.evaluate("article => article.outerHTML")
    form.locator("summary").click()
    form.get_by_label("Reason").select_option("Something is missing")
    better = form.get_by_label("A better answer")
    better.fill("A rate of 20%.")
    # A refresh that was asked for before anything was written comes now.
    window.live.evaluate("(article, html) => { article.outerHTML = html }", as_it_came)
    expect(better).to_have_value("A rate of 20%.")
    expect(better).to_be_focused()
    expect(form.locator("input")).to_have_value("not quite")
    expect(form.get_by_label("Reason").locator("option:checked")).to_have_text(
        "Something is missing"
    )
    form.locator(".fn-say-more [data-act=note]").click()
    expect(form.get_by_role("status")).to_contain_text("the better answer")


def test_what_is_being_written_of_an_answer_stays_where_another_window_changes_the_answer(
    window: Window, model: Model
) -> None:
    page = window.page
    form = form_below_answer(window, model)
    form.locator("summary").click()
    form.get_by_label("A better answer").fill("A rate of 20%.")
    page.evaluate("() => document.activeElement.blur()")  # to read in a source
    with closing(page.context.new_page()) as other:
        other.goto(page.url)
        theirs = other.locator("#fn-live .fn-note")
        theirs.locator("input").fill("from another window")
        theirs.locator("> [data-act=note]").click()
        expect(theirs.get_by_role("status")).to_contain_text("your note")
    expect(form.locator("input")).to_have_value("from another window")
    expect(form.get_by_label("A better answer")).to_have_value("A rate of 20%.")
    form.locator("summary").click()
    expect(form.get_by_label("A better answer")).to_be_hidden()


def test_passages_that_were_opened_stay_open_where_the_answer_is_shown_anew(
    window: Window, model: Model
) -> None:
    model.says(SAID)
    window.ask(FENTANYL)
    passages = window.live.locator(".fn-evidence")
    expect(passages).not_to_have_attribute("open", "")
    passages.locator("summary").click()
    window.page.locator("#fn-live [data-thumb=down]").click()
    expect(window.live.locator(".fn-note input")).to_be_visible()
    expect(passages.locator(".fn-passages")).to_be_visible()
    passages.locator("summary").click()
    window.page.locator("#fn-live [data-thumb=up]").click()
    expect(window.page.locator("#fn-live [data-thumb=up]")).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(passages.locator(".fn-passages")).to_be_hidden()


def test_a_form_that_was_just_opened_is_open_where_its_answer_is_shown_anew(
    window: Window, model: Model
) -> None:
    form = form_below_answer(window, model)
    expect(form.locator("input")).to_be_visible()
    # Both at once: the browser has not yet told that the form was opened.
    window.live.evaluate(
        "article => { article.querySelector('.fn-say-more > summary').click();"
        " article.outerHTML = article.outerHTML.replaceAll(' open=\"\"', '') }"
    )
    expect(form.get_by_label("A better answer")).to_be_visible()


def test_what_is_being_saved_of_an_answer_is_said_where_it_is_shown_anew(
    window: Window, model: Model
) -> None:
    page = window.page
    form = form_below_answer(window, model)
    expect(form.locator("input")).to_be_visible()
    as_it_came = window.live.evaluate("article => article.outerHTML")
    form.locator("summary").click()
    form.get_by_label("A better answer").fill("A rate of 20%.")
    page.route("**/feedback/**", lambda _: None)
    with page.expect_request("**/feedback/**"):
        form.locator(".fn-say-more [data-act=note]").click()
    window.live.evaluate("(article, html) => { article.outerHTML = html }", as_it_came)
    expect(form.get_by_role("status")).to_have_text("Saving…")
    page.unroute("**/feedback/**")  # which lets the request go
    expect(form.get_by_role("status")).to_contain_text("the better answer")
    expect(form.get_by_label("A better answer")).to_have_value("A rate of 20%.")


def judge(window: Window) -> None:
    """A thumb, a note, and the right sentence marked in the source."""
    window.page.locator("#fn-live [data-thumb=down]").click()
    form = window.live.locator(".fn-note")
    form.locator("input").fill("just so")
    form.locator("> [data-act=note]").click()
    expect(form.get_by_role("status")).to_contain_text("Saved: your note.")
    form.locator("summary").click()
    form.get_by_label("Reason").select_option("Something is missing")
    form.get_by_label("A better answer").fill("20%")
    assert axe(window.page, "#fn-live .fn-note") == []
    form.get_by_role("button", name="Mark it in a source").click()
    window.chip(1).click()
    assert window.lit() == RATE
    window.page.evaluate(
        "() => { const range = document.createRange();"
        " range.selectNodeContents(document.querySelector('#fn-pane .fn-current'));"
        " getSelection().removeAllRanges(); getSelection().addRange(range) }"
    )
    window.page.get_by_role("button", name="Use the selected sentence").click()
    expect(form.get_by_role("status")).to_contain_text("the right sentence")
    if window.page.locator("#fn-pane [data-act=close]").first.is_visible():
        window.page.locator("#fn-pane [data-act=close]").first.click()
    form.locator(".fn-say-more [data-act=note]").click()
    expect(form.get_by_role("status")).to_contain_text("the better answer")
    window.tab("Evals")
    row = window.page.locator(".fn-review-row")
    expect(row).to_contain_text("An answer is right with")
    row.get_by_role("button", name="Accept", exact=True).click()
    expect(row).to_contain_text("Accepted")
    expect(window.page.get_by_role("link", name="Only the 1 accepted")).to_be_visible()
    assert axe(window.page, ".fn-review") == []
