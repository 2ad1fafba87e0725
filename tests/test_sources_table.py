"""The list of sources says what is there; the outcome of a run names every failure."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from rag.events import Added, Failed, IngestEvent, Removed, Skipped, Updated
from rag.ingest.chunking import chunk_document
from rag.ingest.readers import read_file
from rag.store.documents import Library
from rag.types import Document
from tests.html_tree import Element, parse
from ui import stylesheets
from ui.views.sources_table import Source, State, list_sources, render_outcome, render_table

EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)>\u202e\x1b[31m'


def source(
    id: str = "a.txt", title: str = "Talks", published: str | None = None, state: State = "indexed"
) -> Source:
    return Source(id, title, f"/home/{id}", published, 1234, 5, state)


def acts(shown: Element) -> list[tuple[str, str]]:
    """What each button and link does, and to which document."""
    found = [each.attrs for each in shown.walk() if "data-act" in each.attrs]
    return [(attrs["data-act"], attrs["data-document"]) for attrs in found]


# --- the list --------------------------------------------------------------------------------


def test_each_document_is_listed_with_its_state(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Talks resume\n\nThey do.")
    (tmp_path / "b#c.jsonl").write_text('{"id": "x#1", "text": "One.", "date": "2026-01-09"}')
    with Library.open(tmp_path / "library.db") as library:
        for name in ("a.txt", "b#c.jsonl"):
            for document in read_file(tmp_path / name):
                library.put(document, chunk_document(document))
        web = Document.of("https://x.org/a#1", "Web", "https://x.org/a#1", "text")
        library.put(web, [])
        before = {each.id: each for each in list_sources(library)}
        assert {id: each.state for id, each in before.items()} == {
            "a.txt": "indexed",
            "b#c.jsonl#x#1": "indexed",
            "https://x.org/a#1": "web page",
        }
        assert before["b#c.jsonl#x#1"].published == "2026-01-09"
        assert (before["a.txt"].characters, before["a.txt"].chunks) == (22, 1)
        for file in tmp_path.glob("*.*"):
            if file.suffix in (".txt", ".jsonl"):
                file.unlink()
        states = [each.state for each in list_sources(library)]
        assert states == ["file is gone", "file is gone", "web page"]


def test_an_empty_list_says_what_to_do() -> None:
    shown = parse(render_table([]))
    assert "Drop in files" in shown.text
    assert acts(shown) == []


def test_a_row_shows_what_is_known() -> None:
    shown = parse(render_table([source("a.txt", "Talks resume", "2026-01-09"), source("b.txt")]))
    for text in ("2 sources, 10 passages", "Talks resume", "9 Jan 2026", "1,234 characters"):
        assert text in shown.text
    assert "No date" in shown.text
    assert [each.attrs["datetime"] for each in shown.all(tag="time")] == ["2026-01-09"]


def test_the_state_is_said_in_a_word_and_a_shape() -> None:
    shapes = set()
    for state in ("indexed", "file is gone", "web page"):
        html = render_table([source(state=state)])
        assert state.capitalize() in parse(html).text
        shapes |= set(re.findall(r'aria-hidden="true">(.)<', html))
    assert len(shapes) == 3


def test_only_a_web_page_can_be_refreshed() -> None:
    id = "https://example.org/a?b=c&d=ü"
    shown = parse(render_table([source(id, state="web page"), source("a.txt")]))
    assert acts(shown) == [
        ("source", id),
        ("refresh-source", id),
        ("remove-source", id),
        ("source", "a.txt"),
        ("remove-source", "a.txt"),
    ]


def test_every_control_has_a_name_of_its_own_and_every_link_is_relative() -> None:
    shown = parse(render_table([source("a.txt", "One"), source("b/ü&?#.txt", "Two")]))
    labels = [each.attrs["aria-label"] for each in shown.all(tag="button")]
    assert labels == ["Remove One", "Remove Two"]
    assert all(each.attrs["type"] == "button" for each in shown.all(tag="button"))
    links = [urlsplit(each.attrs["href"]) for each in shown.all(tag="a")]
    assert [parse_qs(link.query)["document"] for link in links] == [["a.txt"], ["b/ü&?#.txt"]]
    assert {(link.scheme, link.netloc, link.path) for link in links} == {("", "", "source")}


@pytest.mark.parametrize("html", [
    render_table([source(EVIL, EVIL, EVIL), source("javascript:alert(1)", state="web page")]),
    render_outcome(
        [Added(EVIL, 1), Removed(EVIL), Failed(f"/x/{EVIL}", EVIL), Failed(EVIL, "bad")]
    ),
])  # fmt: skip
def test_text_from_outside_stays_text(html: str) -> None:
    shown = parse(html)
    tags = {each.tag for each in shown.walk()}
    assert tags <= {"a", "b", "button", "div", "li", "p", "span", "time", "ul"}
    names = {name for each in shown.walk() for name in each.attrs}
    assert not [name for name in names if name.startswith("on")]
    assert "alert(1)" in shown.text
    assert "\u202e" not in shown.text
    assert "\x1b" not in shown.text
    assert "javascript:" not in "".join(each.attrs.get("href", "") for each in shown.walk())


# --- the outcome -----------------------------------------------------------------------------


def test_the_outcome_counts_and_names() -> None:
    events: list[IngestEvent] = [Added(f"{n}.txt", 1) for n in range(7)]
    text = parse(
        render_outcome([*events, Updated("u.txt", 2), Skipped("s.txt"), Removed("r.txt")])
    ).text
    assert "7 added, 1 updated, 1 removed, 1 unchanged." in text
    assert "Added: 0.txt, 1.txt, 2.txt, 3.txt, 4.txt and 2 more" in text
    assert "Updated: u.txt" in text
    assert "Removed: r.txt" in text
    assert "s.txt" not in text


def test_each_failure_is_named_once_with_its_remedy() -> None:
    html = render_outcome(
        [
            Failed("/home/me/a.pdf", "a.pdf is damaged or not a PDF. Save it again."),
            Failed("https://example.org/a", "The page is empty. Leave it out."),
        ]
    )
    text = parse(html).text
    assert "2 failed." in text
    assert "a.pdf is damaged or not a PDF. Save it again." in text
    assert "https://example.org/a: The page is empty. Leave it out." in text
    assert text.count("a.pdf") == 1
    assert "/home/me" not in html


def test_a_run_without_events_says_so() -> None:
    assert "Nothing to do" in parse(render_outcome([])).text


def test_every_class_has_its_style() -> None:
    html = "".join(
        [
            render_table([]),
            *(render_table([source(state=s)]) for s in ("indexed", "file is gone", "web page")),
            render_outcome([Failed("a", "b")]),
            render_outcome([Added("a", 1)]),
        ]
    )
    sheet = stylesheets.standalone_css("sources")
    used = {name for names in re.findall(r'class="([^"]+)"', html) for name in names.split()}
    plain = {"fn-source-what", "fn-source-date", "fn-source-undated"}
    assert {name for name in used if f".{name}" not in sheet} <= plain
