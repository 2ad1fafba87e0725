"""Reads the files of public data sets, strictly.

A missing file, a malformed line and an unknown field are errors that name file and line, so that
nothing is measured on fewer lines than there are.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from eval.runs.summary import first_problem
from rag.errors import FootnoteError, printable_line

NonBlank = Annotated[str, StringConstraints(pattern=r"\S")]


class EvalDataError(FootnoteError):
    """A data set that cannot be used; names the file and the line."""


class Record(BaseModel):
    """One line: fields that it does not name are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


R = TypeVar("R", bound=Record)
Numbered = list[tuple[int, R]]  # with the number of the line, from 1


def read_jsonl(path: Path, kind: type[R]) -> Numbered[R]:
    """The records of a file of JSON lines; blank lines are passed over. Raises `EvalDataError`."""
    found = []
    # Not splitlines(): JSON strings may hold U+2028.
    for number, line in enumerate(_text(path).split("\n"), start=1):
        if line.strip():
            try:
                found.append((number, kind.model_validate_json(line)))
            except ValidationError as error:
                raise line_error(path, number, first_problem(error)) from error
    return _some(path, found)


def read_csv(path: Path, kind: type[R]) -> Numbered[R]:
    """The records of a CSV file with a header of the names of `kind`'s fields, all of them text;
    a record's line is the one that it ends in. Raises `EvalDataError`."""
    rows = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    found = []
    try:
        header = next(rows, [])
        _check_header(path, header, kind.model_fields)
        for cells in rows:
            if len(cells) != len(header):
                problem = f"it has {len(cells)} fields, not {len(header)}"
                raise line_error(path, rows.line_num, problem)
            record = kind.model_validate(dict(zip(header, cells, strict=True)))
            found.append((rows.line_num, record))
    except csv.Error as error:
        raise line_error(path, rows.line_num, str(error)) from error
    except ValidationError as error:
        raise line_error(path, rows.line_num, first_problem(error)) from error
    return _some(path, found)


def find_files(data: Path, pattern: str) -> list[Path]:
    """The files of the folder `data` with names like `pattern`, sorted. Raises `EvalDataError`."""
    if not data.is_dir():
        raise EvalDataError(
            f"There is no folder {printable_line(data)}.",
            "Give the folder of the data set with --data.",
        )
    found = sorted(data.glob(pattern))
    if not found:
        raise _incomplete(f"The folder {printable_line(data.name)} holds no file {pattern}.")
    return found


def line_error(path: Path, line: int, problem: str) -> EvalDataError:
    """The error for one line of a file."""
    return EvalDataError(
        f"{printable_line(path.name)}, line {line}: {printable_line(problem)}.",
        "Get the file again, or correct the line.",
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise _incomplete(
            f"{printable_line(path.name)} is missing in {printable_line(path.parent)}."
        ) from error
    except (OSError, UnicodeError) as error:
        raise _incomplete(
            f"{printable_line(path.name)} cannot be read ({printable_line(error)})."
        ) from error


def _some(path: Path, found: Numbered[R]) -> Numbered[R]:
    if not found:
        raise _incomplete(f"{printable_line(path.name)} holds no record.")
    return found


def _check_header(path: Path, header: Sequence[str], fields: Mapping[str, Any]) -> None:
    missing, unknown = fields.keys() - set(header), set(header) - fields.keys()
    if missing:
        raise line_error(path, 1, f"it does not name the field {min(missing)}")
    if unknown:
        raise line_error(path, 1, f"it names an unknown field {min(unknown)!r}")
    if len(header) != len(fields):
        raise line_error(path, 1, "it names a field twice")


def _incomplete(problem: str) -> EvalDataError:
    return EvalDataError(problem, "Give the whole folder of the data set with --data.")
