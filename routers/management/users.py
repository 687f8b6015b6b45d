"""/admin/users: who keys belong to."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Request

from middleware.edge.auditing import note_audit
from routers.http.deferred_route import deferred_router
from routers.management.key_schemas import UserFields, UserShape
from routers.management.keys import After, Most
from stts.access.administration import AdministrationOpener
from stts.access.audit import Action
from stts.access.policy import RouteKind, policy

UserId = Annotated[str, Path(max_length=64)]
UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such user."}}


class UserRoutes:
    def __init__(self, administration: AdministrationOpener) -> None:
        self._administration = administration
        self.router = deferred_router("users")
        add = self.router.add_api_route
        shape: dict[str, Any] = {"response_model": UserShape}
        add("/admin/users", self.listing, methods=["GET"], response_model=list[UserShape])
        add("/admin/users", self.create, methods=["POST"], status_code=201, **shape)
        add("/admin/users/{user_id}", self.show, methods=["GET"], responses=UNKNOWN, **shape)
        add("/admin/users/{user_id}", self.delete, methods=["DELETE"], status_code=204, responses=UNKNOWN)

    @policy(RouteKind.MANAGE)
    async def listing(self, after: After = "", limit: Most = 100) -> list[UserShape]:
        """Deleted ones stay in the list, for the keys and the usage that name them."""
        users = (await self._administration()).users
        return [UserShape.of(user) for user in await users.all(after=after, most=limit)]

    @policy(RouteKind.MANAGE, action=Action.USER_CREATE)
    async def create(self, request: Request, fields: UserFields) -> UserShape:
        user = await (await self._administration()).create_user(fields.name)
        note_audit(request, user.id, name=user.name)
        return UserShape.of(user)

    @policy(RouteKind.MANAGE)
    async def show(self, user_id: UserId) -> UserShape:
        return UserShape.of(await (await self._administration()).user(user_id))

    @policy(RouteKind.MANAGE, action=Action.USER_DELETE)
    async def delete(self, request: Request, user_id: UserId) -> None:
        """Revokes all keys of a user."""
        note_audit(request, revoked_keys=await (await self._administration()).delete_user(user_id))
