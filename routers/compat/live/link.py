"""The primary client of a Live session, by whichever transport it has come."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import Any, Protocol

from routers.sockets.quota_end import QuotaEnd
from stts.access.principal import Principal
from stts.context import RequestContext, RequestType
from stts.engine_api import Samples


@dataclass(frozen=True, slots=True)
class OutputFrame:
    """A piece of the output, which is to be played when it comes. Frames follow one another without gaps."""

    pcm: bytes
    """s16le mono at the rate of the link: 100 ms of silence, or 50 ms where speech is or is made."""
    silent: bool
    """True for digital silence."""
    start_ms: int
    """On the timeline of the session."""
    end_ms: int


class LiveLink(Protocol):
    """The client as its session needs it. Sending to one that has left raises WebSocketDisconnect, or does nothing."""

    @property
    def rate(self) -> int:
        """Hz of the audio that is played, fixed once the session begins."""
        ...

    @property
    def principal(self) -> Principal:
        """The caller that began the session."""
        ...

    @property
    def quota_end(self) -> QuotaEnd: ...

    def context(self, kind: RequestType) -> RequestContext:
        """Makes the context of one operation: route and principal of the client, an id of its own."""
        ...

    def messages(self) -> AsyncIterator[str | bytes]:
        """Commands as they come, JSON of one object each; ends when the client leaves. For one reader."""
        ...

    def microphone(self) -> AsyncGenerator[Samples, None] | None:
        """Audio of the client, mono float32 at 16 kHz. None: it comes with `session.input_audio.append`."""
        ...

    def decode(self, audio: bytes) -> Samples:
        """Converts audio of `session.input_audio.append` to mono float32 at 16 kHz. Raises InvalidParameter where the
        microphone is a track of its own."""
        ...

    async def send(self, event: dict[str, Any]) -> None:
        """Sends an event, as JSON. Waits while the client is behind."""
        ...

    async def play(self, frame: OutputFrame) -> None:
        """Takes the next frame, at real-time pace. Waits while the client is behind."""
        ...

    def interrupted(self) -> None:
        """Drops what was given to play and is not heard yet."""
        ...
