#!/usr/bin/env bash
# limits 5.8.0: the asyncio storage in memory looks through all of its keys after hits, each key in a thread of the pool.
#
# Good guess: a hit of a moving window touches the window of its own key; old windows go by a timer, or when they are read.
# Seen: a hit starts a task, unless one runs, that visits every key the storage knows and hands a bisection of a few list
#   entries to `asyncio.to_thread`, one key after another: with 2,000 callers one more hit is followed by over 2,000 such
#   calls. Under steady traffic the task never rests.
# Why it matters: a server that counts thousands of callers keeps its event loop and thread pool busy with bisections that
#   take a microsecond each, and other work of the pool waits behind them. A storage of one's own behind the library's
#   interface (a deque a caller, the oldest popped when it is read) has neither.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "limits==5.8.0"
"$folder/venv/bin/python" - <<'PY'
import asyncio

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

CALLERS = 2000


async def main() -> None:
    limiter, item = MovingWindowRateLimiter(MemoryStorage()), RateLimitItemPerMinute(600)
    for number in range(CALLERS):
        await limiter.hit(item, f"caller {number}")
    # What the hits before have started has ended when nothing else runs.
    while len(asyncio.all_tasks()) > 1:
        await asyncio.sleep(0.01)
    calls, in_a_thread = 0, asyncio.to_thread

    async def counted(*arguments):
        nonlocal calls
        calls += 1
        return await in_a_thread(*arguments)

    asyncio.to_thread = counted
    await limiter.hit(item, "one more")
    while len(asyncio.all_tasks()) > 1:
        await asyncio.sleep(0.01)
    print(f"{CALLERS} callers known; calls of a thread after one more hit: {calls}")
    assert calls >= CALLERS, "a hit no longer visits all keys in threads: the guess is right now"


asyncio.run(main())
PY
