"""Admission: from what a client offers to a principal."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from stts.access.directory import KeyDirectory
from stts.access.failures import KeyFailures
from stts.access.key_text import KeyText
from stts.access.keys import AccessKey
from stts.access.limits import MOST_KNOWN
from stts.access.networks import is_inside
from stts.access.principal import ANONYMOUS, API_KEY_HOLDER, Principal, key_holder
from stts.errors import Forbidden, Unauthorized

MOST_OFFERED = 4
"""Keys that one request may offer; clients send the same in two places, nobody more."""
NOBODY: Mapping[bytes, Principal] = MappingProxyType({})
HOW = "`Authorization: Bearer <key>` or `X-API-Key: <key>`."


class Admission:
    """Judges keys. `directory` is None where keys are off: then only `api_key` counts, and without one nothing."""

    def __init__(
        self,
        api_key: bytes | None,
        directory: KeyDirectory | None,
        failures: KeyFailures,
        named: Mapping[bytes, Principal] = NOBODY,
    ) -> None:
        """`named`: keys that operators have chosen themselves, and who holds them."""
        self._api_key = api_key
        self._named = named
        self._directory = directory
        self._failures = failures
        self._holders: dict[str, Principal] = {}
        """The latest holders of keys, by their ids."""

    @property
    def is_open(self) -> bool:
        """True if no key is wanted."""
        return self._api_key is None and self._directory is None and not self._named

    async def admit(self, offered: Sequence[bytes], address: str) -> Principal:
        """Raises Unauthorized, TooManyRequests, Forbidden for an address that the key does not work from, and
        DatabaseAway where nobody knows."""
        if self.is_open:
            return ANONYMOUS
        offered = offered[:MOST_OFFERED]
        if self._api_key is not None and any(hmac.compare_digest(each, self._api_key) for each in offered):
            return API_KEY_HOLDER
        if (holder := self._holder(offered)) is not None:
            return holder
        for each in offered:
            text = KeyText.parse(each)
            if text is not None and (key := await self._key(text, address)) is not None:
                check_address(key, address)
                return self._kept_holder(key, text.hash)
        if offered:
            self._failures.count(address)
            raise Unauthorized(f"This key is not known here, is no longer valid, or is cut off. It goes into {HOW}")
        raise Unauthorized(f"This server wants a key: {HOW}")

    def _holder(self, offered: Sequence[bytes]) -> Principal | None:
        """The holder of a named key. All of them are compared, so that the time tells nothing."""
        found: Principal | None = None
        for text, holder in self._named.items():
            for each in offered:
                if hmac.compare_digest(each, text):
                    found = found or holder
        return found

    def _kept_holder(self, key: AccessKey, secret_hash: bytes) -> Principal:
        """The same principal for the same key: what it may do is worked out once."""
        known = self._holders.get(key.id)
        if known is not None and known.key is key and known.secret_hash == secret_hash:
            return known
        if len(self._holders) >= MOST_KNOWN:
            self._holders.clear()
        found = self._holders[key.id] = key_holder(key, secret_hash)
        return found

    async def _key(self, text: KeyText, address: str) -> AccessKey | None:
        if self._directory is None:
            return None
        is_slowed = self._failures.is_slowed(address)
        key = await self._directory.find(text, look_up=not is_slowed)
        if key is None and is_slowed and self._failures.takes_look_up():
            return await self._directory.find(text)
        return key


def check_address(key: AccessKey, address: str) -> None:
    """Raises Forbidden."""
    if key.allowed_addresses and not any(is_inside(address, network) for network in key.allowed_addresses):
        raise Forbidden("This key does not work from this address.")
