"""Where does each sentence of a text begin and end?

Rules for news prose, the same for sources and answers. Two passes, both linear: line breaks that
must end a sentence cut the text into paragraphs, then every full stop, question mark,
exclamation mark or ellipsis of a paragraph is judged by the few characters around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.text.reporting import SPEECH_VERBS

# After "U.S." or "Inc." these begin a sentence far more often than they go on with a name.
_STARTERS = frozenset(
    """The He She It They We You I His Her Hers Its Their Our My Your This That These Those There
    Here A An In On At By For From To With Without Of As And But Or Nor So Yet If When While
    Although Though Because Since After Before During Until Once Under Despite Unlike Among Amid
    Instead However Meanwhile Moreover Furthermore Additionally Also Still Even Now Then Later
    Earlier Both Each Some Many Most Several Other Others Another Such What Who Why How Where
    Which According Officials Experts Critics Mr Mrs Ms Last Not Just Neither Either Every More
    Only Like Today Yesterday Asked About Nearly Is Are Was Were Do Does Did""".split()
)
# These stand before a name and never end a sentence.
_TITLES = frozenset(
    """Mr Mrs Ms Mx Messrs Mmes Mme Mlle Dr Drs Prof Profs Gen Gens Sen Sens Rep Reps Gov Govs Lt
    Col Sgt Maj Capt Cpl Pvt Pfc Spc Cmdr Adm Brig Supt Insp Det Rev Hon Pres Amb Msgr Fr Ald Mt
    Ft Ste eg ie e.g i.e E.g I.e vs Vs cf viz feat Feat""".split()
)
# These end a sentence unless a number follows: "No. 5", "Jan. 6", "Fig. 2".
_BEFORE_NUMBER = frozenset(
    """No Nos no nos Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec Fig Figs fig p pp vol Vol Ch
    ch Sec sec Art art Eq approx Approx est ca c v para Para Pt pt Op op Cl cl Eff eff""".split()
)
# These end a sentence only where a starter follows.
_BEFORE_NAME = frozenset(
    """Inc Corp Co Cos Ltd Bros Jr Sr St Sts Ave Blvd Rd Dept Univ Assn Bldg Mfg Intl Natl Esq PhD
    al etc ed eds Ala Ariz Ark Calif Colo Conn Del Fla Ga Ill Ind Kan Ky La Md Mass Mich Minn
    Miss Mo Mont Neb Nev Okla Ore Pa Tenn Tex Va Vt Wash Wis Wyo Ont Que Jan Feb Mar Apr Jun Jul
    Aug Sep Sept Oct Nov Dec Tues Thurs v c p ca est approx ft""".split()
)
# After "5 p.m." these go on with the time; any other capitalised word begins a sentence.
_AFTER_HOUR = frozenset(
    """Monday Tuesday Wednesday Thursday Friday Saturday Sunday Mon Tue Tues Wed Thu Thurs Fri Sat
    Sun January February March April May June July August September October November December Jan
    Feb Mar Apr Aug Sept Oct Nov Dec Eastern Central Mountain Pacific Atlantic Greenwich""".split()
)
_LINE = re.compile(r"\S[^\n\f\u2028\u2029]*")
_BREAK = re.compile(r"(?<=\S)[^\S\n]*\n[^\S\n]*(?=\S)")
_ITEM = re.compile(r"(?:[-*+•‣▪◦·]|–(?=\s[^a-z])|\(?\d{1,3}[.)]|\(?[a-zA-Z]\)|#{1,6})\s|\|")
_HEADING = re.compile(r"#{1,6}\s")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S", re.IGNORECASE)
_OPENING = r"[\"'“‘„«‹(\[*_—–-]"
_LEADING = re.compile(rf"{_OPENING}*+(\w?)")

# What may end a sentence, the quotes and brackets that close it, and citation markers after it.
_END = re.compile(
    r"(?P<mark>[.!?…؟।。！？｡]++)"
    r"(?P<close>(?:[\"'”’»›)\]}*_」』）】》]|[“‘](?=\s|\Z)|[ \u00a0\u202f](?:[”»]|'')(?=\s|\Z))*+)"
    r"(?: ?\[\d{1,3}(?:\s?[,–-]\s?\d{1,3}){0,9}\])*+"
)
_NEXT = re.compile(
    rf"(?P<gap>\s*+)(?P<open>(?:{_OPENING}|[•·|]|\s)*+)(?P<rest>[$€£¥#@]?(?P<word>\w{{0,30}}+))"
)
_CLOSES_LINK = re.compile(r"[^\[\]\n]{1,200}\](?:\(|\[|:)?")
_SOLID = re.compile(r"\S")
_WORD = re.compile(r"\w")
_BEFORE = re.compile(r"\w[\w.]*$")
_ACRONYM = re.compile(r"(?:[^\W\d_]\.|Ph\.)+[^\W\d_]{1,2}")
_ENUMERATOR = re.compile(r"\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,4})\)?")
_BRAND = re.compile(r"[a-z][A-Z]")  # iPhone, eBay
_ATTRIBUTION = re.compile(rf"(?:[A-Z][\w.’'-]*\s){{1,4}}(?:{SPEECH_VERBS})\b")
_GLUED = re.compile(r"(?:[A-Z][a-z’']+|[AI])(?![\w(]|\.\w)")
_ADDRESSLIKE = re.compile(r"://|www\.|[@/\\=_]|[^\W\d_]\.\w|\w\.[^\W\d_]")
_FAR = 40  # how many characters before a mark can matter


def split_sentences(text: str) -> list[tuple[int, int]]:
    """The sentences of `text` as half-open character intervals, in order.

    None overlaps another or is empty, each is trimmed of whitespace, and every other character
    lies in exactly one.
    """
    spans: list[tuple[int, int]] = []
    for start, end in _paragraphs(text):
        spans.extend(_sentences(text, start, end))
    return spans


# --- line breaks -----------------------------------------------------------------------------


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Trimmed runs of lines that may share a sentence."""
    wrapped = _is_wrapped(text)
    start = end = above = 0
    line = ""
    for match in _LINE.finditer(text):
        after = match.group().rstrip()
        near = text.count("\n", end, match.start()) < 2
        if line and near and _goes_on(line, after, above, wrapped):
            above = len(line)
        else:
            if line:
                yield start, end
            start, above = match.start(), 0
        line, end = after, match.start() + len(after)
    if line:
        yield start, end


def _is_wrapped(text: str) -> bool:
    """True when most line breaks fall inside sentences: text set to a fixed width."""
    total = lower = 0
    for match in _BREAK.finditer(text):
        total += 1
        lower += text[match.end()].islower()
    return 0 < total <= 2 * lower


def _goes_on(line: str, after: str, above: int, wrapped: bool) -> bool:
    """True when the line `after` may continue the sentence of `line`, directly above it.

    In wrapped text a full line does: the next word did not fit into the width, which is that of
    the longest line around (`above` is the length of the line before). Elsewhere only a line
    that begins with a lower-case letter does, and one that closes the text of a link.
    """
    if _ITEM.match(after) or _HEADING.match(line):
        return False
    if line.rfind("[") > line.rfind("]") and _CLOSES_LINK.match(after):
        return True
    leading = _LEADING.match(after)
    if leading and leading[1].islower() and not _ADDRESS.match(after):
        return True
    room = max(above, len(line), len(after)) - len(line)
    return wrapped and len(line) >= 40 and len(after.split(None, 1)[0]) >= room


# --- marks -----------------------------------------------------------------------------------


def _sentences(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The sentences of one paragraph, which is trimmed and not empty."""
    spans: list[tuple[int, int]] = []
    word = _find(_WORD, text, start, end)
    for mark in _END.finditer(text, start, end):
        if word > mark.start() or mark.end() == end:
            continue
        if _ENUMERATOR.fullmatch(text, start, mark.start()):
            continue  # the "1." of a list
        cut = _cut(mark, start)
        if cut:
            spans.append((start, cut))
            start = _find(_SOLID, text, cut, end)
            word = _find(_WORD, text, start, end)
    if word == end and spans:  # a tail without a word, such as an emoji
        start = spans.pop()[0]
    return [*spans, (start, end)]


def _find(pattern: re.Pattern[str], text: str, start: int, end: int) -> int:
    found = pattern.search(text, start, end)
    return found.start() if found else end


def _cut(mark: re.Match[str], start: int) -> int:
    """Where the sentence that began at `start` ends, or 0 where this mark does not end it."""
    if mark["mark"][-1] in "。！？｡":
        return mark.end()
    following = _NEXT.match(mark.string, mark.end(), mark.endpos)
    if following is None or not following["gap"]:
        return _glued_cut(mark, start)
    return mark.end() if _ends(mark, following, _word_before(mark, start)) else 0


def _word_before(mark: re.Match[str], start: int) -> str:
    found = _BEFORE.search(mark.string[max(start, mark.start() - _FAR) : mark.start()])
    return found[0] if found else ""


def _ends(mark: re.Match[str], following: re.Match[str], before: str) -> bool:
    """True when a mark with whitespace after it ends a sentence."""
    word = following["word"]
    if not word and mark.string.startswith((".", "…", "!", "?", ",", ";", ":"), following.end()):
        return False
    if mark["mark"] == "." and mark["close"] in ("", ")") and _goes_with(before, following):
        return False
    if _is_detached(mark):
        return True
    if word[:1].islower() and not _BRAND.match(word):
        plain = mark["mark"] in (".", "!", "?") and not mark["close"] and len(before) > 1
        return plain and "\n" in following["gap"]
    if _is_omission(mark):
        return word in _STARTERS
    quoted = mark["close"] and mark["mark"][-1] in "?!"
    return not (quoted and _ATTRIBUTION.match(mark.string, following.start("rest")))


def _goes_with(before: str, following: re.Match[str]) -> bool:
    """True when a full stop abbreviates the word `before`, and the sentence goes on."""
    word = following["word"]
    number = word[:1].isdigit()
    if before in _TITLES or (number and before in _BEFORE_NUMBER):
        return True
    initial = len(word) == 1 and following.string.startswith(".", following.end())
    if before.lower() in ("a.m", "p.m"):
        zone = word.isupper() and 2 <= len(word) <= 4
        return number or zone or initial or word in _AFTER_HOUR
    short = len(before) == 1 and before.isupper()
    if short or before in _BEFORE_NAME or _ACRONYM.fullmatch(before):
        dash = following["open"].startswith(("-", "–", "—"))  # "PALO ALTO, Calif. — In"
        return dash or initial or word not in _STARTERS
    return False


def _is_detached(mark: re.Match[str]) -> bool:
    """True for the full stop of tokenised text: "it fell . she said so ."."""
    text, at = mark.string, mark.start()
    return mark["mark"] == "." and text[at - 1].isspace() and text[at - 2 : at - 1] not in (".", "")


def _is_omission(mark: re.Match[str]) -> bool:
    """True for an ellipsis that stands for words left out: "first … then", ". . ."."""
    text, at = mark.string, mark.start()
    if not text[at - 1].isspace():
        return False
    if mark["mark"] == ".":
        return text[at - 2 : at - 1] == "."
    dots = ".." in mark["mark"] or "…" in mark["mark"]
    return dots and text[at - 2 : at - 1] not in (".", "!", "?", "”", '"')


def _glued_cut(mark: re.Match[str], start: int) -> int:
    """Where to cut "months.Chinese", a mark with the space after it missing; 0 for nowhere."""
    text, at = mark.string, mark.start()
    if not _GLUED.match(text, mark.end(), mark.endpos):
        return 0
    before = _word_before(mark, start)
    worded = before[-1:].islower() or before.isupper() or before[-2:].isdigit()
    if not (worded and len(before) > 1) and text[at - 1] not in "%)]”’\"'":
        return 0
    if before in _TITLES or before in _BEFORE_NAME or before in _BEFORE_NUMBER:
        return 0
    token = text[max(start, at - _FAR) : at].split()
    if token and _ADDRESSLIKE.search(token[-1]):
        return 0
    opens = '"' in mark["close"] and text.count('"', start, at) % 2 == 0
    return mark.start("close") if opens else mark.end()  # a straight quote may open the next one


PRONOUNS = "he|him|his|she|her|hers|it|its|they|them|their|theirs"
"""Of the third person, as alternatives of a pattern."""

POSSESSIVES = frozenset({"his", "her", "its", "their"})
"""Those that may stand before what somebody has."""

_PRONOUN = re.compile(rf"\b(?:{PRONOUNS})\b", re.IGNORECASE)

# Openings that lean on the sentence before: what "that" or "he" is stands there.
_LEANS = re.compile(
    rf"""^[“"‘'(]*(?:and|but|so|also|meanwhile|still)?,?\s*
    (?:that|this|these|those|{PRONOUNS}|both|such|the\s+(?:outlet|report|
    statement|move|ministry|company|pair|agency|figure|official|minister|group|former|latter))\b""",
    re.IGNORECASE | re.VERBOSE,
)


def needs_context(sentence: str) -> bool:
    """True when a sentence can only be read together with the one before it."""
    return bool(_LEANS.match(sentence))


def find_pronouns(text: str) -> list[re.Match[str]]:
    """The pronouns of the third person in a text."""
    return list(_PRONOUN.finditer(text))


# A question mark, or the particle that ends a question in Japanese.
_ASKS = re.compile(r"(?:[?？؟]|(?<=[\u3041-\u30ff\u4e00-\u9fff])か[。．]?)[”\"’')\]」』]*\W*$")


def is_question(sentence: str) -> bool:
    """True for a sentence that ends as a question."""
    return bool(_ASKS.search(sentence))
