"""Takes out of a web page what a browser does not show.

By the kind of an element, its attributes, its own style, and the rules of style sheets in the page
for an element, class or id, alone or below another. Colours are compared by their contrast with the
nearest background that a style names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

# Elements without text for a reader.
_SILENT = frozenset(
    """head script style template noscript iframe object embed applet canvas svg audio video select
    datalist input textarea button map area meter progress rp rt""".split()
)
_RULE = re.compile(r"([^{}]{1,500})\{([^{}]{0,2000})\}")
_COMMENT = re.compile(r"/\*.{0,2000}?\*/", re.DOTALL)
_COMPOUND = re.compile(r"(?P<tag>[a-z][\w-]*|\*)?(?P<marks>(?:[.#][\w-]+)*)", re.IGNORECASE)
_MARK = re.compile(r"([.#])([\w-]+)")
_LENGTH = re.compile(r"([+-]?(?:\d{1,9}\.?\d{0,9}|\.\d{1,9}))([a-z%]*)$")
_FAR_AWAY = {"": 1_000, "px": 1_000, "pt": 1_000, "em": 100, "rem": 100, "vw": 100, "vh": 100}
_OFFSETS = ("left", "top", "right", "bottom", "text-indent")
_MARGINS = ("margin-left", "margin-top")  # of which -100% is a column, not out of sight
_SHRUNK = re.compile(r"scale[xy]?\(0(?:\.0+)?[,)]|translate[xy3d]{0,2}\(-\d{4,}px")
_CLIPPED = ("rect(0,0,0,0", "rect(00", "rect(0px", "rect(1px,1px,1px,1px")
MIN_OPACITY = 0.1
MIN_CONTRAST = 1.1
"""Of text with its background, 1 to 21, as the Web Content Accessibility Guidelines define it;
readable text has at least 3."""
Style = Mapping[str, str]


def remove_invisible(tree: Any) -> None:
    """Remove the elements of `tree` that no one sees."""
    by_rule = set(_hidden_by_rules(tree))
    for element in list(tree.iter()):
        if not isinstance(element.tag, str):  # a comment
            element.drop_tree()
        elif element.getparent() is not None and element.tag != "body":
            silent = element.tag in _SILENT or _is_heading_link(element)
            if silent or element in by_rule or _is_hidden(element):
                element.drop_tree()


def _is_heading_link(element: Any) -> bool:
    """True for the sign beside a heading that links to itself ("¶"), shown under the mouse."""
    inside = next(element.iterancestors("h1", "h2", "h3", "h4", "h5", "h6", "dt"), None)
    if element.tag != "a" or inside is None or not element.get("href", "").startswith("#"):
        return False
    return not any(map(str.isalnum, element.text_content()))


def _is_hidden(element: Any) -> bool:
    if element.get("hidden") is not None and element.get("hidden") != "until-found":
        return True
    if element.tag == "dialog" and element.get("open") is None:
        return True
    style = _parsed(element.get("style", ""))
    return bool(style) and (_hides(style) or _is_unreadable(style, element))


# --- style sheets -----------------------------------------------------------------------------


def _hidden_by_rules(tree: Any) -> Iterator[Any]:
    """The elements that a style sheet in the page hides on every screen."""
    for sheet in tree.iter("style"):
        text = _without_conditions(_COMMENT.sub("", sheet.text_content()))
        for selectors, declarations in _RULE.findall(text):
            style = _parsed(declarations)
            if _hides(style) or _is_unreadable(style, None):
                for selector in selectors.split(","):
                    if path := _xpath(selector.strip()):
                        yield from tree.xpath(path)


def _without_conditions(css: str) -> str:
    """A style sheet without what holds under a condition only, such as for print."""
    kept, depth, skipped = [], 0, 0
    for piece in re.split(r"(@[^{};]{0,500}\{|[{}])", css):
        if piece.startswith("@"):
            skipped, depth = skipped or depth + 1, depth + 1
        elif piece in ("{", "}"):
            depth += 1 if piece == "{" else -1
        if not skipped:
            kept.append(piece)
        if skipped and depth < skipped:
            skipped = 0
    return "".join(kept)


@lru_cache(maxsize=1_024)
def _xpath(selector: str) -> str:
    """The XPath of a selector of elements, classes and ids, each below the one before; "" of any
    other. A whole page is never hidden by what its root is like: scripts change that."""
    steps = []
    for part in selector.replace(">", " ").split():
        found = _COMPOUND.fullmatch(part)
        if found is None or (found["tag"] or "").lower() in ("html", "body"):
            return ""
        tests = [
            f"[@id='{name}']" if sign == "#" else _has_class(name)
            for sign, name in _MARK.findall(found["marks"])
        ]
        steps.append(f"//{(found['tag'] or '*').lower()}{''.join(tests)}")
    return "".join(steps)


def _has_class(name: str) -> str:
    return f"[contains(concat(' ', normalize-space(@class), ' '), ' {name} ')]"


# --- declarations -----------------------------------------------------------------------------


def _parsed(style: str) -> Style:
    css = {}
    for declaration in style.split(";"):
        name, _, value = declaration.partition(":")
        css[name.strip().lower()] = value.replace("!important", "").strip().lower()
    css.pop("", None)
    return css


def _hides(css: Style) -> bool:
    """True for declarations of CSS that leave nothing to see, colours aside."""
    cut = css.get("overflow") in ("hidden", "clip")
    clip, clip_path = (css.get(name, "").replace(" ", "") for name in ("clip", "clip-path"))
    return (
        css.get("display") == "none"
        or css.get("visibility") in ("hidden", "collapse")
        or css.get("content-visibility") == "hidden"
        or _is_at_most(css, "opacity", MIN_OPACITY)
        or _is_at_most(css, "font-size", 1, ("", "px", "pt"))
        or any(_is_at_most(css, name, 0) for name in ("font-size", "max-height", "max-width"))
        or (cut and any(_is_at_most(css, name, 1, ("", "px")) for name in ("width", "height")))
        or any(_is_far_off(css.get(name, "")) for name in (*_OFFSETS, *_MARGINS))
        or bool(_SHRUNK.search(css.get("transform", "").replace(" ", "")))
        or clip.startswith(_CLIPPED)
        or clip_path in ("inset(50%)", "inset(100%)", "circle(0)")
    )


def _is_at_most(css: Style, name: str, most: float, units: tuple[str, ...] | None = None) -> bool:
    """True of a length or share of at most so much, in one of these units."""
    found = _LENGTH.match(css.get(name, ""))
    if found is None or (units is not None and found[2] not in units):
        return False
    return float(found[1]) <= most


def _is_far_off(value: str) -> bool:
    found = _LENGTH.match(value)
    return found is not None and float(found[1]) <= -_FAR_AWAY.get(found[2], float("inf"))


# --- colours ----------------------------------------------------------------------------------

_Colour = tuple[float, float, float]
_WHITE: _Colour = (255, 255, 255)


def _is_unreadable(css: Style, element: Any) -> bool:
    """True where a colour of text is that of its background: its own, or the nearest that an
    element around it names, or white."""
    named = css.get("color", "")
    if named == "transparent":
        return True
    colour = _colour(named)
    if colour is None:
        return False
    around = element.iterancestors() if element is not None else ()
    grounds = (_ground(each) for each in (css, *(_parsed(e.get("style", "")) for e in around)))
    ground = _colour(next((each for each in grounds if each), "white"))
    return ground is not None and _contrast(colour, ground) < MIN_CONTRAST


def _ground(css: Style) -> str:
    """The background that a style names; "" for none."""
    named = css.get("background-color", css.get("background", ""))
    return "" if named in ("transparent", "none", "inherit") else named


@lru_cache(maxsize=4_096)
def _colour(named: str) -> _Colour | None:
    """Red, green and blue, 0..255; None of what is no plain colour, such as a picture."""
    from PIL import ImageColor

    try:
        red, green, blue, *rest = ImageColor.getrgb(named)
    except ValueError:
        return None
    if rest and rest[0] == 0:
        return _WHITE
    return red, green, blue


def _contrast(first: _Colour, second: _Colour) -> float:
    """1..21: (L1 + 0.05) / (L2 + 0.05) of the relative luminances (WCAG 2.2)."""
    low, high = sorted(map(_luminance, (first, second)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: _Colour) -> float:
    shares = (each / 255 for each in colour)
    linear = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in shares)
    return sum(weight * x for weight, x in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
