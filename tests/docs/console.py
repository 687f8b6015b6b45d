"""Runs blocks of shell as their reader would, command by command, in a folder with what the pages speak of."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from benchmarks.server import HOST, free_port
from tests import patient
from tests.docs.blocks import ROOT
from tests.patience import PATIENCE

ADDRESS = re.compile(r"(?P<scheme>https?://|wss?://|)(?:127\.0\.0\.1|localhost):(?P<port>\d+)")
MAIN_PORT = "8000"
SERVES = re.compile(r"(?:\.venv/bin/)?stts serve\b(?P<options>[^#&]*)")
MAKES = re.compile(r"(?:[A-Z_]+=\S+ )*make (?P<target>\w+)")
CURL = "fail-with-body\nsilent\nshow-error\n"
"""A refusal is a failure, which curl does not say by itself."""


def commands(code: str) -> Iterator[str]:
    """The commands of a block, each with all of its lines."""
    command = ""
    for line in code.splitlines():
        command += line + "\n"
        if not line.rstrip().endswith("\\") and _is_whole(command):
            if shlex.split(command, comments=True):
                yield command.strip()
            command = ""
    assert not command, f"does not end: {command}"


def _is_whole(command: str) -> bool:
    try:
        shlex.split(command, comments=True)
    except ValueError:
        return False
    return True


class Console:
    """`ids`: ids that pages show -> a pattern that finds those which take their place in what was printed before."""

    def __init__(self, folder: Path, url: str, ids: Mapping[str, str]) -> None:
        self.printed: list[str] = []
        self._folder = folder
        self._urls = {MAIN_PORT: url}
        self._ids = ids
        self._served = ExitStack()
        self._variables = _environment(folder, url)

    def run(self, code: str) -> None:
        """Servers that it starts end with it."""
        with self._served:
            for command in commands(code):
                if serves := SERVES.match(command):
                    self._serve(serves["options"])
                elif makes := MAKES.fullmatch(command.partition("#")[0].strip()):
                    self._make(makes["target"])
                else:
                    self._run(command)

    def _run(self, command: str) -> None:
        marked = f"{self._in_place(command)}\nstatus=$?\nenv -0 > .variables\nexit $status"
        done = patient.run(
            ["bash", "-eo", "pipefail", "-ac", marked],
            cwd=self._folder,
            env=self._variables,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        self.printed += [done.stdout, done.stderr]
        kept = (self._folder / ".variables").read_text(encoding="utf-8")
        self._variables = dict(line.split("=", 1) for line in kept.split("\0") if line)

    def _make(self, target: str) -> None:
        """Says what it would do: what it does takes minutes and a network."""
        patient.run(["make", "--dry-run", target], cwd=ROOT, check=True, capture_output=True)

    def _serve(self, options: str) -> None:
        port = free_port()
        words = [*shlex.split(options), "--port", str(port)]
        log = self._served.enter_context((self._folder / "log").open("wb"))
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "server_v2.py"), *words],
            cwd=self._folder,
            env={name: value for name, value in self._variables.items() if not name.startswith("STTS_")},
            stdout=log,
            stderr=log,
        )
        self._served.callback(process.wait, PATIENCE)
        self._served.callback(process.terminate)
        deadline = time.monotonic() + PATIENCE
        while not _listens(port):
            assert process.poll() is None and time.monotonic() < deadline, (self._folder / "log").read_text()[-2000:]
            time.sleep(0.05)
        urls = dict(self._urls)
        self._urls = dict.fromkeys(("8000", "8004", "5000", "5002"), f"http://{HOST}:{port}")
        self._served.callback(self._urls.update, urls)

    def _in_place(self, command: str) -> str:
        for shown, pattern in self._ids.items():
            if shown in command:
                command = command.replace(shown, self._last(pattern))
        command = command.replace("curl -f ", "curl ")  # which says the same as CURL, and may not stand beside it
        return ADDRESS.sub(self._address, command)

    def _last(self, pattern: str) -> str:
        found = re.findall(pattern, "\n".join(self.printed))
        assert found, f"nothing that was printed before has {pattern}"
        return str(found[-1])

    def _address(self, match: re.Match[str]) -> str:
        url = self._urls[match["port"]]
        return url.replace("http://", match["scheme"])


def _listens(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex((HOST, port)) == 0


def _environment(folder: Path, url: str) -> dict[str, str]:
    programs = folder / ".venv" / "bin"
    programs.mkdir(parents=True, exist_ok=True)
    stts = programs / "stts"
    stts.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -P -m clients.command.main "$@"\n')
    stts.chmod(0o755)
    pip = programs / "pip"
    pip.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pip "$@"\n')
    pip.chmod(0o755)
    (folder / "requirements").symlink_to(ROOT / "requirements")
    (folder / ".curlrc").write_text(CURL)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STTS_")}
    return {
        **kept,
        "HOME": str(folder),
        "PIP_DRY_RUN": "1",  # it resolves everything, and changes nothing here
        "PATH": f"{programs}:{os.environ['PATH']}",
        "STTS_SERVER__PORT": url.rpartition(":")[2],
        "STTS_STORAGE__ROOT": str(folder / "data"),
    }
