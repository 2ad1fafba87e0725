"""The conditions of a run: model, questions, articles, prompts and settings.

Two runs whose conditions agree should come out the same. No path of this machine, address or
secret is among them.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath, PureWindowsPath

from eval.cases import Case
from rag.assistant import Assistant
from rag.internals import prompts

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Conditions:
    """Digests are 16 hexadecimal digits."""

    model: str
    commit: str  # of the checkout, with "+changes" where files differ from it; or the version
    cases_file: str  # its name, without a folder
    cases_digest: str
    documents: int
    corpus_digest: str
    prompts_digest: str
    settings: dict[str, str | int | float | None]  # those that can change an answer


def current_conditions(assistant: Assistant, cases: Sequence[Case], cases_file: str) -> Conditions:
    """Those of asking `assistant` these `cases`. Its model is known by name once it was asked."""
    digests = assistant.library.digests()
    return Conditions(
        model=base_name(assistant.model.name),
        commit=current_commit(),
        cases_file=cases_file,
        cases_digest=_digest(map(_case_key, cases)),
        documents=len(digests),
        corpus_digest=_digest(f"{id}\0{digests[id]}" for id in sorted(digests)),
        prompts_digest=prompts.read_prompts(assistant.settings.prompts_dir).digest(),
        settings=_settings(assistant),
    )


def _case_key(case: Case) -> str:
    """All of a case that can change what it scores."""
    parts = (case.id, case.question, case.answerable, case.groups, case.evidence, case.history)
    return "\0".join(map(repr, (*parts, case.points) if case.points else parts))


def current_commit(root: Path = ROOT) -> str:
    """The commit checked out at `root`, or the package's version where it is no checkout."""
    git = shutil.which("git")
    if git and (root / ".git").exists():
        head = _git_output(git, root, "rev-parse", "--short=12", "HEAD")
        if head:
            changed = _git_output(git, root, "status", "--porcelain", "--untracked-files=no")
            return f"{head}+changes" if changed else head
    try:
        return version("footnote-qa")
    except PackageNotFoundError:
        return "unknown"


def base_name(model: str) -> str:
    """The name of a model without a folder: servers of GGUF files give a whole path."""
    is_path = PurePosixPath(model).is_absolute() or PureWindowsPath(model).is_absolute()
    return PureWindowsPath(model).name if is_path else model


def _settings(assistant: Assistant) -> dict[str, str | int | float | None]:
    settings = assistant.settings
    return {
        "provider": settings.provider,
        "embeddings": base_name(assistant.embedder.name),
        "k": settings.k,
        "budget_tokens": settings.budget_tokens,
        "max_tokens": settings.max_tokens,
        "temperature": settings.temperature,
    }


def _git_output(git: str, root: Path, *command: str) -> str:
    try:
        ran = subprocess.run(  # noqa: S603
            [git, "--no-optional-locks", "-C", str(root), *command],
            capture_output=True,
            timeout=20,
            check=True,
            text=True,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return ""
    return ran.stdout.strip()


def _digest(parts: Iterable[str]) -> str:
    return sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()[:16]
