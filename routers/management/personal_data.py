"""DELETE /admin/users/{user_id}/data: removes what the server keeps of a user, deleted or not."""

from __future__ import annotations

import asyncio
import math
import time

from fastapi import Request
from pydantic import BaseModel, Field

from middleware.edge.auditing import note_audit
from routers.http.deferred_route import deferred_router
from routers.management.users import UNKNOWN, UserId
from routers.services import Services
from stts.access.administration import NO_USER
from stts.access.audit import Action
from stts.access.keys import DataRemoval
from stts.access.policy import RouteKind, policy
from stts.cache.stored import Selection
from stts.errors import NotFound


class RemovedData(BaseModel):
    """Numbers of what was removed."""

    voices: int = Field(description="Reference recordings, shared ones too.")
    consents: int = Field(description="Recordings of people who consent to voices.")
    uploads: int
    outputs: int
    jobs: int = Field(description="Those that ran were ended.")
    sessions: int = Field(description="Histories of conversations; those of open ones go when they are left.")
    client_secrets: int
    usage_rows: int = Field(description="Rows of a day, added to those of nobody: sums stay, without key and voice.")


class PersonalDataRoutes:
    def __init__(self, services: Services) -> None:
        self._services = services
        self.router = deferred_router("users")
        self.router.add_api_route(
            "/admin/users/{user_id}/data",
            self.remove,
            methods=["DELETE"],
            response_model=RemovedData,
            responses=UNKNOWN,
        )

    @policy(RouteKind.MANAGE, action=Action.USER_DATA_REMOVE)
    async def remove(self, request: Request, user_id: UserId) -> RemovedData:
        """Removes voices, files, jobs, histories, client secrets and usage details. Deleted users have data too.

        It may be asked for again. What the user's keys do meanwhile may leave something new: delete the user first.
        Other servers on the same database remove within 2 s the jobs, histories and client secrets in their memory,
        and the older files of a `storage.root` of their own, which are not counted here.
        """
        services = self._services
        administration = await services.access.administration()
        if await administration.users.find(user_id) is None:
            raise NotFound(NO_USER)
        removal = DataRemoval(user_id, time.time())
        jobs = await services.jobs.remove_all(user_id) + await services.batches.remove_all(user_id)
        files = await asyncio.to_thread(services.files.remove_all, {user_id: math.inf})
        await services.cache.remove(Selection(owner=user_id))
        removed = RemovedData(
            voices=files["references"],
            consents=files["consents"],
            uploads=files["uploads"],
            outputs=files["outputs"],
            jobs=jobs,
            sessions=await services.sessions.remove_all(user_id),
            client_secrets=services.secrets.remove_all(user_id),
            usage_rows=0,
        )
        note_audit(request, **removed.model_dump())
        # Only now: a server that shares the files would be faster with some of them, and they would not be counted.
        await asyncio.to_thread(services.files.carried_out.add, {user_id: removal.at})
        if services.access.directory is not None:
            services.access.directory.pass_over(removal)
        await administration.users.remove_data(removal)
        removed = removed.model_copy(update={"usage_rows": await self._forget_usage(user_id)})
        note_audit(request, **removed.model_dump())
        return removed

    async def _forget_usage(self, user_id: str) -> int:
        if self._services.access.usage is not None:
            return await self._services.access.usage.forget(user_id)
        return await (await self._services.access.stores.usage()).forget(user_id)
