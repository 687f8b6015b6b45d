"""The audit trail, as values: who did what to what, chained by hashes so that a changed or removed entry is found.

The hash of an entry is SHA-256 over all of it and the hash of the one before. Who can write to the database can make
the whole chain anew: that is found only by somebody who has noted a hash of it elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from stts.access.audit_details import plain_details, plain_text

LONGEST_NAME = 200
"""Characters of an actor or a target."""
COMMAND, SERVER, UNKNOWN = "command", "server", "unknown"
"""Actors without a key: the command line, the server itself, and who was refused without being known."""


class Action(StrEnum):
    """All that is recorded."""

    USER_CREATE = "user.create"
    USER_DELETE = "user.delete"
    USER_DATA_REMOVE = "user.data_remove"
    KEY_CREATE = "key.create"
    KEY_CHANGE = "key.change"
    KEY_ROTATE = "key.rotate"
    KEY_REVOKE = "key.revoke"
    CONFIG_CHANGE = "config.change"
    CONFIG_RELOAD = "config.reload"
    LISTENER_START = "listener.start"
    LISTENER_STOP = "listener.stop"
    LISTENER_RESTART = "listener.restart"
    ENGINE_LOAD = "engine.load"
    ENGINE_UNLOAD = "engine.unload"
    ENGINE_INSTALL = "engine.install"
    ENGINE_REMOVE = "engine.remove"
    FILE_UPLOAD = "file.upload"
    FILE_SHARE = "file.share"
    FILE_DELETE = "file.delete"
    FILE_CLEANUP = "file.cleanup"
    VOICE_CREATE = "voice.create"
    VOICE_CHANGE = "voice.change"
    VOICE_DELETE = "voice.delete"
    CONSENT_CREATE = "consent.create"
    CONSENT_CHANGE = "consent.change"
    CONSENT_DELETE = "consent.delete"
    MODEL_PULL = "model.pull"
    MODEL_REMOVE = "model.remove"
    CACHE_CLEAR = "cache.clear"
    JOB_START = "job.start"
    JOB_PAUSE = "job.pause"
    JOB_RESUME = "job.resume"
    JOB_RETRY = "job.retry"
    JOB_CANCEL = "job.cancel"
    ACCESS_REFUSED = "access.refused"
    """Refusals of one address within a minute."""
    QUOTA_REFUSED = "quota.refused"
    """Refusals of one caller within a minute."""
    AUDIT_LOST = "audit.lost"
    """Entries that could not wait any longer for a database that was away."""
    AUDIT_REMOVE = "audit.remove"
    """The oldest entries, when their time was over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """Something that happened, before it has its place in the chain."""

    at: float
    """Seconds since 1970."""
    actor: str
    """`key:<id>`, `api_key`, `anonymous`, `wyoming`, `command`, `server` or `unknown`."""
    action: Action
    target: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    """Plain JSON values without secrets."""
    id: str = field(default_factory=lambda: secrets.token_hex(12))
    """By which an event that is written twice is known."""

    def __post_init__(self) -> None:
        for name in ("actor", "target"):
            object.__setattr__(self, name, plain_text(getattr(self, name), LONGEST_NAME))
        object.__setattr__(self, "at", float(self.at))
        object.__setattr__(self, "details", plain_details(self.details))


@dataclass(frozen=True, slots=True)
class Link:
    """A place in the chain."""

    sequence: int
    hash: bytes


START = Link(0, bytes(32))
"""Before the first entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """An event at its place in the chain, as it was read: perhaps not as it was written."""

    sequence: int
    id: str
    at: float
    actor: str
    action: str
    target: str
    details: Mapping[str, Any]
    previous: bytes
    """Hash of the entry before."""
    hash: bytes

    @classmethod
    def following(cls, before: Link, event: AuditEvent) -> AuditEntry:
        members = {name: getattr(event, name) for name in ("id", "at", "actor", "target", "details")}
        sequence, action = before.sequence + 1, str(event.action)
        made = {"sequence": sequence, "action": action, "previous": before.hash, **members}
        return cls(**made, hash=_hash(made))

    @property
    def link(self) -> Link:
        return Link(self.sequence, self.hash)

    @property
    def is_whole(self) -> bool:
        """True if it is as it was written."""
        return self.hash == _hash({name: getattr(self, name) for name in self.__slots__})


def _hash(members: Mapping[str, Any]) -> bytes:
    names = ("sequence", "id", "at", "actor", "action", "target", "details")
    encoded = json.dumps(
        [members["previous"].hex(), *(members[name] for name in names)], sort_keys=True, separators=(",", ":")
    )
    return hashlib.sha256(encoded.encode()).digest()


class FaultKind(StrEnum):
    CHANGED = "changed"
    """It is not as it was written."""
    REMOVED = "removed"
    """Entries are missing before it."""
    REORDERED = "reordered"
    """It stands where it was not written."""
    DETACHED = "detached"
    """It does not follow the entry before it, which was replaced."""
    ADDED = "added"
    """It stands behind the newest one."""
    REMADE = "remade"
    """It has another hash than the one that was noted: the chain was made anew."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The first entry at which the chain does not hold."""

    sequence: int
    kind: FaultKind


def verify(entries: Iterable[AuditEntry], after: Link = START) -> Fault | None:
    """Finds the first entry that was changed, removed or moved; None where the chain holds. `after`: the link before
    the first of them."""
    for entry in entries:
        kind = _fault(entry, after)
        if kind is not None:
            return Fault(after.sequence + 1 if kind is FaultKind.REMOVED else entry.sequence, kind)
        after = entry.link
    return None


def _fault(entry: AuditEntry, before: Link) -> FaultKind | None:
    follows = entry.previous == before.hash
    if entry.sequence > before.sequence + 1:
        return FaultKind.REMOVED
    if entry.sequence <= before.sequence or not (entry.is_whole or follows):
        return FaultKind.REORDERED
    if not entry.is_whole:
        return FaultKind.CHANGED
    return None if follows else FaultKind.DETACHED


@dataclass(frozen=True, slots=True)
class ChainEnds:
    """How far the chain reaches."""

    removed: Link
    """The last entry that was removed when its time was over; the first one that is kept follows it."""
    newest: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Entries that are wanted; None: any."""

    action: str | None = None
    actor: str | None = None
    target: str | None = None
    since: float | None = None
    """Seconds since 1970, included."""
    until: float | None = None
    """Seconds since 1970, not included."""


ALL = AuditFilter()


class AuditStore(Protocol):
    """Raises DatabaseAway from every method."""

    async def append(self, events: Iterable[AuditEvent]) -> None:
        """Appends all of them or none, in their order; what is there already is left out."""
        ...

    async def newest(self, wanted: AuditFilter = ALL, *, before: int | None = None, most: int) -> list[AuditEntry]:
        """By falling sequence, those below `before`."""
        ...

    async def oldest(self, wanted: AuditFilter = ALL, *, after: int = 0, most: int) -> list[AuditEntry]:
        """By rising sequence, those above `after`."""
        ...

    async def ends(self) -> ChainEnds: ...

    async def remove_before(self, at: float) -> Link | None:
        """Removes the oldest entries, some thousands at once, and tells the last of them; None where none is older."""
        ...
