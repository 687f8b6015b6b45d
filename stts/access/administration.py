"""Users and keys, as administrators create, change, rotate, revoke and delete them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from stts.access.key_text import KeyText
from stts.access.keys import NO_LIMITS, AccessKey, KeyChanged, KeyLimits, KeyStore, PriorityClass, User, UserStore
from stts.access.roles import Role
from stts.errors import Conflict, NotFound

FIRST_USER = "admin"
"""Name of the user whose key is made at the first start."""
NO_KEY, NO_USER = "There is no such key.", "There is no such user."

MOST_SUBJECT_LIMITS = 1000
"""Subjects of one key with limits of their own."""


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key with its text, which nobody can tell again."""

    key: AccessKey
    text: KeyText


@dataclass(frozen=True, slots=True)
class FirstKey:
    """The first administrator, and a key of theirs."""

    user: User
    issued: IssuedKey


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyWishes:
    """The wishes for a new key."""

    name: str
    user_id: str
    role: Role
    priority: PriorityClass = PriorityClass.NORMAL
    expires_at: float | None = None
    allowed_addresses: tuple[str, ...] = ()
    allowed_engines: tuple[str, ...] = ()
    allowed_voices: tuple[str, ...] = ()
    cache: bool = True
    limits: KeyLimits = NO_LIMITS
    subjects: KeyLimits | None = None


class Administration:
    """Users and keys. Raises DatabaseAway from every method."""

    def __init__(
        self,
        users: UserStore,
        keys: KeyStore,
        changed: Callable[[AccessKey], None] = lambda key: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`changed` is told of each key as it stands after a change."""
        self.users = users
        self.keys = keys
        self._changed = changed
        self._clock = clock

    async def create_user(self, name: str) -> User:
        user = self._new_user(name)
        await self.users.add(user)
        return user

    async def user(self, user_id: str) -> User:
        """Raises NotFound; a deleted user is none."""
        user = await self.users.find(user_id)
        if user is None or user.deleted_at is not None:
            raise NotFound(NO_USER)
        return user

    async def delete_user(self, user_id: str) -> list[str]:
        """Revokes the keys of a user and tells their ids. Raises NotFound."""
        revoked = await self.users.delete(user_id, self._clock())
        for key_id in revoked:
            self._changed(await self.key(key_id))
        return revoked

    async def create_key(self, wishes: KeyWishes) -> IssuedKey:
        """Raises NotFound where there is no such user."""
        issued = self._issued(wishes)
        await self.keys.add(issued.key)
        self._changed(issued.key)
        return issued

    def issue_first(self) -> FirstKey:
        """A key for the first administrator, which is not kept yet."""
        user = self._new_user(FIRST_USER)
        return FirstKey(user, self._issued(KeyWishes(name="first key", user_id=user.id, role=Role.ADMIN)))

    async def keep_first(self, first: FirstKey) -> bool:
        """False where some other key works already. One that asks again after a lost answer is told True."""
        if not await self.keys.add_first(first.user, first.issued.key):
            return False
        self._changed(first.issued.key)
        return True

    async def key(self, key_id: str) -> AccessKey:
        """Raises NotFound."""
        key = await self.keys.find(key_id)
        if key is None:
            raise NotFound(NO_KEY)
        return key

    async def change_key(self, key_id: str, version: int, changes: dict[str, Any]) -> AccessKey:
        """Changes fields of a key that stands at `version`. Raises NotFound, KeyChanged."""
        return await self._keep(replace(await self.key(key_id), version=version, **changes))

    async def limit_subject(self, key_id: str, name: str, limits: KeyLimits | None) -> AccessKey:
        """Gives one subject of a key limits of its own, or None, and then those of each. Raises NotFound, Conflict."""
        while True:
            key = await self.key(key_id)
            if key.subjects is None:
                raise Conflict("This key may name no subjects: give it `subjects` first.")
            kept = tuple(each for each in key.subject_limits if each[0] != name)
            kept += () if limits is None else ((name, limits),)
            if len(kept) > MOST_SUBJECT_LIMITS:
                raise Conflict(
                    f"{MOST_SUBJECT_LIMITS} subjects of this key have limits of their own, which is the most."
                )
            with suppress(KeyChanged):
                return await self._keep(replace(key, subject_limits=kept))

    async def rotate_key(self, key_id: str, overlap_seconds: float) -> IssuedKey:
        """A new secret; the one before works on for a while. Raises NotFound, KeyChanged, Conflict if it is revoked."""
        key, text = await self.key(key_id), KeyText.new(key_id)
        if not key.is_alive(self._clock()):
            raise Conflict("This key was revoked or has expired: make a new one.")
        until = self._clock() + overlap_seconds if overlap_seconds > 0 else None
        previous = key.secret_hash if until is not None else None
        rotated = replace(key, secret_hash=text.hash, previous_hash=previous, previous_until=until)
        return IssuedKey(await self._keep(rotated), text)

    async def revoke_key(self, key_id: str) -> AccessKey:
        """It opens nothing from now on; what was revoked before stays so. Raises NotFound, KeyChanged."""
        key = await self.key(key_id)
        return key if key.revoked_at is not None else await self._keep(replace(key, revoked_at=self._clock()))

    async def _keep(self, key: AccessKey) -> AccessKey:
        kept = await self.keys.change(key)
        self._changed(kept)
        return kept

    def _new_user(self, name: str) -> User:
        return User(secrets.token_hex(8), name, self._clock())

    def _issued(self, wishes: KeyWishes) -> IssuedKey:
        text = KeyText.new()
        key = AccessKey(
            id=text.id,
            user_id=wishes.user_id,
            name=wishes.name,
            role=wishes.role,
            secret_hash=text.hash,
            created_at=self._clock(),
            priority=wishes.priority,
            expires_at=wishes.expires_at,
            allowed_addresses=wishes.allowed_addresses,
            allowed_engines=wishes.allowed_engines,
            allowed_voices=wishes.allowed_voices,
            cache=wishes.cache,
            limits=wishes.limits,
            subjects=wishes.subjects,
        )
        return IssuedKey(key, text)


AdministrationOpener = Callable[[], Awaitable[Administration]]
"""Opens the stores where that has not happened yet. Raises DatabaseAway."""
