"""/admin/keys: keys of clients, for administrators."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, Path, Query, Request

from middleware.edge.auditing import note_audit
from routers.http.deferred_route import deferred_router
from routers.management.key_schemas import IssuedKeyShape, KeyChangeFields, KeyFields, KeyShape, RotationFields
from stts.access.administration import AdministrationOpener
from stts.access.audit import Action
from stts.access.audit_details import key_changes, key_details
from stts.access.keys import KeyChanged
from stts.access.policy import RouteKind, policy

KeyId = Annotated[str, Path(max_length=64)]
After = Annotated[str, Query(max_length=64, description="The id after which the page begins.")]
Most = Annotated[int, Query(ge=1, le=1000)]
UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such key."}}
CHANGED: dict[int | str, dict[str, Any]] = {
    **UNKNOWN,
    409: {"description": "Somebody else has changed it meanwhile; `current` is how it stands now."},
}


class KeyRoutes:
    def __init__(self, administration: AdministrationOpener) -> None:
        self._administration = administration
        self.router = deferred_router("keys")
        add = self.router.add_api_route
        shape: dict[str, Any] = {"response_model": KeyShape}
        issued: dict[str, Any] = {"response_model": IssuedKeyShape}
        add("/admin/keys", self.listing, methods=["GET"], response_model=list[KeyShape])
        add("/admin/keys", self.create, methods=["POST"], status_code=201, **issued)
        add("/admin/keys/{key_id}", self.show, methods=["GET"], responses=UNKNOWN, **shape)
        add("/admin/keys/{key_id}", self.change, methods=["PATCH"], responses=CHANGED, **shape)
        add("/admin/keys/{key_id}", self.revoke, methods=["DELETE"], responses=CHANGED, **shape)
        add("/admin/keys/{key_id}/rotate", self.rotate, methods=["POST"], responses=CHANGED, **issued)

    @policy(RouteKind.MANAGE)
    async def listing(self, user_id: str | None = None, after: After = "", limit: Most = 100) -> list[KeyShape]:
        keys = (await self._administration()).keys
        return [KeyShape.of(key) for key in await keys.all(user_id=user_id, after=after, most=limit)]

    @policy(RouteKind.MANAGE, action=Action.KEY_CREATE)
    async def create(self, request: Request, fields: KeyFields) -> IssuedKeyShape:
        """A new key, whose text is shown this once. Without `user_id` it belongs to a new user of its name."""
        administration = await self._administration()
        owner = fields.user_id or (await administration.create_user(fields.name)).id
        issued = await administration.create_key(fields.wishes(owner))
        note_audit(request, issued.key.id, **key_details(issued.key), new_user=fields.user_id is None)
        return IssuedKeyShape.issued(issued)

    @policy(RouteKind.MANAGE)
    async def show(self, key_id: KeyId) -> KeyShape:
        return KeyShape.of(await (await self._administration()).key(key_id))

    @policy(RouteKind.MANAGE, action=Action.KEY_CHANGE)
    async def change(self, request: Request, key_id: KeyId, fields: KeyChangeFields) -> KeyShape:
        """Changes what is named. Open connections keep what they were opened with."""
        administration = await self._administration()
        before = await administration.key(key_id)
        try:
            after = await administration.change_key(key_id, fields.version, fields.changes())
        except KeyChanged as error:
            raise _told(error) from None
        note_audit(request, version=after.version, changes=key_changes(before, after))
        return KeyShape.of(after)

    @policy(RouteKind.MANAGE, action=Action.KEY_REVOKE)
    async def revoke(self, key_id: KeyId) -> KeyShape:
        """It opens nothing from now on, and its open sockets end within 5 s. It stays in the list."""
        try:
            return KeyShape.of(await (await self._administration()).revoke_key(key_id))
        except KeyChanged as error:
            raise _told(error) from None

    @policy(RouteKind.MANAGE, action=Action.KEY_ROTATE)
    async def rotate(
        self,
        request: Request,
        key_id: KeyId,
        fields: Annotated[RotationFields, Body()] = RotationFields(),  # noqa: B008
    ) -> IssuedKeyShape:
        """A new secret under the same id."""
        administration = await self._administration()
        note_audit(request, overlap_seconds=fields.overlap_seconds)
        try:
            return IssuedKeyShape.issued(await administration.rotate_key(key_id, fields.overlap_seconds))
        except KeyChanged as error:
            raise _told(error) from None


def _told(error: KeyChanged) -> KeyChanged:
    error.current = KeyShape.of(error.newer).model_dump(mode="json")
    return error
