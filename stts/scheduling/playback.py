"""Playback deadlines: when a listener's buffer runs empty. Pure: times in, deadlines out."""

from __future__ import annotations

from stts.context import Priority

COLLECTED_GRACE_SECONDS = 2.0
"""Streams whose listener runs dry within this time go before answers that nobody listens to yet."""
BATCH_GRACE_SECONDS = 86_400.0
"""Work that nobody waits for goes when there is no other."""
GRACE = {Priority.COLLECTED: COLLECTED_GRACE_SECONDS, Priority.BATCH: BATCH_GRACE_SECONDS}


class Playback:
    """A listener who starts to play when the first audio reaches it, and plays on without pause."""

    def __init__(self, arrived: float, priority: Priority) -> None:
        self._started = arrived + GRACE.get(priority, 0.0)
        self._made = 0.0

    def made(self, seconds: float, now: float) -> None:
        """Records that `seconds` more of audio are ready. The first call starts the clock."""
        if self._made == 0.0:
            self._started = max(self._started, now)
        self._made += seconds

    def waited(self, now: float) -> None:
        """Records that there was no text until now: a listener whose buffer ran empty meanwhile begins anew."""
        self._started = max(self._started, now - self._made)

    @property
    def deadline(self) -> float:
        """The time at which the next audio must be there; the time of arrival while there is none at all."""
        return self._started + self._made

    @property
    def begun(self) -> bool:
        return self._made > 0.0
