"""HTML as a tree of elements, for tests of what a page says and which elements it has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"input", "br", "meta", "link", "img"}


@dataclass
class Element:
    tag: str
    attrs: dict[str, str]
    inside: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text of all that is inside, without that of style sheets."""
        parts = (each if isinstance(each, str) else each.text for each in self.inside)
        return "" if self.tag == "style" else "".join(parts)

    def walk(self) -> Iterator[Element]:
        """The elements inside, in order, at any depth."""
        for each in self.inside:
            if isinstance(each, Element):
                yield each
                yield from each.walk()

    def all(self, *, tag: str = "", cls: str = "", act: str = "") -> list[Element]:
        """The elements inside with this tag, class and act; "" is any."""
        return [
            each
            for each in self.walk()
            if tag in ("", each.tag)
            and (not cls or cls in each.attrs.get("class", "").split())
            and act in ("", each.attrs.get("data-act"))
        ]


class _Tree(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Element("root", {})]
        self.feed(html)
        self.close()
        assert len(self.open) == 1, f"{self.open[-1].tag} is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute twice in {tag}"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].inside.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].inside.append(data)


def parse(html: str) -> Element:
    """The elements of `html`, inside of one that stands for all of it.

    Fails where an element is not closed, or has an attribute twice.
    """
    return _Tree(html).open[0]
