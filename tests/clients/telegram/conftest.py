"""A speech server as it is after an installation, with its real voices and ears, and the frameworks."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from benchmarks.server import Server, running
from tests.patience import PATIENCE

REQUIRED = os.environ.get("STTS_REQUIRE_CLIENTS") == "1"
"""Where the clients are installed on purpose, a framework that is missing fails its tests."""
collect_ignore = (
    []
    if REQUIRED or all(map(find_spec, ("aiogram", "telebot", "telethon", "pyrogram")))
    else ["test_administration.py", "test_conversations.py", "test_endings.py", "test_faults.py", "test_messages.py"]
)


@pytest.fixture(autouse=True)
def quiet_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps the bot from telling how long work takes: on a busy machine any may take long."""
    monkeypatch.setattr("clients.telegram.progress.TOLD_AFTER", 1_000_000)


@pytest.fixture(scope="session")
def speech_server() -> Iterator[Server]:
    with running({"models": {"offline": True}, "cache": {}}) as server:
        yield server


@dataclass
class KeyedServer:
    address: str
    admin: httpx.Client
    """Asks it as its administrator."""

    def key(self, **fields: object) -> tuple[str, str]:
        """A new key: its id and itself."""
        made = self.admin.post("/admin/keys", json={"name": "bot", **fields}).raise_for_status().json()
        return made["id"], made["key"]


@pytest.fixture(scope="session")
def keyed_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyedServer]:
    """A server that wants keys."""
    file = tmp_path_factory.mktemp("keys") / "first.key"
    security = {"keys": True, "first_key_file": str(file)}
    with running({"models": {"offline": True}, "security": security}) as server:
        headers = {"X-API-Key": _first_key(file)}
        address = f"http://127.0.0.1:{server.port}"
        with httpx.Client(base_url=address, headers=headers, trust_env=False, timeout=PATIENCE) as admin:
            yield KeyedServer(address, admin)


def _first_key(file: Path) -> str:
    """The key of a server, which is made a moment after it is ready."""
    deadline = time.monotonic() + PATIENCE
    while not file.exists():
        assert time.monotonic() < deadline, "no key was made"
        time.sleep(0.05)
    return file.read_text(encoding="utf-8").strip()
