"""Batches: jobs of many items that survive the server, as values.

A batch is planned whole before its first item begins. An item is known by its content, so that what is done is not done
again. Times are seconds since 1970.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

BatchKind = Literal["speech", "transcription"]
BatchState = Literal["draft", "running", "paused", "done", "failed", "cancelled"]
"""`draft`: its items are still being written; nobody sees it. `running`: worked on, or waiting for a server that does.
`failed`: all of its items did."""
ItemState = Literal["waiting", "done", "failed"]
UNFINISHED: tuple[BatchState, ...] = ("running", "paused")
ENDED: tuple[BatchState, ...] = ("done", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an item failed, or a batch rests."""

    code: str
    """That of an error."""
    message: str
    """For people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    id: str
    kind: BatchKind
    state: BatchState = "draft"
    name: str = ""
    owner: str | None = None
    """The user whose it is; None: the server's."""
    key_id: str | None = None
    """The key that it works with; None: it was begun without one."""
    caller: str = "anonymous"
    """The name of the principal who began it."""
    root: str
    """The `storage.root` that has its results, by its id."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Facts of all items: those of a book, whether texts are kept. Plain JSON values."""
    reason: Reason | None = None
    """Why it rests, or why it failed."""
    resume_at: float | None = None
    """When the server tries again by itself; None: people resume it."""
    created_at: float
    paused_at: float | None = None
    """Since when it rests; None: it does not, or did before this was kept."""
    ended_at: float | None = None
    total: int = 0
    """Items."""
    done: int = 0
    failed: int = 0
    size: int = 0
    """Characters to speak, or bytes to hear, of all items."""
    size_ended: int = 0
    """The part of it that is done or failed."""
    seconds: float = 0.0
    """Audio made or heard so far."""
    pace: float | None = None
    """Size that ends in a second, as measured lately."""
    lease_until: float | None = None
    """When the server that works on it, and renews this, gives it up; None: none does."""
    sequence: int = 0
    """Number of the last change of it or of one of its items."""

    def as_seen(self, now: float, lease_seconds: float) -> Batch:
        """Without its pace while no server works on it as far as its lease tells, which one renews when a third of it
        is over."""
        is_held = self.lease_until is not None and self.lease_until - now > lease_seconds / 2
        return self if self.state != "running" or is_held else replace(self, pace=None)

    @property
    def waiting(self) -> int:
        """Items that have not ended."""
        return self.total - self.done - self.failed

    @property
    def remaining_seconds(self) -> float | None:
        """Seconds that the rest takes at the pace of late; None: nothing was measured, or it has ended."""
        if self.state not in UNFINISHED or not self.pace:
            return None
        return (self.size - self.size_ended) / self.pace


@dataclass(frozen=True, slots=True)
class ItemResult:
    """The file of an item that is done, and what it was made with."""

    extension: str
    """That of the file, with its dot."""
    media_type: str
    bytes: int
    seconds: float
    """Audio made or heard."""
    engine: str | None = None
    voice: str | None = None
    language: str | None = None
    warnings: tuple[str, ...] = ()
    sample_rate: int | None = None
    """Hz, of speech; None also for what was made before this was kept."""
    channels: int = 1
    pause: float = 0.0
    """Seconds of silence behind it where all results become one recording."""
    key: str | None = None
    """Over all that it was made with beside the words: engine, model, voice by its recording; None: not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchItem:
    number: int
    """From 0."""
    digest: str
    """Address of its content."""
    size: int
    """Characters to speak, or bytes to hear."""
    request: Mapping[str, Any] | None
    """All that it takes to do it; None where the words are not kept any longer. Plain JSON values."""
    name: str | None = None
    """The client's own word for it."""
    chapter: int | None = None
    """The one of a book that it belongs to, from 0."""
    state: ItemState = "waiting"
    error: Reason | None = None
    result: ItemResult | None = None
    sequence: int = 0
    """Number of the change that ended it."""


@dataclass(frozen=True, slots=True)
class ItemEnd:
    """How an item has ended: with a result, or with the reason for none."""

    item: BatchItem
    result: ItemResult | None = None
    error: Reason | None = None
