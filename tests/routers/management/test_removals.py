"""Two servers on one database: data that one is asked to remove goes from the other, too."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from stts.settings import DatabaseSettings, Settings
from tests.audio import encoded, tone
from tests.fakes import registry
from tests.keyed import Keyed, keyed_server, keyed_settings
from tests.patient import PATIENCE
from tests.server import RunningServer, running

pytestmark = pytest.mark.socket


def settings(folder: Path, name: str) -> Settings:
    database = DatabaseSettings(timeout_seconds=60, url=f"sqlite:///{folder / 'shared.db'}")
    return keyed_settings(folder / name, database=database)


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Keyed]:
    """The server that is asked."""
    with keyed_server(settings(tmp_path, "asked")) as keyed:
        yield keyed


@pytest.fixture
def other(asked: Keyed, tmp_path: Path) -> Iterator[RunningServer]:
    """Another one, with files of its own."""
    with running(settings(tmp_path, "other"), registry()) as server:
        yield server


def client(server: RunningServer, key: dict[str, Any]) -> httpx.Client:
    return httpx.Client(base_url=server.url, headers={"X-API-Key": key["key"]}, timeout=PATIENCE)


def until(found: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def upload(http: httpx.Client) -> None:
    made = http.post("/files", files={"file": ("call", encoded(tone(0.2)))}, data={"kind": "uploads"})
    assert made.status_code == 201, made.text


def says(http: httpx.Client, session: str | None = None) -> httpx.Response:
    wanted = {"text": "Hello", "stream": False} | ({} if session is None else {"session": session})
    return http.post("/conversation", json=wanted)


def test_it_goes_from_every_server(asked: Keyed, other: RunningServer) -> None:
    made, colleague = asked.key(role="write"), asked.key(role="write")
    with client(other, made) as mine, client(other, colleague) as others:
        sessions = [str(says(http).json()["session"]) for http in (mine, others)]
        for http in (mine, others):
            upload(http)
            secret = http.post("/v1/realtime/client_secrets", json={"session": {"type": "realtime"}})
            assert secret.status_code == 200, secret.text
        counts = asked.admin.delete(f"/admin/users/{made['user_id']}/data").json()
        assert (counts["sessions"], counts["uploads"]) == (0, 0)
        until(lambda: mine.get("/files").json()["total"] == 0)
        assert says(mine, sessions[0]).status_code == 404
        assert says(others, sessions[1]).status_code == 200
        assert others.get("/files").json()["total"] == 1
        # What comes afterwards stays.
        upload(mine)
        asked.admin.patch(f"/admin/keys/{colleague['id']}", json={"version": 1, "name": "desk"})
        until(lambda: bool(others.get("/me").json()["key_name"] == "desk"))
        assert mine.get("/files").json()["total"] == 1


def test_a_server_that_was_down_removes_the_files_at_its_start(asked: Keyed, tmp_path: Path) -> None:
    made = asked.key(role="write")
    with (
        running(settings(tmp_path, "other"), registry()) as server,
        client(server, made) as http,
    ):
        upload(http)
    assert asked.admin.delete(f"/admin/users/{made['user_id']}/data").status_code == 200
    with running(settings(tmp_path, "other"), registry()):
        until(lambda: not theirs(tmp_path / "other", made))


def theirs(root: Path, key: dict[str, Any]) -> list[Path]:
    return [path for path in root.rglob("*") if key["user_id"] in path.name]


def test_what_an_operator_gives_a_user_afterwards_stays_at_the_next_start(asked: Keyed, tmp_path: Path) -> None:
    made, late = asked.key(role="write"), asked.key(role="write")
    config = settings(tmp_path, "other")
    with running(config, registry()), asked.client(made["key"]) as http:
        upload(http)
        assert asked.admin.delete(f"/admin/users/{made['user_id']}/data").json()["uploads"] == 1
        until(lambda: (tmp_path / "other" / "removals.json").exists())
    voice = tmp_path / "other" / "references" / f"anna@{made['user_id']}.wav"
    voice.write_bytes(encoded(tone(0.2)))
    os.utime(voice, (time.time() - 86_400,) * 2)
    assert asked.admin.delete(f"/admin/users/{late['user_id']}/data").status_code == 200
    with running(config, registry()):
        until(lambda: late["user_id"] in (tmp_path / "other" / "removals.json").read_text())
    assert voice.exists()


def test_the_server_that_is_asked_does_not_repeat_it(asked: Keyed) -> None:
    made = asked.key(role="write")
    with asked.client(made["key"]) as http:
        upload(http)
        assert asked.admin.delete(f"/admin/users/{made['user_id']}/data").json()["uploads"] == 1
        secret = http.post("/v1/realtime/client_secrets", json={"session": {"type": "realtime"}})
        assert secret.status_code == 200, secret.text
        # Changes are taken over in their order.
        asked.admin.patch(f"/admin/keys/{made['id']}", json={"version": 1, "name": "desk"})
        late = asked.key(role="write")
        with asked.client(late["key"]) as others:
            asked.admin.patch(f"/admin/keys/{late['id']}", json={"version": 1, "name": "desk"})
            until(lambda: bool(others.get("/me").json()["key_name"] == "desk"))
    assert asked.admin.delete(f"/admin/users/{made['user_id']}/data").json()["client_secrets"] == 1
