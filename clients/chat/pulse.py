"""The pulse of a bot: a file that is touched while it listens, by which a health check outside knows that it lives."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from clients.chat.settings import InvalidSettings

SECONDS = 10.0
"""Between two beats. `deploy/docker/alive.py` waits for three that do not come."""

log = logging.getLogger("stts.bot")


@asynccontextmanager
async def beating(file: Path | None) -> AsyncIterator[None]:
    """Touches the file at once and from then on, as long as the event loop runs; at the end it is gone.

    It tells nothing of the messenger or the server: a bot that waits for either is not mended by a new start.
    Raises InvalidSettings where it cannot be written.
    """
    if file is None:
        yield
        return
    try:
        await asyncio.to_thread(file.touch, 0o600)
    except OSError as error:
        raise InvalidSettings(f"pulse: {file} cannot be written: {error.strerror}.") from None
    beat = asyncio.create_task(_beat(file))
    try:
        yield
    finally:
        beat.cancel()
        await asyncio.wait([beat])
        await asyncio.to_thread(file.unlink, missing_ok=True)


async def _beat(file: Path) -> None:
    while True:
        await asyncio.sleep(SECONDS)
        try:
            await asyncio.to_thread(file.touch)
        except OSError as error:
            # Who looks after the bot sees that it does not beat; the people who write to it are answered.
            log.warning("the pulse cannot be written: %s", error.strerror)
