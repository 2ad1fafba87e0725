"""The style sheets and scripts of the page, and the sheets of pages that stand alone.

The sheets lie in `assets/`; `colours.css` holds the colours of light and dark, all others use them.
"""

from __future__ import annotations

from pathlib import Path

ASSETS = Path(__file__).parent / "assets"


def page_css() -> str:
    """Every sheet, for the Gradio page, which marks its dark mode with a class."""
    rest = sorted(path for path in ASSETS.glob("*.css") if path.name != "colours.css")
    return "\n".join(_read(path) for path in [ASSETS / "colours.css", *rest])


def page_scripts() -> str:
    """Every script of the page; "page.js" comes first."""
    rest = sorted(path for path in ASSETS.glob("*.js") if path.name != "page.js")
    return "\n".join(_read(path) for path in [ASSETS / "page.js", *rest])


def standalone_css(*names: str) -> str:
    """The colours and the sheets `names`, for a page that stands alone and follows the system."""
    light, dark = _read(ASSETS / "colours.css").split("\n.dark {", 1)
    colours = f"{light}\n@media (prefers-color-scheme: dark) {{\n:root {{{dark}}}\n"
    return "\n".join([colours, *(_read(ASSETS / f"{name}.css") for name in names)])


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
