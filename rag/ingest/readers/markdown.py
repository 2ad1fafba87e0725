"""Reads Markdown: the text as it is without its comments, title and date from its front matter."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, Any

from rag.ingest.encodings import decode
from rag.ingest.metadata import headline
from rag.ingest.raw_source import RawSource, make_document
from rag.types import Document

if TYPE_CHECKING:
    from markdown_it.token import Token

_FRONT_MATTER = re.compile(r"(---|\+\+\+)[ \t]*\n")
_MAX_FRONT_MATTER_CHARS = 65_536
_MAX_TITLE_SEARCH_CHARS = 65_536  # a title stands at the beginning
_HTML_HEADING = re.compile(r"<h1\b[^>]{0,1000}>(.{1,2000}?)</h1>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^<>]{0,1000}>")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_DATES = ("date", "published", "pubdate", "publishdate")


def read_markdown(raw: RawSource) -> list[Document]:
    text = without_comments(decode(raw))
    fields, start = front_matter(text)
    body = text[start : start + _MAX_TITLE_SEARCH_CHARS]
    published = next((fields[name] for name in _DATES if fields.get(name)), None)
    title = fields.get("title")
    titles = (None if title is None else str(title), main_heading(body), headline(body))
    return [make_document(raw, text, *titles, published=published)]


def front_matter(text: str) -> tuple[Mapping[str, str | None], int]:
    """The fields of the YAML (between ``---``) or TOML (``+++``) that a text begins with, names in
    lower case, and where what follows begins; nothing and 0 where there is none that parses."""
    opening = _FRONT_MATTER.match(text)
    if opening is None:
        return {}, 0
    ends = r"(?:---|\.\.\.)" if opening[1] == "---" else r"\+\+\+"
    closing = re.compile(rf"^{ends}[ \t]*(?:\n|\Z)", re.MULTILINE)
    end = closing.search(text, opening.end(), opening.end() + _MAX_FRONT_MATTER_CHARS)
    if end is None:
        return {}, 0
    block = text[opening.end() : end.start()]
    fields: Any = None
    with suppress(Exception):  # what people write there fails in many ways
        fields = tomllib.loads(block) if opening[1] == "+++" else _load_yaml(block)
    if not isinstance(fields, dict):
        return {}, 0
    plain = {str(name).lower(): _plain(value) for name, value in fields.items()}
    return plain, end.end()


def _load_yaml(block: str) -> object:
    import yaml

    return yaml.safe_load(block)


def _plain(value: object) -> str | None:
    if isinstance(value, date):  # a time of day too
        return value.isoformat()
    return str(value) if isinstance(value, str | int | float) else None


def main_heading(text: str) -> str:
    """The first heading of the highest level, written in Markdown or as ``<h1>``; "" for none."""
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark").parse(text)
    for token, following in zip(tokens, [*tokens[1:], *tokens[:1]], strict=True):
        if token.type == "heading_open" and token.tag == "h1":
            return "".join(_heading_text(following))
        html = _HTML_HEADING.search(token.content) if token.type == "html_block" else None
        if html:
            return _TAG.sub("", html[1])
    return ""


def _heading_text(inline: Token) -> Iterator[str]:
    """The pieces of a heading, without pictures and the addresses of links."""
    for token in inline.children or []:
        if token.type in ("text", "code_inline", "text_special"):
            yield token.content
        elif token.type.endswith("break"):
            yield " "
        elif token.type.startswith(("em_", "strong_")):
            yield token.markup


def without_comments(text: str) -> str:
    """`text` without its ``<!-- comments -->``, but for those in fenced code. Linear time."""
    if "<!--" not in text:
        return text
    kept, fence, comment = [], "", False
    for line in text.splitlines(keepends=True):
        mark = None if comment else _FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence) and not line[mark.end() :].strip():
            fence = ""
        if fence or mark:
            kept.append(line)
            continue
        shown, comment = _outside_comments(line, comment)
        if shown.strip() or not line.strip():
            kept.append(shown)
    return "".join(kept)


def _outside_comments(line: str, comment: bool) -> tuple[str, bool]:
    """What of a line is outside comments, and whether one goes on in the next line."""
    shown, at = "", 0
    while at < len(line):
        mark = "-->" if comment else "<!--"
        found = line.find(mark, at)
        end = len(line) if found < 0 else found
        shown += "" if comment else line[at:end]
        if found < 0:
            break
        comment, at = not comment, found + len(mark)
    return shown, comment
