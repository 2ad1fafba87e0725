"""A person reads in a source: as a document, as a page, from footnote to footnote, on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.asking import FENTANYL, RATE
from tests.browser import AT_FIRST, PHONE, SAID, Model, Site, Visit, Window
from tests.pdf_files import at, pdf_file

pytest_plugins = ["tests.seeds", "tests.chromium"]

ROW = "| 6 to 9 m | **2,150 crowns** |"
BERTHS = f"""# Berths at Lindvik

The harbour of Lindvik has *three* piers.

## Fees for berths

| Length of boat | Fee for a berth |
|---|---|
| up to 6 m | 1,250 crowns |
{ROW}

- boats with an electric engine pay `half`

![](https://example.com/hacked.png) <img src=hacked.png onerror="window.hacked = 1">
"""
GULLS = "Herring gulls nest on the northern cliff of Orno."
FILLING = "".join(f"Line {number} tells of wind.\n" for number in range(900))
MAX_SHOWN_CHARS = 20_000  # of a source, so that a long one is indexed in little time


@pytest.fixture(scope="module", autouse=True)
def sources(running: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("sources")
    (folder / "berths.md").write_text(BERTHS, "utf-8")
    (folder / "gulls.pdf").write_bytes(pdf_file([[at(50, 700, GULLS)], [at(50, 700, "Terns.")]]))
    (folder / "winds.txt").write_text(f"{FILLING}The mistral is cold.\n{FILLING}", "utf-8")
    list(running.assistant.index([folder]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ui.views.source_highlights.MAX_SHOWN_CHARS", MAX_SHOWN_CHARS)
        yield
    for name in ("berths.md", "gulls.pdf", "winds.txt"):
        running.assistant.remove(name)


def quoted(window: Window, model: Model, question: str, said: str) -> None:
    model.says(f"{said} [1]")
    window.ask(question)
    window.chip().click()
    window.lit()


def show(page: Page, **what: str | int) -> None:
    """Open a document, as a title does."""
    page.evaluate("(what) => window.footnoteTrigger('select', { act: 'source', ...what })", what)


def overlap(page: Page, one: str, other: str) -> bool:
    """True where the first visible elements of two kinds lie over each other."""
    return bool(
        page.evaluate(
            """([one, other]) => {
                const [a, b] = [one, other].map((each) => [...document.querySelectorAll(each)]
                    .map((element) => element.getBoundingClientRect()).find((box) => box.height));
                return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
            }""",
            [one, other],
        )
    )


def test_a_row_of_a_table_is_lit_in_its_table(window: Window) -> None:
    pane, start = window.pane, BERTHS.index(ROW)
    show(window.page, document="berths.md", start=start, end=start + len(ROW))
    assert window.lit() == ROW
    seen = pane.locator("td .fn-current:visible")
    assert seen.all_inner_texts() == ["6 to 9 m", "2,150 crowns"]
    expect(pane.get_by_role("table")).to_be_visible()
    assert pane.locator(".fn-text").evaluate("(text) => text.textContent") == BERTHS
    assert "**" not in pane.locator(".fn-text").inner_text()
    pane.locator(".fn-outline summary").click()
    pane.get_by_role("link", name="Fees for berths").click()
    expect(pane.get_by_role("heading", name="Fees for berths")).to_be_focused()
    assert window.page.evaluate("() => window.hacked") is None
    assert not [each for each in window.log.requests if "hacked" in each]


def test_a_page_of_a_pdf_is_shown_with_the_words_lit(window: Window, model: Model) -> None:
    quoted(window, model, "Where do herring gulls nest on Orno?", GULLS)
    pane = window.pane
    assert window.lit() == GULLS
    pane.get_by_role("button", name="Page 1").click()
    picture = pane.get_by_role("img", name="Page 1")
    expect(picture).to_be_visible()
    assert picture.evaluate("(image) => image.complete && image.naturalWidth") > 1000
    assert window.is_in_view("#fn-pane .fn-current", "#fn-source-pane")
    pane.get_by_role("link", name="Page after").click()
    expect(pane.locator(".fn-turn")).to_contain_text("Page 2 of 2")
    pane.get_by_role("searchbox").fill("terns")
    window.page.keyboard.press("Enter")
    expect(pane.locator("[data-hits]")).to_have_text("1 of 1")
    expect(pane.locator(".fn-text")).to_be_visible()
    window.page.keyboard.press("Escape")
    pane.get_by_role("button", name="Page").click()  # as it is read from now on
    expect(pane.locator(".fn-sheet")).to_be_visible()
    window.page.evaluate("() => window.localStorage.clear()")


def test_words_are_found_with_keys_also_in_another_part(window: Window, model: Model) -> None:
    page, pane = window.page, window.pane
    quoted(window, model, FENTANYL, SAID.removesuffix(" [1]"))
    page.keyboard.press("f")
    expect(pane.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("TARIFF")
    hits = pane.locator("[data-hits]")
    expect(hits).to_contain_text("of")
    total = int(hits.inner_text().split(" of ")[1])
    assert total > 1
    first = int(hits.inner_text().split(" of ")[0])
    page.keyboard.press("Enter")
    expect(hits).to_have_text(f"{first % total + 1} of {total}")
    page.keyboard.press("Shift+Enter")
    expect(hits).to_have_text(f"{first} of {total}")
    assert page.evaluate("() => CSS.highlights.get('fn-find').size") == total
    page.keyboard.press("Escape")
    expect(hits).to_be_empty()
    show(page, document="winds.txt")
    expect(pane.locator(".fn-part")).to_contain_text("long text")
    pane.get_by_role("searchbox").fill("mistral")
    expect(hits).to_have_text("None")
    page.keyboard.press("Enter")
    expect(hits).to_have_text("1 of 1")
    expect(pane.get_by_text("The mistral is cold.")).to_be_in_viewport()


def test_from_footnote_to_footnote_with_keys(window: Window, model: Model) -> None:
    page, place = window.page, window.pane.locator("[data-place]")
    model.says(f"{AT_FIRST} {SAID}")
    window.ask(FENTANYL)
    window.chip(1).press("Enter")
    assert window.lit() == RATE
    expect(window.pane.locator(".fn-current").first).to_be_focused()
    assert window.pane.locator(".fn-mark:not(.fn-current)").count()  # the others, faintly
    page.keyboard.press("Tab")
    expect(window.pane.get_by_role("button", name="Previous")).to_be_focused()
    page.keyboard.press("j")
    expect(place).to_have_text("1 of 2")
    page.keyboard.press("k")
    expect(place).to_have_text("2 of 2")
    expect(window.chip(1)).to_have_class("fn-chip fn-chip-open")
    page.keyboard.press("Escape")
    expect(window.chip(1)).to_be_focused()


def test_a_source_that_comes_late_takes_neither_the_mark_nor_the_focus(
    window: Window, model: Model
) -> None:
    page, marked = window.page, window.page.locator(".fn-chip-open")
    model.says(f"{AT_FIRST} {SAID}")
    window.ask(FENTANYL)
    window.chip(0).press("Enter")
    window.lit()
    expect(window.pane.locator(".fn-current").first).to_be_focused()
    page.evaluate(  # the next one is asked for before the page has heard that the first is there
        """() => {
            document.querySelectorAll("#fn-live .fn-chip")[1].click();
            return window.footnoteArrived();
        }"""
    )
    expect(window.pane.locator("[data-place]")).to_have_text("2 of 2")
    expect(marked).to_have_count(1)
    expect(window.chip(1)).to_have_class("fn-chip fn-chip-open")
    page.keyboard.press("Escape")
    expect(marked).to_have_count(0)
    expect(window.chip(1)).to_be_focused()
    page.evaluate(  # and is closed before the page has heard of it
        """() => new Promise((done) => {
            window.footnoteArrived();
            requestAnimationFrame(() => requestAnimationFrame(done));
        })"""
    )
    expect(window.chip(1)).to_be_focused()
    expect(marked).to_have_count(0)


def test_focus_goes_back_to_the_mark_of_an_answer_that_was_written_anew(
    window: Window, model: Model
) -> None:
    model.says(f"{AT_FIRST} {SAID}")
    window.ask(FENTANYL)
    window.chip(1).press("Enter")
    window.lit()
    window.page.evaluate(
        """() => {
            const answer = document.querySelector("#fn-live article");
            answer.replaceWith(answer.cloneNode(true));
        }"""
    )
    window.page.keyboard.press("Escape")
    expect(window.chip(1)).to_be_focused()


def test_a_card_covers_neither_its_sentence_nor_the_source(window: Window, model: Model) -> None:
    page = window.page
    model.says(f"{AT_FIRST} {SAID}")
    window.ask(FENTANYL)
    window.chip(1).click()
    window.lit()
    card = ".fn-claim:nth-of-type(2) [role=tooltip]"
    expect(page.locator(f"#fn-live {card}").first).to_be_hidden()  # its source is open
    for width in (1280, 1000):
        page.set_viewport_size({"width": width, "height": 900})
        window.box.hover()
        window.chip(1).hover()
        expect(page.locator(f"#fn-live {card}").first).to_be_visible()
        assert not overlap(
            page, f"#fn-live {card}", "#fn-live .fn-claim:nth-of-type(2) .fn-claim-text"
        )
        assert not overlap(page, f"#fn-live {card}", "#fn-source-pane")


def test_the_pane_folds_away(window: Window, model: Model) -> None:
    page, side = window.page, window.page.locator("#fn-source-pane")
    quoted(window, model, FENTANYL, SAID.removesuffix(" [1]"))
    narrow = page.locator("#fn-thread").bounding_box()
    page.get_by_role("button", name="Close the source", exact=True).click()
    expect(side).to_be_hidden()
    wide = page.locator("#fn-thread").bounding_box()
    assert narrow
    assert wide
    assert wide["width"] > narrow["width"] + 200
    page.get_by_role("button", name="Source", exact=True).click()
    expect(side).to_be_visible()
    page.set_viewport_size({"width": 1000, "height": 800})
    page.get_by_role("button", name="Close the source", exact=True).click()
    expect(side).to_be_hidden()
    window.chip().click()
    expect(side).to_be_visible()


def test_back_closes_the_sheet_and_nothing_else(running: Site, visit: Visit, model: Model) -> None:
    phone = visit(running.url, viewport=PHONE, has_touch=True, is_mobile=True).window()
    page, side = phone.page, phone.page.locator("#fn-source-pane")
    model.says(f"{AT_FIRST} {SAID}")
    phone.ask(FENTANYL)
    address = phone.address
    for _ in range(2):
        phone.chip().tap()
        phone.lit()
        expect(side).to_be_in_viewport(ratio=1)
        page.get_by_role("button", name="Next").tap()
        expect(phone.pane.locator("[data-place]")).to_have_text("2 of 2")
        page.go_back()
        expect(side).not_to_be_visible()
        assert phone.address == address
        expect(phone.live.locator(".fn-prose")).to_contain_text("20%")
    phone.chip().tap()
    phone.lit()
    page.get_by_role("button", name="Close the source", exact=True).tap()
    expect(side).not_to_be_visible()
    assert page.evaluate("() => history.state?.fnSheet ?? false") is False
    too_wide = "() => document.documentElement.scrollWidth > innerWidth"
    assert not page.evaluate(too_wide)


def test_a_source_that_is_removed_while_it_is_read(
    running: Site, window: Window, model: Model, tmp_path: Path
) -> None:
    kept = tmp_path / "otters.txt"
    kept.write_text("Otters\n\nOtters eat crabs in the bay of Klev. They swim at dusk.\n")
    list(running.assistant.index([kept]))
    model.says("Otters eat crabs in the bay of Klev. [1] They swim at dusk. [1]")
    window.ask("What do otters eat in the bay of Klev?")
    window.chip().click()
    window.lit()
    running.assistant.remove("otters.txt")
    window.pane.get_by_role("button", name="Next").click()
    expect(window.pane).to_contain_text("was removed")
    expect(window.pane).to_contain_text("They swim at dusk.")
    window.pane.get_by_role("button", name="Previous").click()
    expect(window.pane).to_contain_text("Otters eat crabs")
