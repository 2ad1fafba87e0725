"""Draws a page of a PDF as it looks, and tells where on it a cited text stands.

PDFium draws the page in a process of its own with limited memory and time, one page at a time: a
file may be made to hang or to crash it. The letters of the page are compared with the stored text,
so that the places are those of the very words, whatever the order of the page's columns.
"""

from __future__ import annotations

import json
import subprocess
import sys
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING
from unicodedata import normalize

from rag.errors import SourceError
from rag.ingest.pdf_pages import page_of
from rag.ingest.reading_process import ReadingProcess
from rag.ingest.web import is_url
from rag.types import Document, Span

if TYPE_CHECKING:
    from rag.store.documents import Library

MAX_WIDTH, MAX_HEIGHT = 1600, 2400  # pixels of a picture
MAX_BYTES = 4_000_000  # of a picture
TIMEOUT_S = 12.0  # until a page counts as one that cannot be drawn
MAX_READ_CHARS = 300_000  # of a file that is read again to tell whether it is the same: 6 s
MAX_AT_ONCE = 2  # processes that draw
MAX_KEPT = 32  # pages
MAX_LETTERS_AROUND = 200  # compared to tell which of several places is meant
MIN_RUN = 8  # letters of a part of a quote that is looked for by itself

WORKER_SCRIPT = Path(__file__).with_name("page_image_worker.py")


class PageNotShown(SourceError):
    """A page cannot be drawn; the message says why in a sentence."""


Box = tuple[float, float, float, float]
"""Left, top, right and bottom, 0..1 of the picture."""


@dataclass(frozen=True, slots=True)
class PageImage:
    """A page of a PDF. `letters` are its letters and digits as compared (lower case, without
    accents' and ligatures' own codes), `boxes` their places on the picture, in order."""

    number: int  # from 1
    pages: int  # of the file
    width: int  # pixels
    height: int
    webp: bytes
    letters: str
    boxes: tuple[Box, ...]


class PageImages:
    """Draws pages of the library's PDFs and keeps those drawn last. Safe to share among threads."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._lock = Lock()
        self._slots = BoundedSemaphore(MAX_AT_ONCE)
        self._digests: dict[tuple[str, int, int], str] = {}  # of versions of files
        self._kept: OrderedDict[tuple[str, int, int, int], PageImage | PageNotShown] = OrderedDict()

    def draw(self, document: Document, number: int) -> PageImage:
        """The page `number`, from 1, of a document.

        Raises `PageNotShown` where there is no such page, where the file is not at hand as it was
        read, and where it cannot be drawn within the limits.
        """
        path = _path_of(document)
        try:
            state = path.stat()
        except OSError as error:
            raise _LOST from error
        key = (str(path), state.st_size, state.st_mtime_ns, number)
        self._check(document, key[:3])
        with self._lock:
            drawn = self._kept.get(key)
            if drawn:
                self._kept.move_to_end(key)
        if drawn is None:
            with self._slots:
                drawn = _drawn(path, number)
            self._keep(key, drawn)
        if isinstance(drawn, PageNotShown):
            raise drawn
        return drawn

    def _check(self, document: Document, version: tuple[str, int, int]) -> None:
        """Raise unless the document was read from this version of its file: it has the size and
        time that it had then, or it still gives the same text."""
        known = self._library.files.state(document.source)
        if known is not None and (known.size, known.mtime_ns) == version[1:]:
            return
        with self._lock:
            digest = self._digests.get(version)
        if digest is None:
            digest = _digest_of(Path(version[0]), len(document.text))
            with self._lock:
                self._digests[version] = digest
        if digest != document.digest:
            raise PageNotShown("The PDF has changed since it was read.", "Index it again.")

    def _keep(self, key: tuple[str, int, int, int], drawn: PageImage | PageNotShown) -> None:
        with self._lock:
            self._kept[key] = drawn
            while len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)


_LOST = PageNotShown("The PDF is no longer where it was read.", "Read its text.")


def _path_of(document: Document) -> Path:
    """The file that a document was read from."""
    if page_of(document, 0) is None:
        raise PageNotShown("This source has no pages.", "Read its text.")
    if is_url(document.source):
        raise PageNotShown("A page of a PDF on the web cannot be shown.", "Read its text.")
    path = Path(document.source)
    if not path.is_file():
        raise _LOST
    return path


def _digest_of(path: Path, length: int) -> str:
    """The digest of the document in a file, whose text has about `length` characters; "" where it
    would take long to read."""
    if length > MAX_READ_CHARS:
        return ""
    reading = ReadingProcess()  # not that of indexing, which may be at a long file
    try:
        return reading.read_file(path)[0].digest
    except SourceError:
        return ""
    finally:
        reading.close()


def _drawn(path: Path, number: int) -> PageImage | PageNotShown:
    command = [sys.executable, "-P", str(WORKER_SCRIPT), str(path), str(number)]
    try:
        done = subprocess.run(  # noqa: S603 (our own script)
            [*command, str(MAX_WIDTH), str(MAX_HEIGHT)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=True,
        )
        head, _, webp = done.stdout.partition(b"\n")
        found = json.loads(head)
    except subprocess.TimeoutExpired:
        return PageNotShown("The page takes too long to draw.", "Read its text.")
    except (OSError, subprocess.SubprocessError, ValueError):
        return PageNotShown("The page cannot be drawn.", "Read its text.")
    if len(webp) > MAX_BYTES:
        return PageNotShown("The picture of the page is too large to show.", "Read its text.")
    letters, boxes = [], []
    for letter, box in zip(found["letters"], found["boxes"], strict=True):
        for each in letters_of(letter):
            letters.append(each)
            boxes.append(tuple(end / 10_000 for end in box))
    return PageImage(
        number,
        found["pages"],
        found["width"],
        found["height"],
        webp,
        "".join(letters),
        tuple(boxes),
    )


# --- where on the page -------------------------------------------------------------------------


def letters_of(text: str) -> str:
    """The letters and digits of `text` as they are compared."""
    return "".join(each for each in normalize("NFKC", text).casefold() if each.isalnum())


def boxes_of(page: PageImage, document: Document, span: Span) -> list[Box]:
    """Where the words of `span` stand on the page: a box for each line; empty where they are not
    found. Words of it that stand on another page have none."""
    text = document.text
    before = letters_of(text[max(0, span.start - 2 * MAX_LETTERS_AROUND) : span.start])
    after = letters_of(text[span.end : span.end + 2 * MAX_LETTERS_AROUND])
    words = [word for word in map(letters_of, text[span.start : span.end].split()) if word]
    return _lines(page, _runs(page.letters, words, before, after))


def _runs(page: str, words: Sequence[str], before: str, after: str) -> Iterator[tuple[int, int]]:
    """The parts of the page that hold the words: all of them in one where that is possible, else
    the longest runs of them."""
    ends = [0]
    for word in words:
        ends.append(ends[-1] + len(word))
    whole = "".join(words)
    at = 0
    while at < len(words):
        many = _longest(page, whole, ends, at)
        run = whole[ends[at] : ends[at + many]]
        if run and (len(run) >= MIN_RUN or many == len(words)):
            start = _best(page, run, before + whole[: ends[at]], whole[ends[at + many] :] + after)
            yield start, start + len(run)
        at += max(many, 1)


def _longest(page: str, whole: str, ends: Sequence[int], at: int) -> int:
    """How many words from the word `at` on stand on the page as they follow each other."""

    def is_missing(many: int) -> bool:
        return whole[ends[at] : ends[at + many]] not in page

    return bisect_left(range(1, len(ends) - at), True, key=is_missing)


def _best(page: str, run: str, before: str, after: str) -> int:
    """Where `run` stands on the page; of several places that with most of the same letters around
    it."""
    best, place = -1, 0
    at = page.find(run)
    while at >= 0:
        end = at + len(run)
        around = _same(before[::-1], page[max(0, at - MAX_LETTERS_AROUND) : at][::-1])
        around += _same(after, page[end : end + MAX_LETTERS_AROUND])
        if around > best:
            best, place = around, at
        at = page.find(run, at + 1)
    return place


def _same(one: str, other: str) -> int:
    """How many letters two texts have in common at their beginning."""
    for number, (mine, yours) in enumerate(zip(one, other, strict=False)):
        if mine != yours:
            return number
    return min(len(one), len(other))


def _lines(page: PageImage, runs: Iterable[tuple[int, int]]) -> list[Box]:
    """The boxes of letters that follow each other on a line, as one."""
    lines: list[Box] = []
    for start, end in runs:
        is_first = True
        for box in page.boxes[start:end]:
            if not is_first and _follows(lines[-1], box):
                lines[-1] = _around(lines[-1], box)
            else:
                lines.append(box)
            is_first = False
    return lines


def _around(one: Box, other: Box) -> Box:
    return (
        min(one[0], other[0]),
        min(one[1], other[1]),
        max(one[2], other[2]),
        max(one[3], other[3]),
    )


def _follows(line: Box, box: Box) -> bool:
    """True where a letter goes on a line: at its height, and not far away."""
    height = line[3] - line[1]
    overlap = min(line[3], box[3]) - max(line[1], box[1])
    return overlap > 0.4 * min(height, box[3] - box[1]) and box[0] - line[2] < 2.5 * height
