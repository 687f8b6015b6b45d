"""Workers of a server share what clients see as one: real processes at one address."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import psutil
import pytest
from websockets.sync.client import ClientConnection

from tests import patient
from tests.test_workers import Workers, started, until

pytestmark = pytest.mark.socket


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    with started(tmp_path_factory.mktemp("workers")) as workers:
        yield workers
        assert workers.stop() == 0


def connected(workers: Workers, path: str, **options: Any) -> tuple[ClientConnection, dict[str, Any], int]:
    """A socket, its first message, and the process that has it."""
    socket = patient.connect_blocking(f"ws://127.0.0.1:{workers.port}{path}", **options)
    message = json.loads(socket.recv())
    near = socket.socket.getsockname()[1]
    (pid,) = [
        pid
        for pid in workers.serving().values()
        for each in psutil.Process(pid).net_connections("tcp")
        if each.raddr and each.raddr[1] == near and each.laddr[1] == workers.port
    ]
    return socket, message, pid


def test_a_session_is_resumed_and_taken_over_whichever_worker_its_client_comes_to(workers: Workers) -> None:
    path, seen, history = "/ws/conversation/v2", set[int](), 0
    with ExitStack() as open_sockets:
        older: ClientConnection | None = None
        # The system shares connections out by their ports: it takes as many as it takes.
        while len(seen) < 2 or history < 4:
            socket, created, pid = connected(workers, path)
            open_sockets.callback(socket.close)
            assert created["type"] == "session.created"
            assert (created["resumed"], created["history"]) == (older is not None, history)
            if older is not None:
                assert "resumed on another connection" in _end(older)
            path = f"/ws/conversation/v2?session={created['session']}"
            socket.send(json.dumps({"type": "text", "text": "hello"}))
            _until(socket, "reply.done")
            older, history = socket, history + 2
            seen.add(pid)


def _until(socket: ClientConnection, kind: str) -> dict[str, Any]:
    for message in socket:
        if isinstance(message, str) and (found := json.loads(message))["type"] == kind:
            return dict(found)
    raise AssertionError(f"It ended without {kind}.")


def _end(socket: ClientConnection) -> str:
    for message in socket:
        if isinstance(message, str) and (found := json.loads(message))["type"] == "error":
            return str(found)
    raise AssertionError("It ended without an error.")


def test_a_client_secret_opens_a_session_at_both(workers: Workers) -> None:
    answer = patient.post(f"http://127.0.0.1:{workers.port}/v1/realtime/client_secrets", json={})
    secret = answer.json()["value"]
    seen: set[int] = set()
    with ExitStack() as open_sockets:
        while len(seen) < 2:
            headers = {"Authorization": f"Bearer {secret}"}
            socket, created, pid = connected(workers, "/v1/realtime", additional_headers=headers)
            open_sockets.callback(socket.close)
            assert created["type"] == "session.created"
            seen.add(pid)


def test_metrics_are_one_sum_that_never_becomes_less(workers: Workers) -> None:
    def counted() -> float:
        with patient.urlopen(f"http://127.0.0.1:{workers.port}/metrics") as answer:
            page = answer.read().decode()
        return sum(map(float, re.findall(r'^stts_operations_total\{.*type="tts".*\} (\S+)$', page, re.MULTILINE)))

    before = counted()
    for number in range(8):
        with patient.urlopen(f"http://127.0.0.1:{workers.port}/tts?text=Number+{number}.&engine=espeak") as answer:
            answer.read()
    # The last of them may have been heard before it was counted.
    until(lambda: counted() == before + 8)
    assert {counted() for _ in range(6)} == {before + 8}
    victim = workers.serving()[1]
    os.kill(victim, signal.SIGKILL)
    until(lambda: [line for line in workers.lines("worker_ended") if line["pid"] == victim])
    assert {counted() for _ in range(3)} == {before + 8}
    until(lambda: len(workers.serving()) == 2)
    assert {counted() for _ in range(6)} == {before + 8}
