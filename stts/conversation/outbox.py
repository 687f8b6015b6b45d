"""Events of a session on their way to the connection: in order, bounded, and never a stale frame.

Frames of replies do not wait here: the reader takes them from the playbacks when their time has come, after all events.
Nearly all of them come alone, while there is nothing else to tell: those are sent past the reader, since a quarter of
what a frame costs before the socket is the task that wakes for it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Protocol

from stts.conversation.events import AudioFrame, ReplyDelta, SessionEvent
from stts.conversation.reply import GeneratedReply
from stts.conversation.unheard import unheard
from stts.streams.flag import Flag

WAITING_EVENTS = 64
JOINED_CHARACTERS = 200
"""Characters of a delta from which on no more are joined to it."""


class FrameSink(Protocol):
    """A connection that can send frames at once."""

    @property
    def takes_now(self) -> bool:
        """The next frame can leave in a call. False: the reader is to bring it."""
        ...

    def take(self, frame: AudioFrame) -> None: ...


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
        self._resting = False
        """The reader has told everything, and waits."""
        self._sink: FrameSink | None = None

    @property
    def told(self) -> bool:
        """The connection has told everything."""
        return not self._events and not self._telling

    def emit(self, event: SessionEvent) -> None:
        """Text of a reply joins what waits of it: words that were written together are one message."""
        if isinstance(event, ReplyDelta) and self._events:
            event = self._joined(event)
        self._events.append(event)
        self._arrived.set()

    def _joined(self, delta: ReplyDelta) -> ReplyDelta:
        last = self._events[-1]
        if not isinstance(last, ReplyDelta) or last.generation != delta.generation:
            return delta
        if len(last.text) >= JOINED_CHARACTERS:
            return delta
        self._events.pop()
        return ReplyDelta(delta.generation, last.text + delta.text)

    def play(self, reply: GeneratedReply) -> None:
        """Sends the frames of a reply from now on; one that is nobody's turn takes what others leave."""
        self._playing.insert(len(self._playing) if reply.out_of_band else 0, reply)
        reply.playback.on_due = self._frame_due
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

    async def events(self, sink: FrameSink | None = None) -> AsyncGenerator[SessionEvent, None]:
        """Gives the events, to one reader. A frame is chosen at the moment it is taken. `sink`: takes most frames."""
        self._sink = sink
        try:
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
                self._resting = True
                await self._arrived.wait()
                self._resting = False
        finally:
            self._sink, self._resting = None, False

    def _next(self) -> SessionEvent | None:
        if self._events:
            self._taken.set()
            return self._events.pop(0)
        for reply in self._playing:
            if (frame := self._next_frame(reply)) is not None:
                return frame
        return None

    def _next_frame(self, reply: GeneratedReply) -> AudioFrame | None:
        playback = reply.playback
        if (frame := playback.next_frame()) is None:
            return None
        self._on_frame(reply)
        sequence, playback.sequence = playback.sequence, playback.sequence + 1
        return AudioFrame(reply.generation, sequence, frame.data, frame.seconds, frame.words)

    def _frame_due(self) -> None:
        if not self._sent_past_reader():
            self._arrived.set()

    def _sent_past_reader(self) -> bool:
        """Sends the frames of the one reply that plays, while their time has come. False: the reader is to look, as it
        is for the first frame, which changes more than the listener's audio, and for what comes all at once."""
        sink = self._sink
        if sink is None or not self._resting or self._arrived.is_set() or len(self._playing) != 1:
            return False
        (reply,) = self._playing
        if not reply.playback.sequence or not reply.playback.paced:
            return False
        while sink.takes_now:
            if (frame := self._next_frame(reply)) is None:
                return True
            sink.take(frame)
        return False

    async def _take(self) -> None:
        """Waits for the next time that something is taken."""
        self._taken.clear()
        await self._taken.wait()
