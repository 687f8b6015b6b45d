"""A server of several workers, as its operator starts it: real processes at one address."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from middleware.serving.workers.count import is_possible
from tests import patient
from tests.patience import PATIENCE

pytestmark = pytest.mark.socket

ROOT = Path(__file__).parent.parent
SETTINGS = {"LOGGING__FORMAT": "json", "ENGINES__PRELOAD": "[]", "TTS__ORDER": "espeak"}


def until(found: Callable[[], Any]) -> Any:
    """Returns what it finds, once that is something."""
    give_up = time.monotonic() + PATIENCE
    while not (value := found()):
        assert time.monotonic() < give_up
        time.sleep(0.02)
    return value


class Workers:
    """A server of two, started at a port of its own choice."""

    def __init__(self, folder: Path, before: Sequence[str] = (), stdin: int | None = None) -> None:
        """`before`: a program that runs it, with its arguments."""
        self._log = folder / "log.txt"
        environment = {**os.environ, **{f"STTS_{name}": value for name, value in SETTINGS.items()}}
        command = [*before, sys.executable, str(ROOT / "server_v2.py"), "--port", "0", "--workers", "2"]
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=stdin, stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline().strip().rpartition(":")[2])
        until(lambda: len(self.serving()) == 2)

    def lines(self, event: str) -> list[dict[str, Any]]:
        """Lines of the log that are whole."""
        text = self._log.read_text()
        whole = text[: text.rfind("\n") + 1].splitlines()
        return [line for line in map(json.loads, whole) if line["event"] == event]

    def serving(self) -> dict[int, int]:
        """Number -> process, of the workers of which the newest process listens."""
        started = Counter(line["worker"] for line in self.lines("worker_started"))
        listening = Counter(line["worker"] for line in self.lines("listening"))
        newest = {line["worker"]: line["pid"] for line in self.lines("worker_started")}
        return {
            number: pid
            for number, pid in newest.items()
            if started[number] == listening[number] and psutil.pid_exists(pid)
        }

    def whose(self, connection: http.client.HTTPConnection) -> int:
        """The number of the worker that has a connection, by its line about a request there."""
        request_id = uuid.uuid4().hex
        connection.request("GET", "/nowhere", headers={"X-Request-ID": request_id})
        connection.getresponse().read()

        def found() -> list[int]:
            return [line["worker"] for line in self.lines("refused") if line["request_id"] == request_id]

        return int(until(found)[0])

    def ask(self) -> None:
        """A request on a connection of its own."""
        with patient.urlopen(f"http://127.0.0.1:{self.port}/health") as answer:
            assert answer.status == 200

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def started(folder: Path) -> Iterator[Workers]:
    if not is_possible():
        pytest.skip("an address is shared on Linux alone")
    workers = Workers(folder)
    try:
        yield workers
    finally:
        workers.close()


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    """Both serve before a test and after it."""
    with started(tmp_path_factory.mktemp("workers")) as workers:
        yield workers
        served = workers.serving()
        assert workers.stop() == 0
        assert not any(map(psutil.pid_exists, served.values()))


class Asking:
    """Asks without a pause, each time anew, and keeps what went wrong."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self.asked = 0
        self.failures: list[str] = []

    def __enter__(self) -> Asking:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(PATIENCE)

    def _ask(self) -> None:
        while not self._over.is_set():
            try:
                self._workers.ask()
            except OSError as error:
                self.failures.append(repr(error))
            self.asked += 1


def test_both_serve_and_a_restart_refuses_nobody(workers: Workers) -> None:
    before = workers.serving()
    with connected_to_both(workers):
        pass
    with Asking(workers) as asking:
        workers.process.send_signal(signal.SIGHUP)
        until(lambda: not any(map(psutil.pid_exists, before.values())))
    assert asking.asked and asking.failures == []
    assert workers.serving().keys() == before.keys()
    assert not [line for line in workers.lines("worker_ended") if line["pid"] in before.values()]


@contextmanager
def connected_to_both(workers: Workers) -> Iterator[dict[int, http.client.HTTPConnection]]:
    """A connection to each."""
    found: dict[int, http.client.HTTPConnection] = {}
    with ExitStack() as around:
        while len(found) < 2:
            connection = http.client.HTTPConnection("127.0.0.1", workers.port, timeout=PATIENCE)
            around.callback(connection.close)
            found.setdefault(workers.whose(connection), connection)
        yield found


def test_connections_are_shared_evenly(workers: Workers) -> None:
    """Whichever the system gives them to; one whose request is answered weighs little, but it does."""
    with ExitStack() as around:
        found = Counter[int]()
        for _ in range(10):
            connection = http.client.HTTPConnection("127.0.0.1", workers.port, timeout=PATIENCE)
            around.callback(connection.close)
            found[workers.whose(connection)] += 1
    assert found == {1: 5, 2: 5}


def test_one_that_is_killed_costs_its_own_connections_only_and_comes_back(workers: Workers) -> None:
    before = workers.serving()
    with connected_to_both(workers) as connections:
        os.kill(before[1], signal.SIGKILL)
        assert _is_cut(connections[1])
        until(lambda: _end_of(workers, before[1]))
        for _ in range(10):
            workers.ask()
        assert workers.whose(connections[2]) == 2
    until(lambda: len(workers.serving()) == 2)
    after = workers.serving()
    assert after[2] == before[2] and after[1] != before[1]
    assert _end_of(workers, before[1])[0]["signal"] == signal.SIGKILL


def _end_of(workers: Workers, pid: int) -> list[dict[str, Any]]:
    return [line for line in workers.lines("worker_ended") if line["pid"] == pid]


def _is_cut(connection: http.client.HTTPConnection) -> bool:
    try:
        return connection.sock.recv(1) == b""
    except ConnectionResetError:
        return True


def test_workers_do_not_outlive_a_parent_that_is_killed(tmp_path: Path) -> None:
    with started(tmp_path) as workers:
        processes = [psutil.Process(pid) for pid in workers.serving().values()]
        workers.process.kill()
        gone, alive = psutil.wait_procs(processes, timeout=PATIENCE)
        assert len(gone) == 2 and not alive


def test_a_terminal_that_is_closed_ends_it(tmp_path: Path) -> None:
    if not is_possible() or shutil.which("setsid") is None:
        pytest.skip("nothing here starts a program in a terminal of its own")
    ours, theirs = os.openpty()
    # The tests themselves may run below nohup, which the server would heed.
    workers = Workers(tmp_path, ("setsid", "--ctty", "env", "--default-signal=HUP"), theirs)
    try:
        os.close(theirs)
        before = workers.serving()
        workers.process.send_signal(signal.SIGHUP)
        until(lambda: not any(map(psutil.pid_exists, before.values())))
        os.close(ours)
        assert workers.process.wait(PATIENCE) == 0
    finally:
        workers.close()


def test_a_start_that_cannot_be_says_why_in_one_line_and_ends(tmp_path: Path) -> None:
    if not is_possible():
        pytest.skip("an address is shared on Linux alone")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = patient.run(
            [sys.executable, str(ROOT / "server_v2.py"), "--port", str(taken.getsockname()[1]), "--workers", "2"],
            cwd=tmp_path,
            env={**os.environ, "STTS_LOGGING__LEVEL": "error"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert ended.returncode == 2
    assert ended.stdout == "" and "is in use" in ended.stderr.splitlines()[0]
    assert "Traceback" not in ended.stderr
