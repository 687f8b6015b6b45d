"""A look at the speech server when a bot starts: who runs it learns what is wrong before its people do."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from clients.chat.speech import ServerFailed, SpeechServer

log = logging.getLogger("stts.bot")


@asynccontextmanager
async def looked_at(server: SpeechServer, url: str) -> AsyncIterator[None]:
    """Looks meanwhile whether the server can be used, and logs a line where it cannot: it may come up later."""
    task = asyncio.create_task(_look(server, url))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _look(server: SpeechServer, url: str) -> None:
    try:
        await server.get("/engines")
    except ServerFailed as failure:
        if failure.cause == "key":
            log.warning("the speech server at %s does not take the bot's key: set STTS_KEY", url)
        elif failure.cause in ("away", "slow"):
            log.warning("the speech server does not answer at %s: start it, or set STTS_URL", url)
        else:
            log.warning("the speech server at %s cannot be used: %s", url, failure.detail or failure.cause)
