"""Callbacks of many streams: all are called, in order, whatever one of them does."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from adapters.detection.callbacks import AT_ONCE, Callbacks


async def test_each_is_called_in_a_later_turn_in_order() -> None:
    callbacks, called = Callbacks(), list[str]()
    for value in ("one", "two"):
        callbacks.put(partial(called.append, value))
    assert not called
    await asyncio.sleep(0)
    assert called == ["one", "two"]


async def test_one_that_raises_harms_nobody_and_is_told() -> None:
    told: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, what: told.append(what))
    callbacks, called = Callbacks(), list[int]()
    callbacks.put(lambda: called.append(1))
    callbacks.put(lambda: called.append(1 // 0))
    callbacks.put(lambda: called.append(3))
    await asyncio.sleep(0)
    loop.set_exception_handler(None)
    assert called == [1, 3]
    assert [type(what["exception"]) for what in told] == [ZeroDivisionError]


async def test_others_have_their_turn_between_many_and_what_is_put_meanwhile_comes_later() -> None:
    callbacks, called = Callbacks(), list[str]()
    for _ in range(AT_ONCE):
        callbacks.put(lambda: called.append("callback"))
    callbacks.put(lambda: callbacks.put(lambda: called.append("last")))
    asyncio.get_running_loop().call_soon(called.append, "another")
    for _ in range(4):
        await asyncio.sleep(0)
    assert called == ["callback"] * AT_ONCE + ["another", "last"]
