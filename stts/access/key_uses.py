"""Requests that are being answered, by the key that asked for them: they end when the key opens nothing any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from stts.access.keys import AccessKey
from stts.errors import Unauthorized

ENDED = "The key of this connection was revoked or has expired."


class KeyUses:
    """One for the process, as the keys in memory are."""

    def __init__(self) -> None:
        self._open: dict[str, dict[asyncio.Timeout, AccessKey]] = {}

    @asynccontextmanager
    async def until_end(self, key: AccessKey) -> AsyncIterator[None]:
        """Cancels what goes on inside when the key ends, and raises Unauthorized then."""
        try:
            async with asyncio.timeout(None) as scope:
                self._open.setdefault(key.id, {})[scope] = key
                try:
                    yield
                finally:
                    self._close(key.id, scope)
        except TimeoutError:
            if scope.expired():
                raise Unauthorized(ENDED) from None
            raise

    def end(self, key_id: str) -> None:
        """Returns at once: what goes on with this key is cancelled where it waits next."""
        now = asyncio.get_running_loop().time() if key_id in self._open else 0.0
        for scope in self._open.pop(key_id, {}):
            scope.reschedule(now)

    def keys(self) -> list[AccessKey]:
        """The keys of what goes on, as they were when that began."""
        return [key for scopes in self._open.values() for key in scopes.values()]

    def _close(self, key_id: str, scope: asyncio.Timeout) -> None:
        scopes = self._open.get(key_id)
        if scopes is not None:
            scopes.pop(scope, None)
            if not scopes:
                del self._open[key_id]
