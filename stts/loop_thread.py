"""A private event loop in a thread of its own, for callers that wait for what it does."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from stts.errors import Unavailable

Result = TypeVar("Result")

ENDED = "It is not open, or was closed while this went on."
INSIDE = "This would wait for itself: it is called in the very event loop that it waits for."


class LoopThread:
    """Started once. Any number of threads may have it run something at once."""

    def __init__(self, name: str) -> None:
        self._lock = threading.Lock()
        self._is_open = True
        self._answering = threading.Event()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()
        self._answering.wait()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Waits for the work, which is cancelled where the wait is interrupted. Raises Unavailable once it stops."""
        if threading.current_thread() is self._thread:
            work.close()
            raise Unavailable(INSIDE)
        # What is handed over before the stop is begun by the loop before it ends, which cancels it then.
        with self._lock:
            if not self._is_open:
                work.close()
                raise Unavailable(ENDED)
            waiting = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return waiting.result()
        except concurrent.futures.CancelledError:
            raise Unavailable(ENDED) from None
        except BaseException:
            waiting.cancel()
            raise

    def stop(self) -> None:
        """Cancels what still runs, and waits for the thread. May be called again."""
        with self._lock:
            if self._is_open:
                self._is_open = False
                self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()

    def _serve(self) -> None:
        with asyncio.Runner() as runner:
            runner.run(self._until_stopped())

    async def _until_stopped(self) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        self._answering.set()
        await self._stopped.wait()
