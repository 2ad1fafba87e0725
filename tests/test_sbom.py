"""The bill of materials names what is installed, and nothing of this machine."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]


def written() -> str:
    command = [sys.executable, "docs/sbom.py"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_the_bill_names_every_package_and_the_weights() -> None:
    text = written()
    bill = json.loads(text)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    parts = {each["name"]: each for each in bill["components"]}
    assert len(parts) == len(bill["components"]) > 60
    for name in ("chromadb", "gradio", "starlette", "onnxruntime"):
        assert parts[name]["version"] == version(name)
        assert parts[name]["purl"] == f"pkg:pypi/{name}@{version(name)}"
    assert not {"pytest", "mypy", "ruff"} & parts.keys()
    (weights,) = [each for each in bill["components"] if "hashes" in each]
    assert re.fullmatch("[0-9a-f]{64}", weights["hashes"][0]["content"])
    assert str(ROOT) not in text
    assert "index-url" not in text
    assert text == written()
