"""Characters of the fonts Symbol and Wingdings, whose codes are not those of Unicode.

The table of Symbol is the one that Unicode publishes for Adobe's font
(VENDORS/ADOBE/symbol.txt), of Wingdings the signs that stand in running text.
"""

from __future__ import annotations

_SYMBOL: dict[int, str] = dict(
    zip(
        [*range(0x21, 0x7F), *range(0xA1, 0xF0), *range(0xF1, 0xFF)],
        "!∀#∃%&∋()∗+,−./0123456789:;<=>?"
        "≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼"
        "ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓"
        "◊⟨®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪⟩∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭",
        strict=True,
    )
)
_WINGDINGS = {
    0x6C: "●",
    0x6E: "■",
    0x6F: "□",
    0x71: "❑",
    0x76: "❖",
    0x77: "◆",
    0xA7: "▪",
    0xA8: "□",
    0xD8: "➢",
    0xE0: "→",
    0xE8: "➔",
    0xDF: "←",
    0xE1: "↑",
    0xE2: "↓",
    0xF0: "⇨",
    0xFB: "✗",
    0xFC: "✓",
    0xFD: "☒",
    0xFE: "☑",
    0x4A: "☺",
    0x28: "☎",
    0x2A: "✉",
}


def symbol_character(font: str, code: str) -> str:
    """The Unicode character that `font` shows for the hexadecimal `code` ("F0B0", "B0"), or U+FFFD
    where it is not known."""
    try:
        number = int(code, 16)
    except ValueError:
        return "\ufffd"
    own = number - 0xF000 if 0xF000 <= number <= 0xF0FF else number
    table = {"symbol": _SYMBOL, "wingdings": _WINGDINGS}.get(font.lower())
    if table is not None and own in table:
        return table[own]
    if own == number and 0x20 <= number < 0x110000 and not 0xD800 <= number < 0xE000:
        return chr(number)
    return "\ufffd"
