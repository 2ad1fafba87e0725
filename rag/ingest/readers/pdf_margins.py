"""Takes running headers, footers and page numbers out of the pages of a PDF.

A line at the top or the bottom of a page that several pages have, whatever its digits, is one. It
stays where it stands first, unless its digits count the pages.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from rag.ingest.readers.pdf_lines import rows_of
from rag.ingest.readers.pdf_words import Page, Word

_LINES = 3  # at the top and at the bottom of a page that are looked at
_EDGE = 0.15  # of the height of the page in which they lie
_PAGES = 3  # that have it; of a shorter file, all
_NUMBER = re.compile(r"\d+|(?<![^\W_])[ivxlc]{1,6}(?![^\W_])")
_NEAR = 8.0  # points


@dataclass(frozen=True, slots=True)
class _MarginLine:
    page: int
    key: tuple[bool, str]
    text: str
    words: list[Word]

    @property
    def height(self) -> float:
        return self.words[0].box.middle


def without_running_lines(pages: Sequence[Page]) -> list[Page]:
    """The pages without what runs along their edges."""
    found: dict[tuple[bool, str], list[_MarginLine]] = defaultdict(list)
    for number, page in enumerate(pages):
        for line in _margin_lines(number, page):
            found[line.key].append(line)
    dropped: dict[int, set[int]] = defaultdict(set)
    for same in found.values():
        usual = median(line.height for line in same)
        lines = [line for line in same if abs(line.height - usual) <= _NEAR]
        if _is_running(lines, pages):
            texts: set[str] = set()
            counts_pages = len({line.text for line in lines}) > 1
            for line in lines:
                if counts_pages or line.text in texts:
                    dropped[line.page].update(map(id, line.words))
                texts.add(line.text)
    return [
        replace(page, words=[word for word in page.words if id(word) not in dropped[number]])
        for number, page in enumerate(pages)
    ]


def _margin_lines(number: int, page: Page) -> Iterator[_MarginLine]:
    upright = [word for word in page.words if not word.is_turned]
    above = [word for word in upright if word.box.middle > (1 - _EDGE) * page.height]
    below = [word for word in upright if word.box.middle < _EDGE * page.height]
    for is_top, rows in ((True, rows_of(above)[:_LINES]), (False, rows_of(below)[-_LINES:])):
        for row in rows:
            text = " ".join(word.text for word in sorted(row, key=lambda each: each.box.left))
            yield _MarginLine(number, (is_top, _NUMBER.sub("0", text)), text, row)


def _is_running(lines: Sequence[_MarginLine], pages: Sequence[Page]) -> bool:
    """True where enough pages have the line, and most of them other text too."""
    if len({line.page for line in lines}) < min(_PAGES, max(2, len(pages))):
        return False
    alone = sum(1 for line in lines if len(pages[line.page].words) == len(line.words))
    return 2 * alone < len(lines)
