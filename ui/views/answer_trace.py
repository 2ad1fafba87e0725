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
from ui.safe_text import strip_controls
from ui.translation import format_number, to_translate, translate, translate_count
from ui.views.citation_marks import escape_line, short_source

Text = Callable[[Span], str]  # the characters of a span; it may raise `FootnoteError`

_SHOWN_ROWS = 8  # of the hits, before the rest is folded away
_SNIPPET, _EXTRACT = 130, 260  # characters of a chunk, of a passage
_OPENING = 200  # characters by which a passage is known again in a prompt
_ASKED = {
    "rewrite": to_translate("Asked the model to make the question stand alone"),
    "judge": to_translate("Asked the model whether the answer is stated"),
    "extract": to_translate("Asked the model in which words"),
    "answer": to_translate("Asked the model to answer"),
    "repair": to_translate("Asked the model to mend a sentence"),
}
_ROLES = {
    "system": to_translate("Instructions"),
    "user": to_translate("Prompt"),
    "assistant": to_translate("Example of a reply"),
}
_ACTIONS = {  # the counts of sentences in the heading of the step, and the word beside each
    "kept": (to_translate("{n} kept"), ""),
    "repaired": (to_translate("{n} mended"), to_translate("mended")),
    "removed": (to_translate("{n} left out"), to_translate("left out")),
}
_ORIGINS = {
    "model": to_translate("The model cited it"),
    "matched": to_translate("Matched by code"),
    "compared": to_translate("Compared"),
    "closest": to_translate("The closest passage, quoted"),
}


_COLUMNS = (
    to_translate("Chunk"),
    to_translate("Together"),
    to_translate("Meaning"),
    to_translate("Words"),
)


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
        f'<h2 class="fn-trace-title" id="fn-trace-title">{translate("Why this answer")}'
        '</h2><button type="button" class="fn-close" data-act="close" '
        f'aria-label="{translate("Close")}">'
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
            return translate("Asked as"), f"<p>{escape_line(question)}</p>"
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
    kept = translate("Only the beginning was kept.")
    note = f'<p class="fn-trace-aside">{kept}</p>' if cut else ""
    shown = escape(strip_controls(text), quote=True) or translate("(nothing)")
    return f'<pre class="fn-trace-text" tabindex="0">{shown}</pre>{note}'


def _searched(step: Search, view: _View) -> tuple[str, str]:
    if not step.found:
        why = translate("No chunk of the articles matches the question.")
        return translate("Found nothing"), f"<p>{why}</p>"
    first, rest = step.found[:_SHOWN_ROWS], step.found[_SHOWN_ROWS:]
    legend = translate(
        "Two searches, by meaning and by words, ranked together. Of each the rank, and then the"
        " score on a scale of its own."
    )
    more = _fold(
        translate("{n} more", n=format_number(len(rest))),
        _table(rest, view, translate("The rest of what was found")),
    )
    left = translate_count(
        step.left_out, "{n} more was not recorded.", "{n} more were not recorded."
    )
    table = _table(first, view, translate("What was found, best first"))
    heading = translate_count(
        len(step.found) + step.left_out, "Found {n} chunk", "Found {n} chunks"
    )
    ends = (more if rest else "") + (f"<p>{left}</p>" if step.left_out else "")
    return heading, f'<p class="fn-trace-aside">{legend}</p>{table}{ends}'


def _table(found: Sequence[FoundChunk], view: _View, caption: str) -> str:
    rows = "".join(_row(each, view) for each in found)
    names = map(translate, _COLUMNS)
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
        return f'<td>–<span class="fn-trace-hidden"> {translate("not found")}</span></td>'
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
    where = translate(
        "characters {start} to {end}",
        start=format_number(span.start),
        end=format_number(span.end),
    )
    try:
        return escape_line(view.text(span), _SNIPPET) if view.text else where
    except FootnoteError:
        return translate("{where}, which the index does not have any more", where=where)


def _selected(step: Selection) -> tuple[str, str]:
    if not step.selected:
        why = translate("None of it was fit to be shown to the model.")
        return translate("Nothing to read"), f"<p>{why}</p>"
    body = _passages(step.selected)
    cut = translate_count(
        len(step.cut),
        "{n} passage cut off to fit the model",
        "{n} passages cut off to fit the model",
    )
    body += _fold(cut, _passages(step.cut)) if step.cut else ""
    heading = translate_count(
        len(step.selected), "Chose {n} passage for the model", "Chose {n} passages for the model"
    )
    return heading, body


def _passages(passages: Sequence[ShownPassage]) -> str:
    return f'<ol class="fn-trace-passages">{"".join(map(_passage, passages))}</ol>'


def _passage(passage: ShownPassage) -> str:
    return (
        f'<li><p class="fn-trace-row"><span class="fn-trace-number">{passage.number}</span>'
        f"{_link(passage.span, passage.title or short_source(passage.span.document_id))}"
        f' <span class="fn-trace-score">{translate("score {score}", score=_score(passage.score))}'
        "</span></p>"
        f'<span class="fn-trace-snippet">{escape_line(passage.text, _EXTRACT)}</span></li>'
    )


def _requests(requests: Sequence[ModelRequest], view: _View) -> tuple[str, str]:
    heading = translate(_ASKED[requests[0].purpose])
    if (times := len(requests)) > 1:
        heading = translate("{what}, {n} times", what=heading, n=format_number(times))
    items = "".join(f"<li>{_request(each, view)}</li>" for each in requests)
    return heading, f'<ol class="fn-trace-requests">{items}</ol>'


def _request(request: ModelRequest, view: _View) -> str:
    numbers = _numbers(request, view.passages)
    listed = ", ".join(map(str, numbers))
    of = translate("Passages {numbers}:", numbers=listed)
    if len(numbers) == 1:
        of = translate("Passage {numbers}:", numbers=listed)
    texts = [(translate(_ROLES[each.role]), each.content) for each in request.messages]
    parts = "".join(
        f'<p class="fn-trace-label">{name}</p>{_verbatim(text)}'
        for name, text in (*texts, (translate("Reply"), request.reply))
    )
    whole = _fold(translate("The whole prompt and reply"), parts + _usage(request))
    return f'<p class="fn-trace-reply">{of if numbers else ""} {_reply(request)}</p>{whole}'


def _reply(request: ModelRequest) -> str:
    if request.probability is None:
        return (
            f"<q>{escape_line(request.reply, _EXTRACT)}</q>"
            if request.reply.strip()
            else translate("No words.")
        )
    share = min(1.0, max(0.0, request.probability))
    meter = f'<meter class="fn-trace-meter" value="{share:.3f}" aria-hidden="true"></meter>'
    likely = translate(
        "{yes} is {chance} likely", yes="<strong>yes</strong>", chance=f"{share:.0%}"
    )
    return f"{likely} {meter}"


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
    says = to_translate("{read} tokens read, {written} written.")
    if usage.cached_tokens:
        says = to_translate(
            "{read} tokens read ({known} of them known already), {written} written."
        )
    numbers = {
        "read": format_number(usage.prompt_tokens),
        "written": format_number(usage.completion_tokens),
        "known": format_number(usage.cached_tokens),
    }
    return f'<p class="fn-trace-aside">{translate(says, **numbers)}</p>'


def _verdicts(verdicts: Sequence[CheckedSentence]) -> tuple[str, str]:
    tally = Counter[str](each.action for each in verdicts)
    parts = ", ".join(
        translate(number, n=format_number(tally[action]))
        for action, (number, _) in _ACTIONS.items()
        if tally[action]
    )
    body = f'<ul class="fn-trace-verdicts">{"".join(map(_verdict, verdicts))}</ul>'
    checked = translate_count(len(verdicts), "Checked {n} sentence", "Checked {n} sentences")
    return f"{checked}: {parts}", body


def _verdict(verdict: CheckedSentence) -> str:
    mark = claim_mark(verdict.origin, verdict.support)
    tag = "s" if verdict.action == "removed" else "span"
    word = translate(_ACTIONS[verdict.action][1])
    action = f" · {word}" if word else ""
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
        whence = translate(_ORIGINS[verdict.origin])
        score = translate("grounding score {score}", score=f"{verdict.score:.0%}")
        ends = "; ".join([whence, score] if verdict.score else [whence])
        yield f'<p class="fn-trace-aside">{ends}.</p>'
