"""A Live client by WebRTC: events on the data channel, audio on tracks."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import numpy as np

from routers.compat.live.commands import parsed
from routers.compat.live.errors import error_event
from routers.compat.live.event_link import EventLink
from routers.compat.live.link import OutputFrame
from routers.compat.live.permissions import DataChannel
from routers.sockets.socket import Socket
from routers.webrtc.backlog import RATE, silence
from routers.webrtc.calls import Line
from stts.engine_api import STT_SAMPLE_RATE, Samples
from stts.errors import InvalidParameter, STTSError

CUSHION_SECONDS = 0.04
"""Silence before speech: its frames come when they are due, and the track must not run dry when one is late."""
FULL_SCALE = 32_768


class LineLink(EventLink):
    def __init__(self, socket: Socket, line: Line, rights: DataChannel | None = None) -> None:
        """`rights`: of the page; None: all."""
        super().__init__(socket)
        self._line, self._rights = line, rights or DataChannel()

    @property
    def rate(self) -> int:
        return RATE

    async def messages(self) -> AsyncIterator[str | bytes]:
        async for data in self._socket:
            if (refusal := self._refusal(data)) is None:
                yield data
            else:
                await self.send({"event_id": _event_id(), **refusal})

    async def send(self, event: dict[str, Any]) -> None:
        """Leaves out what the page is not to be told. Its rights follow the first event."""
        if self._rights.may_hear(event):
            await super().send(event)
        if event["type"] == "session.started" and self._rights.restricted:
            await self.send({"event_id": _event_id(), **self._rights.notice()})

    def _refusal(self, data: str | bytes) -> dict[str, Any] | None:
        if not self._rights.restricted:
            return None
        try:
            command, event_id = parsed(data)
        except STTSError:
            return None  # the session tells what is wrong with it
        if self._rights.may_send(command):
            return None
        error = InvalidParameter("This data channel may not send such commands (client.data_channel).", param="type")
        return error_event(error, event_id)

    def microphone(self) -> AsyncGenerator[Samples, None] | None:
        return self._line.audio(STT_SAMPLE_RATE)

    def decode(self, audio: bytes) -> Samples:
        raise InvalidParameter("In a call by WebRTC what you say is on your track.", param="type")

    async def play(self, frame: OutputFrame) -> None:
        """Puts speech on the track, which is silent by itself."""
        backlog = self._line.backlog
        if frame.silent:
            backlog.end()
            return
        if not backlog.speaking:
            await backlog.put(silence(CUSHION_SECONDS))
        await backlog.put(np.frombuffer(frame.pcm, "<i2").astype(np.float32) / np.float32(FULL_SCALE))

    def interrupted(self) -> None:
        self._line.backlog.interrupt()


def _event_id() -> str:
    return f"event_{secrets.token_hex(8)}"
