"""One reply on its way to the listener: what was written and made of it, what was sent, and what was heard.

One task makes it, another says it frame by frame in the time of its playback. Between the two it can be held: what was
sent and not heard is then sent again when it goes on.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from stts.audio.pacing import Pacer
from stts.channel import Channel
from stts.conversation.config import ReplyOrder
from stts.conversation.history import Spoken
from stts.errors import STTSError
from stts.types import AudioChunk, ReplyRequest, SynthesisConfig, ToolCall

FRAME_SECONDS = 0.04
MADE_SECONDS = 10.0
"""Audio that may lie made and unsent."""
HELD_SECONDS = 1.5
"""Of what was sent that is kept, should it not have been heard. More than may be sent ahead."""
EARLY_SECONDS = 0.001
"""A frame may go so much before its time: clocks are no finer."""
INAUDIBLE_SECONDS = 0.005
BYTES = 2
"""Of a sample: s16le."""


@dataclass(frozen=True, slots=True)
class Frame:
    data: bytes
    seconds: float
    text: str = ""
    """The piece that begins with it."""


class Reply:
    """Made by a session. `make` fills it, `say` empties it."""

    def __init__(
        self,
        generation: int,
        turn: int,
        item: str,
        order: ReplyOrder,
        request: ReplyRequest,
        speak: SynthesisConfig | None,
        *,
        ahead: float | None,
        clock: Callable[[], float],
    ) -> None:
        self.generation, self.turn, self.item = generation, turn, item
        self.order, self.request, self.speak = order, request, speak
        self.prepared_for = ""
        """The words that it answers, where it was begun before they were final."""
        self.adopted = asyncio.Event()
        """It is wanted: what is made of it may be told and sent."""
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.over = False
        """Nothing of it is to be told or sent any more."""
        self.epoch = 0
        """Grows with each hold: a frame of an earlier one is stale."""
        self.text = ""
        self.untold: list[str | ToolCall] = []
        """What was written before it was adopted."""
        self.calls: list[ToolCall] = []
        self.tokens = (0, 0)
        self.cut = False
        self.error: STTSError | None = None
        self.audio: Channel[AudioChunk] = Channel(MADE_SECONDS)
        self.sequence = 0
        self.ducked = False
        self.asked_at: float | None = None
        """When the user's last sound was, or the reply was asked for."""
        self.transcribed_at: float | None = None
        self.first_token: float | None = None
        self.first_audio: float | None = None
        self.first_byte: float | None = None
        self.tasks: list[asyncio.Task[None]] = []
        self._clock = clock
        self._ahead = ahead
        self._pacer = Pacer(ahead or 0.0)
        self._before = 0.0
        """Seconds heard before the newest hold."""
        self._sent = 0.0
        self._reported: tuple[float, float] | None = None
        """Seconds played as the client says, and when it said so."""
        self._spoken = Spoken()
        self._recent: deque[tuple[float, Frame]] = deque()
        """Frames sent lately, each with the seconds sent when it had been."""
        self._again: deque[Frame] = deque()
        self._told = 0.0
        """Seconds of audio whose text is accounted for; frames that are sent again are not counted twice."""
        self._frames = self._cut()

    @property
    def sent(self) -> float:
        """Seconds of audio sent that nobody was told to drop."""
        return self._sent

    @property
    def heard(self) -> float:
        """Seconds of it that have been played, as far as one can know."""
        now = self._clock()
        if not self.flowing.is_set():
            return self._before
        if self._reported is not None:
            played, at = self._reported
            return min(played + now - at, self._sent)
        played = self._pacer.played(now) if self._ahead is not None else self._sent
        return min(self._before + played, self._sent)

    @property
    def heard_text(self) -> str:
        return self._spoken.heard(self.heard)

    def report(self, seconds: float) -> None:
        """The client tells how much it has played."""
        if self.flowing.is_set():
            self._reported = (min(max(seconds, 0.0), self._sent), self._clock())

    def hold(self) -> float:
        """Stops the flow. Returns the seconds heard."""
        heard = self.heard
        self.flowing.clear()
        self.epoch += 1
        self._before, self._reported = heard, None
        self._again.extendleft(frame for end, frame in reversed(self._recent) if end > heard)
        self._recent.clear()
        return heard

    def go_on(self) -> None:
        self._sent = self._before
        self._pacer = Pacer(self._ahead or 0.0)
        self.flowing.set()

    async def next_frame(self) -> Frame | None:
        """The next frame when its time has come; None when all is sent. Never one while the reply is held."""
        while True:
            await self.flowing.wait()
            if self._ahead is not None and (wait := self._pacer.due(self._clock(), FRAME_SECONDS)) > EARLY_SECONDS:
                await asyncio.sleep(wait)
                continue
            frame = self._again.popleft() if self._again else await anext(self._frames, None)
            if self.flowing.is_set():
                return frame
            if frame is not None:
                self._again.append(frame)

    def went(self, frame: Frame) -> None:
        """A frame is on its way."""
        self._sent += frame.seconds
        self._pacer.sent(frame.seconds, self._clock())
        self._spoken_at(frame)
        self._recent.append((self._sent, frame))
        while self._recent[0][0] < self._sent - HELD_SECONDS:
            self._recent.popleft()

    async def heard_out(self) -> bool:
        """Waits for the end of what was sent. False: it is not over, having been held or played late meanwhile."""
        epoch, rest = self.epoch, self._sent - self.heard
        if self._ahead is not None and rest > 0:
            await asyncio.sleep(rest)
        await self.flowing.wait()
        return epoch == self.epoch and (self._ahead is None or self._sent - self.heard < INAUDIBLE_SECONDS)

    async def aclose(self) -> None:
        await self._frames.aclose()

    def _spoken_at(self, frame: Frame) -> None:
        if self._sent > self._told:
            self._spoken.add(frame.text, frame.seconds)
            self._told = self._sent

    async def _cut(self) -> AsyncGenerator[Frame, None]:
        """Frames of equal length, but for the last of a piece that nothing follows."""
        rate = (self.speak.sample_rate if self.speak is not None else None) or 24_000
        size = round(FRAME_SECONDS * rate) * BYTES
        rest, text = b"", ""
        async for chunk in self.audio:
            data = rest + chunk.data
            text = " ".join(filter(None, (text, chunk.text)))
            whole = len(data) - len(data) % size
            for start in range(0, whole, size):
                yield Frame(data[start : start + size], FRAME_SECONDS, text)
                text = ""
            rest = data[whole:]
        if len(rest) >= BYTES:
            rest = rest[: len(rest) - len(rest) % BYTES]
            yield Frame(rest, len(rest) / BYTES / rate, text)
