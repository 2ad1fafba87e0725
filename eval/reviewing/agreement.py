"""How far two reviewers of the same drafts agree."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from eval.cases import CaseRow, Decision, read_rows
from eval.judging.kappa import Agreement, measure_agreement
from eval.reviewing.review_file import ReviewError
from eval.text_format import count_of, list_ids, one_line

DECISIONS: tuple[Decision, ...] = get_args(Decision)


@dataclass(frozen=True, slots=True)
class ReviewerAgreement:
    """Of the decisions of two files about the same cases. `differing` are the ids of those that
    they decided otherwise, `only_one` of those that only one of them decided, or has."""

    reviewers: tuple[str, str]
    agreement: Agreement
    differing: tuple[str, ...]
    only_one: tuple[str, ...]


def compare_reviews(file: Path, other: Path) -> ReviewerAgreement:
    """Compare the reviews in two files of the same drafts, by the ids of their cases. Raises
    `CaseError`, and `ReviewError` where no case was decided in both."""
    ours, theirs = _decided(file), _decided(other)
    both = [id for id in ours if id in theirs]
    if not both:
        raise ReviewError(
            f"No case was decided both in {one_line(file.name)} and in {one_line(other.name)}.",
            "Let two people review a copy each of the same drafts.",
        )
    pairs = [(_decision(ours[id]), _decision(theirs[id])) for id in both]
    clusters = [_cluster(ours[id]) for id in both]
    return ReviewerAgreement(
        (_names(ours), _names(theirs)),
        measure_agreement(pairs, clusters, verdicts=DECISIONS),
        tuple(id for id, (one, two) in zip(both, pairs, strict=True) if one != two),
        tuple(sorted(ours.keys() ^ theirs.keys())),
    )


def _decided(file: Path) -> dict[str, CaseRow]:
    return {row.id: row for _, row in read_rows(file) if row.review}


def _decision(row: CaseRow) -> str:
    return row.review.decision if row.review else ""


def _cluster(row: CaseRow) -> str:
    return row.evidence[0].document_id if row.evidence else row.id


def _names(rows: dict[str, CaseRow]) -> str:
    names = {row.review.reviewer for row in rows.values() if row.review}
    return " and ".join(sorted(names))


def agreement_lines(found: ReviewerAgreement) -> list[str]:
    """In words: the table, the share, kappa with its 95 % interval, and what they differ on."""
    first, second = (one_line(name, 40) for name in found.reviewers)
    width = max(map(len, DECISIONS)) + 2
    lines = [
        f"{first} (rows) and {second} (columns), {count_of(found.agreement.n)}:",
        " " * width + "".join(f"{name:>{width}}" for name in DECISIONS),
    ]
    for name, row in zip(DECISIONS, found.agreement.table, strict=True):
        lines.append(f"{name:<{width}}" + "".join(f"{number:>{width}}" for number in row))
    share = found.agreement.share
    lines.append(f"The same decision: {share.mean:.0%}." if share else "")
    lines.append(_kappa(found.agreement))
    if found.differing:
        lines.append(f"They differ on: {list_ids(found.differing, 20)}.")
    if found.only_one:
        lines.append(f"Decided by one of them only: {list_ids(found.only_one, 20)}.")
    return [line for line in lines if line]


def _kappa(agreement: Agreement) -> str:
    if agreement.kappa is None:
        return "Cohen's kappa: none, because by chance alone they would always agree."
    ends = agreement.interval
    interval = f" [{ends.low:.2f}, {ends.high:.2f}]" if ends else " (too few to give an interval)"
    return f"Cohen's kappa: {agreement.kappa:.2f}{interval}."
