"""The bots' units of systemd: checked by systemd's own programs, and the bots run under what the units allow."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from benchmarks.server import Server, running
from tests.deploy.sandbox import settings
from tests.deploy.test_systemd import INSIDE, analyze, here
from tests.images import ROOT
from tests.patience import PATIENCE

pytestmark = pytest.mark.clients

UNITS = ROOT / "deploy" / "systemd"
MOST_EXPOSED = 20
"""Exposure in tenths."""


@dataclass(frozen=True, slots=True)
class People:
    """Those who use a bot."""

    variables: dict[str, str]
    """Environment that leads the bot to them."""
    token: str
    talk: Callable[[], Awaitable[None]]
    """They have the bot speak."""


@asynccontextmanager
async def on_telegram(server: Server, folder: Path) -> AsyncIterator[People]:
    from tests.clients.telegram.bot_api_server import bot_api
    from tests.clients.telegram.people import Recording

    async with bot_api() as people:

        async def talk() -> None:
            await people.write("The weather is fine today.")
            (note,) = await people.until("voice")
            await people.write(recording=Recording(note.audio))
            await people.reads("weather")

        yield People({"STTS_BOT_API": people.address, "BOT_TOKEN": people.token}, people.token, talk)
        assert people.unconfirmed == []


@asynccontextmanager
async def on_discord(server: Server, folder: Path) -> AsyncIterator[People]:
    from tests.clients.discord.connect_proxy import connect_proxy
    from tests.clients.discord.ears import words
    from tests.clients.discord.own_discord import own_discord
    from tests.clients.discord.places import TOKEN

    async with own_discord(folder) as there, connect_proxy(there.port) as proxy:

        async def talk() -> None:
            await there.enters()
            assert "I am in" in await there.told("join")
            await there.write("The weather is fine today.")
            call = await there.voice.joined(there.guild)
            assert "weather" in await words(server, await call.silent())

        variables = {"STTS_DISCORD_PROXY": proxy, "SSL_CERT_FILE": str(there.certificate), "DISCORD_TOKEN": TOKEN}
        yield People(variables, TOKEN, talk)


@dataclass(frozen=True, slots=True)
class Bot:
    unit: Path
    state: str
    packages: tuple[str, ...]
    people: Callable[[Server, Path], AbstractAsyncContextManager[People]]


BOTS = {
    "telegram": Bot(UNITS / "stts-bot.service", "/var/lib/stts-bot", ("aiogram", "aiohttp"), on_telegram),
    "discord": Bot(UNITS / "stts-discord.service", "/var/lib/stts-discord", ("discord", "aiohttp"), on_discord),
}


@pytest.fixture(params=BOTS)
def bot(request: pytest.FixtureRequest) -> Bot:
    for package in BOTS[request.param].packages:
        pytest.importorskip(package, reason=f"pip install -r requirements/{request.param}.txt")
    return BOTS[request.param]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running({"models": {"offline": True}}) as server:
        yield server


def test_it_is_right(bot: Bot, tmp_path: Path) -> None:
    unit = tmp_path / bot.unit.name
    unit.write_text(here(bot.unit.read_text(encoding="utf-8")), encoding="utf-8")
    done = analyze("verify", "--man=no", unit)
    assert (done.returncode, [line for line in done.stderr.splitlines() if unit.name in line]) == (0, [])


def test_it_is_exposed_little(bot: Bot) -> None:
    done = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", bot.unit)
    assert done.returncode == 0, done.stdout


async def test_it_speaks_under_what_it_allows(bot: Bot, server: Server, tmp_path: Path) -> None:
    """Nothing to write to but its folder, no right of root, and only the system calls of the unit."""
    analyze("--version")
    state = tmp_path / "state"
    (state / "tmp").mkdir(parents=True)
    (command,) = [here(value).split() for key, value in settings(bot.unit) if key == "ExecStart"]
    sandbox = [sys.executable, str(ROOT / "tests" / "deploy" / "sandbox.py"), str(bot.unit)]
    isolated = ["unshare", "--mount", "sh", "-c", INSIDE, "sh", str(state)]
    lines = [here(value).replace(bot.state, "/mnt") for name, value in settings(bot.unit) if name == "Environment"]
    variables = {"PATH": os.environ["PATH"], "TMPDIR": "/mnt/tmp", "STTS_URL": f"http://127.0.0.1:{server.port}"}
    variables |= dict(each.split("=", 1) for line in lines for each in line.split())
    async with asyncio.timeout(PATIENCE), bot.people(server, tmp_path) as people:
        variables |= people.variables
        process = await asyncio.create_subprocess_exec(
            *isolated, *sandbox, *command, cwd=ROOT, env=variables, stderr=asyncio.subprocess.PIPE
        )
        try:
            await people.talk()
            status = await asyncio.to_thread(Path(f"/proc/{process.pid}/status").read_text)
            assert "CapEff:\t0000000000000000" in status and "NoNewPrivs:\t1" in status
            assert "Seccomp_filters:\t2" in status
            psutil.Process(process.pid).send_signal(signal.SIGTERM)
            _, told = await process.communicate()
            assert process.returncode == 0 and people.token.encode() not in told, told
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
