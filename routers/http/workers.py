"""Threads for long blocking work of one kind: the threads that everything shares stay free for what is short."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import TypeVar

from stts.errors import Busy
from stts.storage.files.records import Checkpoint

RETRY_SECONDS = 2.0

Result = TypeVar("Result")


class Workers:
    """At most `threads` calls at once; at most `queue_length` wait for their turn."""

    def __init__(self, name: str, *, threads: int, queue_length: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._places = threading.BoundedSemaphore(threads + queue_length)

    async def run(self, call: Callable[[Checkpoint], Result]) -> Result:
        """Raises Busy where too many wait already, and what the call raises.

        The call is given a function to call now and then, which ends it once nobody waits for it any more.
        """
        self._take_place()
        left, checkpoint = _checkpoint()
        future = self._executor.submit(call, checkpoint)
        # A place is free when its thread is, not already when its caller leaves.
        future.add_done_callback(lambda _: self._places.release())
        try:
            return await asyncio.wrap_future(future)
        finally:
            left.set()

    async def in_turns(self, call: Callable[[Checkpoint], Result | None]) -> Result:
        """As `run`, of a call that is repeated until it has a result: others have their turns in between."""
        self._take_place()
        left, checkpoint = _checkpoint()
        outcome: Future[Result] = Future()

        def turn() -> Result | None:
            checkpoint()
            return call(checkpoint)

        def ended(done: Future[Result | None]) -> None:
            error = done.exception()
            result = done.result() if error is None else None
            if error is None and result is None:
                self._executor.submit(turn).add_done_callback(ended)
                return
            self._places.release()
            if not outcome.set_running_or_notify_cancel():
                return
            if result is None:
                outcome.set_exception(error)
            else:
                outcome.set_result(result)

        self._executor.submit(turn).add_done_callback(ended)
        try:
            return await asyncio.wrap_future(outcome)
        finally:
            left.set()

    def _take_place(self) -> None:
        if not self._places.acquire(blocking=False):
            raise Busy("Too many files are being looked at. Try again soon.", retry_after=RETRY_SECONDS)


def _checkpoint() -> tuple[threading.Event, Checkpoint]:
    """An event, and a function that ends the work it is called in once that is set."""
    left = threading.Event()

    def checkpoint() -> None:
        if left.is_set():
            raise CancelledError

    return left, checkpoint
