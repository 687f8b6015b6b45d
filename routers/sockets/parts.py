"""The parts of a session that run together: usually one that reads and one that sends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Sequence
from typing import Any

from starlette.websockets import WebSocketDisconnect

from stts.streams.flag import Flag


async def until_first(*parts: Awaitable[None]) -> None:
    """Runs the parts of a session together until one ends, then ends the others. Raises what one of them raised."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        await _first_ended(tasks)
    finally:
        await _end(tasks)
    errors = _take_errors(tasks)
    # That the client has left is the consequence of whatever else went wrong, or no error at all.
    errors.sort(key=lambda error: isinstance(error, WebSocketDisconnect))
    if errors:
        raise errors.pop(0)


async def until_all(*parts: Coroutine[Any, Any, None]) -> None:
    """Runs parts that are one together, until all have ended or one has failed, which ends the others."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        await _end(tasks)
    if errors := _take_errors(tasks):
        raise errors.pop(0)


async def _first_ended(tasks: Sequence[asyncio.Future[None]]) -> None:
    first = Flag()  # asyncio.wait would keep 2 KB for as long as the session lasts

    def ended(_: object) -> None:
        first.set()

    for task in tasks:
        task.add_done_callback(ended)
    await first.wait()


async def _end(tasks: Sequence[asyncio.Future[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def _take_errors(tasks: list[asyncio.Task[None]]) -> list[BaseException]:
    """Errors of tasks that have ended, in their order; those that were ended say nothing of why. Whoever raises one
    keeps neither it nor the tasks: it holds whoever it is raised by."""
    errors = [error for task in tasks if not task.cancelled() and (error := task.exception())]
    tasks.clear()
    return errors
