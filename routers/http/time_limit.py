"""A bound on how long a client waits for an answer, where its dialect has one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeVar

from stts.errors import EngineTimeout

Item = TypeVar("Item")


async def within(items: AsyncGenerator[Item, None], seconds: float) -> AsyncGenerator[Item, None]:
    """The items, as long as all that is waited for them together takes no longer. Raises EngineTimeout.

    Time in which nobody asks for the next one does not count: a client that reads slowly gets all.
    """
    loop, left = asyncio.get_running_loop(), seconds
    async with aclosing(items):
        while True:
            began = loop.time()
            try:
                async with asyncio.timeout(left):
                    item = await anext(items)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise EngineTimeout(f"The speech was not made within {seconds:g} seconds.") from None
            left -= loop.time() - began
            yield item
