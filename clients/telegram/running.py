"""Runs the bot until it is told to stop, and then lets end what was accepted."""

from __future__ import annotations

import asyncio
import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from clients.chat.looking import looked_at
from clients.chat.pulse import beating
from clients.chat.speech import SpeechServer
from clients.chat.starting import NotInstalled, Rejected
from clients.chat.stopping import until_stopped
from clients.telegram.bot import Bot
from clients.telegram.messenger import Framework
from clients.telegram.settings import Settings

CLASSES = {"aiogram": "Aiogram", "telebot": "Telebot", "pyrogram": "Pyrogram", "telethon": "Telethon"}
"""The class of each adapter, in the file of the framework's name."""


def framework(settings: Settings) -> Framework:
    """The framework that the settings name. Raises NotInstalled and Rejected."""
    name = settings.framework
    try:
        module = import_module(f"clients.telegram.adapters.{name}")
    except ImportError:
        raise NotInstalled(name, "telegram") from None
    maker: Callable[[Settings], Framework] = getattr(module, CLASSES[name])
    return maker(settings)


async def run(
    settings: Settings,
    told: Callable[[str], None],
    stop: asyncio.Event | None = None,
    messenger: Framework | None = None,
) -> None:
    """Runs until `stop`, or a signal where there is none. `told`: takes the bot's name once it listens.

    `messenger`: one that is made already, in place of the framework that the settings name.

    Raises Rejected, NotInstalled, InvalidSettings, and OSError where the messenger cannot be reached at the start.
    """
    with _alone(settings.data):
        await _run(settings, told, stop, messenger or framework(settings))


async def _run(
    settings: Settings, told: Callable[[str], None], stop: asyncio.Event | None, messenger: Framework
) -> None:
    server = SpeechServer(settings.server, settings.key, timeout=settings.deadline)
    try:
        name = await messenger.connect()
        async with beating(settings.pulse), looked_at(server, settings.server):
            bot = Bot(messenger, server, settings, name)
            try:
                await bot.offer()
                told(name)
                # What comes from here on is left to the next start: the messenger keeps it.
                await until_stopped(messenger.listen(bot), bot.rejected(), stop=stop)
            finally:
                await bot.close()
    finally:
        await messenger.close()
        await server.close()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keeps other bots out of a folder: each would throw away what the other is at work on. Raises Rejected."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        opened = (folder / "lock").open("w")
    except OSError as error:
        raise Rejected(f"The folder {folder} (`data`) cannot be written: {error.strerror}.") from None
    with opened as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Rejected(f"Another bot works with the folder {folder}: each needs one of its own (`data`).") from None
        yield
