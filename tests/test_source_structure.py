"""Is a source shown as a document, with every character and every mark still in its place?"""

from __future__ import annotations

from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.types import Document, Span
from ui.views.source_structure import dialect_of, find_blocks
from ui.views.source_text import SourceText

SOURCES = {"plain": "a.txt", "light": "a.docx", "markdown": "a.md"}
ALLOWED = set(
    "p h3 h4 h5 h6 ul ol li blockquote pre div table thead tbody tr th td br mark span em strong s"
    " code sup".split()
)


class Shown(HTMLParser):
    """What a browser makes of a text: its characters, which are seen, which are marked, and the
    elements around each."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self.seen = "", ""
        self.marked: list[tuple[int, str]] = []
        self.within: list[tuple[str, ...]] = []  # of each character that is seen
        self.open: list[tuple[str, bool]] = []
        self.breaks = 0
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED
        names = {name for name, _ in attrs}
        assert not {name for name in names if name.startswith("on")} | (names & {"href", "src"})
        if tag == "br":
            self.breaks += 1
        else:
            self.open.append((tag, "hidden" in names))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        tags = tuple(tag for tag, _ in self.open)
        if "mark" in tags:
            self.marked += list(enumerate(data, len(self.text)))
        self.text += data
        if not any(is_hidden for _, is_hidden in self.open):
            self.seen += data
            self.within += [tags] * len(data)

    def around(self, words: str) -> tuple[str, ...]:
        """The elements around the first place where `words` are seen, which is in all of them."""
        at = self.seen.index(words)
        (tags,) = set(self.within[at : at + len(words)])
        return tags


def show(text: str, dialect: str = "markdown", *marks: tuple[int, int]) -> Shown:
    document = Document.of("a", "A", f"/srv/{SOURCES[dialect]}", text)
    spans = sorted(Span("a", *mark) for mark in marks)
    current = spans[0] if spans else None
    return Shown(SourceText(document, 0, len(text), spans, current).html())


PIECES = st.sampled_from(
    [
        *("# ", "## ", "- ", "1. ", "> ", "| a | b |\n", "|---|---|\n", "```\n", "    ", "\t"),
        *("\n", "\n\n", "**", "*", "_", "`", "~~", "[", "](", ")", "![", "\\", "\\|", "|", "[^1]"),
        *(": ", "<b>", "&amp;", "é", "😀", "word", " ", "  \n", "\r\n", "\r", "\f", "\0", "---\n"),
        *("[a]: b\n", "===\n", "7", "-"),
    ]
)
TEXTS = st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=60)


@given(TEXTS, st.sampled_from([*SOURCES]), st.data())
def test_every_character_is_there_and_marks_are_exact(
    text: str, dialect: str, data: st.DataObject
) -> None:
    text = text.encode("utf-8", "replace").decode()
    places = st.integers(0, len(text))
    start, end = sorted((data.draw(places), data.draw(places)))
    shown = show(text, dialect, (start, end)) if start < end else show(text, dialect)
    assert shown.text == text.replace("\0", "\ufffd")
    assert [at for at, _ in shown.marked] == list(range(start, end))


@given(TEXTS, st.sampled_from(["light", "markdown"]))
def test_blocks_follow_each_other_without_a_gap(text: str, dialect: str) -> None:
    blocks = find_blocks(text, dialect)  # type: ignore[arg-type]
    edges = [(block.start, block.end) for block in blocks]
    assert edges[0][0] == 0
    assert edges[-1][1] == len(text)
    assert all(one[1] == other[0] for one, other in pairwise(edges))
    for block in blocks:
        assert all(block.start <= start < end <= block.end for start, end in block.hidden)


@given(TEXTS, st.integers(0, 20), st.integers(0, 20))
def test_a_mark_shows_something_wherever_it_covers_something(text: str, at: int, many: int) -> None:
    start, end = min(at, len(text)), min(at + many, len(text))
    if not text[start:end].strip(" \t\r\n\f\v\0"):
        return
    html = show(text, "markdown", (start, end))
    covered = {place for place, _ in html.marked}
    assert covered
    document = Document.of("a", "A", "/srv/a.md", text)
    source = SourceText(document, 0, len(text), [Span("a", start, end)], None)
    hidden = {at for block in source.blocks for pair in block.hidden for at in range(*pair)}
    assert any(text[at].strip() for at in range(start, end) if at not in hidden)


# --- what is seen ------------------------------------------------------------------------------


REPORT = """\
# The *otter* ##

Otters eat **up to 20 % of
their weight** each day.[^1]\x20\x20
They ~~never~~ sleep `in **holts**`, see [this study](https://example.com/otter "A study").

- rivers
- lakes
  1. cold ones
- 7 ponds

> Rare until 1990,
> common since.

| Year | Holts |
|---|--:|
| 2001 | **40** |
| 2011 | 95 \\| 98 |

```python
count = 40
```

Sea otters
----------

[^1]: In winter.
"""


def test_signs_of_the_markup_are_not_seen() -> None:
    shown = show(REPORT)
    for sign in ("#", "~~", "`", "](", "https", "|---", "[^", "----", "\\"):
        assert sign not in shown.seen
    assert "95 | 98" in shown.seen
    assert shown.text == REPORT


@pytest.mark.parametrize(
    ("words", "tags"),
    [
        ("The ", ("h3",)),
        ("otter", ("h3", "em")),
        ("up to 20 % of\ntheir weight", ("p", "strong")),
        ("never", ("p", "s")),
        ("in **holts**", ("p", "code")),
        ("this study", ("p", "span")),
        ("rivers", ("ul", "li", "p")),
        ("cold ones", ("ul", "li", "ol", "li", "p")),
        ("common since", ("blockquote", "p")),
        ("Holts", ("div", "table", "thead", "tr", "th")),
        ("40", ("div", "table", "tbody", "tr", "td", "strong")),
        ("count = 40", ("pre",)),
        ("Sea otters", ("h4",)),
        ("In winter.", ("p",)),
    ],
)
def test_what_is_written_in_markdown_is_shown_as_such(words: str, tags: tuple[str, ...]) -> None:
    assert show(REPORT).around(words) == tags


def test_a_line_that_is_broken_off_stays_so() -> None:
    assert show(REPORT).breaks == 1
    assert show("one\\\ntwo").breaks == 1
    assert show("one\ntwo").breaks == 0


@pytest.mark.parametrize(
    "cited",
    ["2001 | **40", "otter*", "to 20 % of\ntheir", "1. cold", "study](https://exam", "| 2011 | 95"],
)
def test_a_mark_may_begin_and_end_anywhere(cited: str) -> None:
    start = REPORT.index(cited)
    shown = show(REPORT, "markdown", (start, start + len(cited)))
    assert "".join(letter for _, letter in shown.marked) == cited


def test_markup_that_is_cited_by_itself_is_seen() -> None:
    start = REPORT.index("https://example.com/otter")
    shown = show(REPORT, "markdown", (start, start + 25))
    assert "https://example.com/otter" in shown.seen


def test_light_markdown_has_no_emphasis() -> None:
    words = "Use 2 * 3 * 4 and snake_case_names, `x` and \\n."
    shown = show(f"# Sizes\n\n{words}\n", "light")
    assert shown.around("Sizes") == ("h3",)
    assert shown.around(words) == ("p",)


def test_a_sign_before_a_digit_may_be_one_of_a_number() -> None:
    assert "-" in show("- 5 degrees\n", "light").seen
    assert ">" in show("> 5 mg a day\n", "light").seen


def test_html_in_a_source_stays_text() -> None:
    text = "<script>alert(1)</script> <img src=x onerror=alert(1)>\n\n[x](javascript:alert(1))\n"
    for dialect in SOURCES:
        shown = show(text, dialect)
        assert "<script>alert(1)</script> <img src=x onerror=alert(1)>" in shown.seen


def test_a_table_with_a_row_that_has_more_cells_loses_nothing() -> None:
    text = "| a | b |\n|---|---|\n| 1 | 2 | surplus |\n| 3 |\n"
    assert "surplus" in show(text).seen


@pytest.mark.parametrize(
    "text",
    ["*" * 30_000, "[" * 30_000, "> " * 15_000, "![a](" * 6_000, "`a" * 15_000, "- " * 3_000],
)
def test_a_text_made_to_take_long_does_not(text: str) -> None:
    assert show(text).text == text


@pytest.mark.parametrize(
    ("source", "dialect"),
    [
        ("/srv/a.txt", "plain"),
        ("/srv/mail.eml", "plain"),
        ("/srv/a.jsonl#key.md", "plain"),
        ("/srv/a.PDF", "light"),
        ("/srv/a.zip#inner/b.md", "markdown"),
        ("/srv/C# notes.md", "markdown"),
        ("https://example.com/page", "light"),
        ("https://example.com/a.txt?x=1", "plain"),
        ("/srv/no suffix", "plain"),
    ],
)
def test_the_source_tells_how_its_text_is_written(source: str, dialect: str) -> None:
    assert dialect_of(source) == dialect
