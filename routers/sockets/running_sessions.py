"""Sessions that run, by their ids: whoever began one may end it, or attach to it, by another request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from prometheus_client import CollectorRegistry, Gauge

from stts.access.viewer import Viewer
from stts.errors import NotFound
from stts.peers.line import Plain
from stts.peers.link import Peers

HANG_UP_SECONDS = 2.0
"""Longest wait for the other workers."""
NO_SESSION = "There is no such session, or it is over."


class RunningSession(Protocol):
    @property
    def viewer(self) -> Viewer:
        """The caller that began it."""
        ...

    def hang_up(self) -> None:
        """Ends it at once. Does nothing for one that has ended."""
        ...


class RunningSessions:
    """One for the process, whichever the listener of a session and of its caller's other requests."""

    def __init__(
        self, registry: CollectorRegistry | None = None, peers: Peers | None = None, *, name: str = "sessions"
    ) -> None:
        """`registry` of the metrics, which tell how many there are. `peers`: the other workers of this server, which
        have sessions of the same name."""
        self._sessions: dict[str, RunningSession] = {}
        self._peers, self._topic = peers, f"hang up {name}"
        if peers is not None:
            peers.on(self._topic, self._asked)
        if registry is not None:
            gauge = Gauge("stts_live_sessions", "Sessions of GPT-Live that are open.", registry=registry)
            gauge.set_function(self.__len__)

    def __len__(self) -> int:
        return len(self._sessions)

    @contextmanager
    def running(self, id: str, session: RunningSession) -> Iterator[None]:
        """The session can be found until the context ends, or until it is hung up. It may stand for one of the same id
        that is about to begin."""
        self._sessions[id] = session
        try:
            yield
        finally:
            if self._sessions.get(id) is session:
                del self._sessions[id]

    def hang_up(self, id: str, viewer: Viewer) -> None:
        """Ends a session, once; administrators may end any. Raises NotFound, also for one that somebody else began or
        that is being ended."""
        session = self._sessions.get(id) if viewer.sees_all else self.find(id, viewer)
        if session is None:
            raise NotFound(NO_SESSION)
        del self._sessions[id]
        session.hang_up()

    async def hang_up_anywhere(self, id: str, viewer: Viewer) -> None:
        """As `hang_up`, also for a session at another worker."""
        try:
            self.hang_up(id, viewer)
        except NotFound:
            asked = [id, viewer.user_id, viewer.sees_all]
            if self._peers is None or not any(await self._peers.ask_others(self._topic, asked, HANG_UP_SECONDS)):
                raise

    def _asked(self, value: Plain) -> bool:
        """Hangs up for another worker; False where there is no such session here."""
        id, user_id, sees_all = value
        try:
            self.hang_up(id, Viewer(user_id, sees_all))
        except NotFound:
            return False
        return True

    def find(self, id: str, viewer: Viewer) -> RunningSession:
        """Raises NotFound, also for a session that somebody else began."""
        session = self._sessions.get(id)
        if session is None or not viewer.began(session.viewer.user_id):
            raise NotFound(NO_SESSION)
        return session
