"""What a person asked and was told is kept, found, taken away, and follows its sources."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from eval.cases import load_cases as load_cases
from tests.asking import FENTANYL, NEWS, RATE, Index
from tests.browser import AT_FIRST, SAID, Model, Person, Site, Visit, Window, site
from tests.fakes import Hang
from ui.questions.exchange import Exchange
from ui.records import footnotes, verify_export
from ui.views.conversation_list import PAGE

pytest_plugins = ["tests.seeds", "tests.chromium"]

TEA = "Tea prices rose 12% in Assam in March."
TEA_QUESTION = "How much did tea prices rise in Assam?"


def talk(window: Window) -> str:
    """All that is said in the conversation, the numbers of its footnotes with it."""
    return "\n".join([*window.past.all_inner_texts(), *window.live.all_inner_texts()])


# --- staying ----------------------------------------------------------------------------------


def test_a_reload_keeps_the_answers_and_what_they_light_up(window: Window, model: Model) -> None:
    model.says(f"{AT_FIRST} {SAID}")
    window.ask(FENTANYL)
    model.says(SAID)
    window.ask("which rate is it?")
    window.do("thumb")
    window.page.locator("#fn-live .fn-note input").fill("just so")
    window.do("note")
    expect(window.page.locator("#fn-live .fn-note input")).to_have_value("just so")
    saved = "Saved: your note. It is on the Evals tab."
    expect(window.page.locator("#fn-live")).to_contain_text(saved)
    before = talk(window).replace(saved, "Your note is saved.")
    numbers = window.page.locator("#fn-thread .fn-chip").all_inner_texts()
    window.reload()
    assert talk(window) == before
    assert window.page.locator("#fn-thread .fn-chip").all_inner_texts() == numbers
    expect(window.page.locator("#fn-live .fn-note input")).to_have_value("just so")
    expect(window.live.locator("[data-thumb=up]")).to_have_attribute("aria-pressed", "true")
    window.past.locator(".fn-chip").nth(1).click()
    assert window.lit() == RATE
    expect(window.pane.locator("[data-place]")).to_have_text("2 of 2")


def test_a_restart_keeps_them_too_and_the_open_page_goes_on(
    seeds: Index, model: Model, visit: Visit, tmp_path: Path
) -> None:
    model.says(SAID)
    with site(seeds, model, tmp_path / "site") as built:
        person = visit(built.url)
        window = person.window()
        window.ask(FENTANYL)
        before = talk(window)
    person.log.console.clear()  # the browser says that the server is away
    with site(seeds, model, tmp_path / "site", int(built.url.rpartition(":")[2])):
        again = person.window(window.address)
        assert talk(again) == before
        again.chip().click()
        assert again.lit() == RATE
        window.light()
        assert window.lit() == RATE
        for page in (again.page, window.page):  # before the server goes, of which they would tell
            page.close()
        person.log.console.clear()


# --- the list ---------------------------------------------------------------------------------


def test_conversations_are_listed_searched_renamed_and_deleted(
    window: Window, model: Model
) -> None:
    model.says(SAID)
    window.ask(FENTANYL)
    window.do("new", "#fn-sidebar")
    expect(window.page.locator("#fn-live .fn-empty")).to_be_visible()
    model.says("Wang Xiaohong is China's minister of public security. [1]")
    window.ask("Who is Wang Xiaohong?")
    expect(window.list).to_have_count(2)
    search = window.page.get_by_label("Search conversations")
    search.fill("tariff")
    expect(window.list).to_have_count(1)
    expect(window.list).to_contain_text("fentanyl")
    search.fill("zebra")
    expect(window.page.locator("#fn-conversations")).to_contain_text("No conversation holds")
    search.fill("")
    expect(window.list).to_have_count(2)
    window.page.locator(".fn-row", has_text="fentanyl").locator("[data-act=rename]").click()
    window.page.get_by_label("Name of the conversation").fill("Rates of duty")
    window.page.keyboard.press("Enter")
    expect(window.list.last).to_contain_text("Rates of duty")
    window.list.last.click()
    expect(window.live).to_contain_text("20%")
    window.page.locator(".fn-row", has_text="Rates").locator("[data-act=delete]").click()
    expect(window.list).to_have_count(1)
    window.notice.get_by_role("button", name="Undo").click()
    expect(window.list).to_have_count(2)
    expect(window.live).to_contain_text("20%")
    window.page.locator(".fn-row", has_text="Rates").locator("[data-act=delete]").click()
    expect(window.list).to_have_count(1)
    expect(window.page.locator("#fn-live .fn-empty")).to_be_visible()
    window.reload()
    expect(window.list).to_have_count(1)
    expect(window.list).to_contain_text("Wang Xiaohong")


# --- two windows ------------------------------------------------------------------------------


def test_two_windows_delete_the_same_conversation(
    somebody: Person, window: Window, model: Model
) -> None:
    model.says(SAID)
    window.ask(FENTANYL)
    other = somebody.window(window.address)
    expect(other.live).to_contain_text("20%")
    for each in (window, other):
        delete = each.page.locator("#fn-conversations [data-act=delete]")
        if delete.count():  # the second window may know already
            delete.click()
        expect(each.page.locator("#fn-live .fn-empty")).to_be_visible()
        expect(each.list).to_have_count(0)
        expect(each.page.get_by_test_id("toast-body")).to_have_count(0)
    other.ask(FENTANYL)
    other.close()


def test_two_windows_follow_each_other(somebody: Person, window: Window, model: Model) -> None:
    """A question in one is answered in both; a thumb, a name and a deletion show in the other."""
    model.says(SAID)
    window.ask(FENTANYL)
    other = somebody.window(window.address)
    may_speak = model.says_later(SAID)
    window.put("which rate is it?")
    expect(window.live).to_have_attribute("aria-busy", "true")
    expect(other.live).to_have_attribute("aria-busy", "true")
    may_speak.set()
    for each in (window, other):
        expect(each.live.locator(".fn-prose")).to_contain_text("20%")
        expect(each.past).to_have_count(1)
    window.do("thumb")
    expect(other.live.locator("[data-thumb=up]")).to_have_attribute("aria-pressed", "true")
    window.page.locator("#fn-conversations [data-act=delete]").click()
    expect(other.page.locator("#fn-live .fn-empty")).to_be_visible()
    expect(other.notice).to_contain_text("This conversation was deleted")
    other.notice.get_by_role("button", name="Undo").click()
    expect(other.past).to_have_count(1)
    expect(window.list).to_have_count(1)
    other.close()


# --- going on ---------------------------------------------------------------------------------


def test_an_answer_goes_on_while_the_page_is_reloaded(window: Window, model: Model) -> None:
    may_speak = model.says_later(SAID)
    window.put(FENTANYL)
    window.live.locator(".fn-passage").first.wait_for()
    address = window.address
    window.reload()
    expect(window.live).to_have_attribute("aria-busy", "true")
    expect(window.page.get_by_role("button", name="Stop")).to_be_visible()
    expect(window.page.get_by_test_id("toast-body")).to_have_count(0)
    may_speak.set()
    expect(window.live.locator(".fn-prose")).to_contain_text("20%")
    assert window.address == address
    assert len(model.requests) == 1


def test_an_answer_is_there_after_its_window_was_closed(
    running: Site, visit: Visit, model: Model
) -> None:
    person = visit(running.url)
    may_speak = model.says_later(SAID)
    window = person.window()
    window.put(FENTANYL)
    window.live.locator(".fn-passage").first.wait_for()
    address = window.address
    window.close()
    may_speak.set()
    again = person.window(address)
    expect(again.live.locator(".fn-prose")).to_contain_text("20%")
    expect(again.live.locator(".fn-stage")).to_contain_text("supported")


def test_a_server_that_ends_while_it_answers_says_so_afterwards(
    seeds: Index, model: Model, visit: Visit, tmp_path: Path
) -> None:
    model.says(Hang())
    with site(seeds, model, tmp_path / "site") as built:
        person = visit(built.url)
        window = person.window()
        window.put(FENTANYL)
        window.live.locator(".fn-passage").first.wait_for()
        address = window.address
        window.page.goto("about:blank")
    with site(seeds, model, tmp_path / "site", int(built.url.rpartition(":")[2])):
        window.open(address)
        expect(window.live).to_contain_text("The answer was interrupted when the server ended.")
        expect(window.live.locator(".fn-passage").first).to_contain_text("fentanyl")
        model.says(SAID)
        before = window.shown
        window.do("retry")
        expect(window.answered(before).locator(".fn-stage")).to_contain_text("supported")
        window.close()
        person.log.console.clear()


# --- drafts and places ------------------------------------------------------------------------


def test_each_conversation_keeps_what_is_being_written(window: Window, model: Model) -> None:
    """Through Back and Forward, another conversation, an edit that is called off, a reload."""
    model.says(SAID)
    window.ask(FENTANYL)
    first = window.address
    expect(window.box).to_have_value("")
    window.box.fill("half of a follow-up")
    window.do("new", "#fn-sidebar")
    expect(window.page.locator("#fn-live .fn-empty")).to_be_visible()
    expect(window.box).to_have_value("")
    window.box.fill("half of something new")
    window.page.go_back()
    expect(window.live.locator(".fn-question")).to_have_text(FENTANYL)
    expect(window.box).to_have_value("half of a follow-up")
    assert window.address == first
    window.page.go_forward()
    expect(window.page.locator("#fn-live .fn-empty")).to_be_visible()
    expect(window.box).to_have_value("half of something new")
    window.reload()
    expect(window.box).to_have_value("half of something new")
    window.list.first.click()
    expect(window.box).to_have_value("half of a follow-up")
    window.do("edit")
    expect(window.box).to_have_value(FENTANYL)
    window.page.get_by_role("button", name="Keep it instead").click()
    expect(window.box).to_have_value("half of a follow-up")
    window.ask("which rate is it?")
    expect(window.box).to_have_value("")
    window.reload()
    expect(window.past).to_have_count(1)
    expect(window.box).to_have_value("")


def test_a_browser_that_keeps_nothing_breaks_nothing(
    running: Site, visit: Visit, model: Model
) -> None:
    person = visit(running.url)
    person.context.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage', 'caches'])"
        " Object.defineProperty(window, name, { get() { throw new DOMException('refused') } });"
        "Object.defineProperty(navigator, 'clipboard', { get() { return undefined } });"
        "document.execCommand = () => false;"
    )
    window = person.window()
    window.box.fill("half of a question")
    model.says(SAID)
    window.ask(FENTANYL)
    window.live.get_by_role("button", name="Copy with footnotes").click()
    by_hand = window.page.get_by_role("textbox", name="The answer with its footnotes")
    expect(by_hand).to_have_value(re.compile(re.escape(SAID.removesuffix(" [1]"))))
    window.page.keyboard.press("Escape")
    expect(by_hand).to_be_hidden()
    window.box.fill("half of a follow-up")
    window.do("new", "#fn-sidebar")
    expect(window.box).to_have_value("")
    window.page.go_back()
    expect(window.box).to_have_value("half of a follow-up")


@pytest.mark.parametrize("width", [1280, 390])
def test_a_long_question_is_counted_and_stays_in_its_box(
    running: Site, visit: Visit, model: Model, width: int
) -> None:
    window = visit(running.url, viewport={"width": width, "height": 844}).window()
    counter = window.page.locator("#fn-counter")
    window.box.fill("Which rate? " * 120)
    expect(counter).to_be_hidden()
    window.box.fill("Which rate? " * 150)
    expect(counter).to_have_text("1,800 of 2,000 characters")
    window.put("Which rate? " * 170)
    expect(counter).to_have_text("2,040 of 2,000 characters")
    expect(window.notice).to_contain_text("2,040 characters; 2,000 are allowed")
    expect(window.box).to_have_value("Which rate? " * 170)
    assert window.is_in_view("#fn-box", "#fn-thread")
    assert window.is_in_view("#fn-ask", "#fn-box")
    assert window.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# --- many -------------------------------------------------------------------------------------


def test_three_thousand_conversations_are_listed_and_worked_by_keyboard(
    running: Site, visit: Visit, model: Model
) -> None:
    person = visit(running.url, viewport={"width": 1280, "height": 800})
    window = person.window()
    model.says(SAID)
    window.ask(FENTANYL)
    history = running.history
    ((owner,),) = history._rows("SELECT owner FROM conversations ORDER BY touched DESC LIMIT 1")
    history._database.rows("PRAGMA synchronous = OFF")
    for number in range(3000):
        question = f"What does harbour {number} charge?"
        history.put(owner, None, Exchange(f"{number:016x}", question, state="stopped"))
    window.reload()
    sidebar = window.page.locator("#fn-conversations")
    expect(window.list).to_have_count(PAGE)
    expect(sidebar.get_by_role("heading", name="Today")).to_be_visible()
    assert window.is_in_view("#fn-conversations .fn-row", "#fn-sidebar")
    assert sidebar.evaluate("(list) => list.scrollHeight > list.clientHeight")
    assert not window.page.evaluate("scrollY")
    sidebar.get_by_role("button", name="Show more").click()
    expect(window.list).to_have_count(2 * PAGE)

    window.list.first.focus()
    keys = window.page.keyboard
    for key in ("ArrowDown", "ArrowDown", "ArrowUp", "F2"):
        keys.press(key)
    expect(window.page.get_by_label("Name of the conversation")).to_be_focused()
    keys.type("Ferries and their price")
    keys.press("Enter")
    expect(window.list.nth(1)).to_contain_text("Ferries and their price")
    expect(window.list.nth(1)).to_be_focused()
    keys.press("Delete")
    expect(window.notice).to_contain_text("Conversation deleted.")
    expect(window.list.nth(1)).not_to_contain_text("Ferries")
    expect(window.list.nth(1)).to_be_focused()
    keys.press("Enter")
    expect(window.list.nth(1)).to_have_attribute("aria-current", "true")
    expect(window.live).to_contain_text("What does harbour")
    window.page.get_by_label("Search conversations").fill("fentanyl")
    expect(window.list).to_have_count(1)
    window.list.click()
    expect(window.live.locator(".fn-prose")).to_contain_text("20%")


# --- taking back ------------------------------------------------------------------------------


def test_undo_takes_back_one_step_and_redo_returns_it(window: Window, model: Model) -> None:
    model.says(SAID)
    window.ask(FENTANYL)
    model.says(SAID)
    window.ask("which rate is it?")
    window.do("undo")
    expect(window.box).to_have_value("which rate is it?")
    expect(window.live.locator(".fn-question")).to_have_text(FENTANYL)
    expect(window.past).to_have_count(0)
    window.reload()
    expect(window.live.locator(".fn-question")).to_have_text(FENTANYL)
    window.page.get_by_role("button", name="Redo question").click()
    expect(window.live.locator(".fn-question")).to_have_text("which rate is it?")
    expect(window.box).to_have_value("")
    window.do("remove", "#fn-past")
    expect(window.past).to_have_count(0)
    expect(window.notice).to_contain_text("Deleted.")
    window.notice.get_by_role("button", name="Undo").click()
    expect(window.past).to_have_count(1)
    expect(window.past.locator(".fn-question")).to_have_text(FENTANYL)


def test_an_edited_question_takes_the_place_of_the_old_one(window: Window, model: Model) -> None:
    model.says(SAID)
    window.ask(FENTANYL)
    window.do("edit")
    expect(window.box).to_have_value(FENTANYL)
    expect(window.notice).to_contain_text("replaces")
    model.says(AT_FIRST)
    window.ask("What tariff rate did Trump impose on Chinese goods in February?")
    expect(window.live).to_contain_text("10%")
    assert window.past.count() + window.live.count() == 1
    expect(window.notice).not_to_contain_text("replaces")


def test_an_edit_can_be_called_off(window: Window, model: Model) -> None:
    model.says(SAID)
    window.ask(FENTANYL)
    window.do("edit")
    window.page.get_by_role("button", name="Keep it instead").click()
    expect(window.box).to_have_value("")
    model.says(SAID)
    window.ask("which rate is it?")
    expect(window.past).to_have_count(1)


def test_retry_puts_the_same_question_in_its_place(window: Window, model: Model) -> None:
    model.says("NOT STATED")
    window.ask(FENTANYL)
    model.says(SAID)
    before = window.shown
    window.do("retry")
    expect(window.answered(before)).to_contain_text("20%")
    assert window.past.count() + window.live.count() == 1


# --- taking away ------------------------------------------------------------------------------


def test_a_thumb_becomes_a_case_that_the_evals_can_run(
    running: Site, window: Window, model: Model, tmp_path: Path
) -> None:
    model.says(SAID)
    window.ask(FENTANYL)
    window.do("thumb")
    expect(window.live.locator("[data-thumb=up]")).to_have_attribute("aria-pressed", "true")
    window.tab("Evals")
    link = window.page.get_by_role("link", name=re.compile("Save 1 case"))
    with window.page.expect_download() as saved:
        link.click()
    saved.value.save_as(tmp_path / "cases.jsonl")
    library = running.assistant.library
    (case,) = load_cases(tmp_path / "cases.jsonl", lambda id: library.document(id).text)
    assert case.question == FENTANYL
    assert [library.text(span) for span in case.evidence] == [RATE]


def test_an_answer_is_saved_with_footnotes_that_hold(
    running: Site, window: Window, model: Model
) -> None:
    model.says(f"{AT_FIRST} {SAID}")
    window.ask(FENTANYL)
    links = {
        "page": window.live.get_by_role("link", name="Download as HTML"),
        "conversation": window.page.locator(".fn-save-links a", has_text="Markdown"),
        "answer": window.live.get_by_role("link", name="Download as Markdown"),
    }
    for name, link in links.items():
        with window.page.expect_download() as saved:
            link.click()
        answer = Path(saved.value.path()).read_text("utf-8")
        found = footnotes.read_footnotes(answer)
        assert RATE in [each.quote for each in found], name
        verdicts = verify_export.verify_footnotes(found, running.assistant.library)
        assert [each.state for each in verdicts] == ["same", "same"], name


# --- following the sources --------------------------------------------------------------------


@pytest.fixture
def tea(running: Site, tmp_path: Path) -> Path:
    """An article of the test's own."""
    file = tmp_path / "tea.txt"
    rewrite(running, file, f"Tea and its price\n\nThe harvest was poor. {TEA} Growers are glad.\n")
    return file


def rewrite(running: Site, file: Path, text: str) -> None:
    file.write_text(text, "utf-8")
    list(running.assistant.index([file]))


def test_a_footnote_says_what_became_of_its_source_and_still_opens(
    running: Site, window: Window, model: Model, tea: Path
) -> None:
    model.says(f"{TEA} [1]")
    window.ask(TEA_QUESTION)
    state = window.live.locator(".fn-claim .fn-state")
    expect(state).to_have_count(0)

    rewrite(running, tea, f"Tea and its price\n\nA word before it all. So it was. {TEA}\n")
    window.reload()
    expect(state).to_have_text("moved")
    window.chip().click()
    assert window.lit() == TEA
    expect(window.pane).to_contain_text("the quote now stands here")

    rewrite(running, tea, "Tea and its price\n\nTea prices fell by 3% in Assam in March.\n")
    window.reload()
    expect(state).to_have_text("source changed")
    expect(window.live.locator(".fn-stage")).to_contain_text("lost the source as it was")
    window.chip().click()
    expect(window.pane).to_contain_text("the quote is no longer in it")
    expect(window.pane).to_contain_text("Tea prices fell by 3%")

    running.assistant.remove(tea.name)
    window.reload()
    expect(state).to_have_text("source removed")
    window.chip().click()
    expect(window.pane).to_contain_text("was removed")
    expect(window.pane).to_contain_text(TEA)
    assert NEWS in running.assistant.library.digests()
