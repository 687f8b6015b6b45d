"""Runs the bot until it is told to stop, and then lets end what was accepted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from clients.chat.looking import looked_at
from clients.chat.pulse import beating
from clients.chat.speech import SpeechServer
from clients.chat.starting import NotInstalled
from clients.chat.stopping import until_stopped
from clients.discord.bot import Bot
from clients.discord.settings import Settings

if TYPE_CHECKING:
    import aiohttp


async def run(
    settings: Settings,
    told: Callable[[str], None],
    stop: asyncio.Event | None = None,
    connector: Callable[[], aiohttp.BaseConnector] | None = None,
) -> None:
    """Runs until `stop`, or a signal where there is none. `told`: takes the bot's name once it listens.

    `connector`: makes the way to Discord, where it is another one.
    Raises Rejected, NotInstalled, InvalidSettings, and OSError where Discord cannot be reached at the start.
    """
    try:
        from clients.discord.client import Discord
    except ImportError:
        raise NotInstalled("discord.py", "discord") from None
    # What it says of its steps holds tokens of voice connections.
    logging.getLogger("discord").setLevel(logging.WARNING)
    server = SpeechServer(settings.server, settings.key, timeout=settings.deadline)
    discord = Discord(settings, connector() if connector else None)
    try:
        bot = Bot(discord, server, settings)

        async def end() -> None:
            # What was accepted is spoken while the connection still stands.
            await bot.close()
            await discord.leave_all()

        async with beating(settings.pulse), looked_at(server, settings.server):
            await until_stopped(discord.run(bot, told), stop=stop, ending=end)
    finally:
        await discord.close()
        await server.close()
