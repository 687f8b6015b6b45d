"""Blocking calls of several tasks, made together in a thread: a change of threads costs more than a short call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

GATHER_SECONDS = 0.02
"""Longest wait of a call for others."""
MOST_CALLS = 8
"""Calls that wait for no further ones."""

Result = TypeVar("Result")
_Waiting = tuple[Callable[[], Any], asyncio.Future[Any]]


class GroupedCalls:
    """One for any number of tasks of an event loop. Each call is made once, also where nobody waits for it any more."""

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []
        self._timer: asyncio.TimerHandle | None = None
        self._groups: set[asyncio.Future[None]] = set()

    def submit(self, call: Callable[[], Result]) -> asyncio.Future[Result]:
        """The result of a call that is made soon. It raises what the call raises, which concerns no other."""
        loop = asyncio.get_running_loop()
        result: asyncio.Future[Result] = loop.create_future()
        self._waiting.append((call, result))
        if len(self._waiting) >= MOST_CALLS:
            self._make()
        elif self._timer is None:
            self._timer = loop.call_later(GATHER_SECONDS, self._make)
        return result

    def _make(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._waiting = self._waiting, []
        group = asyncio.ensure_future(_made(waiting))
        # The loop itself holds no task.
        self._groups.add(group)
        group.add_done_callback(self._groups.discard)


async def _made(waiting: Sequence[_Waiting]) -> None:
    results = await asyncio.to_thread(lambda: [_outcome(call) for call, _ in waiting])
    for (_, future), (value, error) in zip(waiting, results, strict=True):
        if future.cancelled():
            continue
        if error is None:
            future.set_result(value)
        else:
            future.set_exception(error)


def _outcome(call: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    try:
        return call(), None
    except Exception as error:  # noqa: BLE001 - carried over to whoever asked for it
        return None, error
