"""Audio of responses on the track of a call: the server plays it, and tells when it begins and ends there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

import numpy as np

from routers.compat.realtime.event_encoder import EventEncoder
from routers.compat.realtime.response import Event
from routers.compat.realtime.response_encoder import ResponseEncoder
from routers.webrtc.backlog import Backlog
from stts.conversation.events import AudioFrame, Interrupted, ReplyEnded, SessionEvent

PLAYED_OUT = frozenset({"completed", "incomplete", "failed"})
"""Ends of replies whose audio is heard to its own end."""
FULL_SCALE = 32_768


class LinePlayback:
    """Responses out of band are told of, and not heard: two voices at once would be understood by nobody."""

    def __init__(self, backlog: Backlog, responses: ResponseEncoder) -> None:
        self._backlog, self._responses = backlog, responses
        self._playing: str | None = None
        """Id of the response that is heard."""
        self._ending = asyncio.Event()
        """All audio of it is in the backlog."""

    async def told(self, event: SessionEvent, encoder: EventEncoder) -> AsyncGenerator[Event, None]:
        """Gives the server events of a session event, and plays its audio: as fast as it is heard."""
        heard = self._responses.heard_id(event.generation) if isinstance(event, AudioFrame) else None
        if isinstance(event, Interrupted) or (isinstance(event, ReplyEnded) and event.status not in PLAYED_OUT):
            for message in self.clear():
                yield message
        for message in encoder.to_messages(event):
            if message["type"] != "response.output_audio.delta":
                yield message
        if isinstance(event, AudioFrame) and heard is not None:
            if self._playing != heard:
                self._playing = heard
                self._ending.clear()
                yield _buffer("started", heard)
            await self._backlog.put(np.frombuffer(event.data, "<i2").astype(np.float32) / np.float32(FULL_SCALE))
        elif isinstance(event, ReplyEnded) and self._playing is not None and self._responses.active is None:
            self._backlog.end()
            self._ending.set()

    def clear(self) -> list[Event]:
        """Stops what is heard. Returns the event that tells of it, if anything was."""
        self._backlog.interrupt()
        playing, self._playing = self._playing, None
        self._ending.clear()
        return [] if playing is None else [_buffer("cleared", playing)]

    async def finish(self, say: Callable[[Event], Awaitable[None]]) -> None:
        """Tells of each response that was heard to its end, for as long as the connection lasts."""
        while True:
            await self._ending.wait()
            playing = self._playing
            await self._backlog.drained()
            if playing is not None and self._playing == playing:
                self._playing = None
                self._ending.clear()
                await say(_buffer("stopped", playing))


def _buffer(what: str, response_id: str) -> Event:
    return {"type": f"output_audio_buffer.{what}", "response_id": response_id}
