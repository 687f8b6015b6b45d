"""Runs a program until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any


async def until_stopped(
    *listening: Coroutine[Any, Any, None],
    stop: asyncio.Event | None,
    ending: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Runs all of it until one part ends, or `stop` is set, or a signal comes where there is none.

    `ending`: what is done then while it still listens. Raises what a part has ended with.
    """
    stop = stop or _signalled()
    parts = [asyncio.create_task(part) for part in listening]
    tasks = [*parts, asyncio.create_task(stop.wait())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        try:
            if ending is not None:
                await ending()
        finally:
            ended = [part for part in parts if part.done()]
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
    for part in ended:
        part.result()


def _signalled() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop
