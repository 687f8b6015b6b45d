"""The connection to the server: looked at again and again while it is down, each time after a longer wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from clients.desktop.model.backoff import Backoff, countdown
from clients.desktop.model.catalogue import voices
from clients.desktop.model.events import Connected, Unreached
from clients.desktop.model.server import ServerFailed, SpeechServer


async def connect(
    server: SpeechServer,
    tell: Callable[[Connected | Unreached], None],
    backoff: Backoff = Backoff(first=2.0),  # noqa: B008
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> bool:
    """Asks until the server has answered; False where it never will. Ends when it is cancelled."""
    attempt = 0
    while True:
        try:
            found = await server.look()
        except ServerFailed as failed:
            if not failed.again:
                tell(Unreached(failed.sentence))
                return False
            attempt += 1
            wait = backoff.seconds_before(min(attempt, backoff.times), None) or backoff.longest
            for left, step in countdown(max(wait, failed.after or 0.0)):
                tell(Unreached(failed.sentence, left))
                await pause(step)
        else:
            tell(Connected(voices(found)))
            return True
