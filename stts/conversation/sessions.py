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
from stts.conversation.shared_sessions import IN_USE, SharedSessions
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
    """Sessions of this process; where there are several workers, what was left is kept for all of them.

    Routes bound how many run; how many are stored after they were left is bounded here.
    """

    def __init__(
        self,
        settings: CurrentSettings,
        clock: Callable[[], float] = time.monotonic,
        shared: SharedSessions | None = None,
    ) -> None:
        """`shared`: those of all workers, which keep what was left; None where this process does."""
        self._settings = settings
        self._clock = clock
        self._shared = shared
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

    async def counts(self) -> tuple[int, int]:
        """How many run, and how many were left and can be resumed; at all workers."""
        found = await self._shared.counts() if self._shared is not None else None
        return found or (self.active, self.stored)

    async def bring(self, id: str | None, viewer: Viewer, *, takes_over: bool = False) -> None:
        """Brings a session that was left at another worker here, so that it may begin. `takes_over`: one that is in use
        there is ended. Raises Conflict for one that goes on there."""
        if self._shared is None or id is None or id in self._active or id in self._left:
            return
        bringing = asyncio.ensure_future(self._brought(self._shared, id, viewer, takes_over=takes_over))
        try:
            await asyncio.shield(bringing)
        except asyncio.CancelledError:
            # It has been taken from where others look for it.
            bringing.add_done_callback(lambda _: self._put_back(id))
            raise

    async def _brought(self, shared: SharedSessions, id: str, viewer: Viewer, *, takes_over: bool) -> None:
        history = await shared.take(id, viewer.user_id, takes_over=takes_over)
        if history is not None:
            self._left[id] = _Left(history, viewer.user_id, self._clock())

    def _put_back(self, id: str) -> None:
        left = self._left.get(id)
        if left is not None and self._shared is not None and self._shared.ended(id, left.owner, left.history):
            del self._left[id]

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
            raise Conflict(IN_USE, param="session")
        if id is None:
            settings = self._settings().conversation
            history = History(settings.history_messages, settings.history_characters)
            session = StoredSession(secrets.token_hex(16), history, resumed=False, owner=viewer.user_id)
        elif id in self._left:
            session = StoredSession(id, self._left.pop(id).history, resumed=True, owner=viewer.user_id)
        else:
            raise NotFound(NO_SESSION, param="session")
        self._active[session.id] = session
        if self._shared is not None:
            self._shared.began(session.id, session.owner)
        return session

    def end(self, session: StoredSession) -> None:
        """Ends a session: it was left, and from now on its time runs."""
        self._active.pop(session.id, None)
        self._ended.set()
        is_kept = session.id not in self._unkept
        self._unkept.discard(session.id)
        is_shared = self._shared is not None and self._shared.ended(
            session.id, session.owner, session.history if is_kept else None
        )
        if is_shared or not is_kept:
            return
        self._left[session.id] = _Left(session.history, session.owner, self._clock())
        self._forget()

    async def remove_all(self, owner: str) -> int:
        """Forgets the sessions of a user, those that run when they are left, and counts them."""
        running = {id for id, session in self._active.items() if session.owner == owner} - self._unkept
        left = [id for id, each in self._left.items() if each.owner == owner]
        self._unkept |= running
        for id in left:
            del self._left[id]
        elsewhere = await self._shared.forget(owner) if self._shared is not None else 0
        return len(running) + len(left) + elsewhere

    def _forget(self) -> None:
        """Drops those left too long ago, then those too many."""
        settings = self._settings().conversation
        now = self._clock()
        while self._left:
            left = next(iter(self._left.values()))
            if len(self._left) <= settings.kept_sessions and now - left.at < settings.resume_seconds:
                return
            self._left.popitem(last=False)
