"""The documents: links lead somewhere, tables are complete, and the README's program runs."""

from __future__ import annotations

import re
import shutil
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote

import pytest
from pydantic_settings import BaseSettings
from typer.main import get_command

import rag.errors
from eval.judging.judge_run import JudgeSettings
from rag.assistant import SEEDS
from rag.errors import FootnoteError
from rag.settings import Settings
from tests.asking import RATE, STATED
from tests.fakes import ScriptedServer
from ui.cli import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text("utf-8")

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE_BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_PATH = re.compile(r"`((?:rag|ui|eval|docs|tests|seeds)/[\w/.-]+)`")
_MODULE = re.compile(r"`((?:rag|ui|eval)(?:\.\w+)+)`|python -m ([\w.]+)")


DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("eval/*.md"), *ROOT.glob("seeds/*.md")]
)


def anchors(document: Path) -> set[str]:
    """The names under which GitHub links to the headings."""
    text = _CODE_BLOCK.sub("", document.read_text("utf-8"))
    headings = re.findall(r"^#{1,6} (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def rows(table_after: str) -> dict[str, list[str]]:
    """The rows of the first table after a heading of docs/configuration.md, by first cell."""
    section = CONFIGURATION.partition(f"\n## {table_after}\n")[2].partition("\n## ")[0]
    cells = [
        [cell.strip(" `") for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line.startswith("|")
    ]
    return {row[0]: row[1:] for row in cells[2:]}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files_and_headings_that_exist(document: Path) -> None:
    text = _CODE_BLOCK.sub("", document.read_text("utf-8"))
    for target in _LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = unquote(target).partition("#")
        path = (document.parent / name).resolve() if name else document
        assert path.exists(), target
        if anchor:
            assert anchor in anchors(path), target


@pytest.mark.parametrize(
    "document",
    [path for path in DOCUMENTS if path.name not in ("CHANGELOG.md", "experiments.md")],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_files_and_modules_that_a_document_names_exist(document: Path) -> None:
    text = document.read_text("utf-8")
    for path in _PATH.findall(text):
        assert (ROOT / path).exists(), path
    for found in _MODULE.finditer(text):
        assert exists(found[1] or found[2]), found[0]


def exists(name: str) -> bool:
    """True for a module, or for a name within one."""
    module, rest = name, list[str]()
    while module:
        try:
            found: object = import_module(module)
        except ModuleNotFoundError:
            module, _, last = module.rpartition(".")
            rest.insert(0, last)
        else:
            break
    else:
        return False
    for each in rest:
        if not hasattr(found, each):
            return False
        found = getattr(found, each)
    return True


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) < 150


def test_every_command_of_the_readme_exists_and_every_command_is_in_it() -> None:
    command = get_command(app)
    known = set(command.commands)  # type: ignore[attr-defined]
    named = set(re.findall(r"`footnote (\w+)", README))
    assert named == known


def _shown(default: float | bool | None) -> str:
    if default is None:
        return "unset"
    return str(default).lower() if isinstance(default, bool) else f"{default:g}"


@pytest.mark.parametrize("settings", [Settings, JudgeSettings])
def test_every_setting_is_documented_with_its_default(settings: type[BaseSettings]) -> None:
    documented = rows("Settings")
    for name, field in settings.model_fields.items():
        choices = getattr(field.validation_alias, "choices", None)
        prefix = settings.model_config.get("env_prefix", "")
        variable = str(choices[0]) if choices else f"{prefix}{name}".upper()
        assert variable in documented, variable
        if field.default_factory is None:
            default = _shown(field.default)
            assert documented[variable][0] == default, variable


def test_every_exit_code_is_documented_with_its_error() -> None:
    documented = {(code, row[0]) for code, row in rows("Exit codes").items() if row[0]}
    errors = [
        error
        for error in vars(rag.errors).values()
        if isinstance(error, type) and issubclass(error, FootnoteError)
    ]
    assert documented == {(str(error.exit_code), error.__name__) for error in errors}


def test_the_program_of_the_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (program,) = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    (tmp_path / "articles").mkdir()
    for seed in SEEDS.glob("*.txt"):
        shutil.copy(seed, tmp_path / "articles")
    monkeypatch.chdir(tmp_path)
    with ScriptedServer([f"{STATED} [1]"]) as server:
        monkeypatch.setenv("FOOTNOTE_LLM_BASE_URL", server.base_url)
        exec(compile(program, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert f"supported {STATED}" in printed
    assert RATE in printed


def test_every_metric_is_described_with_its_range_and_what_it_cannot_see() -> None:
    from eval.statistics.aggregate import STATISTIC_NAMES

    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    told = {name: row for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert told.keys() == set(STATISTIC_NAMES)
    for name, row in told.items():
        cells = [cell.strip() for cell in row.strip("|").split(" | ")]
        assert len(cells) == 5, name
        assert all(cells), name
