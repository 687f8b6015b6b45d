"""The making of one model: its sources, the place it is made in, and who is told of the progress."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from engines.models.download import Download, download
from engines.models.hub import hub_offline
from engines.models.store import ModelStore, Staging
from engines.models.transport import BrokenOff, Transport
from stts.models import CatalogueModel

Step = Callable[[str, int, int | None], None]
"""Told what is going on, the bytes done, and all bytes (None: unknown)."""


class Unavailable(Exception):
    """Raised where a source does not have the model, or cannot be asked. The message says why."""


@dataclass(frozen=True, slots=True)
class Fetching:
    """How models are fetched here."""

    store: ModelStore
    transport: Transport = field(default_factory=Transport)
    folders: tuple[str, ...] = ()
    """All folders in which models are looked for."""
    indexes: tuple[str, ...] = ()
    """Package indexes, first to last."""
    offline: bool = False
    hub: bool = True

    @property
    def asks_hub(self) -> bool:
        return self.hub and not hub_offline()


@dataclass(frozen=True, slots=True)
class Making:
    """One model in the making."""

    model: CatalogueModel
    how: Fetching
    staging: Staging
    step: Step

    def download(self, wanted: Download, target: Path, *, name: str, before: int, total: int | None) -> None:
        """Downloads a file as one of several: `before` bytes came before it. Raises as `download`."""
        doing = f"fetching {name}"
        download(wanted, target, self.how.transport, lambda held: self.step(doing, before + held, total))


def told(error: BaseException) -> str:
    """The failure of a connection, in a few words."""
    reason = getattr(error, "reason", error)
    if isinstance(reason, TimeoutError):
        return f"does not answer in time ({reason})" if str(reason) != "timed out" else "does not answer in time"
    if isinstance(reason, ConnectionRefusedError):
        return "refuses connections"
    if isinstance(reason, BrokenOff):
        return "breaks off again and again; another pull goes on with what has come"
    return f"cannot be reached ({type(reason).__name__})"
