"""Whole requests and answers on uvicorn's connections, without messages in between."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

REST_SECONDS = 0.1
"""Many clients send head and body by themselves; who takes longer is a slow one, whose pace is judged by others."""


class WholeCycle:
    """The WholeExchange of one request (`middleware/serving/extensions.py`)."""

    __slots__ = ("_cycle", "_protocol")

    def __init__(self, protocol: HttpToolsProtocol, cycle: RequestResponseCycle) -> None:
        self._protocol = protocol
        self._cycle = cycle

    @property
    def body(self) -> bytes | None:
        return None if self._cycle.more_body else bytes(self._cycle.body)

    async def rest(self) -> None:
        cycle = self._cycle
        if cycle.waiting_for_100_continue:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(REST_SECONDS):
                while cycle.more_body and not cycle.disconnected:
                    cycle.message_event.clear()
                    await cycle.message_event.wait()
        if cycle.body:
            # Whoever reads it waits for this.
            cycle.message_event.set()

    def answer(self, head: bytes, body: bytes, status: int = 200) -> bool:
        cycle, protocol = self._cycle, self._protocol
        # A client that does not take what it got waits as it does for any answer, and one that leaves is told so.
        if cycle.disconnected or cycle.response_started or not cycle.keep_alive or protocol.flow.write_paused:
            return False
        cycle.response_started = cycle.response_complete = True
        ours = b"".join([b"%b: %b\r\n" % header for header in protocol.server_state.default_headers])
        # Together: one call of the system.
        protocol.transport.writelines((b"%b%b%b\r\n" % (STATUS_LINE[status], ours, head), body))
        cycle.message_event.set()
        cycle.on_response()
        return True
