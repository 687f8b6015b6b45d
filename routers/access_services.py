"""Services that decide who may do how much, and keep what they did: keys, limits, quotas, usage, audit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stts.access.administration import Administration
from stts.access.audit_trail import AuditTrail
from stts.access.concurrency import Concurrency
from stts.access.directory import KeyDirectory
from stts.access.place_ahead import SharedPlaces
from stts.access.quota_refusals import QuotaRefusals
from stts.access.quotas import QuotaBook
from stts.access.rates import RateLimiter
from stts.analytics.usage_writer import UsageWriter
from stts.settings import CurrentSettings
from stts.storage.database.opening import StoreOpener
from stts.storage.redis.address import RedisAddress

if TYPE_CHECKING:
    from stts.storage.redis.shared_limits import SharedLimits


@dataclass(frozen=True, slots=True)
class AccessServices:
    """Made once for a process; connects to nothing before it is asked."""

    stores: StoreOpener
    quotas: QuotaBook
    rates: RateLimiter
    operations: Concurrency
    """Operations at once."""
    refusals: QuotaRefusals
    shared_limits: SharedLimits | None
    """None where this server counts limits alone."""
    directory: KeyDirectory | None
    """The keys of clients; None where `security.keys` is off."""
    usage: UsageWriter | None
    """None where usage is not kept."""
    audit: AuditTrail | None
    """None where no audit trail is kept."""

    @property
    def places(self) -> SharedPlaces | None:
        """Places of what goes on at once, of all servers that count together."""
        return self.shared_limits.places if self.shared_limits is not None else None

    async def administration(self) -> Administration:
        """Users and keys. Raises DatabaseAway."""
        stores = await self.stores.stores()
        changed = self.directory.take if self.directory is not None else None
        return Administration(stores.users, stores.keys, *(() if changed is None else (changed,)))


def build_access(current: CurrentSettings) -> AccessServices:
    """Wires the parts that the settings ask for."""
    settings, stores, shared = current(), StoreOpener(current), _shared_limits(current)
    audit = AuditTrail(stores.audit, lambda: current().audit.days) if settings.is_audited else None
    keys = KeyDirectory(stores.keys, lambda: current().database.grace_seconds) if settings.security.keys else None
    return AccessServices(
        stores=stores,
        quotas=QuotaBook(stores.quotas),
        rates=RateLimiter(lambda: current().quotas, shared=shared.rates if shared is not None else None),
        operations=Concurrency("concurrent", shared.places if shared is not None else None),
        refusals=QuotaRefusals(audit),
        shared_limits=shared,
        directory=keys,
        usage=UsageWriter(stores.usage, lambda: current().usage.days) if settings.keeps_usage else None,
        audit=audit,
    )


def _shared_limits(current: CurrentSettings) -> SharedLimits | None:
    address = RedisAddress.of(current())
    if address is None:
        return None
    from stts.storage.redis.shared_limits import SharedLimits

    return SharedLimits.of(current, address)
