"""Writes a software bill of materials (CycloneDX 1.6, JSON) of what is installed: ``python
docs/sbom.py > sbom.json``.

It names Footnote, every package that it needs with the extras that are installed, with version and
licence, and the weights of the language model with their hash. It reads the metadata of this
environment, and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from rag.models.gguf_files import QWEN

ROOT = "footnote-qa"
EXTRAS = ("", "local", "mcp", "eval")  # not those for developing


def needed(name: str, extras: tuple[str, ...] = ("",)) -> Iterator[Distribution]:
    """The installed packages that `name` needs, each once, itself first."""
    seen: set[tuple[str, tuple[str, ...]]] = set()
    given: set[str] = set()
    queue = [(name, extras)]
    while queue:
        name, extras = queue.pop(0)
        if (canonicalize_name(name), extras) in seen:
            continue
        seen.add((canonicalize_name(name), extras))
        try:
            found = distribution(name)
        except PackageNotFoundError:  # of an extra, or of another system
            continue
        if canonicalize_name(name) not in given:
            given.add(canonicalize_name(name))
            yield found
        for each in map(Requirement, found.requires or ()):
            if each.marker is None or any(each.marker.evaluate({"extra": one}) for one in extras):
                queue.append((each.name, ("", *sorted(each.extras))))


def component(found: Distribution) -> dict[str, Any]:
    """One package as CycloneDX has it."""
    name, version = canonicalize_name(found.name), found.version
    about = found.metadata
    licence = about.get("License-Expression") or (about.get("License") or "").split("\n")[0][:100]
    named = [
        each.split("::")[-1].strip()
        for each in about.get_all("Classifier") or ()
        if each.startswith("License ::")
    ]
    licence = licence or ", ".join(named)
    made: dict[str, Any] = {
        "type": "library",
        "bom-ref": f"pkg:pypi/{name}@{version}",
        "purl": f"pkg:pypi/{name}@{version}",
        "name": name,
        "version": version,
    }
    return made | ({"licenses": [{"license": {"name": licence}}]} if licence else {})


def weights() -> dict[str, Any]:
    """The weights of the language model, whose hash is checked before they are used."""
    return {
        "type": "machine-learning-model",
        "bom-ref": "weights",
        "name": QWEN.name,
        "licenses": [{"license": {"id": "Apache-2.0"}}],
        "hashes": [{"alg": "SHA-256", "content": QWEN.sha256}],
    }


def bill() -> dict[str, Any]:
    """The whole document. It holds no time and no random number: equal for equal environments."""
    root, *others = needed(ROOT, EXTRAS)
    parts = sorted(map(component, others), key=lambda each: str(each["name"]))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {**component(root), "type": "application"}},
        "components": [*parts, weights()],
    }


if __name__ == "__main__":
    print(json.dumps(bill(), indent=2))
