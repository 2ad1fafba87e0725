"""Which words, quantities and names does a text state?

The citing and checking code compares texts by these three. They err on the side of seeing a
difference: a missed match costs a cautious verdict, a false one costs a wrong citation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

STOP_WORDS = frozenset(
    """a about above after again against all also although am an and any approximately are
    aren't as at be because been before being below between both but by can cannot could did
    do does doing down during each either else ever every few for from further had has have
    having he her here hers him his how however i if in into is it its itself just least
    less let like many may me might more most much must my neither no nor not now of off
    often on once one only or other our out over own per quite rather roughly s said same
    say says shall she should since so some still such t than that the their them then there
    these they this those though through thus to too under until up upon us very was we were
    what when where whether which while who whom whose why will with within without would
    yes yet you your""".split()
)

# Verbs and nouns that an answer's frame adds without stating anything.
_FRAME = frozenset(  # stems
    """accord answer appli articl ask becom call cite current describ give go includ involv make
    mean mention name note over passag put refer report say sentenc serv sourc state take tell text
    use""".split()
)

_WORD = re.compile(r"[^\W_]+(?:[’'\-.][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in a text: `value` after scaling, `unit` "" where none is stated.

    `unit` is "%", a currency sign, "fraction", or a measure such as "year" or "kilometre".
    """

    value: float
    unit: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Name:
    """A capitalised word that stands for someone or something in particular."""

    text: str
    start: int
    end: int


def content(text: str) -> list[str]:
    """Stems of the words that carry meaning, in order; numbers are left to `quantities`."""
    words = (match[0] for match in _WORD.finditer(text))
    stems = (content_stem(part) for word in words for part in re.split(r"[-.]", word))
    return [found for found in stems if found]


@lru_cache(maxsize=65_536)
def content_stem(word: str) -> str:
    """The stem of one word; "" where it carries no meaning of its own or is a number."""
    word = re.sub(r"'(?:s|re|ve|ll|d|m)?$|n't$", "", word.lower().replace("’", "'"))
    if word in STOP_WORDS or len(word) < 2 or word[0].isdigit():
        return ""
    found = stem(word)
    return "" if found in _FRAME or found in _AMOUNTS else found


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The Snowball English stem of one lower-case word."""
    import snowballstemmer

    found: str = snowballstemmer.stemmer("english").stemWord(word)
    return _IRREGULAR.get(found, found)


_IRREGULAR = {
    "said": "say", "told": "tell", "rose": "rise", "risen": "rise", "fell": "fall",
    "fallen": "fall", "grew": "grow", "grown": "grow", "won": "win", "lost": "lose", "met": "meet",
    "bought": "buy", "sold": "sell", "began": "begin", "begun": "begin", "paid": "pay",
    "sought": "seek", "brought": "bring", "built": "build", "held": "hold", "led": "lead",
    "left": "leav", "kept": "keep", "sent": "send", "spent": "spend", "taken": "take",
    "took": "take", "given": "give", "gave": "give", "made": "make", "came": "come",
    "wrote": "write", "written": "write", "spoke": "speak", "spoken": "speak", "chose": "choos",
    "chosen": "choos", "died": "die", "dead": "die", "death": "die", "shown": "show",
    "shot": "shoot", "struck": "strike", "thought": "think", "sank": "sink", "drove": "drive",
    "driven": "drive", "men": "man", "women": "woman", "children": "child",
}  # fmt: skip


_SYNONYMS = """tariff duti levi; film movi; compani firm; big larg; start begin; end finish;
    help aid; kid child; car vehicl; buy purchas; show demonstr; attempt tri; talk negoti;
    need requir; receiv obtain; world global; fed feder; cop polic; doctor physician; sick
    ill; near almost; happen occur; locat situat; shop store; allow permit; choos pick
    select; fix repair; use utilis utiliz; photo photograph; elimin remov; whole entir;
    quick fast rapid"""


@lru_cache(maxsize=1)
def _synonyms() -> dict[str, frozenset[int]]:
    groups: dict[str, set[int]] = {}
    for number, group in enumerate(_SYNONYMS.split(";")):
        for word in group.split():
            groups.setdefault(word, set()).add(number)
    return {word: frozenset(numbers) for word, numbers in groups.items()}


def related(one: str, other: str) -> bool:
    """True for stems that differ in form only ("produc", "product"), and for synonyms."""
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    if len(short) >= 5 and len(long) - len(short) <= 2 and long.startswith(short):
        return True
    groups = _synonyms()
    return bool(groups.get(one, frozenset()) & groups.get(other, frozenset()))


@lru_cache(maxsize=65_536)
def alike(one: str, other: str) -> bool:
    """True when two words as written are forms of one word or name, or synonyms."""
    stems = content_stem(one), content_stem(other)
    return (all(stems) and related(*stems)) or bool(name_keys(one) & name_keys(other))


# --- quantities -------------------------------------------------------------------------------

_UNITS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
_UNITS += " fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_NUMBER_WORDS = {word: float(value) for value, word in enumerate(_UNITS.split())}
_NUMBER_WORDS |= {word: 20.0 + 10 * rank for rank, word in enumerate(_TENS.split())}
_NUMBER_WORDS |= {"dozen": 12.0}
_SCALES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_SCALES |= {"k": 1e3, "m": 1e6, "mn": 1e6, "bn": 1e9, "b": 1e9, "tn": 1e12}
_FRACTIONS = {"half": 1 / 2, "third": 1 / 3, "quarter": 1 / 4, "fifth": 1 / 5, "tenth": 1 / 10}
_MEASURES = {
    "percent": "%", "per cent": "%", "pct": "%", "percentage point": "point", "point": "point",
    "dollar": "$", "euro": "€", "pound": "£", "yuan": "¥", "yen": "¥", "kilometre": "kilometre",
    "kilometer": "kilometre", "km": "kilometre", "mile": "mile", "metre": "metre",
    "meter": "metre", "foot": "foot", "feet": "foot", "kilogram": "kilogram", "kg": "kilogram",
    "gram": "gram", "tonne": "ton", "ton": "ton", "litre": "litre", "liter": "litre",
    "second": "second", "minute": "minute", "hour": "hour", "day": "day", "week": "week",
    "month": "month", "year": "year", "decade": "decade", "degree": "degree", "acre": "acre",
    "hectare": "hectare", "barrel": "barrel",
}  # fmt: skip
_MEASURE = "|".join(re.escape(name) for name in sorted(_MEASURES, key=len, reverse=True))
_AMOUNTS = frozenset([*_NUMBER_WORDS, *_SCALES, *_FRACTIONS, "twenti", "thirti", "percent", "cent"])
_SPELLED = "|".join([*_NUMBER_WORDS, "hundred"])
_QUANTITY = re.compile(
    rf"""(?<![\w.,])(?P<currency>US\$|[$€£¥])?\s?
    (?:(?P<digits>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)(?:st|nd|rd|th)?
       |(?P<words>(?:{_SPELLED})(?:[-\s](?:{_SPELLED}))*)\b)
    (?:[\s-]?(?P<scale>thousand|million|billion|trillion|[kmb]n?|tn)\b)?
    (?:\s?(?P<sign>%)|[\s-]?(?P<measure>{_MEASURE})s?\b)?""",
    re.VERBOSE | re.IGNORECASE,
)
_FRACTION = re.compile(
    r"\b(?P<count>an?|one|two|three|four)?[-\s]?(?P<part>half|third|quarter|fifth|tenth)s?\b"
    r"(?=\s+(?:of|the|as)\b|,|\.|$)",
    re.IGNORECASE,
)


def quantities(text: str) -> list[Quantity]:
    """Every number with its unit, in order: digits, words ("two million") and fractions.

    A bare "one" is a pronoun more often than a number, and is left out.
    """
    found = [q for match in _QUANTITY.finditer(text) if (q := _quantity(match))]
    for match in _FRACTION.finditer(text):
        count = _NUMBER_WORDS.get((match["count"] or "one").lower(), 1.0)
        value = count * _FRACTIONS[match["part"].lower()]
        found.append(Quantity(value, "fraction", match.start(), match.end(), match[0].strip()))
    return sorted(found, key=lambda quantity: quantity.start)


def measure(word: str) -> str:
    """The unit that a word names, as in `Quantity`; "" where it names none."""
    plain = word.lower()
    return _MEASURES.get(plain) or _MEASURES.get(plain.removesuffix("s"), "")


def told(text: str) -> set[str]:
    """The stems of `content`, and numbers whichever way they are written."""
    return {*content(text), *(f"{each.value:g}" for each in quantities(text))}


def _quantity(match: re.Match[str]) -> Quantity | None:
    words, currency, measure = match["words"], match["currency"], match["measure"]
    value = _spelled(words) if words else float(match["digits"].replace(",", ""))
    if match["scale"]:
        value *= _SCALES[match["scale"].lower()]
    if words and words.lower() == "one" and not (match["scale"] or measure or match["sign"]):
        return None
    unit = "%" if match["sign"] else _MEASURES.get((measure or "").lower(), "")
    if currency:
        unit = currency[-1]
    raw = match[0]
    start = match.start() + len(raw) - len(raw.lstrip())
    return Quantity(value, unit, start, match.end(), raw.strip())


def _spelled(words: str) -> float:
    total = 0.0
    for word in re.split(r"[-\s]", words.lower()):
        total = max(total, 1) * 100 if word == "hundred" else total + _NUMBER_WORDS[word]
    return total


def agree(claimed: Quantity, stated: Quantity) -> bool:
    """True when the two are the same amount. A unit that only one of them names is forgiven,
    except for percent, currencies and fractions, which change the meaning."""
    if abs(claimed.value - stated.value) > 1e-9 * max(1.0, abs(claimed.value)):
        return False
    if claimed.unit == stated.unit:
        return True
    strict = {"%", "$", "€", "£", "¥", "fraction", "point"}
    return not ({claimed.unit, stated.unit} & strict) and "" in (claimed.unit, stated.unit)


# --- names ------------------------------------------------------------------------------------

MONTHS = "january february march april may june july august september october november december"
DAYS = "monday tuesday wednesday thursday friday saturday sunday"
DATE_WORDS = frozenset([*MONTHS.split(), *DAYS.split()])

_CAPITALISED = re.compile(r"\b(?:[A-Z][\w’'\-]*[^\W_]|(?:[A-Z]\.){2,}|[A-Z](?=\s[A-Z]))")


def names(text: str, *, starts: frozenset[int] = frozenset({0})) -> list[Name]:
    """Capitalised words, one `Name` each, months and weekdays among them.

    A word at one of `starts` (character offsets at which sentences begin) is capitalised for
    its place, so it counts only when it is an acronym or is capitalised elsewhere in the text.
    """
    found = [Name(m[0], m.start(), m.end()) for m in _CAPITALISED.finditer(text)]
    inner = {name.text for name in found if name.start not in starts}
    return [name for name in found if _is_name(name, name.start in starts, inner)]


def _is_name(name: Name, at_start: bool, inner: set[str]) -> bool:
    word = re.sub(r"['’]s$", "", name.text)
    plain = word.lower()
    if word.isupper() and len(word.replace(".", "")) > 1:
        return True
    if plain in STOP_WORDS or plain in _NUMBER_WORDS:
        return plain == "may" and not at_start
    return not at_start or name.text in inner or plain in DATE_WORDS


_COUNTRIES = {
    "french": "france", "dutch": "netherlands", "british": "britain", "uk": "britain",
    "danish": "denmark", "greek": "greece", "spanish": "spain", "swiss": "switzerland",
    "welsh": "wales", "irish": "ireland", "thai": "thailand", "turkish": "turkey",
    "polish": "poland", "norwegian": "norway", "iraqi": "iraq", "filipino": "philippines",
}  # fmt: skip


@lru_cache(maxsize=65_536)
def name_keys(name: str) -> frozenset[str]:
    """Forms under which a name is the same: "Chinese" and "China", "U.S." and "American"."""
    word = re.sub(r"['’]s?$", "", name.lower().replace(".", ""))
    if word in {"us", "usa", "america", "american", "americans", "washington"}:
        return frozenset({"us"})
    word = _COUNTRIES.get(word, word)
    endings = ("ese", "ian", "ans", "an", "ish", "en", "i", "s", "a", "o", "y", "n")
    forms = {word[: -len(end)] for end in endings if word.endswith(end)}
    return frozenset({word, *(form for form in forms if len(form) >= 4)})
