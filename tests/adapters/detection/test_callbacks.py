"""Callbacks of many streams: all are called, in order and in their own contexts, whatever one of them does."""

from __future__ import annotations

import asyncio
import contextvars
from typing import Any

from adapters.detection.callbacks import AT_ONCE, Callbacks

name: contextvars.ContextVar[str] = contextvars.ContextVar("name")


def context_of(value: str) -> contextvars.Context:
    context = contextvars.copy_context()
    context.run(name.set, value)
    return context


async def test_each_is_called_in_its_own_context_in_a_later_turn() -> None:
    callbacks, called = Callbacks(), list[str]()
    for value in ("one", "two"):
        callbacks.put(lambda: called.append(name.get()), context_of(value))
    assert not called
    await asyncio.sleep(0)
    assert called == ["one", "two"]


async def test_one_that_raises_harms_nobody_and_is_told() -> None:
    told: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, what: told.append(what))
    callbacks, called = Callbacks(), list[int]()
    context = contextvars.copy_context()
    callbacks.put(lambda: called.append(1), context)
    callbacks.put(lambda: called.append(1 // 0), context)
    callbacks.put(lambda: called.append(3), context)
    await asyncio.sleep(0)
    loop.set_exception_handler(None)
    assert called == [1, 3]
    assert [type(what["exception"]) for what in told] == [ZeroDivisionError]


async def test_others_have_their_turn_between_many_and_what_is_put_meanwhile_comes_later() -> None:
    callbacks, called = Callbacks(), list[str]()
    context = contextvars.copy_context()
    for _ in range(AT_ONCE):
        callbacks.put(lambda: called.append("callback"), context)
    callbacks.put(lambda: callbacks.put(lambda: called.append("last"), contextvars.copy_context()), context)
    asyncio.get_running_loop().call_soon(called.append, "another")
    for _ in range(4):
        await asyncio.sleep(0)
    assert called == ["callback"] * AT_ONCE + ["another", "last"]
