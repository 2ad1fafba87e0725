"""Finds the encoding of a text, and decodes it; what was guessed or lost is reported.

In this order: a byte-order mark; UTF-8, also with a few bytes that are none; the label that a
server or the page gives, read as browsers read it (WHATWG Encoding Standard); detection.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator

from rag.ingest.raw_source import CONTROL, NEWLINE, RawSource, source_error
from rag.text.folding import without_accents
from rag.text.language import language_of

_MARKS = {  # that of UTF-32 begins with that of UTF-16
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_REPLACEMENT = "\ufffd"
_MAX_REPLACED = 0.02  # of the characters of a text in the encoding that its label names
_MAX_LOST = 0.1  # of the characters of any text
_MIN_LEAD = 1.2  # of the likeliest encoding over the next one, as a factor; below, it is not sure
_FAMILIAR = "cp1252"  # of two that are as likely, the one that most such files have
_SAMPLE_BYTES = 200_000
_ESCAPES = b"\x1b$"  # of ISO-2022, which looks like ASCII
_CUT_CHARACTER = re.compile(rb"(?:[\xe0-\xef][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf]{1,2})\Z")
_RARE = r"iso8859(?!-2)"  # of files; what labels say is read all the same
_C1 = re.compile(r"[\x80-\x9f]")
_IN_WORD = re.compile(r"(?<=[^\W\d_])[^\x00-\x7f](?=[^\W\d_])")
_TAG = re.compile(r"<[^<>]{1,300}>")


def decode(raw: RawSource, label: str = "") -> str:
    """The text of `raw`, with "\\n" at the end of each line.

    `label` is the encoding that the text itself names, or ""; that of the server counts more. What
    was guessed, and bytes that stand as U+FFFD, are reported. Raises `SourceError` for what is no
    text, and where no encoding is likelier than the others.
    """
    data = raw.data
    text = _marked(data)
    if text is None and not (b"\0" in data or _ESCAPES in data):
        text = _as_utf8(data)
    if text is None:
        text = _labelled(data, (raw.charset, label))
    if text is None:
        text = _detected(raw)
    _check(raw, text)
    return NEWLINE.sub("\n", text)


def _marked(data: bytes) -> str | None:
    mark = next((mark for mark in _MARKS if data.startswith(mark)), None)
    return None if mark is None else data.decode(_MARKS[mark], "replace")


def _as_utf8(data: bytes) -> str | None:
    """The text where most bytes beyond ASCII are UTF-8, or the last character alone is cut off."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        text = data.decode("utf-8", "replace")
        bad = _count_replaced(data, text)
        good = sum(map(len, re.findall(r"[^\x00-\x7f]+", text))) - bad
        is_cut = error.end == len(data) and bool(_CUT_CHARACTER.search(data))
        is_utf8 = good > 2 * bad and bad <= len(text) * _MAX_LOST
        return text if is_utf8 or (is_cut and bad == 1) else None


def _labelled(data: bytes, labels: tuple[str, ...]) -> str | None:
    for label in labels:
        if codec := _codec(label):
            text = data.decode(codec, "replace")
            if text.count(_REPLACEMENT) <= max(1, len(text) * _MAX_REPLACED):
                return text
    return None


def _codec(label: str) -> str:
    """Python's codec for a label as browsers read it; "" for one that they do not know."""
    import webencodings

    found = webencodings.lookup(label)
    if found is None or found.name in ("replacement", "x-user-defined"):
        return ""
    codec: str = found.codec_info.name
    return "gb18030" if codec == "gbk" else codec


def _detected(raw: RawSource) -> str:
    ranked = sorted(_likely(_sample(raw.data)), reverse=True)
    if not ranked:
        raise _no_text(raw)
    near = [codec for chance, codec in ranked if chance * _MIN_LEAD > ranked[0][0]]
    if len(near) > 1 and _FAMILIAR not in near:
        raise source_error(
            raw.name,
            f"is not text in an encoding that can be told ({' or '.join(near[:3])})",
            "Save it as UTF-8.",
        )
    codec = near[0] if len(near) == 1 else _FAMILIAR
    raw.warn(
        f"{raw.name} names no encoding; it was read as {codec}, the likeliest.",
        "If letters are wrong, save it as UTF-8.",
    )
    return raw.data.decode(codec, "replace")


def _likely(sample: bytes) -> Iterator[tuple[float, str]]:
    """How likely each encoding is, above 0, and its codec; each text that comes of them once.

    Chardet rates bytes by the language that they would be. That counts double where the stop words
    of the decoded text are of this language: in short texts it knows only a few letters.
    """
    from chardet import EncodingEra, detect_all

    eras = EncodingEra.MODERN_WEB | EncodingEra.LEGACY_ISO
    found = detect_all(sample, ignore_threshold=True, encoding_era=eras, compat_names=False)
    texts = set[str]()
    for each in found:
        name = each["encoding"] or ""
        codec = _codec(name.replace("_", "-")) or name
        try:
            text = sample.decode(codec)
        except (UnicodeError, LookupError):
            continue
        if text not in texts and not re.match(_RARE, codec):
            texts.add(text)
            agrees = 1 + _is_in_language(text, each["language"])
            yield each["confidence"] * agrees * _share_readable(text), codec


def _share_readable(text: str) -> float:
    """How many of the characters beyond ASCII may stand where they do, 0..1: no control
    characters, and no signs or fractions inside of words."""
    beyond = len(re.findall(r"[^\x00-\x7f]", text))
    signs = (each[0] for each in _IN_WORD.finditer(text))
    odd = sum(unicodedata.category(sign)[0] in "SN" for sign in signs)
    return 1 - (odd + len(_C1.findall(text))) / max(beyond, 1)


def _is_in_language(text: str, language: str | None) -> bool:
    """True where the words of a text in Latin letters are of this language (ISO 639-1)."""
    words = _TAG.sub(" ", text)
    is_latin = without_accents(words).isascii() or language == "en"
    return is_latin and language_of(words) == language


def _sample(data: bytes) -> bytes:
    """Whole lines about the first byte that is not ASCII."""
    beyond = re.search(rb"[\x80-\xff\x1b\0]", data)
    if not beyond or b"\0" in data[:_SAMPLE_BYTES]:
        return data[:_SAMPLE_BYTES]
    start = data.rfind(b"\n", 0, max(0, beyond.start() - 200)) + 1
    sample = data[start : start + _SAMPLE_BYTES]
    is_whole = start + len(sample) == len(data)
    return sample if is_whole else sample[: sample.rfind(b"\n") + 1] or sample


def _check(raw: RawSource, text: str) -> None:
    """Raises `SourceError` where this is no text, and reports what is lost of it."""
    lost = _count_replaced(raw.data, text)
    controls = len(CONTROL.findall(text, 0, 65_536))
    if "\0" in text or controls * 20 > min(len(text), 65_536) or lost > len(text) * _MAX_LOST:
        raise _no_text(raw)
    if lost:
        raw.warn(
            f"{raw.name} has {'a character' if lost == 1 else f'{lost:,} characters'} that cannot"
            f" be read, shown as {_REPLACEMENT}.",
            "Save it again as UTF-8.",
        )


def _count_replaced(data: bytes, text: str) -> int:
    """The replacement characters of `text` that are not of the source itself."""
    return max(0, text.count(_REPLACEMENT) - data.count(_REPLACEMENT.encode()))


def _no_text(raw: RawSource) -> Exception:
    return source_error(raw.name, "is not text, whatever its name says", "Save it as UTF-8 text.")
