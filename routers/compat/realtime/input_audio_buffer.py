"""The last audio of a client, as it came: what becomes of it the sound of an item."""

from __future__ import annotations

from collections import deque

SPARE_SECONDS = 6.0
"""Kept while nobody speaks: speech is announced after it began, its prefix included."""


class InputAudioBuffer:
    """Time counts in seconds of all audio of the session."""

    def __init__(self, bytes_per_second: int, stored_seconds: float) -> None:
        self._rate = bytes_per_second
        self._stored_seconds = stored_seconds
        self._data = bytearray()
        self._begin = 0.0
        """Time of the first byte kept."""
        self._wanted: float | None = None
        """From here on it is needed; None: nobody speaks."""
        self._hold = False
        """The client says where turns end."""
        self._held: deque[tuple[float, float]] = deque()
        """Pieces that the client has committed and nobody has taken yet."""

    @property
    def bytes_per_second(self) -> int:
        return self._rate

    @property
    def end(self) -> float:
        return self._begin + len(self._data) / self._rate

    def follow(self, bytes_per_second: int) -> None:
        """Another format from now on; what there was is forgotten."""
        if bytes_per_second != self._rate:
            self._begin, self._rate = self.end, bytes_per_second
            self._data.clear()

    def write(self, data: bytes, *, hold: bool) -> None:
        """`hold`: the client says where turns end, so all of it may be wanted."""
        self._hold = hold
        if self._stored_seconds <= 0:
            self._begin += len(data) / self._rate
            return
        if hold and self._wanted is None:
            self._wanted = self.end
        self._data += data
        kept = self.end - SPARE_SECONDS if self._wanted is None else self._wanted
        if self._held:
            kept = min(kept, self._held[0][0])
        self._forget(max(kept, self.end - self._stored_seconds))

    def want(self, since: float) -> None:
        self._wanted = since

    def commit(self) -> None:
        """Somebody has said that a turn ends here."""
        self._held.append((self._begin if self._wanted is None else self._wanted, self.end))
        self._wanted = None

    def drop(self) -> None:
        """Nothing since the last commit will be wanted."""
        self._wanted = None

    def take(self, seconds: float, *, pushed: bool = False) -> bytes:
        """The audio of the turn that has ended, so long; empty where it is not kept any more.

        `pushed`: the client has ended it. Otherwise it may have been longer, and the rest belongs to the next.
        """
        if self._held:
            begin, end = self._held.popleft()
            if not pushed:
                self._held.appendleft((min(begin + seconds, end), end))
        else:
            begin, end = self.end - seconds if self._wanted is None else self._wanted, self.end
            self._wanted = begin + seconds if self._hold else None
        return self._cut(begin, min(end, begin + seconds)) if begin >= self._begin else b""

    def _cut(self, begin: float, end: float) -> bytes:
        return bytes(self._data[self._index(begin) : self._index(end)])

    def _forget(self, before: float) -> None:
        if before > self._begin:
            count = self._index(before)
            del self._data[:count]
            self._begin += count / self._rate

    def _index(self, at: float) -> int:
        return max(0, round((at - self._begin) * self._rate)) // 2 * 2
