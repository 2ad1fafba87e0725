"""Does the browser get the stored text, character for character, with its marks in place?"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.types import Document, Span
from ui.views import source_highlights
from ui.views.source_highlights import ShownSource
from ui.views.source_reference import SourceReference, Steps

NASTY = "<b>&amp;\"'\n\n \r\n\x0b\x0c\x1b[31m\x85\u200e\u202e\u2028\ufeffé😀</p></mark>${x}{{y}}"


class Text(HTMLParser):
    """What a browser makes of the text container: its characters, each with its mark."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.marks: list[frozenset[int]] = []  # of each character
        self.lit: list[bool] = []
        self.ids: dict[str, int] = {}  # where an id stands
        self.depth = 0  # within the container
        self.mark: dict[str, str] | None = None
        self.others: list[tuple[str, dict[str, str]]] = []  # elements outside the container
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        classes = values.get("class", "").split()
        if self.depth or "fn-text" in classes:
            self.depth += 1
            assert tag in ("div", "p", "mark")
        else:
            self.others.append((tag, values))
        if tag == "mark":
            assert self.mark is None, "marks are not nested"
            self.mark = values
            if "id" in values:
                assert values["id"] not in self.ids
                self.ids[values["id"]] = len(self.text)

    def handle_endtag(self, tag: str) -> None:
        if self.depth:
            self.depth -= 1
        if tag == "mark":
            self.mark = None

    def handle_data(self, data: str) -> None:
        if not self.depth:
            return
        mark = self.mark or {}
        over = frozenset(int(number) for number in mark.get("data-span", "").split())
        self.text += data
        self.marks += [over] * len(data)
        self.lit += ["fn-current" in mark.get("class", "").split()] * len(data)

    def marked(self) -> dict[int, tuple[int, int]]:
        """For each number of a mark, the interval it covers; its characters are contiguous."""
        found: dict[int, tuple[int, int]] = {}
        for number in sorted(set().union(*self.marks)):
            at = [place for place, over in enumerate(self.marks) if number in over]
            assert at == list(range(at[0], at[-1] + 1))
            found[number] = (at[0], at[-1] + 1)
        return found


def document(text: str, id: str = "a.txt") -> Document:
    return Document.of(id, "A title", "/srv/private/a.txt", text, "2026-05-02")


def pane(document: Document, current: Span | None = None, others: Any = (), **more: Any) -> str:
    return source_highlights.render_pane(ShownSource(document, current, others, **more))


def page(document: Document, current: Span | None = None, others: Any = (), **more: Any) -> str:
    return source_highlights.render_page(ShownSource(document, current, others, **more))


def spans(length: int) -> st.SearchStrategy[Span]:
    places = st.integers(0, length)
    return st.tuples(places, places).map(lambda ends: Span("a.txt", min(ends), max(ends)))


def carried(text: str) -> str:
    """What HTML can carry of a text."""
    return text.replace("\0", "\ufffd")


texts = st.text(st.characters(codec="utf-8"), max_size=60) | st.text(
    "ab \n\r\t\0&<>;#x1\x0c\x85\u202e\ufeff", max_size=60
)


@given(st.data(), texts)
def test_text_and_marks_are_read_back_exactly(data: st.DataObject, text: str) -> None:
    current = data.draw(st.none() | spans(len(text)))
    others = data.draw(st.lists(spans(len(text)), max_size=4))
    seen = Text(pane(document(text), current, others))
    assert seen.text == carried(text)
    wanted = {(s.start, s.end) for s in (*others, current) if s and len(s)}
    assert sorted(seen.marked().values()) == sorted(wanted)
    lit = [place for place, is_lit in enumerate(seen.lit) if is_lit]
    assert lit == (list(range(current.start, current.end)) if current else [])
    if current and len(current):
        assert seen.ids["fn-current"] == current.start
    assert set(seen.ids.values()) == {start for start, _ in wanted}


@given(texts)
def test_the_page_of_its_own_carries_the_same_text(text: str) -> None:
    html = page(document(text), None)
    assert Text(html).text == carried(text)
    assert not {"\r", "\0"} & set(html)  # a browser would read them as something else


def test_markup_in_a_source_stays_text() -> None:
    seen = Text(pane(document(NASTY), Span("a.txt", 2, 9)))
    assert seen.text == NASTY


def test_a_repeated_sentence_lights_up_only_where_it_was_cited() -> None:
    text = "It rose.\nIt fell.\nIt rose.\n"
    seen = Text(pane(document(text), Span("a.txt", 18, 26)))
    assert seen.marked() == {1: (18, 26)}


def test_spans_of_other_documents_are_not_marked() -> None:
    html = pane(document("One. Two."), Span("b.txt", 0, 4), [Span("b.txt", 5, 9)])
    assert Text(html).marked() == {}


def test_spans_beyond_the_text_are_cut_to_it() -> None:
    seen = Text(pane(document("One. Two."), Span("a.txt", 5, 99), [Span("a.txt", 50, 60)]))
    assert seen.marked() == {1: (5, 9)}


FOOTNOTES = tuple(SourceReference.of(exchange="e1", claim=n, citation=0) for n in range(3))


def test_the_ways_to_other_footnotes_stand_behind_the_text() -> None:
    html = pane(document("One. Two."), Span("a.txt", 5, 9), steps=Steps(FOOTNOTES, 2))
    assert ">3 of 3<" in html
    claims = re.findall(r'data-act="footnote"[^>]* data-claim="(\d)"', html)
    assert claims == ["1", "0"]  # after the last comes the first
    assert html.index("fn-bar") > html.index("Two.")


def test_a_place_that_is_no_footnote_leads_to_the_first_and_the_last() -> None:
    steps = Steps(FOOTNOTES, None)
    assert steps.next_to(1) == FOOTNOTES[0]
    assert steps.next_to(-1) == FOOTNOTES[2]


def test_one_footnote_needs_no_steps() -> None:
    for steps in (Steps(), Steps(FOOTNOTES[:1], 0)):
        assert "fn-bar" not in pane(document("One. Two."), Span("a.txt", 5, 9), steps=steps)


def test_without_a_script_the_ways_are_links() -> None:
    html = page(document("One. Two."), Span("a.txt", 5, 9), steps=Steps(FOOTNOTES, 0))
    links = [attrs["href"] for tag, attrs in Text(html).others if tag == "a"]
    assert links[-1] == "source?exchange=e1&claim=1&citation=0#fn-current"


def test_the_header_says_where_from_and_keeps_the_path_to_itself() -> None:
    html = pane(document("One."), None, page=7, note="It <changed>.")
    for words in ("A title", "a.txt", "2026-05-02", "page 7", "It &lt;changed&gt;."):
        assert words in html
    assert "/srv/private" not in html


def test_a_url_is_shown_but_is_no_link() -> None:
    source = Document.of("u", "T", "javascript://x/%0aalert(1)", "Text.")
    html = pane(source, None)
    assert "javascript://x/" in html
    assert "href" not in html


@pytest.mark.parametrize("place", [0, 123_456, 399_990])
def test_a_long_text_is_shown_around_the_span_with_a_way_to_the_rest(place: int) -> None:
    text = "".join(f"{number:09}\n" for number in range(40_000))
    current = Span("a.txt", place, place + 9)
    html = pane(document(text), current)
    seen = Text(html)
    ((start, end),) = seen.marked().values()
    assert seen.text[start:end] == text[place : place + 9]
    assert len(seen.text) == source_highlights.MAX_SHOWN_CHARS
    assert seen.text in text
    links = [attrs["href"] for tag, attrs in seen.others if tag == "a"]
    assert len(links) == (place > 0) + (place < 399_990)
    assert all(link.startswith("source?document=a.txt&at=") for link in links)


def test_an_empty_span_chooses_the_part_of_a_long_text() -> None:
    text = "x" * 300_000 + "y" * 300_000
    shown = Text(pane(document(text), Span("a.txt", 300_000, 300_000)))
    assert shown.marked() == {}
    assert (shown.text.count("x"), shown.text.count("y")) == (100_000, 100_000)


def test_another_part_of_a_long_text_opens_where_it_was_asked_for() -> None:
    text = "".join(f"{number:09}\n" for number in range(40_000))
    html = pane(document(text), Span("a.txt", 0, 9), at=300_004)
    assert Text(html).marked() == {}
    assert "<p data-here>000030000" in html


def test_a_document_id_cannot_leave_its_attribute_or_its_query() -> None:
    id = 'a"><script>&b=#/..'
    html = pane(document("x" * 300_000, id), None)
    assert "<script" not in html
    ((link),) = [attrs for tag, attrs in Text(html).others if tag == "a"]
    assert link["href"] == "source?document=a%22%3E%3Cscript%3E%26b%3D%23%2F..&at=200000"
    assert link["data-document"] == id


def test_the_page_of_its_own_needs_no_script() -> None:
    html = page(document("One. Two."), Span("a.txt", 5, 9), [Span("a.txt", 0, 4)])
    seen = Text(html)
    tags = [tag for tag, _ in seen.others]
    assert html.startswith("<!doctype html>")
    assert not {"script", "link", "button", "img"} & set(tags)
    assert not any(name.startswith("on") for _, attrs in seen.others for name in attrs)
    jumps = {attrs["href"].removeprefix("#") for tag, attrs in seen.others if tag == "a"}
    assert jumps == set(seen.ids) == {"fn-at-0", "fn-current"}
    assert "autofocus" in html.partition('id="fn-current"')[2].partition(">")[0]


def test_the_outline_leads_to_headings_and_pages() -> None:
    text = "# Bees\n\nThey dance.\n\f\n## Hives\n\nThey are warm.\n"
    html = pane(Document.of("b.pdf", "Bees", "/srv/b.pdf", text), page=1)
    links = set(re.findall('href="#([^"]+)"', html))
    assert links == {"fn-heading-0", "fn-heading-22", "fn-page-20"}
    for id in links:
        assert f'id="{id}"' in html
    assert "Outline" not in pane(document("Plain.\n"))


def test_only_a_source_with_pages_can_be_shown_as_pages() -> None:
    assert "fn-switch" not in pane(document("One."))
    html = pane(Document.of("b.pdf", "Bees", "/srv/b.pdf", "One."), page=3)
    assert 'data-view="page"' in html
    assert ">Page 3<" in html


def test_a_lost_source_still_shows_the_quote() -> None:
    html = source_highlights.render_missing("The <rate> is 20%.", note="The source was removed.")
    assert "“The &lt;rate&gt; is 20%.”" in html
    assert "The source was removed." in html


def test_nothing_says_what_will_open_here() -> None:
    assert "Choose a footnote" in source_highlights.render_empty()
