"""eSpeak NG dies: what clients of the whole server see of it. The texts are harmless; its processes are killed."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from stts.settings import EngineSettings, Settings, StorageSettings, TTSSettings
from tests import patient
from tests.patient import PATIENCE
from tests.server import RunningServer, running

pytestmark = pytest.mark.socket

LONG = "This goes on and on, sentence after sentence. " * 1000
TRIES = 20
"""Kills that may hit a successor before one does not."""


@pytest.fixture
def others() -> set[int]:
    """Children of this process that belong to other tests."""
    return children()


@pytest.fixture
def server(others: set[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningServer]:
    # A death during a piece that is spoken at once costs nothing, since nobody has heard of it: it is spoken again.
    monkeypatch.setattr("engines.tts.espeak.AT_ONCE_CHARACTERS", 0)
    settings = Settings(
        tts=TTSSettings(order=("espeak",)),
        storage=StorageSettings(root=str(tmp_path)),
        engines=EngineSettings(options={"espeak": {"processes": 1}}),
    )
    with running(settings) as server:
        yield server
    assert children() <= others


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


def kill(processes: set[int]) -> None:
    """They are dead when it returns: on a busy machine a signal takes its time, and the next request would be hit."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            killed = psutil.Process(process)
            killed.kill()
            while killed.status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.001)


def spoken(server: RunningServer) -> httpx.Response:
    return patient.get(f"{server.url}/tts", params={"text": "Hello.", "stream": "false"})


def eventually_spoken(server: RunningServer) -> None:
    give_up = time.monotonic() + PATIENCE
    while spoken(server).status_code != 200:
        assert time.monotonic() < give_up, "it did not speak again"
        time.sleep(0.01)


@contextmanager
def begun(server: RunningServer) -> Iterator[http.client.HTTPResponse]:
    """An answer that has begun, of half an hour of speech that nobody reads."""
    host = server.url.removeprefix("http://")
    with closing(http.client.HTTPConnection(host, timeout=PATIENCE)) as connection:
        body = json.dumps({"text": LONG, "format": "pcm"})
        connection.request("POST", "/tts", body, {"Content-Type": "application/json"})
        with connection.getresponse() as answer:
            assert answer.status == 200 and answer.read(1000)
            yield answer


def break_off(server: RunningServer, others: set[int]) -> None:
    """Kills the engine until that hits it at work: between two pieces of a text it would only be started again."""
    with begun(server) as answer, pytest.raises((http.client.IncompleteRead, ConnectionError)):
        while True:
            kill(children() - others)
            if not answer.read(200_000):
                raise AssertionError("the stream came to its end")


def die_once(server: RunningServer, others: set[int]) -> dict[str, Any]:
    """Kills it at work; returns what /ready tells then.

    What is read may have been sent before the kill, and so the next kill may hit the successor too: at work, which
    counts as another crash, or as it starts, which fails that load. Then it is tried again.
    """
    for _ in range(TRIES):
        break_off(server, others)
        told: dict[str, Any] = patient.get(f"{server.url}/ready").json()["engines"]["espeak"]
        assert told["crashes"] >= 1
        if (told["crashes"], told["state"]) == (1, "ready"):
            break
        eventually_spoken(server)
    return told


def test_speech_comes_from_processes_of_its_own(server: RunningServer, others: set[int]) -> None:
    assert spoken(server).status_code == 200
    assert children() - others


def test_a_death_while_idle_costs_nothing(server: RunningServer, others: set[int]) -> None:
    for _ in range(3):
        assert spoken(server).status_code == 200
        kill(children() - others)


def test_a_death_in_mid_stream_ends_that_stream_and_the_next_is_served(server: RunningServer, others: set[int]) -> None:
    die_once(server, others)
    assert spoken(server).status_code == 200
    assert patient.get(f"{server.url}/health").status_code == 200


def test_ready_tells_of_deaths(server: RunningServer, others: set[int]) -> None:
    assert spoken(server).status_code == 200
    told = die_once(server, others)
    assert (told["state"], told["rest_seconds"]) == ("ready", 0)
    assert spoken(server).status_code == 200
    assert patient.get(f"{server.url}/ready").json()["engines"]["espeak"]["crashes"] == 0
