"""Shared by the two frameworks of MTProto: their session, the way of their news, and how they learn of an end."""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import Awaitable, Callable
from io import BytesIO
from pathlib import Path

from clients.chat.starting import Rejected
from clients.telegram.messenger import NO_TOKEN, Flooded, Listener
from clients.telegram.settings import Settings

WATCH_SECONDS = 60.0
"""How often the messenger is asked whether it still knows the bot: a revoked token ends a session without a word."""
_TOKEN = re.compile(r"(\d{3,20}):[\w-]{10,}", re.ASCII)

log = logging.getLogger("stts.bot")


def session_folder(settings: Settings) -> tuple[Path, str]:
    """Folder and name of the session of the token's bot: another bot gets another one. Raises Rejected.

    A session opens the bot as its token does, so the folder is for its user alone.
    """
    found = _TOKEN.fullmatch(settings.token)
    if found is None:
        raise Rejected(NO_TOKEN)
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = settings.data / "sessions"
    folder.mkdir(exist_ok=True, mode=0o700)
    os.chmod(folder, 0o700)
    return folder, f"{settings.framework}-{found[1]}"


class News:
    """The way of news to who listens: they come from the first moment of a connection, and wait for that."""

    def __init__(self) -> None:
        self._listener: asyncio.Future[Listener | None] = asyncio.get_running_loop().create_future()

    async def listener(self) -> Listener | None:
        """The one who listens; None once the connection ends without anybody."""
        return await asyncio.shield(self._listener)

    def go_to(self, listener: Listener | None) -> None:
        if not self._listener.done():
            self._listener.set_result(listener)


def named(audio: bytes, name: str) -> BytesIO:
    """A file with the name from which the frameworks take its media type."""
    file = BytesIO(audio)
    file.name = name
    return file


async def watch(ask: Callable[[], Awaitable[object]]) -> None:
    """Asks without end. Raises Rejected once the messenger does not know the bot any more."""
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        try:
            await ask()
        except Flooded as flooded:
            await asyncio.sleep(flooded.seconds)
        except OSError as error:
            log.warning("the messenger cannot be reached: %s", error)
