"""A Live session: a conversation whose output never pauses, for one client and whoever is attached."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from types import TracebackType

import structlog

from routers.compat.live.commands import Commands, parsed
from routers.compat.live.errors import error_event
from routers.compat.live.fixture import FIXTURE
from routers.compat.live.link import LiveLink, OutputFrame
from routers.compat.live.opening import Opening
from routers.compat.live.output import OutputClock
from routers.compat.live.session_events import SessionEvents
from routers.compat.live.session_object import ignored
from routers.compat.live.state import LiveState
from routers.sockets.parts import until_first
from stts.conversation.continuous import Mixed
from stts.conversation.services import ServicesFor
from stts.engine_api import Samples
from stts.errors import STTSError
from stts.settings import CurrentSettings

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()
GOODBYE_SECONDS = 5.0
"""Seconds for a client that may have stopped reading to read the last events."""
USAGE_MS = 8000


class LiveSession:
    """`async with` it: entering takes what it needs (raises as ConversationSession does); then `run`, once."""

    def __init__(
        self,
        opening: Opening,
        link: LiveLink,
        services_for: ServicesFor,
        settings: CurrentSettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.state = LiveState(opening, link, services_for, settings, clock)
        self._link, self._settings, self._unknown = link, settings, opening.unknown
        self._commands = Commands(self.state)
        self._events = SessionEvents(self.state)
        self._output = OutputClock(self.state.mixer, self.state.timeline, self._frame, self.state.expects)
        self._usage_ms = USAGE_MS

    async def __aenter__(self) -> LiveSession:
        await self.state.core.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        closed = self.state.closed()
        log.info(
            "live_session_ended",
            session_id=self.state.object.id,
            reason=closed["reason"],
            seconds=closed["usage"]["seconds"],
            behind=self.state.behind,
        )
        self.state.hub.close(closed)
        try:
            await self.state.end_tasks()
        finally:
            await self.state.core.__aexit__(kind, error, trace)

    async def run(self, client_event_id: str | None = None) -> None:
        """Returns when it is over and its client was told so. `client_event_id`: of `session.start`."""
        state = self.state
        state.timeline.begin()
        state.answer({"type": "session.started", "session": state.object.wire()}, client_event_id)
        if self._unknown:
            state.answer(ignored(self._unknown), client_event_id)
        state.brain.begin(state)
        microphone = self._link.microphone()
        parts = [self._obey(), self._tell(), self._output.run(), self._deliver(), self._goodbye(), self._quota()]
        if microphone is not None:
            parts.append(self._listen(microphone))
        await until_first(*parts)

    def wind_down(self) -> None:
        """Begins nothing more, and finishes what was begun."""
        self.state.core.wind_down()

    @property
    def at_rest(self) -> bool:
        return self.state.core.at_rest and self.state.mixer.idle

    async def _obey(self) -> None:
        """Until the client leaves."""
        async for data in self._link.messages():
            event_id = None
            self.state.heard_from()
            try:
                message, event_id = parsed(data)
                await self._commands.carry_out(message, event_id)
            except STTSError as error:
                self.state.tell(error_event(error, event_id))
        self.state.end("connection_lost")

    async def _listen(self, microphone: AsyncGenerator[Samples, None]) -> None:
        async with aclosing(microphone):
            async for samples in microphone:
                self.state.heard_from()
                if not self.state.closing:
                    await self.state.hearing.hear(samples)
        await asyncio.Event().wait()  # its client leaves with its commands

    async def _tell(self) -> None:
        async with aclosing(self.state.core.events()) as events:
            async for event in events:
                self._events.take(event)
                self.state.brain.observe(event)
                self._go_on()

    async def _deliver(self) -> None:
        await self.state.outgoing.deliver(self._link.send, self._link.play)

    async def _goodbye(self) -> None:
        await self.state.over.wait()
        self.state.outgoing.tell(self.state.closed())
        self.state.outgoing.close()
        self.state.hub.close(self.state.closed())
        await asyncio.sleep(GOODBYE_SECONDS)

    async def _quota(self) -> None:
        await self._link.quota_end.at_rest(self)
        if (error := self._link.quota_end.error) is not None and not self.state.quota_told:
            self.state.tell(error_event(error))
        self.state.end("expired")
        await asyncio.Event().wait()

    def _frame(self, frame: OutputFrame, mixed: Mixed) -> None:
        state = self.state
        if state.reason is not None:
            return
        self._events.spoken(frame, mixed)
        state.outgoing.play(frame)
        state.hub.said(frame)
        if FIXTURE in mixed.ended:
            state.fixture_played()
        if frame.start_ms >= self._usage_ms:
            self._usage_ms += USAGE_MS
            state.tell({"type": "session.usage.updated", "usage": state.usage()})
        self._look(state.timeline.seconds)

    def _look(self, now: float) -> None:
        """Looks with each frame what time has brought about."""
        state, live = self.state, self._settings().live
        if not state.at_rest:
            state.heard_from()
        if now >= live.session_minutes * 60 or now - state.active >= live.idle_seconds:
            state.end("expired")
        if state.closing and (now >= state.rest_by or state.at_rest):
            state.end("close_requested")
        if state.hearing.stopped:
            state.start(state.hearing.end_turn(), "end of input")
        self._go_on()

    def _go_on(self) -> None:
        """Says what waits, if nobody speaks."""
        self.state.speaking.go_on()
        self.state.brain.go_on()
