"""A Live client by WebRTC: events on the data channel, audio on tracks."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import numpy as np

from routers.compat.live.event_link import EventLink
from routers.compat.live.link import OutputFrame
from routers.sockets.socket import Socket
from routers.webrtc.backlog import RATE, silence
from routers.webrtc.calls import Line
from stts.engine_api import STT_SAMPLE_RATE, Samples
from stts.errors import InvalidParameter

CUSHION_SECONDS = 0.04
"""Silence before speech: its frames come when they are due, and the track must not run dry when one is late."""
FULL_SCALE = 32_768


class LineLink(EventLink):
    def __init__(self, socket: Socket, line: Line) -> None:
        super().__init__(socket)
        self._line = line

    @property
    def rate(self) -> int:
        return RATE

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
