"""The Telegram bot on sockets: a text until its voice note is handed over, and 200 chats at once.

The Bot API is the server of the suite (`tests/clients/telegram/bot_api_server.py`), in this process.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil

from benchmarks.result import Row, quantile
from benchmarks.server import ROOT, running
from clients.chat.speech import SpeechServer
from clients.telegram.bot import Bot
from clients.telegram.settings import Settings

if TYPE_CHECKING:
    from tests.clients.telegram.bot_api_server import BotAPI

NOTES = 30
REACH_MS = 60.0
CHATS, SECONDS = 200, 60
REACH_MB = 150
END_SECONDS = 60.0
"""How long answers may come after the last message."""
TEXT = "The lighthouse keeper counted the ships that passed in the night."
COMMAND = [sys.executable, "-P", "-m", "clients.command.main", "bot"]
_TOTAL = re.compile(r"total;dur=([\d.]+)")


class Timed(SpeechServer):
    """Keeps how long the server says that it took for the last speech."""

    spoke = 0.0

    async def _once(self, request: httpx.Request, stream: bool) -> httpx.Response:
        answer = await super()._once(request, stream)
        if request.url.path == "/tts" and (told := _TOTAL.search(answer.headers["server-timing"])):
            self.spoke = float(told[1]) / 1000
        return answer


def run(seconds: int = SECONDS) -> list[Row]:
    """No rows where the frameworks are not installed."""
    if not all(map(find_spec, ("aiogram", "telebot", "aiohttp"))):
        print("telegram skipped: pip install -r requirements/telegram.txt", file=sys.stderr)
        return []
    # What many chats ask for is in the cache: it is the bot that is measured.
    with (
        running({"models": {"offline": True}}) as server,
        running({"models": {"offline": True}, "cache": {}}) as cached,
        tempfile.TemporaryDirectory() as folder,
    ):
        beyond = asyncio.run(_beyond(f"http://127.0.0.1:{server.port}", Path(folder)))
        url = f"http://127.0.0.1:{cached.port}"
        many = [
            asyncio.run(_many(framework, url, Path(folder), seconds, notes=notes))
            for framework, notes in (("telebot", False), ("telebot", True), ("aiogram", False))
        ]
    return [beyond, *many]


async def _beyond(url: str, folder: Path) -> Row:
    """The time from an update until the Bot API has the note, without what the server says that it took for it."""
    from tests.clients.telegram.bot_api_server import bot_api

    own: list[float] = []
    async with bot_api() as people, _listening(people.address, url, folder) as server:
        for number in range(NOTES):
            begun = time.perf_counter()
            await people.write(f"{number}. {TEXT}")
            await people.until("voice", number + 1)
            own.append(time.perf_counter() - begun - server.spoke)
    # The first one loads the voice.
    middle, most = (1000 * quantile(own[1:], part) for part in (0.5, 0.95))
    return Row(
        "Telegram bot by aiogram: an update until the Bot API has its voice note, without the server's own time: p50",
        f"< {REACH_MS:g} ms",
        f"{middle:.0f} ms (p95 {most:.0f} ms)",
        middle < REACH_MS,
        {"beyond_ms": middle},
        timed=True,
    )


@asynccontextmanager
async def _listening(api: str, url: str, folder: Path) -> AsyncIterator[Timed]:
    """The bot in this process, as `clients/telegram/running.py` runs it, but for the server that tells its time."""
    from clients.telegram.adapters.aiogram import Aiogram
    from tests.clients.telegram.people import TOKEN

    settings = Settings(TOKEN, data=folder, server=url, api=api)
    messenger, server = Aiogram(settings), Timed(url, None)
    bot = Bot(messenger, server, settings, await messenger.connect())
    listening = asyncio.create_task(messenger.listen(bot))
    try:
        yield server
    finally:
        listening.cancel()
        await asyncio.wait([listening])
        await bot.close()
        await messenger.close()
        await server.close()


@asynccontextmanager
async def _process(framework: str, people: BotAPI, url: str, folder: Path) -> AsyncIterator[psutil.Process]:
    """The bot as an operator runs it, once it has spoken."""
    from tests.clients.telegram.people import TOKEN

    names = {"BOT_TOKEN": TOKEN, "STTS_URL": url, "STTS_BOT_API": people.address, "STTS_BOT_FRAMEWORK": framework}
    variables = {**os.environ, **names, "STTS_BOT_DATA": str(folder), "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(*COMMAND, cwd=ROOT, env=variables, stdout=asyncio.subprocess.DEVNULL)
    try:
        # Loads the voice, and fills the cache.
        await people.write(TEXT, 1)
        await people.until("voice")
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        await process.wait()


async def _many(framework: str, url: str, folder: Path, seconds: int, *, notes: bool) -> Row:
    """Every chat writes once a second, to a bot in a process of its own: a command, or a text for a note."""
    from tests.clients.telegram.bot_api_server import bot_api

    async with bot_api() as people, _process(framework, people, url, folder) as bot:
        before = bot.cpu_times()
        written = await _write(people, seconds, notes=notes)
        memory, after = bot.memory_info().rss / 1e6, bot.cpu_times()
    kind = "voice" if notes else "text"
    answers = [seen for seen in people.seen if seen.kind == kind and seen.chat > 1]
    answered = Counter((seen.chat, str(seen.replies_to) if notes else seen.text) for seen in answers)
    lost, doubled = len(written - answered.keys()), sum(count - 1 for count in answered.values())
    refusals = sum(seen.kind == "text" and seen.chat > 1 for seen in people.seen)
    refused = f" ({refusals} texts said that the queue is full)" if notes and refusals else ""
    spent = (after.user + after.system - before.user - before.system) / len(written) * 1000
    what = "a text a second each, voice notes from the cache of the server" if notes else "a command a second each"
    return Row(
        f"Telegram bot by {framework}: {CHATS} chats, {what}, for {seconds} s: answers lost; doubled; memory",
        f"0; 0; < {REACH_MB} MB",
        f"{lost}{refused}; {doubled}; {memory:.0f} MB ({spent:.1f} ms of processor time a message)",
        lost + doubled == 0 and memory < REACH_MB,
        {"lost": lost, "doubled": doubled, "rss_mb": memory, "cpu_ms": spent},
        timed=True,
    )


async def _write(people: BotAPI, seconds: int, *, notes: bool) -> set[tuple[int, str]]:
    """Answers that chats are to get, once they have, or END_SECONDS after the last of them wrote."""
    wanted: set[tuple[int, str]] = set()
    begun = asyncio.get_running_loop().time()
    for second in range(seconds):
        for chat in range(1000, 1000 + CHATS):
            number = await people.write(TEXT if notes else f"/speed 1.{second:02d}", chat)
            wanted.add((chat, str(number) if notes else f"Speed: {1 + second / 100:g}×"))
            await asyncio.sleep(begun + second + (chat - 1000) / CHATS - asyncio.get_running_loop().time())
    try:
        async with asyncio.timeout(END_SECONDS):
            await people.until("voice" if notes else "text", len(wanted) + notes)
    except TimeoutError:
        pass
    return wanted


if __name__ == "__main__":
    for row in run(int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS):
        print(row)
