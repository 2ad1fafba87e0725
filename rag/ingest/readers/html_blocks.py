"""Writes the elements of a web page as blocks of light Markdown, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from rag.ingest.readers import light_markdown as markdown
from rag.ingest.readers.light_markdown import Block

_BLOCKS = frozenset(
    """address article aside blockquote body center dd details dialog div dl dt fieldset figcaption
    figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr legend li main menu nav ol p pre section
    summary table tbody td tfoot th thead tr ul caption""".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LISTS = ("ul", "ol", "menu", "dir")
_MAX_SPAN = 100  # columns and rows of one cell


@dataclass(frozen=True, slots=True)
class HtmlBlock:
    """A block, the elements around it (outermost first), and what it is made of."""

    block: Block
    plain: str
    path: tuple[int, ...]
    link_share: float = 0.0
    """The part of its characters, 0..1, that are links; of the whole list for an item."""
    is_title: bool = False


@dataclass(slots=True)
class _Place:
    """Where in the page the walk is."""

    path: tuple[int, ...] = ()
    depth: int = -1  # of lists around
    label: str = ""  # of the item that comes next
    quote: bool = False
    link_share: float = 0.0
    inline: list[str] = field(default_factory=list)


def page_blocks(element: Any) -> Iterator[HtmlBlock]:
    """The blocks of `element`."""
    place = _Place(path=(id(element),))
    yield from _children(element, place)


def _children(element: Any, place: _Place) -> Iterator[HtmlBlock]:
    """The blocks in `element`: running text between its block elements is a paragraph."""
    run = [element.text or ""]
    for each in element:
        if _is_block(each):
            yield from _paragraph(run, place)
            run = []
            yield from _block(each, place)
        else:
            run.append(inline_text(each))
        run.append(each.tail or "")
    yield from _paragraph(run, place)


def _is_block(element: Any) -> bool:
    if element.tag in _BLOCKS:
        return True
    return any(each.tag in _BLOCKS for each in element.iterdescendants())


def _paragraph(run: list[str], place: _Place) -> Iterator[HtmlBlock]:
    text = "\n".join(markdown.one_line(line) for line in "".join(run).split(_BREAK)).strip()
    if not text:
        return
    block = markdown.paragraph(text)
    if place.depth >= 0:
        label, place.label = place.label, ""
        block = markdown.item(text, label, place.depth) if label else _in_item(text, place.depth)
    elif place.quote:
        block = replace(block, text="\n".join(f"> {line}" for line in text.split("\n")))
    yield HtmlBlock(block, text, place.path, place.link_share)


def _in_item(text: str, depth: int) -> Block:
    """A further paragraph of a list item."""
    indent = "  " * (depth + 1)
    return Block("\n".join(f"{indent}{line}" for line in text.split("\n")), is_item=True)


def _block(element: Any, place: _Place) -> Iterator[HtmlBlock]:
    inner = replace(place, path=(*place.path, id(element)))
    tag = element.tag
    if tag in _HEADINGS and place.depth < 0:
        text = markdown.one_line(inline_text(element).replace(_BREAK, " "))
        block = markdown.heading(_HEADINGS[tag], text)
        yield HtmlBlock(block, text, inner.path, is_title=tag == "h1")
    elif tag in _LISTS:
        yield from _list(element, inner)
    elif tag == "table":
        yield from _table(element, inner)
    elif tag == "pre":
        text = (element.text_content() or "").strip("\n")
        yield HtmlBlock(Block(f"```\n{text}\n```" if text.strip() else ""), text, inner.path)
    elif tag == "dd":
        yield from _children(element, replace(inner, depth=place.depth + 1, label="-"))
    else:
        inner.quote = place.quote or tag == "blockquote"
        yield from _children(element, inner)
        place.label = inner.label


def _list(element: Any, place: _Place) -> Iterator[HtmlBlock]:
    number = _integer(element.get("start"), 1)
    share = _link_share(element)
    for each in element:
        label = f"{number}." if element.tag == "ol" else "-"
        if each.tag == "li":
            number = _integer(each.get("value"), number)
            label = f"{number}." if element.tag == "ol" else "-"
            number += 1
        inner = replace(place, depth=place.depth + 1, label=label, link_share=share, quote=False)
        if each.tag == "li":
            inner.path = (*place.path, id(each))
            yield from _children(each, inner)
        elif _is_block(each):  # such as a list that stands in a list without an item
            yield from _block(each, replace(place, link_share=share))
        else:
            yield from _paragraph([inline_text(each)], inner)


def _link_share(element: Any) -> float:
    whole = len("".join(element.text_content().split()))
    links = (len("".join(each.text_content().split())) for each in element.iter("a"))
    return sum(links) / whole if whole else 0.0


def _table(element: Any, place: _Place) -> Iterator[HtmlBlock]:
    for caption in element.iterchildren("caption"):
        yield from _children(caption, place)
    rows = list(_rows(element))
    if _is_layout(element, rows):
        for row in rows:
            for cell in row.iterchildren("td", "th"):
                yield from _children(cell, replace(place, path=(*place.path, id(cell))))
        return
    texts = _with_one_header(rows, _grid(rows))
    heads = [cell.tag == "th" for cell in rows[0].iterchildren("td", "th")]
    has_header = rows[0].getparent().tag == "thead" or all(heads)
    rest = {cell.tag for row in rows[1:] for cell in row.iterchildren("td", "th")}
    header = True if has_header and rest != {"th"} else None
    if header is None and any(heads) and not all(heads):  # names of rows, not of columns
        header = False
    block = markdown.table(texts, has_header=header)
    yield HtmlBlock(block, " ".join(text for row in texts for text in row), place.path)


def _rows(table: Any) -> Iterator[Any]:
    """The rows of a table, not those of tables in it."""
    for each in table:
        if each.tag == "tr":
            yield each
        elif each.tag in ("thead", "tbody", "tfoot"):
            yield from each.iterchildren("tr")


def _is_layout(table: Any, rows: list[Any]) -> bool:
    """True for a table that only places things on the page."""
    widths = [len(list(row.iterchildren("td", "th"))) for row in rows]
    nested = table.find(".//table") is not None or table.find(".//h1") is not None
    lone = len(rows) == 1 and table.find(".//th") is None
    return max(widths, default=0) < 2 or nested or lone or table.get("role") == "presentation"


def _grid(rows: list[Any]) -> list[list[str]]:
    """The texts of the cells. One that reaches over several rows is told in each of them."""
    texts: list[list[str]] = []
    below: dict[int, tuple[int, str]] = {}  # by column: rows still to fill, and the text
    for row in rows:
        cells: list[str] = []
        for cell in row.iterchildren("td", "th"):
            _fill(cells, below)
            text = _cell_text(cell)
            rowspan = min(_integer(cell.get("rowspan"), 1), _MAX_SPAN)
            width = max(1, min(_integer(cell.get("colspan"), 1), _MAX_SPAN))
            for column in range(len(cells), len(cells) + width if rowspan > 1 else 0):
                below[column] = (rowspan - 1, text if column == len(cells) else "")
            cells += [text, *[""] * (width - 1)]
        _fill(cells, below)
        texts.append(cells)
    return texts


def _with_one_header(rows: list[Any], texts: list[list[str]]) -> list[list[str]]:
    """The rows with a header of several rows as one: "Fare" over "Adult" and "Child" is "Fare
    Adult", "Fare Child"."""
    count = 0
    while count < len(rows) and all(cell.tag == "th" for cell in rows[count]):
        count += 1
    if not 1 < count < len(rows):
        return texts
    width = max(map(len, texts[:count]))
    columns: list[list[str]] = [[] for _ in range(width)]
    for row, cells in zip(rows[:count], texts[:count], strict=True):
        spans = sum(_integer(cell.get("colspan"), 1) > 1 for cell in row)
        over = ""
        for at in range(width):
            text = cells[at] if at < len(cells) else ""
            over = text or (over if spans else "")
            if over and over not in columns[at]:
                columns[at].append(over)
    return [[" ".join(column) for column in columns], *texts[count:]]


def _fill(cells: list[str], below: dict[int, tuple[int, str]]) -> None:
    """Add what cells of rows above have in the columns that come next."""
    while len(cells) in below:
        left, text = below.pop(len(cells))
        if left > 1:
            below[len(cells)] = (left - 1, text)
        cells.append(text)


def _cell_text(cell: Any) -> str:
    return "\n".join(each.plain for each in _children(cell, _Place()))


_BREAK = "\0"  # a line end that a reader sees


def inline_text(element: Any) -> str:
    """The text of an element that is part of a line; line breaks are U+0000."""
    if element.tag == "br":
        return _BREAK
    if element.tag == "wbr":
        return ""
    if element.tag in ("sup", "sub"):
        return markdown.raised(_note_mark(element) or element.text_content(), element.tag)
    parts = [element.text or ""]
    for each in element:
        parts += [inline_text(each), each.tail or ""]
    text = "".join(parts)
    return f"“{text}”" if element.tag == "q" else text


def _note_mark(element: Any) -> str:
    """The mark of a footnote as a reader sees it, in brackets; "" for other raised text."""
    link = element.find(".//a[@href]")
    text = element.text_content().strip()
    if link is None or not text or not link.get("href").startswith("#"):
        return ""
    return text if text.startswith("[") else f"[{text}]"


def _integer(value: str | None, default: int) -> int:
    try:
        return int(value or default)
    except ValueError:
        return default
