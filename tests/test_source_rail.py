"""The rail of sources says what is there and what it is about; its pieces are fetched."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from rag.answering.overviews import DocumentOverview, LibraryOverview, ListedDocument, Point
from rag.assistant import Assistant
from rag.settings import Settings
from rag.store.overviews import Topic
from rag.types import Chunk, Document, Span
from tests.html_tree import Element, parse
from tests.serving import Quoter
from ui import stylesheets
from ui.views import source_rail, start_screen
from ui.views.source_rail import Source, State, kind_of, render_about, render_page, state_of
from ui.web.indexing_jobs import IndexingJobs
from ui.web.rail_routes import PAGE_ROWS, RailRoutes

EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)>\u202e\x1b[31m'
ABOUT = DocumentOverview(
    (Point(Span("a.txt", 3, 9), "They do."),), ("talks", "trade war"), ("Who talks?",)
)


def source(
    id: str = "a.txt", title: str = "Talks", published: str | None = None, state: State = "indexed"
) -> Source:
    return Source(id, title, f"/home/{id}", published, state)


def page(*sources: Source, matching: tuple[str, ...] = (), **more: int) -> str:
    numbers = {"total": len(sources), "found": len(sources), "before": 0} | more
    return render_page(sources, matching=matching, **numbers)


def acts(shown: Element) -> list[tuple[str, str]]:
    """What each button and link does, and to which document."""
    found = [each.attrs for each in shown.walk() if "data-act" in each.attrs]
    return [(attrs["data-act"], attrs.get("data-document", "")) for attrs in found]


# --- the list --------------------------------------------------------------------------------


def test_a_source_is_there_gone_or_a_page(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Talks resume")
    assert state_of(str(tmp_path / "a.txt")) == "indexed"
    assert state_of(f"{tmp_path}/a.txt#record 1") == "indexed"
    assert state_of(str(tmp_path / "b.txt")) == "file is gone"
    assert state_of("https://x.example/a#1") == "web page"


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("/a/b.PDF", "PDF"),
        ("/a/b.jsonl#x#1", "JSONL"),
        ("/a/b.zip#inner/c.docx", "DOCX"),
        ("https://x.example/a.pdf", "Web page"),
        ("/a/b", "Text"),
    ],
)
def test_a_source_is_of_a_kind(source: str, kind: str) -> None:
    assert kind_of(source) == kind


def test_a_row_shows_what_is_known() -> None:
    shown = parse(page(source("a.txt", "Talks resume", "2026-01-09"), source("b.txt")))
    for text in ("Talks resume", "TXT · 9 Jan 2026", "no date", "indexed"):
        assert text in shown.text
    assert [each.attrs["datetime"] for each in shown.all(tag="time")] == ["2026-01-09"]


def test_the_state_is_said_in_a_word_and_a_shape() -> None:
    shapes = set()
    for state in ("indexed", "file is gone", "web page"):
        html = page(source(state=state))
        assert state in parse(html).text
        shapes |= set(re.findall(r'aria-hidden="true">(.)<', html))
    assert len(shapes) == 3


def test_every_control_has_a_name_of_its_own_and_every_link_is_relative() -> None:
    shown = parse(page(source("a.txt", "One"), source("b/ü&?#.txt", "Two")))
    boxes = shown.all(tag="input")
    assert [each.attrs["aria-label"] for each in boxes] == ["Ask One", "Ask Two"]
    assert [each.attrs["data-document"] for each in boxes] == ["a.txt", "b/ü&?#.txt"]
    links = [urlsplit(each.attrs["href"]) for each in shown.all(tag="a")]
    assert [parse_qs(link.query)["document"] for link in links] == [["a.txt"], ["b/ü&?#.txt"]]
    assert {(link.scheme, link.netloc, link.path) for link in links} == {("", "", "source")}


def test_an_empty_list_says_what_to_do_and_a_search_without_a_match_says_so() -> None:
    assert "Add files" in parse(page()).text
    assert "No source matches" in parse(page(total=3, found=0)).text


def test_of_many_sources_some_are_shown_and_the_rest_offered() -> None:
    shown = parse(page(source(), total=2_000, found=2_000, before=50))
    (more,) = [each for each in shown.all(tag="button") if each.attrs.get("data-rail") == "more"]
    assert more.attrs["data-from"] == "51"
    assert "1,949 more" in more.text


def test_what_a_search_finds_can_be_asked_alone() -> None:
    shown = parse(page(source(), matching=("a.txt", 'b".txt')))
    (only,) = [each for each in shown.all(tag="button") if each.attrs.get("data-rail") == "only"]
    assert json.loads(only.attrs["data-documents"]) == ["a.txt", 'b".txt']


# --- what it is about ---------------------------------------------------------------------------


def test_a_source_is_summed_up_with_its_places_topics_and_questions() -> None:
    shown = parse(render_about(source(), 1_234, ABOUT))
    (point,) = shown.all(cls="fn-point")
    assert point.text == "They do."
    assert (point.attrs["data-start"], point.attrs["data-end"]) == ("3", "9")
    query = parse_qs(urlsplit(point.attrs["href"]).query)
    assert query == {"document": ["a.txt"], "start": ["3"], "end": ["9"]}
    assert [each.text for each in shown.all(cls="fn-topic")] == ["talks", "trade war"]
    assert ("example", "") in acts(shown)
    assert "1,234 characters" in shown.text


def test_only_a_web_page_can_be_refreshed() -> None:
    id = "https://example.org/a?b=c&d=ü"
    nothing = DocumentOverview((), (), ())
    assert acts(parse(render_about(source(id, state="web page"), 1, nothing))) == [
        ("refresh-source", id),
        ("remove-source", id),
    ]
    assert acts(parse(render_about(source(), 1, nothing))) == [("remove-source", "a.txt")]
    gone = parse(render_about(source(state="file is gone"), 1, nothing))
    assert "still answers questions" in gone.text


def test_few_articles_are_listed_and_many_counted_by_topic() -> None:
    listed = (ListedDocument("a.txt", "Talks", ABOUT.points[0]), ListedDocument("b", "War", None))
    few = parse(start_screen.render_start(LibraryOverview(2, listed, (), ("Who talks?",))))
    assert "What these 2 articles are about" in few.text
    assert ("source", "b") in acts(few)
    many = parse(start_screen.render_start(LibraryOverview(900, (), (("talks", 41),), ())))
    assert "What these 900 articles are about" in many.text
    assert [each.text for each in many.all(cls="fn-topic")] == ["talks 41"]
    none = parse(start_screen.render_start(LibraryOverview(0, (), (), ())))
    assert "Nothing to read yet" in none.text
    assert start_screen.render_related(()) == ""


@pytest.mark.parametrize("html", [
    page(source(EVIL, EVIL, EVIL), source("javascript:alert(1)", state="web page"),
         matching=(EVIL,)),
    render_about(source(EVIL, EVIL), 1, DocumentOverview(
        (Point(Span(EVIL, 0, 1), EVIL),), (EVIL,), (EVIL,))),
    start_screen.render_start(LibraryOverview(
        1, (ListedDocument(EVIL, EVIL, Point(Span(EVIL, 0, 1), EVIL)),), ((EVIL, 2),), (EVIL,))),
    start_screen.render_related([EVIL]),
    start_screen.render_error(EVIL),
])  # fmt: skip
def test_text_from_outside_stays_text(html: str) -> None:
    shown = parse(html)
    tags = {each.tag for each in shown.walk()}
    assert not tags & {"script", "img"}
    names = {name for each in shown.walk() for name in each.attrs}
    assert not [name for name in names if name.startswith("on")]
    assert "alert(1)" in shown.text
    assert "\u202e" not in shown.text
    assert "\x1b" not in shown.text
    assert "javascript:" not in "".join(each.attrs.get("href", "") for each in shown.walk())


def test_every_class_has_its_style() -> None:
    sheet = stylesheets.page_css()
    html = "".join(
        [
            source_rail.render_frame(),
            source_rail.render_limit(),
            page(),
            page(source(), matching=("a",), total=9, found=9),
            *(page(source(state=state)) for state in ("indexed", "file is gone", "web page")),
            render_about(source(), 1, ABOUT),
            start_screen.render_related(["?"]),
        ]
    )
    used = {name for names in re.findall(r'class="([^"]+)"', html) for name in names.split()}
    plain = {"fn-source-page", "fn-limit-open"}
    assert {name for name in used if f".{name}" not in sheet} <= plain


# --- what is fetched ----------------------------------------------------------------------------


@pytest.fixture
def assistant(settings: Settings) -> Iterator[Quoter]:
    with Quoter(settings) as quoter:
        yield quoter


@pytest.fixture
def client(assistant: Quoter, tmp_path: Path) -> TestClient:
    held = cast(Assistant, assistant)
    routes = RailRoutes(held, IndexingJobs(held, tmp_path / "articles")).all()
    return TestClient(Starlette(routes=list(routes)))


def get(client: TestClient, path: str, **values: str) -> Any:
    reply = client.get(f"/rail/{path}", params=values)
    assert reply.status_code == 200
    return reply.json()


def titles(found: Any) -> list[str]:
    return [each.text for each in parse(found["html"]).all(cls="fn-source-title")]


def add(assistant: Quoter, number: int) -> None:
    for n in range(number):
        document = Document.of(f"n{n}.txt", f"Harbour note {n}", f"/n{n}.txt", f"Boats {n}.")
        topics = [Topic("ferri", "ferries", 1.0)] if n % 2 else []
        assistant.library.put(document, [Chunk.of(document, 0, 5)], topics=topics)


def test_a_long_list_comes_in_parts_the_newest_first(client: TestClient, assistant: Quoter) -> None:
    add(assistant, PAGE_ROWS)
    first = get(client, "sources")
    assert (len(titles(first)), first["total"]) == (PAGE_ROWS, PAGE_ROWS + 2)
    assert titles(first)[0] == f"Harbour note {PAGE_ROWS - 1}"
    rest = get(client, "sources", **{"from": str(PAGE_ROWS), "known": "1"})
    assert len(titles(rest)) == 2
    assert len(rest["known"]) == PAGE_ROWS + 2
    assert first["known"] is None
    assert titles(get(client, "sources", **{"from": "x"})) == titles(first)


def test_sources_are_found_by_title_name_and_topic(client: TestClient, assistant: Quoter) -> None:
    add(assistant, 5)
    assert titles(get(client, "sources", words="HARBOUR 3")) == ["Harbour note 3"]
    assert titles(get(client, "sources", words="n4.txt")) == ["Harbour note 4"]
    assert titles(get(client, "sources", words="ferr note")) == [
        "Harbour note 3",
        "Harbour note 1",
    ]
    assert titles(get(client, "sources", topic="ferries")) == ["Harbour note 3", "Harbour note 1"]
    assert titles(get(client, "sources", words="100%_")) == []


def test_two_thousand_sources_are_listed_at_once(client: TestClient, assistant: Quoter) -> None:
    import time

    add(assistant, 2_000)
    started = time.perf_counter()
    found = get(client, "sources", words="harbour")
    assert time.perf_counter() - started < 2
    assert len(titles(found)) == PAGE_ROWS
    assert len(found["html"]) < 100_000


def test_what_a_source_is_about_is_fetched_and_one_that_is_gone_is_told(
    client: TestClient, assistant: Quoter
) -> None:
    id = next(iter(assistant.library.digests()))
    shown = parse(get(client, "about", document=id)["html"])
    assert shown.all(cls="fn-point")
    assert "no document" in get(client, "about", document="gone.txt")["html"]


def test_the_state_changes_with_the_library(client: TestClient, assistant: Quoter) -> None:
    before = get(client, "jobs")
    assert (before["html"], before["active"]) == ("", False)
    assert get(client, "jobs") == before
    add(assistant, 1)
    assert get(client, "jobs")["library"] != before["library"]
    assert "3 articles" in get(client, "start")["html"]
