"""No look-up, no connection but loopback, and no file outside the folders of Footnote.

The programs run under strace, with a home of their own: what a library does in its native code is
seen too. Python's sockets are not blocked here, as that would hide the calls.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from packaging.requirements import Requirement

from rag.settings import load_settings
from tests.asking import FENTANYL
from tests.fakes import ScriptedServer
from tests.test_reading_files import docx, pdf

ROOT = Path(__file__).parents[1]
REQUIRED = "STRACE_REQUIRED"  # set where a missing strace is a failure
PROGRAM = """
import signal
from ui.cli import app
signal.signal(signal.SIGINT, signal.default_int_handler)  # also where the caller ignores it
app()
"""
FOOTNOTE = [sys.executable, "-c", PROGRAM]
PATIENCE_S = 300
TELEMETRY = "ORT_DISABLE_TELEMETRY"
DNS_PORT = "53"
LOOKUP_FILES = {"/etc/resolv.conf", "/etc/hosts"}  # glibc reads them to look up a name
DEVICES = {"/dev/null"}
OPENING = ("open", "openat", "openat2")
CHANGING = (
    *("creat", "truncate", "mknod", "mknodat", "mkdir", "mkdirat", "unlink", "unlinkat", "rmdir"),
    *("rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat"),
)
# A question mark: strace passes over a call that this processor's Linux does not have.
TRACED = ",".join(("network", *(f"?{call}" for call in (*OPENING, *CHANGING))))

_CALL = re.compile(r"(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>-?\d+|\?)")
_WRITES = re.compile(r"\bO_(?:WRONLY|RDWR|CREAT|TRUNC)\b")
# A path after the folder that it starts from: `AT_FDCWD</home>, "a/b"`, or by itself.
_PATH = re.compile(r'(?:<(?P<folder>[^<>]*)>, )?"(?P<path>(?:[^"\\]|\\.)*)"')
_ADDRESS = re.compile(
    r"sin6?_port=htons\((?P<port>\d+)\).*?"
    r'(?:inet_addr\("|inet_pton\(AF_INET6, ")(?P<host>[^"]+)"'
)
_TO_A_FILE = re.compile(r'sun_path=@?"')


@dataclass(frozen=True)
class Call:
    """One system call that strace saw."""

    name: str
    arguments: str
    has_failed: bool

    @property
    def paths(self) -> list[Path]:
        return [
            ROOT / (match["folder"] or "") / match["path"]
            for match in _PATH.finditer(self.arguments)
        ]

    @property
    def leaves_the_machine(self) -> bool:
        """True for an address that is not loopback, a name server, or another local program."""
        to_a_file = self.name == "connect" and bool(_TO_A_FILE.search(self.arguments))
        return self.reaches_a_host or to_a_file

    @property
    def reaches_a_host(self) -> bool:
        """True for an address that is not loopback, or a name server."""
        addresses = _ADDRESS.finditer(self.arguments)
        return any(not is_loopback(each["host"]) or each["port"] == DNS_PORT for each in addresses)

    @property
    def looks_up_a_name(self) -> bool:
        return self.name in OPENING and any(str(path) in LOOKUP_FILES for path in self.paths)

    @property
    def written(self) -> list[Path]:
        """The files and folders that it makes, changes or removes."""
        changes = self.name in CHANGING or (self.name in OPENING and _WRITES.search(self.arguments))
        return self.paths if changes and not self.has_failed else []


def is_loopback(host: str) -> bool:
    address = ip_address(host)
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


class Watch:
    """Runs programs under strace in folders of their own, and tells what they should not do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home, self.data, self.cache, self.temporary, self.trace = (
            folder / name for name in ("home", "data", "cache", "tmp", "trace")
        )
        for each in (self.home, self.temporary, self.trace):
            each.mkdir()

    def start(self, command: Sequence[str], **settings: str | Path) -> subprocess.Popen[str]:
        """Start `command` with `settings` in its environment, in a session of its own.

        What goes to that session goes to the program: strace itself ignores signals.
        """
        strace = ["strace", "--follow-forks", "--output-separately", "--seccomp-bpf", "--quiet=all"]
        options = ["--decode-fds=path", "--string-limit=64", f"--trace={TRACED}"]
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": self.home,
            "TMPDIR": self.temporary,
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",  # where it is installed is not what is looked at
            "FOOTNOTE_DATA_DIR": self.data,
            "FOOTNOTE_CACHE_DIR": self.cache,
            **settings,
        }
        return subprocess.Popen(
            [*strace, *options, f"--output={self.trace / 'calls'}", *command],
            cwd=ROOT,
            env={name: str(value) for name, value in environment.items()},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, command: Sequence[str], **settings: str | Path) -> str:
        """What `command` prints."""
        out, errors = ended(self.start(command, **settings), expected=0)
        return out + errors

    def calls(self) -> Iterator[Call]:
        for file in self.trace.iterdir():
            for found in map(_CALL.match, file.read_text("utf-8", "replace").splitlines()):
                if found:
                    yield Call(found["name"], found["arguments"], found["result"].startswith("-"))

    def faults(self, *others: Path) -> list[str]:
        """What was done that should not be. Files may also be written below `others`."""
        allowed = (self.data, self.cache, self.temporary, *others)
        faults = [f"left in the temporary folder: {each}" for each in self.temporary.iterdir()]
        for call in self.calls():
            if call.leaves_the_machine or call.looks_up_a_name:
                faults.append(f"{call.name}({call.arguments})")
            faults += [
                f"written by {call.name}: {path}"
                for path in call.written
                if str(path) not in DEVICES and not any(map(path.is_relative_to, allowed))
            ]
        return faults


def ended(run: subprocess.Popen[str], expected: int) -> tuple[str, str]:
    """What a program has printed on standard output and error by its end."""
    try:
        out, errors = run.communicate(timeout=PATIENCE_S)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)
    assert run.returncode == expected, errors
    return out, errors


@pytest.fixture(scope="module")
def _strace() -> None:
    probe = ["strace", "--output=/dev/null", "true"]
    why = "strace is not installed: `apt-get install strace`."
    if shutil.which("strace"):
        ran = subprocess.run(probe, capture_output=True, text=True, check=False)
        if ran.returncode == 0:
            return
        why = f"strace may not watch a process here: {ran.stderr.strip()}"
    if os.environ.get(REQUIRED):
        pytest.fail(why)
    pytest.skip(why)


@pytest.fixture
def watch(_strace: None, tmp_path: Path) -> Watch:
    return Watch(tmp_path)


def test_indexing_keeps_to_its_folders_and_calls_nobody(watch: Watch) -> None:
    articles = watch.folder / "articles"
    articles.mkdir()
    (articles / "a.txt").write_text("The ferry is new. It sails twice a day.", "utf-8")
    (articles / "b.md").write_text("# Bridges\n\nThe bridge is old.", "utf-8")
    (articles / "c.html").write_text("<article><p>The tunnel is long.</p></article>", "utf-8")
    (articles / "d.jsonl").write_text('{"id": "d", "text": "The road is wide."}\n', "utf-8")
    (articles / "e.pdf").write_bytes(pdf("The port is deep."))
    (articles / "f.docx").write_bytes(docx("The rail is short."))
    assert "6 added" in watch.run([*FOOTNOTE, "index", str(articles)])
    assert watch.faults() == []
    assert any(call.written for call in watch.calls())


def test_a_ray_cluster_of_this_machine_calls_no_other_host(watch: Watch) -> None:
    """Its processes speak with each other by sockets and shared memory in folders of their own."""
    article = watch.folder / "a.txt"
    article.write_text("The ferry is new. It sails twice a day.", "utf-8")
    command = [*FOOTNOTE, "index", str(article), "--ray", "local", "--ray-workers", "1"]
    assert "1 added" in watch.run(command, PYTHONPATH=ROOT)
    assert [call for call in watch.calls() if call.reaches_a_host] == []
    assert any("sin_port" in call.arguments for call in watch.calls())
    assert list(watch.home.iterdir()) == []


def test_a_question_to_a_model_on_loopback_goes_nowhere_else(watch: Watch) -> None:
    with ScriptedServer(["A 20% rate applies to fentanyl. [1]"]) as server:
        watch.run([*FOOTNOTE, "ask", FENTANYL], FOOTNOTE_LLM_BASE_URL=server.base_url)
        assert server.requests
    assert watch.faults() == []


def test_an_evaluation_and_its_report_keep_to_their_folders(watch: Watch) -> None:
    with ScriptedServer(["A 20% rate applies to fentanyl. [1]"]) as server:
        watch.run([*FOOTNOTE, "eval", "--limit", "1"], FOOTNOTE_LLM_BASE_URL=server.base_url)
    assert list(watch.data.glob("evals/*/report.html"))
    assert watch.faults() == []


@pytest.mark.slow
def test_a_question_to_the_embedded_model_goes_nowhere(watch: Watch) -> None:
    joined = load_settings().cache_dir  # where this user's model is, not to join another
    answer = watch.run([*FOOTNOTE, "ask", FENTANYL], FOOTNOTE_CACHE_DIR=joined)
    assert "20%" in answer
    assert watch.faults(joined) == []


def test_the_page_keeps_to_its_folders_and_calls_nobody(watch: Watch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with ScriptedServer() as server:
        command = [*FOOTNOTE, "ui", "--mcp", "--metrics", "--port", str(port)]
        collector = server.base_url.removesuffix("/v1")  # it refuses, which is no matter
        settings = {"FOOTNOTE_LLM_BASE_URL": server.base_url, "FOOTNOTE_OTEL_ENDPOINT": collector}
        run = watch.start(command, **settings)
        try:
            assert run.stdout is not None
            assert url in run.stdout.readline()
            with httpx.Client(base_url=url, timeout=PATIENCE_S) as browser:
                assert "Footnote" in browser.get("/").text
                assert browser.get("/readyz").json()["index"]["state"] != "failed"
                assert "footnote_http_replies_total" in browser.get("/metrics").text
                asked = {"messages": [{"role": "user", "content": FENTANYL}]}
                assert browser.post("/v1/chat/completions", json=asked).status_code == 200
                sent = browser.post("/gradio_api/upload", files={"files": ("a.txt", b"A word.")})
                assert Path(sent.json()[0]).is_relative_to(watch.temporary)
        finally:
            os.killpg(run.pid, signal.SIGINT)
            ended(run, expected=130)
    assert watch.faults() == []


@pytest.mark.parametrize("module", ["rag", "ui.cli", "eval.run", "tests.conftest"])
def test_telemetry_is_off_once_a_module_of_ours_is_imported(module: str) -> None:
    """onnxruntime reads the variable at its import, which only modules of ours do."""
    code = (
        f"import os, sys; os.environ.pop({TELEMETRY!r}, None); import {module};"
        f"print(os.environ[{TELEMETRY!r}], 'onnxruntime' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == ["1", "False"]


IMPORTING = """
import importlib, os, sys
import rag
from ui.web import server
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # as `create_page` does
for name in sys.argv[1:]:
    importlib.import_module(name)
print("imported", len(sys.argv[1:]))
"""


def modules_of_dependencies() -> list[str]:
    """The top-level modules of the packages that Footnote needs, without those of extras."""
    from importlib.metadata import packages_distributions, requires

    wanted = {
        Requirement(each).name.lower().replace("_", "-")
        for each in requires("footnote-qa") or ()
        if "extra ==" not in each
    }
    return sorted(
        module
        for module, packages in packages_distributions().items()
        if wanted & {each.lower().replace("_", "-") for each in packages}
        and module.isidentifier()
        and not module.startswith("_")
    )


def test_importing_a_dependency_contacts_nobody(watch: Watch) -> None:
    modules = modules_of_dependencies()
    assert {"gradio", "chromadb", "onnxruntime", "openai", "trafilatura"} <= set(modules)
    told = watch.run([sys.executable, "-c", IMPORTING, *modules])
    assert f"imported {len(modules)}" in told
    assert [fault for fault in watch.faults() if not fault.startswith("left in")] == []


FAULTY = """
import os, socket, tempfile
from contextlib import suppress
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as looking:
    looking.connect(("192.0.2.1", 9))  # sends nothing
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as looking:
    looking.connect(("127.0.0.1", 53))
with socket.socket(socket.AF_UNIX) as looking, suppress(OSError):
    looking.connect("/run/nobody")
with suppress(OSError):
    open("/etc/resolv.conf").close()
os.mkdir(os.path.expanduser("~/.cache"))
os.chdir(os.path.expanduser("~"))
open("deviceid", "w").close()
tempfile.mkstemp(prefix="left")
"""


def test_a_fault_would_be_noticed(watch: Watch) -> None:
    watch.run([sys.executable, "-c", FAULTY])
    faults = "\n".join(watch.faults())
    for sign in ("192.0.2.1", "htons(53)", "/run/nobody", "resolv.conf", "/tmp/left"):
        assert sign in faults
    for name in (".cache", "deviceid"):
        assert f": {watch.home / name}" in faults
    assert len(watch.faults()) == 7
