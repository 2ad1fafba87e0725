"""How well are the golden questions answered?

Each case is asked of an index that holds the seed articles and nothing else, and becomes one line
of `results.jsonl`. An error is a row of its own, never a smaller number of cases.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, TypeVar

from eval.cases import Case, is_right, load
from rag.answer_json import to_json
from rag.assistant import SEEDS, Assistant
from rag.build import build
from rag.errors import FootnoteError
from rag.settings import Settings
from rag.types import Answer

GOLDEN = Path(__file__).parent / "cases" / "seeds.jsonl"

T = TypeVar("T")
Outcome = Literal["right", "wrong", "declined", "error"]


@dataclass(frozen=True, slots=True)
class Row:
    """One case and what came of it. `cited` is the share of the case's evidence spans that some
    citation overlaps; None where there is no evidence or no answer."""

    id: str
    tags: tuple[str, ...]
    answerable: bool
    outcome: Outcome
    text: str
    reason: str | None
    exact_quotes: bool
    supports: tuple[str, ...]
    cited: float | None
    seconds: float


def run_golden(settings: Settings, cases: Path | None, limit: int | None, out: Path | None) -> int:
    """Ask the cases in the file `cases` (the golden set by default), the first `limit` of them;
    write `results.jsonl` into `out` where given; print the table. Returns the exit code."""
    with (
        tempfile.TemporaryDirectory(prefix="footnote-eval-") as folder,
        build(settings.model_copy(update={"data_dir": Path(folder)})) as assistant,
    ):
        list(assistant.index(sorted(SEEDS.glob("*.txt"))))
        some = load(cases or GOLDEN, lambda id: assistant.library.document(id).text)
        rows = run(some[:limit], assistant, out)
    print(table(rows))
    return 1 if any(row.outcome == "error" for row in rows) else 0


def run(cases: Sequence[Case], assistant: Assistant, out: Path | None) -> list[Row]:
    """One row for each case, in order, each on disk as soon as it is known."""
    rows = []
    if out:
        out.mkdir(parents=True, exist_ok=True)
        (out / "results.jsonl").write_text("")
    for number, case in enumerate(cases, start=1):
        row, record = _row(case, assistant)
        rows.append(row)
        print(_line(number, len(cases), case, row), file=sys.stderr, flush=True)
        if out:
            with (out / "results.jsonl").open("a", encoding="utf-8") as file:
                entry = asdict(row) | {"question": case.question, "answer": record}
                file.write(json.dumps(entry, ensure_ascii=False) + "\n")
    return rows


def _row(case: Case, assistant: Assistant) -> tuple[Row, object]:
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
    return row, to_json(answer)


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
    good = row.outcome == ("right" if case.answerable else "declined")
    what = row.text or row.reason or ""
    return (
        f"{number:3}/{count} {'ok ' if good else 'MISS'} {row.outcome:8} {case.question} -> {what}"
    )


# --- the table --------------------------------------------------------------------------------


def table(rows: Sequence[Row]) -> str:
    """What a person wants to know of a run, as text."""
    yes = [row for row in rows if row.answerable]
    no = [row for row in rows if not row.answerable]
    answered = [row for row in rows if row.outcome in ("right", "wrong")]
    supports = [support for row in rows for support in row.supports]
    seconds = sorted(row.seconds for row in rows)
    lines = [
        _share("answerable: right", yes, lambda row: row.outcome == "right"),
        _share("answerable: declined", yes, lambda row: row.outcome == "declined"),
        _share("unanswerable: declined", no, lambda row: row.outcome == "declined"),
        _share("errors", rows, lambda row: row.outcome == "error"),
        _share("answers with every quote exact", answered, lambda row: row.exact_quotes),
        _share(
            "right answers citing gold evidence",
            [row for row in yes if row.outcome == "right"],
            lambda row: bool(row.cited),
        ),
        _share("sentences supported", supports, lambda support: support == "supported"),
        _share("sentences partly supported", supports, lambda support: support == "partial"),
    ]
    if seconds:
        middle, late = seconds[len(seconds) // 2], seconds[int(len(seconds) * 0.95)]
        lines.append(f"{'seconds a question, p50 and p95':38} {middle:.1f}  {late:.1f}")
    for tag in sorted({tag for row in rows for tag in row.tags}):
        tagged = [row for row in rows if tag in row.tags]
        lines.append(_share(f"  {tag}: as it should be", tagged, _as_it_should))
    return "\n".join(lines)


def _as_it_should(row: Row) -> bool:
    return row.outcome == ("right" if row.answerable else "declined")


def _share(name: str, items: Iterable[T], good: Callable[[T], bool]) -> str:
    flags = [good(item) for item in items]
    share = f"{sum(flags) / len(flags):6.1%}" if flags else "   n/a"
    return f"{name:38} {share}  {sum(flags)} of {len(flags)}"
