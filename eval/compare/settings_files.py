"""Settings to compare, a TOML file each, and the run that each of them gives.

    # small.toml
    model = "local"
    k = 10

A name is a setting as in docs/configuration.md, with or without ``FOOTNOTE_``. What a file leaves
out is as in the environment; `prompts_dir` is looked for beside the file. A run that is there
already, finished and measured the same way, is not made again; one that broke off is gone on with.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from eval.cases import load_cases
from eval.compare.loading import ComparedRun, load_run
from eval.run import EXIT_INTERRUPTED, run_and_store
from eval.runs.conditions import Conditions, current_conditions
from eval.runs.listing import RunError
from eval.runs.writing import errors_as_run_error, is_unfinished, reopen_run
from eval.text_format import one_line
from rag.errors import SettingsError
from rag.internals import build
from rag.settings import Settings, load_settings

PREFIX = "footnote_"
SAME = "settings.sha256"  # in the folder of a run: of the file of settings
_MEASURED = ("cases_digest", "corpus_digest", "prompts_digest", "settings")


class Interrupted(Exception):
    """Somebody stopped the comparison; what was answered is kept."""


@dataclass(frozen=True, slots=True)
class NamedSettings:
    """The settings in one file; `name` is that of the file, without its ending."""

    name: str
    settings: Settings
    digest: str  # of what the file says


def read_settings(files: Sequence[Path], data_dir: Path) -> list[NamedSettings]:
    """The settings of each file; the index is that in `data_dir`, unless a file names another.

    Raises `SettingsError` that names the file: it cannot be read, or says what is no setting.
    """
    found = [_read(file, data_dir) for file in files]
    names = [each.name for each in found]
    if len(set(names)) < len(names):
        raise SettingsError("Two of the files have one name.", "Rename one: the runs are named so.")
    return found


def _read(file: Path, data_dir: Path) -> NamedSettings:
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"{one_line(str(file))} cannot be read as TOML ({one_line(str(error))}).",
            'Write a line for each setting: k = 10, model = "local".',
        ) from error
    named = {_field(name): value for name, value in given.items()}
    if isinstance(folder := named.get("prompts_dir"), str):
        named["prompts_dir"] = file.parent / folder  # beside the file that names it
    try:
        settings = load_settings(**({"data_dir": data_dir} | named))
    except SettingsError as error:
        raise SettingsError(f"{one_line(file.name)}: {error.problem}", error.remedy) from error
    digest = sha256(json.dumps(named, sort_keys=True, default=str).encode()).hexdigest()
    return NamedSettings(file.stem, settings, digest)


def _field(name: str) -> str:
    """``FOOTNOTE_K`` as ``k``."""
    plain = name.lower().removeprefix(PREFIX)
    return {"llm_api_key": "api_key"}.get(plain, plain)


def check_cases(given: Sequence[NamedSettings], cases: Path) -> None:
    """Look up the cases in the articles of each of the settings, before one of them is asked.

    Raises `CaseError` and what opening the index raises.
    """
    by_index = {(each.settings.data_dir, each.settings.database_url): each for each in given}
    for each in by_index.values():
        with build(each.settings) as assistant:
            load_cases(cases, lambda id: assistant.library.document(id).text)


def run_settings(given: NamedSettings, cases: Path, out: Path) -> ComparedRun:
    """The run of the cases in the file `cases` with these settings, in a folder of `out`. Cases
    that ended in an error are asked again.

    Raises `RunError`, `CaseError`, `Interrupted`, and what opening the index raises.
    """
    folder = out / given.name
    with build(given.settings) as assistant:
        known = load_cases(cases, lambda id: assistant.library.document(id).text)
        facts = current_conditions(assistant, known, cases.name)
        found = _finished(folder, facts, given.digest)
        if found and not found.errors:
            return found
        reopened = bool(found) and reopen_run(folder, facts, len(known))
        left = len(found.errors) if found and reopened else len(known)
        print(f"{one_line(given.name)}: asking {left} questions", file=sys.stderr)
        resume = _is_same(folder, given.digest) and is_unfinished(folder)
        with errors_as_run_error(folder):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / SAME).write_text(given.digest, "utf-8")
        code = run_and_store(assistant, known, cases.name, folder, resume=resume, quiet=True)
        if code == EXIT_INTERRUPTED:
            raise Interrupted
    return load_run(folder)


def _finished(folder: Path, facts: Conditions, digest: str) -> ComparedRun | None:
    """The whole run of the same settings, cases and articles in the folder; None where that is not
    there."""
    if not _is_same(folder, digest):
        return None
    try:
        run = load_run(folder)
    except RunError:
        return None
    measured = {name: _plain(getattr(facts, name)) for name in _MEASURED}
    is_same = run.summary and all(getattr(run.summary, name) == measured[name] for name in measured)
    return run if is_same else None


def _is_same(folder: Path, digest: str) -> bool:
    try:
        return (folder / SAME).read_text("utf-8") == digest
    except OSError:
        return False


def _plain(value: Any) -> Any:
    """As it is read back from JSON."""
    return json.loads(json.dumps(value))
