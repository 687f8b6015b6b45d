"""One listener drains and starts again, by an administrator or a changed configuration; the others notice nothing."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from adapters.configuration.adapter import ConfigAdapter
from benchmarks.server import free_port
from middleware.listener import default_listener
from middleware.serving.listening import CannotListen
from routers.services import build_services
from server_v2 import build_listeners
from tests import patient
from tests.fakes import registry
from tests.patient import PATIENCE
from tests.server import RunningServer, running

pytestmark = pytest.mark.socket

LONG = "One sentence follows another. " * 15
SERVICE_RESTART = 1012


class House:
    """A server with two listeners beside the main one, and its configuration file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {name: free_port() for name in ("apps", "other")}
        self.file = folder / "config.yaml"
        self.listeners: dict[str, Any] = {
            "apps": {"dialects": ["openai", "native"], "port": self.ports["apps"]},
            "other": {"dialects": ["native"], "port": self.ports["other"]},
            "below": {"dialects": ["native"], "path": "/below"},
        }
        self.engines = {"tone": {"speed": 16.0}}
        self.write()

    def write(self) -> None:
        values = {
            "server": {"drain_seconds": PATIENCE},
            "storage": {"root": str(self.folder / "data")},
            "tts": {"order": ["tone"]},
            "stt": {"order": []},
            "engines": {"options": self.engines},
            "cache": {"enabled": False},
            "listeners": self.listeners,
        }
        self.file.write_text(json.dumps(values))

    @contextmanager
    def open(self) -> Iterator[RunningServer]:
        config = ConfigAdapter.load(self.file, {}, None)
        with running(config.current(), registry(), config) as server:
            self.main = server.url
            yield server

    def at(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def states(self) -> dict[str, str]:
        return {each["name"]: each["state"] for each in patient.get(f"{self.main}/listeners").json()["listeners"]}


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@contextmanager
def speaking(address: str) -> Iterator[Iterator[bytes]]:
    """A stream that is under way."""
    body = {"text": LONG, "engine": "tone", "format": "pcm", "stream": True}
    with httpx.stream("POST", f"{address}/tts", json=body, timeout=PATIENCE) as answer:
        assert answer.status_code == 200
        chunks = answer.iter_raw()
        next(chunks)
        yield chunks


def seconds(chunks: Iterator[bytes]) -> float:
    return sum(map(len, chunks)) / 2 / 16_000


def test_a_restart_lets_streams_of_all_listeners_finish(house: House) -> None:
    with house.open():
        ready = patient.get(f"{house.main}/ready").json()["listeners"]
        assert ready == dict.fromkeys(("default", "apps", "other", "below"), "ready")
        with speaking(house.at("apps")) as own, speaking(house.at("other")) as others, speaking(house.main) as main:
            for name in ("apps", "below"):
                answer = patient.post(f"{house.main}/listeners/{name}/restart")
                assert (answer.status_code, answer.json()["state"]) == (200, "ready")
            assert patient.get(f"{house.at('apps')}/voices").status_code == 200
            assert patient.get(f"{house.main}/below/voices").status_code == 200
            whole = len(LONG.strip()) * 0.06
            for chunks in (own, others, main):
                assert seconds(chunks) == pytest.approx(whole, rel=0.1)


def test_one_stops_and_starts_by_itself(house: House) -> None:
    with house.open():
        assert patient.post(f"{house.main}/listeners/apps/stop").json()["state"] == "stopped"
        assert patient.post(f"{house.main}/listeners/below/stop").json()["state"] == "stopped"
        until_closed(house.ports["apps"])
        assert patient.get(f"{house.main}/below/voices").status_code == 404
        assert patient.get(f"{house.at('other')}/voices").status_code == 200
        assert patient.post(f"{house.main}/listeners/apps/start").json()["state"] == "ready"
        assert patient.get(f"{house.at('apps')}/v1/models").status_code == 200
        assert patient.post(f"{house.main}/listeners/nobody/stop").status_code == 404
        assert patient.post(f"{house.main}/listeners/default/stop").status_code == 409


def test_a_changed_configuration_restarts_what_changed_and_nothing_else(house: House) -> None:
    with house.open(), speaking(house.at("other")) as others:
        house.listeners["apps"] |= {"security": {"api_key": "secret"}, "dialects": ["openai"]}
        house.listeners["third"] = {"dialects": ["openai"], "port": free_port()}
        del house.listeners["below"]
        house.write()
        assert patient.post(f"{house.main}/config/reload").status_code == 200
        until(lambda: house.states() == dict.fromkeys(("default", "apps", "other", "third"), "ready"))
        until(lambda: patient.get(f"{house.at('apps')}/v1/models").status_code == 401)
        key = {"X-API-Key": "secret"}
        assert patient.get(f"{house.at('apps')}/v1/models", headers=key).status_code == 200
        assert patient.get(f"{house.at('apps')}/voices", headers=key).status_code == 404
        assert patient.get(f"{house.main}/below/voices").status_code == 404
        assert seconds(others) == pytest.approx(len(LONG.strip()) * 0.06, rel=0.1)
        off = {"listeners.apps.enabled": False}
        assert httpx.patch(f"{house.main}/config", json=off, timeout=PATIENCE).status_code == 200
        until(lambda: "apps" not in house.states())


def test_live_sockets_of_a_listener_that_stops_are_asked_to_leave_and_others_stay(house: House) -> None:
    with house.open():
        addresses = [f"ws://127.0.0.1:{house.ports[name]}/ws/tts" for name in ("apps", "other")]
        with patient.connect_blocking(addresses[0]) as apps, patient.connect_blocking(addresses[1]) as other:
            patient.post(f"{house.main}/listeners/apps/stop")
            with pytest.raises(ConnectionClosed) as closed:
                while True:
                    apps.recv(PATIENCE)
            assert closed.value.rcvd is not None and closed.value.rcvd.code == SERVICE_RESTART
            other.send("what is no message is told so")
            assert other.recv(PATIENCE)


def test_a_port_that_is_taken_is_one_clear_message(house: House) -> None:
    config = ConfigAdapter.load(house.file, {}, None)
    services = build_services(config.current(), config=config, registry=registry())
    with (
        socket.create_server(("127.0.0.1", house.ports["other"])),
        socket.create_server(("127.0.0.1", 0)) as main,
        pytest.raises(CannotListen) as refused,
    ):
        build_listeners(services, default_listener(services.settings, ("native",)), main)
    said = f"Port {house.ports['other']} of 127.0.0.1 is in use: stop the program that listens there, or choose another"
    assert str(refused.value) == f"{said} with `listeners.other.port`."


def until(condition: Any) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline


def until_closed(port: int) -> None:
    def is_closed() -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", port)) != 0

    until(is_closed)
