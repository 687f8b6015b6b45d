"""Ctrl-C while a program starts: at each moment of it, without a traceback and with the documented status."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from stts.interruption import STATUS
from tests.patient import PATIENCE

pytestmark = pytest.mark.socket

ROOT = Path(__file__).parent.parent
PROGRAMS = {
    "server": (str(ROOT / "server_v2.py"),),
    "serve": ("-m", "clients.cli", "serve"),
    "command": ("-m", "clients.command.main", "engines", "list"),
    "keys": ("-m", "clients.cli", "keys", "list"),
    "operator": ("-m", "commands", "keys", "list"),
}
WAITS = "import sys; print('waits', flush=True); sys.stdin.read()\n"


def heeding() -> None:
    """Programs in the background of a shell, as tests may be, ignore the signal from the start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def already_interrupted() -> None:
    """Leaves the signal pending, as it comes between two programs of which one becomes the other."""
    heeding()
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    os.kill(os.getpid(), signal.SIGINT)


@contextmanager
def started(folder: Path, program: str, before: Callable[[], None] = heeding) -> Iterator[subprocess.Popen[str]]:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(folder / "shadow"), str(ROOT)]),
        "STTS_SERVER__PORT": "0",
    }
    with subprocess.Popen(
        [sys.executable, *PROGRAMS[program]],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=before,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def interrupted(process: subprocess.Popen[str], reads: IO[str] | None, by: signal.Signals = signal.SIGINT) -> None:
    """Sends the signal, and ends what is read: a read that began just after the signal came would keep it for ever."""
    assert reads
    process.send_signal(by)
    reads.close()


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    return process.wait(PATIENCE), process.stderr.read() if process.stderr else ""


@pytest.mark.parametrize("program", PROGRAMS)
def test_while_it_imports(tmp_path: Path, program: str) -> None:
    """Each imports YAML or Typer, which here waits until it is interrupted."""
    shadow = tmp_path / "shadow"
    shadow.mkdir()
    name = "typer.py" if program in ("command", "operator") else "yaml.py"
    (shadow / name).write_text(WAITS)
    (tmp_path / "config.yaml").touch()
    with started(tmp_path, program) as process:
        assert process.stdout and process.stdout.readline() == "waits\n"
        interrupted(process, process.stdin)
        assert ended(process) == (STATUS, "")


def test_while_it_reads_its_configuration(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.yaml")
    # The pipe opens as soon as somebody reads.
    with started(tmp_path, "server") as process, (tmp_path / "config.yaml").open("w") as configuration:
        interrupted(process, configuration)
        assert ended(process) == (STATUS, "")


@pytest.mark.parametrize("program", ["server", "operator"])
def test_between_the_command_and_the_program_that_it_becomes(tmp_path: Path, program: str) -> None:
    with started(tmp_path, program, before=already_interrupted) as process:
        assert ended(process) == (STATUS, "")


def test_a_request_to_stop_is_no_failure_while_it_starts(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.yaml")
    with started(tmp_path, "server") as process, (tmp_path / "config.yaml").open("w") as configuration:
        interrupted(process, configuration, signal.SIGTERM)
        assert ended(process) == (0, "")


def test_one_that_serves_ends_in_order(tmp_path: Path) -> None:
    with started(tmp_path, "serve") as process:
        assert process.stdout and process.stdout.readline().startswith("STTS Server")
        process.send_signal(signal.SIGINT)
        status, log = ended(process)
    assert status == 0 and "Traceback" not in log
