"""A server that wants keys, on a socket, and an administrator's key for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from adapters.configuration.adapter import ConfigAdapter
from engines.registry import Registry
from routers.dialects import DIALECTS
from stts.access.administration import Administration, KeyWishes
from stts.access.roles import Role
from stts.settings import DatabaseSettings, SecuritySettings, Settings, StorageSettings, STTSettings, TTSSettings
from stts.storage.database.address import DatabaseAddress
from stts.storage.database.stores import Stores
from tests.fakes import registry
from tests.patient import PATIENCE
from tests.server import RunningServer, running


def keyed_settings(folder: Path, **changes: Any) -> Settings:
    """Settings with keys, an embedded database in the folder, and engines that are there at once."""
    return Settings(
        **{
            "tts": TTSSettings(order=("tone",)),
            "stt": STTSettings(order=("echo",)),
            "storage": StorageSettings(root=str(folder)),
            "security": SecuritySettings(keys=True),
            "database": DatabaseSettings(timeout_seconds=60),
            **changes,
        }
    )


async def make_key(settings: Settings, role: Role = Role.ADMIN) -> str:
    """Makes a user and a key as the command does, beside the server."""
    stores = Stores.over(DatabaseAddress.of(settings))
    await stores.database.migrate()
    try:
        administration = Administration(stores.users, stores.keys)
        user = await administration.create_user(role.label)
        issued = await administration.create_key(KeyWishes(name=role.label, user_id=user.id, role=role))
        return str(issued.text)
    finally:
        await stores.database.close()


@dataclass
class Keyed:
    """A running server, and a client with an administrator's key."""

    server: RunningServer
    settings: Settings
    admin: httpx.Client

    def user(self, name: str = "Anna") -> str:
        """Makes a user and tells its id."""
        made = self.admin.post("/admin/users", json={"name": name})
        assert made.status_code == 201, made.text
        return str(made.json()["id"])

    def key(self, **wishes: Any) -> dict[str, Any]:
        """Makes a key, of a new user unless one is named."""
        wishes.setdefault("user_id", self.user() if "user_id" not in wishes else None)
        made = self.admin.post("/admin/keys", json={"name": "laptop", **wishes})
        assert made.status_code == 201, made.text
        answer: dict[str, Any] = made.json()
        return answer

    def client(self, key: str) -> httpx.Client:
        return httpx.Client(base_url=self.server.url, headers={"X-API-Key": key}, timeout=PATIENCE)


@contextmanager
def keyed_server(
    settings: Settings,
    engines: Registry | None = None,
    dialects: Sequence[str] = tuple(DIALECTS),
    config: ConfigAdapter | None = None,
) -> Iterator[Keyed]:
    """A server with these settings. The administrator's key is there before it starts."""
    key = asyncio.run(make_key(settings))
    with running(settings, engines or registry(), config, dialects) as server:
        headers = {"Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=server.url, headers=headers, timeout=PATIENCE) as admin:
            yield Keyed(server, settings, admin)
