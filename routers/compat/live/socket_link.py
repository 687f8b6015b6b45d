"""A Live client on a WebSocket: audio in base64, in the format of the session, both ways."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import lru_cache

from pybase64 import b64encode

from routers.compat.live.event_link import EventLink
from routers.compat.live.formats import encode, reader
from routers.compat.live.link import OutputFrame
from routers.compat.live.session_schemas import PCM, Format
from routers.sockets.socket import Socket
from stts.engine_api import Samples


class SocketLink(EventLink):
    def __init__(self, socket: Socket) -> None:
        super().__init__(socket)
        self._format: Format = PCM(type="audio/pcm")
        self._reader = reader(self._format)

    def use(self, format: Format) -> None:
        """Sets the format of both directions, before the session begins."""
        self._format, self._reader = format, reader(format)

    @property
    def rate(self) -> int:
        return self._format.rate

    def microphone(self) -> AsyncGenerator[Samples, None] | None:
        return None

    async def ready(self) -> None:
        """Returns when `decode` will not hold up the event loop."""
        await self._reader.ready()

    def decode(self, audio: bytes) -> Samples:
        return self._reader.read(audio)

    async def play(self, frame: OutputFrame) -> None:
        await self._socket.send_json({"type": "session.output_audio.delta", "delta": self._encoded(frame)})

    def interrupted(self) -> None:
        """All that was sent is on its way, and never more than a frame ahead of its playback."""

    def _encoded(self, frame: OutputFrame) -> str:
        if frame.silent:
            return _silence(self._format.type, len(frame.pcm))
        return b64encode(encode(self._format.type, frame.pcm)).decode()


@lru_cache(16)
def _silence(type: str, size: int) -> str:
    """Base64 of so many bytes of s16le silence in a format."""
    return b64encode(encode(type, bytes(size))).decode()
