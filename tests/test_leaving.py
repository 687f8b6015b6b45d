"""Clients that leave, stall or stop half-way, on a real socket: the work ends, and nothing is left behind."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stts.settings import EngineSettings, LimitSettings, Settings, StorageSettings, STTSettings, TTSSettings
from tests import patient
from tests.audio import speech
from tests.fakes import registry
from tests.patient import PATIENCE
from tests.server import RunningServer, running

LONG_TEXT = "A long text that takes its time, word after word. " * 8


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    """Its engine speaks at ten times real time, so that a client has time to leave."""
    settings = Settings(
        tts=TTSSettings(order=("tone",)),
        stt=STTSettings(order=("echo",)),
        storage=StorageSettings(root=str(tmp_path / "data")),
        engines=EngineSettings(options={"tone": {"speed": 10.0}}),
        limits=LimitSettings(body_seconds=0.3, queue_length=2),
    )
    with running(settings, registry()) as server:
        get(server, "/tts?text=warm&stream=false")
        server.settle()  # the probe after the load takes the slot too
        yield server


def connect(server: RunningServer) -> socket.socket:
    host, port = server.url.removeprefix("http://").split(":")
    return patient.create_connection((host, int(port)))


def get(server: RunningServer, path: str) -> bytes:
    with patient.urlopen(server.url + path) as answer:
        return bytes(answer.read())


def ask(server: RunningServer, body: dict[str, Any]) -> socket.socket:
    """Sends a POST /tts and does not wait for the answer."""
    data = json.dumps(body).encode()
    client = connect(server)
    head = f"POST /tts HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n"
    client.sendall(head.encode() + b"\r\n" + data)
    return client


def whole_answer(client: socket.socket) -> str:
    """Head and body, however many packets they come in."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += client.recv(65_536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    while len(body) < length:
        body += client.recv(65_536)
    return (head + b"\r\n\r\n" + body).decode()


def tone(server: RunningServer) -> dict[str, Any]:
    engines = json.loads(get(server, "/ready"))["engines"]
    return dict(engines["tone"])


def eventually(condition: Callable[[], bool]) -> None:
    """Waits for what must come to pass soon; fails if it does not."""
    give_up = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < give_up, "it did not come to pass"
        time.sleep(0.01)


def is_idle(server: RunningServer) -> bool:
    state = tone(server)
    return (state["running"], state["waiting"]) == (0, 0) and not [
        name for name in server.tasks() if name.startswith("speech")
    ]


@pytest.mark.parametrize("stream", [True, False])
def test_leaving_in_mid_stream_stops_the_engine(server: RunningServer, stream: bool) -> None:
    client = ask(server, {"text": LONG_TEXT, "stream": stream})
    if stream:
        assert b"200 OK" in client.recv(4096)
    eventually(lambda: tone(server)["running"] == 1)
    client.close()
    eventually(lambda: is_idle(server))
    assert len(get(server, "/tts?text=again")) > 1000


def test_leaving_while_queued_gives_the_place_back(server: RunningServer) -> None:
    speaking = ask(server, {"text": LONG_TEXT, "stream": False})
    eventually(lambda: tone(server)["running"] == 1)
    waiting = [ask(server, {"text": LONG_TEXT}) for _ in range(2)]
    eventually(lambda: tone(server)["waiting"] >= 2)
    for client in waiting:
        client.close()
    eventually(lambda: tone(server)["waiting"] == 0)
    speaking.close()
    eventually(lambda: is_idle(server))


def test_a_full_queue_is_a_503_that_says_when_to_come_back(server: RunningServer) -> None:
    clients = [ask(server, {"text": "x" * 300, "stream": False})]
    eventually(lambda: tone(server)["running"] == 1)
    clients += [ask(server, {"text": "x" * 300, "stream": False}) for _ in range(2)]
    eventually(lambda: tone(server)["waiting"] == 2)
    clients.append(ask(server, {"text": "one too many"}))
    answer = whole_answer(clients[-1])
    assert "503 Service Unavailable" in answer and '"code":"busy"' in answer.replace('": "', '":"')
    assert "retry-after:" in answer.lower()
    for client in clients:
        client.close()
    eventually(lambda: is_idle(server))


def upload_head(size: int) -> bytes:
    head = (
        "POST /stt HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        f"Content-Length: {size}\r\n\r\n"
        '--x\r\nContent-Disposition: form-data; name="file"; filename="a.flac"\r\n\r\n'
    )
    return head.encode()


def test_an_upload_that_stalls_is_a_408(server: RunningServer) -> None:
    with connect(server) as client:
        client.sendall(upload_head(1_000_000) + speech())
        answer = whole_answer(client)
    assert "408 Request Timeout" in answer and "body_timeout" in answer


def test_an_upload_that_stops_half_way_leaves_nothing(server: RunningServer) -> None:
    server.settle()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        client = connect(server)
        client.sendall(upload_head(1_000_000) + speech())
        client.close()
    eventually(lambda: is_idle(server))
    eventually(lambda: len(os.listdir("/proc/self/fd")) <= before)
    assert len(get(server, "/tts?text=again")) > 1000


def test_a_storm_of_leaving_clients_leaks_no_task_and_no_handle(server: RunningServer) -> None:
    server.settle()
    tasks, handles = server.tasks(), len(os.listdir("/proc/self/fd"))
    for number in range(30):
        client = ask(server, {"text": LONG_TEXT, "stream": bool(number % 2), "save": bool(number % 3)})
        if number % 4 == 1:  # a stream, which sends something early
            client.recv(100)
        client.close()
    eventually(lambda: is_idle(server))
    eventually(lambda: len(server.tasks()) <= len(tasks) and len(os.listdir("/proc/self/fd")) <= handles)
    assert json.loads(get(server, "/files"))["total"] == 0
