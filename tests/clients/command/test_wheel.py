"""The wheel of `pip install .`: all files are in it, and its command works outside a checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.server import free_port
from clients.caller import Caller
from tests.patience import PATIENCE

pytestmark = pytest.mark.socket

ROOT = Path(__file__).parents[3]
ROOMS = ("stts", "engines", "adapters", "middleware", "routers", "embedded", "commands", "clients")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the wheel was unpacked. It is built from a copy: setuptools writes beside what it builds."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in (*ROOMS, "installed", "requirements", "server_v2.py", "setup.py", "pyproject.toml", "LICENSE"):
        (source / name).symlink_to(ROOT / name)
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-cache-dir", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", str(folder), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def environment(installed: Path, folder: Path) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("STTS_", "PYTHONPATH"))}
    return {
        **own,
        "PYTHONPATH": str(installed),
        "XDG_DATA_HOME": str(folder / "home"),
        "STTS_WYOMING__ENABLED": "false",
    }


def test_every_file_of_the_rooms_is_in_it(installed: Path) -> None:
    there = {path.relative_to(installed / "stts_server") for path in (installed / "stts_server").rglob("*")}
    ours = {
        path.relative_to(ROOT)
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert ours - there == set()
    assert {Path("server_v2.py"), Path("requirements/worker.txt")} <= there
    entry = next(installed.glob("*.dist-info")) / "entry_points.txt"
    assert "stts = stts_server:main" in entry.read_text()


@pytest.fixture
def address(installed: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a server that the command of the wheel has started in an empty folder."""
    variables = environment(installed, tmp_path)
    command = [sys.executable, "-P", "-m", "stts_server", "serve", "--port", str(free_port())]
    with subprocess.Popen(command, cwd=tmp_path, env=variables, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().rsplit(" at ", 1)[1].strip()
        finally:
            process.terminate()


def test_it_serves_pages_and_speaks_in_any_folder(address: str, installed: Path, tmp_path: Path) -> None:
    caller = Caller(address)
    assert b"<html" in caller.ask("GET", "/app/home").body
    spoken = caller.post("/tts", {"text": "Hello.", "engine": "espeak"})
    assert (spoken.status, spoken.body[:4]) == (200, b"RIFF")
    # What it keeps lies in the folder of the user, and neither here nor in the package.
    assert (tmp_path / "home" / "stts" / "data").is_dir()
    assert [path.name for path in tmp_path.iterdir()] == ["home"]
    assert not (installed / "stts_server" / "data").exists()


def test_keys_are_those_of_that_server(installed: Path, tmp_path: Path) -> None:
    variables = environment(installed, tmp_path)

    def keys(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-P", "-m", "stts_server", *words]
        return subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=PATIENCE)

    assert keys("keys", "create", "--name", "phone").returncode == 0
    assert "phone" in keys("keys", "list").stdout
    assert (tmp_path / "home" / "stts" / "data" / "stts.db").exists()
    elsewhere = keys("--server", "http://127.0.0.1:9", "keys", "list")
    assert (elsewhere.returncode, "leave --server" in elsewhere.stderr) == (2, True)
    assert "Usage: stts keys" in keys("keys", "--help").stdout
