"""Takes out of a web page what a browser does not show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

# Elements without text for a reader.
_SILENT = frozenset(
    """head script style template noscript iframe object embed applet canvas svg audio video select
    datalist input textarea button map area meter progress rp rt""".split()
)
_RULE = re.compile(r"([^{}]{1,500})\{([^{}]{0,2000})\}")
_AT_RULE = re.compile(r"@(?:media|supports|container)[^{};]{0,500}\{")
_SIMPLE_SELECTOR = re.compile(r"(\w*)((?:[.#][\w-]+)+)")
_FAR_OFF = re.compile(r"-\s*\d{4,}(?:px|em|rem|pt)?$|-\s*\d{3,}(?:em|rem|%|vw)$")
_ZERO = re.compile(r"0(?:\.0+)?(?:px|em|rem|pt|%|vh|vw)?$")
_WHITE = frozenset(
    ["white", "#fff", "#ffffff", "rgb(255,255,255)", "rgba(255,255,255,1)", "transparent"]
)


def remove_invisible(tree: Any) -> None:
    """Remove the elements of `tree` that no one sees, by their kind, attributes and styles, those
    of its ``<style>`` elements for classes and ids too."""
    rules = list(_hiding_rules(tree))
    classes = {name for name, is_id in rules if not is_id}
    ids = {name for name, is_id in rules if is_id}
    for element in list(tree.iter()):
        if not isinstance(element.tag, str):  # a comment
            element.drop_tree()
        elif element.getparent() is not None and element.tag != "body":
            by_rule = element.get("id") in ids or classes.intersection(
                element.get("class", "").split()
            )
            silent = element.tag in _SILENT or _is_heading_link(element)
            if silent or by_rule or _is_hidden(element):
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
    style = element.get("style")
    return bool(style) and _hides(style)


def _hiding_rules(tree: Any) -> Iterator[tuple[str, bool]]:
    """Classes and ids that a style sheet in the page hides; True with an id."""
    for sheet in tree.iter("style"):
        text = re.sub(r"/\*.{0,2000}?\*/", "", sheet.text_content(), flags=re.DOTALL)
        text = _AT_RULE.split(text)[0] if _AT_RULE.search(text) else text
        for selectors, declarations in _RULE.findall(text):
            if not _hides(declarations):
                continue
            for selector in selectors.split(","):
                simple = re.fullmatch(r"\s*\w*([.#])([\w-]+)\s*", selector)
                if simple:
                    yield simple[2], simple[1] == "#"


def _hides(style: str) -> bool:
    """True for declarations of CSS that leave nothing to see."""
    css = {}
    for declaration in style.split(";"):
        name, _, value = declaration.partition(":")
        css[name.strip().lower()] = value.replace("!important", "").strip().lower()
    colour = css.get("color", "").replace(" ", "")
    ground = css.get("background-color", css.get("background", "")).replace(" ", "")
    cut = css.get("overflow") in ("hidden", "clip")
    return (
        css.get("display") == "none"
        or css.get("visibility") in ("hidden", "collapse")
        or any(_is_zero(css, name) for name in ("opacity", "font-size", "max-height", "max-width"))
        or (cut and any(_is_tiny(css, name) for name in ("width", "height")))
        or any(
            _FAR_OFF.match(css.get(name, "")) for name in ("left", "top", "right", "text-indent")
        )
        or (bool(colour) and colour in _WHITE and (not ground or ground in _WHITE))
        or (bool(colour) and colour == ground)
        or css.get("clip", "").replace(" ", "").startswith(("rect(0,0,0,0", "rect(1px,1px,1px,1px"))
        or css.get("clip", "").replace(" ", "").startswith(("rect(00", "rect(0px"))
        or css.get("clip-path", "").replace(" ", "") in ("inset(50%)", "inset(100%)")
    )


def _is_zero(css: dict[str, str], name: str) -> bool:
    return bool(_ZERO.match(css.get(name, "")))


def _is_tiny(css: dict[str, str], name: str) -> bool:
    return bool(re.match(r"[01](?:px)?$", css.get(name, "")))
