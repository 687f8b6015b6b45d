"""Keys and users below /api/v1/admin, over the server's own: a user of TTSKit is one of ours by its name."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from fastapi import Path, Request

from middleware.edge.auditing import note_audit
from routers.compat.ttskit.admin_schemas import (
    KeyChange,
    KeyInfo,
    KeyRequest,
    Myself,
    NewKey,
    UserInfo,
    UserRequest,
    iso,
    permissions_of,
    role_of,
    seconds_of,
    user_name,
)
from routers.compat.ttskit.system_schemas import Message
from routers.http.deferred_route import deferred_router
from routers.http.operation import principal_of
from routers.services import Services
from stts.access.administration import FIRST_USER, Administration, KeyWishes
from stts.access.audit import Action
from stts.access.audit_details import key_changes, key_details
from stts.access.keys import AccessKey, User
from stts.access.policy import RouteKind, policy
from stts.access.roles import Role
from stts.analytics.usage import UsageQuery
from stts.errors import Conflict, Forbidden, InvalidParameter, NotFound

UserName = Annotated[str, Path(max_length=100)]
PAGE = 1000
MOST_KEYS = 10_000
"""Keys in one list."""
NO_KEY = "No API keys found for this user"


class AdminRoutes:
    def __init__(self, services: Services) -> None:
        self._administration = services.access.administration
        self._usage = services.access.stores.usage if services.access.usage is not None else None
        self.router = deferred_router("TTSKit")
        add = self.router.add_api_route
        add("/api/v1/admin/api-keys", self.keys, methods=["GET"], response_model=list[KeyInfo])
        add("/api/v1/admin/api-keys", self.create, methods=["POST"], response_model=NewKey)
        add("/api/v1/admin/api-keys/{user_id}", self.change, methods=["PUT"], response_model=KeyInfo)
        add("/api/v1/admin/api-keys/{user_id}", self.delete, methods=["DELETE"], response_model=Message)
        add("/api/v1/admin/users/me", self.myself, methods=["GET"], response_model=Myself)
        add("/api/v1/admin/users", self.users, methods=["GET"], response_model=list[UserInfo])
        add("/api/v1/admin/users", self.create_user, methods=["POST"], response_model=UserInfo)
        add("/api/v1/admin/users/{user_id}", self.user, methods=["GET"], response_model=UserInfo)
        add("/api/v1/admin/users/{user_id}", self.delete_user, methods=["DELETE"], response_model=Message)

    @policy(RouteKind.MANAGE)
    async def keys(self) -> list[KeyInfo]:
        """All keys, without their texts; those that work no more stay in the list."""
        administration, now = await self._administration(), time.time()
        names = {user.id: user.name async for user in _users(administration)}
        used = await self._used()
        found = [key async for key in _keys(administration)]
        return [
            KeyInfo.of(key, names.get(key.user_id, key.user_id), now, None if used is None else used.get(key.id, 0))
            for key in found
        ]

    @policy(RouteKind.MANAGE, action=Action.KEY_CREATE)
    async def create(self, request: Request, fields: KeyRequest) -> NewKey:
        """A key for a user, who is made where there is none of the name. Its text is shown this once."""
        _refuse_own_key(fields.api_key)
        expires = seconds_of(fields.expires_at)
        administration = await self._administration()
        owner = await _named(administration, fields.user_id)
        is_new = owner is None
        owner = owner or await administration.create_user(fields.user_id)
        wishes = KeyWishes(name=owner.name, user_id=owner.id, role=role_of(fields.permissions), expires_at=expires)
        issued = await administration.create_key(wishes)
        note_audit(request, issued.key.id, **key_details(issued.key), new_user=is_new)
        return NewKey(
            id=issued.key.id,
            user_id=owner.name,
            api_key=str(issued.text),
            permissions=permissions_of(issued.key.role),
            created_at=iso(issued.key.created_at),
            expires_at=None if expires is None else iso(expires),
            message="API key created successfully",
        )

    @policy(RouteKind.MANAGE, action=Action.KEY_CHANGE)
    async def change(self, request: Request, user_id: UserName, fields: KeyChange) -> KeyInfo:
        """Changes the oldest key of a user that still works."""
        _refuse_own_key(fields.api_key)
        changes: dict[str, Any] = {}
        if fields.permissions is not None:
            changes["role"] = role_of(fields.permissions)
        if (expires := seconds_of(fields.expires_at)) is not None:
            changes["expires_at"] = expires
        administration = await self._administration()
        before = (await _working(administration, user_id))[0]
        if fields.is_active is False or "expires_at" in changes or changes.get("role", Role.ADMIN) is not Role.ADMIN:
            await _refuse_last(administration, [before])
        after = await administration.change_key(before.id, before.version, changes) if changes else before
        if fields.is_active is False:
            after = await administration.revoke_key(before.id)
        note_audit(request, before.id, version=after.version, changes=key_changes(before, after))
        used = await self._used()
        return KeyInfo.of(after, user_id, time.time(), None if used is None else used.get(after.id, 0))

    @policy(RouteKind.MANAGE, action=Action.KEY_REVOKE)
    async def delete(self, request: Request, user_id: UserName) -> Message:
        """Revokes all keys of a user: whoever asks for it wants nobody to come in by one of them."""
        administration = await self._administration()
        _refuse_first(await _named(administration, user_id))
        keys = await _working(administration, user_id)
        await _refuse_last(administration, keys)
        revoked = [(await administration.revoke_key(key.id)).id for key in keys]
        note_audit(request, ",".join(revoked))
        return Message(message="API key deleted successfully")

    @policy(RouteKind.USE, role=Role.READ)
    async def myself(self, request: Request) -> Myself:
        """The caller and what it may do."""
        principal = principal_of(request)
        name = user_name(principal)
        if principal.key is not None:
            name = (await (await self._administration()).user(principal.key.user_id)).name
        role = principal.role
        return Myself(user_id=name, permissions=permissions_of(role), is_admin=role is Role.ADMIN)

    @policy(RouteKind.MANAGE)
    async def users(self) -> list[UserInfo]:
        administration, now = await self._administration(), time.time()
        keys: dict[str, list[AccessKey]] = {}
        async for key in _keys(administration):
            keys.setdefault(key.user_id, []).append(key)
        return [_info(user, keys.get(user.id, []), now) async for user in _users(administration)]

    @policy(RouteKind.MANAGE, action=Action.USER_CREATE)
    async def create_user(self, request: Request, fields: UserRequest) -> UserInfo:
        administration = await self._administration()
        if await _named(administration, fields.user_id) is not None:
            raise Conflict("User already exists", param="user_id")
        user = await administration.create_user(fields.user_id)
        note_audit(request, user.id, name=user.name)
        return _info(user, [], time.time())

    @policy(RouteKind.MANAGE)
    async def user(self, user_id: UserName) -> UserInfo:
        administration = await self._administration()
        user = await _known(administration, user_id)
        return _info(user, await administration.keys.all(user_id=user.id, most=PAGE), time.time())

    @policy(RouteKind.MANAGE, action=Action.USER_DELETE)
    async def delete_user(self, request: Request, user_id: UserName) -> Message:
        """Revokes all keys of a user."""
        administration = await self._administration()
        user = await _known(administration, user_id)
        _refuse_first(user)
        await _refuse_last(administration, await administration.keys.all(user_id=user.id, most=PAGE))
        note_audit(request, user.id, revoked_keys=await administration.delete_user(user.id))
        return Message(message="User deleted successfully")

    async def _used(self) -> dict[str, int] | None:
        """Operations by the id of their key, of all days that are kept; None where usage is not kept."""
        if self._usage is None:
            return None
        groups = await (await self._usage()).sums(UsageQuery(first_day=0), ("key_id",), most=MOST_KEYS)
        return {str(group.by[0]): group.sums.operations for group in groups}


async def _users(administration: Administration) -> AsyncIterator[User]:
    """Those that are not deleted."""
    after = ""
    while users := await administration.users.all(after=after, most=PAGE):
        for user in users:
            if user.deleted_at is None:
                yield user
        after = users[-1].id


async def _keys(administration: Administration) -> AsyncIterator[AccessKey]:
    after, seen = "", 0
    while seen < MOST_KEYS and (keys := await administration.keys.all(after=after, most=PAGE)):
        for key in keys:
            yield key
        after, seen = keys[-1].id, seen + len(keys)


async def _named(administration: Administration, name: str) -> User | None:
    """The user of a name or an id; of several of one name the one that was made first."""
    found = [user async for user in _users(administration) if name in (user.name, user.id)]
    return min(found, key=lambda user: user.created_at, default=None)


async def _known(administration: Administration, name: str) -> User:
    """Raises NotFound."""
    user = await _named(administration, name)
    if user is None:
        raise NotFound("User not found")
    return user


async def _working(administration: Administration, name: str) -> list[AccessKey]:
    """The keys of a user that work, the oldest first. Raises NotFound where there is none."""
    user, now = await _named(administration, name), time.time()
    keys = [] if user is None else await administration.keys.all(user_id=user.id, most=PAGE)
    working = sorted((key for key in keys if key.is_alive(now)), key=lambda key: key.created_at)
    if not working:
        raise NotFound(NO_KEY)
    return working


def _info(user: User, keys: list[AccessKey], now: float) -> UserInfo:
    is_admin = any(key.role is Role.ADMIN and key.is_alive(now) for key in keys)
    last_used = max((key.last_used_at for key in keys if key.last_used_at is not None), default=None)
    return UserInfo.of(user, is_admin=is_admin, last_used=last_used)


def _refuse_own_key(text: str | None) -> None:
    if text is not None:
        said = "Keys are made by the server, and told once: leave api_key out, and take the one of the answer."
        raise InvalidParameter(said, param="api_key")


def _refuse_first(user: User | None) -> None:
    """TTSKit keeps its administrator, so that nobody locks everybody out."""
    if user is not None and user.name == FIRST_USER:
        raise Forbidden("Cannot delete admin user")


async def _refuse_last(administration: Administration, ending: Sequence[AccessKey]) -> None:
    """Refuses to end, to lower and to let expire the last keys that administer: nobody could make another."""
    now, ids = time.time(), {key.id for key in ending}
    administering = [key async for key in _keys(administration) if key.role is Role.ADMIN and key.is_alive(now)]
    if administering and ids.issuperset(key.id for key in administering):
        raise Forbidden("No other key of an administrator works: make one before this one changes or ends.")
