"""Services of batches: their store, their results, who takes them and who works on them."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from adapters.batches.carrying_out import CarryOut, Listen, PrincipalOf, Speak
from adapters.batches.runner import BatchRunner
from adapters.batches.submission import Submission
from adapters.selection import EngineSelection
from routers.http.binder import Binder
from stts.access.keys import KeyStore
from stts.access.principal import ANONYMOUS, API_KEY_HOLDER, Principal, key_holder, named_holders
from stts.access.roles import Role
from stts.access.viewer import Viewer
from stts.errors import Forbidden, NotFound, Unauthorized
from stts.jobs.store import BatchStore, Worker
from stts.jobs.transitions import BatchEvent
from stts.jobs.values import Batch
from stts.scheduling.yielding import Yielding
from stts.settings import CurrentSettings, SecuritySettings
from stts.storage.batch_files import BatchFiles
from stts.storage.database.opening import StoreOpener
from stts.storage.files.store import FileStore

NO_JOB = "There is no such job; ended ones are kept for a while."


@dataclass(frozen=True, slots=True)
class BatchServices:
    """Made once; opens nothing before there ever was a batch."""

    stores: StoreOpener
    files: BatchFiles
    runner: BatchRunner
    submission: Submission
    binder: Binder
    settings: CurrentSettings

    async def store(self) -> BatchStore:
        return await self.stores.batches()

    async def all(self, viewer: Viewer, most: int, before: float | None = None) -> list[Batch]:
        """Those of this viewer that began before a Unix time, the newest first. Raises DatabaseAway."""
        if not await self.were_there():
            return []
        store = await self.store()
        found = await store.page(owner=viewer.user_id, every=viewer.sees_all, most=most, before=before)
        return [self._seen(batch) for batch in found]

    async def find(self, job_id: str, viewer: Viewer) -> Batch | None:
        """None also for what belongs to others. Raises DatabaseAway."""
        if not await self.were_there():
            return None
        batch = await (await self.store()).find(job_id)
        return self._seen(batch) if batch is not None and viewer.sees(batch.owner) else None

    async def require(self, job_id: str, viewer: Viewer) -> Batch:
        """Raises NotFound, DatabaseAway."""
        if (batch := await self.find(job_id, viewer)) is None:
            raise NotFound(NO_JOB)
        return batch

    async def command(self, job_id: str, event: BatchEvent, principal: Principal) -> Batch:
        """Does what a caller asks for. Raises NotFound, Conflict, DatabaseAway."""
        found = await self.require(job_id, principal.viewer)
        if event in ("pause", "cancel"):
            await self.runner.stop(job_id)
        batch = await (await self.store()).command(job_id, event, now=time.time(), by=_worker(found, principal))
        self.runner.wake()
        return self._seen(batch)

    async def remove(self, job_id: str) -> None:
        """Removes one that has ended, with its results."""
        await self.binder.stop(job_id)
        await (await self.store()).remove(job_id)
        await asyncio.to_thread(self.files.remove, job_id)

    async def remove_all(self, owner: str, begun_before: float = math.inf) -> int:
        """Ends all of a user that were begun before a Unix time, removes them with their results and counts them."""
        if not await self.were_there():
            return 0
        removed = await (await self.store()).remove_all(owner, begun_before=begun_before)
        # Others may have removed them from the database already, and their results lie here.
        self.runner.clean()
        for job_id in removed:
            await self.runner.stop(job_id)
            await self.binder.stop(job_id)
            await asyncio.to_thread(self.files.remove, job_id)
        return len(removed)

    def _seen(self, batch: Batch) -> Batch:
        return batch.as_seen(time.time(), self.settings().jobs.lease_seconds)

    async def were_there(self) -> bool:
        """True if there may be batches: under this `storage.root`, or in a database that servers share."""
        if self.settings().database.url is not None or self.stores.state in ("up", "away"):
            return True
        return await asyncio.to_thread(lambda: self.files.exists)


def build_batches(
    settings: CurrentSettings,
    stores: StoreOpener,
    uploads: FileStore,
    selection: EngineSelection,
    speak: Speak,
    listen: Listen,
    yielding: Yielding,
) -> BatchServices:
    files = BatchFiles(Path(settings().storage.root), lambda: settings().jobs.bytes)
    carry_out = CarryOut(speak, listen, selection, files, uploads, _principals(stores.keys, settings))
    runner = BatchRunner(stores, files, carry_out, settings, yielding)
    submission = Submission(stores.batches, files, selection, runner, settings)
    return BatchServices(stores, files, runner, submission, Binder(files), settings)


def _worker(batch: Batch, principal: Principal) -> Worker | None:
    """Whose rights it works with after a command; None: an administrator lends none to the job of another user."""
    if batch.owner not in (None, principal.viewer.user_id):
        return None
    return Worker(principal.key.id if principal.key is not None else None, principal.name)


def _principals(
    keys: Callable[[], Awaitable[KeyStore]], settings: CurrentSettings, clock: Callable[[], float] = time.time
) -> PrincipalOf:
    """Callers as their keys stand now, looked up once in a while."""
    known: dict[str, tuple[float, Principal]] = {}

    async def principal_of(batch: Batch) -> Principal:
        if batch.key_id is None:
            return _keyless(batch, settings().security)
        now = clock()
        seen = known.get(batch.key_id)
        if seen is None or not 0 <= now - seen[0] < KEY_SECONDS:
            key = await (await keys()).find(batch.key_id)
            if key is None or not key.is_alive(now):
                raise Unauthorized("The key that this job works with opens nothing any more; resume it with another.")
            if len(known) >= MOST_KEYS:
                known.clear()
            seen = known[batch.key_id] = now, key_holder(key)
        if seen[1].role < Role.WRITE:
            raise Forbidden("The key that this job works with may not speak or listen any more.")
        return seen[1]

    return principal_of


def _keyless(batch: Batch, security: SecuritySettings) -> Principal:
    """The caller of a batch that was begun without a key of its own. Raises Unauthorized."""
    if not security.wants_key:
        return ANONYMOUS
    for holder in named_holders(security).values():
        if holder.name == batch.caller:
            return holder
    if security.api_key is None or batch.caller != API_KEY_HOLDER.name:
        raise Unauthorized("This job works without a key, and the server wants one now; resume it with a key.")
    return API_KEY_HOLDER


KEY_SECONDS = 2.0
"""Time for which a key that was looked up is taken for what it was."""
MOST_KEYS = 1000
