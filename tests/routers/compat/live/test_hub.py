"""Sidebands of a session: how many there may be, and what a slow one hears of speech that was interrupted."""

from __future__ import annotations

from typing import Any

import pytest

from routers.compat.live.hub import Hub
from routers.compat.live.link import OutputFrame
from routers.compat.live.outgoing import Outgoing
from stts.errors import Conflict

RATE = 24_000


def outgoing() -> Outgoing:
    return Outgoing(lambda: None)


def frame(start: int, value: int) -> OutputFrame:
    return OutputFrame(value.to_bytes(2, "little") * (RATE // 20), not value, start, start + 50)


async def delivered(sideband: Outgoing) -> list[Any]:
    got: list[Any] = []

    async def take(item: Any) -> None:
        got.append(item)

    sideband.close()
    await sideband.deliver(take, take)
    return got


async def test_there_are_as_many_as_may_be() -> None:
    hub = Hub(RATE, lambda: 2)
    first = outgoing()
    for sideband in (first, outgoing()):
        await hub.attach(sideband)
    with pytest.raises(Conflict, match="2 connections"):
        await hub.attach(outgoing())
    hub.detach(first)
    await hub.attach(outgoing())
    assert len(hub) == 2


async def test_speech_that_was_interrupted_does_not_reach_a_slow_one() -> None:
    hub, sideband = Hub(RATE, lambda: 1), outgoing()
    await hub.attach(sideband)
    hub.said(frame(0, 500))
    hub.said(frame(50, 0))
    hub.interrupted()
    hub.said(frame(100, 0))
    assert [item.start_ms for item in await delivered(sideband)] == [50, 100]
