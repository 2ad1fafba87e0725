"""Small PDF files, written by hand, for tests: text at places, lines, pictures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

WIDTH, HEIGHT = 600, 800

# How the bytes of these letters are numbered in the font of the files.
_LIGATURES = {"\ufb01": "\\001", "\ufb02": "\\002", "\x00": "\\003", "\ufb03": "\\004"}


def at(x: float, y: float, text: str, size: float = 10) -> str:
    """`text` with its first letter at `x` from the left and its base line at `y` from below."""
    for letter, code in [("\\", "\\\\"), ("(", "\\("), (")", "\\)"), *_LIGATURES.items()]:
        text = text.replace(letter, code)
    return f"BT /F1 {size} Tf {x} {y} Td ({text}) Tj ET"


def column(x: float, y: float, text: str, size: float = 10, step: float = 12) -> list[str]:
    """The lines of `text` below each other, the first one at `y`."""
    lines = text.strip().split("\n")
    return [at(x, y - step * n, line.strip(), size) for n, line in enumerate(lines)]


def line(x0: float, y0: float, x1: float, y1: float) -> str:
    return f"{x0} {y0} m {x1} {y1} l S"


def grid(xs: Sequence[float], ys: Sequence[float]) -> list[str]:
    """The lines around the cells of a table."""
    down = [line(x, min(ys), x, max(ys)) for x in xs]
    return down + [line(min(xs), y, max(xs), y) for y in ys]


PICTURE = "q 400 0 0 500 100 100 cm BI /W 1 /H 1 /BPC 8 /CS /G ID x EI Q"


def _stream(content: str) -> str:
    return f"<< /Length {len(content.encode('cp1252'))} >>\nstream\n{content}\nendstream"


def pdf_file(
    pages: Iterable[Sequence[str]], title: str = "", turn: int = 0, field: str = ""
) -> bytes:
    """A PDF whose pages are drawn by these commands, turned clockwise by `turn` degrees.

    `field` is the value of a form field at (200, 700) of the first page.
    """
    drawn = ["\n".join(page) for page in pages]
    kids = " ".join(f"{5 + 2 * n} 0 R" for n in range(len(drawn)))
    bodies = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(drawn)} /Kids [{kids}] >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding << /Type /Encoding"
        " /BaseEncoding /WinAnsiEncoding /Differences [1 /fi /fl /question /emdash] >>"
        " /ToUnicode 4 0 R >>",
        _stream("2 beginbfchar <03> <FFFD> <04> <006600660069> endbfchar"),
    ]
    for number, commands in enumerate(drawn):
        bodies += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] /Rotate {turn}"
            f" /Contents {6 + 2 * number} 0 R /Resources << /Font << /F1 3 0 R >> >> >>",
            _stream(commands),
        ]
    if field:
        number = len(bodies) + 1
        bodies[0] = bodies[0].replace(">>", f"/AcroForm << /Fields [{number} 0 R] >> >>")
        bodies[4] = bodies[4].replace("/Rotate", f"/Annots [{number} 0 R] /Rotate")
        shown = _stream(f"/Tx BMC q BT /F1 10 Tf 2 4 Td ({field}) Tj ET Q EMC")
        form = "<< /Type /XObject /Subtype /Form /BBox [0 0 200 16]"
        form += " /Resources << /Font << /F1 3 0 R >> >>"
        bodies += [
            "<< /Type /Annot /Subtype /Widget /FT /Tx /F 4 /T (name) /Rect [200 696 400 712]"
            f" /V ({field}) /AP << /N {number + 1} 0 R >> >>",
            shown.replace("<<", form, 1),
        ]
    bodies.append(f"<< /Title ({title}) >>")
    data, places = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        places.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode("cp1252")
    rows = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(bodies) + 1
    trailer = f"<< /Size {size} /Root 1 0 R /Info {size - 1} 0 R >>\nstartxref\n{len(data)}\n%%EOF"
    return data + f"xref\n0 {size}\n0000000000 65535 f \n{rows}trailer\n{trailer}\n".encode()
