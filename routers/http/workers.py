"""Threads for long blocking work of one kind: the threads that everything shares stay free for what is short."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
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
        if not self._places.acquire(blocking=False):
            raise Busy("Too many files are being looked at. Try again soon.", retry_after=RETRY_SECONDS)
        left = threading.Event()

        def checkpoint() -> None:
            if left.is_set():
                raise CancelledError

        future = self._executor.submit(call, checkpoint)
        # A place is free when its thread is, not already when its caller leaves.
        future.add_done_callback(lambda _: self._places.release())
        try:
            return await asyncio.wrap_future(future)
        finally:
            left.set()
