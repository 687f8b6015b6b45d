"""Events of a session on their way to the connection: in order, bounded, and never a stale frame."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from stts.conversation.events import AudioFrame, SessionEvent
from stts.conversation.playback import Frame
from stts.conversation.reply import GeneratedReply
from stts.streams.channel import Channel

WAITING_EVENTS = 64


@dataclass(frozen=True, slots=True)
class _Outgoing:
    reply: GeneratedReply
    epoch: int
    frame: Frame


class Outbox:
    """Calls `on_frame` when a frame of a reply is really taken."""

    def __init__(self, on_frame: Callable[[GeneratedReply], None]) -> None:
        self._channel: Channel[SessionEvent | _Outgoing] = Channel(WAITING_EVENTS)
        self._on_frame = on_frame
        self._telling = False
        """The reader has an event, and has not come back for more."""

    @property
    def told(self) -> bool:
        """The connection has told everything."""
        return not self._channel.weight and not self._telling

    def emit(self, event: SessionEvent) -> None:
        self._channel.put(event, 1)

    def send(self, reply: GeneratedReply, frame: Frame) -> None:
        self._channel.put(_Outgoing(reply, reply.playback.epoch, frame), 1)

    async def room(self) -> None:
        """Waits while the connection is far behind."""
        await self._channel.room()

    async def drained(self) -> None:
        """Waits until the connection has taken everything."""
        await self._channel.drained()

    def close(self, error: BaseException | None = None) -> None:
        self._channel.close(error)

    async def events(self) -> AsyncGenerator[SessionEvent, None]:
        """Gives the events, to one reader. Whether a frame is stale is judged at the moment it is taken."""
        async for item in self._channel:
            self._telling = True
            if not isinstance(item, _Outgoing):
                yield item
            elif not item.reply.over and item.reply.playback.epoch == item.epoch:
                playback = item.reply.playback
                self._on_frame(item.reply)
                frame = item.frame
                yield AudioFrame(item.reply.generation, playback.sequence, frame.data, frame.seconds, frame.words)
                playback.sequence += 1
            self._telling = False
