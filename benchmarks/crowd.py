"""Many callers in one process, each with a socket of its own, all with the same script at different moments.

One task sends for all of them, for a timer of each would cost more than the server has to do.
"""

from __future__ import annotations

import asyncio
import gc
import random
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any, TypeVar

from benchmarks.websocket import Query, WebSocket, connect

T = TypeVar("T")

PERIOD_SECONDS = 0.06
"""Seconds of audio in a message."""
EARLY_SECONDS = 0.001
"""By which a message may go before its time, so that several go at once."""
PATIENCE_SECONDS = 60.0


class Member:
    def __init__(self, phase: float) -> None:
        self.phase = phase
        """Seconds by which its messages come after those of the first, where the period is the usual one."""
        self.wait = 0
        """Messages of silence before its script."""
        self.heard: list[tuple[float, str | bytes]] = []
        """`time.monotonic()` and message, in order."""
        self.sent: list[float] = []
        """`time.monotonic()` at which each message of the script was sent."""
        self.greeted = asyncio.Event()
        self.socket: WebSocket

    async def join(self, port: int, path: str, query: Query) -> None:
        """Returns when the session is there."""
        self.socket = await connect(port, path, self._received, query)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.greeted.wait()

    def _received(self, at: float, message: str | bytes) -> None:
        self.heard.append((at, message))
        self.greeted.set()


class Crowd:
    """Made by `crowd`, which opens the sockets."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.members: list[Member] = []
        self.late: list[float] = []
        """By how much each message was sent after its time: what the generator itself is to blame for."""

    async def play(
        self, frames: Sequence[bytes], silence: bytes, spread: int = 1, period: float = PERIOD_SECONDS
    ) -> None:
        """Every member sends all the frames, one each period, after so much silence of its own below `spread` periods,
        and silence until the last has finished."""
        order = sorted(self.members, key=lambda member: member.phase)
        for member in order:
            member.wait = self._chance.randrange(spread)
        started = time.monotonic() + period
        for number in range(len(frames) + spread - 1):
            for member in order:
                place = number - member.wait
                due = started + number * period + member.phase * period / PERIOD_SECONDS
                now = time.monotonic()
                if due - now > EARLY_SECONDS:
                    await asyncio.sleep(due - now)
                    now = time.monotonic()
                self.late.append(max(0.0, now - due))
                if 0 <= place < len(frames):
                    member.sent.append(now)
                    member.socket.send_frame(frames[place])
                else:
                    member.socket.send_frame(silence)


@asynccontextmanager
async def crowd(size: int, port: int, path: str, query: Query) -> AsyncIterator[Crowd]:
    """So many sockets, each of which has been told that its session is there."""
    chance = random.Random(size)
    found = Crowd(chance)
    async with AsyncExitStack() as stack:
        for _ in range(size):
            member = Member(chance.uniform(0, PERIOD_SECONDS))
            await member.join(port, path, query)
            stack.push_async_callback(member.socket.close)
            found.members.append(member)
        yield found


def run_fast(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """On the fastest event loop there is, and without pauses for the garbage of the generator."""
    with _without_garbage_collection(), asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(work())


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
