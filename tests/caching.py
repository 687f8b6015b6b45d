"""The cache in tests: engines are asked for the same texts again and again, so it is off where a test names none."""

from __future__ import annotations

from stts.settings import CacheSettings, Settings


def cache_by_default(*, wanted: bool) -> None:
    """Has settings that name no cache come with it, as those of operators do, or without."""
    Settings.model_fields["cache"].default = CacheSettings(enabled=wanted)
    Settings.model_rebuild(force=True)
