"""The bot as it runs, connected to Telegrams of the suite's own by each framework."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from benchmarks.server import Server
from clients.telegram.running import run
from clients.telegram.settings import MTPROTO, Settings
from tests.clients.telegram import mtproto_clients
from tests.clients.telegram.bot_api_server import bot_api
from tests.clients.telegram.people import TOKEN, People
from tests.patience import PATIENCE

ADMIN = 7


def settings(framework: str, server: Server | str, folder: Path, **others: Any) -> Settings:
    address = server if isinstance(server, str) else f"http://127.0.0.1:{server.port}"
    application = {"api_id": 1, "api_hash": "hash"} if framework in MTPROTO else {}
    given = {"token": TOKEN, "framework": framework, "server": address, "data": folder, "admins": (ADMIN,)}
    return Settings(**{**given, **application, **others})


@asynccontextmanager
async def connected(framework: str, server: Server | str, folder: Path, **others: Any) -> AsyncIterator[People]:
    """A bot that listens, and the people who write to it; at the end it is stopped as an operator would."""
    if framework in MTPROTO:
        given = settings(framework, server, folder, **others)
        people, messenger = getattr(mtproto_clients, framework)(given)
        async with running(given, messenger):
            yield people
    else:
        async with bot_api() as people, running(settings(framework, server, folder, api=people.address, **others)):
            yield people


@asynccontextmanager
async def running(given: Settings, messenger: Any = None) -> AsyncIterator[None]:
    """A bot that fails ends the test with its error."""
    stop, ready = asyncio.Event(), asyncio.Event()
    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
        tasks.create_task(run(given, lambda _: ready.set(), stop, messenger))
        await ready.wait()
        yield
        stop.set()
