"""Time that passes at once on a real event loop, with its sockets and threads.

    hung = asyncio.ensure_future(call())
    await until(lambda: begun)
    skip(600)

So no test needs a time limit that is short, which a machine that stalls for a second would strike somewhere else.
"""

from __future__ import annotations

import asyncio


def skip(seconds: float, loop: asyncio.AbstractEventLoop | None = None) -> None:
    """Whatever waits on the running loop, or on this one, has waited so long. In the thread of that loop."""
    loop = loop or asyncio.get_running_loop()
    time = loop.time
    loop.time = lambda: time() + seconds  # type: ignore[method-assign]
