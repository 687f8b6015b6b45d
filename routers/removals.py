"""Removals of users' data that other servers of the same database were asked for: carried out here as well."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

import structlog

from routers.services import Services
from stts.access.directory import KeyDirectory
from stts.access.keys import DataRemoval

RETRY_SECONDS = 60.0
"""Between two tries on a disk that refuses."""
SKEW_SECONDS = 60.0
"""Most by which the clocks of servers are thought to differ."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Removals:
    """One for the process; `run()` runs as long as the server does. What this server was asked for comes here too, and
    finds nothing more."""

    def __init__(self, services: Services, directory: KeyDirectory, clock: Callable[[], float] = time.time) -> None:
        """`clock`: Unix time in seconds."""
        self._services = services
        self._waiting: dict[str, float] = {}
        """Users, each with the moment up to which what is kept of it goes."""
        self._changed = asyncio.Event()
        self._began = clock()
        directory.on_removal.append(self._take)

    async def run(self) -> None:
        """Carries them out as they come, for ever."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            waiting, self._waiting = self._waiting, {}
            try:
                await self._carry_out(waiting)
            except OSError as error:
                log.warning("user_data_not_removed", users=len(waiting), error=type(error).__name__, errno=error.errno)
                self._waiting = waiting | self._waiting
                await asyncio.sleep(RETRY_SECONDS)
                self._changed.set()

    def _take(self, removal: DataRemoval) -> None:
        self._waiting[removal.user_id] = removal.at
        self._changed.set()

    async def _carry_out(self, removals: Mapping[str, float]) -> None:
        """Raises OSError where the disk refuses."""
        services = self._services
        jobs = sessions = secrets = 0
        for user_id, at in removals.items():
            if at < self._began - SKEW_SECONDS:
                continue  # It is of before the start, and whatever is in memory is newer.
            jobs += await services.jobs.remove_all(user_id)
            sessions += services.sessions.remove_all(user_id)
            secrets += services.secrets.remove_all(user_id)
        files = sum((await asyncio.to_thread(services.files.remove_all, removals)).values())
        if files or jobs or sessions or secrets:
            log.info("user_data_removed", files=files, jobs=jobs, sessions=sessions, client_secrets=secrets)
