"""A server of its own for each benchmark: a process on a free port, its files in a temporary folder."""

from __future__ import annotations

import http.client
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parent.parent
SERVER = (str(ROOT / "server_v2.py"),)
HOST = "127.0.0.1"
FIRST_PORT = 12_000
START_SECONDS = 120.0
POLL_SECONDS = 0.002
WORKERS_POLL_SECONDS = 0.1

dice = random.SystemRandom()
"""Not that of the process, which several may have begun alike."""

ENGINES = {
    "paced": "benchmarks.engines:PacedEngine",
    "ear": "benchmarks.engines:EarEngine",
    "matrix": "benchmarks.engines:MatrixEngine",
    "espeak_in_thread": "benchmarks.engines:EspeakInThread",
}


class ServerFailed(Exception):
    """It did not start."""


@dataclass(frozen=True, slots=True)
class Server:
    port: int
    process: psutil.Process
    folder: Path
    """With its configuration, its log and its data."""
    start_seconds: float
    """From the start of the process until /health answered."""

    @property
    def cpu_seconds(self) -> float:
        """Processor time of the server itself so far."""
        times: Any = self.process.cpu_times()
        return float(times.user + times.system)

    @property
    def all_cpu_seconds(self) -> float:
        """Processor time of the server so far, with its workers and the engines in processes of their own."""
        times = [each.cpu_times() for each in (self.process, *self.process.children(recursive=True))]
        return float(sum(each.user + each.system for each in times))

    @property
    def log(self) -> Path:
        return self.folder / "log"


@contextmanager
def running(
    settings: Mapping[str, Any] | None = None,
    program: Sequence[str] = SERVER,
    variables: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Starts `python program...`, which finds its settings as the server does, with further environment variables.

    Raises ServerFailed.
    """
    with (
        tempfile.TemporaryDirectory(prefix="benchmark-", ignore_cleanup_errors=True) as name,
        running_in(Path(name), settings, program, variables) as server,
    ):
        yield server


@contextmanager
def running_in(
    folder: Path,
    settings: Mapping[str, Any] | None = None,
    program: Sequence[str] = SERVER,
    variables: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """The same in a folder that stays, so that the next one there finds what this one kept. Raises ServerFailed."""
    port = free_port()
    environment = _prepare(folder, port, settings or {}) | dict(variables or {})
    started = time.perf_counter()
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen([sys.executable, *program], cwd=folder, env=environment, stderr=log, stdout=log)
    try:
        _await_health(process, port)
        yield Server(port, psutil.Process(process.pid), folder, time.perf_counter() - started)
    except Exception as error:
        error.add_note(f"exit status of the server: {process.poll()}; it wrote: {_tail(folder / 'log')}")
        raise
    finally:
        _stop(process)


def processes(workers: int) -> str:
    """So many workers, in words."""
    return f"{workers} worker{'s' * (workers > 1)}"


def workers_of(server: Server, count: int) -> list[psutil.Process]:
    """The processes that serve, once so many do. Raises ServerFailed."""
    if count == 1:
        return [server.process]
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up:
        found = [each for each in server.process.children() if _listens(each, server.port)]
        if len(found) == count:
            return found
        time.sleep(WORKERS_POLL_SECONDS)
    raise ServerFailed("not all workers serve")


def _listens(process: psutil.Process, port: int) -> bool:
    connections = process.net_connections("tcp")
    return any(each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in connections)


def free_port() -> int:
    """A port at which nobody listens, and that the system gives to nobody who asks for just any: one of those would
    soon be the own end of somebody's connection."""
    given = Path("/proc/sys/net/ipv4/ip_local_port_range")
    end = int(given.read_text().split()[0]) if given.exists() else 0
    while True:
        port = dice.randrange(FIRST_PORT, end) if end > 2 * FIRST_PORT else 0
        with suppress(OSError), socket.socket() as listener:
            listener.bind((HOST, port))
            found: int = listener.getsockname()[1]
            return found


def _prepare(folder: Path, port: int, settings: Mapping[str, Any]) -> dict[str, str]:
    """Writes configuration and entry points; returns the environment, free of the operator's own settings."""
    server = {"host": HOST, "port": port, "drain_seconds": 1, **settings.get("server", {})}
    # Without a cache: what is measured is speech that is made.
    values = {"storage": {"root": str(folder / "data")}, "cache": {"enabled": False}, **settings, "server": server}
    # Any JSON is YAML.
    (folder / "config.yaml").write_text(json.dumps(values), encoding="utf-8")
    offer_engines(folder)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STTS_")}
    return kept | {
        "STTS_CONFIG": str(folder / "config.yaml"),
        "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }


def offer_engines(folder: Path) -> None:
    """Makes the folder hold an installed package that offers our engines, as any stranger's package would."""
    package = folder / "stts_benchmarks-1.dist-info"
    package.mkdir(exist_ok=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: stts-benchmarks\nVersion: 1\n", encoding="utf-8")
    lines = [f"{name} = {target}" for name, target in ENGINES.items()]
    (package / "entry_points.txt").write_text("\n".join(["[stts.engines]", *lines, ""]), encoding="utf-8")


def _await_health(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not healthy(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise ServerFailed("it did not answer in time")
        time.sleep(POLL_SECONDS)


def _tail(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-4000:]


def healthy(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
