"""The part of a server that its workers share: limits as one sum, and questions to each other.

It lives in the process that started them, and knows no settings and no services: whoever asks says what is allowed. All
of it is in memory, is bounded, and ends with that process; what a worker had taken is free when that worker has gone.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from stts.access.limits import Rate
from stts.peers.leases import Leases
from stts.peers.line import Line, Plain, open_line
from stts.peers.metrics import MetricsOfAll
from stts.peers.secrets import SecretsOfAll
from stts.peers.sessions import SessionsOfAll

if TYPE_CHECKING:
    from stts.access.windows import MovingWindows


class Coordinator:
    """One for a server of several workers, in the event loop of the process that started them."""

    def __init__(self) -> None:
        self._lines: dict[Line, int] = {}
        """Those of the workers that are there, with their numbers."""
        self._windows: MovingWindows | None = None
        """Imported when the first limited caller comes."""
        self.leases, sessions, metrics = Leases(), SessionsOfAll(), MetricsOfAll(self.others)
        self.answers: dict[str, Callable[[Line, Plain], Plain | Awaitable[Plain]]] = {
            "rates.hit": self._hit,
            "places.take": self._take,
            "places.wait": self._wait,
            "places.give_back": self._give_back,
            "others": self._ask_others,
            "tell others": self._tell_others,
            **sessions.answers,
            **metrics.answers,
            **SecretsOfAll(self.ask_all).answers,
        }
        """Answers by topic."""
        self.on_leave: list[Callable[[Line], None]] = [self.leases.leave, sessions.leave, metrics.leave]
        """Called with the line of a worker that has gone."""

    @property
    def workers(self) -> int:
        """Workers that are there."""
        return len(self._lines)

    async def serve(self, sock: socket.socket, worker: int) -> None:
        """Serves one worker until it has gone. `sock`: this end of a connected stream, which is closed at the end;
        `worker`: its number, which its follower may have too while this one drains."""
        line = Line(lambda topic, value: self.answers[topic](line, value))
        await open_line(line, sock)
        self._lines[line] = worker
        try:
            await line.ended.wait()
        finally:
            del self._lines[line]
            for leave in self.on_leave:
                leave(line)
            await line.close()

    def others(self, line: Line | None) -> list[Line]:
        """The lines of all workers but one."""
        return [each for each in self._lines if each is not line]

    async def ask_all(self, topic: str, value: Plain, seconds: float, besides: Line | None = None) -> list[Plain]:
        """The answers of all workers, without those of workers that go meanwhile, or do not answer in time."""
        asked = [asyncio.ensure_future(each.ask(topic, value, seconds)) for each in self.others(besides)]
        if not asked:
            return []
        try:
            await asyncio.wait(asked)
        finally:
            for each in asked:
                each.cancel()
        found = await asyncio.gather(*asked, return_exceptions=True)
        return [each for each in found if not isinstance(each, BaseException)]

    def tell_all(self, topic: str, value: Plain, besides: Line | None = None) -> None:
        """Tells all workers. Returns at once."""
        for each in self.others(besides):
            if each.is_open:
                each.tell(topic, value)

    def _hit(self, line: Line, value: Plain) -> Plain:
        """Tells what is left of each rate before a request, and until when; it is counted where all have room."""
        if self._windows is None:
            from stts.access.windows import MovingWindows

            self._windows = MovingWindows()
        windows, rates = self._windows, [Rate(subject, most) for subject, most in value]
        states = [windows.left(rate) for rate in rates]
        if all(left > 0 for left, _ in states):
            for rate in rates:
                windows.add(rate)
        return states

    def _take(self, line: Line, value: Plain) -> Plain:
        holder, names, most = value
        return self.leases.take((line, holder), names, most)

    def _wait(self, line: Line, value: Plain) -> Awaitable[Plain]:
        holder, names, most, seconds = value
        return self.leases.wait((line, holder), names, most, seconds)

    def _give_back(self, line: Line, value: Plain) -> Plain:
        self.leases.give_back((line, value))

    def _ask_others(self, line: Line, value: Plain) -> Awaitable[Plain]:
        topic, question, seconds = value
        return self.ask_all(topic, question, seconds, line)

    def _tell_others(self, line: Line, value: Plain) -> Plain:
        topic, note = value
        self.tell_all(topic, note, line)
