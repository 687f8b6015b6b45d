"""What a session has to tell, on its way to the door: in order, bounded, and nothing that is stale."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from stts.conversation.events import AudioFrame, SessionEvent
from stts.conversation.playback import Frame, Reply
from stts.streams.channel import Channel

WAITING_EVENTS = 64


@dataclass(frozen=True, slots=True)
class _Outgoing:
    reply: Reply
    epoch: int
    frame: Frame


class Outbox:
    """`on_frame` is called when a frame of a reply is really taken."""

    def __init__(self, on_frame: Callable[[Reply], None]) -> None:
        self._channel: Channel[SessionEvent | _Outgoing] = Channel(WAITING_EVENTS)
        self._on_frame = on_frame

    def tell(self, event: SessionEvent) -> None:
        self._channel.put(event, 1)

    def send(self, reply: Reply, frame: Frame) -> None:
        self._channel.put(_Outgoing(reply, reply.epoch, frame), 1)

    async def room(self) -> None:
        """Waits while the door is far behind."""
        await self._channel.room()

    async def drained(self) -> None:
        """Waits until the door has taken everything."""
        await self._channel.drained()

    def close(self, error: BaseException | None = None) -> None:
        self._channel.close(error)

    async def events(self) -> AsyncGenerator[SessionEvent, None]:
        """For one door. Whether a frame is stale is judged at the moment it is taken."""
        async for item in self._channel:
            if not isinstance(item, _Outgoing):
                yield item
                continue
            reply = item.reply
            if reply.over or reply.epoch != item.epoch:
                continue
            self._on_frame(reply)
            yield AudioFrame(reply.generation, reply.sequence, item.frame.data, item.frame.seconds)
            reply.sequence += 1
