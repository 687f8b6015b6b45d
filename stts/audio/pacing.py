"""When the next audio of a stream may be sent, so that little of it is ever under way. Pure: times in, times out."""

from __future__ import annotations


class Pacer:
    """Of one listener, who begins to play when the first audio comes, and again where it had run dry.

    A stream that was late gains nothing by it: what was not played in time is not made up for.
    """

    def __init__(self, ahead: float) -> None:
        """`ahead`: seconds of audio that may have been sent and not been heard."""
        self._ahead = ahead
        self._sent = 0.0
        self._dry_at: float | None = None
        """When all that was sent has been heard."""

    def due(self, now: float, seconds: float = 0.0) -> float:
        """Seconds until the next audio may be sent, 0: now. With its length `seconds` not even its end is too far
        ahead, unless it is longer than `ahead`: then it goes when all else has been heard."""
        return max(0.0, self._unheard(now) - max(self._ahead - seconds, 0.0))

    def sent(self, seconds: float, now: float) -> None:
        """Tells that so much audio is on its way."""
        self._dry_at = now + self._unheard(now) + seconds
        self._sent += seconds

    def played(self, now: float) -> float:
        """Seconds of what was sent that have been heard by now."""
        return self._sent - self._unheard(now)

    def _unheard(self, now: float) -> float:
        return 0.0 if self._dry_at is None else max(0.0, self._dry_at - now)
