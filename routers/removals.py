"""Removals of users' data that other servers of the same database were asked for: carried out here as well."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

import structlog

from routers.services import Services
from stts.access.directory import KeyDirectory
from stts.access.keys import DataRemoval
from stts.cache.stored import Selection

RETRY_SECONDS = 60.0
"""Between two tries on a disk that refuses."""
SKEW_SECONDS = 60.0
"""Most by which the clocks of servers are thought to differ."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Removals:
    """One for the process; `run()` and `retry()` run as long as the server does, also after an error."""

    def __init__(self, services: Services, directory: KeyDirectory, clock: Callable[[], float] = time.time) -> None:
        """`clock`: Unix time in seconds."""
        self._services = services
        self._new: dict[str, float] = {}
        """Users of whom something may be in memory, each with the moment of the removal."""
        self._on_disk: dict[str, float] = {}
        """Users whose files may be there, each with the moment up to which they go."""
        self._changed = asyncio.Event()
        self._began = clock()
        directory.on_removal.append(self._take)

    async def run(self) -> None:
        """Carries them out as they come, for ever."""
        while True:
            while self._new:
                await self._carry_out(dict(self._new))
            self._changed.clear()
            await self._changed.wait()

    async def retry(self) -> None:
        """Tries again to remove the files that a disk has refused, user by user, for ever."""
        while True:
            await asyncio.sleep(RETRY_SECONDS)
            for user_id, at in list(self._on_disk.items()):
                _put_last(self._on_disk, user_id)
                await self._remove_files({user_id: at})

    def _take(self, removal: DataRemoval) -> None:
        self._new[removal.user_id] = removal.at
        self._changed.set()

    async def _carry_out(self, removals: Mapping[str, float]) -> None:
        self._on_disk |= removals
        for user_id, at in removals.items():
            _put_last(self._new, user_id)
            # Of what was removed before the start, whatever is in memory is newer.
            if at >= self._began - SKEW_SECONDS:
                await self._forget(user_id, at)
            _drop(self._new, user_id, at)
        await self._remove_files(removals)

    async def _forget(self, user_id: str, at: float) -> None:
        """Ends and forgets what is in memory of a user, and jobs begun before a Unix time with their results here."""
        services = self._services
        jobs = await services.jobs.remove_all(user_id) + await services.batches.remove_all(user_id, begun_before=at)
        sessions = await services.sessions.remove_all(user_id)
        secrets = services.secrets.remove_all(user_id)
        await services.cache.remove(Selection(owner=user_id))
        if jobs or sessions or secrets:
            log.info("user_data_removed", jobs=jobs, sessions=sessions, client_secrets=secrets)

    async def _remove_files(self, removals: Mapping[str, float]) -> None:
        try:
            files = await asyncio.to_thread(self._services.files.carry_out, removals)
        except OSError as error:
            log.warning("user_data_not_removed", users=len(removals), error=type(error).__name__, errno=error.errno)
            return
        for user_id, at in removals.items():
            _drop(self._on_disk, user_id, at)
        if files:
            log.info("user_data_removed", files=files)


def _put_last(waiting: dict[str, float], user_id: str) -> None:
    """Makes it the last in turn, until it is done: an error that ends the work keeps nobody else from the next try."""
    if user_id in waiting:
        waiting[user_id] = waiting.pop(user_id)


def _drop(waiting: dict[str, float], user_id: str, at: float) -> None:
    """Takes a removal out, unless a newer one of this user has come meanwhile."""
    if waiting.get(user_id) == at:
        del waiting[user_id]
