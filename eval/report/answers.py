"""An answer in the report: its sentences with verdicts and quotes, and those removed.

Pure: each sentence with its verdict, the reasons for it, its score and its quotes; then the
sentences that did not stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from eval.case_result import CaseResult
from eval.report.html_text import escape_text, format_span
from eval.runs.results import CaseRecord
from rag.events import Checked
from rag.types import Citation, Claim

SUPPORTS = {
    "supported": ("✓", "good", "supported"),
    "partial": ("~", "fair", "partly supported"),
    "unsupported": ("✗", "bad", "not supported"),
    "unchecked": ("?", "fair", "not checked"),
}
ORIGINS: dict[str, tuple[str, str, str]] = {
    "closest": ("○", "fair", "closest passage"),
    "compared": ("≠", "fair", "sources differ"),
}
"""Of claims that are not the answer's own."""
REASONS = {
    "nothing retrieved": "nothing in the articles matched the question",
    "not stated": "no passage of the articles was found that states it",
    "nothing survived checking": "the articles do not support what the model wrote",
}
_Action = Literal["kept", "repaired", "removed"]
ACTIONS: dict[_Action, str] = {
    "removed": "removed",
    "repaired": "repaired, and given up with its attempt",
    "kept": "kept, and given up with its attempt",
}


def answer_section(entry: CaseRecord) -> str:
    """What came of the case: an error, a decline, or an answer sentence by sentence."""
    row, answer = entry.result, entry.answer
    if row.outcome == "error":
        body = f'<h4>Error</h4><p class="error">{escape_text(row.text)}</p>'
    elif row.outcome == "declined":
        reason = REASONS.get(row.reason or "", row.reason or "no reason was given")
        body = f"<h4>Answer</h4><p>Declined: {escape_text(reason)}.</p>"
    elif answer and answer.claims:
        mended = {each.claim.text for each in entry.recording.checked if each.action == "repaired"}
        claims = "".join(_claim(claim, mended=claim.text in mended) for claim in answer.claims)
        body = f'<h4>Answer</h4><ol class="claims">{claims}</ol>'
    else:
        body = f"<h4>Answer</h4><p>{escape_text(row.text) or 'It is empty.'}</p>"
    dropped = _dropped(entry.recording.checked, answer.claims if answer else ())
    return f'<section class="half">{body}{_cites(row)}{dropped}</section>'


def _claim(claim: Claim, *, mended: bool) -> str:
    quotes = "".join(map(_quote, claim.citations))
    note = '<p class="quiet">Repaired: the model wrote something else.</p>' if mended else ""
    return f"<li>{_sentence(claim)}{note}{quotes}</li>"


def _sentence(claim: Claim, action: str = "") -> str:
    """The sentence, and under it its verdict, its score and the reasons."""
    mark, state, word = ORIGINS.get(claim.origin, SUPPORTS[claim.support])
    numbers = dict.fromkeys(citation.number for citation in claim.citations)
    marks = "".join(f"<sup>[{number}]</sup>" for number in numbers)
    score = "" if claim.score is None else f", score {claim.score:.2f}"
    reasons = f": {escape_text('; '.join(claim.reasons))}" if claim.reasons else ""
    although = " although" if action == "removed" and claim.support == "supported" else ","
    done = f"<b>{action}</b>{although} " if action else ""
    return (
        f'<p class="sentence">{escape_text(claim.text)} {marks}</p>'
        f'<p class="support {state}"><span aria-hidden="true">{mark}</span> '
        f"{done}{word}{score}{reasons}</p>"
    )


def _quote(citation: Citation) -> str:
    return (
        f"<blockquote>{escape_text(citation.quote)}"
        f"<footer>[{citation.number}] {format_span(citation.span)}</footer>"
        "</blockquote>"
    )


def _dropped(checked: Sequence[Checked], claims: Sequence[Claim]) -> str:
    """Sentences that were checked and do not stand in the answer."""
    kept = {claim.text for claim in claims}  # their footnotes are numbered anew at the end
    lost = [each for each in checked if each.action == "removed" or each.claim.text not in kept]
    if not lost:
        return ""
    items = "".join(f"<li>{_sentence(each.claim, ACTIONS[each.action])}</li>" for each in lost)
    return f'<div class="dropped"><h4>Not in the answer</h4><ol class="claims">{items}</ol></div>'


def _cites(row: CaseResult) -> str:
    """What the run itself found of the citations, where there is something to say."""
    parts = []
    if not row.exact_quotes:
        parts.append("A quote is not the stored text at its place.")
    if row.cited == 0:
        parts.append("No citation touches the evidence.")
    items = "".join(f'<p class="remark">{part}</p>' for part in parts)
    if row.cited is not None and 0 < row.cited < 1:  # one place may be enough
        items += f'<p class="quiet">Citations touch {row.cited:.0%} of the evidence.</p>'
    return items
