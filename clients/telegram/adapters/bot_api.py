"""Shared by the two frameworks of the Bot API: asking for news without end, or being called with them."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar

from aiohttp import ClientSession, web

from clients.chat.starting import Rejected
from clients.telegram.adapters.bot_api_news import readable
from clients.telegram.messenger import Flooded, Undeliverable
from clients.telegram.settings import Settings

POLL_SECONDS = 25
"""How long the messenger keeps a question for news open."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
CALL_BYTES = 1 << 20
PATH = "/telegram"
KINDS = ["message", "edited_message", "callback_query"]
"""News that the bot wants."""
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"

log = logging.getLogger("stts.bot")


class Update(Protocol):
    @property
    def update_id(self) -> int: ...


News = TypeVar("News", bound=Update)


async def receive(
    settings: Settings,
    handle: Callable[[News], Awaitable[None]],
    ask: Callable[[int, int], Awaitable[Sequence[News]]],
    read: Callable[[dict[str, Any]], News],
    set_hook: Callable[[str | None], Awaitable[None]],
) -> None:
    """Hands on news until it is cancelled, by asking for them or, where the settings name an address, by being called.

    `read`: makes an update of JSON. `set_hook`: tells the messenger where to call, or None. Raises Rejected.
    """
    if settings.webhook is None:
        await set_hook(None)
        await poll(ask, handle)
        return

    async def take(update: dict[str, Any]) -> None:
        for each in readable([update], read):
            await handle(each)

    async with called(settings.webhook_listen, settings.webhook_secret, take):
        await set_hook(settings.webhook.rstrip("/") + PATH)
        await asyncio.Event().wait()


async def poll(ask: Callable[[int, int], Awaitable[Sequence[News]]], handle: Callable[[News], Awaitable[None]]) -> None:
    """Hands on news until it is cancelled. `ask`: takes the number of the next update and seconds to wait.

    What was handed on is confirmed at the end, too, so that it does not come again: not where another program asks,
    which the question would end. Raises Rejected.
    """
    following, pause, rejected = 0, FIRST_PAUSE, False
    try:
        while True:
            try:
                news = await ask(following, POLL_SECONDS)
                pause = FIRST_PAUSE
            except Flooded as flooded:
                await asyncio.sleep(flooded.seconds)
                continue
            except Rejected:
                rejected = True
                raise
            except OSError as error:
                log.warning("the messenger cannot be reached: %s", error)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
                continue
            for update in news:
                await handle(update)
                following = update.update_id + 1
    finally:
        if following and not rejected:
            await _confirm(ask, following)


async def _confirm(ask: Callable[[int, int], Awaitable[Any]], following: int) -> None:
    try:
        async with asyncio.timeout(5):
            await ask(following, 0)
    except (OSError, Flooded, Rejected, TimeoutError):
        log.warning("the last messages could not be confirmed: they come again")


async def stream(session: ClientSession, address: str, file: Any) -> None:
    """Writes what is at an address into a file, piece by piece. Raises Undeliverable, and errors of aiohttp."""
    async with session.get(address) as answer:
        if answer.status != 200:
            raise Undeliverable(f"the file is refused: {answer.status}")
        async for piece in answer.content.iter_chunked(1 << 16):
            file.write(piece)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


@asynccontextmanager
async def called(address: str, secret: str, handle: Callable[[dict[str, Any]], Awaitable[None]]) -> AsyncIterator[None]:
    """Listens for calls of the messenger, each an update as JSON, and takes those alone that know the secret."""

    async def take(request: web.Request) -> web.Response:
        if not hmac.compare_digest(_bytes(request.headers.get(SECRET_HEADER, "")), _bytes(secret)):
            return web.Response(status=403)
        try:
            update = await request.json()
        except (json.JSONDecodeError, UnicodeDecodeError):
            return web.Response(status=400)
        if not isinstance(update, dict) or not isinstance(update.get("update_id"), int):
            return web.Response(status=400)
        await handle(update)
        return web.Response()

    app = web.Application(client_max_size=CALL_BYTES)
    app.router.add_post(PATH, take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        host, _, port = address.rpartition(":")
        await web.TCPSite(runner, host, int(port)).start()
        yield
    finally:
        await runner.cleanup()
