"""HTML of the review of thumbs: the case that each makes, to accept, to edit or to drop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from ui.records.feedback import REASONS
from ui.records.feedback_cases import ReviewedCase
from ui.safe_text import count
from ui.views.citation_marks import escape_line

MAX_ROWS = 200
_STATES = {"open": "Not reviewed", "accepted": "Accepted", "dropped": "Dropped"}


def render_review(cases: Sequence[ReviewedCase]) -> str:
    """The section; empty where there is no thumb. The newest thumbs come first."""
    if not cases:
        return ""
    shown = [*reversed(cases)][:MAX_ROWS]
    more = len(cases) - len(shown)
    hidden = f"<p>{count(more, 'older thumb')} are kept and not shown.</p>" if more else ""
    return (
        '<section class="fn-feedback fn-review"><h3>Cases from your thumbs</h3>'
        f"{render_summary(cases)}"
        f'<ul class="fn-review-list">{"".join(map(render_row, shown))}</ul>{hidden}</section>'
    )


def render_summary(cases: Sequence[ReviewedCase]) -> str:
    """How many cases there are, and links that save them."""
    kept = [case for case in cases if case.row and case.feedback.decision != "dropped"]
    accepted = [case for case in kept if case.feedback.decision == "accepted"]
    why_not = sum(case.row is None and case.feedback.decision != "dropped" for case in cases)
    links = ""
    if kept:
        links = (
            f'<a class="fn-new" href="export/cases.jsonl" download>Save {count(len(kept), "case")}'
            "</a> "
        )
    if accepted:
        links += (
            '<a class="fn-new" href="export/cases.jsonl?accepted=1" download>Only the '
            f"{len(accepted)} accepted</a> "
        )
    runs = "and run them: <code>footnote eval --cases cases.jsonl</code>" if kept else ""
    rest = f" {count(why_not, 'thumb')} cannot be judged yet; each says why." if why_not else ""
    return f'<p class="fn-review-summary" role="status">{links}{runs}{rest}</p>'


def render_row(case: ReviewedCase) -> str:
    """One thumb."""
    id, decision = escape(case.exchange.id), case.feedback.decision
    facts = "".join(
        f"<div><dt>{name}</dt><dd>{escape_line(text, 400)}</dd></div>"
        for name, text in _facts(case)
        if text
    )
    state = "Cannot be judged" if case.row is None and decision != "dropped" else _STATES[decision]
    return (
        f'<li class="fn-review-row fn-review-{decision}" data-exchange="{id}">'
        f'<p class="fn-review-question"><b>{_question(case)}</b> '
        f'<span class="fn-tag">{state}</span></p><dl>{facts}</dl>{_buttons(case, id)}'
        f"{_form(case, id)}</li>"
    )


def _question(case: ReviewedCase) -> str:
    row = case.row or {}
    return escape_line(str(row.get("question") or case.exchange.question), 300)


def _facts(case: ReviewedCase) -> Iterator[tuple[str, str]]:
    exchange, feedback = case.exchange, case.feedback
    yield "Thumb", "Helpful" if exchange.thumb == "up" else "Not helpful"
    yield "Reason", REASONS.get(feedback.reason, "")
    yield "Note", exchange.note
    yield "Better answer", feedback.better
    yield "Right sentence", feedback.sentence[1] if feedback.sentence else ""
    if case.row is None:
        yield "Why not", f"{case.why_not[:1].upper()}{case.why_not[1:]}."
    elif case.row["answerable"]:
        yield "An answer is right with", " or ".join(case.expected)
        yield "Evidence", " … ".join(each["quote"] for each in case.row["evidence"])
    else:
        yield "Right is", "to decline"


def _buttons(case: ReviewedCase, id: str) -> str:
    decision = case.feedback.decision
    acts = []
    if case.row and decision != "accepted":
        acts.append(("accepted", "Accept"))
    if decision != "dropped":
        acts.append(("dropped", "Drop"))
    if decision != "open":
        acts.append(("open", "Take back"))
    buttons = "".join(
        f'<button type="button" class="fn-new" data-act="review" data-exchange="{id}"'
        f' data-decision="{each}">{words}</button> '
        for each, words in acts
    )
    return f'<p class="fn-review-buttons">{buttons}</p>'


def _form(case: ReviewedCase, id: str) -> str:
    """Fields in which a case is edited; a decline that was right has only its question."""
    declines = case.row is not None and not case.row["answerable"]
    question = _question(case)
    answers = "\n".join(map(escape_line, case.feedback.expected or case.expected))
    expected = (
        ""
        if declines
        else f'<label for="fn-expected-{id}">Right answers, one a line</label>'
        f'<textarea id="fn-expected-{id}" name="expected" rows="3">{answers}</textarea>'
    )
    return (
        '<details class="fn-review-form"><summary>Edit</summary>'
        f'<label for="fn-asked-{id}">Question</label>'
        f'<input id="fn-asked-{id}" name="question" type="text" maxlength="2000"'
        f' value="{question}">{expected}'
        f'<button type="button" class="fn-new" data-act="review" data-exchange="{id}"'
        ' data-decision="accepted" data-edits="1">Save and accept</button></details>'
    )
