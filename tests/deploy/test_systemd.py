"""The unit of systemd: checked by systemd's own programs, and its server run under what the unit allows."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from benchmarks.server import free_port
from stts.settings import Settings
from tests import patient
from tests.deploy.sandbox import settings
from tests.images import ROOT
from tests.patience import PATIENCE

pytestmark = pytest.mark.images

UNIT = ROOT / "deploy" / "systemd" / "stts.service"
GPU = ROOT / "deploy" / "systemd" / "gpu.conf"
HOME = "/opt/stts"
STATE = "/var/lib/stts"
MOST_EXPOSED = 20
"""Exposure in tenths: 13 today, of 100 for a unit that says nothing."""
INSIDE = """
set -e
mount --make-rprivate /
mount --bind "$1" /mnt
mount -o remount,bind,ro /
shift
exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
"""
"""A system that cannot be written to, a folder that can, and none of root's rights."""


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None or os.geteuid() != 0:
        assert not os.environ.get("STTS_REQUIRE_IMAGES"), "systemd-analyze, and root: make images"
        pytest.skip("systemd-analyze is not installed: make images")
    return patient.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)


def here(text: str) -> str:
    """The unit with the folders of this machine."""
    return text.replace(f"{HOME}/.venv/bin/python", sys.executable).replace(HOME, str(ROOT))


def complaints(text: str) -> list[str]:
    """Those about this unit; others of the machine that it waits for are looked at, too."""
    return [line for line in text.splitlines() if UNIT.name in line]


def test_it_is_right(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(here(UNIT.read_text(encoding="utf-8")), encoding="utf-8")
    (tmp_path / f"{UNIT.name}.d").mkdir()
    shutil.copy(GPU, tmp_path / f"{UNIT.name}.d")
    done = analyze("verify", "--man=no", unit)
    assert (done.returncode, complaints(done.stderr)) == (0, [])
    unit.write_text(unit.read_text(encoding="utf-8").replace("Restart=on-failure", "Restart=sometimes"))
    assert complaints(analyze("verify", "--man=no", unit).stderr)


def test_the_page_that_it_names_is_that_of_its_server() -> None:
    """It listens without TLS, on the port of its settings."""
    (address,) = [value for name, value in settings(UNIT) if name == "Documentation"]
    listens = Settings().server
    assert address == f"http://127.0.0.1:{listens.port}/docs"


def test_it_is_exposed_little() -> None:
    done = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", UNIT)
    assert done.returncode == 0, done.stdout


@contextmanager
def manager(name: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listens:
        listens.bind(f"\0{name}")
        listens.settimeout(PATIENCE)
        yield listens


def environment() -> dict[str, str]:
    """The variables of the unit, for a state folder that is mounted elsewhere."""
    lines = [value.replace(STATE, "/mnt") for name, value in settings(UNIT) if name == "Environment"]
    return dict(each.split("=", 1) for line in lines for each in shlex.split(line))


def test_its_server_works_under_what_it_allows(tmp_path: Path) -> None:
    """Nothing to write to but its folder, no right of root, and only the system calls of the unit."""
    analyze("--version")
    state = tmp_path / "state"
    (state / "tmp").mkdir(parents=True)
    port = free_port()
    name = f"stts-test-{os.getpid()}"
    (command,) = [here(value).split() for key, value in settings(UNIT) if key == "ExecStart"]
    sandbox = [sys.executable, str(ROOT / "tests" / "deploy" / "sandbox.py"), str(UNIT)]
    isolated = ["unshare", "--mount", "sh", "-c", INSIDE, "sh", str(state)]
    variables = {"PATH": os.environ["PATH"], "TMPDIR": "/mnt/tmp", "STTS_SERVER__PORT": str(port)}
    variables |= environment() | {"NOTIFY_SOCKET": f"@{name}", "WATCHDOG_USEC": "60000000"}
    with (
        manager(name) as told,
        subprocess.Popen([*isolated, *sandbox, *command], cwd=ROOT, env=variables) as server,
    ):
        try:
            assert told.recv(1000).startswith(b"READY=1")
            status = Path(f"/proc/{server.pid}/status").read_text(encoding="utf-8")
            assert "CapEff:\t0000000000000000" in status and "NoNewPrivs:\t1" in status
            assert "Seccomp_filters:\t2" in status
            speak_and_listen(port, state)
            psutil.Process(server.pid).send_signal(signal.SIGTERM)
            while not (message := told.recv(1000)).startswith(b"STOPPING=1"):
                assert message == b"WATCHDOG=1"
            assert server.wait(PATIENCE) == 0
        finally:
            server.kill()


def speak_and_listen(port: int, state: Path) -> None:
    """By the voices in this process and in others, and by the ear that compiles code for the processor."""
    file = state / "first.key"
    deadline = time.monotonic() + PATIENCE
    while not file.exists():
        assert time.monotonic() < deadline, "no key was made"
        time.sleep(0.05)
    headers = {"X-API-Key": file.read_text(encoding="utf-8").strip()}
    with patient.Client(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
        text = {"text": "The weather is fine today.", "stream": False}
        speech = client.post("/tts", json=text).raise_for_status().content
        client.post("/tts", json={**text, "engine": "espeak"}).raise_for_status()
        heard = client.post("/stt", files={"file": ("a.wav", speech)}, data={"engine": "faster_whisper"})
        assert "weather" in heard.raise_for_status().json()["text"].lower()
        saved = client.post("/tts", json={**text, "save": True})
        assert saved.status_code == 200, saved.text
