"""The keys in memory: who a key belongs to is answered without the database, also while that is away.

It follows the changes that other servers make, by their revisions, every few seconds. What is not known is looked up
once, whether an id exists or only its secret is wrong: a refusal takes the same road, and so the same time, either way.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

import structlog

from stts.access.key_text import KeyText, is_same
from stts.access.key_uses import KeyUses
from stts.access.keys import AccessKey, DataRemoval, KeyStore
from stts.access.principal import Principal, key_holder
from stts.errors import DatabaseAway

FOLLOW_SECONDS = 1.5
"""Between two looks for changes: with what a look takes, a key that another server revoked opens nothing after 2 s."""
USE_SECONDS = 60.0
"""Between two writes of when keys were last used."""
MOST_KEYS = 50_000
"""Most keys in memory, about 1 KiB each; those that were used longest ago are looked up again."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()

OnEnd = Callable[[str], None]
"""Called with the id of a key that opens nothing from now on; it may be told again."""


class KeyDirectory:
    """One for the process. `follow()` and `watch()` run as long as the server does."""

    def __init__(
        self,
        store: Callable[[], Awaitable[KeyStore]],
        grace_seconds: Callable[[], float],
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`store` opens the keys' store when it is first asked."""
        self._store = store
        self._grace_seconds = grace_seconds
        self._clock = clock
        self._monotonic = monotonic
        self._keys: OrderedDict[str, AccessKey] = OrderedDict()
        self._read_to: tuple[int, str | None] = (0, None)
        """Revision, and the last key of it that was read where that were not all."""
        self._seen_at: float | None = None
        """When the database answered last."""
        self._used: dict[str, float] = {}
        self._uses_written_at = monotonic()
        self.uses = KeyUses()
        self.on_end: list[OnEnd] = [self.uses.end]
        self.on_removal: list[Callable[[DataRemoval], None]] = []
        """Called for each removal of a user's data that another server was asked for; they return at once."""
        self._own_removals: dict[str, float] = {}
        self.in_use: list[Callable[[], Iterable[AccessKey]]] = [self.uses.keys]
        """Called for the keys of what is open now, as they were when that was opened."""

    async def find(self, offered: KeyText, *, look_up: bool = True) -> AccessKey | None:
        """The key, where it exists, its secret is right, and it is alive. Raises DatabaseAway where nobody knows.

        Without `look_up` only memory is asked.
        """
        key = self._keys.get(offered.id)
        opens = self._opens(key, offered) and self._is_fresh()
        if not opens and look_up:
            key = await self._looked_up(offered.id)
            opens = self._opens(key, offered)
        if not opens or key is None:
            return None
        self._used[key.id] = self._clock()
        if key.id in self._keys:
            self._keys.move_to_end(key.id)
        return key

    def still_opens(self, holder: Principal) -> bool:
        """True if `find` would give the very key of this holder again unasked. Counts as a use."""
        key, now = holder.key, self._clock()
        if key is None or holder.secret_hash is None or self._keys.get(key.id) is not key or not self._is_fresh():
            return False
        if not key.opens_with(holder.secret_hash, now):
            return False
        self._used[key.id] = now
        self._keys.move_to_end(key.id)
        return True

    def current(self, holder: Principal) -> Principal | None:
        """The holder of a key as that stands now; None where the secret that was shown opens nothing any more."""
        if holder.key is None or holder.secret_hash is None:
            return holder
        key = self._keys.get(holder.key.id)
        if key is None or not key.opens_with(holder.secret_hash, self._clock()):
            return None
        found = key_holder(key, holder.secret_hash)
        return replace(found, subject=holder.subject) if holder.subject else found

    async def follow(self) -> None:
        """Learns of changes and writes last uses, for ever."""
        while True:
            try:
                await self.catch_up()
                await self.write_uses()
            except DatabaseAway as error:
                log.warning("database_away", error=error.message)
            await asyncio.sleep(FOLLOW_SECONDS)

    async def watch(self) -> None:
        """Ends what is open with keys that open nothing any more, for ever, whether the database answers or not."""
        while True:
            self.end_dead()
            await asyncio.sleep(FOLLOW_SECONDS)

    def end_dead(self) -> None:
        """Tells of the keys in use that open nothing any more: time ends them too, and what opens misses an end."""
        now = self._clock()
        for used in [key for keys in self.in_use for key in keys()]:
            if not self._keys.get(used.id, used).is_alive(now):
                self._end(used.id)

    async def catch_up(self) -> None:
        """Takes over what was changed since the last look. Raises DatabaseAway."""
        store = await self._store()
        while True:
            changes = await store.changed_after(*self._read_to)
            for key in changes.keys:
                self.take(key)
            for key_id in changes.unreadable:
                # Nobody knows what it may do now.
                self._keys.pop(key_id, None)
                self._end(key_id)
            for removal in changes.removals:
                self._tell(removal)
            read_to = changes.revision, changes.key_id
            if read_to == self._read_to:
                break
            self._read_to = read_to
        self._seen_at = self._monotonic()

    def take(self, key: AccessKey) -> None:
        """Takes over a key as it stands now."""
        known = self._keys.get(key.id)
        if known is not None and known.version > key.version:
            return
        self._keys[key.id] = key
        self._keys.move_to_end(key.id)
        while len(self._keys) > MOST_KEYS:
            self._keys.popitem(last=False)
        if not key.is_alive(self._clock()):
            self._end(key.id)

    def pass_over(self, removal: DataRemoval) -> None:
        """Nobody is told of this removal, which this process carries out itself; said before others can learn of it."""
        self._own_removals[removal.user_id] = removal.at

    def _tell(self, removal: DataRemoval) -> None:
        if self._own_removals.get(removal.user_id) == removal.at:
            del self._own_removals[removal.user_id]
            return
        for tell in self.on_removal:
            tell(removal)

    async def close(self) -> None:
        """Writes what is not written yet. Raises DatabaseAway."""
        self._uses_written_at = float("-inf")
        await self.write_uses()

    def _opens(self, key: AccessKey | None, offered: KeyText) -> bool:
        """Compares in constant time, whether there is a key or not."""
        if key is None:
            return is_same(None, offered.hash) or is_same(None, offered.hash)
        return key.opens_with(offered.hash, self._clock())

    def _is_fresh(self) -> bool:
        """True while what is in memory may be relied on."""
        lasts = max(self._grace_seconds(), 2 * FOLLOW_SECONDS)
        return self._seen_at is not None and self._monotonic() - self._seen_at <= lasts

    async def _looked_up(self, key_id: str) -> AccessKey | None:
        key = await (await self._store()).find(key_id)
        if key is not None:
            self.take(key)
        return key

    def _end(self, key_id: str) -> None:
        for tell in self.on_end:
            tell(key_id)

    async def write_uses(self) -> None:
        """Writes when keys were last used, where that is due. Raises DatabaseAway."""
        if self._used and self._monotonic() - self._uses_written_at >= USE_SECONDS:
            written, self._used = self._used, {}
            try:
                await (await self._store()).used(written)
            except BaseException:
                # Also where the stop cancels it: then they are written at the close.
                self._used = written | self._used
                raise
            self._uses_written_at = self._monotonic()
