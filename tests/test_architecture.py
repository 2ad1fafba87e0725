"""Who imports what, where settings are read, and what no file may name."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("rag", "ui", "eval")

# Who may import what. Everybody else goes through these modules.
OWNERS = {
    "gradio": {"ui"},
    "chromadb": {"eval.benchmarks.peers", "rag.store.chroma_directory", "rag.store.vectors"},
    "llama_index": {
        "eval.benchmarks.peers",
        "rag.store.chroma_directory",
        "rag.models.embeddings",
        "rag.ingest.chunking",
        "rag.integrations.llama_index",
    },
    "openai": {"rag.models.openai_client", "rag.models.chat", "ui.bench.api_load"},
    "httpx2": {"rag.models.openai_client"},
    "httpcore2": {"rag.ingest.checked_connection", "rag.ingest.web"},
    "onnxruntime": {"rag.models.embeddings"},
    "tokenizers": {"rag.models.embeddings", "eval.drafting.verbs"},
    "xllamacpp": {"rag.models.llama_worker"},
    "lxml": {
        "ui.records.export_docx",
        "ui.records.read_docx",
        "rag.ingest.readers.ebook",
        "rag.ingest.readers.html",
        "rag.ingest.readers.packages",
    },
    "markdown_it": {
        "eval.attack.scores",
        *("rag.ingest.readers.markdown", "ui.views.markdown_places", "ui.views.source_structure"),
    },
    "pypdfium2": {
        *("rag.ingest.page_image_worker", "rag.ingest.reading_worker"),
        *("rag.ingest.readers.pdf", "rag.ingest.readers.pdf_words"),
    },
    "ray": {"rag.ingest.ray_workers"},
    "striprtf": {"rag.ingest.readers.rich_text"},
    "chardet": {"rag.ingest.encodings"},
    "webencodings": {"rag.ingest.encodings"},
    "trafilatura": {"rag.ingest.readers.html"},
    "yaml": {"rag.ingest.readers.markdown"},
    "sqlite3": {
        "eval.robustness.index_work",
        "rag.store.fts5_tokens",
        "rag.store.library_schema",
        "rag.store.sqlite",
        "rag.store.job_store",
        "rag.store.library_check",
        "ui.records.history_schema",
    },
    "psycopg": {"rag.store.postgres"},
    "psycopg_pool": {"rag.store.postgres"},
    "rapidfuzz": {"rag.query.spelling"},
    "langchain_chroma": {"eval.benchmarks.peers"},
    "matplotlib": {"eval.report.drawing", "eval.report.plots", "eval.report.times"},
    "scipy": {"eval.fitting", "eval.attack.orders_fit"},
    "sklearn": {"eval.attack.orders_fit", "eval.benchmarks.question_kinds_fit", "eval.fitting"},
    "fastapi": {"ui"},
    "starlette": {"ui"},
    "uvicorn": {"ui"},
    "mcp": {"ui.api.mcp_server"},
    "prometheus_client": {"ui.questions.prometheus_metrics"},
    "opentelemetry": {"ui.questions.open_telemetry"},
    "requests": {"ui.questions.open_telemetry"},
    "playwright": {
        *("ui.bench.browser", "ui.bench.load", "ui.bench.page_load", "ui.bench.soak"),
        "ui.bench.tasks",
    },
    "typer": {"ui"},
    "rich": {"ui", "eval"},
}
# Libraries that take long to import: only the commands that need one load it.
HEAVY = {
    *("chromadb", "gradio", "llama_index", "matplotlib", "numpy", "onnxruntime", "openai"),
    *("psycopg", "psycopg_pool", "pydantic", "pypdfium2", "rapidfuzz", "ray", "sklearn"),
    *("tokenizers", "trafilatura", "xllamacpp"),
}
# Written so that this file does not name one itself.
INDEX_URL = re.compile(
    r"https?://[^\s\"'<>]*(?:py" + r"pi\b|python" + r"hosted|/simple\b|artifactory|\bnexus\b)|"
    r"--(?:extra-)?index" + r"-url|\[\[?tool\.uv\.index",
    re.IGNORECASE,
)


def sources(*packages: str) -> list[Path]:
    found = [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]
    assert found
    return found


def module(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


def imported(tree: ast.AST) -> Iterator[str]:
    """Full names of the modules that a file imports, anywhere in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@cache
def users_of_libraries() -> dict[str, set[str]]:
    """The modules that import a library, by its name."""
    users: dict[str, set[str]] = defaultdict(set)
    for path in sources(*PACKAGES):
        for name in imported(ast.parse(path.read_text("utf-8"))):
            users[name.split(".")[0]].add(module(path))
    return users


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    files = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [file for file in files if file.is_file()]


def test_imports_go_down_the_layers_only() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("library", OWNERS)
def test_a_library_is_imported_only_by_the_modules_that_own_it(library: str) -> None:
    users = users_of_libraries()[library]
    owners = OWNERS[library]
    strangers = {user for user in users if user not in owners and user.split(".")[0] not in owners}
    assert not strangers


def test_the_environment_is_read_in_one_place() -> None:
    reading = re.compile(r"\bos\.(?:environ\b(?!\.setdefault)|getenv\b)|\bfrom os import.*environ")
    readers = {module(p) for p in sources("rag", "ui") if reading.search(p.read_text("utf-8"))}
    assert readers <= {"rag.settings"}


def test_no_file_names_a_package_index() -> None:
    naming = []
    for file in tracked():
        try:
            text = file.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        if found := INDEX_URL.search(text):
            naming.append(f"{file.relative_to(ROOT)}: {found[0]}")
    assert not naming


@pytest.mark.parametrize(
    "line",
    [
        "https://py" + "pi.org/simple",
        "pip install --index" + "-url x",
        "https://files.python" + "hosted.org/x",
        "https://mirror.example/repository/sim" + "ple/",
    ],
)
def test_a_package_index_would_be_noticed(line: str) -> None:
    assert INDEX_URL.search(line)
