"""How do the cases of a run look in the report?

Pure: entries become HTML. All text comes from models, documents and files: it passes `said`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from eval.entries import Entry
from eval.figures import Row
from rag.types import Answer, Citation, Claim, Passage

_UNSAFE = re.compile(  # controls but tab and newline, bidi controls, separators, surrogates
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
SUPPORTS = {
    "supported": ("✓", "good", "supported"),
    "partial": ("~", "fair", "partly supported"),
    "unsupported": ("✗", "bad", "not supported"),
    "unchecked": ("?", "fair", "not checked"),
}
REASONS = {
    "nothing retrieved": "nothing in the articles matched the question",
    "not stated": "the articles do not state it",
    "nothing survived checking": "the articles do not support what the model wrote",
}
CURRENT = "background:var(--accent);border-color:var(--accent);color:var(--on-accent)"
VERDICTS = (  # misses first
    "error",
    "wrong",
    "wrongly declined",
    "should have declined",
    "right",
    "rightly declined",
)


def said(text: object) -> str:
    """Untrusted text, ready to stand between tags or in a quoted attribute."""
    return escape(_UNSAFE.sub("", str(text)), quote=True)


def verdict(row: Row) -> str:
    """What came of a case, one of `VERDICTS`."""
    if row.outcome == "error":
        return "error"
    if not row.answerable:
        return "rightly declined" if row.outcome == "declined" else "should have declined"
    return "wrongly declined" if row.outcome == "declined" else row.outcome


@dataclass(frozen=True, slots=True)
class Filters:
    """Which cases a link's target leaves: maps each verdict and each tag to the target's id,
    which is also the class of its cases."""

    verdicts: Mapping[str, str]
    tags: Mapping[str, str]

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> Filters:
        """Those that some entry meets. Ids are ours alone: a tag may be any text."""
        found = {verdict(entry.row) for entry in entries}
        tags = sorted({tag for entry in entries for tag in entry.row.tags})
        return cls(
            {told: f"only-{told.replace(' ', '-')}" for told in VERDICTS if told in found},
            {tag: f"only-kind-{number}" for number, tag in enumerate(tags, 1)},
        )

    @property
    def ids(self) -> list[str]:
        return [*self.verdicts.values(), *self.tags.values()]

    def met(self, row: Row) -> list[str]:
        """The ids of those that leave `row`."""
        return [self.verdicts[verdict(row)], *(self.tags[tag] for tag in dict.fromkeys(row.tags))]

    def rules(self, entries: Sequence[Entry]) -> str:
        """The style rules that hide the cases, and the groups that would be empty."""
        rules = []
        for id in self.ids:
            left = [entry.row.expected for entry in entries if id in self.met(entry.row)]
            hidden = [f".case:not(.{id})"]
            hidden += [] if False in left else [".misses"]
            hidden += [] if True in left else [".hits"]
            rules += [f"#{id}:target~{each}{{display:none}}" for each in _under_groups(hidden)]
            rules.append(f'#{id}:target~nav a[href="#{id}"]{{{CURRENT}}}')
        return "".join(rules)


def _under_groups(selectors: Iterable[str]) -> list[str]:
    return [f".group {each}" if each.startswith(".case") else each for each in selectors]


def cases(entries: Sequence[Entry], filters: Filters) -> str:
    """Every case, misses first, under links that filter them."""
    if not entries:
        return ""
    targets = "".join(f'<span class="target" id="{id}"></span>' for id in filters.ids)
    misses = [entry for entry in entries if not entry.row.expected]
    hits = [entry for entry in entries if entry.row.expected]
    return (
        f'<section aria-labelledby="cases">{targets}<h2 id="cases">Questions</h2>'
        f"{_links(entries, filters)}"
        f"{_group('misses', 'Not as they should be', misses, filters)}"
        f"{_group('hits', 'As they should be', hits, filters)}</section>"
    )


def _links(entries: Sequence[Entry], filters: Filters) -> str:
    rows = [entry.row for entry in entries]
    told = Counter(map(verdict, rows))
    links = [f'<a class="all" href="#cases">all {len(rows):,}</a>']
    links += [f'<a href="#{id}">{name} {told[name]:,}</a>' for name, id in filters.verdicts.items()]
    kinds = []
    for tag, id in filters.tags.items():
        tagged = [row.expected for row in rows if tag in row.tags]
        missed = f"{tagged.count(False):,} of {len(tagged):,} missed"
        kinds.append(f'<a href="#{id}">{said(tag)} <span>{missed}</span></a>')
    more = f'<p class="filters kinds">{" ".join(kinds)}</p>' if kinds else ""
    shown = f'<p class="filters">{" ".join(links)}</p>{more}'
    return f'<nav aria-label="Filter the questions">{shown}</nav>'


def _group(name: str, title: str, entries: Sequence[Entry], filters: Filters) -> str:
    if not entries:
        return ""
    ranked = sorted(entries, key=lambda entry: VERDICTS.index(verdict(entry.row)))
    told = "".join(_case(entry, filters.met(entry.row)) for entry in ranked)
    return f'<section class="group {name}"><h3>{title}</h3>{told}</section>'


def _case(entry: Entry, classes: Iterable[str]) -> str:
    """A line that opens to the whole case. `classes` are those that it is filtered by."""
    row, told = entry.row, verdict(entry.row)
    state, mark = ("good", "✓") if row.expected else ("bad", "✗")
    return (
        f'<details class="case {" ".join(classes)}"><summary>'
        f'<span class="verdict {state}"><span aria-hidden="true">{mark}</span> {told}</span>'
        f'<span class="question">{said(entry.question)}</span>'
        f'<span class="seconds">{row.seconds:.1f} s</span></summary>'
        f'<div class="body">{_expected(entry)}{_came(entry)}{_margin(entry)}</div></details>'
    )


def _expected(entry: Entry) -> str:
    after = "".join(f"<li>{said(question)}</li>" for question in entry.history)
    parts = [f'<h4>Asked after</h4><ul class="plain">{after}</ul>'] if after else []
    parts.append("<h4>Expected</h4>")
    if not entry.row.answerable:
        parts.append("<p>No answer: the articles do not state it.</p>")
    elif entry.gold:
        groups = (_either(group) for group in entry.gold)
        parts.append(f"<p>{' <em>and</em> '.join(groups)}</p>")
    else:
        parts.append("<p>An answer; which one was not kept.</p>")
    parts += [f"<blockquote>{said(quote)}</blockquote>" for quote in entry.evidence]
    return f'<section class="half">{"".join(parts)}</section>'


def _either(group: tuple[str, ...]) -> str:
    return " or ".join(f"“{said(gold)}”" for gold in group)


def _came(entry: Entry) -> str:
    row, answer = entry.row, entry.answer
    if row.outcome == "error":
        body = f'<h4>Error</h4><p class="error">{said(row.text)}</p>'
    elif row.outcome == "declined":
        reason = REASONS.get(row.reason or "", row.reason or "no reason was given")
        body = f"<h4>Answer</h4><p>Declined: {said(reason)}.</p>"
    elif answer and answer.claims:
        claims = "".join(map(_claim, answer.claims))
        body = f'<h4>Answer</h4><ol class="claims">{claims}</ol>'
    else:
        body = f"<h4>Answer</h4><p>{said(row.text) or 'It is empty.'}</p>"
    return f'<section class="half">{body}{_cites(row)}{_passages(answer)}</section>'


def _claim(claim: Claim) -> str:
    mark, state, word = SUPPORTS[claim.support]
    numbers = dict.fromkeys(citation.number for citation in claim.citations)
    marks = "".join(f"<sup>[{number}]</sup>" for number in numbers)
    reasons = f": {said('; '.join(claim.reasons))}" if claim.reasons else ""
    quotes = "".join(map(_quote, claim.citations))
    return (
        f'<li><p class="sentence">{said(claim.text)} {marks}</p>'
        f'<p class="support {state}"><span aria-hidden="true">{mark}</span> {word}{reasons}</p>'
        f"{quotes}</li>"
    )


def _quote(citation: Citation) -> str:
    span = citation.span
    return (
        f"<blockquote>{said(citation.quote)}"
        f"<footer>[{citation.number}] {said(span.document_id)}:{span.start}–{span.end}</footer>"
        "</blockquote>"
    )


def _cites(row: Row) -> str:
    """What the run itself found of the citations, where there is something to say."""
    parts = []
    if not row.exact_quotes:
        parts.append("A quote is not the stored text at its place.")
    if row.cited == 0:
        parts.append("No citation touches the evidence.")
    told = "".join(f'<p class="remark">{part}</p>' for part in parts)
    if row.cited is not None and 0 < row.cited < 1:  # one place may be enough
        told += f'<p class="quiet">Citations touch {row.cited:.0%} of the evidence.</p>'
    return told


def _passages(answer: Answer | None) -> str:
    if not answer or not answer.passages:
        return ""
    told = "".join(map(_passage, answer.passages))
    many = f"{len(answer.passages)} passage{'' if len(answer.passages) == 1 else 's'}"
    return (
        f'<details class="passages"><summary>{many} shown to the model</summary>'
        f'<ol class="plain">{told}</ol></details>'
    )


def _passage(passage: Passage) -> str:
    return (
        f"<li><p><b>[{passage.number}]</b> {said(passage.text)}</p>"
        f'<p class="quiet">{said(passage.title)}</p></li>'
    )


def _margin(entry: Entry) -> str:
    row, answer = entry.row, entry.answer
    parts = [said(row.id), *(said(tag) for tag in row.tags)]
    if answer:
        usage = answer.usage
        if usage.prompt_tokens or usage.completion_tokens:
            parts.append(f"{usage.prompt_tokens:,} tokens read")
            parts.append(f"{usage.completion_tokens:,} written")
        parts += [f"{said(stage)} {s:.1f} s" for stage, s in answer.timings.items() if s >= 0.05]
    return f'<p class="quiet margin">{" · ".join(parts)}</p>'
