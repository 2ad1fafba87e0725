"""markdown-it, and the places of what it finds within a paragraph.

The parser gives lines for blocks, and no places for emphasis, code, links and escaped characters.
So each of its inline rules is wrapped in one that notes where the rule began and ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

Interval = tuple[int, int]
Rule = Callable[["StateInline", bool], bool]

MAX_NESTING = 20  # lists in lists, emphasis in emphasis
_LIGHT_RULES = ("heading", "list", "table", "fence", "blockquote")
_MARKDOWN_RULES = (*_LIGHT_RULES, "code", "hr", "lheading", "reference")
_INLINE_RULES = ("newline", "escape", "backticks", "strikethrough", "emphasis", "link", "image")
_STYLES = {"em_open": "em", "strong_open": "strong", "s_open": "s"}


@dataclass(frozen=True, slots=True)
class Found:
    """Characters ``[start, end)`` of a paragraph: markup to hide, the last ones of a line that is
    broken off, or words in an element: em, strong, s, code, or a, which has an `address`."""

    start: int
    end: int
    name: str
    address: str = ""


@cache
def parser_of(dialect: Literal["light", "markdown"]) -> MarkdownIt:
    """The parser of light Markdown, which has blocks only, or of CommonMark with tables."""
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import backtick, escape, image, link
    from markdown_it.rules_inline.emphasis import tokenize as emphasis
    from markdown_it.rules_inline.strikethrough import tokenize as strikethrough

    parser = MarkdownIt("zero", {"maxNesting": MAX_NESTING})
    if dialect == "light":
        return parser.enable(list(_LIGHT_RULES))
    parser.enable([*_MARKDOWN_RULES, *_INLINE_RULES])
    parser.inline.ruler2.enable(["balance_pairs", "strikethrough", "emphasis", "fragments_join"])
    placed: dict[str, Rule] = {
        "escape": partial(_placed, escape),
        "backticks": partial(_placed, backtick),
        "emphasis": partial(_placed_signs, emphasis),
        "strikethrough": partial(_placed_signs, strikethrough),
        "link": partial(_placed_label, link, "["),
        "image": partial(_placed_label, image, "!["),
    }
    for name, rule in placed.items():
        parser.inline.ruler.at(name, rule)
    return parser


def find_inline(parser: MarkdownIt, env: dict[str, object], content: str) -> Iterator[Found]:
    """What is found in the `content` of a paragraph; `env` holds the addresses of its document."""
    tokens: list[Token] = []
    parser.inline.parse(content, parser, env, tokens)
    opened: list[Token] = []
    for token in tokens:
        if token.type in _STYLES:
            opened.append(token)
        elif token.type.removesuffix("_close") + "_open" in _STYLES and opened:
            yield from _styled(opened.pop(), token)
        elif "at" in token.meta:
            yield from _found(token)


# --- what a token stands for -------------------------------------------------------------------


def _styled(opening: Token, closing: Token) -> Iterator[Found]:
    (start, inner), (inner_end, end) = opening.meta["at"], closing.meta["at"]
    more = len(opening.markup) - (inner - start)  # of two signs, the token is the inner one
    yield Found(start - more, inner, "hide")
    yield Found(inner_end, end + more, "hide")
    yield Found(inner, inner_end, _STYLES[opening.type])


def _found(token: Token) -> Iterator[Found]:
    start, end = token.meta["at"]
    match token.type:
        case "text_special" if token.content != token.markup:
            yield Found(start, start + 1, "hide")
        case "hardbreak":
            yield Found(start, start + 1, "hide")
            yield Found(start, start + 1, "break")
        case "code_inline":
            signs = len(token.markup)
            yield Found(start, start + signs, "hide")
            yield Found(end - signs, end, "hide")
            yield Found(start + signs, end - signs, "code")
        case "link_open" | "image" if end > start:
            first, last = token.meta["whole"]
            yield Found(first, start, "hide")
            yield Found(end, last, "hide")
            address = token.attrs.get("href") or token.attrs.get("src") or ""
            yield Found(start, end, "a", str(address))


# --- rules that note places --------------------------------------------------------------------


def _placed(rule: Rule, state: StateInline, silent: bool) -> bool:
    """`rule`, which notes in its token where that is."""
    start, before = state.pos, len(state.tokens)
    if not rule(state, silent):
        return False
    if not silent and len(state.tokens) > before and state.tokens[-1].type != "text":
        state.tokens[-1].meta["at"] = (start, state.pos)
    return True


def _placed_signs(rule: Rule, state: StateInline, silent: bool) -> bool:
    """The same for a rule that makes a token of each sign."""
    start = state.pos
    if not rule(state, silent):
        return False
    at = state.pos
    for token in reversed(state.tokens):
        if at <= start:
            break
        at -= len(token.content)
        token.meta["at"] = (at, at + len(token.content))
    return True


def _placed_label(rule: Rule, opening: str, state: StateInline, silent: bool) -> bool:
    """The same for links and pictures, with the place of the words between the brackets."""
    start, before = state.pos, len(state.tokens)
    if not state.src.startswith(opening, start):
        return False
    bracket = start + len(opening) - 1
    end = -1 if silent else state.md.helpers.parseLinkLabel(state, bracket, opening == "[")
    if not rule(state, silent):
        return False
    for token in state.tokens[before:]:
        if token.type in ("link_open", "image"):
            token.meta |= {"at": (bracket + 1, end), "whole": (start, state.pos)}
            break
    return True
