"""Sends audio in the time of its playback, so that little of it is ever under way.

`Pacer` is pure (times in, times out) and says when the next audio may be sent; `PacedSender` waits until then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

FRAME_SECONDS = 0.04
"""Audio that is sent at once, where it is paced."""
EARLY_SECONDS = 0.001
"""Audio may go so much before its time: clocks are no finer."""


class Pacer:
    """Reckons for one listener, who begins to play when the first audio comes, and again where it had run dry.

    A stream that was late gains nothing by it: what was not played in time is not made up for.
    """

    def __init__(self, ahead: float) -> None:
        """`ahead`: seconds of audio that may have been sent and not been heard."""
        self._ahead = ahead
        self._sent = 0.0
        self._dry_at: float | None = None
        """Time at which all that was sent has been heard."""

    def due(self, now: float, seconds: float = 0.0) -> float:
        """Seconds until the next audio may be sent, 0: now. With its length `seconds` not even its end is too far
        ahead, unless it is longer than `ahead`: then it goes when all else has been heard."""
        return max(0.0, self._unheard(now) - max(self._ahead - seconds, 0.0))

    def sent(self, seconds: float, now: float) -> None:
        """Records that `seconds` of audio were sent."""
        self._dry_at = now + self._unheard(now) + seconds
        self._sent += seconds

    def played(self, now: float) -> float:
        """Seconds of what was sent that have been heard by now."""
        return self._sent - self._unheard(now)

    def _unheard(self, now: float) -> float:
        return 0.0 if self._dry_at is None else max(0.0, self._dry_at - now)


class PacedSender:
    """Paces one stream to one listener: `wait_for_room`, send, then `sent`."""

    def __init__(self, ahead: float | None, clock: Callable[[], float]) -> None:
        """`ahead`: seconds of audio that may be sent and not be played yet; None: any, nothing is paced.

        `clock` gives seconds.
        """
        self._ahead = ahead
        self._clock = clock
        self.restart()

    @property
    def paced(self) -> bool:
        return self._ahead is not None

    @property
    def played(self) -> float:
        """Seconds that have been played since the start, as far as one can know; not paced: all that was sent."""
        return self._pacer.played(self._clock()) if self.paced else self._seconds

    def restart(self) -> None:
        """Begins a new stream: the listener has dropped what was not played."""
        self._pacer = Pacer(self._ahead or 0.0)
        self._seconds = 0.0

    def wait(self, seconds: float) -> float:
        """Seconds until so much audio may be sent, 0: now."""
        wait = self._pacer.due(self._clock(), seconds) if self.paced else 0.0
        return wait if wait > EARLY_SECONDS else 0.0

    async def wait_for_room(self, seconds: float) -> None:
        """Waits until so much audio may be sent. A restart meanwhile counts."""
        while wait := self.wait(seconds):  # noqa: ASYNC110 - until a time, not a state
            await asyncio.sleep(wait)

    def sent(self, seconds: float) -> None:
        """Notes that so much audio is on its way."""
        self._pacer.sent(seconds, self._clock())
        self._seconds += seconds
