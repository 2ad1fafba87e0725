"""The pictures of the README: they are there, and the command says why it cannot make them."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from importlib import util
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

from rag.errors import FootnoteError

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def pictures() -> Iterator[ModuleType]:
    spec = util.spec_from_file_location("pictures", DOCS / "pictures.py")
    assert spec
    assert spec.loader
    module = util.module_from_spec(spec)
    sys.modules["pictures"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["pictures"]


def test_every_picture_that_can_be_made_is_there(pictures: ModuleType) -> None:
    kept = {file.stem: file for file in (DOCS / "images").glob("*.png")}
    assert kept.keys() == pictures.PICTURES.keys()
    for file in kept.values():
        assert file.stat().st_size <= pictures.MAX_BYTES
        with Image.open(file) as image:
            assert min(image.size) >= 390


def test_a_picture_is_kept_with_few_colours(pictures: ModuleType, tmp_path: Path) -> None:
    taken = Image.linear_gradient("L").convert("RGB")
    size = pictures.write(_bytes(taken), tmp_path / "a.png")
    assert size == (tmp_path / "a.png").stat().st_size
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == taken.size
        assert len(image.getcolors() or ()) <= pictures.COLOURS


def test_a_picture_that_is_too_large_is_refused(pictures: ModuleType, tmp_path: Path) -> None:
    noise = Image.effect_noise((1500, 1500), 90).convert("RGB")
    with pytest.raises(FootnoteError, match="Make the window smaller"):
        pictures.write(_bytes(noise), tmp_path / "a.png")


def test_without_a_browser_one_is_told_what_to_install(
    pictures: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["pictures.py", "--out", str(tmp_path / "images")])
    assert pictures.main() != 0
    assert "apt-get install chromium" in capsys.readouterr().err


def _bytes(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
