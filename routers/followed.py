"""Changes that were asked of another worker of this server, done here as well: configuration, engines, listeners."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import ContextVar

import structlog

from adapters.configuration.adapter import ConfigAdapter
from routers.services import Services
from stts.errors import STTSError
from stts.peers.everywhere import LOAD_ENGINE, RESTART_LISTENER, START_LISTENER, STOP_LISTENER, UNLOAD_ENGINE
from stts.peers.line import Plain
from stts.peers.link import Peers

CONFIG = "config"
CONFIG_SECONDS = 2.0
"""Longest wait of a change of the configuration for the other workers."""
FOLLOWING: ContextVar[bool] = ContextVar("following", default=False)
"""True where a change is done that another worker has told of: nobody is told of it again."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def follow(services: Services) -> None:
    """From now on each worker does what another was asked for. Called in the event loop."""
    if (peers := services.peers) is None:
        return
    listeners, engines = services.listeners, services.engines
    _on(peers, LOAD_ENGINE, engines.load)
    _on(peers, UNLOAD_ENGINE, engines.unload)
    _on(peers, START_LISTENER, listeners.start)
    _on(peers, STOP_LISTENER, listeners.stop_one)
    _on(peers, RESTART_LISTENER, listeners.restart)
    if services.config is not None:
        _follow_configuration(services.config, peers, asyncio.get_running_loop())


def _on(peers: Peers, topic: str, change: Callable[[str], Awaitable[object]]) -> None:
    async def do(name: Plain) -> Plain:
        try:
            await change(name)
        except STTSError as error:
            log.warning("worker_did_not_follow", change=topic, name=name, code=error.code)
        return True

    peers.on(topic, do)


def _follow_configuration(config: ConfigAdapter, peers: Peers, loop: asyncio.AbstractEventLoop) -> None:
    async def reload(_: Plain) -> Plain:
        FOLLOWING.set(True)
        try:
            await config.reload()
        except STTSError as error:
            log.warning("worker_did_not_follow", change=CONFIG, code=error.code)
        return True

    def changed() -> None:
        """In the thread that changes it, which waits until the others have done so too: the next request may be one
        of theirs."""
        if FOLLOWING.get() or loop.is_closed():
            return
        asked = asyncio.run_coroutine_threadsafe(peers.ask_others(CONFIG, None, CONFIG_SECONDS), loop)
        with suppress(TimeoutError):
            asked.result(CONFIG_SECONDS * 2)

    peers.on(CONFIG, reload)
    config.on_change.append(changed)
