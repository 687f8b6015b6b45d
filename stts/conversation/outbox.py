"""Events of a session on their way to the connection: in order, bounded, and never a stale frame.

Frames of replies do not wait here: the reader takes them from the playbacks when their time has come, after all events.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

from stts.conversation.events import AudioFrame, SessionEvent
from stts.conversation.reply import GeneratedReply
from stts.conversation.unheard import unheard
from stts.streams.flag import Flag

WAITING_EVENTS = 64


class Outbox:
    """Calls `on_frame` when a frame of a reply is really taken."""

    def __init__(self, on_frame: Callable[[GeneratedReply], None]) -> None:
        self._events: list[SessionEvent] = []
        self._playing: list[GeneratedReply] = []
        self._on_frame = on_frame
        self._arrived = Flag()
        """Set when there is something to take, or a frame may be due."""
        self._taken = Flag()
        self._closed = False
        self._error: BaseException | None = None
        self._telling = False
        """The reader has an event, and has not come back for more."""

    @property
    def told(self) -> bool:
        """The connection has told everything."""
        return not self._events and not self._telling

    def emit(self, event: SessionEvent) -> None:
        self._events.append(event)
        self._arrived.set()

    def play(self, reply: GeneratedReply) -> None:
        """Sends the frames of a reply from now on; one that is nobody's turn takes what others leave."""
        self._playing.insert(len(self._playing) if reply.out_of_band else 0, reply)
        reply.playback.on_due = self._arrived.set
        self._arrived.set()

    def stop(self, reply: GeneratedReply) -> None:
        """Sends no frame of a reply any more."""
        reply.playback.stop()
        if reply in self._playing:
            self._playing.remove(reply)

    @property
    def has_room(self) -> bool:
        """The connection is not far behind, or takes nothing any more."""
        return len(self._events) < WAITING_EVENTS or self._closed

    async def room(self) -> None:
        """Waits until there is."""
        while not self.has_room:
            await self._take()

    async def drained(self) -> None:
        """Waits until the connection has taken all events, or takes nothing any more."""
        while self._events and not self._closed:
            await self._take()

    def close(self, error: BaseException | None = None) -> None:
        """Nothing more comes; the reader gets the error, if any, after what was told before it."""
        self._closed, self._error = True, error
        self._arrived.set()
        self._taken.set()

    def forget(self) -> None:
        """No reply is played any more."""
        self._on_frame = unheard

    async def events(self) -> AsyncGenerator[SessionEvent, None]:
        """Gives the events, to one reader. A frame is chosen at the moment it is taken."""
        while True:
            while (event := self._next()) is not None:
                self._telling = True
                yield event
                self._telling = False
            if self._closed:
                if self._error is not None:
                    raise self._error
                return
            self._arrived.clear()
            await self._arrived.wait()

    def _next(self) -> SessionEvent | None:
        if self._events:
            self._taken.set()
            return self._events.pop(0)
        for reply in self._playing:
            playback = reply.playback
            if (frame := playback.next_frame()) is not None:
                self._on_frame(reply)
                sequence, playback.sequence = playback.sequence, playback.sequence + 1
                return AudioFrame(reply.generation, sequence, frame.data, frame.seconds, frame.words)
        return None

    async def _take(self) -> None:
        """Waits for the next time that something is taken."""
        self._taken.clear()
        await self._taken.wait()
