"""Time that passes at once on a real event loop, with its sockets and threads.

    hung = asyncio.ensure_future(call())
    await until(lambda: begun)
    skip(600)

So no test needs a time limit that is short, which a machine that stalls for a second would strike somewhere else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class _Clock:
    """Stands in for a loop's `time`. Code that keeps a reference to it sees later skips too."""

    def __init__(self, time: Callable[[], float]) -> None:
        self._time = time
        self.skipped = 0.0

    def __call__(self) -> float:
        return self._time() + self.skipped


def skip(seconds: float, loop: asyncio.AbstractEventLoop | None = None) -> None:
    """Whatever waits on the running loop, or on this one, has waited so long. In the thread of that loop."""
    loop = loop or asyncio.get_running_loop()
    if not isinstance(loop.time, _Clock):
        loop.time = _Clock(loop.time)  # type: ignore[method-assign]
    loop.time.skipped += seconds
