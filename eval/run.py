"""Runs the golden questions, or a person's own cases, and stores the run.

Each case becomes one line of `results.jsonl` as soon as it is known; an error is a row of its
own, never a smaller number of cases. A run that ends adds `summary.json` and `report.html`; one
that breaks off can be gone on with.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import Literal

from eval import metrics
from eval.case_result import CaseResult, Outcome
from eval.cases import Case, load_cases
from eval.interruption import EXIT_INTERRUPTED as EXIT_INTERRUPTED
from eval.interruption import signals_interrupt
from eval.metrics import Entails
from eval.progress import progress
from eval.recording import Recording, record_answer
from eval.report.page import render_report
from eval.report.terminal import terminal_table
from eval.runs import results, summary, writing
from eval.runs.conditions import Conditions, current_conditions
from eval.runs.listing import REPORT, SUMMARY, Run, RunError
from eval.runs.summary import Summary
from eval.runs.writing import RunWriter
from eval.statistics.aggregate import run_statistics, statistics_by_tag
from eval.statistics.clusters import Clusters, cluster_cases
from rag.assistant import SEEDS, Assistant
from rag.internals import Scorer, build, reasons_against
from rag.settings import Settings

GOLDEN = Path(__file__).parent / "cases" / "seeds.jsonl"
Resume = Path | Literal["last"]
"""The folder of a run that broke off, or the newest of them."""
CaseFilter = Callable[[Sequence[Case]], Sequence[Case]]
"""Which of the cases are asked."""


def run_golden(
    settings: Settings,
    cases: Path | None,
    out: Path | None,
    resume: Resume | None = None,
    choose: CaseFilter = list,
) -> int:
    """Ask the golden questions of the seed articles alone, or those in the file `cases` of the
    person's own index, as `choose` leaves them; keep the run in `out`, by default a new folder in
    `evals` of the data directory; print the table. With `resume` go on with a run that broke off.

    Returns the exit code: 1 where a question ended in an error. Raises `CaseError`, and `RunError`
    where the run cannot be kept or gone on with.
    """
    runs_folder = settings.data_dir / "evals"
    if resume and out:
        raise RunError("A run goes on in its own folder.", "Leave out --out or --resume.")
    folder = writing.find_unfinished(runs_folder, resume) if resume else out
    with _open_assistant(settings, own=cases is not None) as assistant:
        known = load_cases(cases or GOLDEN, lambda id: assistant.library.document(id).text)
        known = list(choose(known))
        folder = folder or writing.new_run_folder(runs_folder)
        name = (cases or GOLDEN).name
        return run_and_store(assistant, known, name, folder, resume=bool(resume))


def first_cases(count: int) -> CaseFilter:
    return lambda cases: cases[:count]


def spread_cases(count: int) -> CaseFilter:
    """So many cases from all over the file; the same ones each time."""

    def chosen(cases: Sequence[Case]) -> Sequence[Case]:
        places = range(min(count, len(cases)))
        return [cases[place * len(cases) // len(places)] for place in places]

    return chosen


def cases_by_id(ids: Container[str]) -> CaseFilter:
    return lambda cases: [case for case in cases if case.id in ids]


@contextmanager
def _open_assistant(settings: Settings, *, own: bool) -> Iterator[Assistant]:
    """An assistant over the person's own index, or over one with just the seed articles."""
    if own:
        with build(settings) as assistant:
            assistant.ensure_seeds()
            yield assistant
        return
    with (
        tempfile.TemporaryDirectory(prefix="footnote-eval-") as folder,
        build(settings.in_folder(Path(folder))) as assistant,
    ):
        list(assistant.index(sorted(SEEDS.glob("*.txt"))))
        yield assistant


def run_and_store(
    assistant: Assistant,
    cases: Sequence[Case],
    name: str,
    folder: Path,
    *,
    resume: bool = False,
    quiet: bool = False,
) -> int:
    """Ask all `cases`, which come from a file of that `name`, and keep the run in `folder`, from
    its start or, with `resume`, from where it broke off; print the table, unless `quiet`.

    Returns the exit code. Raises `RunError`.
    """
    facts = current_conditions(assistant, cases, name)
    opened = writing.resume_run if resume else writing.start_run
    grouped = cluster_cases(cases)
    with opened(folder, facts, len(cases)) as writer:
        try:
            with signals_interrupt():
                rows = run_cases(cases, assistant, writer, grouped)
        except KeyboardInterrupt:
            print(_stopped(folder, len(cases)), file=sys.stderr)
            return EXIT_INTERRUPTED
        _finish(writer, current_conditions(assistant, cases, name), rows, grouped)
    if not quiet:
        print(terminal_table(rows, grouped.unit))
    print(f"The report is {folder / REPORT}", file=sys.stderr)
    return 1 if any(row.outcome == "error" for row in rows) else 0


def _stopped(folder: Path, total: int) -> str:
    done = len(Run(folder.name, folder).results().entries)
    return (
        f"\nStopped: {done} of {total} cases are kept in {folder}\n"
        f"To go on, give the same command with --resume {quote(str(folder))}"
    )


def run_cases(
    cases: Sequence[Case],
    assistant: Assistant,
    writer: RunWriter | None = None,
    grouped: Clusters | None = None,
    entails: Entails | None = None,
) -> list[CaseResult]:
    """One row for each case, in order; those that are not known yet are asked, and are on disk as
    soon as they are known.

    Raises `RunError` when one cannot be written.
    """
    grouped = grouped or cluster_cases(cases)
    known = writer.rows if writer else {}
    entails = entails or entailment(assistant.scorer)
    with progress(len(cases), list(known.values())) as tell:
        for case in cases:
            if case.id in known:
                continue
            observed = record_answer(case, assistant)
            row = case_result(case, observed, grouped.of[case.id], entails)
            known[case.id] = row
            if writer:
                quotes = [assistant.library.text(span) for span in case.evidence]
                writer.add(results.format_line(row, case, quotes, observed))
            tell(case, row)
    return [known[case.id] for case in cases]


def entailment(scorer: Scorer) -> Entails:
    """Quotes carry a claim where no rule speaks hard against it and the score calls it grounded."""

    def carried(claim: str, quotes: Sequence[str]) -> bool:
        ruled_out = any(reason.hard for reason in reasons_against(claim, quotes))
        return not ruled_out and scorer.score_claim(claim, quotes) >= scorer.threshold

    return carried


def case_result(case: Case, observed: Recording, cluster: str, entails: Entails) -> CaseResult:
    """What came of a case."""
    answer = observed.answer
    scores = metrics.score_case(case, observed, entails)
    return CaseResult(
        id=case.id,
        tags=case.tags,
        answerable=case.answerable,
        outcome=_outcome(observed, scores),
        text=answer.text if answer else observed.error,
        reason=answer.reason if answer else None,
        exact_quotes=not observed.inexact_citations,
        supports=tuple(claim.support for claim in answer.claims) if answer else (),
        cited=scores["gold_citation_recall"],
        seconds=observed.seconds,
        scores=scores,
        cluster=cluster,
    )


def _outcome(observed: Recording, scores: metrics.Scores) -> Outcome:
    if observed.answer is None:
        return "error"
    if observed.answer.status == "declined":
        return "declined"
    return "right" if scores["answer_right"] else "wrong"


def _finish(
    writer: RunWriter, facts: Conditions, rows: Sequence[CaseResult], grouped: Clusters
) -> None:
    whole = Summary(
        **asdict(facts),
        started=writer.header.started,
        finished=datetime.now(UTC).replace(microsecond=0),
        cases=len(rows),
        figures=run_statistics(rows),
        tags=statistics_by_tag(rows),
        cluster_unit=grouped.unit,
        resumed=writer.header.resumed,
    )
    with writing.errors_as_run_error(writer.folder):
        summary.write_summary(whole, writer.folder / SUMMARY)
        page = render_report(Run(writer.folder.name, writer.folder, whole))
        (writer.folder / REPORT).write_text(page, encoding="utf-8", errors="replace")
