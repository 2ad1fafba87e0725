"""HTML of the list of all drafted cases that are reviewed. All text is escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from urllib.parse import urlencode

from eval.reviewing.agreement import ReviewerAgreement
from eval.reviewing.review_file import ReviewedCase
from ui.translation import (
    format_list,
    translate,
    translate_count,
)
from ui.views.case_review_page import (
    KIND_NAMES,
    Done,
    FileFacts,
    message,
    page,
    reviewed_by,
    state_tag,
)
from ui.views.citation_marks import escape_line

MAX_DIFFERING = 50  # cases named on which two reviewers differ


def render_list(
    facts: FileFacts,
    cases: Sequence[ReviewedCase],
    *,
    command: str = "",
    agreement: ReviewerAgreement | str | None = None,
    from_thumbs: int = 0,
    done: Done | None = None,
    problem: str = "",
) -> str:
    """The page of all cases. `agreement` is that with another review, or why there is none;
    `from_thumbs` how many cases from thumbs are not in the list; `command` runs the cases."""
    title = translate("All cases")
    changed = sum(bool(each.changed) for each in cases)
    warns = ""
    if changed:
        words = translate_count(
            changed,
            "The source of {n} case changed: mark what it says now, or drop it.",
            "The sources of {n} cases changed: mark what they say now, or drop them.",
        )
        warns = f'<p class="fn-review-changed" role="note">{words}</p>'
    heads = "".join(
        f'<th scope="col">{words}</th>'
        for words in (
            translate("Question"),
            translate("Kind"),
            translate("State"),
            translate("Reviewer"),
        )
    )
    rows = "".join(_row(place, each) for place, each in enumerate(cases))
    inner = (
        f'<main class="fn-review-list-page"><h1>{title}</h1>{message(done, problem)}'
        f"{_finished(facts, command)}{warns}{_thumbs(from_thumbs)}{_agreement(agreement)}"
        f'<div class="fn-table" role="group" aria-label="{title}" tabindex="0">'
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div></main>"
    )
    return page(title, facts, inner)


def _row(place: int, each: ReviewedCase) -> str:
    kind = translate(KIND_NAMES[each.kind]) if each.kind else ""
    tags = state_tag(each.decision or "open") + (f" {state_tag('changed')}" if each.changed else "")
    look = ' class="fn-row-changed"' if each.changed else ""
    return (
        f'<tr{look}><td><a href="case?at={place}">{escape_line(each.row.question, 200)}</a></td>'
        f"<td>{kind}</td><td>{tags}</td><td>{reviewed_by(each)}</td></tr>"
    )


def _finished(facts: FileFacts, command: str) -> str:
    if facts.counts["open"] or not command:
        return ""
    words = translate("Every case is decided. To ask the cases:")
    return f'<p class="fn-review-finished">{words} <code>{escape_line(command)}</code></p>'


def _thumbs(number: int) -> str:
    if not number:
        return ""
    words = translate_count(number, "Add {n} case from thumbs", "Add {n} cases from thumbs")
    return f'<form method="post" action="thumbs"><button class="fn-decide">{words}</button></form>'


def _agreement(found: ReviewerAgreement | str | None) -> str:
    if found is None:
        return ""
    title = f"<h2>{translate('Agreement')}</h2>"
    if isinstance(found, str):
        return f'<section class="fn-agreement">{title}<p>{escape_line(found)}</p></section>'
    lines = "".join(f"<p>{line}</p>" for line in _agreement_lines(found) if line)
    return f'<section class="fn-agreement">{title}{lines}</section>'


def _agreement_lines(found: ReviewerAgreement) -> Iterator[str]:
    names = format_list([f"<b>{escape_line(each, 60)}</b>" for each in found.reviewers])
    both = translate_count(found.agreement.n, "{n} case", "{n} cases")
    yield translate("{names} both decided {cases}.", names=names, cases=both)
    kappa, ends = found.agreement.kappa, found.agreement.interval
    if found.agreement.share:
        yield translate(
            "The same decision: {share} %.", share=f"{found.agreement.share.mean:.0%}"[:-1]
        )
    if kappa is None:
        yield translate("Cohen’s kappa: none, because by chance alone they would always agree.")
    else:
        interval = f" [{ends.low:.2f}, {ends.high:.2f}]" if ends else ""
        yield translate("Cohen’s kappa: {value}.", value=f"{kappa:.2f}{interval}")
    links = format_list(
        [
            f'<a href="{escape("case?" + urlencode({"id": id}))}">{escape_line(id)}</a>'
            for id in found.differing[:MAX_DIFFERING]
        ]
    )
    yield translate("They differ on: {cases}.", cases=links) if links else ""
    only = len(found.only_one)
    yield (
        translate_count(
            only,
            "{n} case was decided by one of them only.",
            "{n} cases were decided by one of them only.",
        )
        if only
        else ""
    )
