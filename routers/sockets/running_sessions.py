"""Sessions that run, by their ids: whoever began one may end it, or attach to it, by another request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from prometheus_client import CollectorRegistry, Gauge

from stts.access.viewer import Viewer
from stts.errors import NotFound

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

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        """`registry` of the metrics, which tell how many there are."""
        self._sessions: dict[str, RunningSession] = {}
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

    def find(self, id: str, viewer: Viewer) -> RunningSession:
        """Raises NotFound, also for a session that somebody else began."""
        session = self._sessions.get(id)
        if session is None or not viewer.began(session.viewer.user_id):
            raise NotFound(NO_SESSION)
        return session
