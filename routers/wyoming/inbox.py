"""Inbox of one client: reads at all times, so that pings are answered and a disconnect is seen, however far behind the
work is. Events that wait for their turn are kept in a spool.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping

from routers.wyoming.frames import Event, packed, read_event, unpacked
from stts.errors import PayloadTooLarge
from stts.settings import CurrentSettings
from stts.streams.spool import MIB, Spool, SpoolFull, SpoolSpace

SPARE_BYTES = MIB // 4
"""Spare bytes for events without audio, where audio has filled the spool."""

Handler = Callable[[Event], Awaitable[None]]


class Inbox:
    """Iterate it for the events that have their turn, in order. One task fills it, another iterates it."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        space: SpoolSpace,
        settings: CurrentSettings,
        at_once: Mapping[str, Handler],
        in_turn: Collection[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`at_once`: what answers kinds of events that wait for nobody. Events of no kind that is named are ignored.

        `clock`: not the event loop's, which may be too coarse to tell who was silent first.
        """
        self._reader = reader
        self._settings = settings
        self._spool = Spool(space, lambda: settings().limits.spool_mib * MIB)
        self._at_once = at_once
        self._in_turn = in_turn
        self._handed_over = False
        """The reader is busy with the last event it took."""
        self._clock = clock
        self._heard_at = self._clock()

    @property
    def silent_seconds(self) -> float:
        """Seconds since the last event."""
        return self._clock() - self._heard_at

    @property
    def behind(self) -> bool:
        """True if a received event is still worked on or waits."""
        return self._handed_over or self._spool.held > 0

    async def fill(self, silence_is_fine: Callable[[], bool]) -> None:
        """Reads until the client leaves, or says nothing for too long where that is not fine: then TimeoutError.

        Raises InvalidRequest, PayloadTooLarge and BodyTimeout too, after which nothing sensible can be read.
        """
        while (event := await self._next(silence_is_fine)) is not None:
            self._heard_at = self._clock()
            if (answer := self._at_once.get(event.type)) is not None:
                await answer(event)
            elif event.type in self._in_turn:
                await self._keep(event)
            # Events that are there already come without a pause, and others want their turn.
            await asyncio.sleep(0)

    async def __aiter__(self) -> AsyncIterator[Event]:
        while (record := await self._spool.get()) is not None:
            self._handed_over = True
            assert isinstance(record, bytes)
            yield unpacked(record)
            self._handed_over = False
            await asyncio.sleep(0)

    async def aclose(self) -> None:
        """Drops all waiting events."""
        await self._spool.aclose()

    async def _next(self, silence_is_fine: Callable[[], bool]) -> Event | None:
        while True:
            limits = self._settings().limits
            try:
                return await read_event(
                    self._reader,
                    data_bytes=limits.json_bytes,
                    idle_seconds=limits.idle_seconds,
                    body_seconds=limits.body_seconds,
                )
            except TimeoutError:
                if not self.behind and not silence_is_fine():
                    raise

    async def _keep(self, event: Event) -> None:
        """Raises PayloadTooLarge: a transcript with a hole in it is worse than none."""
        try:
            await self._spool.put(packed(event), spare=0 if event.payload else SPARE_BYTES)
        except SpoolFull:
            raise PayloadTooLarge("Too much was sent ahead of what is being worked on.") from None
