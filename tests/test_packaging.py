"""The wheel has every file of the packages, and works where only the wheel is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.asking import FENTANYL, NEWS, STATED
from tests.fakes import ScriptedServer
from tests.test_architecture import HEAVY, ROOT, tracked

PACKAGED = ("rag", "ui", "eval", "seeds")
# Python's own statement of what it imported, one line a module.
IMPORT_TIMES = ("-X", "importtime")
LIST_OWN_FILES = """
import atexit, sys
def tell():
    own = [m for n, m in sys.modules.items() if n.split(".")[0] in ("rag", "ui", "eval")]
    print(*(m.__file__ for m in own), sep="\\n", file=sys.stderr)
atexit.register(tell)
from ui.cli import app
app()
"""


def pip(*arguments: str | Path) -> None:
    """Run pip without an index, and without the packages that ours needs."""
    command = [sys.executable, "-m", "pip", *arguments, "--no-deps", "--no-index", "--quiet"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", ROOT, "--no-build-isolation", "--wheel-dir", folder)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing but the contents of the wheel."""
    folder = tmp_path_factory.mktemp("installed")
    pip("install", wheel, "--target", folder)
    return folder


def python(installed: Path, *arguments: str, **environment: str) -> tuple[str, str]:
    """Standard output and error of Python with our packages from `installed`, and the libraries
    that they need from this environment. It starts elsewhere, so as not to find this checkout."""
    ran = subprocess.run(
        [sys.executable, "-P", *arguments],
        cwd=installed.parent,
        env=os.environ | {"PYTHONPATH": str(installed)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout, ran.stderr


def imported(import_times: str) -> set[str]:
    """The top-level names of the modules in a report of `IMPORT_TIMES`."""
    return {line.rpartition("|")[2].strip().split(".")[0] for line in import_times.splitlines()}


def test_the_wheel_has_every_file_of_the_packages_and_no_other(wheel: Path) -> None:
    names = {file.relative_to(ROOT).as_posix() for file in tracked()}
    wanted = {name for name in names if name.split("/")[0] in PACKAGED}
    with ZipFile(wheel) as archive:
        found = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert found == wanted
    for example in ("rag/py.typed", "rag/checking/scorer.json", "rag/prompts/answer.md"):
        assert example in found
    assert f"seeds/{NEWS}" in found
    assert "ui/assets/page.js" in found


def test_the_installed_command_answers_from_its_own_files(installed: Path, tmp_path: Path) -> None:
    command = ("-c", LIST_OWN_FILES, "ask", FENTANYL, "--json")
    with ScriptedServer([f"{STATED} [1]"]) as server:
        settings = {
            "FOOTNOTE_LLM_BASE_URL": server.base_url,
            "FOOTNOTE_DATA_DIR": str(tmp_path / "data"),
        }
        answer, files = python(installed, *command, **settings)
    assert STATED in answer
    own = [Path(line) for line in files.splitlines() if line.endswith(".py")]
    assert len(own) > 40
    assert [file for file in own if not file.is_relative_to(installed)] == []


def test_the_installed_library_knows_its_version(installed: Path) -> None:
    out, _ = python(installed, "-c", "import rag; print(rag.__file__, rag.__version__)")
    file, version = out.split()
    assert Path(file) == installed / "rag" / "__init__.py"
    assert list(installed.glob(f"*-{version}.dist-info"))


@pytest.mark.parametrize(
    ("what", "wanted"),
    [(("-c", "import rag"), "rag"), (("bin/footnote", "--help"), "typer")],
    ids=["import rag", "footnote --help"],
)
def test_starting_loads_no_heavy_library(installed: Path, what: Sequence[str], wanted: str) -> None:
    program, *rest = what
    if (script := installed / program).is_file():
        program = str(script)
    _, times = python(installed, *IMPORT_TIMES, program, *rest)
    assert wanted in imported(times)
    assert not imported(times) & (HEAVY | {"rich"})
