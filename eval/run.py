"""How well are the golden questions answered?

Each case becomes one line of `results.jsonl` as soon as it is known; an error is a row of its
own, never a smaller number of cases. A run that ends adds `summary.json` and `report.html`.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from eval import entries, runs, summary
from eval.cases import Case, is_right, load
from eval.conditions import Conditions, conditions
from eval.figures import Outcome, Row, by_tag, figures, table
from eval.report import report
from eval.runs import REPORT, RESULTS, SUMMARY, Run, RunError
from eval.summary import Summary
from rag.assistant import SEEDS, Assistant
from rag.build import build
from rag.errors import FootnoteError
from rag.settings import Settings
from rag.types import Answer

GOLDEN = Path(__file__).parent / "cases" / "seeds.jsonl"


def run_golden(settings: Settings, cases: Path | None, limit: int | None, out: Path | None) -> int:
    """Ask the first `limit` of the golden questions of the seed articles alone, or of those in the
    file `cases` of the person's own index; keep the run in `out`, by default a new folder in
    `evals` of the data directory; print the table.

    Returns the exit code. Raises `CaseError`, `RunError` where the run cannot be kept.
    """
    with _asked(settings, own=cases is not None) as assistant:
        known = load(cases or GOLDEN, lambda id: assistant.library.document(id).text)[:limit]
        started = datetime.now(UTC).replace(microsecond=0)
        folder = out or _new_folder(settings.data_dir / "evals", started)
        rows = run(known, assistant, folder)
        facts = conditions(assistant, known, (cases or GOLDEN).name)
    print(table(rows))
    with _kept(folder):
        _finish(folder, facts, rows, started)
    print(f"The report is {folder / REPORT}", file=sys.stderr)
    return 1 if any(row.outcome == "error" for row in rows) else 0


@contextmanager
def _asked(settings: Settings, *, own: bool) -> Iterator[Assistant]:
    """An assistant over the person's own index, or over one with just the seed articles."""
    if own:
        with build(settings) as assistant:
            assistant.ensure_seeds()
            yield assistant
        return
    with (
        tempfile.TemporaryDirectory(prefix="footnote-eval-") as folder,
        build(settings.model_copy(update={"data_dir": Path(folder)})) as assistant,
    ):
        list(assistant.index(sorted(SEEDS.glob("*.txt"))))
        yield assistant


def run(cases: Sequence[Case], assistant: Assistant, out: Path | None) -> list[Row]:
    """One row for each case, in order, each on disk in `out` as soon as it is known.

    Raises `RunError` when it cannot be written.
    """
    rows = []
    if out:
        with _kept(out):
            _prepare(out)
    for number, case in enumerate(cases, start=1):
        row, answer = _row(case, assistant)
        rows.append(row)
        print(_line(number, len(cases), case, row), file=sys.stderr, flush=True)
        if out:
            quotes = [assistant.library.text(span) for span in case.evidence]
            with _kept(out):
                _append(entries.line(row, case, quotes, answer), out / RESULTS)
    return rows


def _row(case: Case, assistant: Assistant) -> tuple[Row, Answer | None]:
    started = time.perf_counter()
    try:
        answer = assistant.ask(case.question, case.history)
    except FootnoteError as error:
        passed = round(time.perf_counter() - started, 2)
        row = Row(
            case.id, case.tags, case.answerable, "error", str(error), None, True, (), None, passed
        )
        return row, None
    passed = round(time.perf_counter() - started, 2)
    citations = [citation for claim in answer.claims for citation in claim.citations]
    row = Row(
        id=case.id,
        tags=case.tags,
        answerable=case.answerable,
        outcome=_outcome(case, answer),
        text=answer.text,
        reason=answer.reason,
        exact_quotes=all(assistant.quote_holds(citation) for citation in citations),
        supports=tuple(claim.support for claim in answer.claims),
        cited=_cited(case, answer),
        seconds=passed,
    )
    return row, answer


def _outcome(case: Case, answer: Answer) -> Outcome:
    if answer.status == "declined":
        return "declined"
    return "right" if case.answerable and is_right(case, answer.text) else "wrong"


def _cited(case: Case, answer: Answer) -> float | None:
    spans = [citation.span for claim in answer.claims for citation in claim.citations]
    if not case.evidence or not spans:
        return None
    return sum(any(e.overlaps(s) for s in spans) for e in case.evidence) / len(case.evidence)


def _line(number: int, count: int, case: Case, row: Row) -> str:
    mark = "ok " if row.expected else "MISS"
    told = f"{case.question} -> {row.text or row.reason or ''}"
    printable = "".join(char if char.isprintable() else " " for char in told)
    return f"{number:3}/{count} {mark} {row.outcome:8} {printable}"


# --- keeping the run --------------------------------------------------------------------------


def _new_folder(folder: Path, started: datetime) -> Path:
    with _kept(folder):
        return runs.create(folder, started)


@contextmanager
def _kept(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RunError(
            f"The run cannot be kept in {folder} ({error.strerror or error}).",
            "Make room or choose another folder with --out.",
        ) from error


def _prepare(folder: Path) -> None:
    """Make the folder, and remove what an earlier run left in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (SUMMARY, REPORT):
        (folder / name).unlink(missing_ok=True)
    (folder / RESULTS).write_text("")


def _append(line: str, file: Path) -> None:
    with file.open("a", encoding="utf-8", errors="replace") as written:
        written.write(line)


def _finish(folder: Path, facts: Conditions, rows: Sequence[Row], started: datetime) -> None:
    whole = Summary(
        **asdict(facts),
        started=started,
        finished=datetime.now(UTC).replace(microsecond=0),
        cases=len(rows),
        figures={str(name): figure for name, figure in figures(rows).items()},
        tags=by_tag(rows),
    )
    summary.write(whole, folder / SUMMARY)
    page = report(Run(folder.name, folder, whole))
    (folder / REPORT).write_text(page, encoding="utf-8", errors="replace")
