"""Services that decide who may do how much, and keep what they did: keys, limits, quotas, usage, audit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from stts.access.administration import Administration
from stts.access.audit_trail import AuditTrail
from stts.access.concurrency import Concurrency
from stts.access.directory import KeyDirectory
from stts.access.failures import KeyFailures
from stts.access.place_ahead import SharedPlaces
from stts.access.places import ListenerPlaces
from stts.access.quota_refusals import QuotaRefusals
from stts.access.quotas import QuotaBook
from stts.access.rates import RateLimiter, SharedRates
from stts.analytics.usage_writer import UsageWriter
from stts.peers.limits import PeerPlaces, PeerWindows, PlacesOfListener
from stts.peers.link import Peers
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
    """None where no Redis counts for several servers."""
    places: SharedPlaces | None
    """Places of what goes on at once, of all servers or workers that count together; None where this process counts
    alone."""
    peers: Peers | None
    """The other workers of this server; None where it is one process."""
    directory: KeyDirectory | None
    """The keys of clients; None where `security.keys` is off."""
    usage: UsageWriter | None
    """None where usage is not kept."""
    audit: AuditTrail | None
    """None where no audit trail is kept."""

    @property
    def all_places(self) -> PeerPlaces | None:
        """Places of all workers of this server, for what Redis does not count; None where it is one process."""
        return None if self.peers is None else PeerPlaces(self.peers)

    def key_failures(self, name: str) -> KeyFailures:
        """Wrong keys at a listener, also those that other workers were shown."""
        if self.peers is None:
            return KeyFailures()
        topic = f"wrong key:{name}"
        failures = KeyFailures(told=partial(self.peers.tell_others, topic))
        self.peers.on(topic, failures.note)
        return failures

    def listener_places(self, name: str) -> ListenerPlaces | None:
        """Places of a listener in all workers; None where it is one process."""
        return None if self.all_places is None else PlacesOfListener(self.all_places, name)

    async def administration(self) -> Administration:
        """Users and keys. Raises DatabaseAway."""
        stores = await self.stores.stores()
        changed = self.directory.take if self.directory is not None else None
        return Administration(stores.users, stores.keys, *(() if changed is None else (changed,)))


def build_access(current: CurrentSettings, peers: Peers | None = None) -> AccessServices:
    """Wires the parts that the settings ask for. `peers`: the other workers of this server, where there are some; they
    count together unless a Redis counts for them and others."""
    settings, stores, shared = current(), StoreOpener(current), _shared_limits(current)
    audit = AuditTrail(stores.audit, lambda: current().audit.days) if settings.is_audited else None
    keys = KeyDirectory(stores.keys, lambda: current().database.grace_seconds) if settings.security.keys else None
    rates, places = _counted_together(shared, peers)
    return AccessServices(
        stores=stores,
        quotas=QuotaBook(stores.quotas),
        rates=RateLimiter(lambda: current().quotas, shared=rates),
        operations=Concurrency("concurrent", places),
        refusals=QuotaRefusals(audit),
        shared_limits=shared,
        places=places,
        peers=peers,
        directory=keys,
        usage=UsageWriter(stores.usage, lambda: current().usage.days) if settings.keeps_usage else None,
        audit=audit,
    )


def _counted_together(
    redis: SharedLimits | None, peers: Peers | None
) -> tuple[SharedRates | None, SharedPlaces | None]:
    if redis is not None:
        return redis.rates, redis.places
    return (PeerWindows(peers), PeerPlaces(peers)) if peers is not None else (None, None)


def _shared_limits(current: CurrentSettings) -> SharedLimits | None:
    address = RedisAddress.of(current())
    if address is None:
        return None
    from stts.storage.redis.shared_limits import SharedLimits

    return SharedLimits.of(current, address)
