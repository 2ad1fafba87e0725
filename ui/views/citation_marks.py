"""HTML of a checked sentence with its citation marks, and of the footnotes below an answer.

All text here is untrusted: it passes `escape_line`, and a link is made of ids and numbers only.
Citation marks come from a claim's citations, never from its text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import PurePath
from urllib.parse import quote as urlquote
from urllib.parse import urlsplit

from rag.types import Citation, Claim, Origin, Passage, Span
from ui.labels import CLOSEST_IS_QUOTED, SUPPORTED, mark_of
from ui.quotation_marks import quoted
from ui.safe_text import one_line
from ui.translation import to_translate, translate

CITATION_STATES = {  # the state of a citation today: a word beside the mark, and a sentence
    "moved": (to_translate("moved"), to_translate("The text moved; the link follows it.")),
    "changed": (to_translate("source changed"), to_translate("The source has changed since.")),
    "gone": (to_translate("source removed"), to_translate("The source was removed.")),
}
_WORD = 24  # characters of a last word that stays on one line with its marks
_TIED = 3  # marks that stay with it
_LABEL = 120  # characters of a quote in the label of a mark
_TIP = 500  # in its tooltip
_NOTE = 280  # in the list of footnotes
_NOTE_SAID = 80  # there, where the answer itself has the same words


@dataclass(frozen=True, slots=True)
class CitationLinks:
    """Makes the links of one exchange. `states` maps "CLAIM.CITATION" to the state of a
    citation."""

    id: str
    passages: Mapping[int, Passage]
    states: Mapping[str, str]

    def href(self, claim: int, citation: int) -> str:
        """The page of the source, at the mark; it works without JavaScript."""
        where = f"exchange={urlquote(self.id, safe='')}&claim={claim}&citation={citation}"
        return f"source?{where}#fn-current"

    def link(self, claim: int, citation: int, name: str) -> str:
        """The attributes of a link of class `name` that opens a citation."""
        return (
            f'class="{name}" data-act="cite" data-exchange="{escape(self.id)}" '
            f'data-claim="{claim}" data-citation="{citation}" '
            f'href="{escape(self.href(claim, citation))}"'
        )

    def state(self, claim: int, citation: int) -> tuple[str, str] | None:
        """The word and the sentence for a citation whose source has changed."""
        found = CITATION_STATES.get(self.states.get(f"{claim}.{citation}", "same"))
        return (translate(found[0]), translate(found[1])) if found else None


def escape_line(text: str, most: int | None = None) -> str:
    """Untrusted text on one line, ready for HTML and for attributes."""
    return escape(one_line(text, most), quote=True)


def short_source(source: str) -> str:
    """A short name of a source: the host of a URL, the name of a file."""
    try:
        host = urlsplit(source).hostname
    except ValueError:
        host = None
    if "://" in source and host:
        return host.removeprefix("www.")
    return PurePath(source.replace("\\", "/")).name or source


def shown_title(title: str, source: str) -> str:
    """A title as people read it: one that is the name of the source's file, in words."""
    if title != PurePath(short_source(source)).stem:
        return title
    words = title.replace("_", " ")
    if " " not in words.strip():
        words = re.sub(r"(?<!\d)-|-(?!\d)", " ", words)
    words = " ".join(words.split())
    return words[:1].upper() + words[1:] or title


def quote_line(text: str, most: int | None = None) -> str:
    """Untrusted text in quotation marks, ready for HTML and for attributes."""
    return escape(quoted(one_line(_cells(text), most)), quote=True)


def _cells(text: str) -> str:
    """The row of a table without its bars."""
    row = text.strip()
    if len(row) < 3 or row[0] != "|" or row[-1] != "|":
        return text
    return " · ".join(cell.strip() for cell in row[1:-1].split("|") if cell.strip())


def render_sentence(links: CitationLinks, number: int, claim: Claim) -> str:
    """A claim, its citation marks and its support; `number` counts from 0.

    The last word and what follows it stay on one line, where that is short.
    """
    text = one_line(claim.text)
    end = text.rfind(" ") + 1
    end = end if len(text) - end <= _WORD else len(text) - 1
    marks = "".join(
        _citation_mark(links, number, index, claim, citation)
        for index, citation in enumerate(claim.citations)
    )
    words = any(links.state(number, index) for index in range(len(claim.citations)))
    tied = "fn-wrap" if words or len(claim.citations) > _TIED else "fn-nowrap"
    mark = mark_of(claim)
    is_plain = mark == SUPPORTED and not claim.reasons
    sign, doubt = (_supported_sign(), "") if is_plain else ("", _mark_button(links, number, claim))
    apart = " fn-compared" if claim.origin == "compared" else ""
    return (
        f'<span class="fn-claim fn-claim-{mark.grade}{apart}">'
        f'<span class="fn-claim-text">{escape(text[:end])}</span>'
        f'<span class="{tied}"><span class="fn-claim-text">{escape(text[end:])}</span>'
        f"{marks}{sign}</span>{doubt}</span> "
    )


def render_footnotes(links: CitationLinks, claims: Sequence[Claim]) -> str:
    """The cited words below the answer, once each, by the number of their passage."""
    said = {one_line(claim.text).strip("“”") for claim in claims}
    notes = "".join(_note(links, number, places, said) for number, places in _cited(claims))
    label = translate("Footnotes")
    return f'<ol class="fn-footnotes" aria-label="{label}">{notes}</ol>' if notes else ""


_WHENCE: dict[Origin, str] = {
    "model": to_translate("cited by the model"),
    "matched": to_translate("found by Footnote"),
    "compared": to_translate("compared by Footnote"),
    "closest": to_translate("quoted by Footnote"),
}

# --- marks -----------------------------------------------------------------------------------


def _citation_mark(
    links: CitationLinks, number: int, index: int, claim: Claim, citation: Citation
) -> str:
    state = links.state(number, index)
    label = f"Source {citation.number}: {quote_line(citation.quote, _LABEL)}"
    label += f", {mark_of(claim).words}" + (f". {state[1]}" if state else "")
    tip = f"fn-tip-{escape(links.id)}-{number}-{index}"
    word = f'<span class="fn-state">{state[0]}</span>' if state else ""
    return (
        f'<span class="fn-cite"><a {links.link(number, index, "fn-chip")} '
        f'aria-label="{label}" aria-describedby="{tip}">{citation.number}</a>{word}'
        f'<span class="fn-tip" role="tooltip" id="{tip}">'
        f"{_tooltip(links, claim, citation, state)}</span></span>"
    )


def _tooltip(
    links: CitationLinks, claim: Claim, citation: Citation, state: tuple[str, str] | None
) -> str:
    """What lies over the page while a mark is pointed at: the quote and its source."""
    passage = links.passages.get(citation.number)
    mark = mark_of(claim)
    facts = [
        f'<b class="fn-{mark.grade}">{mark.sign} {mark.words}</b>',
        translate(_WHENCE[claim.origin]),
    ]
    facts += [state[1]] if state else []
    return (
        f'<span class="fn-tip-quote">{quote_line(citation.quote, _TIP)}</span>'
        f'<span class="fn-tip-title">{_source_name(passage)}</span>'
        f'<span class="fn-tip-facts">{" · ".join(facts)}</span>'
    )


def _source_name(passage: Passage | None) -> str:
    """The title of a passage, and where its source is."""
    if passage is None:
        return translate("A source of this answer")
    return (
        f"{escape_line(shown_title(passage.title, passage.source), 140)} "
        f"<i>{escape_line(short_source(passage.source), 60)}</i>"
    )


# --- support ---------------------------------------------------------------------------------


def _supported_sign() -> str:
    return (
        f'<span class="fn-support fn-good"><span aria-hidden="true">{SUPPORTED.sign}</span>'
        f'<span class="fn-hidden"> ({SUPPORTED.words})</span></span>'
    )


def _mark_button(links: CitationLinks, number: int, claim: Claim) -> str:
    """A word that says how far a sentence is supported; its tooltip gives the reasons."""
    mark = mark_of(claim)
    words = f'<span aria-hidden="true">{mark.sign}</span> {mark.words}'
    tip = f"fn-why-{escape(links.id)}-{number}"
    reasons = "".join(f'<span class="fn-tip-reason">{each}</span>' for each in _reasons(claim))
    return (
        f' <span class="fn-cite"><button type="button" data-act="why" '
        f'class="fn-support fn-{mark.grade}" data-exchange="{escape(links.id)}" '
        f'aria-describedby="{tip}">{words}</button>'
        f'<span class="fn-tip" role="tooltip" id="{tip}">{reasons}</span></span>'
    )


def _reasons(claim: Claim) -> Iterator[str]:
    for reason in claim.reasons:
        text = escape_line(reason)
        yield f"{text[:1].upper()}{text[1:]}"
    if claim.reasons:
        return
    if claim.origin == "closest":
        yield translate(CLOSEST_IS_QUOTED)
    elif claim.origin == "compared":
        yield translate("The sources say different things; both are quoted.")
    elif claim.support == "unchecked":
        yield translate("This sentence was not compared with its source.")
    elif claim.score is None or not claim.citations:
        yield translate("No sentence of the articles was found that says it.")
    else:
        yield translate(
            "The quotes say it: {chance} likely, by the grounding score.",
            chance=f"{claim.score:.0%}",
        )


# --- footnotes -------------------------------------------------------------------------------

_Place = tuple[int, int, Citation]  # claim, index of the citation in it, and the citation


def _cited(claims: Sequence[Claim]) -> list[tuple[int, list[_Place]]]:
    """Each passage number and the places in it, in the order of the text, none twice."""
    found: dict[int, dict[Span, _Place]] = {}
    for number, claim in enumerate(claims):
        for index, citation in enumerate(claim.citations):
            places = found.setdefault(citation.number, {})
            places.setdefault(citation.span, (number, index, citation))
    return [(number, [at for _, at in sorted(found[number].items())]) for number in sorted(found)]


def _note(
    links: CitationLinks, number: int, places: Sequence[_Place], said: Collection[str]
) -> str:
    """One footnote. A quote that is a sentence of the answer, as in `said`, is only begun."""
    quotes = " ".join(
        f"<a {links.link(claim, index, 'fn-quote')}>{_shortened(citation.quote, said)}</a>"
        for claim, index, citation in places
    )
    return (
        f'<li class="fn-footnote"><span class="fn-number">{number}</span> <span>{quotes} '
        f'<span class="fn-origin">{_source_name(links.passages.get(number))}</span></span></li>'
    )


def _shortened(quote: str, said: Collection[str]) -> str:
    return quote_line(quote, _NOTE_SAID if one_line(quote).strip("“”") in said else _NOTE)
