"""A person reviews drafted cases in a browser: by keys alone, and marking with the mouse."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from eval.reviewing.review_file import open_review
from rag.assistant import Assistant
from rag.internals import build
from rag.settings import load_settings
from tests.browser import PHONE, Visit
from tests.serving import served
from tests.test_browser_access import LOOKS
from ui.gate.sign_in import Access
from ui.web.case_review import CaseReviewPages
from ui.web.review_server import create_review_app

pytest_plugins = ["tests.seeds", "tests.chromium"]

KEY = "k" * 22
MILL = """# The mill 𝔬𝔣 Orm 🌾

The mill of **Orm** was built in 1702.
It has 12 rooms 🚪. The wheel was made by *Ilse Bern* of Vard.

| Part | Made in |
|---|---|
| the roof | 1750 |
| the wheel | 1702 |

It belongs to a baker. <img src=x onerror="window.hacked = 1">
"""
BUILT = "The mill of **Orm** was built in 1702."
WHEEL = "The wheel was made by *Ilse Bern* of Vard."
ROOMS = "It has 12 rooms 🚪."
Review = Callable[..., Page]


def case(id: str, question: str, quote: str = "") -> dict[str, Any]:
    quotes = [{"document_id": "mill.md", "quote": quote}]
    answered = {"points": [{"quotes": quotes}], "evidence": quotes} if quote else {}
    tags = ["fact"] if quote else ["unanswerable", "near-miss"]
    return {
        "id": id, "question": question, "answerable": bool(quote), "tags": tags, **answered,
    }  # fmt: skip


CASES = [
    case("built", "When was the mill of Orm built?", BUILT),
    case("wheel", "Who made the wheel of the mill?", BUILT),
    case("moat", "Who dug the moat of Orm?"),
    case("gone", "When was the roof made?", "The roof was made in 1749."),
]


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    folder = tmp_path_factory.mktemp("in")
    (folder / "mill.md").write_text(MILL, "utf-8")
    data = tmp_path_factory.mktemp("data")
    with build(load_settings(model="none", data_dir=data)) as built:
        list(built.index([folder]))
        yield built


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cases.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in CASES), "utf-8")
    return path


@pytest.fixture
def review(file: Path, assistant: Assistant, visit: Visit) -> Iterator[Review]:
    """The page of the review, as a person has it who opened the printed address."""
    with ExitStack() as stack:
        opened = stack.enter_context(
            open_review(file, lambda id: assistant.library.document(id).text)
        )
        pages = CaseReviewPages(opened, assistant, Access(), "Ana")
        url = stack.enter_context(served(create_review_app(pages, KEY)))

        def come(**options: Any) -> Page:
            page = visit(url, **options).context.new_page()
            page.goto(f"{url}/review/?key={KEY}")
            return page

        yield come


def rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def quotes(file: Path, place: int) -> list[str]:
    return [point["quotes"][0]["quote"] for point in rows(file)[place]["points"]]


def decisions(file: Path) -> list[str | None]:
    return [row.get("review", {}).get("decision") for row in rows(file)]


def at(page: Page, number: int) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Case {number} of 4")
    page.wait_for_load_state()  # keys count from then on


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def select(page: Page, words: str) -> None:
    """Drag the mouse over words of the source."""
    box = page.evaluate(
        """(words) => {
            const text = document.getElementById("fn-source-text");
            const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
            for (let node = walker.nextNode(); node; node = walker.nextNode()) {
                const start = node.data.indexOf(words);
                if (start < 0) continue;
                const range = document.createRange();
                range.setStart(node, start);
                range.setEnd(node, start + words.length);
                node.parentElement.scrollIntoView({ block: "center" });
                const [first, last] = [range.getClientRects()[0],
                    [...range.getClientRects()].at(-1)];
                return { x0: first.left, y0: first.top + first.height / 2,
                         x1: last.right, y1: last.top + last.height / 2 };
            }
            throw new Error(`not there: ${words}`);
        }""",
        words,
    )
    page.mouse.move(box["x0"], box["y0"])
    page.mouse.down()
    page.mouse.move(box["x1"], box["y1"], steps=5)
    page.mouse.up()
    expect(page.locator("#fn-mark-bar")).to_be_visible()


# --- keys -------------------------------------------------------------------------------------


def test_keys_alone_accept_edit_drop_undo_and_move(review: Review, file: Path) -> None:
    page = review()
    at(page, 1)
    press(page, "a")
    at(page, 2)
    expect(page.get_by_role("status").first).to_have_text("Accepted.")
    press(page, "e")
    expect(page.get_by_label("Question")).to_be_focused()
    page.keyboard.insert_text(" Drop it? No, name them.")
    press(page, "Control+Enter")
    at(page, 3)
    press(page, "d")
    at(page, 4)
    press(page, "u")
    at(page, 3)
    press(page, "n")
    at(page, 4)
    press(page, "b")
    at(page, 3)
    press(page, "l")
    expect(page.get_by_role("heading", level=1)).to_have_text("All cases")
    assert decisions(file) == ["accepted", "edited", None, None]
    assert rows(file)[1]["question"].endswith("Drop it? No, name them.")


def test_a_held_key_decides_once(review: Review, file: Path) -> None:
    page = review()
    page.evaluate(
        """() => { for (let n = 0; n < 5; n++) document.body.dispatchEvent(
            new KeyboardEvent("keydown", { key: "a", bubbles: true, repeat: n > 0 })); }"""
    )
    at(page, 2)
    assert decisions(file) == ["accepted", None, None, None]


def test_keys_can_be_switched_off_and_stay_so(review: Review, file: Path) -> None:
    page = review()
    page.get_by_label("Keys are on").uncheck()
    press(page, "a")
    page.reload()
    press(page, "a")
    at(page, 1)
    assert decisions(file) == [None] * 4
    page.get_by_role("button", name="Accept").click()
    at(page, 2)


def test_sentences_are_marked_with_keys(review: Review, file: Path) -> None:
    page = review()
    press(page, "j")  # the lit sentence
    expect(page.locator("#fn-marked")).to_have_text(BUILT)
    press(page, "j")
    expect(page.locator("#fn-marked")).to_have_text(ROOMS)
    press(page, "Shift+J")
    expect(page.locator("#fn-marked")).to_have_text(f"{ROOMS} {WHEEL}")
    press(page, "k", "j", "j", "r")
    expect(page.get_by_role("status").first).to_contain_text("key point now")
    at(page, 1)
    assert quotes(file, 0) == [WHEEL]


def test_a_key_a_decision_leads_to_the_end(review: Review, file: Path) -> None:
    page = review()
    for number in (1, 2, 3):
        at(page, number)
        press(page, "a")
    at(page, 4)
    press(page, "d")
    expect(page.get_by_text("Every case is decided.")).to_be_visible()
    assert decisions(file) == ["accepted", "accepted", "accepted", "dropped"]


# --- the mouse --------------------------------------------------------------------------------


def test_words_marked_with_the_mouse_become_the_whole_sentence(review: Review, file: Path) -> None:
    page = review()
    press(page, "n")
    at(page, 2)
    select(page, "wheel was made by")
    page.get_by_role("button", name="In place of key point 1").click()
    expect(page.get_by_role("status").first).to_contain_text("key point now")
    assert "".join(page.locator(".fn-current").all_text_contents()) == WHEEL
    assert quotes(file, 1) == [WHEEL]
    assert decisions(file)[1] == "edited"


def test_exact_words_behind_wide_characters_are_exactly_these(review: Review, file: Path) -> None:
    page = review()
    page.get_by_label("Whole sentences").evaluate("(box) => { box.checked = false; }")
    select(page, "12 rooms 🚪")
    press(page, "m")
    expect(page.get_by_role("status").first).to_contain_text("key point now")
    assert quotes(file, 0) == [BUILT, "12 rooms 🚪"]


def test_a_row_of_a_table_is_marked(review: Review, file: Path) -> None:
    page = review()
    select(page, "1750")
    press(page, "m")
    expect(page.get_by_role("status").first).to_contain_text("key point now")
    assert quotes(file, 0)[1].strip("| ") == "the roof | 1750"
    assert MILL.count(quotes(file, 0)[1]) == 1


def test_a_mark_outside_of_the_source_is_none(review: Review) -> None:
    page = review()
    select(page, "belongs to a baker")
    page.get_by_role("heading", level=1).click(click_count=3)
    expect(page.locator("#fn-mark-bar")).to_be_hidden()


@pytest.fixture
def _refusals_are_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests import browser

    refused = ("Failed to load resource: the server responded with a status of 40",)
    monkeypatch.setattr(browser, "EXPECTED", (*browser.EXPECTED, *refused))


@pytest.mark.usefixtures("_refusals_are_expected")
def test_what_cannot_be_marked_says_why_and_nothing_is_written(review: Review, file: Path) -> None:
    page, before = review(), file.read_bytes()
    page.get_by_label("Whole sentences").evaluate("(box) => { box.checked = false; }")
    select(page, "wheel")  # in a sentence and in a table
    with page.expect_response(lambda reply: reply.status == 400):
        press(page, "m")
    expect(page.get_by_role("alert")).to_contain_text("several times")
    assert file.read_bytes() == before
    assert page.evaluate("() => window.hacked") is None


def test_a_case_whose_source_changed_is_marked_and_can_be_mended(
    review: Review, file: Path
) -> None:
    page = review()
    press(page, "l")
    row = page.get_by_role("row").filter(has_text="When was the roof made?")
    expect(row).to_contain_text("Source changed")
    row.get_by_role("link").click()
    expect(page.get_by_role("note")).to_contain_text("does not contain")
    select(page, "1750")
    press(page, "r")
    expect(page.get_by_role("note")).to_have_count(0)
    assert decisions(file)[3] == "edited"


# --- looks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_in_any_look(review: Review, look: str) -> None:
    page = review(reduced_motion="reduce", **LOOKS[look])
    press(page, "j")
    expect(page.locator("#fn-mark-bar")).to_be_visible()
    check(page, "a case")
    for path in ("case?id=moat", "case?id=gone", "cases"):
        page.goto(f"{page.url.split('/review/')[0]}/review/{path}")
        check(page, path)


def check(page: Page, what: str) -> None:
    found = Axe().run(page).response
    assert found["passes"]
    faults = [
        f"{what}: {each['id']}: {node['html'][:200]} {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]
    assert not faults, "\n".join(faults)


def test_a_phone_scrolls_in_one_direction_only(review: Review) -> None:
    page = review(viewport=PHONE, has_touch=True, is_mobile=True)
    for path in ("case?id=built", "cases"):
        page.goto(f"{page.url.split('/review/')[0]}/review/{path}")
        wide = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, path
    page.goto(f"{page.url.split('/review/')[0]}/review/case?id=built")
    for name in ("Accept", "Drop", "Undo"):
        expect(page.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)
