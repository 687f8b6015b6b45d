"""Input that waits for a session: frames of audio, which are judged meanwhile, and between them the client's commands.

Audio is cut into frames and given to the detector of speech in the moment that it comes. It is taken once it is judged,
in the order in which it was given.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from itertools import repeat
from typing import Literal

from stts.conversation.segmenter import FrameCutter
from stts.conversation.unheard import unheard
from stts.engine_api import Samples
from stts.errors import Conflict
from stts.protocols import Judged, VoiceActivity, VoiceStream
from stts.streams.flag import Flag
from stts.streams.live import SAMPLE_RATE
from stts.vad.endpointing import FRAME_SECONDS
from stts.vad.rules import TurnRules
from stts.vad.segmenter import QUIETEST_DBFS

INBOX_SECONDS = 1.0
"""Audio that may wait to be looked at; whoever sends more waits."""

Command = Literal["commit", "clear", "stop", "finish"]


@dataclass(slots=True, eq=False)
class HeardFrames:
    """Frames that came together, and how they were judged."""

    frames: Samples
    """Shape (n, FRAME)."""
    rules: TurnRules | None
    """Rules of the turns when they came; None: nobody judges them."""
    judged: Judged | BaseException | None = None

    @property
    def waits(self) -> bool:
        """They were not judged yet."""
        return self.judged is None and self.rules is not None

    def found(self) -> Iterable[tuple[float | None, float]]:
        """The probability of speech and the level of each. Raises what judging them has raised."""
        if isinstance(self.judged, BaseException):
            raise self.judged
        if self.judged is None:
            return repeat((None, QUIETEST_DBFS), len(self.frames))
        return zip(self.judged.probabilities, self.judged.levels, strict=True)

    def judged_part(self, begin: int, end: int) -> Judged | None:
        """How some of the frames were judged; None: nobody did."""
        judged = self.judged
        if not isinstance(judged, Judged):
            return None
        return Judged(judged.probabilities[begin:end], judged.levels[begin:end])


class Inbox:
    """One part of a session writes, another takes; both tell it how far the turns have come."""

    def __init__(self, voice: VoiceActivity, on_ready: Callable[[], None]) -> None:
        """`on_ready` is called when there is something to be taken, or there will be nothing more."""
        self._voice = voice
        self._on_ready = on_ready
        self._stream: VoiceStream | None = None
        self._cutter = FrameCutter()
        self._waiting: list[HeardFrames | Command] = []
        """So few that a list, which takes less memory, is as fast as a deque."""
        self._freed = Flag()
        """Something was looked at since a writer has found no room."""
        self._finished = False
        self._uncommitted = 0.0
        """Seconds given since the last turn or `clear`."""
        self._unread = 0
        """Frames that nobody has looked at: they belong to no turn yet."""
        self._cleared = False
        """All that was given was to be forgotten."""
        self._clears: list[int] = []
        """How often each waiting `clear` was asked for: those without audio between them are one."""
        self._stopped = self._stop_taken = False

    @property
    def over(self) -> bool:
        """True if it takes no more, and all that was given has been taken."""
        return not self._waiting and (self._finished or self._stop_taken)

    @property
    def ended(self) -> bool:
        """True if nothing more can be taken."""
        return self._finished and not self._waiting

    @property
    def has_room(self) -> bool:
        return self._unread * FRAME_SECONDS < INBOX_SECONDS

    async def room(self) -> None:
        """Waits while too much has not been looked at."""
        while not self.has_room and not self._finished:
            self._freed.clear()
            await self._freed.wait()

    def write(self, samples: Samples, rules: TurnRules | None) -> None:
        """Takes audio, which is judged where there are `rules`. Whoever writes has asked for room."""
        if self._stopped or not len(samples):
            return
        self._uncommitted += len(samples) / SAMPLE_RATE
        self._cleared = False
        for frames in self._cutter.cut(samples):
            self._unread += len(frames)
            if rules is None:
                self._put(HeardFrames(frames, rules))
                continue
            if self._stream is None:
                self._stream = self._voice.stream()
            self._waiting.append(HeardFrames(frames, rules))
            self._stream.judge(frames, self._judged)

    def commit(self) -> None:
        """The turn is over. Raises Conflict where nothing was given since the last one."""
        if self._stopped:
            return
        if not self._uncommitted:
            raise Conflict("There is no audio to commit.")
        self._uncommitted = 0.0
        self._put("commit")

    def clear(self) -> bool:
        """Forgets the audio given so far. False: all of it has been."""
        self._uncommitted = 0.0
        self._cutter.forget()
        if not self._cleared:
            self._cleared = True
            self._clears.append(1)
            self._put("clear")
        elif self._clears:
            self._clears[-1] += 1
        else:
            return False
        return True

    def stop(self) -> None:
        """Takes no more. A turn that is open behind what was given so far is over."""
        if not self._stopped:
            self._stopped = True
            self._put("stop")

    def finish(self) -> None:
        """No more is given."""
        self._finished = True
        self._freed.set()
        self._put("finish")

    def close(self) -> None:
        """Nobody takes anything any more."""
        self._stopped = self._finished = True
        self._freed.set()
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        self._on_ready = unheard

    def take(self) -> HeardFrames | Command | None:
        """Takes what was given next, if it is judged."""
        if not self._ready:
            return None
        item = self._waiting.pop(0)
        self._stop_taken |= item == "stop"
        return item

    def look_at(self, heard: HeardFrames) -> Generator[tuple[float | None, float], None, None]:
        """Gives for frame after frame the probability of speech and the level; None: nobody judged it.

        Raises what judging them has raised. All have been looked at, however that ends.
        """
        left = len(heard.frames)
        try:
            for found in heard.found():
                left -= 1
                self._unread -= 1
                yield found
        finally:
            self._unread -= left
            self._freed.set()

    def turn_ended(self) -> None:
        """With the frame that is looked at; what follows it can be committed."""
        rest = self._unread * FRAME_SECONDS + self._cutter.rest_seconds if self._unread else 0.0
        self._uncommitted = min(self._uncommitted, rest)

    def clears(self) -> int:
        """Returns how often the `clear` that was read was asked for."""
        return self._clears.pop(0)

    @property
    def _ready(self) -> bool:
        if not self._waiting:
            return False
        head = self._waiting[0]
        return isinstance(head, str) or not head.waits

    def _put(self, item: HeardFrames | Command) -> None:
        self._waiting.append(item)
        self._wake()

    def _judged(self, judged: Judged | BaseException) -> None:
        """Takes the judgement of the first frames that wait for one; they are judged in their order."""
        for item in self._waiting:
            if not isinstance(item, str) and item.waits:
                item.judged = judged
                break
        self._wake()

    def _wake(self) -> None:
        if self._ready:
            self._on_ready()
