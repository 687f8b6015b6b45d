"""Audio of one reply on its way to the listener: what was sent, and what was heard.

One task makes it, and the outbox of its session takes it frame by frame in the time of its playback. Between the two it
can be held: audio that was sent and not heard is then sent again when it goes on.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from stts.audio.pacing import FRAME_SECONDS, PacedSender
from stts.conversation.followed_words import FollowedWords
from stts.conversation.history import Spoken
from stts.speech import AudioChunk
from stts.streams.flag import Flag

MADE_SECONDS = 10.0
"""Audio that may lie made and unsent."""
HELD_SECONDS = 1.5
"""Audio that is kept after it was sent, should it not have been heard. More than may be sent ahead."""
INAUDIBLE_SECONDS = 0.005
SAMPLE_BYTES = 2
"""s16le."""


@dataclass(slots=True, eq=False)
class Frame:
    data: bytes
    seconds: float
    text: str = ""
    """The piece that begins with it."""
    words: str = ""
    """The words that end within it, where they are followed."""


class ReplyPlayback:
    """Keeps what was sent and heard of one reply: one task writes its audio, and one reader takes it frame by frame."""

    def __init__(
        self, rate: int, *, ahead: float | None, clock: Callable[[], float], follow_words: bool = False
    ) -> None:
        """`rate`: Hz. `ahead`: seconds that may be sent before they are played; None: all at once. `follow_words`:
        frames carry the words that end within them."""
        self.flowing = Flag()
        """Cleared while the reply is held."""
        self.flowing.set()
        self.on_due: Callable[[], None] | None = None
        """Called when there may be a next frame again, after there was none."""
        self.epoch = 0
        """Grows with each hold."""
        self.sequence = 0
        """Frames that were taken."""
        self._rate = rate
        self._clock = clock
        self._sender = PacedSender(ahead, clock)
        self._before = 0.0
        """Seconds heard before the newest hold."""
        self._sent = 0.0
        self._reported: tuple[float, float] | None = None
        """Seconds played as the client says, and when it said so."""
        self._spoken = Spoken()
        self._recent: deque[tuple[float, Frame]] = deque()
        """Frames sent lately, each with the seconds sent before it."""
        self._told = 0.0
        """Seconds of audio whose text is accounted for; frames that are sent again are not counted twice."""
        self._words = FollowedWords() if follow_words else None
        self._frames: deque[Frame] = deque()
        """Made and not taken."""
        self._made = 0.0
        """Seconds of them."""
        self._complete = False
        """All of it is made."""
        self._taken = Flag()
        """Set when there is room for more."""
        self._through = Flag()
        """Set while all of it is taken."""
        self._timer: asyncio.TimerHandle | None = None
        """Goes off when the next frame is due."""
        self._rest, self._piece = b"", ""
        """Written and not long enough for a frame yet; the text that begins with the next one."""

    @property
    def paced(self) -> bool:
        """Frames go in the time of their playback, and not all at once."""
        return self._sender.paced

    @property
    def sent(self) -> float:
        """Seconds of audio sent, without those that the listener was told to drop."""
        return self._sent

    @property
    def heard(self) -> float:
        """Seconds that have been played, as far as one can know."""
        now = self._clock()
        if not self.flowing.is_set():
            return self._before
        if self._reported is not None:
            played, at = self._reported
            return min(played + now - at, self._sent)
        return min(self._before + self._sender.played, self._sent)

    @property
    def heard_text(self) -> str:
        return self._spoken.heard(self.heard + INAUDIBLE_SECONDS)

    def write(self, chunk: AudioChunk) -> None:
        """Takes the next audio, which goes out in frames of equal length."""
        if self._words is not None:
            self._words.made(chunk.text, chunk.seconds)
        data = self._rest + chunk.data
        self._piece = " ".join(filter(None, (self._piece, chunk.text)))
        size = round(FRAME_SECONDS * self._rate) * SAMPLE_BYTES
        whole = len(data) - len(data) % size
        for start in range(0, whole, size):
            self._put(data[start : start + size])
        self._rest = data[whole:]

    async def room(self) -> None:
        """Waits while much is made and unsent."""
        while self._made >= MADE_SECONDS:
            self._taken.clear()
            await self._taken.wait()

    def close(self) -> None:
        """Ends the audio: all of it is written."""
        if self._words is not None:
            self._words.finish()
        rest = self._rest[: len(self._rest) - len(self._rest) % SAMPLE_BYTES]
        if rest:
            self._put(rest)
        self._complete = True
        if not self._frames:
            self._through.set()

    def report(self, seconds: float) -> None:
        """Takes the client's word for how much it has played."""
        if self.flowing.is_set():
            self._reported = (min(max(seconds, 0.0), self._sent), self._clock())

    def hold(self) -> float:
        """Stops the flow. Returns the seconds heard."""
        heard = self.heard
        self.flowing.clear()
        self.epoch += 1
        while self._recent and self._recent[-1][0] + self._recent[-1][1].seconds > heard:
            self._sent, frame = self._recent.pop()
            self._frames.appendleft(frame)
            self._made += frame.seconds
            self._through.clear()
        self._recent.clear()
        self._before, self._reported = min(heard, self._sent), None
        return heard

    def go_on(self) -> None:
        """Starts the flow again, with the frame that follows what was heard."""
        self._sender.restart()
        self.flowing.set()
        self._forget_timer()
        self._due()

    def next_frame(self) -> Frame | None:
        """Takes the next frame, which is on its way then. None: there is none, its time has not come, or the reply is
        held."""
        if not self._frames or not self.flowing.is_set():
            return None
        if wait := self._sender.wait(FRAME_SECONDS):
            self._timer = self._timer or asyncio.get_running_loop().call_later(wait, self._timed)
            return None
        frame = self._frames.popleft()
        self._made -= frame.seconds
        words = self._words.until(self._sent + frame.seconds) if self._words is not None else ""
        self._went(frame)
        if self._made < MADE_SECONDS:
            self._taken.set()
        if self._complete and not self._frames:
            self._through.set()
        return replace(frame, words=words) if words else frame

    def stop(self) -> None:
        """Nothing of it is taken any more."""
        self.on_due = None
        self._forget_timer()

    async def taken(self) -> int:
        """Waits until all of it is made and taken. Returns the epoch in which that was."""
        while not self._through.is_set():
            await self._through.wait()
        return self.epoch

    def _went(self, frame: Frame) -> None:
        self._recent.append((self._sent, frame))
        self._sent += frame.seconds
        self._sender.sent(frame.seconds)
        self._spoken_at(frame)
        while self._recent[0][0] < self._sent - HELD_SECONDS:
            self._recent.popleft()

    async def heard_out(self, epoch: int) -> bool:
        """Waits for the end of what was sent in this epoch. False: it is not over, having been held or played late."""
        rest = self._sent - self.heard
        if self._sender.paced and rest > 0:
            await asyncio.sleep(rest)
        await self.flowing.wait()
        return epoch == self.epoch and (not self._sender.paced or self._sent - self.heard < INAUDIBLE_SECONDS)

    def _spoken_at(self, frame: Frame) -> None:
        if self._sent > self._told:
            self._spoken.add(frame.text, frame.seconds)
            self._told = self._sent

    def _put(self, data: bytes) -> None:
        frame = Frame(data, len(data) / SAMPLE_BYTES / self._rate, self._piece)
        self._piece = ""
        self._frames.append(frame)
        self._made += frame.seconds
        if self._timer is None:
            self._due()

    def _timed(self) -> None:
        self._timer = None
        self._due()

    def _due(self) -> None:
        if self.on_due is not None:
            self.on_due()

    def _forget_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
