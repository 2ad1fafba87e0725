"""Features of labelled texts, kept on disk: made once for all measurements and fits.

A file holds the features of one version of the code that makes them; another version gets a file
of its own. A line that cannot be read is as if it were not there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import rag
from rag.internals import FEATURE_NAMES, FeatureName, Scorer, ScorerModel

_CODE = ("checking/*.py", "text/**/*", "thresholds.py", "models/token_embeddings.py")

Found = list[dict[FeatureName, float]]


class CachingScorer(Scorer):
    """Makes the features of a text once. Those of this process are kept in memory, those of all in
    `folder`, where there is one.

    Raises `OSError` where the folder cannot be written.
    """

    def __init__(self, folder: Path | None = None, weights: ScorerModel | None = None) -> None:
        super().__init__(weights)
        self._file = folder / f"scorer-features-{code_digest()}.jsonl" if folder else None
        self._known = dict(_read(self._file)) if self._file else {}

    def features(self, claims: Sequence[str], sources: Sequence[str]) -> Found:
        key = sha256(json.dumps([list(claims), list(sources)]).encode()).hexdigest()[:32]
        if key not in self._known:
            self._known[key] = super().features(claims, sources)
            self._keep(key)
        return self._known[key]

    def _keep(self, key: str) -> None:
        if self._file is None:
            return
        rows = [[each[name] for name in FEATURE_NAMES] for each in self._known[key]]
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps([key, rows]) + "\n")


def code_digest() -> str:
    """Of all files that decide what the features of a text are."""
    root = Path(rag.__file__).parent
    files = sorted({file for each in _CODE for file in root.glob(each) if file.is_file()})
    digest = sha256()
    for file in files:
        if file.suffix in (".py", ".txt", ".json", ".toml") and file.name != "scorer.json":
            digest.update(file.relative_to(root).as_posix().encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _read(file: Path) -> Iterator[tuple[str, Found]]:
    if not file.is_file():
        return
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            key, rows = json.loads(line)
            yield key, [dict(zip(FEATURE_NAMES, map(float, row), strict=True)) for row in rows]
        except (ValueError, TypeError):
            continue
