"""`serve`: several listeners in one process and one event loop, from their start to the end of their last client."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

from middleware.serving.lifecycle import Lifecycle

STOP_SIGNALS = [signal.SIGINT, signal.SIGTERM]
if sys.platform == "win32":
    STOP_SIGNALS.append(signal.SIGBREAK)


class Listener(Protocol):
    """An address that clients come by."""

    async def serve(self, started: Callable[[], None]) -> None:
        """Calls `started` once it accepts connections; returns when it was stopped and its last client has gone."""
        ...

    def stop(self, *, at_once: bool) -> None:
        """Accepts nobody any more and lets those inside finish, for a bounded time; `at_once`: cuts them off."""
        ...


class NoListener:
    """Stands where a listener could not be opened."""

    where = ""

    async def serve(self, started: Callable[[], None]) -> None:
        """Serves nobody."""

    def stop(self, *, at_once: bool) -> None:
        """Stops nothing."""

    def close(self) -> None:
        """Has nothing."""


NO_LISTENER = NoListener()


async def serve(
    listeners: Sequence[Listener], lifecycle: Lifecycle, on_start: Callable[[], None] = lambda: None
) -> None:
    """Serves until the lifecycle or a signal says stop, and until all have drained. A second Ctrl-C ends it at once.

    `on_start` is called when all listen. Raises an ExceptionGroup of what a listener raises; the others end with it.
    """
    waiting = len(listeners)

    def started() -> None:
        nonlocal waiting
        waiting -= 1
        if not waiting:
            on_start()
            lifecycle.answering.set()

    def stop(at_once: bool) -> None:
        lifecycle.stop(at_once=at_once)
        if at_once:
            _stop(listeners, at_once=True)

    with _stop_signals(asyncio.get_running_loop(), lifecycle, stop):
        async with asyncio.TaskGroup() as group:
            for listener in listeners:
                group.create_task(listener.serve(started), name="listener")
            await lifecycle.stopping.wait()
            await lifecycle.shut_down()
            _stop(listeners, at_once=lifecycle.at_once)


def _stop(listeners: Sequence[Listener], *, at_once: bool) -> None:
    for listener in listeners:
        listener.stop(at_once=at_once)


@contextmanager
def _stop_signals(
    loop: asyncio.AbstractEventLoop, lifecycle: Lifecycle, stop: Callable[[bool], None]
) -> Iterator[None]:
    """Installs signal handlers that call `stop`, with True for a second Ctrl-C. Only the main thread may do so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: FrameType | None) -> None:
        at_once = lifecycle.phase == "draining" and number == signal.SIGINT
        lifecycle.phase = "draining"
        loop.call_soon_threadsafe(stop, at_once)

    before = {number: signal.signal(number, handle) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
