"""A sideband that reads nothing is ended, and its session is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

from routers.compat.live.outgoing import MOST_EVENTS
from routers.compat.live.sideband import Sideband
from stts.errors import Busy, STTSError
from tests.patient import PATIENCE
from tests.routers.compat.live.virtual_client import joined
from tests.stts.conversation.caller import World


class Stuck:
    """A socket on which nothing goes out."""

    def __init__(self) -> None:
        self.closed = asyncio.Event()
        self.error: STTSError | None = None

    def close_with(self, error: STTSError) -> None:
        self.error = error
        self.closed.set()

    async def send_json(self, event: dict[str, Any]) -> None:
        await asyncio.Event().wait()

    async def __aiter__(self) -> AsyncIterator[str]:
        await self.closed.wait()
        return
        yield ""


async def test_one_that_is_too_far_behind_is_ended_alone() -> None:
    async with joined(World()) as (client, session, running):
        await client.until("session.started")
        socket = Stuck()
        sideband = asyncio.create_task(Sideband(cast(Any, socket), session.state).run())
        while not len(session.state.hub):  # noqa: ASYNC110 - attached by another task
            await asyncio.sleep(0)
        for _ in range(MOST_EVENTS + 1):
            session.state.hub.tell({"type": "info", "code": "x", "message": "y"})
        await asyncio.wait_for(sideband, PATIENCE)
        assert isinstance(socket.error, Busy)
        assert not len(session.state.hub)
        assert not running.done() and session.state.reason is None
