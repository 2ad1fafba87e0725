"""The model file that is served is the one that was published."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections import namedtuple
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rag.errors import ModelFileError
from rag.models import gguf_files as module
from rag.models.gguf_files import QWEN, PackagedModel, model_file
from rag.settings import Settings, load_settings

PARTS = [b"GGUF" + bytes(range(256)) * 20, b"\x00" * 5000, b"the end"]
WHOLE = b"".join(PARTS)

Pack = Callable[..., PackagedModel]


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pack:
    """Installs packages that carry the given parts, and says what they should add up to."""
    folder = tmp_path / "site"
    monkeypatch.syspath_prepend(str(folder))

    def install(*parts: bytes) -> PackagedModel:
        names = [f"footnote_test_part{number}" for number in range(1, len(PARTS) + 1)]
        for number, (name, part) in enumerate(zip(names, parts, strict=False), start=1):
            (folder / name / "data").mkdir(parents=True, exist_ok=True)
            (folder / name / "__init__.py").write_text("raise RuntimeError('was run')")
            (folder / name / "data" / f"part{number:02d}.bin").write_bytes(part)
        return PackagedModel("tiny", tuple(names), len(WHOLE), hashlib.sha256(WHOLE).hexdigest())

    return install


@pytest.fixture
def cached(tmp_path: Path) -> Settings:
    return load_settings(cache_dir=tmp_path / "cache")


class Seen(list[tuple[int, int]]):
    """Records progress."""

    def __call__(self, done: int, total: int) -> None:
        self.append((done, total))


def test_parts_are_joined_in_order_and_progress_reaches_the_end(
    pack: Pack, cached: Settings
) -> None:
    seen = Seen()
    file = model_file(cached, seen, packaged=pack(*PARTS))
    assert file.read_bytes() == WHOLE
    assert file.name == f"tiny-{hashlib.sha256(WHOLE).hexdigest()[:8]}.gguf"
    assert seen[-1] == (len(WHOLE), len(WHOLE))
    assert seen == sorted(seen)
    assert not list(cached.cache_dir.glob("*.part"))


def test_a_joined_file_is_neither_joined_nor_read_again(pack: Pack, cached: Settings) -> None:
    packaged = pack(*PARTS)
    file = model_file(cached, packaged=packaged)
    seen, before = Seen(), file.stat()
    assert model_file(cached, seen, packaged=packaged) == file
    assert seen == []
    assert file.stat() == before


def test_a_file_that_was_not_verified_is_verified_and_used(pack: Pack, cached: Settings) -> None:
    packaged = pack(*PARTS)
    file = model_file(cached, packaged=packaged)
    for stamp in cached.cache_dir.glob("*.json"):
        stamp.write_text("{nonsense")
    seen, before = Seen(), file.stat().st_ino
    model_file(cached, seen, packaged=packaged)
    assert seen[-1] == (len(WHOLE), len(WHOLE))
    assert file.stat().st_ino == before
    seen.clear()
    model_file(cached, seen, packaged=packaged)
    assert seen == []


@pytest.mark.parametrize("damage", [b"", WHOLE[:-1], WHOLE + b"x", b"X" + WHOLE[1:]])
def test_a_damaged_file_is_joined_anew(pack: Pack, cached: Settings, damage: bytes) -> None:
    packaged = pack(*PARTS)
    file = model_file(cached, packaged=packaged)
    file.write_bytes(damage)
    os.utime(file, ns=(1, 1))
    assert model_file(cached, packaged=packaged).read_bytes() == WHOLE


def test_what_an_interrupted_join_left_is_overwritten(pack: Pack, cached: Settings) -> None:
    packaged = pack(*PARTS)
    cached.cache_dir.mkdir()
    left = cached.cache_dir / f"tiny-{packaged.sha256[:8]}.part"
    left.write_bytes(b"y" * 100_000)
    assert model_file(cached, packaged=packaged).read_bytes() == WHOLE
    assert not left.exists()


def test_an_interrupted_join_leaves_no_model_file(pack: Pack, cached: Settings) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model_file(cached, interrupt, packaged=pack(*PARTS))
    assert not [*cached.cache_dir.glob("*.gguf"), *cached.cache_dir.glob("*.part")]


def test_two_at_once_join_once(pack: Pack, cached: Settings) -> None:
    packaged = pack(*PARTS)
    both, seen = threading.Barrier(2), Seen()

    def join() -> Path:
        both.wait(5)
        return model_file(cached, seen, packaged=packaged)

    with ThreadPoolExecutor(2) as pool:
        files = [future.result() for future in [pool.submit(join), pool.submit(join)]]
    assert files[0] == files[1]
    assert [done for done, total in seen].count(len(WHOLE)) == 1


def test_another_process_waits_for_the_join(pack: Pack, cached: Settings) -> None:
    packaged = pack(*PARTS)
    code = (
        "import sys, json; sys.path[:0] = json.loads(sys.argv[1])\n"
        "from rag.models.gguf_files import PackagedModel, model_file\n"
        "from rag.settings import load_settings\n"
        "w = json.loads(sys.argv[2]); w['packages'] = tuple(w['packages'])\n"
        "seen = []; print('ready', flush=True)\n"
        "settings, packaged = load_settings(cache_dir=sys.argv[3]), PackagedModel(**w)\n"
        "model_file(settings, lambda *p: seen.append(p), packaged=packaged)\n"
        "print(len(seen))"
    )
    facts = {name: getattr(packaged, name) for name in PackagedModel.__dataclass_fields__}
    arguments = [json.dumps(sys.path), json.dumps(facts), str(cached.cache_dir)]
    others: list[subprocess.Popen[str]] = []

    def start_another(done: int, total: int) -> None:
        if not others:  # we hold the lock now
            command = [sys.executable, "-c", code, *arguments]
            others.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            assert others[0].stdout is not None
            assert others[0].stdout.readline() == "ready\n"

    model_file(cached, start_another, packaged=packaged)
    out, _ = others[0].communicate(timeout=30)
    assert out.strip() == "0"  # it found the file joined


def test_missing_packages_name_the_extra(pack: Pack, cached: Settings) -> None:
    with pytest.raises(ModelFileError, match=r"not installed\. .*footnote-qa\[local\]"):
        model_file(cached, packaged=pack(*PARTS[:2]))


@pytest.mark.parametrize(
    "parts", [[PARTS[1], PARTS[0], PARTS[2]], [b"", *PARTS[1:]], [*PARTS[:2], b"the END"]]
)
def test_damaged_packages_ask_for_a_reinstall(
    pack: Pack, cached: Settings, parts: list[bytes]
) -> None:
    with pytest.raises(ModelFileError, match=r"damaged\. Reinstall"):
        model_file(cached, packaged=pack(*parts))
    assert not list(cached.cache_dir.glob("*.gguf"))


def test_a_full_disk_is_an_error_before_anything_is_written(
    pack: Pack, cached: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = namedtuple("disk", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: disk(9, 9, module.MIN_SPARE_BYTES))
    seen = Seen()
    with pytest.raises(ModelFileError, match=r"disk space.*FOOTNOTE_CACHE_DIR"):
        model_file(cached, seen, packaged=pack(*PARTS))
    assert seen == []


def test_a_folder_that_cannot_be_made_names_the_setting(pack: Pack, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ModelFileError, match="FOOTNOTE_CACHE_DIR"):
        model_file(load_settings(cache_dir=tmp_path / "file" / "cache"), packaged=pack(*PARTS))


def test_a_model_of_ones_own_is_used_where_it_lies(tmp_path: Path) -> None:
    own = tmp_path / "own.gguf"
    own.write_bytes(b"GGUF and more")
    assert model_file(load_settings(model_path=own)) == own


@pytest.mark.parametrize("content", [b"", b"GGU", b"PK\x03\x04", None])
def test_a_model_of_ones_own_must_be_a_gguf_file(tmp_path: Path, content: bytes | None) -> None:
    own = tmp_path / "own\x1b[31m.gguf"
    if content is not None:
        own.write_bytes(content)
    with pytest.raises(ModelFileError, match="FOOTNOTE_MODEL_PATH") as raised:
        model_file(load_settings(model_path=own))
    assert str(raised.value).isprintable()


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="FOOTNOTE_MODEL_PATH"):
        model_file(load_settings(model_path=tmp_path))


def test_the_packaged_model_is_installed_whole() -> None:
    assert len(QWEN.parts()) == 22


@pytest.mark.slow
def test_the_packaged_model_joins_to_its_published_digest() -> None:
    assert model_file(load_settings()).stat().st_size == QWEN.size_bytes
