"""Asks a judge, another language model, whether the quotes of a run support its claims.

Off unless a model is named. For each claim of each answer an OpenAI-compatible model is asked
whether the quotes support it; a failure is a row of its own, never a smaller number of claims. The
verdicts are kept in `judge.jsonl` in the run's folder, the agreement is printed.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from eval.compare.loading import ComparedRun, load_run
from eval.interruption import EXIT_INTERRUPTED as EXIT_INTERRUPTED
from eval.judging.agreement_table import print_agreement
from eval.judging.kappa import Verdict
from eval.judging.model_judge import ModelJudge, OpinionCache, prompt_digest
from eval.runs.listing import RESULTS, RunError
from eval.runs.results import CaseRecord
from eval.text_format import count_of, one_line
from rag.errors import ModelError, SettingsError
from rag.internals import (
    HOSTED_BUDGET_TOKENS,
    REASONING_TOKENS,
    OpenAIChat,
    OpenAIServer,
    Remedies,
)
from rag.settings import OPENAI_URL, Settings
from rag.types import Support

VERDICTS_FILE = "judge.jsonl"
CACHE_FILE = "judge-cache.jsonl"  # in `evals` of the data directory
REMEDIES = Remedies(
    "Check that the server runs, and FOOTNOTE_JUDGE_BASE_URL (it usually ends in /v1).",
    "Check FOOTNOTE_JUDGE_API_KEY.",
    "Check FOOTNOTE_JUDGE_MODEL, and FOOTNOTE_JUDGE_BASE_URL (it usually ends in /v1).",
)
_SHARED_NAMES = re.compile(r"\bFOOTNOTE_(?=TIMEOUT_S\b|MAX_TOKENS\b)")


class JudgeSettings(BaseSettings):
    """Who gives the second opinion. Apart from those of the program: neither the model under
    test nor its key is ever taken for the judge's."""

    model_config = SettingsConfigDict(
        env_prefix="FOOTNOTE_JUDGE_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    model: str | None = Field(default=None, description="The judge's name; without it, no judge.")
    base_url: str | None = Field(
        default=None, description="An OpenAI-compatible server; unset: OpenAI."
    )
    api_key: SecretStr | None = Field(default=None, description="Key of that server.")
    timeout_s: float = Field(default=60, gt=0, description="Longest silence of that server.")
    temperature: float | None = Field(
        default=None, ge=0, le=2, description="Sent only when set: some models refuse it."
    )
    max_tokens: int = Field(default=300, ge=50, description="Longest reply, in tokens.")

    @property
    def url(self) -> str:
        return self.base_url or OPENAI_URL


def judge_settings() -> JudgeSettings:
    """The settings in force. Raises `SettingsError`, naming each setting at fault."""
    try:
        return JudgeSettings()
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
            for fault in error.errors(include_input=False)
        )
        raise SettingsError(
            f"A setting of the judge has no usable value ({faults}).",
            "Correct the FOOTNOTE_JUDGE_ variable of that name.",
        ) from None  # the error's text repeats the values, a key among them


@dataclass(frozen=True, slots=True)
class JudgedClaim:
    """A claim of a run, with the local scorer's verdict on it and the judge's.

    `verdict` is None until it was judged, and after an `error`. `number` counts the claims of an
    answer from 1; `cached` where nothing was asked now.
    """

    case: str
    cluster: str
    number: int
    claim: str
    quotes: tuple[str, ...]
    local: Support
    local_reasons: tuple[str, ...]
    verdict: Verdict | None = None
    reason: str = ""
    error: str = ""
    cached: bool = False


def judge_run(run: Path, settings: Settings, own: JudgeSettings | None = None) -> int:
    """Judge the claims of the run in the folder `run`, or whose `results.jsonl` it is; print how
    far that agrees with the local scorer. `own` is read from the environment where not given.

    Returns the exit code: 1 where a claim could not be judged. Raises `SettingsError` where no
    judge is named, and `RunError`.
    """
    own = own or judge_settings()
    chat = judge_chat(own)
    found = load_run(run)
    claims = list(claims_of(found.entries.values()))
    if not claims:
        raise RunError(
            f"The run {one_line(found.name)} holds no claim to judge.", "Name another run."
        )
    judge_identity = (chat.name, own.url, own.temperature)
    cache = OpinionCache(settings.data_dir / "evals" / CACHE_FILE)
    judged_by = ModelJudge(chat, judge_identity, cache, max_tokens=own.max_tokens)
    try:
        rows = [_judged(row, judged_by) for row in _followed(claims, chat.name)]
    except KeyboardInterrupt:
        print(
            "\nStopped. What was said is kept; the same command goes on from there.",
            file=sys.stderr,
        )
        return EXIT_INTERRUPTED
    _write(rows, chat.name, _folder(run) / VERDICTS_FILE)
    print_agreement(found.name, chat.name, rows, _amiss(found))
    print(f"Every verdict is in {_folder(run) / VERDICTS_FILE}", file=sys.stderr)
    return 1 if any(row.error for row in rows) else 0


def judge_chat(own: JudgeSettings) -> OpenAIChat:
    """The judge. Raises `SettingsError` where none is named, or OpenAI's without a key."""
    if not own.model:
        raise SettingsError(
            "No model is named that could judge.",
            "Set FOOTNOTE_JUDGE_MODEL, and FOOTNOTE_JUDGE_BASE_URL where it is not OpenAI's.",
        )
    key = own.api_key.get_secret_value() if own.api_key else ""
    if not own.base_url and not key:
        raise SettingsError(
            "The judge is one of OpenAI's, and there is no key for it.",
            "Set FOOTNOTE_JUDGE_API_KEY, or FOOTNOTE_JUDGE_BASE_URL for another server.",
        )
    is_openai = own.url.rstrip("/") == OPENAI_URL
    return OpenAIChat(
        OpenAIServer(own.url, key, own.timeout_s, REMEDIES),
        own.model,
        budget_tokens=HOSTED_BUDGET_TOKENS,
        temperature=own.temperature,
        limit_parameter="max_completion_tokens" if is_openai else "max_tokens",
        reasoning_tokens=REASONING_TOKENS if is_openai else 0,
    )


def claims_of(entries: Iterable[CaseRecord]) -> Iterator[JudgedClaim]:
    """The claims of the answers, not judged yet. A decline has none, nor has an error."""
    for entry in entries:
        if entry.answer is None or entry.answer.status != "answered":
            continue
        for number, claim in enumerate(entry.answer.claims, start=1):
            yield JudgedClaim(
                case=entry.result.id,
                cluster=entry.result.cluster or entry.result.id,
                number=number,
                claim=claim.text,
                quotes=tuple(citation.quote for citation in claim.citations),
                local=claim.support,
                local_reasons=claim.reasons,
            )


def _judged(row: JudgedClaim, judge: ModelJudge) -> JudgedClaim:
    if known := judge.known(row.claim, row.quotes):
        return replace(row, verdict=known.verdict, reason=known.reason, cached=True)
    try:
        opinion = judge.ask(row.claim, row.quotes)
    except ModelError as error:
        # The remedies of the program name its own settings.
        return replace(row, error=one_line(_SHARED_NAMES.sub("FOOTNOTE_JUDGE_", str(error))))
    return replace(row, verdict=opinion.verdict, reason=opinion.reason)


def _followed(rows: Sequence[JudgedClaim], model: str) -> Iterator[JudgedClaim]:
    """Each of `rows`, told on standard error: a bar where that is a terminal, else a line."""
    title = f"{one_line(model)} judges {count_of(len(rows), 'claim')}"
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import track

        yield from track(rows, escape(title), console=Console(stderr=True))
        return
    print(title, file=sys.stderr)
    for number, row in enumerate(rows, start=1):
        line = f"{number:3}/{len(rows)} {one_line(row.case)}: {one_line(row.claim, 80)}"
        print(line, file=sys.stderr, flush=True)
        yield row


def _amiss(found: ComparedRun) -> list[str]:
    """What a person must know before trusting the figures."""
    silent = [e for e in found.entries.values() if not e.answer or e.answer.status != "answered"]
    notes = list(found.faults)
    if silent:
        errors = len(found.errors)
        notes.append(
            f"{count_of(len(silent))} of {len(found.entries):,} made no claim:"
            f" {len(silent) - errors:,} declined, {count_of(errors, 'error')}."
        )
    return notes


def _folder(run: Path) -> Path:
    return run.parent if run.name == RESULTS and run.is_file() else run


def _write(rows: Sequence[JudgedClaim], model: str, file: Path) -> None:
    """Write `file` whole or not at all. Raises `RunError`."""
    by = {"model": model, "prompt_digest": prompt_digest()}
    lines = [json.dumps(asdict(row) | {"error": row.error or None} | by) + "\n" for row in rows]
    part = file.with_name(f".{file.name}.part")
    try:
        part.write_text("".join(lines), encoding="utf-8")
        part.replace(file)
    except OSError as error:
        raise RunError(
            f"The verdicts cannot be kept in {file} ({error.strerror or error}).",
            "Make room there, and give the same command again: no claim is asked of twice.",
        ) from error
