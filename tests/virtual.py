"""An event loop on which time passes only when nobody has anything to do, and then at once.

    @virtual
    async def test_something() -> None:
        await asyncio.sleep(3600)

For code that owns its clock (`clock=loop.time`) and uses neither threads nor sockets.
"""

from __future__ import annotations

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any


class _Selector(selectors.SelectSelector):
    """Never waits: what it would have waited is how far the clock goes on."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("Everybody waits and nothing will ever happen.")
        self.now += max(timeout, 0.0)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now

    def pass_unnoticed(self, seconds: float) -> None:
        self._virtual.now += seconds


def virtual(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @functools.wraps(test)
    def run(*arguments: Any, **named: Any) -> None:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(test(*arguments, **named))

    return run


def now() -> float:
    """Time of the running loop: a clock for the code under test."""
    return asyncio.get_running_loop().time()


def pass_unnoticed(seconds: float) -> None:
    """Lets time go on while the running loop does nothing: the machine lets others run."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.pass_unnoticed(seconds)
