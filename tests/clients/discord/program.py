"""The bot as it runs, on the suite's own Discord, with a speech server or with one that answers as a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from benchmarks.server import Server
from clients.discord.running import run
from clients.discord.settings import Settings
from tests.audio import encoded, tone
from tests.clients.discord.calls import Call
from tests.clients.discord.ears import RATE
from tests.clients.discord.own_discord import Discord
from tests.clients.discord.places import ANNA, TOKEN, Guild
from tests.patience import PATIENCE

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def settings(server: Server | str, folder: Path, **others: Any) -> Settings:
    address = server if isinstance(server, str) else f"http://127.0.0.1:{server.port}"
    return Settings(**{"token": TOKEN, "server": address, "data": folder, **others})


@asynccontextmanager
async def bot(there: Discord, server: Server | str, folder: Path, **others: Any) -> AsyncIterator[None]:
    """A bot that listens; stopped at the end as by an operator. One that fails ends the test with its error."""
    stop, ready = asyncio.Event(), asyncio.Event()
    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
        tasks.create_task(run(settings(server, folder, **others), lambda _: ready.set(), stop, there.connector))
        await ready.wait()
        yield
        stop.set()


async def join(there: Discord, guild: Guild | None = None) -> Call:
    """Anna goes into the lounge and asks the bot to come."""
    guild = guild or there.guild
    await there.enters(ANNA, guild)
    assert await there.told("join", guild) == (
        f"I am in <#{guild.lounge}>. What is written here is read out there. /leave sends me away."
    )
    return await there.voice.joined(guild)


def speech(pitch: float, seconds: float = 0.4) -> bytes:
    """An answer in the place of speech, which is told from others by its frames: Ogg/Opus."""
    return encoded(tone(seconds, RATE, pitch), "opus", RATE)


@asynccontextmanager
async def speaking(answer: Answer) -> AsyncIterator[str]:
    """A speech server whose `POST /tts` is a test's."""

    async def nothing(request: web.Request) -> web.Response:
        return web.json_response([])

    app = web.Application()
    app.router.add_get("/engines", nothing)
    app.router.add_get("/voices", nothing)
    app.router.add_post("/tts", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


LOW, HIGH, LONG = speech(300), speech(600), speech(450, 3.0)
SOUNDS = {"low": LOW, "high": HIGH, "long": LONG}


@cache
def endless() -> bytes:
    """A talk that is still going on whenever a test ends it, on however busy a machine."""
    return speech(450, 60.0)


async def sounding(request: web.Request) -> web.StreamResponse:
    """A tone for its name, and a low one for any other text."""
    text = (await request.json())["text"]
    return web.Response(body=endless() if text == "endless" else SOUNDS.get(text, LOW), content_type="audio/ogg")
