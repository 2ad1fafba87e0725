"""HTML of the trace of an answer, step by step, for the pane "Why this answer".

All text here is untrusted: it passes `escape_line` or `_verbatim`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from urllib.parse import quote as urlquote

from rag.errors import FootnoteError
from rag.types import Span
from ui.labels import claim_mark
from ui.questions.trace import (
    MAX_CHARS,
    CheckedSentence,
    FoundChunk,
    ModelRequest,
    Note,
    PlaceInRanking,
    Rewriting,
    Search,
    Selection,
    ShownPassage,
    Step,
    Trace,
)
from ui.safe_text import count, strip_controls
from ui.views.citation_marks import escape_line, short_source

Text = Callable[[Span], str]  # the characters of a span; it may raise `FootnoteError`

_SHOWN_ROWS = 8  # of the hits, before the rest is folded away
_SNIPPET, _EXTRACT = 130, 260  # characters of a chunk, of a passage
_OPENING = 200  # characters by which a passage is known again in a prompt
_ASKED = {
    "rewrite": "Asked the model to make the question stand alone",
    "judge": "Asked the model whether the answer is stated",
    "extract": "Asked the model in which words",
    "answer": "Asked the model to answer",
    "repair": "Asked the model to mend a sentence",
}
_ROLES = {"system": "Instructions", "user": "Prompt", "assistant": "Example of a reply"}
_ACTIONS = {"kept": "kept", "repaired": "mended", "removed": "left out"}
_ORIGINS = {
    "model": "The model cited it",
    "matched": "Matched by code",
    "compared": "Compared",
    "closest": "The closest passage, quoted",
}


@dataclass(frozen=True, slots=True)
class _View:
    """Facts of the whole trace that single steps need."""

    passages: tuple[ShownPassage, ...]  # those that the model could see
    titles: dict[str, str]  # by the id of the document
    text: Text | None


def render_trace(trace: Trace, library_text: Text | None = None) -> str:
    """The steps from the question to the answer, as a section whose heading is an `h2`.

    `library_text` gives the text of the chunks that were found; without it only their titles and
    places are shown.
    """
    selections = [step for step in trace.steps if isinstance(step, Selection)]
    passages = tuple(each for step in selections for each in step.selected)
    cut = [each for step in selections for each in step.cut]
    titles = {each.span.document_id: each.title for each in (*passages, *cut)}
    view = _View(passages, titles, library_text)
    items = "".join(_item(list(steps), view) for _, steps in groupby(trace.steps, key=_kind))
    return (
        '<section class="fn-trace" aria-labelledby="fn-trace-title"><header class="fn-trace-head">'
        '<h2 class="fn-trace-title" id="fn-trace-title">Why this answer</h2>'
        '<button type="button" class="fn-close" data-act="close" aria-label="Close">'
        '<span aria-hidden="true">✕</span></button>'
        f'<p class="fn-trace-question">{escape_line(trace.question)}</p></header>'
        f'<ol class="fn-trace-steps">{items}</ol></section>'
    )


def _kind(step: Step) -> tuple[str, str]:
    """Requests and verdicts of one kind that follow each other are shown as one step."""
    if isinstance(step, Note):
        return step.step, step.text
    return step.step, step.purpose if isinstance(step, ModelRequest) else ""


def _item(steps: Sequence[Step], view: _View) -> str:
    heading, body = _shown(steps, view)
    when = " – ".join(dict.fromkeys(_seconds(step.at_s) for step in (steps[0], steps[-1])))
    tag = "h3" if body else "p"
    return (
        f'<li class="fn-trace-step fn-trace-{steps[0].step}"><{tag} class="fn-trace-what">'
        f'{heading}</{tag}><p class="fn-trace-when">{when}</p>{body}</li>'
    )


def _shown(steps: Sequence[Step], view: _View) -> tuple[str, str]:
    """The heading and the body of steps of one kind."""
    match steps[0]:
        case Rewriting(_, question):
            return "Asked as", f"<p>{escape_line(question)}</p>"
        case Search():
            return _searched(steps[0], view)
        case Selection():
            return _selected(steps[0])
        case ModelRequest():
            return _requests([step for step in steps if isinstance(step, ModelRequest)], view)
        case CheckedSentence():
            return _verdicts([step for step in steps if isinstance(step, CheckedSentence)])
        case Note(_, text):
            return escape_line(text), ""


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"


def _fold(summary: str, inner: str) -> str:
    return f'<details class="fn-trace-fold"><summary>{summary}</summary>{inner}</details>'


def _verbatim(text: str) -> str:
    """A text as it went to the model or came from it, with its lines."""
    cut = len(text) >= MAX_CHARS and text.endswith("…")
    note = '<p class="fn-trace-aside">Only the beginning was kept.</p>' if cut else ""
    shown = escape(strip_controls(text), quote=True) or "(nothing)"
    return f'<pre class="fn-trace-text" tabindex="0">{shown}</pre>{note}'


def _searched(step: Search, view: _View) -> tuple[str, str]:
    if not step.found:
        return "Found nothing", "<p>No chunk of the articles matches the question.</p>"
    first, rest = step.found[:_SHOWN_ROWS], step.found[_SHOWN_ROWS:]
    legend = (
        '<p class="fn-trace-aside">Two searches, by meaning and by words, ranked together. Of each'
        " the rank, and then the score on a scale of its own.</p>"
    )
    more = _fold(f"{len(rest):,} more", _table(rest, view, "The rest of what was found"))
    left = f"<p>{step.left_out:,} more were not recorded.</p>" if step.left_out else ""
    table = _table(first, view, "What was found, best first")
    heading = f"Found {count(len(step.found) + step.left_out, 'chunk')}"
    return heading, f"{legend}{table}{more if rest else ''}{left}"


def _table(found: Sequence[FoundChunk], view: _View, caption: str) -> str:
    rows = "".join(_row(each, view) for each in found)
    names = ("Chunk", "Together", "Meaning", "Words")
    heads = "".join(f'<th scope="col">{name}</th>' for name in names)
    return (
        f'<table class="fn-trace-table"><caption class="fn-trace-hidden">{caption}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _row(found: FoundChunk, view: _View) -> str:
    ranks = "".join(map(_place, (found.fused, found.dense, found.lexical)))
    title = view.titles.get(found.span.document_id) or short_source(found.span.document_id)
    return (
        f'<tr><th scope="row">{_link(found.span, title)}'
        f'<span class="fn-trace-snippet">{_snippet(found.span, view)}</span></th>{ranks}</tr>'
    )


def _place(place: PlaceInRanking | None) -> str:
    if place is None:
        return '<td>–<span class="fn-trace-hidden"> not found</span></td>'
    return f'<td>{place.rank} <span class="fn-trace-score">{_score(place.score)}</span></td>'


def _score(score: float) -> str:
    return f"{score:.3g}" if abs(score) >= 0.001 else "≈ 0"


def _link(span: Span, title: str) -> str:
    """A link that opens the source at the span."""
    id = span.document_id
    href = f"source?document={urlquote(id, safe='')}&start={span.start}&end={span.end}#fn-current"
    return (
        f'<a class="fn-trace-link" data-act="source" data-document="{escape(id, quote=True)}" '
        f'data-start="{span.start}" href="{escape(href, quote=True)}">{escape_line(title, 90)}</a>'
    )


def _snippet(span: Span, view: _View) -> str:
    where = f"characters {span.start:,} to {span.end:,}"
    try:
        return escape_line(view.text(span), _SNIPPET) if view.text else where
    except FootnoteError:
        return f"{where}, which the index does not have any more"


def _selected(step: Selection) -> tuple[str, str]:
    if not step.selected:
        return "Nothing to read", "<p>None of it was fit to be shown to the model.</p>"
    body = _passages(step.selected)
    cut = f"{count(len(step.cut), 'passage')} cut off to fit the model"
    body += _fold(cut, _passages(step.cut)) if step.cut else ""
    return f"Chose {count(len(step.selected), 'passage')} for the model", body


def _passages(passages: Sequence[ShownPassage]) -> str:
    return f'<ol class="fn-trace-passages">{"".join(map(_passage, passages))}</ol>'


def _passage(passage: ShownPassage) -> str:
    return (
        f'<li><p class="fn-trace-row"><span class="fn-trace-number">{passage.number}</span>'
        f"{_link(passage.span, passage.title or short_source(passage.span.document_id))}"
        f' <span class="fn-trace-score">score {_score(passage.score)}</span></p>'
        f'<span class="fn-trace-snippet">{escape_line(passage.text, _EXTRACT)}</span></li>'
    )


def _requests(requests: Sequence[ModelRequest], view: _View) -> tuple[str, str]:
    times = f", {len(requests):,} times" if len(requests) > 1 else ""
    items = "".join(f"<li>{_request(each, view)}</li>" for each in requests)
    return f"{_ASKED[requests[0].purpose]}{times}", f'<ol class="fn-trace-requests">{items}</ol>'


def _request(request: ModelRequest, view: _View) -> str:
    numbers = _numbers(request, view.passages)
    of = f"Passage{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}: "
    texts = [(_ROLES[each.role], each.content) for each in request.messages]
    parts = "".join(
        f'<p class="fn-trace-label">{name}</p>{_verbatim(text)}'
        for name, text in (*texts, ("Reply", request.reply))
    )
    whole = _fold("The whole prompt and reply", parts + _usage(request))
    return f'<p class="fn-trace-reply">{of if numbers else ""}{_reply(request)}</p>{whole}'


def _reply(request: ModelRequest) -> str:
    if request.probability is None:
        return (
            f"<q>{escape_line(request.reply, _EXTRACT)}</q>"
            if request.reply.strip()
            else "No words."
        )
    share = min(1.0, max(0.0, request.probability))
    meter = f'<meter class="fn-trace-meter" value="{share:.3f}" aria-hidden="true"></meter>'
    return f"<strong>yes</strong> is {share:.0%} likely {meter}"


def _numbers(request: ModelRequest, passages: Sequence[ShownPassage]) -> list[int]:
    """The passages whose text stands in the prompt."""
    prompt = _flat(request.messages[-1].content) if request.messages else ""
    openings = {each.number: _flat(each.text)[:_OPENING] for each in passages}
    return [number for number, opening in openings.items() if opening and opening in prompt]


def _flat(text: str) -> str:
    """As prompts hold the text of passages, in a line, and with no fence that it could close."""
    return " ".join(text.replace("<", "‹").split())


def _usage(request: ModelRequest) -> str:
    usage = request.usage
    if not (usage.prompt_tokens or usage.completion_tokens):
        return ""
    known = f" ({usage.cached_tokens:,} of them known already)" if usage.cached_tokens else ""
    return (
        f'<p class="fn-trace-aside">{usage.prompt_tokens:,} tokens read{known}, '
        f"{usage.completion_tokens:,} written.</p>"
    )


def _verdicts(verdicts: Sequence[CheckedSentence]) -> tuple[str, str]:
    tally = Counter[str](each.action for each in verdicts)
    parts = ", ".join(
        f"{tally[action]} {word}" for action, word in _ACTIONS.items() if tally[action]
    )
    body = f'<ul class="fn-trace-verdicts">{"".join(map(_verdict, verdicts))}</ul>'
    return f"Checked {count(len(verdicts), 'sentence')}: {parts}", body


def _verdict(verdict: CheckedSentence) -> str:
    mark = claim_mark(verdict.origin, verdict.support)
    tag = "s" if verdict.action == "removed" else "span"
    action = "" if verdict.action == "kept" else f" · {_ACTIONS[verdict.action]}"
    return (
        f'<li class="fn-trace-{verdict.action}"><{tag} class="fn-trace-sentence">'
        f"{escape_line(verdict.text)}</{tag}>"
        f'<p class="fn-trace-verdict fn-trace-{mark.grade}">'
        f'<span aria-hidden="true">{mark.sign}</span> {mark.words}{action}</p>'
        f"{''.join(_details(verdict))}</li>"
    )


def _details(verdict: CheckedSentence) -> Iterator[str]:
    if verdict.reasons:
        reasons = "; ".join(verdict.reasons)
        yield f'<p class="fn-trace-aside">{escape_line(reasons[:1].upper() + reasons[1:])}.</p>'
    for quote in verdict.quotes:
        yield (
            f'<p class="fn-trace-quote"><span class="fn-trace-number">{quote.number}</span>'
            f"<q>{escape_line(quote.text)}</q></p>"
        )
    if verdict.quotes:
        carry = f"; grounding score {verdict.score:.0%}" if verdict.score else ""
        yield f'<p class="fn-trace-aside">{_ORIGINS[verdict.origin]}{carry}.</p>'
