"""Reads web pages: the main text with its lists and tables, as light Markdown.

Three steps: what a browser does not show is taken out; trafilatura says which text is the article;
then everything in the element that holds the article is written down. trafilatura's own output is
not stored, because it drops lists and cells of some pages.
"""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from rag.ingest.encodings import decode
from rag.ingest.raw_source import RawSource, make_document, source_error
from rag.ingest.readers import light_markdown as markdown
from rag.ingest.readers.html_blocks import HtmlBlock, page_blocks
from rag.ingest.readers.html_visibility import remove_invisible
from rag.ingest.readers.loggers import silence_loggers
from rag.types import Document

MAX_HTML_BYTES = 10_000_000  # finding the article in a larger page takes minutes

_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset=[\"']?([\w-]{1,40})", re.IGNORECASE)
_XML_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*>")
_MIN_KNOWN_CHARS = 20  # of a block that trafilatura's text is searched for: "Home" is anywhere
_NEAR_CHARS = 2000
_MOST = 0.95  # of the article's characters lie in the element that is taken for its frame
_NAMED_LIMIT, _PLACED_LIMIT = 0.5, 0.125  # of the article in what is named or placed like furniture
_MIN_BLOCKS = 3  # in the frame: one paragraph is none
_LINKS = 0.8  # of a list's characters, from which it is a menu
# Names that pages give to what lies over or under their content.
_FURNITURE = re.compile(
    r"cookie|consent|gdpr|newsletter|breadcrumb|(?:^|[\s_-])(?:share|social|sharing|related|advert"
    r"|promo|skip-link)",
    re.IGNORECASE,
)
_COMMENTS = re.compile(r"(?:^|[\s_-])comments?(?:$|[\s_-])|disqus|^respond$", re.IGNORECASE)
_FURNITURE_ROLES = frozenset(
    "navigation search banner contentinfo menu menubar toolbar dialog alertdialog".split()
)


@dataclass(frozen=True, slots=True)
class Article:
    """Text, title and date of a page; "" and None where it states none."""

    text: str
    title: str
    published: str | None


def read_html(raw: RawSource) -> list[Document]:
    if len(raw.data) > MAX_HTML_BYTES:
        raise source_error(
            raw.name, f"is over {MAX_HTML_BYTES:,} bytes", "Save its text as a .txt file."
        )
    charset = _META_CHARSET.search(raw.data[:4096])
    page = decode(raw, charset[1].decode() if charset else "")
    article = extract_article(page)
    if not article.text.strip():
        raise source_error(
            raw.name, "contains no text", "Save it from a browser once it has loaded."
        )
    return [make_document(raw, article.text, article.title, published=article.published)]


def extract_article(page: str) -> Article:
    """The article of a page; all its visible text where none is found."""
    from lxml import html

    silence_loggers()
    page = _XML_DECLARATION.sub("", page)
    if "<body" not in page.lower():
        page = f"<html><body><div>{page}</div></body></html>"
    with suppress(Exception):  # whatever a broken page does to the parser
        tree = html.document_fromstring(page)
        title, published = _title_and_date(tree)
        remove_invisible(tree)
        found = _found_by_trafilatura(tree)
        _remove_furniture(tree, _letters(found))
        body = tree.find("body")
        text = _main_text(list(page_blocks(tree if body is None else body)), found)
        return Article(text, title, published)
    return Article("", "", None)


def _title_and_date(tree: Any) -> tuple[str, str | None]:
    """The title without the name of the site, and the date. trafilatura takes any heading for a
    title; it counts where it is in the stated title, or where the page has one main heading."""
    from trafilatura import extract_metadata

    dates = {"extensive_search": False, "original_date": True}  # none from running text
    stated = tree.findtext(".//title") or ""
    headings = tree.findall(".//h1")
    with suppress(Exception):
        found = extract_metadata(copy.deepcopy(tree), date_config=dates, extensive=False)
        title = found.title or ""
        is_known = _letters(title) in _letters(stated) or len(headings) == 1
        return title if title and (is_known or not stated) else stated, found.date
    return stated, None


def _found_by_trafilatura(tree: Any) -> str:
    """The text that trafilatura takes for the article, "" where it finds none."""
    from lxml.etree import strip_attributes
    from trafilatura import bare_extraction

    own = copy.deepcopy(tree)
    strip_attributes(own, "rowspan", "colspan")  # it makes a cell of each, of which none has text
    with suppress(Exception):
        found = bare_extraction(own, include_comments=False)
        return getattr(found, "text", None) or ""
    return ""


def _letters(text: str) -> str:
    """The letters and digits of a text, by which two forms of it are compared."""
    return "".join(filter(str.isalnum, text))


def _remove_furniture(tree: Any, article: str) -> None:
    """Take out menus, banners, comments and the like, unless the article is in them."""
    for element in list(tree.iter()):
        if isinstance(element.tag, str) and element.getparent() is not None:
            limit = _furniture_limit(element)
            if limit and element.find(".//h1") is None and not _holds(element, article, limit):
                element.drop_tree()


def _furniture_limit(element: Any) -> float:
    """The share of the article, 0..1, with which `element` would be more than furniture; 0 for what
    looks like none."""
    if element.tag in ("html", "body", "main", "article", "h1"):
        return 0
    names = f"{element.get('id', '')} {element.get('class', '')}"
    named = element.tag in ("nav", "dialog") or element.get("role", "") in _FURNITURE_ROLES
    if named or _FURNITURE.search(names) or _COMMENTS.search(names):
        return _NAMED_LIMIT
    inside = next(element.iterancestors("article", "main"), None) is not None
    return _PLACED_LIMIT if element.tag in ("header", "footer", "aside") and not inside else 0


def _holds(element: Any, article: str, share: float) -> bool:
    """True where this share of the article or more is in `element`."""
    least = share * len(article)
    return len(_letters(element.text_content())) >= least > 0 and (
        _shared(element, article) >= least
    )


def _shared(element: Any, article: str) -> int:
    """Characters of the article in `element`."""
    pieces = map(_letters, element.itertext())
    return sum(len(each) for each in pieces if len(each) >= _MIN_KNOWN_CHARS and each in article)


def _main_text(blocks: list[HtmlBlock], article: str) -> str:
    """The blocks in the frame of the article, and those of the article elsewhere; all blocks where
    the article is the smaller part of the page."""
    known = list(_known(blocks, _letters(article)))
    if any(known):
        prose = sum(len(block.plain) for block in blocks if block.link_share < _LINKS)
        article_size = sum(len(blocks[at].plain) for at, is_known in enumerate(known) if is_known)
        whole = prose > 2 * article_size
        frame = blocks[0].path[0] if whole else _frame(blocks, known)
        first, last = known.index(True), len(known) - 1 - known[::-1].index(True)
        blocks = [
            block
            for at, block in enumerate(blocks)
            if known[at]
            or (frame in block.path and (first < at < last or block.link_share < _LINKS))
            or block.is_title
        ]
    return markdown.join_blocks(block.block for block in blocks)


def _known(blocks: list[HtmlBlock], article: str) -> Iterator[bool]:
    """For each block, whether it is in the article; the next one is looked for behind it first."""
    at = 0
    for block in blocks:
        letters = _letters(block.plain)
        found = -1
        if len(letters) >= _MIN_KNOWN_CHARS:
            found = article.find(letters, at, at + _NEAR_CHARS + len(letters))
            found = article.find(letters) if found < 0 else found
        at = found + len(letters) if found >= 0 else at
        yield found >= 0


def _frame(blocks: list[HtmlBlock], known: list[bool]) -> int:
    """The innermost element with most of the article."""
    sizes: dict[int, int] = {}
    total = 0
    for block, is_known in zip(blocks, known, strict=True):
        if is_known:
            total += len(block.plain)
            for element in block.path:
                sizes[element] = sizes.get(element, 0) + len(block.plain)
    counts = Counter(element for block in blocks for element in block.path)
    depths = {element: at for block in blocks for at, element in enumerate(block.path)}
    around = [e for e, size in sizes.items() if size >= _MOST * total]
    wide = [e for e in around if counts[e] >= _MIN_BLOCKS] or around
    return max(wide, key=depths.__getitem__)
