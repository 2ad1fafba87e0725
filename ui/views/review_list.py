"""HTML of the review of thumbs: the case that each makes, to accept, to edit or to drop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from ui.records.feedback import REASONS
from ui.records.feedback_cases import ReviewedCase
from ui.translation import to_translate, translate, translate_count
from ui.views.citation_marks import escape_line

MAX_ROWS = 200
_STATES = {
    "open": to_translate("Not reviewed"),
    "accepted": to_translate("Accepted"),
    "dropped": to_translate("Dropped"),
}


def render_review(cases: Sequence[ReviewedCase]) -> str:
    """The section; empty where there is no thumb. The newest thumbs come first."""
    if not cases:
        return ""
    shown = [*reversed(cases)][:MAX_ROWS]
    more = len(cases) - len(shown)
    older = translate_count(
        more,
        "{n} older thumb is kept and not shown.",
        "{n} older thumbs are kept and not shown.",
    )
    hidden = f"<p>{older}</p>" if more else ""
    return (
        f'<section class="fn-feedback fn-review"><h3>{translate("Cases from your thumbs")}</h3>'
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
            '<a class="fn-new" href="export/cases.jsonl" download>'
            f"{translate_count(len(kept), 'Save {n} case', 'Save {n} cases')}</a> "
        )
    if accepted:
        links += (
            '<a class="fn-new" href="export/cases.jsonl?accepted=1" download>'
            f"{translate_count(len(accepted), 'Only the {n} accepted', 'Only the {n} accepted')}"
            "</a> "
        )
    command = "<code>footnote eval --cases cases.jsonl</code>"
    runs = f"{translate('and run them:')} {command}" if kept else ""
    rest = translate_count(
        why_not,
        "{n} thumb cannot be judged yet; each says why.",
        "{n} thumbs cannot be judged yet; each says why.",
    )
    rest = f" {rest}" if why_not else ""
    return f'<p class="fn-review-summary" role="status">{links}{runs}{rest}</p>'


def render_row(case: ReviewedCase) -> str:
    """One thumb."""
    id, decision = escape(case.exchange.id), case.feedback.decision
    facts = "".join(
        f"<div><dt>{name}</dt><dd>{escape_line(text, 400)}</dd></div>"
        for name, text in _facts(case)
        if text
    )
    state = translate(_STATES[decision])
    if case.row is None and decision != "dropped":
        state = translate("Cannot be judged")
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
    is_up = exchange.thumb == "up"
    reason = REASONS.get(feedback.reason, "")
    yield translate("Thumb"), translate("Helpful") if is_up else translate("Not helpful")
    yield translate("Reason"), reason and translate(reason)
    yield translate("Note"), exchange.note
    yield translate("Better answer"), feedback.better
    yield translate("Right sentence"), feedback.sentence[1] if feedback.sentence else ""
    if case.row is None:
        why_not = translate(case.why_not)
        full_stop = translate("{sentence}.", sentence=f"{why_not[:1].upper()}{why_not[1:]}")
        yield translate("Why not"), full_stop
    elif case.row["answerable"]:
        yield translate("An answer is right with"), f" {translate('or')} ".join(case.expected)
        evidence = " … ".join(each["quote"] for each in case.row["evidence"])
        yield translate("Evidence"), evidence
    else:
        yield translate("Right is"), translate("to decline")


def _buttons(case: ReviewedCase, id: str) -> str:
    decision = case.feedback.decision
    acts = []
    if case.row and decision != "accepted":
        acts.append(("accepted", translate("Accept")))
    if decision != "dropped":
        acts.append(("dropped", translate("Drop")))
    if decision != "open":
        acts.append(("open", translate("Take back")))
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
        else f'<label for="fn-expected-{id}">{translate("Right answers, one a line")}</label>'
        f'<textarea id="fn-expected-{id}" name="expected" rows="3">{answers}</textarea>'
    )
    return (
        f'<details class="fn-review-form"><summary>{translate("Edit")}</summary>'
        f'<label for="fn-asked-{id}">{translate("Question")}</label>'
        f'<input id="fn-asked-{id}" name="question" type="text" maxlength="2000"'
        f' value="{question}">{expected}'
        f'<button type="button" class="fn-new" data-act="review" data-exchange="{id}"'
        ' data-decision="accepted" data-edits="1">'
        f"{translate('Save and accept')}</button></details>"
    )
