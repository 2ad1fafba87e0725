"""Whatever is put into the page, or breaks behind it: a plain word, and nothing lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import FilePayload, expect

from rag.ingest.readers import MAX_FILE_BYTES
from tests.asking import FENTANYL
from tests.browser import SAID, Model, Site, Visit, Window
from tests.fakes import Reply, Status

pytest_plugins = ["tests.seeds", "tests.chromium"]

TEA = "Tea prices rose 12% in Assam in March."
TEA_QUESTION = "How much did tea prices rise in Assam?"


def file(name: str, data: str | bytes) -> FilePayload:
    """A file as a browser sends it, whatever its name."""
    text = data.encode() if isinstance(data, str) else data
    return {"name": name, "mimeType": "application/octet-stream", "buffer": text}


def pictures() -> bytes:
    """A PDF without a text."""
    from io import BytesIO

    from pypdf import PdfWriter

    writer, made = PdfWriter(), BytesIO()
    writer.add_blank_page(200, 200)
    writer.write(made)
    return made.getvalue()


def still_answers(window: Window, model: Model) -> None:
    """The page goes on as if nothing had been."""
    model.says(SAID)
    expect(window.ask(FENTANYL).locator(".fn-prose")).to_contain_text("20%")


# --- files ------------------------------------------------------------------------------------


def test_an_uploaded_article_can_be_asked_about(
    running: Site, window: Window, model: Model, tmp_path: Path
) -> None:
    article = tmp_path / "Tea and its price.txt"
    article.write_text(f"Tea and its price\n\nThe harvest was poor. {TEA} Growers are glad.\n")
    window.upload(article)
    expect(window.job).to_contain_text("1 added")
    expect(window.sources.first).to_contain_text("Tea and its price")
    model.says(f"{TEA} [1]")
    window.ask(TEA_QUESTION)
    window.chip().click()
    assert window.lit() == TEA
    assert TEA in running.assistant.library.document(article.name).text


def test_the_same_file_again_changes_nothing_and_a_new_version_takes_its_place(
    running: Site, window: Window, tmp_path: Path
) -> None:
    article, rows = tmp_path / "twice.txt", window.sources
    for text, told in (("One.", "1 added"), ("One.", "1 unchanged"), ("Two.", "1 updated")):
        article.write_text(f"Twice\n\n{text}\n")
        window.upload(article)
        expect(window.job).to_contain_text(told)
        expect(rows.filter(has_text="Twice")).to_have_count(1)
    window.log.answers.append("")
    window.about("Twice").get_by_role("button", name="Remove").click()
    expect(window.notice).to_contain_text("Twice was removed")
    expect(rows.filter(has_text="Twice")).to_have_count(0)
    assert "twice.txt" not in {each.name for each in (running.folder / "articles").iterdir()}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (file("photo.png", b"\x89PNG"), "photo.png is of an unknown kind"),
        (file("empty.txt", ""), "empty.txt is empty"),
        (file("scan.pdf", pictures()), "only pictures"),
        (file("broken.pdf", b"%PDF-1.7 nothing"), "broken.pdf"),
    ],
    ids=["wrong type", "empty", "only pictures", "broken"],
)
def test_a_file_that_cannot_be_read_is_refused_in_plain_words(
    window: Window, model: Model, given: FilePayload, told: str
) -> None:
    window.upload(given)
    expect(window.job).to_contain_text(told)
    still_answers(window, model)


def test_a_huge_file_is_refused_in_plain_words(
    window: Window, model: Model, tmp_path: Path
) -> None:
    huge = tmp_path / "huge.txt"
    with huge.open("wb") as hollow:
        hollow.truncate(MAX_FILE_BYTES + 1)
    window.upload(huge)
    told = window.page.get_by_test_id("toast-body")
    expect(told).to_contain_text("exceed the maximum allowed size")
    still_answers(window, model)


def test_a_name_of_a_file_is_only_a_name(running: Site, window: Window, tmp_path: Path) -> None:
    names = {
        "../../outside.txt": "outside.txt",
        "bell\x07and\u202etxt.exe.txt": "bellandtxt.exe.txt",
        "<img src=x onerror=alert(1)>.txt": "img src=x onerror=alert(1).txt",
        "CON.txt": "_CON.txt",
        " .hidden.txt": "hidden.txt",
    }
    window.upload(*(file(name, f"About {number}\n") for number, name in enumerate(names)))
    expect(window.job).to_contain_text(f"{len(names)} added")
    assert set(names.values()) <= {each.name for each in (running.folder / "articles").iterdir()}
    assert not list(running.folder.rglob("outside.txt"))[1:]
    for name in names.values():
        expect(window.page.locator(f"#fn-rail-list [title={json.dumps(name)}]")).to_be_visible()


def test_one_bad_file_does_not_keep_the_others_out(window: Window) -> None:
    window.upload(file("good.txt", "Good.\n"), file("bad.png", "x"), file("well.txt", "Well.\n"))
    expect(window.job).to_contain_text("bad.png is of an unknown kind")
    expect(window.job).to_contain_text("2 added")


# --- addresses --------------------------------------------------------------------------------


ADDRESSES = {
    "http://127.0.0.1:{port}/health": "127.0.0.1 is not a public address",
    "http://localhost:{port}/": "localhost is not a public address",
    "http://[::1]:{port}/": "is not a public address",
    "file:///etc/passwd": "is not the address of a web page",
    "javascript:alert(1)": "is not the address of a web page",
    "not an address": "is not the address of a web page",
    "": "Write the address of a page first",
}


def test_an_address_that_is_not_public_is_refused(
    running: Site, window: Window, model: Model
) -> None:
    known = running.assistant.library.digests()
    for address, told in ADDRESSES.items():
        given = address.format(port=running.url.rpartition(":")[2])
        window.page.get_by_role("button", name="Add", exact=True).click()
        window.page.get_by_label("Address of a public web page").fill(given)
        window.page.get_by_role("button", name="Add the page").click()
        place = window.job if given else window.page.locator("#fn-rail-note")
        expect(place).to_contain_text(told)
        expect(place).to_contain_text(given)
    assert running.assistant.library.digests() == known
    still_answers(window, model)


# --- what breaks ------------------------------------------------------------------------------


def test_a_model_that_dies_is_told_and_retry_asks_it_again(window: Window, model: Model) -> None:
    model.says(SAID)
    window.ask(FENTANYL)
    model.says(Reply.of(SAID, breaks_after=3))
    window.ask("which rate is it?")
    expect(window.live.locator(".fn-error")).to_contain_text("broke off")
    expect(window.live.locator(".fn-stage")).to_contain_text("Something went wrong")
    expect(window.past).to_contain_text("20%")
    model.says(Status(500, "out of order"))
    before = window.shown
    window.do("retry")
    window.answered(before)
    expect(window.live.locator(".fn-error")).to_be_visible()
    expect(window.past).to_contain_text("20%")
    model.says(SAID)
    before = window.shown
    window.do("retry")
    window.answered(before)
    expect(window.live.locator(".fn-prose")).to_contain_text("20%")
    assert window.past.count() + window.live.count() == 2


def test_an_edit_whose_answer_fails_leaves_the_old_one(window: Window, model: Model) -> None:
    model.says(SAID)
    window.ask(FENTANYL)
    model.says("In February Trump imposed a 10% tariff on Chinese goods. [1]")
    window.ask("which rate was it before?")
    window.page.locator("#fn-past [data-act=edit]").click()
    expect(window.box).to_have_value(FENTANYL)
    model.says(Reply.of(SAID, breaks_after=3))
    window.put("What rate applies to fentanyl now?")
    expect(window.notice).to_contain_text("broke off")
    expect(window.box).to_have_value("What rate applies to fentanyl now?")
    expect(window.past.locator(".fn-question")).to_have_text(FENTANYL)
    expect(window.past).to_contain_text("20%")
    expect(window.live.locator(".fn-question")).to_have_text("which rate was it before?")
    model.says(SAID)
    before = window.shown
    window.box.press("Enter")
    window.answered(before)
    expect(window.live.locator(".fn-question")).to_have_text("What rate applies to fentanyl now?")
    expect(window.past).to_have_count(0)


@pytest.fixture
def full_disk(running: Site) -> Iterator[None]:
    """No room for another page of the history's file."""
    database = running.history._database
    database.rows("VACUUM")
    ((pages,),) = database.rows("PRAGMA page_count")
    database.rows(f"PRAGMA max_page_count = {pages}")
    yield
    database.rows("PRAGMA max_page_count = 1000000")


def test_on_a_full_disk_the_answer_stays_to_be_read(
    window: Window, model: Model, full_disk: None
) -> None:
    model.says(SAID)
    window.put(FENTANYL)
    expect(window.notice).to_contain_text("disk is full")
    expect(window.live.locator(".fn-prose")).to_contain_text("20%")
    expect(window.live).not_to_have_attribute("aria-busy", "true")


# --- what wants to run ------------------------------------------------------------------------

PROBES = (
    "<script>window.hacked = 1</script> <img src=hacked.png onerror='window.hacked = 1'>"
    " [here](javascript:window.hacked=1) ![it](https://example.com/hacked.png)"
    " <a href='javascript:window.hacked=1' onclick='window.hacked=1'>there</a>"
    " {{constructor.constructor('window.hacked=1')()}} ${alert(1)}"
)
COFFEE = f"Coffee prices rose 8% in Oslo {PROBES} in May."


def test_nothing_runs_of_what_sources_models_and_people_write(
    running: Site, visit: Visit, model: Model, tmp_path: Path
) -> None:
    article = tmp_path / "<img src=hacked.png onerror=window.hacked=1> ${alert(1)} {{x}}.txt"
    article.write_text(f"{PROBES} Coffee\n\n{COFFEE}\n", "utf-8")
    list(running.assistant.index([article]))
    person = visit(running.url)
    window = person.window()
    model.says(f"{COFFEE} [1] {PROBES}")
    question = f"How much did coffee prices rise in Oslo? {PROBES}"
    window.ask(question)
    expect(window.live.locator(".fn-question")).to_contain_text(PROBES)
    expect(window.live.locator(".fn-prose")).to_contain_text(PROBES)
    window.chip().hover()
    window.chip().click()
    assert window.lit() == COFFEE
    window.do("why")
    expect(window.pane.locator(".fn-trace")).to_contain_text("Coffee")
    window.do("thumb")
    expect(window.live.locator(".fn-note input")).to_be_visible()
    window.live.locator(".fn-note input").fill(PROBES)
    window.do("note")
    expect(window.about("hacked").locator(".fn-point").first).to_contain_text(PROBES[:20])
    window.upload(file(article.name, f"{PROBES}\n"))
    expect(window.job).to_contain_text("Done")
    window.tab("Evals")
    window.tab("Ask")
    window.reload()
    expect(window.live.locator(".fn-prose")).to_contain_text(PROBES)
    source = person.context.new_page()
    source.goto(f"{running.url}/{window.chip().get_attribute('href')}")
    expect(source.locator("#fn-current")).to_have_text(COFFEE)
    for page in person.context.pages:
        assert page.evaluate("() => window.hacked") is None
        assert page.url.startswith(running.url)
    assert len(person.context.pages) == 2
    assert not [each for each in person.log.requests if "hacked" in urlsplit(each).path]
    running.assistant.remove(article.name)
