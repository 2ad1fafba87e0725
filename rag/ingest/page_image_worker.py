"""The child process that draws one page of a PDF.

`rag.ingest.page_images` runs this file as a script: ``FILE PAGE WIDTH HEIGHT``, the page from 1,
and the size in pixels that the picture may have. It writes a line of JSON (pages, width, height,
letters, boxes) and the picture as WebP to standard output. It limits its own memory and time first:
a file may be made to take all there is. It imports nothing of Footnote, so that it starts at once.
"""

import json
import sys
from contextlib import suppress
from io import BytesIO
from typing import Any

MAX_MEMORY_BYTES = 1_500_000_000
MAX_CPU_S = 8
MAX_LETTERS = 30_000
MAX_SCALE = 3.0  # pixels for a point
QUALITY = 82


def draw(path: str, number: int, width: int, height: int) -> tuple[dict[str, Any], bytes]:
    """What the first line says, and the picture."""
    import pypdfium2

    with pypdfium2.PdfDocument(path) as file:
        has_form = bool(file.get_formtype())
        if has_form:
            file.init_forms()
        page = file[number - 1]
        across, up = page.get_size()
        scale = min(width / max(across, 1), height / max(up, 1), MAX_SCALE)
        picture = page.render(scale=scale).to_pil().convert("RGB")
        if has_form:  # what was filled in becomes text of the page
            page.flatten()
            page.close()
            page = file[number - 1]
        letters, boxes = _letters(page, picture.size)
        found = {"pages": len(file), "letters": letters, "boxes": boxes}
        page.close()
    out = BytesIO()
    picture.save(out, "WEBP", quality=QUALITY, method=2)
    return {**found, "width": picture.width, "height": picture.height}, out.getvalue()


def _letters(page: Any, size: tuple[int, int]) -> tuple[str, list[list[int]]]:
    """The letters of a page, and the box of each: left, top, right and bottom in ten-thousandths
    of the picture."""
    import ctypes

    import pypdfium2.raw as pdfium

    text = page.get_textpage()
    place, x, y = pdfium.FS_RECTF(), ctypes.c_int(), ctypes.c_int()
    letters, boxes = [], []
    for number in range(min(text.count_chars(), MAX_LETTERS)):
        letter = chr(pdfium.FPDFText_GetUnicode(text, number))
        if not letter.isalnum() or not pdfium.FPDFText_GetLooseCharBox(text, number, place):
            continue
        ends = []
        for corner in ((place.left, place.top), (place.right, place.bottom)):
            pdfium.FPDF_PageToDevice(page, 0, 0, 10_000, 10_000, 0, *corner, x, y)
            ends.append((x.value, y.value))
        (left, right), (top, bottom) = (sorted(pair) for pair in zip(*ends, strict=True))
        letters.append(letter)
        boxes.append([left, top, right, bottom])
    return "".join(letters), boxes


def _limit() -> None:
    with suppress(ImportError, ValueError, OSError):  # not on Windows
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    _limit()
    found, picture = draw(sys.argv[1], *map(int, sys.argv[2:5]))
    sys.stdout.buffer.write(json.dumps(found).encode() + b"\n" + picture)
