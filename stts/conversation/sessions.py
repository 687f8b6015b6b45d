"""Histories by session id: in use by one session at a time, and stored for a while after it was left.

A session belongs to the user who began it; for anybody else, administrators too, there is none of its id.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from stts.access.viewer import SERVER, Viewer
from stts.conversation.history import History
from stts.errors import Busy, Conflict, NotFound
from stts.settings import CurrentSettings

NO_SESSION = "There is no such session, or it was left too long ago."
RETRY_SECONDS = 5.0
"""Seconds after which a refused client may try again."""


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session while it runs."""

    id: str
    """Whoever knows it can go on with the conversation: it cannot be guessed."""
    history: History
    resumed: bool
    owner: str | None = None
    """Id of the user; None: the server."""


@dataclass(frozen=True, slots=True)
class _Left:
    history: History
    owner: str | None
    at: float
    """The time of leaving."""


class SessionStore:
    """Sessions of this process. Routes bound how many run; how many are stored after they were left is bounded here."""

    def __init__(self, settings: CurrentSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._active: dict[str, StoredSession] = {}
        self._unkept: set[str] = set()
        """Sessions that run and are not stored when they are left."""
        self._ended = asyncio.Event()
        self._left: OrderedDict[str, _Left] = OrderedDict()
        """Sessions that were left, in this order."""

    @property
    def active(self) -> int:
        """Sessions that run."""
        return len(self._active)

    @property
    def stored(self) -> int:
        """Sessions that were left and can be resumed."""
        self._forget()
        return len(self._left)

    async def room(self, most: int, timeout_seconds: float) -> None:
        """Waits until fewer than `most` run. Raises Busy after `timeout_seconds` seconds."""
        try:
            async with asyncio.timeout(timeout_seconds):
                while self.active >= most:
                    self._ended.clear()
                    await self._ended.wait()
        except TimeoutError:
            raise Busy(f"All {most} conversations of this server are under way.", retry_after=RETRY_SECONDS) from None

    def check_began(self, id: str | None, viewer: Viewer) -> None:
        """Raises NotFound for a session that somebody else began."""
        session = self._active.get(id or "") or self._left.get(id or "")
        if session is not None and not viewer.began(session.owner):
            raise NotFound(NO_SESSION, param="session")

    def begin(self, id: str | None, viewer: Viewer = SERVER) -> StoredSession:
        """A new session, or the one with this id.

        Raises NotFound for one that does not exist, any more or at all or for this caller, and Conflict for one that
        runs.
        """
        self._forget()
        self.check_began(id, viewer)
        if id in self._active:
            raise Conflict("This session is in use.", param="session")
        if id is None:
            settings = self._settings().conversation
            history = History(settings.history_messages, settings.history_characters)
            session = StoredSession(secrets.token_hex(16), history, resumed=False, owner=viewer.user_id)
        elif id in self._left:
            session = StoredSession(id, self._left.pop(id).history, resumed=True, owner=viewer.user_id)
        else:
            raise NotFound(NO_SESSION, param="session")
        self._active[session.id] = session
        return session

    def end(self, session: StoredSession) -> None:
        """Ends a session: it was left, and from now on its time runs."""
        self._active.pop(session.id, None)
        self._ended.set()
        if session.id in self._unkept:
            self._unkept.discard(session.id)
            return
        self._left[session.id] = _Left(session.history, session.owner, self._clock())
        self._forget()

    def remove_all(self, owner: str) -> int:
        """Forgets the sessions of a user, those that run when they are left, and counts them."""
        running = {id for id, session in self._active.items() if session.owner == owner} - self._unkept
        left = [id for id, each in self._left.items() if each.owner == owner]
        self._unkept |= running
        for id in left:
            del self._left[id]
        return len(running) + len(left)

    def _forget(self) -> None:
        """Drops those left too long ago, then those too many."""
        settings = self._settings().conversation
        now = self._clock()
        while self._left:
            left = next(iter(self._left.values()))
            if len(self._left) <= settings.kept_sessions and now - left.at < settings.resume_seconds:
                return
            self._left.popitem(last=False)
