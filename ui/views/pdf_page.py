"""HTML of one page of a PDF as it looks, with the cited words lit."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from rag import PageImage
from ui.translation import format_number, translate
from ui.views.source_reference import SourceReference

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class PdfPage:
    """A page with the boxes of the current words and of others that the same answer cites, in
    shares of its width and height. `quote` is what is lit, in words."""

    image: PageImage
    current: Sequence[Box] = ()
    others: Sequence[Box] = ()
    quote: str = ""

    @property
    def number(self) -> int:
        return self.image.number


def render(page: PdfPage, reference: SourceReference) -> str:
    """The page, with buttons to the pages before and after. The picture is in the HTML: the page
    needs nothing else."""
    image = page.image
    picture = b64encode(image.webp).decode()
    boxes = "".join(_box(box, "fn-box") for box in page.others)
    boxes += "".join(_box(box, "fn-box fn-current", at == 0) for at, box in enumerate(page.current))
    lit = ""
    if page.current:
        lit = translate("Lit on the page: {quote}", quote=escape(page.quote))
        lit = f'<p class="fn-hidden">{lit}</p>'
    number = format_number(image.number)
    return (
        f'<figure class="fn-sheet">{_turn(page, reference)}'
        f'<div class="fn-sheet-scroll" role="group" '
        f'aria-label="{translate("Page {n}", n=number)}" tabindex="0">'
        f'<div class="fn-sheet-page" style="aspect-ratio: {image.width} / {image.height}">'
        f'<img src="data:image/webp;base64,{picture}" width="{image.width}" '
        f'height="{image.height}" '
        f'alt="{translate("Page {n}, as it looks in the PDF", n=number)}">'
        f"{boxes}</div></div>{lit}</figure>"
    )


def _box(box: Box, name: str, is_first: bool = False) -> str:
    left, top, right, bottom = (100 * end for end in box)
    id = ' id="fn-current"' if is_first else ""
    return (
        f'<span class="{name}"{id} style="left:{left:.2f}%;top:{top:.2f}%;'
        f'width:{right - left:.2f}%;height:{bottom - top:.2f}%"></span>'
    )


def _turn(page: PdfPage, reference: SourceReference) -> str:
    image = page.image
    ways = (
        ("←", translate("Page before"), image.number - 1),
        ("→", translate("Page after"), image.number + 1),
    )
    position = translate(
        "Page {n} of {total}", n=format_number(image.number), total=format_number(image.pages)
    )
    before, after = (
        f'<a class="fn-step" {reference.attributes(view="page", page=number)} '
        f'aria-label="{words}"><span aria-hidden="true">{arrow}</span></a>'
        if 1 <= number <= image.pages
        else f'<span class="fn-step" aria-hidden="true">{arrow}</span>'
        for arrow, words, number in ways
    )
    return (
        f'<nav class="fn-turn" aria-label="{translate("Pages")}">{before}'
        f'<span class="fn-position">{position}</span>{after}'
        '<button type="button" class="fn-step fn-zoom" data-act="whole-page">'
        f"{translate('Whole page')}</button></nav>"
    )
