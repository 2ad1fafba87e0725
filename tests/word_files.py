"""Small Word files, written by hand, for tests."""

from __future__ import annotations

import zipfile
from io import BytesIO

_NAMES = " ".join(
    f'xmlns:{prefix}="{url}"'
    for prefix, url in {
        "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
        "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
        "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
        "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
        "v": "urn:schemas-microsoft-com:vml",
    }.items()
)


def word_file(body: str, parts: dict[str, str] | None = None) -> bytes:
    """A .docx with `body` as its document, and other `parts` of word/ by name: "footnotes", and
    "rels" for the relations of the document."""
    files = {"word/document.xml": f"<w:document {_NAMES}><w:body>{body}</w:body></w:document>"}
    for name, content in (parts or {}).items():
        path = f"word/{name}.xml" if name != "rels" else "word/_rels/document.xml.rels"
        files[path] = content
    data = BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as written:
        for path, content in files.items():
            written.writestr(path, content)
    return data.getvalue()


def root(name: str, content: str) -> str:
    """A part with the root element ``w:name``."""
    return f"<w:{name} {_NAMES}>{content}</w:{name}>"


def relations(**targets: str) -> str:
    """Relations by id: the kind is the target's name without its number ("header1.xml")."""
    each = "".join(
        f'<Relationship Id="{id}" Type="x/{target.rstrip("xml.").rstrip("0123456789")}"'
        f' Target="{target}"/>'
        for id, target in targets.items()
    )
    return f'<Relationships xmlns="urn:relations">{each}</Relationships>'


def p(*runs: str, properties: str = "") -> str:
    """A paragraph of runs; plain text among them becomes one."""
    inner = "".join(each if each.startswith("<") else r(each) for each in runs)
    return f"<w:p><w:pPr>{properties}</w:pPr>{inner}</w:p>"


def r(text: str, properties: str = "") -> str:
    """A run of text."""
    shown = text if text.startswith("<") else f'<w:t xml:space="preserve">{text}</w:t>'
    return f"<w:r><w:rPr>{properties}</w:rPr>{shown}</w:r>"


def table(*rows: list[str], look: str = "") -> str:
    """A table; a cell is a text, or the XML of a ``w:tc``."""
    cells = [
        "".join(c if c.startswith("<w:tc>") else f"<w:tc>{p(c) if c else p()}</w:tc>" for c in row)
        for row in rows
    ]
    inner = "".join(f"<w:tr>{row}</w:tr>" for row in cells)
    return f"<w:tbl><w:tblPr>{look}</w:tblPr>{inner}</w:tbl>"


def field(code: str, result: str) -> str:
    """A field such as a link or a page number, with what it shows."""
    begin, separate, end = (
        f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>' for kind in ("begin", "separate", "end")
    )
    return f"{begin}<w:r><w:instrText>{code}</w:instrText></w:r>{separate}{r(result)}{end}"
