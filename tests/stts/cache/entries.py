"""Entries of the cache for tests, and the stores that hold them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from stts.cache.disk import DiskTier
from stts.cache.store import CacheStore
from stts.cache.stored import Selection, Stored
from stts.cache.tier import SlowTier
from stts.settings import Settings
from stts.settings.cache import CacheSettings

NOW = 1_800_000_000.0


def key(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def entry(
    number: int = 0,
    size: int = 1000,
    *,
    created: float = NOW,
    seconds: float = 3600.0,
    engine: str = "tone",
    voices: tuple[str, ...] = ("default",),
    owner: str | None = None,
) -> Stored:
    """Its audio is made of its number."""
    data = number.to_bytes(4, "big") * (size // 4)
    about = {"format": "wav", "seconds": 1.5, "warnings": ["é"]}
    return Stored("answer", data, engine, created, created + seconds, voices, owner, about)


class Clock:
    """Unix time that tests set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def settings(**cache: object) -> Callable[[], Settings]:
    fixed = Settings(cache=CacheSettings.model_validate(cache))
    return lambda: fixed


def store(root: Path, clock: Clock | None = None, **cache: object) -> CacheStore:
    """A store with memory and a disk."""
    current = settings(**cache)
    return CacheStore(current, [DiskTier(root, current)], clock or Clock())


async def removed(tier: SlowTier, *selections: Selection) -> int | None:
    """How many entries they meant; None where the tier is not through."""
    counts = await tier.remove(frozenset(selections))
    return None if counts is None else sum(counts.values())


def files(root: Path) -> list[Path]:
    """All files of a folder and the folders in it."""
    return [path for path in root.rglob("*") if path.is_file()]
